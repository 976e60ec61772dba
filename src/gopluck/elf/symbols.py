"""The one reader of the dynamic symbol table (`.dynsym`): by name through the hash table, by index, and by columns.

A host has 100,000 symbols. pyelftools takes 40 µs for each of them, 4 s for all; a column is read as one `array` in
1 ms, so whoever needs many symbols compares columns and looks at single symbols after that.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from functools import cached_property
from itertools import compress

from gopluck.elf import constants as c
from gopluck.elf.hashes import MAX_SYMBOLS, GnuHash, SysvHash
from gopluck.elf.strings import StringTable
from gopluck.elf.tags import Tags
from gopluck.elf.versions import Versions
from gopluck.errors import MalformedFile
from gopluck.record import NamedTuple

MAX_HASHED = 1 << 24
"""Bytes of the names that are looked for."""

ROWS = 1 << 15
"""Symbols that are held at a time."""


class Symbol(NamedTuple):
    """One entry of `.dynsym`. `value` is an address at load bias 0, `size` in bytes."""

    name: str
    value: int
    size: int
    type: int
    shndx: int
    entry: int
    """Its index in `.dynsym`."""

    @property
    def defined(self) -> bool:
        """Whether the file itself defines it."""
        return self.shndx != c.SHN_UNDEF


class Undefined(NamedTuple):
    """A symbol that the loader has to find elsewhere, with the version and file it is asked from (or empty)."""

    name: str
    weak: bool
    version: str
    file: str


class TlsUse(NamedTuple):
    """A symbol whose place in the static TLS area a relocation writes: initial-exec, or a TLS descriptor."""

    name: str
    """Empty for a variable that the file keeps to itself."""
    before: int
    """How many of `Elf.undefined` are looked up before it."""
    own: bool = True
    """Whether the file defines it."""
    optional: bool = False
    """Whether a TLS descriptor alone asks for it, which can do without."""


class Columns(NamedTuple):
    """Some fields of `ROWS` symbols, or of the last ones."""

    first: int
    """The index of the first of them."""
    names: array[int]
    """`st_name`."""
    infos: bytes
    """`st_info`."""
    sections: array[int]
    """`st_shndx`."""


class SymbolTable:
    """The table of one file. Raises `MalformedFile` when it, or its hash table, lies outside the file."""

    def __init__(self, tags: Tags, strings: StringTable, versions: Versions) -> None:
        self.image = tags.image
        self.strings = strings
        self._tags = tags
        self._versions = versions
        self._record = tags.image.records.symbol
        self._hashed = MAX_HASHED

    @cached_property
    def _offset(self) -> int:
        if c.DT_SYMTAB not in self._tags.tags:
            raise MalformedFile(f"{self.image.path}: a symbol without a symbol table")
        return self._tags.table(c.DT_SYMTAB)[0]

    @cached_property
    def _hash(self) -> GnuHash | SysvHash | None:
        kinds = ((c.DT_GNU_HASH, GnuHash), (c.DT_HASH, SysvHash))
        return next((kind(self._tags) for tag, kind in kinds if tag in self._tags.tags), None)

    @cached_property
    def count(self) -> int:
        """Entries of the table, as the hash table tells: at most `MAX_SYMBOLS`, and as many as the file holds."""
        if c.DT_SYMTAB not in self._tags.tags or self._hash is None:
            return 0
        # .gnu.hash does not tell how many there are when it is empty.
        listed = SysvHash(self._tags).count() if c.DT_HASH in self._tags.tags else 0
        count = min(listed or self._hash.count(), MAX_SYMBOLS)
        if count > max(0, self.image.size - self._offset) // self._record.size:
            raise MalformedFile(f"{self.image.path}: {count} dynamic symbols do not fit into the file")
        return count

    @property
    def undefined_end(self) -> int:
        """The index before which the undefined symbols are: the first of `.gnu.hash`, which has the defined ones."""
        first = self._hash.first if self._hash is not None else None
        return self.count if first is None else min(first, MAX_SYMBOLS)

    def find(self, name: str) -> Symbol | None:
        """The symbol that `ld.so` would find under this name in this file, or None."""
        wanted = name.encode("utf-8", "surrogateescape")
        self._hashed -= len(wanted)
        if self._hashed < 0:
            raise MalformedFile(f"{self.image.path}: too many names are looked for in it")
        for index in self._hash.candidates(wanted) if self._hash is not None else ():
            fields = self._fields(index)
            if fields[4] != c.SHN_UNDEF and self.strings.is_at(fields[0], wanted):
                return _symbol(name, fields, index)
        return None

    def at(self, index: int) -> Symbol:
        """The symbol at an index."""
        fields = self._fields(index)
        return _symbol(self.strings.at(fields[0]), fields, index)

    def _fields(self, index: int) -> tuple[int, ...]:
        row = self._record.row(self.image.pread(self._offset + index * self._record.size, self._record.size))
        if row is None:
            raise MalformedFile(f"{self.image.path}: symbol {index} lies outside the file")
        return row

    def columns(self, end: int | None = None) -> Iterator[Columns]:
        """All symbols before the index `end`."""
        count, record = self.count if end is None else end, self._record
        for first in range(0, count, ROWS):
            data = self.image.pread(self._offset + first * record.size, min(ROWS, count - first) * record.size)
            infos = record.column(data, "st_info").tobytes()
            yield Columns(first, record.column(data, "st_name"), infos, record.column(data, "st_shndx"))

    def starting_with(self, prefixes: tuple[bytes, ...]) -> list[Symbol]:
        """The defined symbols whose name starts with one of the prefixes, in table order.

        Hundreds at a time: their names are found in `.dynstr`, and the table is searched for them as one column.
        """
        strings = self.strings.starting_with(prefixes)
        out: list[Symbol] = []
        for columns in self.columns() if strings else ():
            rows = range(columns.first, columns.first + len(columns.names))
            for index in compress(rows, map(strings.__contains__, columns.names)):
                fields = self._fields(index)
                symbol = _symbol(strings[fields[0]], fields, index)
                if symbol.defined:
                    out.append(symbol)
        return out

    def values(self, prefix: bytes, other: bytes, limit: int) -> list[tuple[int, int]]:
        """Addresses and sizes of the defined symbols whose name is `prefix` and more, and the next byte not in `other`.

        At most `limit`. Of all names nothing but that start is looked at.
        """
        held, size = self.strings.hold(), len(prefix)
        out: list[tuple[int, int]] = []
        for first in range(0, self.count, ROWS):
            rows = min(ROWS, self.count - first) * self._record.size
            data = self.image.pread(self._offset + first * self._record.size, rows)
            columns = (self._record.column(data, name) for name in ("st_name", "st_value", "st_size", "st_shndx"))
            for name, value, length, section in zip(*columns, strict=True):
                at = name + 1 + size
                if section and held.startswith(prefix, name + 1) and held[at : at + 1] not in other:
                    out.append((value, length))
            if len(out) > limit:
                raise MalformedFile(f"{self.image.path}: more than {limit} symbols of one kind")
        return out

    def definitions(self) -> Iterator[tuple[str, str, bool]]:
        """(name, version, hidden) of each defined global symbol. For libraries: it walks the table.

        `hidden` (bit 15 of `.gnu.version`): only a reference to that version finds it. The version is empty for a
        symbol of the base version (index 0 and 1).
        """
        of_symbols, titles = self._versions.of_symbols(self.count), self._versions.defined
        self.strings.hold()
        for columns in self.columns():
            rows = zip(columns.names, columns.infos, columns.sections, strict=True)
            for index, (name, info, section) in enumerate(rows, columns.first):
                if section != c.SHN_UNDEF and info >> 4 != c.STB_LOCAL:
                    version = of_symbols[index] if of_symbols else 1
                    yield self.strings.at(name), titles.get(version & 0x7FFF, ""), bool(version & 0x8000)


def _symbol(name: str, fields: tuple[int, ...], index: int) -> Symbol:
    return Symbol(name, fields[1], fields[2], fields[3] & 15, fields[4], index)
