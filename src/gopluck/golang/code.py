"""Where the functions of a package begin and which lines their code has, as pclntab records it since Go 1.20.

Neither -gcflags nor instrumentation nor -trimpath moves a function in its file, so two builds of one source agree on
every start line (`_func.startLine`, `runtime/runtime2.go`; `pcln` and `pcfile`, decoded as `runtime.step` does).
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from functools import cached_property, lru_cache
from itertools import groupby, islice, repeat
from operator import add, mul
from os.path import commonprefix
from typing import Any

from gopluck.elf.dynamic import Dynamic
from gopluck.elf.image import CHUNK, SHORT, Image
from gopluck.errors import MalformedFile
from gopluck.golang import importpath
from gopluck.golang.functab import DEAD_FILE, MAX_NAME, MAX_PATH, Parts, first_file, parts_of, pc_values, records
from gopluck.golang.pclntab import Pclntab
from gopluck.golang.records import FunctionCode
from gopluck.golang.release import PCLNTABS
from gopluck.golang.sources import package_of

MAX_FOUND = 1 << 14
"""Functions of one file that are looked into."""

MAX_LOOKS = 1 << 12
"""Times that the functions around one are looked at: once for a package of up to 100, and there are some 3,000."""

FEW = 1 << 14
"""Functions of a file whose places are read at once (a plugin with net/http has some 8,500)."""

MAX_STEPS = 1 << 12
"""Entries of one pc-value table that are decoded (a function of that many lines is cut there)."""

MAX_TABLES = 1 << 20
"""Bytes of all pc-value tables of a file that are decoded; of functions behind them no lines are known."""

NEAR = 128
"""Functions before and after one that was looked up that are looked at with it: most packages have fewer."""

BESIDE = 32
"""So many of these that are of other packages end a package's."""

MAX_NEAR = 1 << 16
"""Bytes of their records, and of their names."""

MAX_LINE = 1 << 31

MAX_NUMBER = 10
"""Bytes of one number in a pc-value table."""

MAX_BASE = 255
"""Characters of the name of a source file (`NAME_MAX`)."""

PCFILE, PCLN, UNIT, START = 4, 5, 7, 8
"""`pcfile`, `pcln`, `cuOffset` and `startLine`, in 32-bit words after the entry of `_func`; `nameOff` is the first."""

RECORD = 9
"""Words of `_func` that hold them."""

_MADE = re.compile(r"\[|-fm$|\.(?:func|gowrap|deferwrap|init(?!\.\d+$)|_C|_cgo)|-range\d|\.\(\*?struct")
"""Names of functions that the compiler or cgo makes, and of generic ones, which are compiled where they are used.

`init.0` is the first `func init()` of a package.
"""


class Reader:
    """The functions of a file by package and name; none for releases before Go 1.20. Damage gives fewer.

    `text`: the address of `runtime.text`, which the entries of the table of functions count from.
    """

    def __init__(self, dynamic: Dynamic, tables: Iterable[Pclntab], text: int) -> None:
        self._image = dynamic.image
        self._dynamic = dynamic
        self._tables = tuple(tables)
        self._text = text
        self._found = 0
        self._looks = MAX_LOOKS

    @cached_property
    def exported(self) -> bool:
        """Whether the file exports its functions, as hosts and plugins do: then one is looked up, not searched for."""
        return self._text != 0 and self._dynamic.symbol("runtime.mallocgc") is not None

    @cached_property
    def _opened(self) -> tuple[_Opened, ...]:
        known = (table for table in self._tables if PCLNTABS[table.form].start_line is not None)
        return tuple(_Opened(self._image, parts) for table in known if (parts := parts_of(self._image, table)))

    def functions(self, package: str, names: Iterable[str] | None = None) -> dict[str, FunctionCode]:
        """The functions of a package that were written in a source file; `names`: of those that the file exports."""
        out: dict[str, FunctionCode] = {}
        for opened in self._opened:
            places = self._places(opened, package) if names is None else None
            if self.exported:
                self._look_up(opened, package, names or (), places, out)
            else:
                found = ((name, opened.function_at(place)) for place, name in (places or {}).items())
                out.update((name, function) for name, function in found if function is not None)
        return out

    def prepare(self, packages: Collection[str]) -> None:
        """Find the names of the functions of several packages that are going to be asked for, in one search."""
        for opened in self._opened if len(packages) > 1 else ():
            self._search(opened, frozenset(packages))

    def _places(self, opened: _Opened, package: str) -> dict[int, str]:
        """Names of a package's functions, and of some that are in no file, by their place in the table of names."""
        if package not in opened.names_of:
            self._search(opened, frozenset((package,)))
        return opened.names_of.pop(package)

    def _search(self, opened: _Opened, packages: Set[str]) -> None:
        found = opened.names_of
        found.update((package, {}) for package in packages)
        for package, place, name in islice(_names(opened, packages), max(0, MAX_FOUND - self._found)):
            found[package][place] = name
        self._found += sum(len(found[package]) for package in packages)

    def _look_up(
        self,
        opened: _Opened,
        package: str,
        names: Iterable[str],
        places: Mapping[int, str] | None,
        out: dict[str, FunctionCode],
    ) -> None:
        """Functions by their symbols; all of `places`, where that is given. The linker lays a package's functions side
        by side, their records and names, too, so that one leads to the others.
        """
        prefix = f"{importpath.to_prefix(package)}."
        wanted = {} if places else {f"{prefix}{name}".encode("utf-8", "surrogateescape"): name for name in names}
        met: set[str] = set()
        for first in names if places is None else places.values():
            row = self._row(opened, prefix + first, met) if first not in met else -1
            if row < 0:
                continue
            if self._looks == 0:
                return
            self._looks -= 1
            data, own, around = opened.around(row)
            known = opened.names(data, own, around, wanted) if places is None else places
            records = [at for at in around if data[at] in known]
            for at in records:
                name = known[data[at]]
                met.add(name)
                # One of assembly has a second record of its name, for its other ABI, which the compiler made.
                if name not in out and (function := opened.function(data, at)) is not None:
                    out[name] = function
            if len(met) * 2 > len(places or wanted) and not {*around[:BESIDE], *around[-BESIDE:]}.intersection(records):
                # All that the package has; the other names are of functions that were inlined wherever they are called.
                return

    def _row(self, opened: _Opened, full: str, met: Set[str]) -> int:
        """The row of a function, by its symbol; -1 where it is not exported. `met`: those that were found before."""
        symbol = self._dynamic.symbol(full)
        if symbol is None and not met:
            # Functions of assembly have the ABI in their symbol, and not in their name.
            symbol = self._dynamic.symbol(f"{full}.abi0")
        return opened.row_of(symbol.value - self._text) if symbol is not None else -1


class Lines(Sequence[int]):
    """`FunctionCode.lines`, decoded when they are looked at."""

    __slots__ = ("_encoded", "_known")

    def __init__(self, encoded: tuple[_Opened, int, int, int]) -> None:
        self._encoded = encoded
        self._known: tuple[int, ...] | None = None

    @property
    def _lines(self) -> tuple[int, ...]:
        if self._known is None:
            opened, pcln, pcfile, start = self._encoded
            self._known = tuple(line - start for line in _own_lines(opened.table(pcln), opened.table(pcfile)))
        return self._known

    def __getitem__(self, index: Any) -> Any:
        return self._lines[index]

    def __iter__(self) -> Iterator[int]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._lines == tuple(other)

    def __hash__(self) -> int:
        return hash(self._lines)


class _Opened:
    """A pclntab whose functions are looked at."""

    def __init__(self, image: Image, parts: Parts) -> None:
        self.image = image
        self.parts = parts
        self.names_of: dict[str, dict[int, str]] = {}
        """Of packages that are going to be asked for: the names of their functions, by place."""
        self._bases: dict[int, str] = {}
        """The names of source files, by their entry in the table of units."""
        self._firsts: dict[int, int] = {}
        """The file that functions begin in, a number in their unit, by their pc-value table of files."""
        self._room = MAX_TABLES

    def row_of(self, place: int) -> int:
        """The row of the function in which a place lies, counted from `runtime.text`; -1 before the first."""
        if self.parts.rows <= FEW:
            return bisect_right(self._entries, place) - 1
        return bisect_right(range(self.parts.rows), place, key=lambda row: self._row(row)[0]) - 1

    @cached_property
    def _entries(self) -> array[int]:
        return self._rows(0, self.parts.rows)[::2]

    def _row(self, row: int) -> array[int]:
        """Where a function begins, counted from `runtime.text`, and where its record is, counted from the table."""
        found = self._rows(row, 1)
        if len(found) < 2:
            raise MalformedFile(f"{self.image.path}: its table of functions goes beyond the end of the file")
        return found

    def _rows(self, first: int, count: int) -> array[int]:
        return self.image.numbers(self.parts.functions + 8 * first, 2 * count, 4)

    @cached_property
    def records(self) -> dict[int, int]:
        """The file offset of each record behind its entry, by the place of the function's name in the names."""
        offsets = self._rows(0, self.parts.rows)[1::2]
        found = records(self.image, self.parts.functions, self.parts.end - self.parts.functions, offsets, 4)
        out: dict[int, int] = {}
        for base, data, places in found:
            behind = map(add, map(mul, places, repeat(4)), repeat(base))
            out.update(zip(map(data.__getitem__, places), behind, strict=True))
        return out

    def function(self, data: array[int], at: int) -> FunctionCode | None:
        """The function of a record; None for one that has no source file."""
        pcfile, line = data[at + PCFILE], data[at + START]
        # The linker has each table once: that of many functions.
        if (first := self._firsts.get(pcfile)) is None:
            first = self._firsts[pcfile] = first_file(self.image.pread(self.parts.pctab + pcfile, MAX_NUMBER))
        entry = data[at + UNIT] + first
        if first < 0 or not 0 < line < MAX_LINE or not (base := self._bases.get(entry) or self._base(entry)):
            return None
        return FunctionCode._make((base, line, Lines((self, data[at + PCLN], pcfile, line))))

    def _base(self, entry: int) -> str:
        """The name of a source file without its directory, by its entry in the table of units; empty for what has none
        of its own.
        """
        at = self.parts.units + 4 * entry
        found = self.image.numbers(at, 1, 4) if self.parts.units <= at < self.parts.files - 3 else None
        base = ""
        if found and found[0] != DEAD_FILE:
            base = self.image.cstring(self.parts.files + found[0], MAX_PATH).rpartition("/")[2][:MAX_BASE]
        self._bases[entry] = base = "" if base == "<autogenerated>" or base.startswith("_cgo") else base
        return base

    def around(self, row: int) -> tuple[array[int], int, list[int]]:
        """Words with the records of the functions around one; where in them its own begins, behind its entry, and where
        each does.
        """
        own = self._row(row)[1]
        first = max(0, row - NEAR)
        offsets = self._rows(first, min(self.parts.rows, row + NEAR) - first)[1::2]
        low, high = offsets[0], offsets[-1]
        if not low <= own <= high <= low + MAX_NEAR:
            low, high, offsets = own, own, array("I", (own,))
        data = self.image.numbers(self.parts.functions + low, (high - low) // 4 + 1 + RECORD, 4)
        end = len(data) - RECORD
        return data, (own - low) // 4 + 1, [at for one in offsets if 0 < (at := (one - low) // 4 + 1) <= end]

    def names(self, data: array[int], own: int, records: Iterable[int], wanted: Mapping[bytes, str]) -> dict[int, str]:
        """Those of the names that are wanted which such records have, by their place in the table of names."""
        start = max(0, data[own] - MAX_NEAR // 2) if own < len(data) else 0
        held = self.image.pread(self.parts.names + start, MAX_NEAR)
        out: dict[int, str] = {}
        for at in records:
            place = data[at] - start
            end = held.find(b"\0", place) if place >= 0 else -1
            if end >= 0 and (name := wanted.get(held[place:end])) is not None:
                out[data[at]] = name
        return out

    def function_at(self, place: int) -> FunctionCode | None:
        """The function whose name is at a place of the table of names."""
        data = self.image.numbers(self.records.get(place, self.image.size), RECORD, 4)
        return self.function(data, 0) if len(data) == RECORD else None

    def table(self, offset: int) -> bytes:
        """The pc-value table at an offset, up to the zero that ends it; shorter when no more bytes are left."""
        data = self.image.pread(self.parts.pctab + offset, SHORT)
        end = data.find(b"\0", 1)  # the first number can be zero, too
        if end < 0:
            data = self.image.pread(self.parts.pctab + offset, 4 * MAX_STEPS)
            end = data.find(b"\0", 1)
        data = data[: min(end if end > 0 else len(data), self._room)]
        self._room -= len(data)
        return data


@lru_cache(1 << 13)
def _apart(symbol: bytes) -> tuple[str, str]:
    """(package, name in it) of a function that was written in a source file; empty for others. Plugins of one host have
    the same names.
    """
    text = symbol.decode("utf-8", "replace")
    package = package_of(text)
    name = text[len(importpath.to_prefix(package)) + 1 :]
    return (package, name) if name and not _MADE.search(f".{name}") else ("", "")


def _names(opened: _Opened, packages: Set[str]) -> Iterator[tuple[str, int, str]]:
    """(package, place of its symbol name in the table of names, name in the package) of each function of packages.

    The first name of the table is never looked at.
    """
    prefixes = [importpath.to_prefix(package).encode() + b"." for package in packages]
    needle = b"\0" + (commonprefix(prefixes) or b"")  # noqa: RUF071 (it need not end at a slash)
    start = 0
    for chunk in opened.image.chunks(opened.parts.names, opened.parts.units - opened.parts.names, MAX_NAME):
        at = chunk.find(needle)
        while at >= 0:
            end = chunk.find(b"\0", at + 1, at + 1 + MAX_NAME)
            package, name = _apart(chunk[at + 1 : end]) if end > 0 else ("", "")
            if package in packages:
                yield package, start + at + 1, name
            at = chunk.find(needle, max(at + 1, end))
        start += CHUNK


@lru_cache(1 << 10)
def _own_lines(lines: bytes, files: bytes) -> tuple[int, ...]:
    """The lines in the function's own file, by its pc-value tables; the code of inlined functions from other files is
    left out. Plugins of one host have the same tables.
    """
    ends = pc_values(files, MAX_STEPS) or [(0, 0)]
    own: list[int] = []
    position = 0
    begin = 0
    for end, line in pc_values(lines, MAX_STEPS):
        while position < len(ends) - 1 and ends[position][0] <= begin:
            position += 1
        if ends[position][1] == ends[0][1]:
            own.append(line)
        begin = end
    return tuple(line for line, _ in groupby(own))
