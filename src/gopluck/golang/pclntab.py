"""The pclntab header: where it lies, and where its function names are (`internal/abi/symtab.go`, `debug/gosym`)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from gopluck.elf.dynamic import Dynamic
from gopluck.elf.image import Image
from gopluck.golang.release import PCLNTABS
from gopluck.record import NamedTuple

MAX_HEADERS = 4
"""Headers of one file that are looked at; a Go file has one."""

MAX_TRIES = 1 << 16
"""Places that look like one, of those that are looked at."""

MAX_NAMES = 1 << 26
"""Bytes of function names (a host of 130 MB has 9 MB)."""

_SECTIONS = (".gopclntab", ".data.rel.ro.gopclntab")
_FORMS = {form.magic: name for name, form in PCLNTABS.items()}


class Pclntab(NamedTuple):
    """A pclntab header at an address, and the region that holds the function names."""

    address: int
    form: str
    """A key of `release.PCLNTABS`."""
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
    order, quanta = image.order, image.machine.quanta if image.machine else (4,)
    # pad1, pad2, minLC (the instruction quantum) and ptrSize follow the magic. A regular expression for all of them
    # takes ten times as long.
    ends = [bytes([0, 0, quantum, image.word_size]) for quantum in quanta]
    starts = [magic.to_bytes(4, order) for magic in _FORMS]
    common = b"\xff\xff\xff"
    needles = {(start if order == "big" else common) + end for start in starts for end in ends}
    before = 0 if order == "big" else 1
    headers: dict[int, Pclntab] = {}
    hits = ((segment, at) for segment in image.loads for at in image.find(segment.offset, segment.filesz, *needles))
    for segment, at in islice(hits, MAX_TRIES):
        address = segment.vaddr - before + at
        table = _parse(image, address) if address % image.word_size == 0 else None
        if table is not None:
            headers[address] = table
        if len(headers) == MAX_HEADERS:
            break
    return tuple(headers[address] for address in sorted(headers))


def _parse(image: Image, address: int) -> Pclntab | None:
    segment = image.segment_of(address)
    if segment is None or address + 12 * image.word_size > segment.vaddr + segment.filesz:
        return None
    head = image.read(address, 8)
    form = _FORMS.get(int.from_bytes(head[:4], image.order))
    if form is None or head[7] != image.word_size:
        return None
    room = segment.vaddr + segment.filesz - address
    if form == "go1.2":
        return Pclntab(address, form, address, room)
    start = address + 8 + PCLNTABS[form].header * image.word_size
    names, following = image.word(start), image.word(start + image.word_size)
    if not 0 < names < following <= room or following - names > MAX_NAMES:
        return None
    return Pclntab(address, form, address + names, following - names)


def plugin_support(dynamic: Dynamic, tables: tuple[Pclntab, ...]) -> str:
    """Whether the program can open plugins: `dlopen` (package plugin with cgo), `stub` (without), or `none`.

    Package plugin with cgo has functions made by cgo (`plugin._Cfunc_pluginOpen`, `plugin/plugin_dlopen.go`); the
    stub (`plugin/plugin_stubs.go`) only answers `plugin: not implemented`.
    """
    if any(dynamic.symbol(f"plugin._Cfunc_pluginOpen{abi}") is not None for abi in (".abi0", "")):
        return "dlopen"
    image = dynamic.image
    names = [table for table in tables if table.names_size]
    if any(contains(image, table, b"plugin._Cfunc_pluginOpen\0") for table in names):
        return "dlopen"
    return "stub" if any(contains(image, table, b"\0plugin.Open\0") for table in names) else "none"


def contains(image: Image, table: Pclntab, needle: bytes) -> bool:
    """Whether the function names hold these bytes."""
    return any(needle in chunk for chunk in names(image, table, len(needle)))


def names(image: Image, table: Pclntab, overlap: int) -> Iterator[bytes]:
    """The function names, NUL-terminated, in pieces; each goes on for `overlap` bytes of the next."""
    segment = image.segment_of(table.names)
    if segment is not None:
        yield from image.chunks(segment.offset + table.names - segment.vaddr, table.names_size, overlap)
