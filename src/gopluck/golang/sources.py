"""The source directory of each package, as pclntab records it (`funcline1` of `runtime/symtab.go`; `ld/pcln.go`).

Exact, through functions: a function's name gives its package, the first entry of its `pcfile` table its file. One
compile unit is one package, so only a few functions of each unit are looked at, however many there are.
"""

from __future__ import annotations

import re
import sys
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from gopluck.elf.image import Image
from gopluck.golang.pclntab import Pclntab

PER_UNIT = 12
"""About as many functions of a compile unit are looked at."""

MAX_FUNCTIONS = 1 << 22
MAX_TABLE = 256 << 20
"""Bytes of one pclntab that are read at the most."""

DEAD_FILE = 0xFFFFFFFF
"""A file of a unit that no function of the binary needs."""


@dataclass(frozen=True, slots=True)
class _Form:
    """Where `_func` keeps its fields, in 32-bit words after the entry; `cu` is None before Go 1.16."""

    header: int
    """Words (nfunc, nfiles, textStart) before the offsets of the header."""
    wide_functab: bool
    """Whether functab holds pairs of machine words, not of 32-bit words."""
    cu: int | None


_FORMS = {
    "go1.2": _Form(1, True, None),
    "go1.16": _Form(2, True, 7),
    "go1.18": _Form(3, False, 7),
    "go1.20": _Form(3, False, 7),
}
_NAME, _PCFILE = 0, 4
"""`nameOff` and `pcfile`, in 32-bit words after the entry of `_func`."""


def read_sources(image: Image, tables: Sequence[Pclntab], packages: Iterable[str] = ()) -> dict[str, str]:
    """Package path to source directory. Damage gives fewer packages, never an error.

    Each package with a function has one; of the given `packages` also those whose functions were all inlined, where
    one directory of the file table fits no other package. `main` stands for a program's main package, as in its link
    hash; a plugin's has its pluginpath.
    """
    votes: dict[str, Counter[str]] = {}
    directories: set[str] = set()
    for table in tables:
        for name, file in _functions(image, table):
            package = package_of(name)
            directory, _, _ = file.rpartition("/")
            if package and directory and not file.startswith("<"):
                votes.setdefault(package, Counter())[directory] += 1
        directories |= _directories(image, table)
    found = {package: counted.most_common(1)[0][0] for package, counted in votes.items()}
    found |= _inlined([package for package in packages if package not in found], found, directories)
    return dict(sorted(found.items()))


def _inlined(packages: Iterable[str], found: Mapping[str, str], directories: set[str]) -> dict[str, str]:
    """Directories of packages without functions: `ROOT/P` in the standard library, else one that ends in all of P."""
    runtime = found.get("runtime", "runtime")
    root = runtime.removesuffix("runtime")
    free = directories - set(found.values())
    by_path: defaultdict[str, list[str]] = defaultdict(list)
    for directory in free:
        plain = _plain(directory)
        by_path[plain.rpartition("/")[2]].append(directory)
    out = {}
    for package in packages:
        if root + package in free:
            out[package] = root + package
            continue
        ends = [d for d in by_path[package.rpartition("/")[2]] if f"/{_plain(d)}".endswith(f"/{package}")]
        if len(ends) == 1:
            out[package] = ends[0]
    return out


def _plain(directory: str) -> str:
    """A directory of the module cache as a package path: without `@version`, with upper case (`module.EscapePath`)."""
    if "@" not in directory:
        return directory
    parts = (part.partition("@")[0] for part in directory.split("/"))
    return re.sub("!([a-z])", lambda match: match[1].upper(), "/".join(parts))


def package_of(name: str) -> str:
    """The package of a function's symbol name; empty for the linker's own (`type:.eq.…`, `go:…`)."""
    plain = name.partition("[")[0]
    if plain.startswith(("type:", "type..", "go:", "go.", "_")):
        return ""
    start = plain.rfind("/") + 1
    dot = plain.find(".", start)
    return unquote(plain[:dot]) if dot > 0 else ""


def _functions(image: Image, table: Pclntab) -> Iterator[tuple[str, str]]:
    """(name, file) of some functions of each compile unit."""
    form, size = _FORMS[table.form], image.word_size
    segment = image.segment_of(table.address)
    if segment is None:
        return
    start = segment.offset + table.address - segment.vaddr
    room = min(segment.vaddr + segment.filesz - table.address, MAX_TABLE)
    header = _words(image, start + 8, 8, size)
    if len(header) < 8:
        return
    count = min(header[0], MAX_FUNCTIONS)
    if form.cu is None:
        yield from _functions_go12(image, start, room, count)
        return
    names, units, files, pctab, functions = header[form.header : form.header + 5]
    if not 0 < names <= units <= files <= pctab <= functions < room:
        return
    pair = 2 * (size if form.wide_functab else 4)
    functab = _words(image, start + functions, 2 * count, pair // 2)
    region = _Region(image, start + functions, room - functions)
    offsets = functab[1::2]
    entry = size if form.wide_functab else 4
    cutab = _words(image, start + units, (files - units) // 4, 4)
    words = region.words
    last = len(words) - 16
    at = [(offset + entry) >> 2 for offset in offsets]
    functions_of: defaultdict[int, list[int]] = defaultdict(list)
    for word in at:
        if word < last:
            functions_of[words[word + form.cu]].append(word)
    for unit, members in functions_of.items():
        # The first ones are often generic or equality functions that the linker put near another package.
        for word in members[:: max(1, len(members) // PER_UNIT)]:
            file = _first_file(image, start + pctab + words[word + _PCFILE])
            if file is not None and 0 <= unit + file < len(cutab) and cutab[unit + file] != DEAD_FILE:
                name = image.cstring(start + names + words[word + _NAME], 1024)
                yield name, image.cstring(start + files + cutab[unit + file], 4096)


def _directories(image: Image, table: Pclntab) -> set[str]:
    """The directories of the file table, which names the files of inlined functions too."""
    form, size = _FORMS[table.form], image.word_size
    segment = image.segment_of(table.address)
    if segment is None or form.cu is None:
        return set()
    start = segment.offset + table.address - segment.vaddr
    header = _words(image, start + 8, 8, size)
    if len(header) < 8 or not 0 < header[form.header + 2] < header[form.header + 3]:
        return set()
    files, pctab = header[form.header + 2 : form.header + 4]
    text = image.pread(start + files, min(pctab - files, MAX_TABLE)).decode("utf-8", "replace")
    return {file.rpartition("/")[0] for file in text.split("\0")} - {""}


def _functions_go12(image: Image, start: int, room: int, count: int) -> Iterator[tuple[str, str]]:
    """Before Go 1.16 all offsets count from the start of pclntab, and files are numbered through the binary."""
    size = image.word_size
    region = _Region(image, start, room)
    functab = _words(image, start + 8 + size, 2 * count, size)
    tail = _words(image, start + 8 + size + 2 * count * size + size, 1, 4)
    if not tail:
        return
    nfiles = _words(image, start + tail[0], 1, 4)
    files = _words(image, start + tail[0], min(nfiles[0], MAX_FUNCTIONS), 4) if nfiles else array("I")
    for offset in functab[1::2]:
        word = (offset + size) >> 2
        if word + 8 >= len(region.words):
            continue
        file = _first_file(image, start + region.words[word + _PCFILE])
        if file is not None and 0 < file < len(files):
            yield (
                image.cstring(start + region.words[word + _NAME], 1024),
                image.cstring(start + files[file], 4096),
            )


class _Region:
    """A part of the file as 32-bit words."""

    def __init__(self, image: Image, offset: int, size: int) -> None:
        self.words = _words(image, offset, size // 4, 4)


def _words(image: Image, offset: int, count: int, size: int) -> array[int]:
    """Unsigned words of 4 or 8 bytes; fewer where the file ends."""
    out = array("Q" if size == 8 else "I")
    data = image.pread(offset, count * size)
    out.frombytes(data[: len(data) // size * size])
    if (image.header.byte_order == "<") != (sys.byteorder == "little"):
        out.byteswap()
    return out


def _first_file(image: Image, offset: int) -> int | None:
    """The first value of a pc-value table: a zig-zag varint that is added to -1 (`runtime.step`)."""
    value = shift = 0
    for byte in image.pread(offset, 5):
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return (value >> 1 if value & 1 == 0 else ~(value >> 1)) - 1
    return None
