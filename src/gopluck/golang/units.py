"""The compile units of DWARF: name and producer of each, from the first entry, up to those two.

pyelftools decodes unit headers, abbreviations and attributes (`elftools.dwarf.structs`). Its `DWARFInfo` would inflate
all debug sections as a whole (0.2 s for a host of 71 MB) and needs 130 µs for the first entry of each of 1,100 units,
most of it for strings, byte by byte; here it is 50 µs, and 0.13 s for all with the inflating of one section. What it
raises, and numbers that it believes, end here: a unit that cannot be read is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from typing import Any, Literal

from elftools.common.exceptions import ELFError
from elftools.common.utils import struct_parse
from elftools.construct import ConstructError
from elftools.dwarf.abbrevtable import AbbrevTable
from elftools.dwarf.enums import DW_FORM_raw2name
from elftools.dwarf.structs import DWARFStructs

from gopluck.golang import importpath

MAX_ENTRY = 4096
"""Bytes of the first entry of a unit, and of abbreviations for it, that are read at the most."""

MAX_READS = 1 << 18
"""Values that pyelftools reads one by one, in abbreviations and in units; each unit has some 8 that are read."""

MAX_TABLE = 1 << 14
"""Bytes of a table of abbreviations that are decoded at the most: Go's own has 2 KB."""

MAX_MEMBERS = 128
"""Fields of a struct."""

WIDE = 8
"""Bytes of a value that it reads at once; blocks and LEB128 numbers are read byte by byte."""

DAMAGE = (ELFError, ConstructError, KeyError, ValueError)
"""What pyelftools raises, and what is raised here, for a unit that cannot be read."""


class Units:
    """(name, producer) of each compile unit.

    `info`: bytes of `.debug_info` from an offset, which is never before that of an earlier call; fewer at the end.
    """

    def __init__(
        self, order: Literal["little", "big"], info: Callable[[int, int], bytes], abbreviations: bytes
    ) -> None:
        self._order = order
        self._info = info
        self._abbreviations = abbreviations
        self._known: dict[tuple[int, int], list[Any]] = {}
        self._room = MAX_READS
        self.span = (0, 0)
        """Offset and bytes of the unit that was given last."""

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        at = 0
        for _ in range(importpath.MAX_PACKAGES):
            data = self._info(at, MAX_ENTRY)
            if len(data) < 16:
                return
            wide = data[:4] == b"\xff\xff\xff\xff"
            length = int.from_bytes(data[4:12] if wide else data[:4], self._order)
            try:
                found = self._first_entry(data, 64 if wide else 32)
            except DAMAGE:
                found = None
            if found is not None:
                self.span = (at, length + (12 if wide else 4))
                yield found
            if length < 8:
                return
            at += length + (12 if wide else 4)

    def _structs(self, form: int, address_size: int = 8, version: int = 2) -> DWARFStructs:
        return DWARFStructs(self._order == "little", form, address_size, version)

    def _spend(self, reads: int) -> None:
        self._room -= reads
        if self._room < 0:
            raise ValueError("more values than gopluck reads")

    def _first_entry(self, data: bytes, form: int) -> tuple[bytes, bytes] | None:
        stream = BytesIO(data)
        header = struct_parse(self._structs(form).Dwarf_CU_header, stream)
        # pyelftools takes any version, keeps what it makes for each, and asserts that addresses have 4 or 8 bytes.
        if not 2 <= header.version <= 5 or header.address_size not in (4, 8):
            return None
        if header.version == 5 and header.unit_type != "DW_UT_compile":
            return None
        structs = self._structs(form, header.address_size, header.version)
        code: int = struct_parse(structs.the_Dwarf_uleb128, stream)
        name = producer = None
        for attribute in self._attributes(structs, header.debug_abbrev_offset, code):
            start = stream.tell()
            value = _value(structs, attribute.form, stream, data)
            self._spend(1 if isinstance(value, bytes) else max(1, stream.tell() - start - WIDE))
            if attribute.name == "DW_AT_name":
                name = value
            elif attribute.name == "DW_AT_producer":
                producer = value
            if isinstance(name, bytes) and isinstance(producer, bytes):
                return name, producer
        return None

    def _attributes(self, structs: DWARFStructs, table: int, wanted: int) -> list[Any]:
        """The attributes of a compile unit's abbreviation; none for another tag or an unknown code."""
        if (table, wanted) not in self._known:
            self._known[table, wanted] = self._read_attributes(structs, table, wanted)
        return self._known[table, wanted]

    def _read_attributes(self, structs: DWARFStructs, table: int, wanted: int) -> list[Any]:
        # An `AbbrevTable` reads the whole table: some 5 ms for each object of C.
        stream = BytesIO(self._abbreviations[table : table + MAX_ENTRY])
        code: int
        while (code := struct_parse(structs.the_Dwarf_uleb128, stream)) != 0:
            start = stream.tell()
            declaration = struct_parse(structs.Dwarf_abbrev_declaration, stream)
            self._spend(stream.tell() - start)
            if code == wanted:
                return list(declaration.attr_spec) if declaration.tag == "DW_TAG_compile_unit" else []
        return []


def struct(
    data: bytes, abbreviations: bytes, order: Literal["little", "big"], name: bytes
) -> tuple[int, Mapping[str, int]] | None:
    """Size and offset of each field of a struct, from the bytes of the unit that has it; None where it has none."""
    stream = BytesIO(data)
    try:
        form = 64 if data[:4] == b"\xff\xff\xff\xff" else 32
        header = struct_parse(DWARFStructs(order == "little", form, 8, 2).Dwarf_CU_header, stream)
        if not 2 <= header.version <= 5 or header.address_size not in (4, 8):
            return None
        structs = DWARFStructs(order == "little", form, header.address_size, header.version)
        first = header.debug_abbrev_offset
        table = AbbrevTable(structs, BytesIO(abbreviations[first : first + MAX_TABLE]), 0)
    except DAMAGE:
        return None
    # What stands before a name may be the end of another text (`*runtime.moduledata`), not an entry's code.
    for match in re.finditer(rb"[\x01-\x7f]" + re.escape(name) + rb"\x00", data):
        try:
            stream.seek(match.start())
            tag, found = _entry(structs, table, stream, data)
            if tag == "DW_TAG_structure_type":
                return _number(found.get("DW_AT_byte_size")), dict(_members(structs, table, stream, data))
        except DAMAGE:
            continue
    return None


def _members(structs: DWARFStructs, table: AbbrevTable, stream: BytesIO, data: bytes) -> Iterator[tuple[str, int]]:
    for _ in range(MAX_MEMBERS):
        tag, found = _entry(structs, table, stream, data)
        if tag != "DW_TAG_member":
            return
        name = found.get("DW_AT_name")
        if isinstance(name, bytes):
            yield name.decode("ascii", "replace"), _number(found.get("DW_AT_data_member_location"))


def _entry(structs: DWARFStructs, table: AbbrevTable, stream: BytesIO, data: bytes) -> tuple[str, Mapping[str, object]]:
    code: int = struct_parse(structs.the_Dwarf_uleb128, stream)
    if code == 0:
        return "", {}
    declaration = table.get_abbrev(code).decl
    return declaration.tag, {one.name: _value(structs, one.form, stream, data) for one in declaration.attr_spec}


def _number(value: object) -> int:
    if isinstance(value, int):
        return value
    raise ValueError(f"{value!r} is no number")


def _value(structs: DWARFStructs, form: str | int, stream: BytesIO, data: bytes) -> object:
    """The value of an attribute at the position of the stream; bytes for an inline string (Go writes no others)."""
    if form == "DW_FORM_indirect":
        form = DW_FORM_raw2name[struct_parse(structs.the_Dwarf_uleb128, stream)]
    if form == "DW_FORM_string":
        start = stream.tell()
        end = data.index(b"\0", start)
        stream.seek(end + 1)
        return data[start:end]
    reader = structs.Dwarf_dw_form[str(form)]
    return reader.parse_stream(stream) if reader is not None else None
