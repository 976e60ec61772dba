"""The packages that were compiled with -cover, by the counters' meta-data that each of them carries.

`cmd/cover` and the compiler lay a blob into each instrumented package (`internal/coverage/defs.go`,
`MetaSymbolHeader`; `internal/coverage/encodemeta/encode.go`, `Emit`): its string table begins with the package's path.
The packages' initializers hand it to `runtime.addCovMeta` (since Go 1.20) or `internal/coverage/rtcov.AddMeta` (1.22).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

from gopluck.elf.dynamic import Dynamic
from gopluck.elf.image import Image
from gopluck.golang.leb128 import uleb128
from gopluck.golang.pclntab import Pclntab, contains

REGISTER = (b".addCovMeta\0", b"/rtcov.AddMeta\0")
"""Names of the function that every instrumented package calls."""

HEADER = struct.Struct("<4I16s4x2I")
"""`MetaSymbolHeader`, little-endian on every machine."""

STARTS = tuple(struct.pack("<3I", name, 1, module) for name, module in ((2, 3), (2, 1), (1, 2), (1, 1)))
"""`PkgName`, `PkgPath` and `ModulePath`, by their place in a string table that has each text once."""

MAX_PATH = 1024
MAX_FUNCTIONS = 1 << 16
MAX_BLOBS = 1 << 14
REACH = HEADER.size + 2 * MAX_PATH
"""Bytes after the start of a blob without functions in which its package's path ends."""


def covered_packages(image: Image, dynamic: Dynamic, tables: Sequence[Pclntab]) -> frozenset[str]:
    """The import paths of the instrumented packages; empty for a file that was built without -cover."""
    if dynamic.symbol("runtime.main") is not None and dynamic.symbol("runtime.addCovMeta") is None:
        # A host exports all its functions: a look-up tells what a search of a large pclntab would.
        return frozenset()
    if not any(contains(image, table, name) for table in tables if table.names_size for name in REGISTER):
        return frozenset()
    found: set[str] = set()
    for at in _starts(image):
        path = _path(image, at)
        if path is not None and len(found) < MAX_BLOBS:
            found.add(path)
    return frozenset(found)


def _starts(image: Image) -> Iterator[int]:
    """File offsets at which a blob may begin."""
    for segment in image.loads:
        base = segment.offset
        for chunk in image.chunks(segment.offset, segment.filesz, HEADER.size):
            for start in STARTS:
                at = chunk.find(start)
                while at >= 0:
                    if base + at >= 4:
                        yield base + at - 4
                    at = chunk.find(start, at + 1)
            base += len(chunk) - HEADER.size if len(chunk) > HEADER.size else len(chunk)


def _path(image: Image, at: int) -> str | None:
    """The package's path of the blob at a file offset; None when there is none."""
    head = image.pread(at, HEADER.size)
    if len(head) < HEADER.size:
        return None
    length, _, _, _, _, files, functions = HEADER.unpack(head)
    strings = at + HEADER.size + 4 * functions
    if not 0 < functions <= MAX_FUNCTIONS or not strings - at < length or not files:
        return None
    table = image.pread(strings, 8 + MAX_PATH)
    try:
        count, at = uleb128(table, 0)
        empty, at = uleb128(table, at)
        size, at = uleb128(table, at)
    except (IndexError, ValueError):
        return None
    text = table[at : at + size]
    if count != files or empty or not 0 < size <= MAX_PATH or len(text) < size:
        return None
    return text.decode() if text.isascii() and text.decode().isprintable() else None
