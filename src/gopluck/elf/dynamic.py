"""What the dynamic linker reads of a file: the dynamic section, and what its tags point at."""

from __future__ import annotations

from functools import cached_property

from gopluck.elf import constants as c
from gopluck.elf.image import Image
from gopluck.elf.relocations import Relocations
from gopluck.elf.strings import StringTable
from gopluck.elf.symbols import Symbol, SymbolTable
from gopluck.elf.tags import Tags
from gopluck.elf.versions import Versions
from gopluck.errors import MalformedFile

MAX_NEEDED = 256
"""Needed libraries of one file, each of which has to be looked for."""


class Dynamic:
    """The dynamic section of an image with all of that. Raises `MalformedFile` for what lies outside the file.

    Its parts know the tags, and not this: so a file, and what was read of it, goes away with the last one that knows
    it, and not when Python next looks for circles. A directory has a thousand plugins.
    """

    def __init__(self, image: Image) -> None:
        self.image = image
        self._section = Tags(image)
        self.table = self._section.table

    @property
    def entries(self) -> tuple[tuple[int, ...], ...]:
        """(tag, value) in file order; empty when there is no dynamic section."""
        return self._section.entries

    @property
    def tags(self) -> dict[int, int]:
        """The value of each tag (the last, as `ld.so` keeps it)."""
        return self._section.tags

    @cached_property
    def strings(self) -> StringTable:
        """`.dynstr`."""
        offset, size = self.table(c.DT_STRTAB)
        return StringTable(self.image, offset, min(size, self.tags.get(c.DT_STRSZ, 0)))

    @cached_property
    def symbols(self) -> SymbolTable:
        """`.dynsym`."""
        return SymbolTable(self._section, self.strings, self.versions)

    def symbol(self, name: str) -> Symbol | None:
        """The symbol that `ld.so` would find under this name in this file, or None."""
        return self.symbols.find(name)

    @cached_property
    def versions(self) -> Versions:
        """Symbol versions."""
        return Versions(self._section, self.strings)

    @cached_property
    def relocations(self) -> Relocations:
        """What the loader writes into the file's memory."""
        return Relocations(self._section, self.symbols)

    @cached_property
    def needed(self) -> tuple[str, ...]:
        """`DT_NEEDED`, in order."""
        indexes = [value for tag, value in self.entries if tag == c.DT_NEEDED]
        if len(indexes) > MAX_NEEDED:
            raise MalformedFile(f"{self.image.path}: {len(indexes)} needed libraries")
        return tuple(map(self.strings.at, indexes))

    def text(self, tag: int) -> str | None:
        """The string value of a tag (`DT_SONAME`, `DT_RPATH`, `DT_RUNPATH`), or None."""
        value = self.tags.get(tag)
        return None if value is None else self.strings.at(value)
