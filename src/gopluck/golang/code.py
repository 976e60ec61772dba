"""Where the functions of a package begin and which lines their code has, as pclntab records it since Go 1.20.

Neither -gcflags nor instrumentation nor -trimpath moves a function in its file, so two builds of one source agree on
every start line (`_func.startLine`, `runtime/runtime2.go`; `pcln` and `pcfile`, decoded as `runtime.step` does).
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import repeat
from operator import add, mul
from typing import Any

from gopluck.elf.dynamic import Dynamic
from gopluck.elf.image import CHUNK, Image
from gopluck.errors import MalformedFile
from gopluck.golang import importpath
from gopluck.golang.functab import DEAD_FILE, MAX_NAME, MAX_PATH, Parts, first_file, parts_of, pc_values, records
from gopluck.golang.pclntab import Pclntab
from gopluck.golang.records import FunctionCode
from gopluck.golang.release import PCLNTABS
from gopluck.golang.sources import package_of

MAX_FOUND = 1 << 14
"""Functions of one file that are looked into."""

MAX_STEPS = 1 << 12
"""Entries of one pc-value table that are decoded (a function of that many lines is cut there)."""

MAX_ALL_STEPS = 1 << 19
"""Entries of all pc-value tables of a file that are decoded; functions behind them are left out."""

NEAR = 64
"""Functions before and after one that was looked up whose names are read, too."""

MAX_NEAR = 1 << 15
"""Bytes of their records, and of their names."""

MAX_BASE = 255
"""Characters of the name of a source file (`NAME_MAX`)."""

NAME, PCFILE, PCLN, UNIT, START = 0, 4, 5, 7, 8
"""`nameOff`, `pcfile`, `pcln`, `cuOffset` and `startLine`, in 32-bit words after the entry of `_func`."""

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

    def __init__(self, image: Image, dynamic: Dynamic, tables: Iterable[Pclntab], text: int) -> None:
        self._image = image
        self._dynamic = dynamic
        self._tables = tuple(tables)
        self._text = text
        self._found = 0
        self._near: dict[str, list[_Place]] = {}
        """The functions around those that were looked up, by name: one of assembly has a second one, for its other ABI,
        which the compiler made.
        """

    @cached_property
    def exported(self) -> bool:
        """Whether the file exports its functions, as hosts and plugins do: then one is looked up, not searched for."""
        return self._text != 0 and self._dynamic.symbol("runtime.mallocgc") is not None

    @cached_property
    def _opened(self) -> tuple[_Opened, ...]:
        known = (table for table in self._tables if PCLNTABS[table.form].start_line is not None)
        return tuple(_Opened(self._image, parts) for table in known if (parts := parts_of(self._image, table)))

    def look_up(self, package: str, name: str) -> FunctionCode | None:
        """A function by its name in a package, where the file exports it."""
        full = f"{importpath.to_prefix(package)}.{name}"
        for opened, data, at in self._near.get(full) or self._around(full):
            if (found := _function(opened, data[at : at + RECORD])) is not None:
                return found
        return None

    def _around(self, full: str) -> list[_Place]:
        """Where a function is, by its symbol; those around it are kept."""
        # Functions of assembly have the ABI in their symbol, and not in their name.
        symbol = self._dynamic.symbol(full) or self._dynamic.symbol(f"{full}.abi0")
        for opened in self._opened if symbol is not None else ():
            row = opened.row_of(symbol.value - self._text) if symbol is not None else -1
            record = opened.record(row) if row >= 0 else None
            if record and opened.has_name(record[NAME], full):
                around: dict[str, list[_Place]] = {}
                for name, data, at in opened.near(row, record[NAME]) if len(self._near) < MAX_FOUND else ():
                    around.setdefault(name, []).append((opened, data, at))
                for name, places in around.items():
                    self._near.setdefault(name, places)
                return around.get(full) or [(opened, record, 0)]
        return []

    def search(self, package: str) -> dict[str, FunctionCode]:
        """The functions of a package that were written in a source file."""
        found = ((name, opened.function_at(place)) for opened, place, name in self._named(package))
        return {name: function for name, function in found if function is not None}

    def names(self, package: str) -> list[str]:
        """The names of these functions, and of some that are in no file."""
        return [name for _, _, name in self._named(package)]

    def _named(self, package: str) -> Iterator[tuple[_Opened, int, str]]:
        for opened in self._opened:
            for place, name in _names(opened, package):
                self._found += 1
                if self._found <= MAX_FOUND:
                    yield opened, place, name


class Lines(Sequence[int]):
    """`FunctionCode.lines`, decoded when they are looked at."""

    def __init__(self, opened: _Opened, pcln: int, pcfile: int, start: int) -> None:
        self._decoded = opened, pcln, pcfile, start

    @cached_property
    def _lines(self) -> tuple[int, ...]:
        return _own_lines(*self._decoded)

    def __getitem__(self, index: Any) -> Any:
        return self._lines[index]

    def __len__(self) -> int:
        return len(self._lines)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._lines == tuple(other)

    def __hash__(self) -> int:
        return hash(self._lines)


_Place = tuple["_Opened", "array[int]", int]
"""A table, numbers of it, and where in them a function's record begins, behind its entry."""


class _Opened:
    """A pclntab whose functions are looked at."""

    def __init__(self, image: Image, parts: Parts) -> None:
        self.image = image
        self.parts = parts
        self._bases: dict[bytes, str] = {}
        """The names of source files, by their place in the table of files as it stands in the table of units."""
        self._allowance = iter(range(MAX_ALL_STEPS))

    def row_of(self, place: int) -> int:
        """The row of the function in which a place lies, counted from `runtime.text`; -1 before the first."""
        return bisect_right(range(self.parts.rows), place, key=lambda row: self._row(row)[0]) - 1

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

    def base(self, pcfile: int, unit: int) -> str:
        """The name of the source file that a function begins in, without its directory; empty for what has none of its
        own.

        By the offset of its pc-value table of files, and the first entry of its compile unit in the table of units.
        """
        first = first_file(self.image.pread(self.parts.pctab + pcfile, 10))
        at = self.parts.units + 4 * (unit + first) if first is not None else -1
        found = self.image.pread(at, 4) if self.parts.units <= at < self.parts.files - 3 else b""
        known = self._bases.get(found)
        if known is None:
            known = self._bases[found] = self._base(found)
        return known

    def _base(self, offset: bytes) -> str:
        place = int.from_bytes(offset, self.image.order) if len(offset) == 4 else DEAD_FILE
        if place == DEAD_FILE:
            return ""
        base = self.image.cstring(self.parts.files + place, MAX_PATH).rpartition("/")[2][:MAX_BASE]
        return "" if base == "<autogenerated>" or base.startswith("_cgo") else base

    def has_name(self, offset: int, name: str) -> bool:
        """Whether the symbol name at an offset of the table of names is this one."""
        text = name.encode("utf-8", "surrogateescape") + b"\0"
        return len(text) <= MAX_NAME and self.image.pread(self.parts.names + offset, len(text)) == text

    def near(self, row: int, name: int) -> Iterator[tuple[str, array[int], int]]:
        """Names of the functions around one, and where in an array their records are: the linker lays a package's
        functions side by side, their records and names, too. `name`: where its own is in the table of names.
        """
        first = max(0, row - NEAR)
        offsets = self._rows(first, min(self.parts.rows, row + NEAR) - first)[1::2]
        low, high = offsets[0], offsets[-1]
        if not 0 <= high - low <= MAX_NEAR:
            return
        data = self.image.numbers(self.parts.functions + low, (high - low) // 4 + 1 + RECORD, 4)
        places = [at for one in offsets if 0 < (at := (one - low) // 4 + 1) < len(data)]
        start = max(0, name - MAX_NEAR // 2)
        held = self.image.pread(self.parts.names + start, MAX_NEAR)
        for at in places:
            place = data[at] - start
            end = held.find(b"\0", place) if place >= 0 else -1
            if end >= 0:
                yield held[place:end].decode("utf-8", "surrogateescape"), data, at

    def record(self, row: int) -> array[int]:
        """What follows the entry in the record of a row; shorter where the file ends."""
        return self.image.numbers(self.parts.functions + self._row(row)[1] + 4, RECORD, 4)

    def function_at(self, place: int) -> FunctionCode | None:
        """The function whose name is at a place of the table of names."""
        at = self.records.get(place)
        return None if at is None else _function(self, self.image.numbers(at, RECORD, 4))

    def steps(self, offset: int) -> list[tuple[int, int]]:
        """(end of a range of pcs, value in it) of the pc-value table at an offset (`runtime.step`).

        Shorter when no more steps are left, and where the file ends in the middle, or is damaged.
        """
        data = self.image.pread(self.parts.pctab + offset, 4 * MAX_STEPS)
        return [step for _, step in zip(range(MAX_STEPS), pc_values(data, self._allowance), strict=False)]


def _function(opened: _Opened, data: array[int]) -> FunctionCode | None:
    """The function of a record; None for what has no source file of its own, and beyond the end of the file."""
    if len(data) < RECORD:
        return None
    pcfile, line = data[PCFILE], data[START]
    base = opened.base(pcfile, data[UNIT]) if 0 < line < 1 << 31 else ""
    return FunctionCode(base, line, Lines(opened, data[PCLN], pcfile, line)) if base else None


@lru_cache(1 << 12)
def _written(name: str) -> bool:
    """Whether a name in a package is that of a function that was written. Plugins of one host have the same names."""
    return bool(name) and not _MADE.search(f".{name}")


def _names(opened: _Opened, package: str) -> Iterator[tuple[int, str]]:
    """(place of its symbol name in the table of names, name in the package) of each function of a package.

    The first name of the table is never looked at.
    """
    prefix = importpath.to_prefix(package)
    needle = b"\0" + prefix.encode() + b"."
    plain = package_of(f"{prefix}.x") == package
    start = 0
    for chunk in opened.image.chunks(opened.parts.names, opened.parts.units - opened.parts.names, MAX_NAME):
        at = chunk.find(needle)
        while at >= 0:
            end = chunk.find(b"\0", at + 1, at + 1 + MAX_NAME)
            name = chunk[at + 1 : max(at + 1, end)].decode("utf-8", "replace")
            rest = name[len(prefix) + 1 :]
            if _written(rest) and (plain if "/" not in rest else package_of(name) == package):
                yield start + at + 1, rest
            at = chunk.find(needle, at + 1)
        start += CHUNK


def _own_lines(opened: _Opened, pcln: int, pcfile: int, start: int) -> tuple[int, ...]:
    """The lines in the function's own file; the code of inlined functions from other files is left out."""
    lines, files = opened.steps(pcln), opened.steps(pcfile)
    out: list[int] = []
    position = 0
    begin = 0
    for end, line in lines:
        while position < len(files) - 1 and files[position][0] <= begin:
            position += 1
        if files[position][1] == files[0][1] and (not out or out[-1] != line - start):
            out.append(line - start)
        begin = end
    return tuple(out)
