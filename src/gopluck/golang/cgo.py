"""A file's own C functions that its Go code calls, or that are Go's, and whether another file can take their place.

cgo gives each C function that Go code calls a wrapper `_cgo_HASH_Cfunc_NAME`, and each Go function that C code can call
an entry `_cgoexp_HASH_NAME`; HASH stands for the package's path and source (`cmd/cgo/main.go`, `cPrefix`). Where the
file defines NAME itself, as a symbol that is exported, calls of it are bound by name when the file is loaded: the first
definition in the process counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from gopluck.elf.dynamic import Dynamic
from gopluck.elf.relocations import Relocations
from gopluck.facts.model import CFunction

_NAME = re.compile(rb"_cgo(?:_([0-9a-f]{12})_C2?func|exp_([0-9a-f]{12}))_(\w+)\0")
"""Also as the end of the name of a Go variable, `PACKAGE._cgo_HASH_Cfunc_NAME`: the linker merges such strings."""

MAX_FUNCTIONS = 1 << 14
MAX_NAME = 1024


def own_functions(dynamic: Dynamic, relocations: Relocations) -> tuple[CFunction, ...]:
    """Those that calls reach by name, sorted. Nothing of `runtime/cgo` is among them: Go calls it in other ways."""
    wanted: dict[str, set[str]] = {}
    for chunk in dynamic.image.chunks(*dynamic.strtab, MAX_NAME):
        for match in _NAME.finditer(chunk):
            if len(wanted) < MAX_FUNCTIONS:
                wanted.setdefault(match[3].decode(), set()).add((match[1] or match[2]).decode())
    found = {name: symbol for name in wanted if (symbol := dynamic.symbol(name)) is not None and symbol.defined}
    if not found:
        return ()
    bound = relocations.symbols()
    return tuple(CFunction(name, tuple(sorted(wanted[name]))) for name in sorted(found) if found[name].entry in bound)


def defined(dynamic: Dynamic, functions: Iterable[CFunction]) -> tuple[CFunction, ...]:
    """Of these functions of another file those that this one defines, with the packages that both have."""
    return tuple(
        CFunction(one.name, tuple(package for package in one.packages if _calls(dynamic, package, one.name)))
        for one in functions
        if (symbol := dynamic.symbol(one.name)) is not None and symbol.defined
    )


def _calls(dynamic: Dynamic, package: str, name: str) -> bool:
    """Whether the file has cgo's wrapper or entry of this function for this very package."""
    forms = (f"_cgo_{package}_Cfunc_{name}", f"_cgo_{package}_C2func_{name}", f"_cgoexp_{package}_{name}")
    return any((symbol := dynamic.symbol(form)) is not None and symbol.defined for form in forms)
