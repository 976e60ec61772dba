"""What the dynamic linker reads of a file: the dynamic section, symbols through the hash tables, versions.

Symbols are found as `ld.so` finds them (`elf/dl-lookup.c`): `.gnu.hash`, or `.hash` where there is no other.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Iterator
from functools import cached_property
from itertools import compress
from typing import NamedTuple

from gopluck.elf import constants as c
from gopluck.elf.image import CHUNK, Image
from gopluck.errors import MalformedFile

MAX_DYNAMIC = 1 << 12
"""Entries of a dynamic section that are read at the most (real ones have 20 to 40)."""

MAX_NEEDED = 256
"""Needed libraries of one file, each of which has to be looked for."""

MAX_CHAIN = 1 << 16
"""Steps along one version list before a file counts as damaged."""

MAX_STEPS = 1 << 17
"""Steps along hash chains, of all symbols that are looked for: a chain can lead back to itself."""

MAX_SYMBOLS = 1 << 21
"""Entries of `.dynsym` that are looked at at the most."""

ROWS = 1 << 15
"""Symbols that are held at a time."""

MAX_STRINGS = 1 << 26
"""Bytes of `.dynstr` (a host of 130 MB has 10 MB)."""

MAX_FOUND = 1 << 16
"""Symbols with one prefix."""

MAX_NAME = 8192
"""Bytes of a symbol name that are compared at the most."""


class Symbol(NamedTuple):
    """One entry of `.dynsym`. `value` is an address at load bias 0, `size` in bytes."""

    name: str
    value: int
    size: int
    bind: int
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


class VersionNeed(NamedTuple):
    """One needed symbol version: `vna_name` of library `vn_file`."""

    file: str
    version: str
    weak: bool


class Dynamic:
    """The dynamic section of an image. Raises `MalformedFile` when a table of it lies outside the file."""

    def __init__(self, image: Image) -> None:
        self.image = image
        self._steps = MAX_STEPS
        order = image.header.byte_order
        self._wide = image.header.elf_class == 64
        self._sym = struct.Struct(order + ("IBBHQQ" if self._wide else "IIIBBH"))
        self._u32 = struct.Struct(order + "I")

    @cached_property
    def entries(self) -> tuple[tuple[int, int], ...]:
        """(tag, value) in file order; empty when there is no dynamic section."""
        segment = next((s for s in self.image.segments if s.type == c.PT_DYNAMIC), None)
        if segment is None:
            return ()
        form = struct.Struct(self.image.header.byte_order + ("qQ" if self._wide else "iI"))
        data = self.image.pread(segment.offset, min(segment.filesz, form.size * MAX_DYNAMIC))
        out = []
        for tag, value in form.iter_unpack(data[: len(data) // form.size * form.size]):
            if tag == c.DT_NULL:
                break
            out.append((tag, value))
        return tuple(out)

    @cached_property
    def tags(self) -> dict[int, int]:
        """The value of each tag (the last, as `ld.so` keeps it)."""
        return dict(self.entries)

    # -- strings -------------------------------------------------------------------------------------------

    @cached_property
    def strtab(self) -> tuple[int, int]:
        """File offset and size of `.dynstr`; (0, 0) where there is none."""
        offset, size = self._table(c.DT_STRTAB, self.tags.get(c.DT_STRSZ, 0))
        if size > MAX_STRINGS:
            raise MalformedFile(f"{self.image.path}: .dynstr of {size} bytes")
        return offset, size

    def _table(self, tag: int, size: int) -> tuple[int, int]:
        address = self.tags.get(tag)
        if address is None:
            return 0, 0
        segment = self.image.segment_of(address)
        if segment is None:
            raise MalformedFile(f"{self.image.path}: dynamic tag {tag:#x} points at {address:#x}, outside the file")
        offset = segment.offset + address - segment.vaddr
        return offset, max(0, min(size, self.image.size - offset))

    def string(self, index: int) -> str:
        """The string at an index of `.dynstr`."""
        offset, size = self.strtab
        if index >= size:
            raise MalformedFile(f"{self.image.path}: string {index:#x} lies outside .dynstr")
        return self.image.cstring(offset + index, min(MAX_NAME, size - index))

    def strings_with(self, prefixes: tuple[bytes, ...]) -> dict[int, bytes]:
        """Each string of `.dynstr` that starts with one of the prefixes, by its index there.

        A string that is only the tail of a longer one (linkers merge suffixes) is not seen; Go's symbol names,
        which start with a prefix of their own, are never tails.
        """
        offset, size = self.strtab
        needles = [b"\0" + prefix for prefix in prefixes]
        out: dict[int, bytes] = {}
        for number, chunk in enumerate(self.image.chunks(offset, size, MAX_NAME)):
            for needle in needles:
                at = chunk.find(needle)
                while at >= 0:
                    end = chunk.find(b"\0", at + 1)
                    if end < 0:
                        break
                    out[number * CHUNK + at + 1] = chunk[at + 1 : end]
                    if len(out) > MAX_FOUND:
                        raise MalformedFile(f"{self.image.path}: more than {MAX_FOUND} names of one kind")
                    at = chunk.find(needle, end)
        return out

    def symbols_with(self, prefixes: tuple[bytes, ...]) -> list[Symbol]:
        """The defined symbols whose name starts with one of the prefixes, in table order.

        Hundreds at a time: their names are found in `.dynstr`, and the table is searched for them as one column.
        """
        strings = self.strings_with(prefixes)
        out: list[Symbol] = []
        step = self._sym.size
        count = self.count if strings else 0
        for first in range(0, count, ROWS):
            data = self.image.pread(self._symtab + first * step, min(ROWS, count - first) * step)
            names = column(data[: len(data) // step * step], 0, step, "I", self.image.header.byte_order)
            for row in compress(range(len(names)), map(strings.__contains__, names)):
                name, value, size, info, shndx = self._unpack(data[row * step : (row + 1) * step])
                if shndx != c.SHN_UNDEF:
                    text = strings[name].decode("utf-8", "surrogateescape")
                    out.append(Symbol(text, value, size, info >> 4, info & 15, shndx, first + row))
        return out

    # -- the lists of the dynamic section ----------------------------------------------------------------------

    @cached_property
    def needed(self) -> tuple[str, ...]:
        """`DT_NEEDED`, in order."""
        indexes = [value for tag, value in self.entries if tag == c.DT_NEEDED]
        if len(indexes) > MAX_NEEDED:
            raise MalformedFile(f"{self.image.path}: {len(indexes)} needed libraries")
        return tuple(map(self.string, indexes))

    def text(self, tag: int) -> str | None:
        """The string value of a tag (`DT_SONAME`, `DT_RPATH`, `DT_RUNPATH`), or None."""
        value = self.tags.get(tag)
        return None if value is None else self.string(value)

    # -- symbols -------------------------------------------------------------------------------------------

    @cached_property
    def _symtab(self) -> int:
        offset, _ = self._table(c.DT_SYMTAB, self.image.size)
        return offset

    @cached_property
    def count(self) -> int:
        """Entries of `.dynsym`: `nchain` of `.hash`, or the end of the last chain of `.gnu.hash`.

        At most `MAX_SYMBOLS`. Raises `MalformedFile` when the file does not hold as many.
        """
        count = self.hash_chains or self._hashed_end() if c.DT_SYMTAB in self.tags else 0
        count = min(count, MAX_SYMBOLS)
        if count > max(0, self.image.size - self._symtab) // self._sym.size:
            raise MalformedFile(f"{self.image.path}: {count} dynamic symbols do not fit into the file")
        return count

    def _hashed_end(self) -> int:
        if self._gnu_hash is None:
            return 0
        nbuckets, symoffset, buckets, chains, _ = self._gnu_hash
        order = self.image.header.byte_order
        last: int = max(column(self.image.pread(buckets, 4 * nbuckets), 0, 4, "I", order), default=0)
        if last < symoffset:
            return symoffset
        at = chains + 4 * (last - symoffset)
        while last < MAX_SYMBOLS:
            data = self.image.pread(at, 4096)
            if len(data) < 4:
                raise MalformedFile(f"{self.image.path}: .gnu.hash has no end")
            for value in column(data[: len(data) // 4 * 4], 0, 4, "I", order):
                last += 1
                if value & 1:
                    return last
            at += 4096
        return last

    def symbol_at(self, index: int) -> Symbol:
        """The entry of `.dynsym` at an index."""
        value = self._raw_symbol(index)
        return Symbol(self.string(value[0]), value[1], value[2], value[3] >> 4, value[3] & 15, value[4], index)

    def _raw_symbol(self, index: int) -> tuple[int, int, int, int, int]:
        if c.DT_SYMTAB not in self.tags:
            raise MalformedFile(f"{self.image.path}: symbol {index} without a symbol table")
        data = self.image.pread(self._symtab + index * self._sym.size, self._sym.size)
        if len(data) < self._sym.size:
            raise MalformedFile(f"{self.image.path}: symbol {index} lies outside the file")
        return self._unpack(data)

    def _unpack(self, data: bytes) -> tuple[int, int, int, int, int]:
        """(st_name, st_value, st_size, st_info, st_shndx)."""
        row = self._sym.unpack(data)
        if self._wide:
            name, info, _, shndx, value, size = row
        else:
            name, value, size, info, _, shndx = row
        return name, value, size, info, shndx

    @cached_property
    def _gnu_hash(self) -> tuple[int, int, int, int, int] | None:
        """(nbuckets, symoffset, file offset of buckets, file offset of chains, file offset of the bloom filter)."""
        if c.DT_GNU_HASH not in self.tags:
            return None
        offset, size = self._table(c.DT_GNU_HASH, self.image.size)
        head = self.image.pread(offset, 16)
        if len(head) < 16:
            raise MalformedFile(f"{self.image.path}: .gnu.hash lies outside the file")
        nbuckets, symoffset, bloom, _ = struct.unpack(self.image.header.byte_order + "4I", head)
        buckets = offset + 16 + bloom * self.image.word_size
        if not 0 < nbuckets <= MAX_SYMBOLS or (buckets - offset) + nbuckets * 4 > size:
            raise MalformedFile(f"{self.image.path}: .gnu.hash contradicts itself")
        return nbuckets, symoffset, buckets, buckets + nbuckets * 4, offset + 16

    @property
    def first_hashed(self) -> int | None:
        """The index of the first symbol in `.gnu.hash`, or None where there is no `.gnu.hash`."""
        return self._gnu_hash[1] if self._gnu_hash is not None else None

    @cached_property
    def _sysv_hash(self) -> tuple[int, int, int] | None:
        """(nbucket, nchain, file offset of the buckets)."""
        if c.DT_HASH not in self.tags:
            return None
        step = self.hash_entry
        offset, size = self._table(c.DT_HASH, self.image.size)
        nbucket, nchain = self._hash_word(offset), self._hash_word(offset + step)
        if nbucket == 0 or step * (2 + nbucket + nchain) > size:
            raise MalformedFile(f"{self.image.path}: .hash contradicts itself")
        return nbucket, nchain, offset + 2 * step

    @property
    def hash_chains(self) -> int:
        """`nchain` of `.hash`, which is the number of dynamic symbols; 0 where there is no `.hash`."""
        return self._sysv_hash[1] if self._sysv_hash is not None else 0

    @cached_property
    def hash_entry(self) -> int:
        """Bytes of an entry of `.hash`: 8 on 64-bit s390 (`Elf_Symndx` in glibc's `sysdeps/s390/s390-64`), else 4."""
        header = self.image.header
        return 8 if header.machine == c.EM_S390 and header.elf_class == 64 else 4

    def _hash_word(self, offset: int) -> int:
        data = self.image.pread(offset, self.hash_entry)
        if len(data) < self.hash_entry:
            raise MalformedFile(f"{self.image.path}: .hash lies outside the file")
        return int.from_bytes(data, "little" if self.image.header.byte_order == "<" else "big")

    def symbol(self, name: str) -> Symbol | None:
        """The symbol that `ld.so` would find under this name in this file, or None."""
        wanted = name.encode("utf-8", "surrogateescape")
        for index in self._candidates(wanted):
            raw = self._raw_symbol(index)
            if raw[4] != c.SHN_UNDEF and self._is_name(raw[0], wanted):
                return Symbol(name, raw[1], raw[2], raw[3] >> 4, raw[3] & 15, raw[4], index)
        return None

    def _is_name(self, index: int, wanted: bytes) -> bool:
        offset, _ = self.strtab
        return self.image.pread(offset + index, len(wanted) + 1) == wanted + b"\0"

    def _candidates(self, wanted: bytes) -> Iterator[int]:
        if self._gnu_hash is not None:
            nbuckets, symoffset, buckets, chains, _ = self._gnu_hash
            value = gnu_hash(wanted)
            index = self._u32_at(buckets + 4 * (value % nbuckets))
            if index < symoffset:
                return
            while True:
                self._step()
                entry = self._u32_at(chains + 4 * (index - symoffset))
                if entry | 1 == value | 1:
                    yield index
                if entry & 1:
                    return
                index += 1
        elif self._sysv_hash is not None:
            nbucket, nchain, at = self._sysv_hash
            index = self._hash_word(at + self.hash_entry * (sysv_hash(wanted) % nbucket))
            while 0 < index < nchain:
                self._step()
                yield index
                index = self._hash_word(at + self.hash_entry * (nbucket + index))

    def _step(self) -> None:
        self._steps -= 1
        if self._steps < 0:
            raise MalformedFile(f"{self.image.path}: the chains of its hash table have no end")

    def _u32_at(self, offset: int) -> int:
        data = self.image.pread(offset, 4)
        if len(data) < 4:
            raise MalformedFile(f"{self.image.path}: a hash table lies outside the file")
        value: int = self._u32.unpack(data)[0]
        return value

    # -- what has to come from elsewhere -------------------------------------------------------------------------

    @cached_property
    def version_needs(self) -> tuple[VersionNeed, ...]:
        """`.gnu.version_r`, in order (`Elfxx_Verneed`, `Elfxx_Vernaux`)."""
        return tuple(need for need, _ in self._verneed)

    @property
    def version_by_index(self) -> dict[int, tuple[str, str]]:
        """(file, version) of each index that `.gnu.version` uses for a needed version."""
        return {index: (need.file, need.version) for need, index in self._verneed}

    @cached_property
    def _verneed(self) -> tuple[tuple[VersionNeed, int], ...]:
        at, _ = self._table(c.DT_VERNEED, self.image.size)
        order, out, steps = self.image.header.byte_order, [], 0
        while at and steps < MAX_CHAIN:
            head = self.image.pread(at, 16)
            if len(head) < 16:
                raise MalformedFile(f"{self.image.path}: .gnu.version_r lies outside the file")
            _, count, file, aux, step = struct.unpack(order + "HHIII", head)
            entry = at + aux
            for _ in range(count):
                steps += 1
                data = self.image.pread(entry, 16)
                if len(data) < 16 or steps > MAX_CHAIN:
                    raise MalformedFile(f"{self.image.path}: .gnu.version_r lies outside the file")
                _, flags, index, name, following = struct.unpack(order + "IHHII", data)
                need = VersionNeed(self.string(file), self.string(name), bool(flags & 2))
                out.append((need, index & 0x7FFF))
                if not following:
                    break
                entry += following
            steps += 1
            at = at + step if step else 0
        return tuple(out)

    @cached_property
    def version_definitions(self) -> tuple[str, ...]:
        """The names of `.gnu.version_d`, in order (the first is the file itself)."""
        at, _ = self._table(c.DT_VERDEF, self.image.size)
        order, out = self.image.header.byte_order, []
        for _ in range(MAX_CHAIN if at else 0):
            head = self.image.pread(at, 20)
            if len(head) < 20:
                raise MalformedFile(f"{self.image.path}: .gnu.version_d lies outside the file")
            _, _, _, _, _, aux, step = struct.unpack(order + "HHHHIII", head)
            data = self.image.pread(at + aux, 8)
            if len(data) < 8:
                raise MalformedFile(f"{self.image.path}: .gnu.version_d lies outside the file")
            out.append(self.string(struct.unpack(order + "II", data)[0]))
            if not step:
                break
            at += step
        return tuple(out)


def gnu_hash(name: bytes) -> int:
    """The hash of `.gnu.hash` (`elf/dl-new-hash.h`)."""
    value = 5381
    for byte in name:
        value = (value * 33 + byte) & 0xFFFFFFFF
    return value


def sysv_hash(name: bytes) -> int:
    """The hash of `.hash` (System V ABI, chapter 5)."""
    value = 0
    for byte in name:
        value = (value << 4) + byte
        value ^= (value & 0xF0000000) >> 24
        value &= 0x0FFFFFFF
    return value


def column(data: bytes, at: int, step: int, code: str, order: str) -> array[int]:
    """One field of a table of records, as an array."""
    cells: array[int] = array(code)
    cells.frombytes(data[: len(data) // step * step])
    out = cells[at // cells.itemsize :: step // cells.itemsize]
    if (order == "<") != (sys.byteorder == "little"):
        out.byteswap()
    return out
