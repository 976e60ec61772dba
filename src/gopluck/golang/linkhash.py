"""The link hashes that a file exports: the dynamic symbols `go:link.pkghashbytes.P` (`ld/symtab.go`, `symtab`).

They are in `.dynsym` of every plugin and of every host that imports package plugin, so `strip` keeps them.
"""

from __future__ import annotations

from gopluck.elf.dynamic import Dynamic
from gopluck.elf.image import Image
from gopluck.errors import MalformedFile

PREFIXES = ("go:link.pkghashbytes.", "go.link.pkghashbytes.")
"""Since Go 1.20, and before."""

MAX_HASH = 64
"""Bytes of one hash: 8 (`goobj.FingerprintType`) since Go 1.16, 20 before."""

MAX_PACKAGES = 1 << 15
"""Packages of one file that are read at the most."""


def read_link_hashes(image: Image, dynamic: Dynamic) -> dict[str, str]:
    """Package path to hash (hex), for each package whose hash the file defines."""
    found = dynamic.symbols_with(tuple(prefix.encode() for prefix in PREFIXES))
    if len(found) > MAX_PACKAGES:
        raise MalformedFile(f"{image.path}: more than {MAX_PACKAGES} packages")
    out: dict[str, str] = {}
    for symbol in found:
        if symbol.size > MAX_HASH:
            raise MalformedFile(f"{image.path}: {symbol.name} has {symbol.size} bytes")
        out[symbol.name[len(PREFIXES[0]) :]] = image.read(symbol.value, symbol.size).hex()
    return out
