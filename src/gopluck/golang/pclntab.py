"""The pclntab header: where it lies, and where its function names are (`internal/abi/symtab.go`, `debug/gosym`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from gopluck.elf.constants import EM_386, EM_RISCV, EM_S390, EM_X86_64
from gopluck.elf.dynamic import Dynamic
from gopluck.elf.image import CHUNK, Image

MAGICS: Mapping[int, str] = {
    0xFFFFFFFB: "go1.2",
    0xFFFFFFFA: "go1.16",
    0xFFFFFFF0: "go1.18",
    0xFFFFFFF1: "go1.20",
}
"""`abi.PCLnTabMagic` by the release that introduced it."""

MAX_HEADERS = 16
"""Headers of one file that are looked at."""

MAX_NAMES = 1 << 26
"""Bytes of function names (a host of 130 MB has 9 MB)."""

QUANTA: Mapping[int, tuple[int, ...]] = {EM_386: (1,), EM_X86_64: (1,), EM_S390: (2,), EM_RISCV: (2, 4)}
"""`sys.Arch.MinLC` of each machine; 4 for the others (`cmd/internal/sys/arch.go`)."""

_SECTIONS = (".gopclntab", ".data.rel.ro.gopclntab")
_BEFORE_OFFSETS = {"go1.16": 2, "go1.18": 3, "go1.20": 3}
"""Words (nfunc, nfiles, textStart) between the first eight bytes and `funcnameOffset`."""


class Pclntab(NamedTuple):
    """A pclntab header at an address, and the region that holds the function names."""

    address: int
    form: str
    """A value of `MAGICS`."""
    names: int
    names_size: int


def find_pclntabs(image: Image) -> tuple[Pclntab, ...]:
    """The pclntab headers of a file: by section name, else by their magic anywhere in its memory."""
    for name in _SECTIONS:
        section = image.sections.get(name)
        if section is not None and section.size:
            found = _parse(image, section.addr)
            if found is not None:
                return (found,)
    order: Literal["little", "big"] = "little" if image.header.byte_order == "<" else "big"
    # pad1, pad2, minLC (the instruction quantum) and ptrSize follow the magic. A regular expression for all of them
    # takes ten times as long.
    ends = [bytes([0, 0, quantum, image.word_size]) for quantum in QUANTA.get(image.header.machine, (4,))]
    starts = [magic.to_bytes(4, order) for magic in MAGICS]
    common = b"\xff\xff\xff"
    needles = {(start if order == "big" else common) + end for start in starts for end in ends}
    before = 0 if order == "big" else 1
    headers: dict[int, Pclntab] = {}
    for segment in image.loads:
        base = segment.vaddr - before
        for chunk in image.chunks(segment.offset, segment.filesz, 7):
            # A hole is compared faster than it is searched.
            for needle in needles if chunk != bytes(len(chunk)) else ():
                at = chunk.find(needle)
                while at >= 0 and len(headers) < MAX_HEADERS:
                    header = _parse(image, base + at) if (base + at) % image.word_size == 0 else None
                    if header is not None:
                        headers[header.address] = header
                    at = chunk.find(needle, at + 1)
            base += CHUNK
    return tuple(headers[address] for address in sorted(headers))


def _parse(image: Image, address: int) -> Pclntab | None:
    order: Literal["little", "big"] = "little" if image.header.byte_order == "<" else "big"
    segment = image.segment_of(address)
    if segment is None or address + 12 * image.word_size > segment.vaddr + segment.filesz:
        return None
    head = image.read(address, 8)
    form = MAGICS.get(int.from_bytes(head[:4], order))
    if form is None or head[7] != image.word_size:
        return None
    room = segment.vaddr + segment.filesz - address
    if form == "go1.2":
        return Pclntab(address, form, address, room)
    start = address + 8 + _BEFORE_OFFSETS[form] * image.word_size
    names, following = image.word(start), image.word(start + image.word_size)
    if not 0 < names < following <= room or following - names > MAX_NAMES:
        return None
    return Pclntab(address, form, address + names, following - names)


def plugin_support(image: Image, dynamic: Dynamic, tables: tuple[Pclntab, ...]) -> str:
    """Whether the program can open plugins: `dlopen` (package plugin with cgo), `stub` (without), or `none`.

    Package plugin with cgo has functions made by cgo (`plugin._Cfunc_pluginOpen`, `plugin/plugin_dlopen.go`); the
    stub (`plugin/plugin_stubs.go`) only answers `plugin: not implemented`.
    """
    if dynamic.symbol("plugin._Cfunc_pluginOpen") is not None:
        return "dlopen"
    names = [table for table in tables if table.names_size]
    if any(contains(image, table, b"plugin._Cfunc_pluginOpen\0") for table in names):
        return "dlopen"
    return "stub" if any(contains(image, table, b"\0plugin.Open\0") for table in names) else "none"


def contains(image: Image, table: Pclntab, needle: bytes) -> bool:
    """Whether the function names hold these bytes."""
    return any(needle in chunk for chunk in names(image, table, len(needle)))


def names(image: Image, table: Pclntab, overlap: int) -> Iterator[bytes]:
    """The function names, NUL-terminated, in pieces; each goes on for `overlap` bytes of the next."""
    segment = image.segment_of(table.address)
    if segment is not None:
        yield from image.chunks(segment.offset + table.names - segment.vaddr, table.names_size, overlap)
