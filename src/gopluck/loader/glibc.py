"""What glibc checks of one file before it maps it (`elf/dl-load.c`: `open_verify`, `_dl_map_object_from_fd`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gopluck import machine
from gopluck.elf import constants as c
from gopluck.facts.model import Binary, Elf, order
from gopluck.loader.answer import Failure, Refused, not_known, process_dies
from gopluck.loader.libc import Libc, Version
from gopluck.loader.segments import ADDRESS_SPACE, PAGE, Head, check_cut, span
from gopluck.loader.texts import SIGSEGV, has_check

OSABI_SYSV, OSABI_GNU = 0, 3


def _osabi_fits(head: Head) -> bool:
    known = machine.by_em(head.machine)
    return head.ident[7] in (known.osabis if known else (OSABI_SYSV, OSABI_GNU))


def _abi_version_fits(head: Head) -> bool:
    known, version = machine.by_em(head.machine), head.ident[8]
    return version == 0 or (head.ident[7] == OSABI_GNU and version < (known.libc_abi if known else 3))


_Check = Callable[[Head, Elf, Elf], bool]

OPEN_VERIFY: tuple[tuple[str, _Check], ...] = (
    ("class", lambda head, elf, host: elf.elf_class == host.elf_class),
    ("data", lambda head, elf, host: elf.byte_order == host.byte_order),
    ("ident-version", lambda head, elf, host: head.ident[6] == 1),
    ("osabi", lambda head, elf, host: _osabi_fits(head)),
    ("abi-version", lambda head, elf, host: _abi_version_fits(head)),
    ("padding", lambda head, elf, host: not any(head.ident[9:])),
    ("version", lambda head, elf, host: head.version == 1),
    ("machine", lambda head, elf, host: head.machine == host.machine),
    ("type", lambda head, elf, host: head.type in (c.ET_DYN, c.ET_EXEC)),
    ("phentsize", lambda head, elf, host: head.phentsize == (56 if host.elf_class == 64 else 32)),
    ("phdrs", lambda head, elf, host: len(elf.segments) == head.phnum),
)
"""`open_verify` in its order: the key of the text, and what has to hold for (header, file, host)."""


IDENT = ("data", "ident-version", "osabi", "abi-version", "padding")
"""Checks before which Debian's glibc passes a file of another machine (measured with 2.36-9+deb12u14)."""


def check_file(binary: Binary, path: str, name: str, host: Elf, libc: Libc) -> None:
    """Raises `Refused` for the first thing that glibc finds wrong with a file, `Ended` when the process dies of it."""
    fields = {"path": path, "name": name, "other": "32" if host.elf_class == 64 else "64", "order": host.byte_order}
    if binary.format == "directory":
        raise Refused("directory", fields, {"format": binary.format})
    if binary.size < (64 if host.elf_class == 64 else 52):
        raise Refused("too-short", fields, {"format": binary.format})
    if binary.format != "elf":
        raise Refused("magic", fields, {"format": binary.format})
    elf = binary.elf
    if elf is None or len(elf.head) < 52:
        raise not_known(binary.damage or "the ELF header cannot be read", Failure.FORM)
    head = Head.of(elf)
    fields["reason"] = ": Invalid argument" if head.phoff >> (host.elf_class - 1) else ""
    wrong = next((key for key, fits in OPEN_VERIFY if not fits(head, elf, host)), None)
    if wrong is not None:
        evidence = {"plugin": elf.goarch, "host": host.goarch}
        machine = int.from_bytes(elf.head[18:20], order(host))
        if wrong in IDENT and machine != host.machine and libc.debian is not False:
            raise Refused("machine", fields, evidence, exact=libc.debian is True)
        raise Refused(wrong, fields, evidence)
    for key in _map_object(elf, head, libc.version):
        raise Refused(key, fields)
    check_cut(binary, elf, host)
    if elf.flags_1 & c.DF_1_PIE and has_check("pie", libc.version):
        raise Refused("pie", fields)
    if elf.flags_1 & c.DF_1_NOOPEN:
        raise Refused("noopen", fields)
    # Where the program has one from the start nothing has to be changed (`stack_flags &~ GL(dl_stack_flags)`).
    if elf.executable_stack and not host.executable_stack:
        if libc.version is not None and libc.version >= (2, 41):
            raise Refused("execstack", fields)
        if libc.static:
            # `_dl_make_stack_executable` writes to what a static program has protected; measured with 2.36.
            raise process_dies(SIGSEGV, Failure.STATIC_HOST, {"stack": "executable"})


def _map_object(elf: Elf, head: Head, version: Version | None) -> Iterator[str]:
    """What `_dl_map_object_from_fd` finds wrong with the program headers, in its order."""
    old = version is not None and version < (2, 35)
    for segment in (s for s in elf.segments if s.type == c.PT_LOAD):
        if old and segment.align & (PAGE - 1):
            yield "align"
        step = segment.align if old and segment.align else PAGE
        if (segment.vaddr - segment.offset) & (step - 1):
            yield "offset"
    loads = [s for s in elf.segments if s.type == c.PT_LOAD]
    dynamic = [s for s in elf.segments if s.type == c.PT_DYNAMIC]
    if not loads:
        yield "no-load"
    if head.type != c.ET_DYN:
        yield "executable"
    if not dynamic or any(s.filesz == 0 for s in dynamic):
        yield "no-dynamic"
    if loads and span(loads) >= ADDRESS_SPACE:
        yield "map"
