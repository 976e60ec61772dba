"""The static TLS area of a process, which is laid out once, at its start: who gets a place in it later.

glibc `elf/dl-tls.c` (`_dl_tls_static_surplus_init`, `_dl_determine_tlsoffset`), `elf/dl-reloc.c`
(`_dl_try_allocate_static_tls`). What a refused file had taken is given back, but for the padding (`elf/dl-close.c`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gopluck.elf import constants as c
from gopluck.elf.symbols import TlsUse, Undefined
from gopluck.facts.elffacts import TLSG
from gopluck.facts.model import Elf
from gopluck.loader.answer import Failure, Refused, not_known
from gopluck.loader.libc import Libc
from gopluck.loader.process import Object, Process, Scope
from gopluck.loader.segments import PAGE
from gopluck.record import NamedTuple

SURPLUS = 1664
"""What glibc keeps for libraries that come later: the same in all releases, in new ones by `rtld.optional_static_tls`
and `rtld.nns` (`LEGACY_TLS`), before 2.32 by 64 + DL_NNS * 100."""

SURPLUS_OF_OTHERS = 64 + 16 * 176
"""That of the glibc before 2.32 that Red Hat distributes."""

SURPLUS_OF_STATIC = 800
"""What a static program keeps, which has one namespace (`DL_NNS`): 3 * 288 less."""

LEAST_OF_STATIC = 64 + 100
"""That of the glibc before 2.32."""

OPTIONAL = 512
"""Of the surplus, what is lent to TLS that could do without (`rtld.optional_static_tls`)."""

TCB_ALIGNMENT = 64
"""`TCB_ALIGNMENT` of x86; that of no other machine is greater."""

MIN_ALIGNMENT = 16
"""What it is at least on the others."""

ANY = 1 << 64

EXACT = "amd64"
"""The machine on which the layout was measured, byte by byte."""


class Block(NamedTuple):
    """The TLS of one object (`l_tls_blocksize`, `l_tls_align`, `l_tls_firstbyte_offset`)."""

    size: int
    align: int = 1
    first: int = 0


def block_of(elf: Elf) -> Block | None:
    """From the last `PT_TLS` that is not empty."""
    found = [s for s in elf.segments if s.type == c.PT_TLS and s.memsz]
    if not found:
        return None
    align = max(found[-1].align, 1)
    return Block(found[-1].memsz, align, found[-1].vaddr & (align - 1))


class Area(NamedTuple):
    """What is free. `most` is more than `least` where the start of the process is not known byte by byte."""

    least: int
    most: int
    align: int
    """The greatest alignment that a block is sure to get (`dl_tls_static_align`)."""
    most_align: int
    """The greatest that it can get."""
    optional: int = OPTIONAL

    def fits(self, block: Block) -> bool | None:
        """Whether a block gets a place; None where that cannot be told."""
        if block.size > self.most or block.align > self.most_align:
            return False
        return True if block.size + block.first <= self.least and block.align <= self.align else None

    def without(self, block: Block) -> Area:
        """What is left after a block has its place. The rest is whole multiples of its alignment."""
        if self.least == self.most:
            rest = (self.least - block.size - block.first) // block.align * block.align + block.first
            return self._replace(least=rest, most=rest)
        least = self.least - block.size - block.first - block.align + 1
        return self._replace(least=max(least, 0), most=self.most - block.size)


def at_start(objects: Iterable[Object], libc: Libc, exact: bool) -> Area:
    """The area behind the blocks of the program and its libraries (`_dl_determine_tlsoffset`, `TLS_TCB_AT_TP`)."""
    version = libc.version or (0, 0)
    used, align, gap, known = 0, TCB_ALIGNMENT, (0, 0), True
    for one in objects:
        block = block_of(one.elf) if one.elf is not None else None
        known = known and one.elf is not None and bool(one.elf.segments)
        if block is None:
            continue
        align, padding = max(align, block.align), -block.first % block.align
        if gap[1] - gap[0] >= block.size:
            end = _up(gap[0] + block.size - padding, block.align) + padding
            if end <= gap[1]:
                gap = end, gap[1]
                continue
        end = _up(used + block.size - padding, block.align) + padding
        if end > used + block.size + gap[1] - gap[0]:
            gap = used, end - block.size
        used = end
    new = version >= (2, 32)
    surplus, other = (SURPLUS_OF_STATIC, LEAST_OF_STATIC) if libc.static else (SURPLUS, SURPLUS_OF_OTHERS)
    free, most_align = _up(used + surplus, align) - used, align if known else ANY
    # From 2.41 on a block of the kernel's (rseq) lies there, too.
    if known and exact and new and version < (2, 41):
        return Area(free, free, align, align)
    least, most = sorted((surplus, surplus if new else other))
    least = least if exact else max(least - OPTIONAL, 0)
    return Area(least, most + (align if known else PAGE) - 1, align if exact else MIN_ALIGNMENT, most_align)


def _up(value: int, step: int) -> int:
    return -(-value // step) * step


class StaticTls:
    """The area of one process before the next `dlopen`, and who has a place in it."""

    def __init__(self, process: Process, scope: Scope) -> None:
        started = process.objects[: process.started]
        self._scope = scope
        self._placed = {id(one) for one in started}
        self.area = at_start(started, process.libc, process.host.goarch == EXACT)
        self.free = self.area
        """What was free before the new objects came."""
        self._process = process
        for one in (one for group in process.groups for one in reversed(group)):
            for use in one.elf.static_tls if one.elf else ():
                owner = self.owner(use, one)
                block = self._wanted(owner)
                if owner is not None and block is not None and not (use.optional and not self.area.fits(block)):
                    self._take(use, owner, block)
        self.area = self.free = self.area._replace(least=max(self.area.least - process.lost, 0))
        process.padding = 0

    def use(self, use: TlsUse, by: Object) -> None:
        """Raises `Refused` or `Ended` where a relocation of a new object finds no place."""
        owner = self.owner(use, by)
        block = self._wanted(owner)
        if owner is None or block is None:
            return
        fits = self.area.fits(block)
        evidence = self._evidence(owner, block)
        if fits is None and not use.optional:
            words = f"{owner.base} needs {block.size} bytes of static TLS, aligned to {block.align}; glibc has "
            raise not_known(
                words + f"between {self.area.least} and {self.area.most} left", Failure.STATIC_TLS, evidence
            )
        if not fits and not use.optional:
            raise Refused("tls-block", {"path": owner.path}, evidence)
        if fits:
            self._take(use, owner, block)

    def is_placed(self, one: Object) -> bool:
        """Whether an object has a place."""
        return id(one) in self._placed

    def taken(self) -> dict[str, str]:
        """What the new objects took, and what is left, in bytes; empty where they took nothing."""
        if self.area == self.free:
            return {}
        return {"static_tls": str(self.free.most - self.area.most), "left": str(self.area.least)}

    def _wanted(self, owner: Object | None) -> Block | None:
        """The block of an object that has no place yet."""
        return None if owner is None or owner.elf is None or id(owner) in self._placed else block_of(owner.elf)

    def _take(self, use: TlsUse, owner: Object, block: Block) -> None:
        rest = self.area.without(block)
        if use.optional:
            if (taken := self.area.least - rest.least) > self.area.optional:
                return
            rest = rest._replace(optional=self.area.optional - taken)
        self._placed.add(id(owner))
        self._process.padding += block.align - 1
        self.area = rest

    def owner(self, use: TlsUse, by: Object) -> Object | None:
        """The object whose variable it is: the first of the scope that defines it."""
        if not use.name:
            return by
        objects = self._scope.objects
        if use.name == TLSG:
            return next((one for one in objects if one.elf is not None and (one is by or one.elf.tlsg)), None)
        wanted = (one for one in (by.elf.undefined if by.elf else ()) if one.name == use.name)
        other = self._scope.first(next(wanted, Undefined(use.name, False, "", "")), by)
        if not use.own or other is None:
            return other if other is not None else by if use.own else None
        return next(one for one in objects if one is by or one is other)

    def _evidence(self, owner: Object, block: Block) -> dict[str, str]:
        least, most = self.area.least, self.area.most
        return {
            "needs": str(block.size),
            "alignment": str(block.align),
            "most_alignment": str(self.area.align),
            "free": str(least) if least == most else f"{least}-{most}",
            "library": owner.path,
        }


def needs_static(objects: Sequence[Object], host: Elf) -> bool:
    """Whether a relocation asks for more than the host's own `runtime.tlsg`."""
    uses = (use for one in objects if one.elf is not None for use in one.elf.static_tls)
    return any(use.name != TLSG or not host.tlsg for use in uses)
