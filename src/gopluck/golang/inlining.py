"""The functions of a program that can use one package, their code, and what the compiler inlined into them.

Which function's code an address is, the trees of inlined calls tell (`runtime/symtabinl.go`). Nothing here walks the
whole table of functions: a host has 250,000.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from importlib import import_module
from itertools import islice

from gopluck.elf.dynamic import Dynamic
from gopluck.elf.image import CHUNK, Image
from gopluck.elf.numbers import numbers
from gopluck.errors import MalformedFile
from gopluck.golang.functab import MAX_NAME, parts_of, pc_values
from gopluck.golang.machinecode import Code, Machine
from gopluck.golang.moduledata import Moduledata
from gopluck.golang.pclntab import Pclntab
from gopluck.golang.release import PCLNTABS
from gopluck.record import NamedTuple

UNITS = {"amd64": 1, "arm64": 4}
"""The machines that are known: the unit of their pcs (`minLC`). A file of the name has the decoder."""

MAX_CODE = 1 << 17
"""Bytes of one function that is taken apart."""

MAX_ALL_CODE = 1 << 19
"""Bytes of all of them."""

MAX_ROWS = 1 << 18
"""Functions that are asked what is inlined in them."""

MAX_HITS = 1 << 12
"""Trees that name a function."""

MAX_CALLS = 1 << 10
"""Calls of one function."""

MAX_TEXT = 1 << 28
"""Bytes of code in which calls are searched for."""

MAX_VALUES = 1 << 12
"""Steps of one pc-value table."""

MAX_FRAMES = 64

TREE, INDEX = 3, 2
"""`abi.FUNCDATA_InlTree` and `abi.PCDATA_InlTreeIndex`."""

NO_TREE = 0xFFFFFFFF
"""Of a function into which nothing is inlined."""

NAME, PCDATAS, COUNTS, FIRST = 1, 7, 10, 11
"""`nameOff`, `npcdata`, `nfuncdata` (in the upper byte) of `_func`, and where its pcdata begin, in 32-bit words."""

RECORD = 64
"""Words of `_func` that are read: some have 20."""

INLINED = 16
"""Bytes of a `runtime.inlinedCall`: funcID and padding, nameOff, parentPc, startLine."""

NEAR = 1 << 12
"""Bytes of names before that of a package's function that belong to the same package."""


class Function(NamedTuple):
    """A function's row of the table of functions."""

    entry: int
    """Its address."""
    size: int
    record: array[int]
    """Its `_func`, in 32-bit words."""


class Program:
    """The functions that can use the package of the function `first`. Of Go 1.20 and later; raises `MalformedFile`."""

    def __init__(
        self, image: Image, dynamic: Dynamic, table: Pclntab, module: Moduledata, goarch: str, first: str
    ) -> None:
        self._image = image
        self.machine: Machine = import_module(f"gopluck.golang.{goarch}").MACHINE
        self._unit = UNITS[goarch]
        parts = parts_of(image, table)
        if parts is None or PCLNTABS[table.form].start_line is None:
            raise MalformedFile(f"{image.path}: no table of functions")
        self._parts = parts
        self._text, self._gofunc = (
            dynamic.relocations.pointer(module.address + module.layout[field]) for field in ("text", "gofunc")
        )
        self._codes: dict[int, Code | None] = {}
        self._indexes: dict[int, list[tuple[int, int]]] = {}
        self._room = MAX_ALL_CODE
        known = dynamic.symbol(first)
        # The linker lays a package before those that import it.
        self._first = max(0, self.row(known.value)) if known is not None and known.defined else 0

    # -- the table of functions -----------------------------------------------------------------------------------

    def _pair(self, row: int) -> array[int]:
        found = self._image.numbers(self._parts.functions + 8 * row, 3, 4)
        if row < 0 or len(found) < 3:
            raise MalformedFile(f"{self._image.path}: a table of functions that ends in the middle")
        return found

    def row(self, address: int) -> int:
        """The function at an address; -1 before all of them."""
        return bisect_right(range(self._parts.rows), address - self._text, key=lambda row: self._pair(row)[0]) - 1

    def function(self, row: int) -> Function:
        """A function by its place in the table."""
        entry, offset, end = self._pair(row)
        record = self._image.numbers(self._parts.functions + offset, RECORD, 4)
        if len(record) <= FIRST:
            raise MalformedFile(f"{self._image.path}: a function outside the table of functions")
        return Function(self._text + entry, min(end - entry, MAX_CODE), record)

    def name(self, row: int) -> str:
        """The symbol name of a function."""
        return self._text_of(self.function(row).record[NAME])

    def name_at(self, address: int) -> str:
        """The name of the function at an address; empty where there is none."""
        row = self.row(address)
        return self.name(row) if row >= 0 else ""

    def _text_of(self, offset: int) -> str:
        return self._image.cstring(self._parts.names + offset, MAX_NAME)

    def code(self, row: int) -> Code | None:
        """A function's code; None where something in it is not known, and of very long ones."""
        if row not in self._codes:
            found = self.function(row)
            self._room -= max(0, found.size)
            steps = None
            if 0 < found.size < MAX_CODE and self._room >= 0:
                steps = self.machine.decode(self._image.read(found.entry, found.size), found.entry)
            self._codes[row] = Code(steps) if steps else None
        return self._codes[row]

    # -- what is inlined ------------------------------------------------------------------------------------------

    def named(self, name: str) -> int:
        """Where the name of a function of the package is among the names of functions; -1 when it is not.

        A name stands behind those of the functions that were laid out before (`ld/pcln.go`, `generateFuncnametab`).
        """
        first = max(0, self.function(self._first).record[NAME] - NEAR)
        needle = b"\0" + name.encode() + b"\0"
        start, end = self._parts.names, self._parts.units
        for low in dict.fromkeys((first, 0)):
            for at in self._image.find(start + low, end - start - low, needle):
                return low + at + 1
        return -1

    def inliners(self, name: int) -> list[int]:
        """The functions (rows) into which the function of a name is inlined."""
        count = min(self._parts.rows - self._first, MAX_ROWS)
        offsets = self._image.numbers(self._parts.functions + 8 * self._first, 2 * count, 4)[1::2]
        if name < 0 or not offsets:
            return []
        base = min(offsets)
        room = min(max(offsets) - base, self._parts.end - self._parts.functions) + 4 * RECORD
        words = self._image.numbers(self._parts.functions + base, room // 4, 4)
        # Words that are there in any case: a damaged record then has some other tree.
        words.frombytes(bytes(4 * RECORD))
        most = len(words) - RECORD
        places = [(offset - base) >> 2 for offset in offsets]
        rows = {
            words[at + FIRST + TREE + (words[at + PCDATAS] & 31)]: row
            for row, at in enumerate(places, self._first)
            if at < most and words[at + COUNTS] >> 24 > TREE
        }
        rows.pop(NO_TREE, None)
        return sorted({rows[tree] for tree in self._trees(sorted(rows), name)})

    def _trees(self, trees: list[int], name: int) -> Iterator[int]:
        """Those of the trees that have a function in them."""
        where = self._image.segment_of(self._gofunc)
        if where is None or not trees:
            return
        start = where.offset + self._gofunc - where.vaddr + trees[0]
        hits = self._image.find(start, trees[-1] - trees[0] + CHUNK // 16, name.to_bytes(4, "little"))
        for at in islice(hits, MAX_HITS):
            tree = trees[bisect_right(trees, trees[0] + at) - 1]
            if (trees[0] + at - tree) % INLINED == 4:
                yield tree

    def frames(self, row: int, pc: int) -> list[int]:
        """The names (their places) of the functions that are inlined at an address, the innermost first."""
        entry, _, record = self.function(row)
        pcdatas = record[PCDATAS]
        if pcdatas <= INDEX or len(record) <= FIRST + pcdatas + TREE or record[COUNTS] >> 24 <= TREE:
            return []
        tree = record[FIRST + pcdatas + TREE]
        if tree == NO_TREE:
            return []
        if row not in self._indexes:
            data = self._image.pread(self._parts.pctab + record[FIRST + INDEX], 4 * MAX_VALUES)
            self._indexes[row] = list(pc_values(data, range(MAX_VALUES)))
        ends = self._indexes[row]
        out: list[int] = []
        offset = (pc - entry) // self._unit
        while len(out) < MAX_FRAMES:
            place = bisect_right(ends, offset, key=lambda one: one[0])
            index = ends[place][1] if place < len(ends) else -1
            if index < 0:
                break
            _, name, parent, _ = numbers(self._image.read(self._gofunc + tree + INLINED * index, INLINED), 4, "<")
            out.append(name)
            offset = parent // self._unit
        return out

    def source_function(self, row: int, pc: int, inside: int) -> str:
        """The function whose source has the code at an address, or the call of the function of the name `inside`."""
        frames = self.frames(row, pc)
        if inside in frames:
            frames = frames[frames.index(inside) + 1 :]
        return self._text_of(frames[0]) if frames else self.name(row)

    # -- calls ----------------------------------------------------------------------------------------------------

    def calls(self, target: int) -> list[tuple[int, int]]:
        """Where a function is called: row, and the address of what looks like a call; no more than `MAX_CALLS`."""
        return [(self.row(pc), pc) for pc in islice(self._calls(target), MAX_CALLS)]

    def _calls(self, target: int) -> Iterator[int]:
        start = self.function(self._first).entry
        end = self._text + self._pair(self._parts.rows - 1)[2]
        segment = self._image.segment_of(start)
        if segment is None:
            return
        offset, room = segment.offset + start - segment.vaddr, segment.vaddr + segment.filesz - start
        for number, piece in enumerate(self._image.chunks(offset, min(end - start, room, MAX_TEXT), 8)):
            address = start + number * CHUNK
            yield from (pc for pc in self.machine.callers(piece, address, target) if pc < address + CHUNK)
