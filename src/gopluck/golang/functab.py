"""The tables of functions and source files in pclntab (`runtime/symtab.go`, `runtime/runtime2.go`; `ld/pcln.go`).

Nothing here walks a table in Python unless it has to, and none further than its limits: a host has 250,000 functions.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from itertools import repeat
from operator import itemgetter, methodcaller, rshift, sub

from gopluck.elf.image import Image
from gopluck.elf.numbers import uleb128
from gopluck.golang.pclntab import Pclntab
from gopluck.golang.release import PCLNTABS
from gopluck.record import NamedTuple

MAX_LOOKS = 1 << 17
"""Functions of one pclntab that are looked at at the most."""

MAX_FUNCTIONS = 1 << 19
MAX_UNITS = 1 << 16
MAX_FILES = 1 << 16
MAX_NAME = 1024
MAX_PATH = 4096
MAX_TABLE = 64 << 20
"""Bytes of one pclntab that are read at the most."""

MAX_SOURCES = 1 << 17
"""Source files of one binary; those behind them tell no directory (a host of 130 MB has some 20,000)."""

MAX_SOURCE_TEXT = 8 << 20
"""Bytes of their paths."""

PIECE = 1 << 20
"""Bytes of `_func` records that are held at a time."""

DEAD_FILE = 0xFFFFFFFF
"""A file of a unit that no function of the binary needs."""


NAME, PCFILE = 0, 4
"""`nameOff` and `pcfile`, in 32-bit words after the entry of `_func`."""

RECORD = 64
"""Bytes of `_func` that hold the fields above, in every form."""


class Parts(NamedTuple):
    """The parts of a pclntab as file offsets, since Go 1.16 in the order in which they lie."""

    rows: int
    """Functions."""
    entry: int
    """Bytes of one number of the table of functions."""
    table: int
    """That table: pairs of a pc and where the record is."""
    names: int
    units: int
    files: int
    pctab: int
    functions: int
    """What places of records count from; since Go 1.16 the table begins here."""
    end: int


def parts_go12(image: Image, table: Pclntab) -> Parts:
    """Those of an older pclntab, whose offsets all count from its start."""
    start, room = region(image, table)
    header = image.numbers(start + 8, 1, image.word_size)
    rows, end = min(header[0], MAX_FUNCTIONS) if header else 0, start + room
    return Parts(rows, image.word_size, start + 8 + image.word_size, start, end, end, start, start, end)


def parts_of(image: Image, table: Pclntab) -> Parts | None:
    """None for an older pclntab, and where the parts contradict each other."""
    form, size = PCLNTABS[table.form], image.word_size
    start, room = region(image, table)
    header = image.numbers(start + 8, 8, size)
    places = [0, *header[form.header : form.header + 5], room]
    if len(header) < 8 or form.cu is None or places != sorted(places) or not places[1] or places[-2] == room:
        return None
    entry = size if form.wide_functab else 4
    return Parts(min(header[0], MAX_FUNCTIONS), entry, start + places[-2], *(start + place for place in places[1:]))


class Functions:
    """The functions of one pclntab since Go 1.16: each is looked at when it is asked for, so many at the most.

    None where the tables contradict each other, or have more compile units than gopluck reads.
    """

    def __init__(self, image: Image, table: Pclntab) -> None:
        self.left = MAX_LOOKS
        self._image = image
        self._of_unit: defaultdict[int, list[int]] = defaultdict(list)
        self._name_of, self._pcfile_of = array("I"), array("I")
        parts, unit = parts_of(image, table), PCLNTABS[table.form].cu
        if parts is None or unit is None:
            return
        self._parts = parts
        self._paths = Paths(image, parts.files)
        self._cutab = image.numbers(parts.units, (parts.files - parts.units) // 4, 4)
        offsets = image.numbers(parts.functions, 2 * parts.rows, parts.entry)[1::2]
        for _, data, places in records(image, parts.functions, parts.end - parts.functions, offsets, parts.entry):
            for index, at in enumerate(places, len(self._name_of)):
                self._of_unit[data[at + unit]].append(index)
            self._name_of.extend([data[at + NAME] for at in places])
            self._pcfile_of.extend([data[at + PCFILE] for at in places])
            if len(self._of_unit) > MAX_UNITS:
                self._of_unit.clear()
                return

    def units(self) -> list[tuple[int, list[int]]]:
        """Each compile unit with its functions; the largest first."""
        return sorted(self._of_unit.items(), key=lambda item: len(item[1]), reverse=True)

    def name(self, index: int) -> str:
        """The symbol name of a function."""
        self.left -= 1
        return self._image.cstring(self._parts.names + self._name_of[index], MAX_NAME)

    def file(self, unit: int, index: int) -> str:
        """The path of a function's source file; empty when it has none."""
        number = first_file(self._image.pread(self._parts.pctab + self._pcfile_of[index], 5))
        if number < 0 or unit + number >= len(self._cutab) or self._cutab[unit + number] == DEAD_FILE:
            return ""
        return self._paths.at(self._cutab[unit + number])


class Paths:
    """The paths of source files, each read once; empty beyond `MAX_SOURCE_TEXT` bytes: in a bad file they overlap."""

    def __init__(self, image: Image, start: int) -> None:
        self._image = image
        self._start = start
        self._read: dict[int, str] = {}
        self._room = MAX_SOURCE_TEXT

    def at(self, offset: int) -> str:
        """The path at an offset of the table."""
        if offset not in self._read:
            text = self._image.cstring(self._start + offset, MAX_PATH) if self._room > 0 else ""
            self._room -= len(text)
            self._read[offset] = text
        return self._read[offset]


def records(
    image: Image, start: int, size: int, offsets: array[int], entry: int
) -> Iterator[tuple[int, array[int], list[int]]]:
    """The `_func` records in pieces: the file offset of some 32-bit words, the words, and where in them each record is,
    behind its `entry` bytes long pc.

    The linker writes records in the order of the table; those of a damaged table that are not are left out.
    """
    low = 0
    for _ in range(size // (PIECE - RECORD) + 2):
        if low >= len(offsets):
            return
        base = offsets[low]
        high = max(low + 1, bisect_left(offsets, base + PIECE - RECORD, low))
        data = image.numbers(start + base, min(PIECE, size - base) // 4, 4) if base < size else array("I")
        first, last = entry >> 2, len(data) - RECORD // 4
        places = list(map(rshift, map(sub, offsets[low:high], repeat(base - entry)), repeat(2)))
        if min(places) < first or max(places) > last:
            places = [at for at in places if first <= at <= last]
        yield start + base, data, places
        low = high


def directories(image: Image, table: Pclntab) -> set[str]:
    """The directories of the file table, which names the files of inlined functions too."""
    if PCLNTABS[table.form].cu is None:
        paths = Paths(image, region(image, table)[0])
        return {paths.at(offset).rpartition("/")[0] for offset in _filetab_go12(image, table)[1][1:]} - {""}
    parts = parts_of(image, table)
    if parts is None:
        return set()
    out: set[bytes] = set()
    first = count = 0
    for piece in image.chunks(parts.files, min(parts.pctab - parts.files, MAX_SOURCE_TEXT), MAX_PATH):
        # A piece ends inside a path, and the next one begins inside one.
        files_here = piece.split(b"\0")[first:-1]
        out.update(map(itemgetter(0), map(methodcaller("rpartition", b"/"), files_here)))
        first, count = 1, count + len(files_here)
        if count > MAX_SOURCES:
            break
    known = out if max(map(len, out), default=0) < MAX_PATH else [one for one in out if len(one) < MAX_PATH]
    return set(map(methodcaller("decode", "utf-8", "replace"), known)) - {""}


def _filetab_go12(image: Image, table: Pclntab) -> tuple[int, array[int]]:
    """Where the list of files is, and what it holds: its length, and where each path is (file 1 and on)."""
    parts = parts_go12(image, table)
    start = parts.names
    # The table ends with the end of the last function.
    tail = image.numbers(parts.table + (2 * parts.rows + 1) * parts.entry, 1, 4)
    count = image.numbers(start + tail[0], 1, 4) if tail else ()
    return (tail[0], image.numbers(start + tail[0], min(count[0], MAX_FILES), 4)) if count else (0, array("I"))


def functions_go12(image: Image, table: Pclntab) -> Iterator[tuple[str, str]]:
    """Name and file of some functions.

    Before Go 1.16 all offsets count from the start of pclntab, and files are numbered through the binary.
    """
    parts = parts_go12(image, table)
    start, size, count = parts.names, parts.entry, parts.rows
    functab = image.numbers(parts.table, 2 * count, size)
    listed, files = _filetab_go12(image, table)
    # Names and tables lie before the list of files; their paths behind it.
    data = image.pread(start, min(listed, parts.end - start))
    paths = Paths(image, start)
    for offset in functab[1 :: 2 * max(1, -(-count // MAX_LOOKS))]:
        record = data[offset + size : offset + size + RECORD]
        if len(record) < RECORD:
            continue
        name = int.from_bytes(record[4 * NAME : 4 * NAME + 4], image.order)
        pcfile = int.from_bytes(record[4 * PCFILE : 4 * PCFILE + 4], image.order)
        number = first_file(data[pcfile : pcfile + 5])
        if not 0 < number < len(files):
            continue
        end = data.find(b"\0", name, name + MAX_NAME)
        yield data[name : max(name, end)].decode("utf-8", "replace"), paths.at(files[number])


def region(image: Image, table: Pclntab) -> tuple[int, int]:
    """File offset of a pclntab, and how many bytes of its segment follow at the most."""
    segment = image.segment_of(table.address)
    if segment is None:
        return 0, 0
    room = segment.vaddr + segment.filesz - table.address
    return segment.offset + table.address - segment.vaddr, min(room, MAX_TABLE)


def first_file(data: bytes) -> int:
    """The first value of a pc-value table of files: a zig-zag varint that is added to -1 (`runtime.step`).

    Negative: there is none (`runtime.funcfile`), or the table is damaged.
    """
    try:
        value, _ = uleb128(data, 0)
    except (IndexError, ValueError):
        return -1
    return -1 if value & 1 else (value >> 1) - 1


def pc_values(data: bytes, most: int) -> list[tuple[int, int]]:
    """(end of a range of pcs in units of the machine, value in it) of the pc-value table in data (`runtime.step`).

    No more than `most`, and fewer where the table is damaged.
    """
    out: list[tuple[int, int]] = []
    at, pc, value = 0, 0, -1
    with suppress(IndexError, ValueError):
        while len(out) < most:
            # Nearly all numbers are one byte.
            if (delta := data[at]) < 0x80:
                at += 1
            else:
                delta, at = uleb128(data, at)
            if delta == 0 and pc:
                break
            value += -(delta >> 1) - 1 if delta & 1 else delta >> 1
            if (delta := data[at]) < 0x80:
                at += 1
            else:
                delta, at = uleb128(data, at)
            pc += delta
            out.append((pc, value))
    return out
