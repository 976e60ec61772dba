"""The rows of machines: whole, apart, and the same as what pyelftools and the tools of the oracle know."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from elftools.elf import enums

from gopluck import machine
from gopluck.machine import MACHINES, NAMED, Machine

PYELFTOOLS: Mapping[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "386": ("i386", ("R_386_RELATIVE", "R_386_32", "R_386_GLOB_DAT"), ("R_386_TLS_TPOFF", "R_386_TLS_TPOFF32")),
    "amd64": ("x64", ("R_X86_64_RELATIVE", "R_X86_64_64", "R_X86_64_GLOB_DAT"), ("R_X86_64_TPOFF64",)),
    "arm": ("ARM", ("R_ARM_RELATIVE", "R_ARM_ABS32", "R_ARM_GLOB_DAT"), ("R_ARM_TLS_TPOFF32",)),
    "arm64": (
        "AARCH64",
        ("R_AARCH64_RELATIVE", "R_AARCH64_ABS64", "R_AARCH64_GLOB_DAT"),
        ("R_AARCH64_TLS_TPREL64",),
    ),
    "loong64": ("LOONGARCH", ("R_LARCH_RELATIVE", "R_LARCH_64", "R_LARCH_64"), ("R_LARCH_TLS_TPREL64",)),
    "ppc64": ("PPC64", ("R_PPC64_RELATIVE", "R_PPC64_ADDR64", "R_PPC64_GLOB_DAT"), ("R_PPC64_TPREL64",)),
    "ppc64le": ("PPC64", ("R_PPC64_RELATIVE", "R_PPC64_ADDR64", "R_PPC64_GLOB_DAT"), ("R_PPC64_TPREL64",)),
    "s390x": ("S390X", ("R_390_RELATIVE", "R_390_64", "R_390_GLOB_DAT"), ("R_390_TLS_TPOFF",)),
}
"""Its table of each machine, and what it calls the types that a row has. It has none of RISC-V."""

ROWS = [pytest.param(row, id=row.goarch) for row in MACHINES]


@pytest.mark.parametrize("row", ROWS)
def test_a_row_has_a_value_in_every_column(row: Machine) -> None:
    empty = [name for name, value in (row._asdict() | row.relocations._asdict()).items() if not value]
    assert [name for name in empty if name != "tlsdesc" or row.goarch not in ("ppc64", "ppc64le", "s390x")] == []


@pytest.mark.parametrize("row", ROWS)
def test_a_row_is_found_by_what_a_file_says_and_by_its_name(row: Machine) -> None:
    form = (row.em, row.elf_class, row.byte_order)
    assert (machine.find(*form), machine.named(row.goarch), machine.goarch_of(*form)) == (row, row, row.goarch)
    assert form not in NAMED


def test_files_of_other_machines_are_named_and_no_more() -> None:
    assert {machine.goarch_of(*form) for form in NAMED} == set(NAMED.values())
    assert [machine.find(*form) for form in NAMED] == [None] * len(NAMED)
    assert (machine.goarch_of(62, 32, "<"), machine.find(62, 32, "<")) == ("machine-62", None)


def test_pyelftools_knows_the_types_of_all_machines_but_one() -> None:
    missing = {row.goarch for row in MACHINES} - set(PYELFTOOLS)
    assert missing == {"riscv64"}, "a row of MACHINES has one in PYELFTOOLS here: the names of its relocation types"


@pytest.mark.parametrize("goarch", PYELFTOOLS)
def test_relocation_types_are_those_of_pyelftools(goarch: str) -> None:
    table, types, tpoff = PYELFTOOLS[goarch]
    values: Mapping[str, int] = getattr(enums, f"ENUM_RELOC_TYPE_{table}")
    row = machine.named(goarch)
    assert row is not None
    assert (tuple(row.relocations), row.tpoff) == (tuple(map(values.__getitem__, types)), tuple(map(values.get, tpoff)))
