"""The link hashes that a file exports: the dynamic symbols `go:link.pkghashbytes.P` (`ld/symtab.go`, `symtab`).

They are in `.dynsym` of every plugin and of every host that imports package plugin, so `strip` keeps them.
"""

from __future__ import annotations

from gopluck.elf.dynamic import Dynamic
from gopluck.elf.image import Image
from gopluck.elf.symbols import Symbol
from gopluck.errors import MalformedFile
from gopluck.golang import importpath
from gopluck.golang.release import LINK_PREFIXES

MAX_HASH = 64
"""Bytes of one hash: 8 (`goobj.FingerprintType`) since Go 1.16, 20 before."""


def read_link_hash(dynamic: Dynamic, package: str) -> str | None:
    """The hash (hex) of a package, where the file defines it. Raises `MalformedFile`."""
    for prefix in LINK_PREFIXES:
        symbol = dynamic.symbol(prefix + package)
        if symbol is not None:
            return _hash(dynamic.image, symbol)
    return None


def read_link_hashes(dynamic: Dynamic) -> dict[str, str]:
    """Package path to hash (hex), for each package whose hash the file defines, in link order: imports come first.

    The linker makes these symbols in the order of its packages, and lays out those of one size in that order
    (`ld/data.go`, `dodataSect`). Raises `MalformedFile`.
    """
    image = dynamic.image
    found = dynamic.symbols.starting_with(tuple(prefix.encode() for prefix in LINK_PREFIXES))
    if len(found) > importpath.MAX_PACKAGES:
        raise MalformedFile(f"{image.path}: more than {importpath.MAX_PACKAGES} packages")
    out: dict[str, str] = {}
    for symbol in sorted(found, key=lambda symbol: symbol.value):
        package = symbol.name[len(LINK_PREFIXES[0]) :]
        if not importpath.fits(package):
            raise MalformedFile(f"{image.path}: an import path of {len(package)} bytes")
        out[package] = _hash(image, symbol)
    return out


def _hash(image: Image, symbol: Symbol) -> str:
    if not 0 < symbol.size <= MAX_HASH:
        raise MalformedFile(f"{image.path}: a link hash of {symbol.size} bytes")
    return image.read(symbol.value, symbol.size).hex()


def read_packages(dynamic: Dynamic) -> frozenset[str]:
    """The packages whose hash the file names: `read_link_hashes(...).keys()` without looking the symbols up."""
    found = (dynamic.strings.starting_with((prefix.encode(),)).values() for prefix in LINK_PREFIXES)
    return frozenset(name[len(LINK_PREFIXES[0]) :] for name in next(filter(None, found), ()))
