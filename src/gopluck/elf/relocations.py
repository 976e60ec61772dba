"""The relocations of a plugin or a position-independent host, by the address that they write.

RELA, REL and RELR, for the types that store an address into data (`RELOCATION_TYPES`). A table of 60,000 entries is
turned into one dict with slices of an `array`, not with a loop.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from gopluck.elf import constants as c
from gopluck.elf.dynamic import Dynamic, Symbol
from gopluck.elf.image import CHUNK, Image
from gopluck.errors import MalformedFile

MAX_RELOCATIONS = 1 << 20
"""Relocations of one table that are read at the most (a plugin of 100 MB has some 350,000)."""

MAX_WRITERS = 64
"""Places that hold one address, of those that are looked at."""


class Word(NamedTuple):
    """A machine word as the loader leaves it at load bias 0.

    `value` is the number; `pointer` says whether the load bias is added to it; `symbol` names the symbol that it is
    taken from (which another file may define first), with `addend` beyond it.
    """

    value: int
    pointer: bool
    symbol: str | None = None
    addend: int = 0


class Relocations:
    """The data relocations of one image."""

    def __init__(self, image: Image, dynamic: Dynamic) -> None:
        self.image = image
        self.dynamic = dynamic
        self.types = c.RELOCATION_TYPES.get(image.header.machine)
        self._code = "Q" if image.header.elf_class == 64 else "I"
        self._mask = (1 << image.header.elf_class) - 1

    def _array(self, offset: int, size: int) -> array[int]:
        words = array(self._code)
        data = self.image.pread(offset, size)
        words.frombytes(data[: len(data) // words.itemsize * words.itemsize])
        if (self.image.header.byte_order == "<") != (sys.byteorder == "little"):
            words.byteswap()
        return words

    def _region(self, address_tag: int, size_tag: int) -> array[int]:
        tags = self.dynamic.tags
        address, size = tags.get(address_tag), tags.get(size_tag, 0)
        if address is None or size == 0:
            return array(self._code)
        segment = self.image.segment_of(address)
        if segment is None:
            raise MalformedFile(f"{self.image.path}: the relocations at {address:#x} lie outside the file")
        if size > MAX_RELOCATIONS * 3 * self.image.word_size:
            raise MalformedFile(f"{self.image.path}: {size} bytes of relocations")
        return self._array(segment.offset + address - segment.vaddr, size)

    @cached_property
    def _rela(self) -> array[int]:
        return self._region(c.DT_RELA, c.DT_RELASZ)

    @cached_property
    def _rel(self) -> array[int]:
        return self._region(c.DT_REL, c.DT_RELSZ)

    @cached_property
    def _rela_at(self) -> Mapping[int, int]:
        rows = len(self._rela) // 3
        return dict(zip(self._rela[0 : rows * 3 : 3], range(rows), strict=True))

    @cached_property
    def _rel_at(self) -> Mapping[int, int]:
        rows = len(self._rel) // 2
        return dict(zip(self._rel[0 : rows * 2 : 2], range(rows), strict=True))

    @cached_property
    def _relr(self) -> frozenset[int]:
        """The addresses that `DT_RELR` relocates (generic ABI, `SHT_RELR`)."""
        out: set[int] = set()
        step, bits = self.image.word_size, self.image.header.elf_class
        at = count = 0
        for entry in self._region(c.DT_RELR, c.DT_RELRSZ):
            count += 1 if entry & 1 == 0 else entry.bit_count()
            if count > MAX_RELOCATIONS:
                raise MalformedFile(f"{self.image.path}: more than {MAX_RELOCATIONS} packed relocations")
            if entry & 1 == 0:
                out.add(entry)
                at = entry + step
            else:
                out.update(at + step * bit for bit in range(bits - 1) if entry >> (bit + 1) & 1)
                at += step * (bits - 1)
        return frozenset(out)

    def _split(self, info: int) -> tuple[int, int]:
        """(symbol index, type) of `r_info`."""
        if self.image.header.elf_class == 64:
            return info >> 32, info & 0xFFFFFFFF
        return info >> 8, info & 0xFF

    def word(self, address: int) -> Word:
        """The word at an address, relocated. Raises `MalformedFile` outside the file's memory."""
        row = self._rela_at.get(address)
        if row is not None:
            info, addend = self._rela[row * 3 + 1], self._rela[row * 3 + 2]
            return self._apply(address, info, addend)
        row = self._rel_at.get(address)
        if row is not None:
            return self._apply(address, self._rel[row * 2 + 1], self.image.word(address))
        return Word(self.image.word(address), address in self._relr)

    def _apply(self, address: int, info: int, addend: int) -> Word:
        index, kind = self._split(info)
        types = self.types
        if types is None:
            return Word(self.image.word(address), False)
        if kind == types.relative:
            return Word(addend & self._mask, True)
        if kind in (types.absolute, types.glob_dat):
            if kind == types.glob_dat and kind != types.absolute:
                addend = 0
            symbol = self._symbol(index)
            signed = addend - (self._mask + 1) if addend > self._mask >> 1 else addend
            value = symbol.value + signed if symbol.defined else 0
            return Word(value & self._mask, symbol.defined, symbol.name, signed)
        return Word(self.image.word(address), False)

    def _symbol(self, index: int) -> Symbol:
        return self.dynamic.symbol_at(index)

    def takes(self, symbol: Symbol) -> bool:
        """Whether a data pointer is taken from this symbol by name, so that another file may define it first."""
        types = self.types
        if types is None:
            return False
        shift = 32 if self.image.header.elf_class == 64 else 8
        wanted = [(symbol.entry << shift) | kind for kind in (types.glob_dat, types.absolute)]
        infos = (self._rela[1 : len(self._rela) // 3 * 3 : 3], self._rel[1 : len(self._rel) // 2 * 2 : 2])
        return any(info in column for info in wanted for column in infos)

    def symbols(self) -> frozenset[int]:
        """The indexes in `.dynsym` of all symbols that are bound by name: by relocations of data and of calls."""
        tags = self.dynamic.tags
        calls = self._region(c.DT_JMPREL, c.DT_PLTRELSZ)
        step = 3 if tags.get(c.DT_PLTREL) == c.DT_RELA else 2
        shift = 32 if self.image.header.elf_class == 64 else 8
        columns = (self._rela[1::3], self._rel[1::2], calls[1::step])
        return frozenset(info >> shift for column in columns for info in column) - {0}

    def pointer(self, address: int) -> int:
        """The relocated word at an address as a number (load bias 0)."""
        return self.word(address).value

    def text(self, address: int, limit: int = 1 << 16) -> bytes:
        """The bytes of the Go string whose header {pointer, length} lies at an address; at most `limit` long."""
        length = self.image.word(address + self.image.word_size)
        if length > limit:
            raise MalformedFile(f"{self.image.path}: a string of {length} bytes at {address:#x}")
        return self.image.read(self.pointer(address), length) if length else b""

    def writers_of(self, value: int) -> list[int]:
        """The addresses whose relocated word would be `value`: by RELATIVE relocation, then by content (REL, RELR).

        The first `MAX_WRITERS` of each kind.
        """
        out: list[int] = []
        rows = len(self._rela) // 3
        addends = self._rela[2 : rows * 3 : 3]
        at = -1
        while len(out) < MAX_WRITERS:
            try:
                at = addends.index(value, at + 1)
            except ValueError:
                break
            out.append(self._rela[at * 3])
        pattern = value.to_bytes(self.image.word_size, "little" if self.image.header.byte_order == "<" else "big")
        for segment in self.image.loads:
            if segment.flags & c.PF_W:
                found = self._find(segment.offset, segment.vaddr, segment.filesz, pattern)
                out.extend(islice(found, MAX_WRITERS))
        return list(dict.fromkeys(out))

    def _find(self, offset: int, vaddr: int, size: int, pattern: bytes) -> Iterator[int]:
        # Zeros at the ends of a pattern make the search in memory full of zeros ten times slower.
        needle = pattern.strip(b"\0") or pattern
        before = pattern.find(needle)
        base = 0
        for chunk in self.image.chunks(offset, size, len(pattern) - 1):
            at = chunk.find(needle, before)
            while at >= 0:
                start = at - before
                if (vaddr + base + start) % len(pattern) == 0 and chunk[start : start + len(pattern)] == pattern:
                    yield vaddr + base + start
                at = chunk.find(needle, at + 1)
            base += CHUNK
