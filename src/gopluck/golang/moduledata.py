"""`runtime.moduledata` of a file: where it lies, and its fields (`cmd/link/internal/ld/symtab.go`, `symtab`).

It is found by content, on any architecture and stripped or not: its first word is the address of the pclntab header.
Section `.go.module` (Go 1.26 and later) and the exported `runtime.firstmoduledata` of a host are short cuts to the
same address; every candidate has to pass `_plausible`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from gopluck.elf.dynamic import Dynamic
from gopluck.elf.image import Image
from gopluck.elf.relocations import Relocations
from gopluck.errors import MalformedFile
from gopluck.facts.model import Memory, PackageHash
from gopluck.golang.layouts import MINIMUM_WINDOW_WORDS, Layout, layout

MAX_PACKAGES = 1 << 14
"""Packages of one plugin that are read at the most."""

MAX_TEXTS = 1 << 22
"""Bytes of all package paths: in a damaged file one long string can be that of every package."""

MAX_PATH = 4096
"""Bytes of a pluginpath or package path."""

_SLICES = ("ftab", "textsectmap", "ptab", "pkghashes", "inittasks", "modulehashes", "typelinks", "itablinks")


class Moduledata(NamedTuple):
    """The fields that gopluck needs, relocated at load bias 0."""

    layout: Layout
    address: int
    pluginpath: str
    pkghashes: tuple[PackageHash, ...]
    types: int
    etypes: int
    ptab: int
    """Address of the `ptab` array."""
    ptab_len: int
    memory: Memory


def read_moduledata(
    image: Image, dynamic: Dynamic, relocations: Relocations, layout_name: str, pclntabs: Iterable[int]
) -> Moduledata | None:
    """The file's `moduledata`, or None when none is found that fits the layout.

    `layout_name` is a key of `LAYOUTS`. `pclntabs` are the addresses of pclntab headers.
    """
    form = layout(layout_name, image.word_size)
    headers = list(pclntabs)
    for address in _candidates(image, dynamic, relocations, headers):
        try:
            if _plausible(image, relocations, form, address, headers):
                return _parse(image, relocations, form, address)
        except MalformedFile:
            continue
    return None


def _candidates(image: Image, dynamic: Dynamic, relocations: Relocations, pclntabs: list[int]) -> Iterator[int]:
    seen: set[int] = set()
    section = image.sections.get(".go.module")
    first = dynamic.symbol("runtime.firstmoduledata")
    for address in (section.addr if section else 0, first.value if first else 0):
        if address and address not in seen:
            seen.add(address)
            yield address
    for pclntab in pclntabs:
        for address in relocations.writers_of(pclntab):
            if address not in seen:
                seen.add(address)
                yield address


def _plausible(image: Image, relocations: Relocations, form: Layout, address: int, pclntabs: list[int]) -> bool:
    """Whether the fields of this layout at this address agree with each other, as the linker writes them."""
    word, size = relocations.pointer, image.word_size
    if pclntabs and word(address) not in pclntabs:
        return False
    for field in _SLICES:
        if field in form:
            length, capacity = word(address + form[field] + size), word(address + form[field] + 2 * size)
            if length != capacity or (length and image.segment_of(word(address + form[field])) is None):
                return False
    for low, high in (("text", "etext"), ("data", "edata"), ("bss", "ebss"), ("types", "etypes"), ("minpc", "maxpc")):
        if not 0 < word(address + form[low]) <= word(address + form[high]):
            return False
    length = word(address + form["pluginpath"] + size)
    if length > MAX_PATH or image.read(address + form["hasmain"], 1)[0] > 1 or image.read(address + form["bad"], 1)[0]:
        return False
    return word(address + form["next"]) == 0 and word(address + form["typemap"]) == 0


def _parse(image: Image, relocations: Relocations, form: Layout, address: int) -> Moduledata:
    word, size = relocations.pointer, image.word_size
    return Moduledata(
        layout=form,
        address=address,
        pluginpath=relocations.text(address + form["pluginpath"], MAX_PATH).decode("utf-8", "replace"),
        pkghashes=_pkghashes(
            image, relocations, word(address + form["pkghashes"]), word(address + form["pkghashes"] + size)
        ),
        types=word(address + form["types"]),
        etypes=word(address + form["etypes"]),
        ptab=word(address + form["ptab"]),
        ptab_len=word(address + form["ptab"] + size),
        memory=read_memory(image, relocations, address, MINIMUM_WINDOW_WORDS * size),
    )


def _pkghashes(image: Image, relocations: Relocations, array: int, count: int) -> tuple[PackageHash, ...]:
    """`[]modulehash`, each {modulename string, linktimehash string, runtimehash *string}."""
    if count > MAX_PACKAGES:
        raise MalformedFile(f"{image.path}: {count} package hashes")
    step = 5 * image.word_size
    out: list[PackageHash] = []
    room = MAX_TEXTS
    for at in range(array, array + count * step, step):
        path = relocations.text(at, MAX_PATH)
        room -= len(path)
        if room < 0:
            raise MalformedFile(f"{image.path}: the paths of package hashes overlap")
        linktimehash = relocations.text(at + 2 * image.word_size, 64).hex()
        out.append(PackageHash(path.decode("utf-8", "surrogateescape"), linktimehash))
    return tuple(out)


def read_memory(image: Image, relocations: Relocations, address: int, size: int) -> Memory:
    """`size` bytes of memory from `address` (fewer where the segment ends), relocated, with its pointers marked."""
    segment = image.segment_of(address)
    if segment is None:
        raise MalformedFile(f"{image.path}: nothing is mapped at {address:#x}")
    size = min(size, segment.vaddr + segment.memsz - address) // image.word_size * image.word_size
    order: Literal["little", "big"] = "little" if image.header.byte_order == "<" else "big"
    data = bytearray()
    pointers: list[int] = []
    symbols: list[tuple[int, str, int]] = []
    for offset in range(0, size, image.word_size):
        word = relocations.word(address + offset)
        data += word.value.to_bytes(image.word_size, order)
        if word.pointer:
            pointers.append(offset)
        if word.symbol is not None:
            symbols.append((offset, word.symbol, word.addend))
    return Memory(address, bytes(data), tuple(pointers), tuple(symbols))
