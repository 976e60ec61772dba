"""The names that a program passes to `(*plugin.Plugin).Lookup`, and the types that it asserts, read from its code.

The compiler inlines `Lookup` (`plugin/plugin_dlopen.go`): there its map is asked with the name in two registers
(`runtime.mapaccess1_faststr`). Else it is called. A function that passes its own parameter on is followed to its
callers. Up to Go 1.16 arguments are on the stack.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from gopluck.elf.constants import ET_DYN
from gopluck.elf.dynamic import Dynamic
from gopluck.elf.numbers import numbers
from gopluck.errors import MalformedFile
from gopluck.golang.dataflow import Flow, Held
from gopluck.golang.inlining import Program
from gopluck.golang.machinecode import Code, Step
from gopluck.golang.moduledata import Moduledata
from gopluck.golang.pclntab import Pclntab
from gopluck.golang.records import AssertedType, LookedUp
from gopluck.record import NamedTuple

if TYPE_CHECKING:
    from gopluck.golang.typedata import Descriptors

LOOKUP = "plugin.(*Plugin).Lookup"
OPEN = "plugin.open"

MAP_ACCESS = ("mapaccess1_faststr", "mapaccess2_faststr")

LOOKUP_WORDS, ACCESS_WORDS = 3, 4
"""Words of the arguments of `Lookup` (plugin, name), and of those (type, map, key)."""

MAX_DEPTH = 4
"""Functions that pass a name on to each other."""

MAX_FOUND = 1 << 10
"""Lookups of one program that are told."""

MAX_SYMBOL = 1 << 10
"""Bytes of a name."""

MAX_TABLES = 1 << 16
"""Tables of methods."""

MAX_METHODS = 64
"""Words of the last one."""

MAX_CASES = 64

COMPUTED = ""
"""Of a name that is computed while the program runs."""


class Site(NamedTuple):
    """A call that passes a name on, as two arguments from `argument` on."""

    row: int
    code: Code
    at: int
    """The step that calls."""
    argument: int
    held: Held
    """Where what was looked up is when the call returns."""


class Passed(NamedTuple):
    """A function that looks up what it is given."""

    row: int
    argument: int
    """Which of its arguments the name begins with."""
    asserted: frozenset[AssertedType]
    """What it asserts itself."""
    returned: frozenset[int]
    """Where its caller has what it looked up, if it returns that."""


class Lookups:
    """What one program looks up. Raises `MalformedFile` for tables that lie outside the file."""

    def __init__(self, dynamic: Dynamic, table: Pclntab, module: Moduledata, machine: tuple[str, str]) -> None:
        self._image = dynamic.image
        self._dynamic = dynamic
        self._module = module
        self._program = Program(dynamic, table, module, machine, OPEN)
        self._convention = self._program.convention
        self._lookup = self._program.named(LOOKUP)
        self._flow = Flow(self._program.changed)
        self._found: set[LookedUp] = set()

    def read(self) -> tuple[LookedUp, ...]:
        """Each name with the function that looks it up; an entry without a name where that is computed."""
        for row in self._program.inliners(self._lookup):
            self._inlined(row)
        own = self._dynamic.symbol(LOOKUP)
        if own is not None and own.defined:
            returned = frozenset((self._convention.result(LOOKUP_WORDS),))
            self._follow(Passed(self._program.row(own.value), 1, frozenset(), returned), 0)
            if self._pointed_at(own.value):
                self._tell(COMPUTED, LOOKUP)
        return tuple(sorted(self._found))

    def _tell(self, name: str, function: str, types: frozenset[AssertedType] = frozenset()) -> None:
        if len(self._found) < MAX_FOUND:
            self._found.add(LookedUp(name, function, tuple(sorted(types))))

    @cached_property
    def _types(self) -> Descriptors:
        # Most hosts of a check have nothing that is asked for.
        from gopluck.golang.typedata import Descriptors

        return Descriptors(self._dynamic, self._module)

    # -- calls ----------------------------------------------------------------------------------------------------

    def _inlined(self, row: int) -> None:
        """What one function looks up by code that was inlined into it."""
        program, code = self._program, self._program.code(row)
        found = False
        for index, step in enumerate(code.steps if code else ()):
            if code is None or step.kind != "call" or not step.value:
                continue
            if self._lookup in program.frames(row, step.pc) and program.name_at(step.value).endswith(MAP_ACCESS):
                found = True
                held = Held(frozenset(), frozenset((self._convention.result(ACCESS_WORDS),)))
                self._resolve(Site(row, code, index, 2, held), frozenset(), 0)
        if not found:
            self._tell(COMPUTED, program.name(row))

    def _follow(self, passed: Passed, depth: int) -> bool:
        """Look at the calls of a function to which a name is passed; whether there are any."""
        program = self._program
        found = False
        for row, pc in program.calls(program.function(passed.row).entry):
            code = program.code(row) if row != passed.row else None
            index = next((at for at, step in enumerate(code.steps) if step.pc == pc), -1) if code else -1
            if code is not None and index >= 0 and code.steps[index].kind == "call":
                self._resolve(Site(row, code, index, passed.argument, Held(passed.returned)), passed.asserted, depth)
                found = True
            elif code is None and row != passed.row:
                self._tell(COMPUTED, program.name(row))
                found = True
        return found

    def _resolve(self, site: Site, further: frozenset[AssertedType], depth: int) -> None:
        """What a call looks up. `further`: the types that are asserted by what is called."""
        function = self._program.source_function(site.row, site.code.steps[site.at].pc, self._lookup)
        arguments, parameters = self._convention
        for origin in self._flow.origins(site.code, site.at, arguments[site.argument : site.argument + 2]):
            if origin is None:
                self._tell(COMPUTED, function)
                continue
            (first, start), (second, length) = origin
            name = self._constant(start, length) if first < 0 and second < 0 else COMPUTED
            given = (first, second) in pairwise(parameters) and not (start or length)
            if not name and not (given and depth < MAX_DEPTH):
                self._tell(COMPUTED, function)
                continue
            asserted, returned = self._asserted(site)
            asserted |= further
            caller = Passed(site.row, parameters.index(first), asserted, returned) if given else None
            if caller is None or not self._follow(caller, depth + 1):
                self._tell(name, function, asserted if name else frozenset())

    def _constant(self, start: int, length: int) -> str:
        """The name at an address; `COMPUTED` for what is none."""
        if not 0 < length <= MAX_SYMBOL:
            return COMPUTED
        try:
            text = self._image.read(start, length).decode()
        except (MalformedFile, UnicodeDecodeError):
            return COMPUTED
        return text if text.isidentifier() else COMPUTED

    def _pointed_at(self, function: int) -> bool:
        """Whether a function can be called through an interface: its address is in a table of methods (`abi.ITab`)."""
        relocations, word, module = self._dynamic.relocations, self._image.word_size, self._module
        if self._image.header.type == ET_DYN:
            # Up to Go 1.17 pclntab has the addresses of all functions.
            at = module.layout.get("pclntable")
            field = module.address + at if at is not None else 0
            start, size = (relocations.pointer(field), self._image.word(field + word)) if field else (0, 0)
            return not all(0 <= writer - start < size for writer in relocations.writers_of(function))
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

    # -- types ----------------------------------------------------------------------------------------------------

    def _asserted(self, site: Site) -> tuple[frozenset[AssertedType], frozenset[int]]:
        """The types with which the value is compared that a call gives, and where it is returned.

        Those of interfaces are arguments of the runtime (`runtime/iface.go`).
        """
        code = site.code
        found: set[int] = set()
        returned: set[int] = set()
        first, second = self._convention.arguments[:2]

        def uses(at: int, step: Step, words: frozenset[int]) -> None:
            if step.kind == "compare" and (step.to in words) != (step.source in words):
                found.update(self._constants(code, at, step.source if step.to in words else step.to))
            elif step.kind == "call" and step.value and second in words:
                name = self._program.name_at(step.value).removeprefix("runtime.")
                found.update(self._interfaces(name, self._constants(code, at, first)))
            if step.kind == "end":
                returned.update(self._convention.returned(words))

        for following in code.after(site.at):
            self._flow.follow(code, following, site.held, uses)
        described = (self._types.asserted(address) for address in found)
        return frozenset(one for one in described if one is not None), frozenset(returned)

    def _constants(self, code: Code, index: int, location: int) -> list[int]:
        """The addresses that a location can hold."""
        found = self._flow.origins(code, index, (location,))
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


def read(
    dynamic: Dynamic, tables: Sequence[Pclntab], module: Moduledata, machine: tuple[str, str]
) -> tuple[LookedUp, ...]:
    """What a program looks up. `machine`: its GOARCH, and how functions get arguments (`release.passing`).

    Raises `MalformedFile`.
    """
    return Lookups(dynamic, tables[0], module, machine).read()
