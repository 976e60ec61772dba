"""The packages that were compiled with -cover, by the counters' meta-data that each of them carries.

`cmd/cover` and the compiler lay a blob into each instrumented package (`internal/coverage/defs.go`,
`MetaSymbolHeader`; `internal/coverage/encodemeta/encode.go`, `Emit`): its string table begins with the package's path.
The packages' initializers hand it to `runtime.addCovMeta` (since Go 1.20) or `internal/coverage/rtcov.AddMeta` (1.22).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import islice

from gopluck.elf.dynamic import Dynamic
from gopluck.elf.image import Image
from gopluck.elf.numbers import uleb128
from gopluck.golang import importpath
from gopluck.golang.pclntab import Pclntab, contains

REGISTER = ("runtime.addCovMeta", "internal/coverage/rtcov.AddMeta")
"""Names of the function that every instrumented package calls."""

HEADER = struct.Struct("<4I16s4x2I")
"""`MetaSymbolHeader`, little-endian on every machine."""

STARTS = tuple(struct.pack("<3I", name, 1, module) for name, module in ((2, 3), (2, 1), (1, 2), (1, 1)))
"""`PkgName`, `PkgPath` and `ModulePath`, by their place in a string table that has each text once."""

MAX_FUNCTIONS = 1 << 16
MAX_BLOBS = 1 << 14
MAX_TRIES = 1 << 17
"""Places at which a blob may begin, of those that are looked at."""


def covered_packages(dynamic: Dynamic, tables: Sequence[Pclntab]) -> frozenset[str]:
    """The import paths of the instrumented packages; empty for a file that was built without -cover."""
    exported = any(dynamic.symbol(name) is not None for name in ("runtime.main", "runtime.mallocgc"))
    if exported and all(dynamic.symbol(name) is None for name in REGISTER):
        # Hosts and plugins export all their functions: a look-up tells what a search of a large pclntab would.
        return frozenset()
    image = dynamic.image
    needles = [f"{name}\0".encode() for name in REGISTER]
    if not any(contains(image, table, needle) for table in tables if table.names_size for needle in needles):
        return frozenset()
    found: set[str] = set()
    hits = (
        segment.offset + at for segment in image.loads for at in image.find(segment.offset, segment.filesz, *STARTS)
    )
    for at in islice(hits, MAX_TRIES):
        path = _path(image, at - 4)
        if path is not None and len(found) < MAX_BLOBS:
            found.add(path)
    return frozenset(found)


def _path(image: Image, at: int) -> str | None:
    """The package's path of the blob at a file offset; None when there is none."""
    head = image.pread(at, HEADER.size)
    if len(head) < HEADER.size:
        return None
    length, _, _, _, _, files, functions = HEADER.unpack(head)
    strings = at + HEADER.size + 4 * functions
    if not 0 < functions <= MAX_FUNCTIONS or not strings - at < length or not files:
        return None
    table = image.pread(strings, 8 + importpath.MAX_PATH)
    try:
        count, at = uleb128(table, 0)
        empty, at = uleb128(table, at)
        size, at = uleb128(table, at)
    except (IndexError, ValueError):
        return None
    text = table[at : at + size]
    if count != files or empty or not 0 < size <= importpath.MAX_PATH or len(text) < size or not text.isascii():
        return None
    path = text.decode()
    return path if path.isprintable() and importpath.fits(path) else None
