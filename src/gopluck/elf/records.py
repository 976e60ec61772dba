"""The records of ELF files as pyelftools declares them (`elftools.elf.structs`), read as plain numbers.

pyelftools reads one field at a time and turns numbers into names: 9 µs for a program header, so 0.6 s for the 65,535
that a file can announce, and 25 µs for a symbol, of which a host has 100,000. Here the declaration of a record becomes
one `struct.Struct`, which reads it in 0.7 µs; what a field is called and where it lies is still told by pyelftools.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator
from functools import cache
from itertools import accumulate
from operator import itemgetter
from typing import Any

from elftools.construct import MappingAdapter, Struct
from elftools.construct.core import FormatField
from elftools.elf.structs import ELFStructs

from gopluck.elf.numbers import numbers


class Record:
    """One kind of record: its `size` in bytes, and how the fields of some `names` are read."""

    def __init__(self, declared: Struct, byte_order: str, names: tuple[str, ...]) -> None:
        fields = list(_fields(declared))
        codes = [code for _, code in fields]
        self.names = names
        self._order = byte_order
        self._form = struct.Struct(byte_order + "".join(codes))
        self._pick = itemgetter(*([name for name, _ in fields].index(name) for name in names))
        sizes = [struct.calcsize(byte_order + code) for code in codes]
        starts = accumulate(sizes[:-1], initial=0)
        self._columns = {name: place for (name, _), *place in zip(fields, starts, sizes, strict=True)}
        self.size = self._form.size

    def row(self, data: bytes) -> tuple[int, ...] | None:
        """The fields of the record at the start of some bytes; None when it is cut."""
        return self._pick(self._form.unpack_from(data)) if len(data) >= self.size else None

    def rows(self, data: bytes) -> Iterator[tuple[int, ...]]:
        """The fields of each record of a table; without a last one that is cut."""
        return map(self._pick, self._form.iter_unpack(data[: len(data) // self.size * self.size]))

    def column(self, data: bytes, name: str) -> array[int]:
        """One field of each record of a table."""
        at, size = self._columns[name]
        return numbers(data[: len(data) // self.size * self.size], size, self._order)[at // size :: self.size // size]


def _fields(declared: Struct) -> Iterator[tuple[str, str]]:
    """Name of each field and its code for `struct`; bit fields and padding stay the bytes that they are."""
    for part in declared.subcons:
        plain: Any = part.subcon if isinstance(part, MappingAdapter) else part
        if isinstance(plain, Struct):
            yield from _fields(plain)
        elif isinstance(plain, FormatField):
            yield str(plain.name), plain.packer.format[-1]
        elif size := plain.sizeof():
            yield str(plain.name), "B" if size == 1 else f"{size}s"


MADE = ("phdr", "shdr", "chdr", "sym", "dyn", "gnu_verneed", "gnu_verdef")
"""The records that pyelftools is to declare: all of them take three times as long."""


class Records:
    """The records of files of a class (32 or 64) and byte order (`<` or `>`), with the fields that are read of each."""

    def __init__(self, elf_class: int, byte_order: str) -> None:
        structs: Any = ELFStructs(little_endian=byte_order == "<", elfclass=elf_class)
        structs.create_basic_structs()
        try:
            for name in MADE:
                getattr(structs, f"_create_{name}")()
        except AttributeError:  # another release of pyelftools
            structs.create_advanced_structs()

        def record(declared: Struct, *names: str) -> Record:
            return Record(declared, byte_order, names)

        self.header = record(
            structs.Elf_Ehdr, "e_type", "e_machine", "e_phoff", "e_shoff", "e_phentsize", "e_phnum", "e_shentsize",
            "e_shnum", "e_shstrndx",
        )  # fmt: skip
        self.segment = record(
            structs.Elf_Phdr, "p_type", "p_flags", "p_offset", "p_vaddr", "p_filesz", "p_memsz", "p_align"
        )
        self.section = record(structs.Elf_Shdr, "sh_name", "sh_type", "sh_flags", "sh_addr", "sh_offset", "sh_size")
        self.compression = record(structs.Elf_Chdr, "ch_type", "ch_size")
        self.dynamic = record(structs.Elf_Dyn, "d_tag", "d_val")
        self.symbol = record(structs.Elf_Sym, "st_name", "st_value", "st_size", "st_info", "st_shndx")
        self.need = record(structs.Elf_Verneed, "vn_cnt", "vn_file", "vn_aux", "vn_next")
        self.needed_version = record(structs.Elf_Vernaux, "vna_flags", "vna_other", "vna_name", "vna_next")
        self.definition = record(structs.Elf_Verdef, "vd_flags", "vd_ndx", "vd_aux", "vd_next")
        self.definition_name = record(structs.Elf_Verdaux, "vda_name", "vda_next")


@cache
def records(elf_class: int, byte_order: str) -> Records:
    """The records of a class and byte order: made in 1 ms, and once."""
    return Records(elf_class, byte_order)
