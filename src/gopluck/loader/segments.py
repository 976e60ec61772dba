"""The ELF header and the segments as a loader sees them, and what it touches of a file that is cut off."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import pairwise

from gopluck import machine
from gopluck.elf import constants as c
from gopluck.elf.image import Segment
from gopluck.facts.model import Binary, Elf
from gopluck.loader.answer import Failure, not_known, process_dies
from gopluck.loader.texts import ASAN_BUS, SIGBUS
from gopluck.record import NamedTuple

PAGE = machine.SMALLEST_PAGE
ADDRESS_SPACE = 1 << 47
"""Bytes that no mapping can span (x86-64's user half; others are of that order)."""


class Head(NamedTuple):
    """The ELF header as a loader of the host's class reads it."""

    ident: bytes
    type: int
    machine: int
    version: int
    phoff: int
    phentsize: int
    phnum: int

    @classmethod
    def of(cls, elf: Elf) -> Head:
        """The header of a file."""
        wide, order = elf.elf_class == 64, "<" if elf.byte_order == "little" else ">"
        # A file can end inside the header of its class, but not inside that of the host's.
        row = struct.unpack_from(order + ("HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH"), elf.head.ljust(64, b"\0"), 16)
        return cls(elf.head[:16], row[0], row[1], row[2], row[4], row[8], row[9])


def span(loads: Sequence[Segment]) -> int:
    """Bytes of addresses from the first `PT_LOAD` segment to the end of the last."""
    return loads[-1].vaddr + loads[-1].memsz - loads[0].vaddr


def check_cut(binary: Binary, elf: Elf, host: Elf) -> None:
    """A segment beyond the end of the file is mapped, and the process dies (SIGBUS) where it touches such a page.

    It always touches the dynamic section, and the page where `.bss` begins (`_dl_map_segments` clears its rest).
    """
    if not _plausible(elf):
        raise not_known("its program headers contradict each other", Failure.FORM)
    end = (binary.size + PAGE - 1) & -PAGE
    if all(segment.offset + segment.filesz <= end for segment in elf.segments if segment.type == c.PT_LOAD):
        return
    missing = max(s.offset + s.filesz for s in elf.segments if s.type == c.PT_LOAD) - binary.size
    evidence = {"missing_bytes": str(missing)}
    if any(_touched(segment) > end for segment in elf.segments):
        asan = any(name.startswith("libasan.so") for name in host.needed)
        text = ASAN_BUS if asan else SIGBUS
        raise process_dies(text, Failure.FORM, evidence, exact=not asan)
    text = f"the file is cut: {missing} bytes that it maps are missing"
    raise not_known(text, Failure.FORM, evidence)


PT_GNU_RELRO = 0x6474E552


def _plausible(elf: Elf) -> bool:
    """Whether the segments lie as every linker lays them: what `mmap` makes of others is not replayed."""
    loads = [s for s in elf.segments if s.type == c.PT_LOAD]
    inner = [s for s in elf.segments if s.type in (c.PT_DYNAMIC, c.PT_TLS, PT_GNU_RELRO)]
    ordered = all(low.vaddr + low.memsz <= high.vaddr for low, high in pairwise(loads))
    ends = [(s.vaddr & -PAGE, (s.vaddr + s.memsz + PAGE - 1) & -PAGE) for s in loads]
    held = (any(low <= s.vaddr and s.vaddr + s.memsz <= high for low, high in ends) for s in inner if s.filesz)
    return ordered and all(s.filesz <= s.memsz for s in loads) and all(held)


def _touched(segment: Segment) -> int:
    """The end of what a loader is sure to touch of a segment, as an offset into the file."""
    end = segment.offset + segment.filesz
    if segment.type == c.PT_DYNAMIC:
        return end
    cleared = segment.memsz > segment.filesz and (segment.vaddr + segment.filesz) % PAGE
    return end if segment.type == c.PT_LOAD and cleared else 0
