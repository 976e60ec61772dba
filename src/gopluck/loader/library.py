"""`Library`: the facts of a library that the dynamic linker would map, with all names that it exports.

`System`: where the replay asks for one, with three answers: a library, none, or nobody knows.
"""

from __future__ import annotations

import os
import re
from typing import Protocol

from gopluck.elf import constants as c
from gopluck.elf.dynamic import Dynamic
from gopluck.elf.image import Image, image_of, open_regular, read_at
from gopluck.errors import MalformedFile
from gopluck.facts.elffacts import read_elf, read_skeleton
from gopluck.facts.model import Binary, Elf
from gopluck.facts.read import identity, read, sniff
from gopluck.record import NamedTuple

MODULE_LIST = "runtime.lastmoduledatap"
"""A dynamic symbol of every Go plugin, and of no C library."""


GO_SECTION = ".go.buildinfo"
"""A section of every Go library since Go 1.13, unless its section headers were removed."""


class Library(NamedTuple):
    """A file that the search found. `binary.elf.c_exports` is empty: `exports` holds all its symbols.

    `exports`: `NAME` of the base version, `NAME@@VERSION` of a default version, `NAME@VERSION` of one that only a
    reference to that version finds.
    """

    binary: Binary
    exports: frozenset[str] = frozenset()
    versioned: bool = False
    """Whether `ld.so` has a version for each of its symbols (`l_versyms`)."""
    maker: str | None = None
    """Who built a glibc, as its banner says it (`Debian GLIBC 2.36-9+deb12u14`); None for other libraries."""


class Read(NamedTuple):
    """A library, and how many dynamic symbols were gone through for it."""

    library: Library
    symbols: int = 0


def read_library(path: str, shown: str | None = None, *, most: int | None = None) -> Read:
    """The facts of a library. `shown`: the path that the dynamic linker would name; `most`: symbols that it may have.

    A library can be a Go plugin, too: its constructor then adds a module to the list, although nobody opened it.
    Raises `UnreadableFile`. A file that is damaged or no ELF file gives facts all the same.
    """
    fd, size = open_regular(path)
    symbols = 0
    try:
        head = read_at(path, fd, 0, 512)
        binary = Binary(shown or path, size, identity(path, fd), sniff(head, size))
        if binary.format != "elf":
            return Read(Library(binary))
        image = image_of(path, fd, size)
        fd = -1
        with image:
            elf = read_skeleton(image)._replace(sections=())
            binary = binary._replace(elf=elf)
            dynamic = Dynamic(image)
            symbols = dynamic.symbols.count
            if most is not None and symbols > most:
                raise MalformedFile(f"{path}: it has {symbols} symbols, which is more than gopluck reads")
            return Read(_library(elf, dynamic, binary), symbols)
    except MalformedFile as error:
        return Read(Library(binary._replace(damage=str(error).removeprefix(f"{path}: "))), symbols)
    finally:
        if fd >= 0:
            os.close(fd)


def _library(elf: Elf, dynamic: Dynamic, binary: Binary) -> Library:
    image = dynamic.image
    elf = read_elf(elf, dynamic)._replace(c_exports=frozenset())
    exports = frozenset(_export(*row) for row in dynamic.symbols.definitions())
    versioned = c.DT_VERSYM in dynamic.tags and bool(elf.version_needs or elf.version_definitions)
    maker = _maker(image) if image.path.rpartition("/")[2].startswith("libc.so.6") else None
    is_go = GO_SECTION in image.sections or dynamic.symbol(MODULE_LIST) is not None
    go = read(image.path).go if is_go else None
    return Library(binary._replace(elf=elf, go=go), exports, versioned, maker)


def _maker(image: Image) -> str | None:
    """The text in brackets of `GNU C Library (…) stable release version …` (glibc's `version.c`)."""
    for segment in image.loads:
        for chunk in image.chunks(segment.offset, segment.filesz, 256):
            found = re.search(rb"GNU C Library \(([^)\0]{1,200})\)", chunk)
            if found:
                return found[1].decode("utf-8", "replace")
    return None


def _export(name: str, version: str, hidden: bool) -> str:
    if not version:
        return name
    return f"{name}@{version}" if hidden else f"{name}@@{version}"


MAX_FOLDERS = 1 << 12
"""Directories of search paths that are looked at, in all."""


class Absent(NamedTuple):
    """The search found no file. `wrong_class`: it passed one of the other ELF class on its way."""

    wrong_class: bool = False


class Unknown(NamedTuple):
    """Nothing is known of the libraries that the process would find."""

    reason: str


Found = Library | Absent | Unknown


class Wanted(NamedTuple):
    """A name that an object needs, and the search path that it brings with it."""

    name: str
    """As in `DT_NEEDED`."""
    host: Elf
    """The main program: its machine, and the C library that its interpreter belongs to."""
    musl: bool
    rpath: tuple[str, ...] = ()
    """`DT_RPATH` directories of the object and of those that loaded it, `$ORIGIN` expanded; empty with `DT_RUNPATH`."""
    runpath: tuple[str, ...] = ()
    """`DT_RUNPATH` directories of the object, `$ORIGIN` expanded."""


class System(Protocol):
    """Finds needed libraries."""

    def find(self, wanted: Wanted) -> Found:
        """What the dynamic linker of the host would open for a name."""
        ...
