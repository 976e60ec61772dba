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

from gopluck.elf.constants import ET_DYN
from gopluck.elf.dynamic import Dynamic
from gopluck.elf.image import CHUNK
from gopluck.elf.numbers import numbers
from gopluck.errors import MalformedFile
from gopluck.golang.functab import MAX_NAME, parts_go12, parts_of, pc_values, region
from gopluck.golang.machinecode import SLOT, Code, Convention, Machine, Step
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

INDEX = 2
"""`abi.PCDATA_InlTreeIndex`."""

MAX_TREE = 1 << 16
"""Bytes of one tree of inlined calls."""

NO_TREE = 0xFFFFFFFF
"""Of a function into which nothing is inlined, where trees are told by their offset."""

NAME, ARGUMENTS, PCDATAS = 0, 1, 6
"""`nameOff`, `args` and `npcdata` of `_func`, in 32-bit words after the entry; `nfuncdata` is the upper byte of the
last word before the pcdata."""

RECORD = 64
"""Words of `_func` that are read: some have 20."""

NEAR = 1 << 12
"""Bytes of names before that of a package's function that belong to the same package."""


class Function(NamedTuple):
    """A function's row of the table of functions."""

    entry: int
    """Its address."""
    size: int
    record: array[int]
    """Its `_func` behind the entry, in 32-bit words."""
    tree: int
    """Where its tree of inlined calls is, counted from `gofunc`; -1 where nothing is inlined."""


class Program:
    """The functions that can use the package of the function `first`. Raises `MalformedFile`.

    `machine`: its GOARCH, and how functions get arguments (`release.passing`).
    """

    def __init__(
        self,
        dynamic: Dynamic,
        table: Pclntab,
        module: Moduledata,
        machine: tuple[str, str],
        first: str,
    ) -> None:
        self._image = image = dynamic.image
        self.machine: Machine = import_module(f"gopluck.golang.{machine[0]}").MACHINE
        convention: Convention | None = getattr(self.machine, machine[1])
        self._unit = UNITS[machine[0]]
        self._form = PCLNTABS[table.form]
        parts = parts_of(image, table) if self._form.cu is not None else parts_go12(image, table)
        if parts is None or convention is None:
            raise MalformedFile(f"{image.path}: no table of functions")
        self.convention = convention
        self._parts = parts
        self._text, self._gofunc = (
            dynamic.relocations.pointer(module.address + module.layout[field]) if field in module.layout else 0
            for field in ("text", "gofunc")
        )
        self._address = table.address - region(image, table)[0]
        # Those of a file at a fixed address are as the file has them, which is ten times faster to read.
        self._pointer = dynamic.relocations.pointer if image.header.type == ET_DYN else None
        self._codes: dict[int, Code | None] = {}
        self._indexes: dict[int, list[tuple[int, int]]] = {}
        self._room = MAX_ALL_CODE
        known = dynamic.symbol(first)
        # The linker lays a package before those that import it.
        self._first = max(0, self.row(known.value)) if known is not None and known.defined else 0

    # -- the table of functions -----------------------------------------------------------------------------------

    def _pair(self, row: int) -> tuple[int, int, int]:
        """Where a function begins, where its record is, and where the next one begins."""
        entry = self._parts.entry
        at = self._parts.table + 2 * entry * row
        found = self._image.numbers(at, 3, entry)
        if row < 0 or len(found) < 3:
            raise MalformedFile(f"{self._image.path}: a table of functions that ends in the middle")
        start, record, end = found
        if not self._form.wide_functab:
            return self._text + start, record, self._text + end
        if self._pointer is not None:
            at += self._address
            start, end = self._pointer(at), self._pointer(at + 2 * entry)
        return start, record, end

    def row(self, address: int) -> int:
        """The function at an address; -1 before all of them."""
        return bisect_right(range(self._parts.rows), address, key=lambda row: self._pair(row)[0]) - 1

    def function(self, row: int) -> Function:
        """A function by its place in the table."""
        start, offset, end = self._pair(row)
        at = self._parts.functions + offset + self._parts.entry
        record = self._image.numbers(at, RECORD, 4)
        if len(record) <= self._form.fields:
            raise MalformedFile(f"{self._image.path}: a function outside the table of functions")
        record.frombytes(bytes(4 * (RECORD - len(record))))
        return Function(start, min(end - start, MAX_CODE), record, self._tree(record, 0, at))

    def _tree(self, words: array[int], at: int, start: int) -> int:
        """`Function.tree` of the record at a place among words that begin at a file offset."""
        form = self._form
        if words[at + form.fields - 1] >> 24 <= form.tree:
            return -1
        at += form.fields + (words[at + PCDATAS] & 31)
        if not form.wide_functab:
            return -1 if words[at + form.tree] == NO_TREE else words[at + form.tree]
        # Pointers, which are aligned (`runtime.funcdata`).
        at += (at + (start >> 2) & 1) + 2 * form.tree
        found = self._pointer(start + 4 * at + self._address) if self._pointer else words[at] | words[at + 1] << 32
        return found or -1

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

    def changed(self, code: Code, step: Step) -> range:
        """The locations that a call changes: all registers, and the stack slots of its arguments and results.

        All slots of the function that calls where it is not known how many they are.
        """
        if not self.convention.on_stack:
            return range(SLOT)
        size = code.frame
        if (row := self.row(step.value) if step.value else -1) >= 0:
            size = min(size, self.function(row).record[ARGUMENTS])
        return range(self.convention.arguments[0] + size)

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
        parts = self._parts
        count = min(parts.rows - self._first, MAX_ROWS)
        offsets = self._image.numbers(parts.table + 2 * parts.entry * self._first, 2 * count, parts.entry)[1::2]
        if name < 0 or not offsets:
            return []
        base = min(offsets)
        room = min(max(offsets) - base, parts.end - parts.functions) + 4 * RECORD
        start = parts.functions + base + parts.entry
        words = self._image.numbers(start, room // 4, 4)
        # Words that are there in any case: a damaged record then has some other tree.
        words.frombytes(bytes(4 * RECORD))
        most = len(words) - RECORD
        places = [(offset - base) >> 2 for offset in offsets]
        rows = {self._tree(words, at, start): row for row, at in enumerate(places, self._first) if at < most}
        rows.pop(-1, None)
        return sorted({rows[tree] for tree in self._trees(sorted(rows), name)})

    def _trees(self, trees: list[int], name: int) -> Iterator[int]:
        """Those of the trees that have a function in them."""
        where = self._image.segment_of(self._gofunc + trees[0]) if trees else None
        if where is None:
            return
        start = where.offset + self._gofunc + trees[0] - where.vaddr
        inlined = self._form.inlined
        hits = self._image.find(start, trees[-1] - trees[0] + MAX_TREE, name.to_bytes(4, "little"))
        for at in islice(hits, MAX_HITS):
            tree = trees[bisect_right(trees, trees[0] + at) - 1]
            if (trees[0] + at - tree) % inlined.size == inlined.name:
                yield tree

    def frames(self, row: int, pc: int) -> list[int]:
        """The names (their places) of the functions that are inlined at an address, the innermost first."""
        start, _, record, tree = self.function(row)
        if record[PCDATAS] <= INDEX or tree < 0:
            return []
        if row not in self._indexes:
            data = self._image.pread(self._parts.pctab + record[self._form.fields + INDEX], 4 * MAX_VALUES)
            self._indexes[row] = pc_values(data, MAX_VALUES)
        ends = self._indexes[row]
        out: list[int] = []
        offset = (pc - start) // self._unit
        size, name, parent = self._form.inlined
        while len(out) < MAX_FRAMES:
            place = bisect_right(ends, offset, key=lambda one: one[0])
            index = ends[place][1] if place < len(ends) else -1
            if index < 0:
                break
            call = numbers(self._image.read(self._gofunc + tree + size * index, size), 4, "<")
            out.append(call[name // 4])
            offset = call[parent // 4] // self._unit
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
        end = self._pair(self._parts.rows - 1)[2]
        segment = self._image.segment_of(start)
        if segment is None:
            return
        offset, room = segment.offset + start - segment.vaddr, segment.vaddr + segment.filesz - start
        for number, piece in enumerate(self._image.chunks(offset, min(end - start, room, MAX_TEXT), 8)):
            address = start + number * CHUNK
            yield from (pc for pc in self.machine.callers(piece, address, target) if pc < address + CHUNK)
