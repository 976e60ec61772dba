"""The source directory of each package, as pclntab records it (`funcline1` of `runtime/symtab.go`; `ld/pcln.go`).

Exact, through functions: a function's name gives its package, the first entry of its `pcfile` table its file. One
compile unit is one package, so only a few functions of each unit are looked at, however many there are. A name alone
can mislead: `//go:linkname` lets `runtime` define `sync/atomic.StorePointer`, so the unit has to agree.
"""

from __future__ import annotations

import re
import sys
from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

from gopluck.elf.image import Image
from gopluck.golang.pclntab import Pclntab

AGREEING = 3
"""Functions of a compile unit that are looked at while they all tell the same."""

PER_UNIT = 12
"""About as many functions of a compile unit are looked at when the first ones differ."""

MAX_LOOKS = 1 << 17
"""Functions of one pclntab that are looked at at the most."""

MAX_FUNCTIONS = 1 << 20
MAX_NAME = 1024
MAX_PATH = 4096
MAX_TABLE = 256 << 20
"""Bytes of one pclntab that are read at the most."""

PIECE = 1 << 20
"""Bytes of `_func` records that are held at a time."""

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

_RECORD = 64
"""Bytes of `_func` that hold the fields above, in every form."""

_CLOSURE = re.compile(r"\.(?:func|gowrap|deferwrap)\d|-range\d|\.init\b")
"""Names of code that may come from a function of another package that was inlined."""


@dataclass(frozen=True, slots=True)
class _Function:
    """A function with the compile unit that it was compiled in (-1 where the form does not say)."""

    unit: int
    name: str
    file: str


def read_sources(image: Image, tables: Sequence[Pclntab], packages: Iterable[str] = ()) -> dict[str, str]:
    """Package path to source directory. Damage gives fewer packages, never an error.

    Each package with a function has one; of the given `packages` also those whose functions were all inlined, where
    one directory of the file table fits no other package. `main` stands for a program's main package, as in its link
    hash; a plugin's has its pluginpath.
    """
    found: dict[str, str] = {}
    directories: set[str] = set()
    for table in tables:
        functions = _functions if _FORMS[table.form].cu is not None else _functions_go12
        for package, directory in _elect(functions(image, table)).items():
            found.setdefault(package, directory)
        directories |= _directories(image, table)
    found |= _inlined([package for package in packages if package not in found], found, directories)
    return dict(sorted(found.items()))


def _elect(functions: Iterable[_Function]) -> dict[str, str]:
    """The directory that most functions of a package tell; closures and initializers count only without others."""
    owners: defaultdict[int, Counter[str]] = defaultdict(Counter)
    seen = []
    for function in functions:
        package = package_of(function.name)
        directory = function.file.rpartition("/")[0]
        if package and directory and not function.file.startswith("<"):
            generic = "[" in function.name
            seen.append((package, directory, function.unit, generic, _CLOSURE.search(function.name) is not None))
            if not generic:
                owners[function.unit][package] += 1
    owner = {unit: counted.most_common(1)[0][0] for unit, counted in owners.items() if unit >= 0}
    votes: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for package, directory, unit, generic, closure in seen:
        # A generic function is compiled where it is used, from the file where it is written.
        if generic or owner.get(unit, package) == package:
            votes[package][directory] += 1 if closure else PER_UNIT
    return {package: counted.most_common(1)[0][0] for package, counted in votes.items()}


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


_HEAD = re.compile(r"[^(\[{ ]*")
"""The part of a symbol name that is before receivers, type arguments and type literals."""


def package_of(name: str) -> str:
    """The package of a function's symbol name; empty for the linker's own (`type:.eq.…`, `go:…`, `go.(*struct {…`).

    Dots of the last path element are escaped (`objabi.PathToPrefix`), so the first dot after the last slash ends it.
    """
    head = _HEAD.match(name)
    plain = head[0] if head else ""
    if plain.startswith(("type:", "type..", "go:")) or (plain.startswith("_") and not plain.startswith("_/")):
        return ""
    start = plain.rfind("/") + 1
    dot = plain.find(".", start)
    package = plain[:dot] if dot > 0 else ""
    return "" if package in ("go", "type") else unquote(package)


def _functions(image: Image, table: Pclntab) -> Iterator[_Function]:
    """Some functions of each compile unit."""
    form, size = _FORMS[table.form], image.word_size
    start, room = _region(image, table)
    header = _words(image, start + 8, 8, size)
    if len(header) < 8 or form.cu is None:
        return
    names, units, files, pctab, functions = header[form.header : form.header + 5]
    if not 0 < names <= units <= files <= pctab <= functions < room:
        return
    entry = size if form.wide_functab else 4
    offsets = _words(image, start + functions, 2 * min(header[0], MAX_FUNCTIONS), entry)[1::2]
    cutab = _words(image, start + units, (files - units) // 4, 4)
    records: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for words, places in _records(image, start + functions, room - functions, offsets):
        for word in places:
            at = word + (entry >> 2)
            records[words[at + form.cu]].append((words[at + _NAME], words[at + _PCFILE]))
    paths: dict[int, str] = {}
    looks = iter(range(MAX_LOOKS))
    for unit, members in records.items():
        told: set[tuple[str, str]] = set()
        # Spread over the unit: the first ones are often generic or equality functions of another package.
        for count, (name, pcfile) in enumerate(members[:: max(1, len(members) // PER_UNIT)]):
            if (count >= AGREEING and len(told) == 1) or next(looks, None) is None:
                break
            number = _first_file(image.pread(start + pctab + pcfile, 5))
            if number is None or not 0 <= unit + number < len(cutab) or cutab[unit + number] == DEAD_FILE:
                continue
            at = cutab[unit + number]
            if at not in paths:
                paths[at] = image.cstring(start + files + at, MAX_PATH)
            function = _Function(unit, image.cstring(start + names + name, MAX_NAME), paths[at])
            told.add((package_of(function.name), function.file.rpartition("/")[0]))
            yield function


def _records(image: Image, start: int, size: int, offsets: array[int]) -> Iterator[tuple[array[int], list[int]]]:
    """The `_func` records in pieces: 32-bit words, and the index of each record in them.

    The linker writes records in the order of the table; those of a damaged table that are not are left out.
    """
    low = 0
    while low < len(offsets):
        base = offsets[low]
        high = max(low + 1, bisect_left(offsets, base + PIECE - _RECORD, low))
        words = _words(image, start + base, min(PIECE, size - base) // 4, 4) if base < size else array("I")
        last = len(words) - _RECORD // 4
        yield words, [at for offset in offsets[low:high] if 0 <= (at := (offset - base) >> 2) <= last]
        low = high


def _directories(image: Image, table: Pclntab) -> set[str]:
    """The directories of the file table, which names the files of inlined functions too."""
    form, size = _FORMS[table.form], image.word_size
    start, _ = _region(image, table)
    header = _words(image, start + 8, 8, size)
    if form.cu is None or len(header) < 8 or not 0 < header[form.header + 2] < header[form.header + 3]:
        return set()
    files, pctab = header[form.header + 2 : form.header + 4]
    out: set[str] = set()
    for piece in image.chunks(start + files, min(pctab - files, MAX_TABLE), MAX_PATH):
        out.update(file.rpartition(b"/")[0].decode("utf-8", "replace") for file in piece.split(b"\0")[1:-1])
    return out - {""}


def _functions_go12(image: Image, table: Pclntab) -> Iterator[_Function]:
    """Before Go 1.16 all offsets count from the start of pclntab, and files are numbered through the binary."""
    size = image.word_size
    start, room = _region(image, table)
    header = _words(image, start + 8, 1, size)
    count = min(header[0], MAX_FUNCTIONS) if header else 0
    functab = _words(image, start + 8 + size, 2 * count, size)
    tail = _words(image, start + 8 + size + 2 * count * size + size, 1, 4)
    nfiles = _words(image, start + tail[0], 1, 4) if tail else ()
    if not nfiles:
        return
    files = _words(image, start + tail[0], min(nfiles[0], MAX_FUNCTIONS), 4)
    # Names and tables lie before the list of files; their paths behind it.
    data = image.pread(start, min(tail[0], room))
    order: Literal["little", "big"] = "little" if image.header.byte_order == "<" else "big"
    paths: dict[int, str] = {}
    for offset in functab[1::2]:
        record = data[offset + size : offset + size + _RECORD]
        if len(record) < _RECORD:
            continue
        name = int.from_bytes(record[4 * _NAME : 4 * _NAME + 4], order)
        pcfile = int.from_bytes(record[4 * _PCFILE : 4 * _PCFILE + 4], order)
        number = _first_file(data[pcfile : pcfile + 5])
        if number is None or not 0 < number < len(files):
            continue
        if number not in paths:
            paths[number] = image.cstring(start + files[number], MAX_PATH)
        end = data.find(b"\0", name, name + MAX_NAME)
        yield _Function(-1, data[name : max(name, end)].decode("utf-8", "replace"), paths[number])


def _region(image: Image, table: Pclntab) -> tuple[int, int]:
    """File offset of a pclntab, and how many bytes of its segment follow at the most."""
    segment = image.segment_of(table.address)
    if segment is None:
        return 0, 0
    room = segment.vaddr + segment.filesz - table.address
    return segment.offset + table.address - segment.vaddr, min(room, MAX_TABLE)


def _words(image: Image, offset: int, count: int, size: int) -> array[int]:
    """Unsigned words of 4 or 8 bytes; fewer where the file ends."""
    out = array("Q" if size == 8 else "I")
    data = image.pread(offset, count * size)
    out.frombytes(data[: len(data) // size * size])
    if (image.header.byte_order == "<") != (sys.byteorder == "little"):
        out.byteswap()
    return out


def _first_file(data: bytes) -> int | None:
    """The first value of a pc-value table: a zig-zag varint that is added to -1 (`runtime.step`)."""
    value = shift = 0
    for byte in data:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return (value >> 1 if value & 1 == 0 else ~(value >> 1)) - 1
    return None
