"""The layout of `runtime.moduledata` in a file of a release that has no row (`release.RELEASES`).

The file's own DWARF tells it. Without DWARF it can be a layout that is known: if it has the size of the file's struct,
fits what the linker wrote, and if the file's `runtime.addmoduledata` puts `next` where that layout has it
(`runtime/asm_amd64.s`, `asm_arm64.s`). Else nobody knows, and it is not guessed.
"""

from __future__ import annotations

from collections.abc import Iterable

from gopluck.elf.dynamic import Dynamic
from gopluck.errors import MalformedFile
from gopluck.golang import dwarf
from gopluck.golang.layouts import LAYOUTS, is_layout, layout, measured
from gopluck.golang.moduledata import Moduledata, read_moduledata

MARKS = frozenset({"NotInHeap"})
"""Embedded fields without a byte (Go 1.22 and later)."""

CODE = 64
"""Bytes of `addmoduledata` that are looked at."""


def by_dwarf(dynamic: Dynamic, pclntabs: Iterable[int]) -> Moduledata | None:
    """The module data, laid out as the file's DWARF says."""
    found = dwarf.struct(dynamic.image, b"runtime", b"runtime.moduledata")
    if found is None:
        return None
    size, offsets = found
    name = measured(size, {field: at for field, at in offsets.items() if field not in MARKS})
    if not is_layout(name, dynamic.image.word_size):
        return None
    module = read_moduledata(dynamic, name, pclntabs)
    return module and module._replace(told_by="DWARF")


def by_code(dynamic: Dynamic, pclntabs: Iterable[int]) -> Moduledata | None:
    """The module data in a known layout that size, content and code of the file confirm."""
    symbol = dynamic.symbol("runtime.firstmoduledata")
    following = _next(dynamic)
    if symbol is None or following is None:
        return None
    headers = list(pclntabs)
    names = dict.fromkeys(
        name
        for name in LAYOUTS
        if (form := layout(name, dynamic.image.word_size)).size == symbol.size and form["next"] == following
    )
    found = [read_moduledata(dynamic, name, headers) for name in names]
    fitting = [one for one in found if one is not None]
    return fitting[0]._replace(told_by="code") if len(fitting) == 1 else None


def _next(dynamic: Dynamic) -> int | None:
    """The offset of `next`, where the file's own `addmoduledata` stores the new module."""
    symbol = dynamic.symbol("runtime.addmoduledata.abi0") or dynamic.symbol("runtime.addmoduledata")
    if symbol is None or not symbol.value:
        return None
    image = dynamic.image
    try:
        code = image.read(symbol.value, CODE)
    except MalformedFile:
        return None
    goarch = image.machine.goarch if image.machine else ""
    if goarch == "amd64":
        # MOVQ DI, moduledata_next(AX)
        at = code.find(b"\x48\x89\xb8")
        return int.from_bytes(code[at + 3 : at + 7], "little") if 0 <= at <= CODE - 7 else None
    if goarch == "arm64":
        # MOVD R0, moduledata_next(R1): a store of 64 bits, its offset in units of 8.
        words = (int.from_bytes(code[at : at + 4], "little") for at in range(0, CODE, 4))
        return next(((word >> 10 & 0xFFF) * 8 for word in words if word & 0xFFC003FF == 0xF9000020), None)
    return None
