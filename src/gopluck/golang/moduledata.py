"""`runtime.moduledata` of a file: where it lies, and its fields (`cmd/link/internal/ld/symtab.go`, `symtab`).

It is found by content, on any architecture and stripped or not: its first word is the address of the pclntab header.
Section `.go.module` (Go 1.26 and later) and the exported `runtime.firstmoduledata` of a host are short cuts to the
same address; every candidate has to pass `_plausible`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from sys import intern

from gopluck.elf.dynamic import Dynamic
from gopluck.elf.numbers import numbers
from gopluck.elf.relocations import Relocations
from gopluck.errors import MalformedFile
from gopluck.golang import importpath
from gopluck.golang.layouts import MINIMUM_WINDOW_WORDS, Layout, layout
from gopluck.golang.records import Memory, PackageHash
from gopluck.record import NamedTuple

MAX_PACKAGES = 1 << 12
"""Packages of one plugin that are read at the most (a plugin that links all of Tyk's gateway has some 1,500)."""

MAX_TEXTS = 1 << 22
"""Bytes of all package paths: in a damaged file one long string can be that of every package."""

MAX_CANDIDATES = 256
"""Places at which a `moduledata` may lie, of those that are looked at."""

HASH_WORDS = 5
"""Words of a `modulehash`: {modulename string, linktimehash string, runtimehash *string}."""

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
    memory: tuple[Memory, ...]
    """The struct, and what a runtime with another layout would take for the first of `pkghashes`."""
    told_by: str = ""
    """As `ModuledataFacts.told_by`."""


def read_moduledata(dynamic: Dynamic, layout_name: str, pclntabs: Iterable[int]) -> Moduledata | None:
    """The file's `moduledata`, or None when none is found that fits the layout.

    `layout_name` is a key of `LAYOUTS`. `pclntabs` are the addresses of pclntab headers.
    """
    relocations = dynamic.relocations
    form = layout(layout_name, dynamic.image.word_size)
    headers = list(pclntabs)
    for address in islice(_candidates(dynamic, headers), MAX_CANDIDATES):
        try:
            if _plausible(relocations, form, address, headers):
                return _parse(relocations, form, address)
        except MalformedFile:
            continue
    return None


def _candidates(dynamic: Dynamic, pclntabs: list[int]) -> Iterator[int]:
    section = dynamic.image.sections.get(".go.module")
    first = dynamic.symbol("runtime.firstmoduledata")
    known = (section.addr if section else 0, first.value if first else 0)
    written = (address for pclntab in pclntabs for address in dynamic.relocations.writers_of(pclntab))
    seen = {0}
    for address in chain(known, written):
        if address not in seen:
            seen.add(address)
            yield address


def _plausible(relocations: Relocations, form: Layout, address: int, pclntabs: list[int]) -> bool:
    """Whether the fields of this layout at this address agree with each other, as the linker writes them."""
    image, word, size = relocations.image, relocations.pointer, relocations.image.word_size
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
    if length > importpath.MAX_PATH:
        return False
    if image.read(address + form["hasmain"], 1)[0] > 1 or image.read(address + form["bad"], 1)[0]:
        return False
    return word(address + form["next"]) == 0 and word(address + form["typemap"]) == 0


def _parse(relocations: Relocations, form: Layout, address: int) -> Moduledata:
    word, size = relocations.pointer, relocations.image.word_size
    memory = [read_memory(relocations, address, MINIMUM_WINDOW_WORDS * size)]
    path = word(address + form["pluginpath"])
    if path:
        # Go 1.27 has `pkghashes` where Go 1.20 has `pluginpath`: a host of the one reads the text of the other.
        memory.append(read_memory(relocations, path, HASH_WORDS * size))
    return Moduledata(
        layout=form,
        address=address,
        pluginpath=relocations.text(address + form["pluginpath"], importpath.MAX_PATH).decode("utf-8", "replace"),
        pkghashes=_pkghashes(relocations, word(address + form["pkghashes"]), word(address + form["pkghashes"] + size)),
        types=word(address + form["types"]),
        etypes=word(address + form["etypes"]),
        ptab=word(address + form["ptab"]),
        ptab_len=word(address + form["ptab"] + size),
        memory=tuple(memory),
    )


def _pkghashes(relocations: Relocations, array: int, count: int) -> tuple[PackageHash, ...]:
    """`[]modulehash`."""
    image = relocations.image
    if count > MAX_PACKAGES:
        raise MalformedFile(f"{image.path}: {count} package hashes")
    step = HASH_WORDS * image.word_size
    words = numbers(image.read(array, count * step) if count else b"", image.word_size, image.header.byte_order)
    names = relocations.texts(range(array, array + count * step, step), words[1::HASH_WORDS], importpath.MAX_PATH)
    second = array + 2 * image.word_size
    hashes = relocations.texts(range(second, second + count * step, step), words[3::HASH_WORDS], 64)
    if sum(map(len, names)) > MAX_TEXTS:
        raise MalformedFile(f"{image.path}: the paths of package hashes are too long, or overlap")
    paths = [intern(name.decode("utf-8", "surrogateescape")) for name in names]  # results of many plugins hold the same
    if not all(map(importpath.fits, paths)):
        raise MalformedFile(f"{image.path}: the paths of package hashes are too long")
    return tuple(map(PackageHash._make, zip(paths, map(bytes.hex, hashes), strict=True)))


def read_memory(relocations: Relocations, address: int, size: int) -> Memory:
    """`size` bytes of memory from `address` (fewer where the segment ends), relocated, with its pointers marked."""
    image = relocations.image
    segment = image.segment_of(address)
    if segment is None:
        raise MalformedFile(f"{image.path}: nothing is mapped at {address:#x}")
    size = min(size, segment.vaddr + segment.memsz - address) // image.word_size * image.word_size
    data = bytearray()
    pointers: list[int] = []
    for offset in range(0, size, image.word_size):
        word = relocations.word(address + offset)
        data += word.value.to_bytes(image.word_size, image.order)
        if word.pointer:
            pointers.append(offset)
    return Memory(address, bytes(data), tuple(pointers))
