"""Symbol versions (`.gnu.version`, `.gnu.version_r`, `.gnu.version_d`), by the records that pyelftools declares.

Its own reader goes through section headers, which the dynamic linker never looks at and `strip` may remove.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from gopluck.elf import constants as c
from gopluck.elf.strings import StringTable
from gopluck.elf.tags import Tags
from gopluck.errors import MalformedFile
from gopluck.record import NamedTuple

if TYPE_CHECKING:
    from gopluck.elf.records import Record

MAX_VERSIONS = 1 << 12
"""Entries of one version list (glibc's `libc.so.6` has some 50)."""

VER_FLG_BASE, VER_FLG_WEAK = 1, 2


class VersionNeed(NamedTuple):
    """One needed symbol version: `vna_name` of library `vn_file`."""

    file: str
    version: str
    weak: bool


class Versions:
    """The versions of one file. Raises `MalformedFile` where a list lies outside it."""

    def __init__(self, tags: Tags, strings: StringTable) -> None:
        self._tags = tags
        self._image = tags.image
        self._string = strings.at

    def of_symbols(self, count: int) -> array[int] | None:
        """`.gnu.version` of the first `count` symbols; None where the file has none."""
        if c.DT_VERSYM not in self._tags.tags:
            return None
        found = self._image.numbers(self._tags.table(c.DT_VERSYM)[0], count, 2)
        if len(found) < count:
            raise MalformedFile(f"{self._image.path}: .gnu.version lies outside the file")
        return found

    @property
    def needs(self) -> tuple[VersionNeed, ...]:
        """`.gnu.version_r`, in order."""
        return tuple(need for _, need in self._needs)

    @property
    def needed_by_index(self) -> Mapping[int, VersionNeed]:
        """The same by the index that `.gnu.version` uses for each."""
        return dict(self._needs)

    @cached_property
    def _needs(self) -> tuple[tuple[int, VersionNeed], ...]:
        records, out, steps = self._image.records, list[tuple[int, VersionNeed]](), 0
        for at, (count, file, aux, _) in self._list(c.DT_VERNEED, records.need, ".gnu.version_r"):
            entry = at + aux
            for _ in range(count):
                steps += 1
                if steps > MAX_VERSIONS:
                    raise MalformedFile(f"{self._image.path}: .gnu.version_r has more than {MAX_VERSIONS} entries")
                flags, index, name, step = self._row(records.needed_version, entry, ".gnu.version_r")
                need = VersionNeed(self._string(file), self._string(name), bool(flags & VER_FLG_WEAK))
                out.append((index & 0x7FFF, need))
                entry += step
                if not step:
                    break
        return tuple(out)

    @cached_property
    def _definitions(self) -> tuple[tuple[int, int, str], ...]:
        """(flags, index, name) of `.gnu.version_d`."""
        records, out = self._image.records, list[tuple[int, int, str]]()
        for at, (flags, index, aux, _) in self._list(c.DT_VERDEF, records.definition, ".gnu.version_d"):
            name, _ = self._row(records.definition_name, at + aux, ".gnu.version_d")
            out.append((flags, index & 0x7FFF, self._string(name)))
        return tuple(out)

    @property
    def definitions(self) -> tuple[str, ...]:
        """The names of `.gnu.version_d`, in order (the first is the file itself)."""
        return tuple(name for _, _, name in self._definitions)

    @property
    def defined(self) -> Mapping[int, str]:
        """The name by the index that `.gnu.version` uses, without the base version, which names the file itself."""
        return {index: name for flags, index, name in self._definitions if not flags & VER_FLG_BASE}

    def _list(self, tag: int, record: Record, title: str) -> Iterator[tuple[int, tuple[int, ...]]]:
        """File offset and fields of each record of a list; its last field says where the next one is."""
        at, _ = self._tags.table(tag)
        for _ in range(MAX_VERSIONS if at else 0):
            row = self._row(record, at, title)
            yield at, row
            at += row[-1]
            if not row[-1]:
                return

    def _row(self, record: Record, offset: int, title: str) -> tuple[int, ...]:
        row = record.row(self._image.pread(offset, record.size))
        if row is None:
            raise MalformedFile(f"{self._image.path}: {title} lies outside the file")
        return row
