"""A file's own C functions that its Go code calls, or that are Go's.

cgo gives each C function that Go code calls a wrapper `_cgo_HASH_Cfunc_NAME`, and each Go function that C code can call
an entry `_cgoexp_HASH_NAME`; HASH stands for the package's path and source (`cmd/cgo/main.go`, `cPrefix`). Where the
file defines NAME itself, as a symbol that is exported, calls of it are bound by name when the file is loaded: the first
definition in the process counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from gopluck.elf.dynamic import Dynamic
from gopluck.golang.records import CFunction

MARK = b"_cgo"
"""How each mark begins; also in the name of a Go variable, `PACKAGE._cgo_HASH_Cfunc_NAME`, whose end is merged."""

HASH = 12
"""Hexadecimal digits of a HASH."""

MAX_FUNCTIONS = 1 << 14
MAX_MARKS = 1 << 17
"""Names of cgo's that are looked at."""
MAX_NAME = 1024


def own_functions(dynamic: Dynamic) -> tuple[CFunction, ...]:
    """Those that calls reach by name, sorted. Nothing of `runtime/cgo` is among them: Go calls it in other ways."""
    wanted: dict[str, set[str]] = {}
    for name, package in _marked(dynamic):
        if name in wanted or len(wanted) < MAX_FUNCTIONS:
            wanted.setdefault(name, set()).add(package)
    found = {name: symbol for name in wanted if (symbol := dynamic.symbol(name)) is not None and symbol.defined}
    relocations = dynamic.relocations
    bound = relocations.named(relocations.naming([symbol.entry for symbol in found.values()])) if found else {}
    return tuple(CFunction(name, tuple(sorted(wanted[name]))) for name in sorted(found) if found[name].entry in bound)


def _marked(dynamic: Dynamic) -> Iterator[tuple[str, str]]:
    """(name, package) of each of cgo's marks in the string table."""
    marks = (mark for chunk in dynamic.strings.chunks(MAX_NAME) for mark in _marks(chunk))
    for package, name in islice(marks, MAX_MARKS):
        if name.isascii() and name.replace("_", "a").isalnum() and not package.strip("0123456789abcdef"):
            yield name, package


def _marks(chunk: bytes) -> Iterator[tuple[str, str]]:
    """(HASH, NAME) of each mark, whatever they are made of."""
    at = chunk.find(MARK)
    while at >= 0:
        first = at + (8 if chunk.startswith(b"exp_", at + 4) else 5)
        kinds = (b"_",) if first == at + 8 else (b"_Cfunc_", b"_C2func_") if chunk[at + 4 : first] == b"_" else ()
        begin = next((first + HASH + len(kind) for kind in kinds if chunk.startswith(kind, first + HASH)), 0)
        end = chunk.find(b"\0", begin, begin + MAX_NAME) if begin else -1
        if end > begin:
            yield chunk[first : first + HASH].decode("latin-1"), chunk[begin:end].decode("latin-1")
        at = chunk.find(MARK, at + 1)
