"""Where `ld.so` looks by itself: what `ldconfig` has found, and the directories that are compiled into it.

glibc `elf/cache.c`, `sysdeps/generic/dl-cache.h`; `elf/dl-load.c`, `system_dirs`. The dynamic linker looks into
`/etc/ld.so.cache`, and not into `ld.so.conf`: a directory that is only listed there is not searched.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from itertools import islice
from typing import Literal

MAGIC = b"glibc-ld.so.cache1.1"
"""`CACHEMAGIC_VERSION_NEW`; a table of the old form (`ld.so-1.7.0`) may stand before it."""

HEADER = 48
ENTRY = 24
MAX_SIZE = 1 << 23
MAX_ENTRIES = 1 << 17
MAX_PATH = 4096
MAX_TEXT = 1 << 24
"""Bytes of all names and paths, each counted with what it costs to hold it; in a damaged cache they can overlap."""

MAX_DIRECTORY = 256
"""Bytes of a directory that is compiled in."""

MAX_PLACES = 256
"""Places in `ld.so` at which they may lie, of those that are looked at."""


def parse_cache(data: bytes, byte_order: Literal["little", "big"]) -> Mapping[str, tuple[str, ...]]:
    """The paths of each library name, in order, as the file lists them for all machines; empty when it is damaged.

    Entries for one level of a processor only (`glibc-hwcaps`) are left out: `hwcap` is not zero.
    """
    start = data.find(MAGIC)
    if start < 0 or len(data) < start + HEADER:
        return {}
    table = data[start:]
    order = "<" if byte_order == "little" else ">"
    (count,) = struct.unpack_from(order + "I", table, len(MAGIC))
    if count > MAX_ENTRIES or HEADER + count * ENTRY > len(table):
        return {}
    out: dict[str, list[str]] = {}
    room = MAX_TEXT
    for _, key, value, _, hwcap in struct.iter_unpack(order + "iIIIQ", table[HEADER : HEADER + count * ENTRY]):
        if hwcap != 0:
            continue
        name, path = _text(table, key), _text(table, value)
        room -= 64 + len(name) + len(path)
        if room < 0:
            return {}
        out.setdefault(name, []).append(path)
    return {name: tuple(paths) for name, paths in out.items()}


def _text(table: bytes, offset: int) -> str:
    end = table.find(b"\0", offset, offset + MAX_PATH)
    return table[offset:end].decode("utf-8", "surrogateescape") if end >= 0 else ""


_BETWEEN = re.compile(rb"/\0/")
_NAME = re.compile(rb"[\w./+-]*")


def system_directories(loader: bytes) -> tuple[str, ...]:
    """The directories in `ld.so`: two to eight, one after the other, each with a slash at its end and `lib` in it."""
    for match in islice(_BETWEEN.finditer(loader), MAX_PLACES):
        end = match.start() + 1
        # What stands before the first one need not end in a NUL.
        reverse = loader[max(0, end - MAX_DIRECTORY) : end][::-1]
        name = _NAME.match(reverse)
        first = reverse[: name.end() if name else 0][::-1]
        found = [first[max(0, first.find(b"/")) :]]
        for one in loader[end + 1 : end + 8 * MAX_DIRECTORY].split(b"\0")[:7]:
            if not (one.startswith(b"/") and one.endswith(b"/") and _NAME.fullmatch(one)):
                break
            found.append(one)
        if len(found) > 1 and all(b"lib" in one for one in found):
            return tuple(one.decode().rstrip("/") for one in found)
    return ()
