"""What musl checks of one file before it maps it (`ldso/dynlink.c`, `map_library`), and the names that it keeps."""

from __future__ import annotations

import re

from gopluck.elf import constants as c
from gopluck.facts.model import Binary, Elf
from gopluck.loader.answer import Failure, Refused, not_known
from gopluck.loader.libc import Libc
from gopluck.loader.segments import ADDRESS_SPACE, Head, check_cut, span

RESERVED = re.compile(r"lib(c|pthread|rt|m|dl|util|xnet)\.")
"""Names that musl takes for itself (`ldso/dynlink.c`, `load_library`)."""


def check_file(binary: Binary, path: str, name: str, host: Elf, libc: Libc) -> None:
    """Raises `Refused` for what musl finds wrong with a file; it looks at neither class, byte order nor machine."""
    fields = {"path": path}
    elf = binary.elf
    if binary.format == "directory":
        raise Refused("directory", fields, {"format": binary.format})
    if binary.size < (64 if host.elf_class == 64 else 52) or binary.format != "elf":
        raise Refused("format", fields, {"format": binary.format})
    if elf is None or len(elf.head) < 52 or elf.elf_class == 0 or elf.byte_order == "unknown":
        raise not_known(binary.damage or "the ELF header cannot be read", Failure.FORM)
    if (elf.elf_class, elf.byte_order) != (host.elf_class, host.byte_order):
        # Read with the wrong layout its header has no usable program headers; another byte order no usable type.
        same_order = elf.byte_order == host.byte_order
        evidence = {"plugin": elf.goarch, "host": host.goarch}
        raise Refused("format", fields, evidence, Failure.MACHINE, not same_order)
    head = Head.of(elf)
    loads = [s for s in elf.segments if s.type == c.PT_LOAD]
    if head.type not in (c.ET_DYN, c.ET_EXEC):
        raise Refused("format", fields, failure=Failure.NOT_A_LIBRARY)
    if head.phnum and not elf.segments:
        raise Refused("format", fields, failure=Failure.FORM)
    if not any(s.type == c.PT_DYNAMIC for s in elf.segments):
        raise Refused("format", fields, failure=Failure.NOT_A_LIBRARY)
    if not loads or span(loads) >= ADDRESS_SPACE:
        raise Refused("memory", fields, failure=Failure.NOT_A_LIBRARY)
    if head.type == c.ET_EXEC and host.type == c.ET_EXEC and loads[0].vaddr:
        raise Refused("busy", fields)
    check_cut(binary, elf, host)
