"""The symbols that a plugin exports, with their Go types (`moduledata.ptab`; `internal/abi/type.go`)."""

from __future__ import annotations

import struct

from gopluck.elf.dynamic import Dynamic
from gopluck.elf.image import Image
from gopluck.errors import MalformedFile
from gopluck.golang.moduledata import Moduledata
from gopluck.golang.records import ExportedSymbol

MAX_SYMBOLS = 1 << 14
MAX_TEXT = 1 << 16
"""Bytes of one name or type string."""

MAX_TEXTS = 1 << 22
"""Bytes of all names and type strings: in a damaged file one long string can be that of every symbol."""

KIND_MASK = 31
FUNC = 19
"""`abi.Func`."""
TFLAG_EXTRA_STAR = 2
"""`abi.TFlagExtraStar`: the string starts with a `*` that does not belong to the type."""


def exported_symbols(image: Image, module: Moduledata) -> tuple[ExportedSymbol, ...]:
    """The exported functions and variables, by name. A type that cannot be decoded is None.

    Raises `MalformedFile` when the table itself lies outside the file.
    """
    count = module.ptab_len
    if count > MAX_SYMBOLS:
        raise MalformedFile(f"{image.path}: {count} exported symbols")
    table = image.read(module.ptab, 8 * count) if count else b""
    entries = list(struct.iter_unpack(image.header.byte_order + "ii", table))
    fixed = fixed_lengths(image, [module.types + name for name, _ in entries])
    out: list[ExportedSymbol] = []
    room = MAX_TEXTS
    for name, kind in entries:
        out.append(_symbol(image, module, fixed, name, kind))
        room -= len(out[-1].name) + len(out[-1].type or "")
        if room < 0:
            raise MalformedFile(f"{image.path}: the names of exported symbols overlap")
    return tuple(sorted(out, key=lambda symbol: symbol.name))


def missing_symbols(dynamic: Dynamic, module: Moduledata, exported: tuple[ExportedSymbol, ...]) -> tuple[str, ...]:
    """The exported names for which `dlsym(PLUGINPATH.NAME)` finds nothing (`plugin/plugin_dlopen.go`, `open`).

    This happens when the linker was told another pluginpath than the compiler (`-ldflags=-pluginpath=X`).
    """
    return tuple(s.name for s in exported if dynamic.symbol(f"{module.pluginpath}.{s.name}") is None)


def _symbol(image: Image, module: Moduledata, fixed: bool, name: int, kind: int) -> ExportedSymbol:
    text = _name(image, module.types + name, fixed)
    try:
        is_func, source = _type(image, module, module.types + kind, fixed)
    except MalformedFile:
        return ExportedSymbol(text, "var", None)
    # A variable is in the table with a pointer to its type.
    return ExportedSymbol(text, "func" if is_func else "var", source if is_func else source.removeprefix("*"))


def _type(image: Image, module: Moduledata, address: int, fixed: bool) -> tuple[bool, str]:
    """Whether the `abi.Type` at an address is a func, and its string.

    Size_, PtrBytes, Hash uint32, TFlag, Align_, FieldAlign_, Kind_, Equal, GCData, Str int32, PtrToThis int32.
    """
    word = image.word_size
    data = image.read(address, 4 * word + 16)
    flags, kind = data[2 * word + 4], data[2 * word + 7]
    (offset,) = struct.unpack_from(image.header.byte_order + "i", data, 4 * word + 8)
    text = _name(image, module.types + offset, fixed)
    return kind & KIND_MASK == FUNC, text[1:] if flags & TFLAG_EXTRA_STAR else text


def fixed_lengths(image: Image, names: list[int]) -> bool:
    """Whether the lengths of names have two bytes, as up to Go 1.16: the first one of a short name is 0.

    A varint is 0 only for an empty name, which no symbol has. Plugins of 1.16 and 1.17 differ in nothing else that is
    looked at, and neither has build info.
    """
    return any(image.read(address + 1, 1) == b"\0" for address in names)


def _name(image: Image, address: int, fixed: bool) -> str:
    return name_at(image, address, fixed)[0]


def name_at(image: Image, address: int, fixed: bool) -> tuple[str, int]:
    """`abi.Name`: a byte of flags, the length (a varint since Go 1.17, two bytes before), the text; and its end."""
    head = image.read(address, 3)
    if fixed:
        length, start = head[1] << 8 | head[2], 3
    elif head[1] < 0x80:
        length, start = head[1], 2
    else:
        length, start = head[1] & 0x7F | head[2] << 7, 3
        if head[2] >= 0x80:
            raise MalformedFile(f"{image.path}: a name of more than {1 << 14} bytes at {address:#x}")
    length = min(length, MAX_TEXT)
    return image.read(address + start, length).decode("utf-8", "replace"), address + start + length
