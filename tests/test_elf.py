"""What gopluck reads of ELF files is what pyelftools' own reader, which takes a hundred times as long, says of them."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from elftools.common.utils import struct_parse
from elftools.elf.elffile import ELFFile
from elftools.elf.enums import ENUM_D_TAG, ENUM_E_MACHINE, ENUM_E_TYPE, ENUM_P_TYPE_BASE, ENUM_SH_TYPE_BASE
from elftools.elf.structs import ELFStructs
from hypothesis import given
from hypothesis import strategies as st

from fixtures.samples.archive import unpack
from gopluck.elf import constants as c
from gopluck.elf.dynamic import Dynamic
from gopluck.elf.hashes import gnu_hash
from gopluck.elf.image import Image
from gopluck.elf.numbers import numbers, places
from gopluck.elf.records import Record, records
from gopluck.elf.relocations import _ByAddress
from gopluck.elf.symbols import Symbol
from gopluck.elf.versions import VersionNeed
from tinyelf import open_image

FILES = ("gateway", "auth.so", "gateway-386", "auth-386.so", "gateway-s390x", "auth-s390x.so", "auth-relr.so")
EVERY = 97
"""pyelftools takes 40 µs for a symbol: one of so many is compared."""


@pytest.fixture(scope="module", params=FILES)
def path(request: pytest.FixtureRequest) -> Path:
    return unpack() / str(request.param)


@pytest.fixture
def image(path: Path) -> Iterator[Image]:
    with open_image(str(path)) as image:
        yield image


@pytest.fixture
def known(path: Path) -> Iterator[Any]:
    with path.open("rb") as file:
        yield ELFFile(file)


def _number(value: int | str, *names: Mapping[str, int]) -> int:
    return value if isinstance(value, int) else next(table[value] for table in names if value in table)


def test_the_header_is_the_same(image: Image, known: Any) -> None:
    head, theirs = image.header, known.header
    assert (head.elf_class, head.byte_order) == (known.elfclass, "<" if known.little_endian else ">")
    assert (head.type, head.machine) == (ENUM_E_TYPE[theirs["e_type"]], ENUM_E_MACHINE[theirs["e_machine"]])
    fields = ("phoff", "shoff", "phentsize", "phnum", "shentsize", "shnum", "shstrndx")
    assert [getattr(head, field) for field in fields] == [theirs[f"e_{field}"] for field in fields]


def test_segments_and_sections_are_the_same(image: Image, known: Any) -> None:
    places = ("offset", "vaddr", "filesz", "memsz", "align", "flags")
    assert [tuple(getattr(one, field) for field in places) for one in image.segments] == [
        tuple(one[f"p_{field}"] for field in places) for one in known.iter_segments()
    ]
    types = [_number(one["p_type"], ENUM_P_TYPE_BASE) for one in known.iter_segments()]
    assert [one.type for one in image.segments] == types
    sections = {one.name: one for one in known.iter_sections()}
    assert list(image.sections) == list(sections)
    for name, one in image.sections.items():
        theirs = sections[name]
        assert one.type == _number(theirs["sh_type"], ENUM_SH_TYPE_BASE)
        assert one[2:] == tuple(theirs[f"sh_{field}"] for field in ("flags", "addr", "offset", "size"))


def test_dynamic_tags_and_needed_libraries_are_the_same(image: Image, known: Any) -> None:
    theirs = list(known.get_section_by_name(".dynamic").iter_tags())
    entries = [(_number(tag["d_tag"], ENUM_D_TAG), tag["d_val"]) for tag in theirs]
    dynamic = Dynamic(image)
    assert [*dynamic.entries, (c.DT_NULL, 0)] == entries[: len(dynamic.entries) + 1]
    assert dynamic.needed == tuple(tag.needed for tag in theirs if tag["d_tag"] == "DT_NEEDED")


def test_needed_versions_are_the_same(image: Image, known: Any) -> None:
    theirs = known.get_section_by_name(".gnu.version_r")
    rows = [(need.name, one) for need, ones in theirs.iter_versions() for one in ones] if theirs else []
    versions = Dynamic(image).versions
    assert versions.needs == tuple(VersionNeed(file, one.name, bool(one["vna_flags"] & 2)) for file, one in rows)
    assert dict(versions.needed_by_index) == {
        one["vna_other"]: VersionNeed(file, one.name, bool(one["vna_flags"] & 2)) for file, one in rows
    }


def test_symbols_are_the_same_by_index_by_name_and_by_column(image: Image, known: Any) -> None:
    theirs, symbols = known.get_section_by_name(".dynsym"), Dynamic(image).symbols
    assert symbols.count == theirs.num_symbols()
    sections = [section for columns in symbols.columns() for section in columns.sections]
    for index in range(1, symbols.count, EVERY):
        one = theirs.get_symbol(index)
        found = symbols.at(index)
        shndx = {"SHN_UNDEF": 0, "SHN_ABS": 0xFFF1}.get(one["st_shndx"], one["st_shndx"])
        assert (found.name, found.value, found.size, found.shndx) == (one.name, one["st_value"], one["st_size"], shndx)
        assert sections[index] == shndx
        if found.defined and found.name:
            assert symbols.find(found.name) == found


def test_symbols_of_one_prefix_are_those_of_the_table(image: Image, known: Any) -> None:
    prefix = "go:link.pkghashbytes."
    names = (one.name for one in known.get_section_by_name(".dynsym").iter_symbols() if one["st_shndx"] != "SHN_UNDEF")
    found: list[Symbol] = Dynamic(image).symbols.starting_with((prefix.encode(),))
    assert [one.name for one in found] == [name for name in names if name.startswith(prefix)] != []


KINDS = {"segment": "Elf_Phdr", "section": "Elf_Shdr", "dynamic": "Elf_Dyn", "symbol": "Elf_Sym", "need": "Elf_Verneed",
         "needed_version": "Elf_Vernaux", "definition": "Elf_Verdef", "definition_name": "Elf_Verdaux",
         "compression": "Elf_Chdr"}  # fmt: skip


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("elf_class", [32, 64])
@pytest.mark.parametrize("kind", KINDS)
def test_a_record_has_the_size_and_the_fields_of_pyelftools(kind: str, elf_class: int, order: str) -> None:
    structs = ELFStructs(little_endian=order == "<", elfclass=elf_class)
    structs.create_basic_structs()
    structs.create_advanced_structs()
    declared = getattr(structs, KINDS[kind])
    record: Record = getattr(records(elf_class, order), kind)
    assert record.size == declared.sizeof()
    data = bytes(0x81 + 5 * index & 0xFF for index in range(record.size))
    theirs = struct_parse(declared, BytesIO(data))
    fields = [name for name in record.names if isinstance(theirs[name], int)]
    ours = dict(zip(record.names, record.row(data) or (), strict=True))
    assert {name: ours[name] for name in fields} == {name: theirs[name] for name in fields} != {}
    for name in fields:
        # A column has no signs, which tags have.
        assert [value % (1 << 32) for value in record.column(data * 3, name)] == [ours[name] % (1 << 32)] * 3
    assert (record.row(data[:-1]), list(record.rows(data[:-1]))) == (None, [])


@pytest.mark.parametrize("length", [0, 1, 7, 127, 128, 129, 300, 2000])
def test_the_hash_of_a_name_is_that_of_pyelftools(length: int) -> None:
    from elftools.elf.hash import GNUHashTable

    name = ("go:link.pkghashbytes.example.com/π/" * 60)[:length]
    assert gnu_hash(name.encode()) == GNUHashTable.gnu_hash(name)


@pytest.mark.parametrize("size", [1, 2, 4, 8])
def test_a_number_is_found_among_many(size: int) -> None:
    cells = numbers(bytes([1, 2, 3, 4, 0, 0, 0, 0]) * 40 + bytes(8), size, "<")
    for value in {*cells, 77}:
        assert list(places(cells, value)) == [at for at, cell in enumerate(cells) if cell == value]


@given(st.lists(st.integers(0, 40), unique=True), st.lists(st.integers(0, 40)), st.integers(0, 50))
def test_the_entry_that_writes_an_address_is_the_last_one(first: list[int], rest: list[int], count: int) -> None:
    """`count` is `DT_RELACOUNT`, which says how many are sorted, and need not be true."""
    addresses = array("Q", [*sorted(first), *rest])
    entries = dict(zip(addresses, range(len(addresses)), strict=True))
    for told in (count, len(first)):
        found = _ByAddress(addresses, told)
        assert [found.get(address) for address in range(42)] == [entries.get(address) for address in range(42)]
