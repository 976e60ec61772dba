"""What `dlopen(path, RTLD_NOW | RTLD_GLOBAL)` does with a file in a host process, without opening it.

Almost every plugin that people check is an ordinary shared object that asks the C library for nothing that the host
does not have: such a one loads, and no library has to be read to say so. All else is the work of `load.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gopluck import machine
from gopluck.elf import constants as c
from gopluck.facts.elffacts import TLSG
from gopluck.facts.model import Binary, Elf
from gopluck.loader.answer import DlopenResult, Status
from gopluck.loader.libc import Kind, Libc

if TYPE_CHECKING:
    from gopluck.loader.library import System

PAGE = machine.SMALLEST_PAGE


def dlopen(
    plugin: Binary,
    host: Binary,
    loaded: Sequence[Binary],
    system: System,
    libc: Libc,
    brought: Sequence[Binary] = (),
    lost: int = 0,
) -> DlopenResult:
    """What `dlopen` of `plugin` does in a process of `host` where `loaded` were loaded before, in this order.

    `brought`: the Go plugins that came with them as libraries. `lost`: what refusals lost of the static TLS area.
    The program itself is never the same file: the kernel mapped it, and the C library knows neither path nor inode.
    """
    known = [*loaded, *brought]
    if any(plugin.identity.realpath == one.identity.realpath for one in known if libc.kind == Kind.GLIBC):
        return DlopenResult(Status.SAME)
    fresh = all(plugin.identity.inode != one.identity.inode for one in known)
    dynamic = libc.kind == Kind.GLIBC and not libc.static
    needs = (host.library or host).elf
    if fresh and dynamic and plugin.elf and needs and _ordinary(plugin, needs):
        return DlopenResult(Status.LOADED)
    from gopluck.loader.load import load

    return load(plugin, host, loaded, system, libc, lost)


def _ordinary(plugin: Binary, host: Elf) -> bool:
    """Whether a Go plugin is an ordinary shared object that needs only what the running host proves to be there."""
    elf = plugin.elf
    if elf is None or plugin.damage is not None or plugin.go is None or plugin.go.kind != "plugin":
        return False
    return (
        (elf.elf_class, elf.byte_order, elf.machine, elf.type)
        == (host.elf_class, host.byte_order, host.machine, c.ET_DYN)
        and elf.head[6] == 1
        and elf.head[7] in (0, 3)
        and not any(elf.head[8:16])
        and elf.dynamic
        and not elf.flags_1 & (c.DF_1_PIE | c.DF_1_NOOPEN)
        and all(use.name == TLSG for use in elf.static_tls)
        and _laid_out(elf, plugin.size)
        and _at_hand(elf, host)
    )


def _laid_out(elf: Elf, size: int) -> bool:
    """Segments in order, in the file, page by page, without an executable stack."""
    end = 0
    for segment in elf.segments:
        if segment.type == c.PT_GNU_STACK and segment.flags & c.PF_X:
            return False
        if segment.offset + segment.filesz > size and segment.type in (c.PT_LOAD, c.PT_DYNAMIC):
            return False
        if segment.type == c.PT_LOAD:
            if segment.vaddr < end or segment.filesz > segment.memsz or segment.align % PAGE:
                return False
            if (segment.vaddr - segment.offset) % PAGE:
                return False
            end = segment.vaddr + segment.memsz
    return 0 < end < 1 << 30


def _at_hand(elf: Elf, host: Elf) -> bool:
    """Whether the host needs the same libraries, versions and symbols, so that they are in its process."""
    if not set(elf.needed) <= set(host.needed) or any(name.startswith("libasan.so") for name in elf.needed):
        return False
    if not set(elf.version_needs) <= set(host.version_needs):
        return False
    bound = {(one.name, one.version, one.file) for one in host.undefined if not one.weak}
    return all(one.weak or (one.name, one.version, one.file) in bound for one in elf.undefined)


def binds(plugin: Binary, other: Binary) -> bool:
    """Whether a plugin's Go symbols can be taken from another file (`elf/dl-lookup.c`, `check_match`).

    Only a linker that was told so gives versions to them (`--default-symver`, a version script): a file then takes none
    from another that has versions, but not this one. The first version names the file itself.
    """
    mine, theirs = ((one.elf.version_definitions[1:] if one.elf else ()) for one in (plugin, other))
    return not mine or not theirs or not set(mine).isdisjoint(theirs)
