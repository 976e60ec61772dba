"""The names that a program passes to `(*plugin.Plugin).Lookup`, and the types that it asserts, read from its code.

The compiler inlines `Lookup` (`plugin/plugin_dlopen.go`): there its map is asked with the name in two registers
(`runtime.mapaccess1_faststr`). Which code that is, the trees of inlined calls tell (`runtime/symtabinl.go`). Else it is
called. A function that passes its own parameter on is followed to its callers.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property

from gopluck.elf.constants import ET_DYN
from gopluck.elf.dynamic import Dynamic
from gopluck.elf.image import CHUNK, Image
from gopluck.elf.numbers import numbers
from gopluck.errors import MalformedFile
from gopluck.golang import amd64, arm64
from gopluck.golang.dataflow import Held, followed, origins
from gopluck.golang.functab import MAX_NAME, Parts, parts_of, pc_values
from gopluck.golang.machinecode import Code, Machine, Step
from gopluck.golang.moduledata import Moduledata
from gopluck.golang.pclntab import Pclntab
from gopluck.golang.records import AssertedType, LookedUp
from gopluck.golang.release import PCLNTABS
from gopluck.golang.typedata import Descriptors
from gopluck.record import NamedTuple

LOOKUP = "plugin.(*Plugin).Lookup"

MACHINES = {"amd64": (amd64.MACHINE, 1), "arm64": (arm64.MACHINE, 4)}
"""By GOARCH: the machine, and the unit of its pcs (`minLC`)."""

MAX_FUNCTIONS = 256
"""Functions that are taken apart."""

MAX_CODE = 1 << 17
"""Bytes of one."""

MAX_ROWS = 1 << 18
"""Functions that are asked what is inlined in them."""

MAX_CALLS = 1 << 10
"""Calls that are looked at."""

MAX_DEPTH = 4
"""Functions that pass a name on to each other."""

MAX_SYMBOL = 1 << 10
"""Bytes of a name."""

MAX_VALUES = 1 << 12
"""Steps of one pc-value table."""

MAX_TABLES = 1 << 16
"""Tables of methods."""

MAX_METHODS = 64
"""Words of the last one."""

MAX_FRAMES = 64
MAX_CASES = 64

TREE, INDEX = 3, 2
"""`abi.FUNCDATA_InlTree` and `abi.PCDATA_InlTreeIndex`."""

NO_TREE = 0xFFFFFFFF
"""Of a function into which nothing is inlined."""

NAME, PCDATAS, COUNTS, FIRST = 1, 7, 10, 11
"""`nameOff`, `npcdata`, `nfuncdata` (in the upper byte) of `_func`, and where its pcdata begin, in 32-bit words."""

INLINED = 16
"""Bytes of a `runtime.inlinedCall`: funcID and padding, nameOff, parentPc, startLine."""

NEAR = 1 << 12
"""Bytes of names before that of `plugin.open` that belong to its package."""

NO_NAME = ""
"""Of a name that is computed while the program runs."""


class Function(NamedTuple):
    """A function's row of the table of functions."""

    entry: int
    """Its address."""
    size: int
    record: array[int]
    """Its `_func`, in 32-bit words."""


class Lookups:
    """What one program looks up. Raises `MalformedFile` for tables that lie outside the file."""

    def __init__(self, image: Image, dynamic: Dynamic, table: Pclntab, module: Moduledata, goarch: str) -> None:
        self._image = image
        self._dynamic = dynamic
        self._machine, self._unit = MACHINES[goarch]
        parts = parts_of(image, table)
        if parts is None or PCLNTABS[table.form].start_line is None:
            raise MalformedFile(f"{image.path}: no table of functions")
        self._parts: Parts = parts
        self._text, self._gofunc = (
            dynamic.relocations.pointer(module.address + module.layout[field]) for field in ("text", "gofunc")
        )
        self._module = module
        self._types = Descriptors(image, dynamic, module)
        self._codes: dict[int, Code | None] = {}
        self._calls = iter(range(MAX_CALLS))
        self._found: list[LookedUp] = []

    def read(self) -> tuple[LookedUp, ...]:
        """Each name with who looks it up; an entry without a name where it is computed."""
        for row in self._inliners():
            self._inlined(row)
        lookup = self._dynamic.symbol(LOOKUP)
        if lookup is not None and lookup.defined:
            row = self._row(lookup.value)
            site = _Site(row, 1, frozenset(), True)
            self._callers(site, 0)
            if self._pointed_at(lookup.value):
                self._found.append(LookedUp(NO_NAME, LOOKUP))
        return tuple(sorted(set(self._found)))

    # -- the table of functions -----------------------------------------------------------------------------------

    def _pair(self, row: int) -> array[int]:
        return self._image.numbers(self._parts.functions + 8 * row, 3, 4)

    def _row(self, address: int) -> int:
        """The function at an address."""
        return bisect_right(range(self._parts.rows), address - self._text, key=lambda row: self._pair(row)[0]) - 1

    def _function(self, row: int) -> Function:
        entry, offset, end = self._pair(row)
        record = self._image.numbers(self._parts.functions + offset, 64, 4)
        if len(record) <= FIRST:
            raise MalformedFile(f"{self._image.path}: a function outside the table of functions")
        return Function(self._text + entry, min(end - entry, MAX_CODE), record)

    def _name(self, offset: int) -> str:
        return self._image.cstring(self._parts.names + offset, MAX_NAME)

    def _name_at(self, address: int) -> str:
        row = self._row(address)
        return self._name(self._function(row).record[NAME]) if row >= 0 else ""

    def _code(self, row: int) -> Code | None:
        """A function's code; None where something in it is not known."""
        if row not in self._codes:
            found = self._function(row)
            steps = None
            if 0 < found.size < MAX_CODE and len(self._codes) < MAX_FUNCTIONS:
                steps = self._machine.decode(self._image.read(found.entry, found.size), found.entry)
            self._codes[row] = Code(steps) if steps else None
        return self._codes[row]

    # -- what is inlined ------------------------------------------------------------------------------------------

    @cached_property
    def _first(self) -> int:
        """The first function that can use package plugin: the linker lays a package before those that import it."""
        known = self._dynamic.symbol("plugin.open")
        return max(0, self._row(known.value)) if known is not None and known.defined else 0

    @cached_property
    def _lookup(self) -> int:
        """Where the name of `Lookup` is among the names of functions, or -1.

        A name stands behind those of the functions that were laid out before (`ld/pcln.go`, `generateFuncnametab`).
        """
        first = max(0, self._function(self._first).record[NAME] - NEAR)
        needle = b"\0" + LOOKUP.encode() + b"\0"
        start, end = self._parts.names, self._parts.units
        for low in dict.fromkeys((first, 0)):
            for at in self._image.find(start + low, end - start - low, needle):
                return low + at + 1
        return -1

    def _inliners(self) -> Iterator[int]:
        """The functions into which `Lookup` is inlined."""
        if self._lookup < 0:
            return
        first = self._first
        count = min(self._parts.rows - first, MAX_ROWS)
        offsets = self._image.numbers(self._parts.functions + 8 * first, 2 * count, 4)[1::2]
        if not offsets:
            return
        base = min(offsets)
        room = min(max(offsets) - base, self._parts.end - self._parts.functions) + 4 * 64
        words = self._image.numbers(self._parts.functions + base, room // 4, 4)
        rows: dict[int, int] = {}
        for row, offset in enumerate(offsets, first):
            at = (offset - base) >> 2
            counts = words[at + COUNTS] if at + COUNTS < len(words) else 0
            tree = at + FIRST + words[at + PCDATAS] + TREE if counts >> 24 > TREE else len(words)
            if tree < len(words):
                rows[words[tree]] = row
        rows.pop(NO_TREE, None)
        if rows:
            yield from sorted({rows[tree] for tree in self._trees(sorted(rows))})

    def _trees(self, trees: list[int]) -> Iterator[int]:
        """Those of the trees that have `Lookup` in them."""
        where = self._image.segment_of(self._gofunc)
        if where is None:
            return
        start = where.offset + self._gofunc - where.vaddr + trees[0]
        for at in self._image.find(start, trees[-1] - trees[0] + CHUNK // 16, self._lookup.to_bytes(4, "little")):
            tree = trees[bisect_right(trees, trees[0] + at) - 1]
            if (trees[0] + at - tree) % INLINED == 4:
                yield tree

    def _frames(self, row: int, pc: int) -> list[int]:
        """The names (offsets) of the functions that are inlined at an address, the innermost first."""
        entry, _, record = self._function(row)
        pcdatas = record[PCDATAS]
        if pcdatas <= INDEX or len(record) <= FIRST + pcdatas + TREE or record[COUNTS] >> 24 <= TREE:
            return []
        tree = record[FIRST + pcdatas + TREE]
        if tree == NO_TREE:
            return []
        data = self._image.pread(self._parts.pctab + record[FIRST + INDEX], 4 * MAX_VALUES)
        ends = list(pc_values(data, range(MAX_VALUES)))
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

    def _where(self, row: int, pc: int) -> str:
        """The function whose source has the call of `Lookup`, or of one that passes the name on."""
        frames = self._frames(row, pc)
        if self._lookup in frames:
            frames = frames[frames.index(self._lookup) + 1 :]
        return self._name(frames[0] if frames else self._function(row).record[NAME])

    # -- calls ----------------------------------------------------------------------------------------------------

    def _inlined(self, row: int) -> None:
        """What one function looks up by code that was inlined into it."""
        code = self._code(row)
        found = False
        for index, step in enumerate(code.steps if code else ()):
            if step.kind != "call" or not step.value or self._lookup not in self._frames(row, step.pc):
                continue
            name = self._name_at(step.value)
            if name.endswith(("mapaccess1_faststr", "mapaccess2_faststr")) and code is not None:
                found = True
                held = Held(frozenset(), frozenset(self._machine.arguments[:1]))
                self._resolve(row, code, index, 2, held, frozenset(), 0)
        if not found:
            self._found.append(LookedUp(NO_NAME, self._name(self._function(row).record[NAME])))

    def _resolve(
        self, row: int, code: Code, index: int, argument: int, held: Held, also: frozenset[AssertedType], depth: int
    ) -> None:
        """What a call looks up, whose arguments from `argument` on are a name."""
        asserted, returned = self._asserted(code, index, held)
        asserted |= also
        where = self._where(row, code.steps[index].pc)
        registers = self._machine.arguments
        for origin in origins(code, index, registers[argument : argument + 2]):
            name: str | None = None
            if origin is not None:
                (first, start), (second, length) = origin
                if first < 0 and second < 0:
                    name = self._constant(start, length)
                elif (first, second) in zip(registers, registers[1:], strict=False) and not (start or length):
                    site = _Site(row, registers.index(first), asserted, returned)
                    if depth < MAX_DEPTH and self._callers(site, depth + 1):
                        continue
            self._found.append(LookedUp(name or NO_NAME, where, tuple(sorted(asserted)) if name else ()))

    def _constant(self, start: int, length: int) -> str | None:
        """The name at an address; None for what is none."""
        if not 0 < length <= MAX_SYMBOL:
            return None
        try:
            text = self._image.read(start, length).decode()
        except (MalformedFile, UnicodeDecodeError):
            return None
        return text if text.isidentifier() else None

    def _callers(self, site: _Site, depth: int) -> bool:
        """Look at the calls of a function to which a name is passed; whether there are any."""
        if site.row < 0:
            return False
        found = False
        target = self._function(site.row).entry
        for pc in self._calls_of(target):
            row = self._row(pc)
            code = self._code(row) if row != site.row else None
            index = next((at for at, step in enumerate(code.steps) if step.pc == pc), -1) if code else -1
            if code is None and row != site.row:
                self._found.append(LookedUp(NO_NAME, self._where(row, pc)))
                found = True
            if code is not None and index >= 0 and code.steps[index].kind == "call" and next(self._calls, -1) >= 0:
                held = Held(frozenset(self._machine.arguments[:1] if site.returned else ()))
                self._resolve(row, code, index, site.argument, held, site.asserted, depth)
                found = True
        return found

    def _calls_of(self, target: int) -> Iterator[int]:
        """Where a function is called, by those that can use package plugin."""
        start = self._function(self._first).entry
        end = self._text + self._pair(self._parts.rows - 1)[2]
        segment = self._image.segment_of(start)
        if segment is None or target < 0:
            return
        offset, room = segment.offset + start - segment.vaddr, segment.vaddr + segment.filesz - start
        for number, piece in enumerate(self._image.chunks(offset, min(end - start, room), 8)):
            address = start + number * CHUNK
            yield from (pc for pc in self._machine.callers(piece, address, target) if pc < address + CHUNK)

    # -- types ----------------------------------------------------------------------------------------------------

    def _asserted(self, code: Code, index: int, held: Held) -> tuple[frozenset[AssertedType], bool]:
        """The types with which the value is compared that a call gives, and whether it is returned.

        Those of interfaces are arguments of the runtime (`runtime/iface.go`).
        """
        found: set[int] = set()
        returned = False
        first, second = self._machine.arguments[:2]

        def uses(at: int, step: Step, words: frozenset[int]) -> None:
            nonlocal returned
            if step.kind == "compare" and (step.to in words) != (step.source in words):
                found.update(self._constants(code, at, step.source if step.to in words else step.to))
            elif step.kind == "call" and step.value and second in words:
                name = self._name_at(step.value).removeprefix("runtime.")
                found.update(self._interfaces(name, self._constants(code, at, first)))
            returned = returned or (step.kind == "end" and first in words)

        for following in code.after(index):
            followed(code, following, held, uses)
        described = (self._types.asserted(address) for address in found)
        return frozenset(one for one in described if one is not None), returned

    def _constants(self, code: Code, index: int, location: int) -> list[int]:
        """The addresses that a location holds."""
        found = origins(code, index, (location,))
        return [one[0].added for one in found if one is not None and one[0].location < 0]

    def _interfaces(self, name: str, addresses: list[int]) -> Iterator[int]:
        """The interface types that a function of the runtime is given (`abi.TypeAssert`, `abi.InterfaceSwitch`)."""
        word = self._image.word_size
        pointer = self._dynamic.relocations.pointer
        for address in addresses:
            if name in ("assertE2I", "assertE2I2"):
                yield address
            elif name == "typeAssert":
                yield pointer(address + word)
            elif name == "interfaceSwitch":
                count = min(self._image.word(address + word), MAX_CASES)
                yield from (pointer(address + (2 + case) * word) for case in range(count))

    def _pointed_at(self, function: int) -> bool:
        """Whether a function can be called through an interface: its address is in a table of methods (`abi.ITab`)."""
        relocations, word, module = self._dynamic.relocations, self._image.word_size, self._module
        if self._image.header.type == ET_DYN:
            return bool(relocations.writers_of(function))
        if "itaboffset" in module.layout:
            start = module.types + self._image.word(module.address + module.layout["itaboffset"])
            end = start + self._image.word(module.address + module.layout["itabsize"])
        else:
            at = module.address + module.layout["itablinks"]
            where, count = self._image.word(at), min(self._image.word(at + word), MAX_TABLES)
            tables = numbers(self._image.read(where, word * count), word, "<") if count else [0]
            start, end = min(tables), max(tables) + MAX_METHODS * word
        segment = self._image.segment_of(start)
        if segment is None or end <= start:
            return False
        offset = segment.offset + start - segment.vaddr
        return next(self._image.find(offset, end - start, function.to_bytes(word, "little")), -1) >= 0


class _Site(NamedTuple):
    """A function to which a name is passed."""

    row: int
    argument: int
    """Which of its arguments the name begins with."""
    asserted: frozenset[AssertedType]
    """What it asserts itself."""
    returned: bool
    """Whether it returns what it looked up, as its first result."""
