"""The hash tables of dynamic symbols, walked as `ld.so` walks them (`elf/dl-lookup.c`): `.gnu.hash`, or `.hash`.

Own code, because pyelftools reads the whole table before it looks a name up, and has no limit: 24 ms for golangci-lint,
where a look-up by position takes 0.04 ms. Its hash functions take time that grows with the square of the name.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from operator import mul

from gopluck.elf import constants as c
from gopluck.elf.image import Image
from gopluck.elf.tags import Tags
from gopluck.errors import MalformedFile

MAX_SYMBOLS = 1 << 20
"""Entries of `.dynsym` that are looked at at the most (a host of 130 MB has some 100,000)."""

_POWERS = [*accumulate(range(127), lambda power, _: power * 33 & 0xFFFFFFFF, initial=1)][::-1]

CHAIN = 8
"""Entries of a hash chain that are read at a time."""

MAX_STEPS = 1 << 18
"""Steps along hash chains, of all symbols that are looked for: a chain can lead back to itself."""


class _Table:
    """What both kinds have in common. Raises `MalformedFile` where it lies outside the file, or has no end."""

    first: int | None = None
    """The first symbol that is in it, where those before are undefined; else None."""

    def __init__(self, tags: Tags, name: str, entry: int) -> None:
        self._image: Image = tags.image
        self._name = name
        self._entry = entry
        self._steps = MAX_STEPS

    def _word(self, offset: int) -> int:
        data = self._image.pread(offset, self._entry)
        if len(data) < self._entry:
            raise MalformedFile(f"{self._image.path}: {self._name} lies outside the file")
        return int.from_bytes(data, self._image.order)

    def _endless(self) -> MalformedFile:
        return MalformedFile(f"{self._image.path}: the chains of its hash table have no end")


class GnuHash(_Table):
    """`.gnu.hash`."""

    def __init__(self, tags: Tags) -> None:
        super().__init__(tags, ".gnu.hash", 4)
        offset, size = tags.table(c.DT_GNU_HASH)
        self._nbuckets, self._first, bloom = (self._word(offset + 4 * index) for index in range(3))
        self.first = self._first
        self._buckets = offset + 16 + bloom * self._image.word_size
        self._chains = self._buckets + self._nbuckets * 4
        if not 0 < self._nbuckets <= MAX_SYMBOLS or self._chains - offset > size:
            raise MalformedFile(f"{self._image.path}: .gnu.hash contradicts itself")

    def count(self) -> int:
        """Entries of `.dynsym`: to the end of the last chain."""
        first = self._first
        last = max(self._image.numbers(self._buckets, self._nbuckets, 4), default=0)
        if last < first:
            return first
        at = self._chains + 4 * (last - first)
        while last < MAX_SYMBOLS:
            values = self._image.numbers(at, 1024, 4)
            if not values:
                raise MalformedFile(f"{self._image.path}: .gnu.hash has no end")
            for value in values:
                last += 1
                if value & 1:
                    return last
            at += 4096
        return last

    def candidates(self, name: bytes) -> Iterator[int]:
        """The symbols of the name's bucket that have its hash."""
        value, first = gnu_hash(name), self._first
        wanted = value | 1
        index = self._word(self._buckets + 4 * (value % self._nbuckets))
        while index >= first:
            # Most chains are shorter; the end of the table must not be too short for one entry.
            entries = self._image.numbers(self._chains + 4 * (index - first), CHAIN, 4)
            if not entries:
                raise MalformedFile(f"{self._image.path}: {self._name} lies outside the file")
            for entry in entries:
                self._steps -= 1
                if self._steps < 0:
                    raise self._endless()
                if entry | 1 == wanted:
                    yield index
                if entry & 1:
                    return
                index += 1


class SysvHash(_Table):
    """`.hash`, which has all symbols."""

    def __init__(self, tags: Tags) -> None:
        known = tags.image.machine
        super().__init__(tags, ".hash", known.hash_entry if known else 4)
        offset, size = tags.table(c.DT_HASH)
        self._nbucket, self._nchain = self._word(offset), self._word(offset + self._entry)
        self._at = offset + 2 * self._entry
        if self._nbucket == 0 or self._entry * (2 + self._nbucket + self._nchain) > size:
            raise MalformedFile(f"{self._image.path}: .hash contradicts itself")

    def count(self) -> int:
        """Entries of `.dynsym`: `nchain`."""
        return self._nchain

    def candidates(self, name: bytes) -> Iterator[int]:
        """The symbols of the name's bucket."""
        index = self._word(self._at + self._entry * (sysv_hash(name) % self._nbucket))
        # A chain that is longer than the table has been at one of its symbols before.
        for _ in range(self._nchain):
            if not 0 < index < self._nchain:
                return
            self._steps -= 1
            if self._steps < 0:
                raise self._endless()
            yield index
            index = self._word(self._at + self._entry * (self._nbucket + index))
        raise self._endless()


def gnu_hash(name: bytes) -> int:
    """The hash of `.gnu.hash` (`elf/dl-new-hash.h`): for each byte `value * 33 + byte`, of 32 bits, here as one sum."""
    value, powers = 5381, _POWERS
    for at in range(0, len(name), len(powers)):
        piece = name[at : at + len(powers)]
        value = (value * powers[-len(piece)] * 33 + sum(map(mul, piece, powers[-len(piece) :]))) & 0xFFFFFFFF
    return value


def sysv_hash(name: bytes) -> int:
    """The hash of `.hash` (System V ABI, chapter 5)."""
    value = 0
    for byte in name:
        value = (value << 4) + byte
        value ^= (value & 0xF0000000) >> 24
        value &= 0x0FFFFFFF
    return value
