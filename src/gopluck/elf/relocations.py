"""The relocations of a plugin or a position-independent host, by the address that they write.

RELA, REL and RELR, for the types that store an address into data (`machine.RelocationTypes`). Own code, because
pyelftools takes 8 µs for each of them, 0.3 s for the 40,000 of a plugin with net/http: slices of an `array` take 1 ms.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import islice
from operator import add, lt

from gopluck.elf import constants as c
from gopluck.elf.image import Segment
from gopluck.elf.numbers import among, places
from gopluck.elf.symbols import Symbol, SymbolTable
from gopluck.elf.tags import Tags
from gopluck.errors import MalformedFile
from gopluck.record import NamedTuple

MAX_RELOCATIONS = 1 << 20
"""Relocations of one file that are read at the most (a plugin of 100 MB has some 350,000)."""

REGION = 16
"""Bits of an address within a region."""

MAX_REGIONS = 8
"""Regions that are looked through one by one; then everything is."""

MAX_POINTERS = 4
"""Pointers of one struct of an array."""

MAX_HITS = 1 << 17
"""Places that look as if they held an address, of those that are looked at."""

NEAR = 1 << 20
"""Bytes in which strings lie that are read at once."""

MAX_WRITERS = 64
"""Places that hold one address, of those that are looked at."""


class Word(NamedTuple):
    """A machine word as the loader leaves it at load bias 0.

    `value` is the number; `pointer` says whether the load bias is added to it.
    """

    value: int
    pointer: bool


class _ByAddress:
    """Which entry of a table writes an address: the last one, as the loader applies them in order.

    Linkers put the relocations by address alone first (so many, `DT_RELACOUNT`), and sort these: there it is searched.
    Of the rest those of one region are found at a time, as somebody asks for an address in it: a check of a plugin with
    net/http, which has 31,000, asks for some in three regions. A dict of all takes 3.5 ms and 5 MB.
    """

    def __init__(self, addresses: array[int], first: int) -> None:
        self._addresses = addresses
        first = min(first, len(addresses))
        cells = addresses[:first].tolist()
        self._sorted = first if sorted(cells) == cells else 0
        self._regions: dict[int, dict[int, int]] = {}
        self._all: dict[int, int] | None = None

    def get(self, address: int) -> int | None:
        """The place of the entry; None where no entry writes the address."""
        if (found := self._near(address >> REGION).get(address)) is not None:
            return found
        at = bisect_right(self._addresses, address, 0, self._sorted) - 1
        return at if at >= 0 and self._addresses[at] == address else None

    def run(self, addresses: range) -> range | None:
        """The entries of many addresses where they follow each other among the sorted ones, as those of an array of
        structs do; else None.
        """
        wanted = array(self._addresses.typecode, addresses)
        first = bisect_left(self._addresses, addresses.start, 0, self._sorted)
        for step in range(1, MAX_POINTERS + 1):
            rows = range(first, first + step * len(addresses), step)
            if rows[-1] < self._sorted and self._addresses[rows.start : rows.stop : step] == wanted:
                regions = range(addresses[0] >> REGION, (addresses[-1] >> REGION) + 1)
                apart = all(self._near(number).keys().isdisjoint(addresses) for number in regions)
                once = self._addresses[rows.start : min(rows.stop + 1, self._sorted)]
                return rows if apart and all(map(lt, once, islice(once, 1, None))) else None
        return None

    def _near(self, number: int) -> dict[int, int]:
        """What is known of a region."""
        known = self._regions.get(number) if self._all is None else self._all
        return self._region(number) if known is None else known

    def _region(self, number: int) -> dict[int, int]:
        """The entries behind the sorted ones that write into a region."""
        addresses, first = self._addresses, self._sorted
        if len(self._regions) == MAX_REGIONS:
            self._all = dict(zip(addresses[first:], range(first, len(addresses)), strict=True))
            return self._all
        self._regions[number] = found = {}
        # Most are told apart by one byte.
        at = self._bytes.find(number & 0xFF)
        while at >= 0:
            if (address := addresses[first + at]) >> REGION == number:
                found[address] = first + at
            at = self._bytes.find(number & 0xFF, at + 1)
        return found

    @cached_property
    def _bytes(self) -> bytes:
        """The lowest byte of the region of each entry."""
        size, place = self._addresses.itemsize, REGION // 8
        first = place if sys.byteorder == "little" else size - 1 - place
        return self._addresses[self._sorted :].tobytes()[first::size]


class Relocations:
    """The relocations of one image. Raises `MalformedFile` for tables outside the file, or with too many entries."""

    def __init__(self, tags: Tags, symbols: SymbolTable) -> None:
        self.image = image = tags.image
        self._tags = tags
        self._symbols = symbols
        self.types = image.machine.relocations if image.machine else None
        self._shift = 32 if image.header.elf_class == 64 else 8
        self._mask = (1 << image.header.elf_class) - 1
        self._call_step = 2 if tags.tags.get(c.DT_PLTREL) == c.DT_REL else 3
        self._room = MAX_RELOCATIONS * 3 * image.word_size

    def _words(self, address_tag: int, size_tag: int, step: int) -> array[int]:
        size = self._tags.tags.get(size_tag, 0) if address_tag in self._tags.tags else 0
        self._room -= size
        if self._room < 0:
            raise MalformedFile(f"{self.image.path}: more than {MAX_RELOCATIONS} relocations")
        offset = self._tags.table(address_tag)[0] if size else 0
        words = self.image.numbers(offset, size // self.image.word_size, self.image.word_size)
        del words[len(words) // step * step :]
        return words

    @cached_property
    def _rela(self) -> array[int]:
        return self._words(c.DT_RELA, c.DT_RELASZ, 3)

    @cached_property
    def _rel(self) -> array[int]:
        return self._words(c.DT_REL, c.DT_RELSZ, 2)

    @cached_property
    def _calls(self) -> array[int]:
        return self._words(c.DT_JMPREL, c.DT_PLTRELSZ, self._call_step)

    @cached_property
    def symbols_and_types(self) -> tuple[tuple[array[int], array[int]], ...]:
        """Of `DT_RELA`, `DT_REL` and `DT_JMPREL`: the symbol that each entry names, and its type."""
        tables = (self._rela, 3), (self._rel, 2), (self._calls, self._call_step)
        return tuple(self._split(words, step) for words, step in tables)

    def naming(self, wanted: Collection[int]) -> tuple[list[int], ...]:
        """The entries that name one of these symbols (indexes in `.dynsym`), for each table of `symbols_and_types`."""
        return tuple(list(among(symbols, wanted)) for symbols, _ in self.symbols_and_types)

    def named(self, naming: Sequence[Sequence[int]]) -> dict[int, None]:
        """The symbols that such entries name, each once, in the order in which the loader comes to them."""
        tables = zip(self.symbols_and_types, naming, strict=True)
        return dict.fromkeys(symbols[row] for (symbols, _), rows in tables for row in rows)

    def _split(self, words: array[int], step: int) -> tuple[array[int], array[int]]:
        """The parts of `r_info`, many at a time, without a copy of all words."""
        if self._shift == 32:
            halves = memoryview(words).cast("B").cast("I")
            high = 3 if sys.byteorder == "little" else 2
            symbols, types = (halves[at :: 2 * step].tobytes() for at in (high, 5 - high))
            return array("I", symbols), array("I", types)
        infos = words[1::step]
        return array("I", (info >> 8 for info in infos)), array("I", (info & 0xFF for info in infos))

    def first_type(self) -> int | None:
        """The type of the first relocation in musl's order (`ldso/dynlink.c`, `reloc_all`)."""
        for words in (self._calls, self._rel, self._rela):
            if len(words) > 1:
                return words[1] & ((1 << self._shift) - 1)
        return None

    @cached_property
    def _rela_at(self) -> _ByAddress:
        return _ByAddress(self._rela[::3], self._tags.tags.get(c.DT_RELACOUNT, 0))

    @cached_property
    def _rel_at(self) -> _ByAddress:
        return _ByAddress(self._rel[::2], self._tags.tags.get(c.DT_RELCOUNT, 0))

    @cached_property
    def _relr(self) -> frozenset[int]:
        """The addresses that `DT_RELR` relocates (generic ABI, `SHT_RELR`)."""
        out: set[int] = set()
        step, bits = self.image.word_size, self.image.header.elf_class
        at = 0
        words = self._words(c.DT_RELR, c.DT_RELRSZ, 1)
        if sum(entry.bit_count() if entry & 1 else 1 for entry in words) * 3 * step > self._room:
            raise MalformedFile(f"{self.image.path}: more than {MAX_RELOCATIONS} packed relocations")
        for entry in words:
            if entry & 1 == 0:
                out.add(entry)
                at = entry + step
            else:
                out.update(at + step * bit for bit in range(bits - 1) if entry >> (bit + 1) & 1)
                at += step * (bits - 1)
        return frozenset(out)

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
        index, kind = info >> self._shift, info & ((1 << self._shift) - 1)
        types = self.types
        if types is None:
            return Word(self.image.word(address), False)
        if kind == types.relative:
            return Word(addend & self._mask, True)
        if kind in (types.absolute, types.glob_dat):
            if kind == types.glob_dat and kind != types.absolute:
                addend = 0
            symbol = self._symbols.at(index)
            value = symbol.value + addend if symbol.defined else 0
            return Word(value & self._mask, symbol.defined)
        return Word(self.image.word(address), False)

    def takes(self, symbol: Symbol) -> bool:
        """Whether a data pointer is taken from this symbol by name, so that another file may define it first."""
        if self.types is None:
            return False
        wanted = (self.types.glob_dat, self.types.absolute)
        tables = self.symbols_and_types[:2]
        return any(types[at] in wanted for symbols, types in tables for at in places(symbols, symbol.entry))

    def pointer(self, address: int) -> int:
        """The relocated word at an address as a number (load bias 0)."""
        row = self._rela_at.get(address)
        if row is not None and self.types is not None and self._rela[row * 3 + 1] == self.types.relative:
            return self._rela[row * 3 + 2]
        return self.word(address).value

    def _pointers(self, addresses: range) -> Sequence[int]:
        """The same of many words."""
        if addresses and self.types is not None and (rows := self._rela_at.run(addresses)) is not None:
            info, addend = (slice(3 * rows.start + at, 3 * rows.stop, 3 * rows.step) for at in (1, 2))
            if self._rela[info].count(self.types.relative) == len(addresses):
                return self._rela[addend]
        return [*map(self.pointer, addresses)]

    def text(self, address: int, limit: int = 1 << 16) -> bytes:
        """The bytes of the Go string whose header {pointer, length} lies at an address; at most `limit` long."""
        length = self.image.word(address + self.image.word_size)
        if length > limit:
            raise MalformedFile(f"{self.image.path}: a string of {length} bytes at {address:#x}")
        return self.image.read(self.pointer(address), length) if length else b""

    def texts(self, addresses: range, lengths: Sequence[int], limit: int) -> list[bytes]:
        """The same of many strings whose lengths are known, read at once where they lie near each other."""
        if max(lengths, default=0) > limit:
            raise MalformedFile(f"{self.image.path}: a string of {max(lengths)} bytes")
        places = [at if size else 0 for at, size in zip(self._pointers(addresses), lengths, strict=True)]
        low, end = min(filter(None, places), default=0), max(map(add, places, lengths), default=0)
        if end - low <= NEAR:
            with suppress(MalformedFile):
                held = self.image.read(low, end - low)
                return [held[at - low : at - low + size] for at, size in zip(places, lengths, strict=True)]
        return [self.image.read(at, size) if size else b"" for at, size in zip(places, lengths, strict=True)]

    def writers_of(self, value: int) -> list[int]:
        """The addresses whose relocated word would be `value`: by RELATIVE relocation, then by content (REL, RELR).

        The first `MAX_WRITERS` of each kind.
        """
        out: list[int] = []
        addends = self._rela[2::3]
        at = -1
        while len(out) < MAX_WRITERS:
            try:
                at = addends.index(value, at + 1)
            except ValueError:
                break
            out.append(self._rela[at * 3])
        pattern = value.to_bytes(self.image.word_size, self.image.order)
        # Zeros at the ends of a pattern make the search in memory full of zeros ten times slower.
        needle = pattern.strip(b"\0") or pattern
        before, size = pattern.find(needle), len(pattern)
        for segment in self.image.loads:
            if segment.flags & c.PF_W:
                hits = islice(self.image.find(segment.offset, segment.filesz, needle), MAX_HITS)
                addresses = (segment.vaddr + at - before for at in hits)
                found = (at for at in addresses if at % size == 0 and self._holds(segment, at, pattern))
                out.extend(islice(found, MAX_WRITERS))
        return list(dict.fromkeys(out))

    def _holds(self, segment: Segment, address: int, pattern: bytes) -> bool:
        return self.image.pread(segment.offset + address - segment.vaddr, len(pattern)) == pattern
