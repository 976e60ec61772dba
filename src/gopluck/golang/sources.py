"""The source directory of each package, as pclntab records it (`funcline1` of `runtime/symtab.go`; `ld/pcln.go`).

Exact, through functions: a function's name gives its package, the first entry of its `pcfile` table its file. One
compile unit is one package, so only a few functions of each unit are looked at, however many there are. A name alone
can mislead: `//go:linkname` lets `runtime` define `sync/atomic.StorePointer`, so the unit has to agree.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from itertools import starmap

from gopluck.elf.image import Image
from gopluck.golang import functab, importpath
from gopluck.golang.pclntab import Pclntab
from gopluck.golang.release import PCLNTABS
from gopluck.record import NamedTuple

AGREEING = 3
"""Functions of a compile unit that are looked at while they all tell the same."""

PER_UNIT = 12
"""About as many functions of a compile unit are looked at when the first ones differ."""

NAMES = 1 << 14
"""Bytes of names that are held to compare those of functions which lie together."""

GROUP = 128
"""Functions that are looked at at a time, from the end."""

LAST = 1024
"""Functions at the end of the table among which `main.main` is looked for."""

_CLOSURE = r"\.(?:func|gowrap|deferwrap)\d|-range\d|\.init\b"
"""Names of code that may come from a function of another package that was inlined."""


class _Function(NamedTuple):
    """A function with a real file."""

    package: str
    directory: str
    generic: bool
    """It is compiled where it is used, from the file where it is written."""
    plain: bool
    """Neither a closure nor an initializer, which may come from inlined code of another package."""


def directory_of_main(image: Image, table: Pclntab, symbols: Set[str]) -> str:
    """The directory of the main package, whose functions are among the last: the linker puts dependencies first.

    `symbols`: what its symbols can begin with: `main`, or a plugin's import path.
    """
    parts, unit = functab.parts_of(image, table), PCLNTABS[table.form].cu
    if parts is None or unit is None:
        return ""
    needles = tuple(f"{importpath.to_prefix(symbol)}.main\0".encode() for symbol in symbols)
    for end in range(parts.rows, max(0, parts.rows - LAST), -GROUP):
        if found := _last_named(image, parts, max(0, end - GROUP), end, needles):
            number = functab.first_file(image.pread(parts.pctab + found[functab.PCFILE], 5))
            place = image.numbers(parts.units + 4 * (found[unit] + number), 1, 4) if number >= 0 else ()
            return image.cstring(parts.files + place[0], functab.MAX_PATH).rpartition("/")[0] if place else ""
    return ""


def _last_named(image: Image, parts: functab.Parts, first: int, end: int, names: tuple[bytes, ...]) -> Sequence[int]:
    """The record of the last function of some rows that has one of the names; empty when none has."""
    found: Sequence[int] = ()
    offsets = image.numbers(parts.functions + 2 * parts.entry * first, 2 * (end - first), parts.entry)[1::2]
    size = min(parts.end - parts.functions, offsets[-1] + functab.RECORD + parts.entry) if offsets else 0
    for _, data, places in functab.records(image, parts.functions, size, offsets, parts.entry):
        at_name = {data[at + functab.NAME]: at for at in places}
        # Names lie about as their functions do: most of them are around that of one function.
        low = max(0, list(at_name)[len(at_name) // 2] - NAMES // 2) if at_name else 0
        held = image.pread(parts.names + low, NAMES)
        high = low + len(held) - functab.MAX_NAME
        same = {low + at for name in names for at in _places(held, name)}
        for name in at_name:
            if not low <= name < high and image.pread(parts.names + name, functab.MAX_NAME).startswith(names):
                same.add(name)
        at = max((at_name[name] for name in same if name in at_name), default=0)
        found = data[at : at + functab.RECORD // 4] if at else found
    return found


def _places(data: bytes, needle: bytes) -> Iterator[int]:
    at = data.find(needle)
    while at >= 0:
        yield at
        at = data.find(needle, at + 1)


def directories_by_functions(image: Image, tables: Sequence[Pclntab]) -> dict[str, str]:
    """Package path to source directory, of every package that has functions. Damage gives fewer, never an error."""
    found: dict[str, str] = {}
    for table in tables:
        before = PCLNTABS[table.form].cu is None  # up to Go 1.15 there are no compile units
        named = starmap(_function, functab.functions_go12(image, table)) if before else _functions(image, table)
        for package, directory in _elect(filter(None, named)).items():
            found.setdefault(package, directory)
    return dict(sorted(found.items()))


def _function(name: str, file: str) -> _Function | None:
    """None where the name has no package, or the compiler made the function (`<autogenerated>`, `_cgo_gotypes.go`)."""
    directory = file.rpartition("/")[0]
    package = package_of(name) if directory and not file.startswith("<") else ""
    if not package or not importpath.fits(package):
        return None
    return _Function(package, directory, "[" in name, re.search(_CLOSURE, name) is None)


def _elect(functions: Iterable[_Function]) -> dict[str, str]:
    """The directory that most functions of a package tell; closures and initializers count only without others.

    Packages with many functions choose first: a directory has one package.
    """
    told: defaultdict[str, Counter[str]] = defaultdict(Counter)
    room = functab.MAX_SOURCE_TEXT
    for function in functions:
        room -= len(function.package) if function.package not in told else 0
        if room < 0 or len(told) == importpath.MAX_PACKAGES:
            break
        told[function.package][function.directory] += functab.MAX_LOOKS if function.plain else 1
    owners = _Owners()
    for package, counted in sorted(told.items(), key=lambda item: item[1].total(), reverse=True):
        for directory, _ in counted.most_common():
            if owners.may(package, directory):
                owners.add(package, directory)
                break
    return owners.directories


class _Owners:
    """Which package each directory belongs to, and each package's directory; larger units come first.

    Each assembly file is a unit of its own, and may hold only functions that are declared elsewhere: those of
    `internal/bytealg` define `runtime.cmpstring`, that of `runtime` for the race detector `sync/atomic.LoadInt32`.
    """

    def __init__(self) -> None:
        self.directories: dict[str, str] = {}
        self._packages: dict[str, str] = {}

    def of(self, sample: Iterable[_Function]) -> tuple[str, str] | None:
        """The package of a unit, with its directory, by some of its functions."""
        counted = Counter((function.package, function.directory) for function in sample if not function.generic)
        return next((pair for pair, _ in counted.most_common() if self.may(*pair)), None)

    def may(self, package: str, directory: str) -> bool:
        """Whether nothing that was kept speaks against it. An external test lies beside what it tests."""
        other = self._packages.get(directory, package)
        return self.directories.get(package, directory) == directory and (
            other.removesuffix("_test") == package.removesuffix("_test")
        )

    def add(self, package: str, directory: str) -> None:
        """Keeps what a unit told."""
        self.directories.setdefault(package, directory)
        self._packages.setdefault(directory, package)


def package_of(name: str) -> str:
    """The package of a function's symbol name; empty for the linker's own (`type:.eq.…`, `go:…`, `go.(*struct {…`).

    Dots of the last path element are escaped (`objabi.PathToPrefix`), so the first dot after the last slash ends it.
    """
    plain = name  # before receivers, type arguments and type literals
    for mark in "([{ ":
        plain = plain.partition(mark)[0]
    if plain.startswith(("type:", "type..", "go:")) or (plain.startswith("_") and not plain.startswith("_/")):
        return ""
    start = plain.rfind("/") + 1
    dot = plain.find(".", start)
    package = plain[:dot] if dot > 0 else ""
    return "" if package in ("go", "type") else importpath.of_prefix(package)


def _functions(image: Image, table: Pclntab) -> Iterator[_Function]:
    """Some functions of each compile unit."""
    known = functab.Functions(image, table)
    owners = _Owners()
    for unit, members in known.units():
        if known.left < 0:
            return
        sample: list[_Function] = []
        plain: list[_Function] = []
        # From the end: the first ones are often generic, or made by the compiler.
        for index in members[:: -max(1, len(members) // PER_UNIT)]:
            file = known.file(unit, index)
            function = _function(known.name(index), file) if file else None
            if function is None:
                continue
            sample.append(function)
            if function.plain and not function.generic:
                plain.append(function)
                if len(plain) == AGREEING and len(set(plain)) == 1 and owners.of(plain):
                    break
        owner = owners.of(sample)
        if owner is not None:
            owners.add(*owner)
        yield from (f for f in sample if f.generic or (owner is not None and f.package == owner[0]))
