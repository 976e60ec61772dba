"""The compile flags of each package, as the linker records them in DWARF (`cmd/link/internal/ld/dwarf.go`).

Each package is one compile unit: `DW_AT_name` is its path, `DW_AT_producer` is `Go cmd/compile go1.27.3; -N -l`.

Units are decoded by pyelftools (`units`). A compressed section is inflated in pieces that are forgotten again.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from gopluck.elf.constants import SHF_COMPRESSED, SHT_NOBITS
from gopluck.elf.image import Image
from gopluck.golang import importpath

if TYPE_CHECKING:
    from gopluck.golang.units import Units

MAX_INFLATED = 256 << 20
"""Bytes that are inflated of one section at the most."""

MAX_TEXT = 1 << 23
"""Bytes of all package paths and flags."""

MAX_ABBREVIATIONS = 1 << 20
"""Bytes of `.debug_abbrev` that are read at the most: Go's own table has 2 KB, a C object's about as much."""

MAX_UNIT = 1 << 24
"""Bytes of the units of one package: those of runtime have about 1 MB."""

PIECE = 1 << 18

PRODUCER = b"Go cmd/compile "

ELFCOMPRESS_ZLIB = 1


def compile_flags(image: Image) -> dict[str, str] | None:
    """Package path to the text after `Go cmd/compile VERSION; `, empty where there is none; None without DWARF.

    A program's main package is `main`, a plugin's has its pluginpath, as in the link hashes. Damage, and compression
    other than zlib, give fewer packages or None, never an error.
    """
    found: dict[str, str] = {}
    room = MAX_TEXT
    for name, compiler in _compiled(image):
        flags = compiler.partition(b";")[2]
        room -= len(name) + len(flags)
        path = name.decode("utf-8", "replace")
        if room < 0:
            break
        # Assembly is part of its package's unit; a second unit of a package, if any, adds nothing new.
        if importpath.fits(path):
            found[path] = found.get(path) or flags.strip().decode("utf-8", "replace")
    return dict(sorted(found.items())) if found else None


def producer_version(image: Image) -> str | None:
    """The Go version that compiled the first package, as a plugin of Go 1.20, which has no build info, still tells."""
    compilers = (compiler.partition(b";")[0].strip().decode("utf-8", "replace") for _, compiler in _compiled(image))
    return next(compilers, None)


def struct(image: Image, package: bytes, name: bytes) -> tuple[int, Mapping[str, int]] | None:
    """Size and offset of each field of a struct of a package, as its compiler wrote them; None where that is not told.

    A package can have several units; the linker puts types into the last (`ld/dwarf.go`, `dwarfGenerateDebugInfo`).
    """
    opened = _opened(image)
    if opened is None:
        return None
    from gopluck.golang import units

    info, abbreviations, found = opened
    room = MAX_UNIT
    for path, producer in found:
        if path == package and producer.startswith(PRODUCER) and room > 0:
            at, size = found.span
            data = info.at(at, min(size, room))
            room -= len(data)
            if name in data and (told := units.struct(data, abbreviations, image.order, name)) is not None:
                return told
    return None


def _compiled(image: Image) -> Iterator[tuple[bytes, bytes]]:
    """Of each package: its path, and what follows `Go cmd/compile ` in its producer."""
    opened = _opened(image)
    for name, producer in opened[2] if opened is not None else ():
        if producer.startswith(PRODUCER):
            yield name, producer[len(PRODUCER) :]


def _opened(image: Image) -> tuple[_Section, bytes, Units] | None:
    """The entries of DWARF, its abbreviations, and the units of both; None where one of the two cannot be read."""
    info, abbreviations = _section(image, "debug_info"), _section(image, "debug_abbrev")
    if info is None or abbreviations is None:
        return None
    from gopluck.golang.units import Units

    table = abbreviations.at(0, MAX_ABBREVIATIONS)
    return info, table, Units(image.order, info.at, table)


class _Section:
    """A debug section as a window that only moves forward, inflated where it is compressed."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._start = 0
        self._window = b""

    def at(self, offset: int, size: int) -> bytes:
        """Bytes from `offset`, which is never before that of an earlier call; shorter at the end."""
        end = self._start + len(self._window)
        if offset + size <= end:
            return self._window[offset - self._start : offset - self._start + size]
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


def _section(image: Image, name: str) -> _Section | None:
    """None where the file has no such section, or one that is compressed in a way that is not known."""
    section, old = image.sections.get(f".{name}"), image.sections.get(f".z{name}")
    if section is None:
        # `ZLIB` and the size in eight bytes, then the stream: what Go's linker wrote up to Go 1.17.
        known = old is not None and image.pread(old.offset, 4) == b"ZLIB"
        return _Section(_inflated(image, old.offset + 12, old.size - 12)) if old is not None and known else None
    if section.type == SHT_NOBITS:
        return None
    if not section.flags & SHF_COMPRESSED:
        return _Section(_raw(image, section.offset, section.size))
    head = image.records.compression
    row = head.row(image.pread(section.offset, head.size))
    known = row is not None and row[0] == ELFCOMPRESS_ZLIB
    return _Section(_inflated(image, section.offset + head.size, section.size - head.size)) if known else None


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
