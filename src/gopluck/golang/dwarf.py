"""The compile flags of each package, as the linker records them in DWARF (`cmd/link/internal/ld/dwarf.go`).

Each package is one compile unit: `DW_AT_name` is its path, `DW_AT_producer` is `Go cmd/compile go1.27.3; -N -l`.
Only the first entry of each unit is decoded. pyelftools would parse every abbreviation and needs whole sections in
memory; this reads unit headers alone, and inflates a compressed section in pieces that it forgets again.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Literal

from gopluck.elf.constants import SHF_COMPRESSED, SHT_NOBITS
from gopluck.elf.image import Image, Section
from gopluck.golang.leb128 import uleb128

MAX_INFLATED = 256 << 20
"""Bytes that are inflated of one section at the most."""

MAX_UNITS = 1 << 16
"""Compile units that are looked at at the most."""

MAX_ENTRY = 4096
"""Bytes of the first entry of a unit that are read at the most."""

MAX_ABBREVIATIONS = 1 << 20
"""Bytes of `.debug_abbrev` that are read at the most: Go's own table has 2 KB, a C object's about as much."""

PIECE = 1 << 18

PRODUCER = b"Go cmd/compile "

_ELFCOMPRESS_ZLIB = 1
_AT_NAME, _AT_PRODUCER = 0x03, 0x25
_TAG_COMPILE_UNIT = 0x11
_UT_COMPILE = 1

_FORM_STRING, _FORM_INDIRECT, _FORM_IMPLICIT_CONST = 0x08, 0x16, 0x21
_FORM_STRP, _FORM_LINE_STRP = 0x0E, 0x1F
_FIXED = {
    0x05: 2, 0x06: 4, 0x07: 8, 0x0B: 1, 0x0C: 1, 0x11: 1, 0x12: 2, 0x13: 4, 0x14: 8, 0x19: 0, 0x1C: 4, 0x1E: 16,
    0x20: 8, _FORM_IMPLICIT_CONST: 0, 0x24: 8, 0x25: 1, 0x26: 2, 0x27: 3, 0x28: 4, 0x29: 1, 0x2A: 2, 0x2B: 3, 0x2C: 4,
}  # fmt: skip
"""Forms of a fixed size in bytes (DWARF 5, section 7.5.6)."""
_OFFSETS = frozenset((0x0E, 0x10, 0x17, 0x1D, 0x1F))
"""Forms that are an offset into another section: 4 bytes, or 8 in 64-bit DWARF."""
_NUMBERS = frozenset((0x0D, 0x0F, 0x15, 0x1A, 0x1B, 0x22, 0x23))
"""Forms that are a LEB128 number."""
_BLOCKS = {0x0A: 1, 0x03: 2, 0x04: 4}
"""Forms that are a block of bytes after a length of so many bytes."""
_BLOCK, _EXPRLOC, _ADDR = 0x09, 0x18, 0x01


def compile_flags(image: Image) -> dict[str, str] | None:
    """Package path to the text after `Go cmd/compile VERSION; `, empty where there is none; None without DWARF.

    A program's main package is `main`, a plugin's has its pluginpath, as in the link hashes. Damage, and compression
    other than zlib, give fewer packages or None, never an error.
    """
    info = _Section.of(image, "debug_info")
    abbreviations = _Section.of(image, "debug_abbrev")
    if info is None or abbreviations is None:
        return None
    units = _Units(image, info, abbreviations.at(0, MAX_ABBREVIATIONS))
    found: dict[str, str] = {}
    for name, producer in units:
        if producer.startswith(PRODUCER):
            _, _, flags = producer.partition(b";")
            path = name.decode("utf-8", "replace")
            # Assembly is part of its package's unit; a second unit of a package, if any, adds nothing new.
            found[path] = found.get(path) or flags.strip().decode("utf-8", "replace")
    return dict(sorted(found.items())) if found else None


def producer_version(image: Image) -> str | None:
    """The Go version that compiled the first package, as a plugin of Go 1.15, which has no build info, still tells."""
    info = _Section.of(image, "debug_info")
    abbreviations = _Section.of(image, "debug_abbrev")
    if info is None or abbreviations is None:
        return None
    for _, producer in _Units(image, info, abbreviations.at(0, MAX_ABBREVIATIONS)):
        if producer.startswith(PRODUCER):
            return producer[len(PRODUCER) :].partition(b";")[0].strip().decode("utf-8", "replace")
    return None


class _Section:
    """A debug section as a window that only moves forward, inflated where it is compressed."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._start = 0
        self._window = b""

    @classmethod
    def of(cls, image: Image, name: str) -> _Section | None:
        section = image.sections.get(f".{name}")
        if section is not None:
            pieces = _pieces(image, section)
        else:
            section = image.sections.get(f".z{name}")
            pieces = _zdebug(image, section) if section is not None else None
        return cls(pieces) if pieces is not None else None

    def at(self, offset: int, size: int) -> bytes:
        """Bytes from `offset`, which is never before that of an earlier call; shorter at the end."""
        end = self._start + len(self._window)
        parts = [self._window[offset - self._start :]] if offset < end else []
        for piece in self._pieces if offset + size > end else ():
            if end + len(piece) > offset:
                parts.append(piece[max(0, offset - end) :])
            end += len(piece)
            if end >= offset + size:
                break
        self._window = b"".join(parts)
        self._start = offset
        return self._window[:size]


def _pieces(image: Image, section: Section) -> Iterator[bytes] | None:
    if section.type == SHT_NOBITS:
        return None
    if not section.flags & SHF_COMPRESSED:
        return _raw(image, section.offset, section.size)
    wide = image.header.elf_class == 64
    head = image.pread(section.offset, 24 if wide else 12)
    if int.from_bytes(head[:4], _order(image)) != _ELFCOMPRESS_ZLIB:
        return None
    return _inflated(image, section.offset + len(head), section.size - len(head))


def _zdebug(image: Image, section: Section) -> Iterator[bytes] | None:
    """`ZLIB` and the size in eight bytes, then the stream: what Go's linker wrote up to Go 1.17."""
    if image.pread(section.offset, 4) != b"ZLIB":
        return None
    return _inflated(image, section.offset + 12, section.size - 12)


def _raw(image: Image, offset: int, size: int) -> Iterator[bytes]:
    for at in range(offset, min(offset + size, image.size), PIECE):
        yield image.pread(at, min(PIECE, offset + size - at))


def _inflated(image: Image, offset: int, size: int) -> Iterator[bytes]:
    stream, done = zlib.decompressobj(), 0
    try:
        for packed in _raw(image, offset, size):
            while packed and not stream.eof and done < MAX_INFLATED:
                piece = stream.decompress(packed, PIECE)
                packed = stream.unconsumed_tail
                done += len(piece)
                yield piece
    except zlib.error:
        return


class _Units:
    """(name, producer) of each compile unit."""

    def __init__(self, image: Image, info: _Section, abbreviations: bytes) -> None:
        self._order = _order(image)
        self._info = info
        self._abbreviations = abbreviations
        self._known: dict[tuple[int, int], tuple[tuple[int, int], ...]] = {}

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        at = 0
        for _ in range(MAX_UNITS):
            data = self._info.at(at, MAX_ENTRY)
            if len(data) < 16:
                return
            length, offset_size = self._number(data, 0, 4), 4
            start = 4
            if length == 0xFFFFFFFF:
                length, offset_size, start = self._number(data, 4, 8), 8, 12
            try:
                found = self._first_entry(data, start, offset_size)
            except (IndexError, ValueError):
                found = None
            if found is not None:
                yield found
            if length < 8:
                return
            at += start + length

    def _number(self, data: bytes, at: int, size: int) -> int:
        return int.from_bytes(data[at : at + size], self._order)

    def _first_entry(self, data: bytes, at: int, offset_size: int) -> tuple[bytes, bytes] | None:
        version = self._number(data, at, 2)
        at += 2
        if version == 5:
            kind, address_size = data[at], data[at + 1]
            table = self._number(data, at + 2, offset_size)
            at += 2 + offset_size
            if kind != _UT_COMPILE:
                return None
        elif 2 <= version <= 4:
            table = self._number(data, at, offset_size)
            address_size = data[at + offset_size]
            at += offset_size + 1
        else:
            return None
        code, at = uleb128(data, at)
        name = producer = None
        for attribute, form in self._attributes(table, code):
            if form == _FORM_INDIRECT:
                form, at = uleb128(data, at)
            end, value = self._skip(data, at, form, offset_size, address_size)
            if attribute == _AT_NAME:
                name = value
            elif attribute == _AT_PRODUCER:
                producer = value
            if name is not None and producer is not None:
                return name, producer
            at = end
        return None

    def _skip(self, data: bytes, at: int, form: int, offset_size: int, address_size: int) -> tuple[int, bytes | None]:
        """Where a value ends, and the value itself when it is an inline string (Go writes no others)."""
        if form == _FORM_STRING:
            end = data.index(b"\0", at)
            return end + 1, data[at:end]
        if form in _FIXED:
            return at + _FIXED[form], None
        if form in _OFFSETS:
            return at + offset_size, None
        if form == _ADDR:
            return at + address_size, None
        if form in _NUMBERS:
            return uleb128(data, at)[1], None
        if form in _BLOCKS:
            return at + _BLOCKS[form] + self._number(data, at, _BLOCKS[form]), None
        if form in (_BLOCK, _EXPRLOC):
            size, at = uleb128(data, at)
            return at + size, None
        raise ValueError(form)

    def _attributes(self, table: int, wanted: int) -> tuple[tuple[int, int], ...]:
        """(attribute, form) of a compile unit's abbreviation; empty for another tag or an unknown code."""
        known = self._known.get((table, wanted))
        if known is None:
            known = self._known[table, wanted] = tuple(self._read_attributes(table, wanted))
        return known

    def _read_attributes(self, at: int, wanted: int) -> Iterator[tuple[int, int]]:
        data = self._abbreviations[at : at + MAX_ENTRY]
        at = 0
        while True:
            code, at = uleb128(data, at)
            if code == 0:
                return
            tag, at = uleb128(data, at)
            at += 1
            while True:
                attribute, at = uleb128(data, at)
                form, at = uleb128(data, at)
                if form == _FORM_IMPLICIT_CONST:
                    _, at = uleb128(data, at)
                if attribute == 0 and form == 0:
                    break
                if code == wanted and tag == _TAG_COMPILE_UNIT:
                    yield attribute, form
            if code == wanted:
                return


def _order(image: Image) -> Literal["little", "big"]:
    return "little" if image.header.byte_order == "<" else "big"
