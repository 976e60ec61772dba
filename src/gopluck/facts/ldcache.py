"""`/etc/ld.so.cache`: where `ldconfig` has found each library (glibc `elf/cache.c`, `sysdeps/generic/dl-cache.h`).

The dynamic linker looks here, and not into `ld.so.conf`: a directory that is only listed there is not searched.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Literal

MAGIC = b"glibc-ld.so.cache1.1"
"""`CACHEMAGIC_VERSION_NEW`; a table of the old form (`ld.so-1.7.0`) may stand before it."""

HEADER = 48
ENTRY = 24
MAX_SIZE = 1 << 23
MAX_ENTRIES = 1 << 17
MAX_PATH = 4096


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
    for _, key, value, _, hwcap in struct.iter_unpack(order + "iIIIQ", table[HEADER : HEADER + count * ENTRY]):
        if hwcap == 0:
            out.setdefault(_text(table, key), []).append(_text(table, value))
    return {name: tuple(paths) for name, paths in out.items()}


def _text(table: bytes, offset: int) -> str:
    end = table.find(b"\0", offset, offset + MAX_PATH)
    return table[offset:end].decode("utf-8", "surrogateescape") if end >= 0 else ""
