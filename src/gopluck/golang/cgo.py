"""A file's own C functions that its Go code calls, or that are Go's.

cgo gives each C function that Go code calls a wrapper `_cgo_HASH_Cfunc_NAME`, and each Go function that C code can call
an entry `_cgoexp_HASH_NAME`; HASH stands for the package's path and source (`cmd/cgo/main.go`, `cPrefix`). Where the
file defines NAME itself, as a symbol that is exported, calls of it are bound by name when the file is loaded: the first
definition in the process counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from gopluck.elf.dynamic import Dynamic
from gopluck.elf.relocations import Relocations
from gopluck.golang.records import CFunction

_MARK = rb"_cgo(?:_([0-9a-f]{12})_C2?func|exp_([0-9a-f]{12}))_"
"""Also in the name of a Go variable, `PACKAGE._cgo_HASH_Cfunc_NAME`: the linker merges such strings."""
_PARTS = (b"_Cfunc_", b"_C2func_", b"_cgoexp_")
"""One of these is in each mark: looked for first, which takes a tenth of the time."""

MAX_FUNCTIONS = 1 << 14
MAX_MARKS = 1 << 17
"""Names of cgo's that are looked at."""
MAX_NAME = 1024


def own_functions(dynamic: Dynamic, relocations: Relocations) -> tuple[CFunction, ...]:
    """Those that calls reach by name, sorted. Nothing of `runtime/cgo` is among them: Go calls it in other ways."""
    wanted: dict[str, set[str]] = {}
    for name, package in _marked(dynamic):
        if name in wanted or len(wanted) < MAX_FUNCTIONS:
            wanted.setdefault(name, set()).add(package)
    found = {name: symbol for name in wanted if (symbol := dynamic.symbol(name)) is not None and symbol.defined}
    bound = relocations.bound(frozenset(symbol.entry for symbol in found.values())) if found else frozenset()
    return tuple(CFunction(name, tuple(sorted(wanted[name]))) for name in sorted(found) if found[name].entry in bound)


def _marked(dynamic: Dynamic) -> Iterator[tuple[str, str]]:
    """(name, package) of each of cgo's marks in the string table."""
    chunks = (chunk for chunk in dynamic.strings.chunks(MAX_NAME) if any(part in chunk for part in _PARTS))
    marks = ((chunk, match) for chunk in chunks for match in re.finditer(_MARK, chunk))
    for chunk, match in islice(marks, MAX_MARKS):
        end = chunk.find(b"\0", match.end(), match.end() + MAX_NAME)
        name = re.fullmatch(rb"\w+", chunk[match.end() : end]) if end >= 0 else None
        if name is not None:
            yield name[0].decode(), (match[1] or match[2]).decode()
