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


def read_link_hashes(image: Image, dynamic: Dynamic, only: frozenset[str] | None = None) -> dict[str, str]:
    """Package path to hash (hex), for each package whose hash the file defines, in link order: imports come first.

    The linker makes these symbols in the order of its packages, and lays out those of one size in that order
    (`ld/data.go`, `dodataSect`).

    `only`: the packages that are wanted; they are looked up one by one, and a large host's others are not searched for.
    """
    if only is None:
        found = dynamic.symbols_with(tuple(prefix.encode() for prefix in PREFIXES))
    else:
        looked_up = (dynamic.symbol(prefix + package) for package in sorted(only) for prefix in PREFIXES)
        found = [symbol for symbol in looked_up if symbol is not None]
    if len(found) > MAX_PACKAGES:
        raise MalformedFile(f"{image.path}: more than {MAX_PACKAGES} packages")
    out: dict[str, str] = {}
    for symbol in sorted(found, key=lambda symbol: symbol.value):
        if symbol.size > MAX_HASH:
            raise MalformedFile(f"{image.path}: {symbol.name} has {symbol.size} bytes")
        out[symbol.name[len(PREFIXES[0]) :]] = image.read(symbol.value, symbol.size).hex()
    return out


def read_packages(dynamic: Dynamic) -> frozenset[str]:
    """The packages whose hash the file names: `read_link_hashes(...).keys()` without looking the symbols up."""
    found = (dynamic.strings_with((prefix.encode(),)).values() for prefix in PREFIXES)
    names = next(filter(None, found), ())
    return frozenset(name[len(PREFIXES[0]) :].decode("utf-8", "surrogateescape") for name in names)
