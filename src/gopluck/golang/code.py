"""Where the functions of a package begin and which lines their code has, as pclntab records it since Go 1.20.

Neither -gcflags nor instrumentation nor -trimpath moves a function in its file, so two builds of one source agree on
every start line (`_func.startLine`, `runtime/runtime2.go`; `pcln` and `pcfile`, decoded as `runtime.step` does).
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from gopluck.elf.dynamic import Dynamic
from gopluck.elf.image import CHUNK, Image
from gopluck.facts.model import FunctionCode
from gopluck.golang.leb128 import uleb128
from gopluck.golang.pclntab import Pclntab
from gopluck.golang.sources import DEAD_FILE, MAX_FUNCTIONS, MAX_NAME, MAX_PATH, package_of, records, region, words

MAX_FOUND = 1 << 14
"""Functions of one file that are looked into."""

MAX_STEPS = 1 << 12
"""Entries of one pc-value table that are decoded (a function of that many lines is cut there)."""

FIELDS = {"name": 0, "pcfile": 4, "pcln": 5, "cu": 7, "start": 8}
"""`nameOff`, `pcfile`, `pcln`, `cuOffset` and `startLine`, in 32-bit words after the entry of `_func`."""

RECORD = 9
"""Words of `_func` that hold them."""

_MADE = re.compile(r"\[|-fm$|\.(?:func|gowrap|deferwrap|init|_C|_cgo)|-range\d|\.\(\*?struct")
"""Names of functions that the compiler or cgo makes, and of generic ones, which are compiled where they are used."""


def read_code(
    image: Image, tables: Iterable[Pclntab], packages: frozenset[str], *, lines: bool = True
) -> dict[str, dict[str, FunctionCode]]:
    """The functions of some packages; nothing for releases before Go 1.20. Damage gives fewer, never an error.

    `lines=False` leaves out `FunctionCode.lines`.
    """
    out: dict[str, dict[str, FunctionCode]] = {}
    for table in tables:
        opened = _opened(image, table) if packages else None
        if opened is not None:
            for package, name, function in _functions(opened, packages, lines):
                out.setdefault(package, {})[name] = function
    return out


def read_like(
    image: Image,
    dynamic: Dynamic,
    tables: Iterable[Pclntab],
    text: int,
    like: Mapping[str, Iterable[str]],
    *,
    lines: bool = False,
) -> dict[str, dict[str, FunctionCode]]:
    """As `read_code`, of those functions by their names in each package that the file exports.

    A host exports all its functions, so they are looked up, and its pclntab is not searched. `text`: the address of
    `runtime.text`, which the entries of the table of functions count from.
    """
    out: dict[str, dict[str, FunctionCode]] = {}
    for opened in filter(None, (_opened(image, table) for table in tables)):
        table = words(image, opened.functions, 2 * opened.rows, 4)
        entries, offsets = table[0::2], table[1::2]
        for package, names in like.items():
            prefix = _escaped(package)
            for name in names:
                symbol = dynamic.symbol(f"{prefix}.{name}")
                row = bisect_right(entries, symbol.value - text) - 1 if symbol is not None else -1
                if row < 0:
                    continue
                data = words(image, opened.functions + offsets[row] + 4, RECORD, 4)
                if len(data) < RECORD or opened.name(data[FIELDS["name"]]) != f"{prefix}.{name}":
                    continue
                function = _function(opened, data, 0, lines)
                if function is not None:
                    out.setdefault(package, {})[name] = function
    return out


class _Opened(NamedTuple):
    """The parts of a pclntab, as file offsets."""

    image: Image
    names: int
    names_size: int
    cutab: array[int]
    files: int
    pctab: int
    functions: int
    functions_size: int
    rows: int
    bases: dict[int, str]
    """The names of source files that were read, by their offset."""

    def base(self, offset: int) -> str:
        """The name of the source file at an offset of the table of files, without its directory."""
        if offset not in self.bases:
            self.bases[offset] = self.image.cstring(self.files + offset, MAX_PATH).rpartition("/")[2]
        return self.bases[offset]

    def name(self, offset: int) -> str:
        """The symbol name at an offset of the table of names."""
        return self.image.cstring(self.names + offset, MAX_NAME)


def _opened(image: Image, table: Pclntab) -> _Opened | None:
    if table.form != "go1.20":
        return None
    start, room = region(image, table)
    header = words(image, start + 8, 8, image.word_size)
    if len(header) < 8:
        return None
    names, units, files, pctab, functions = header[3:8]
    if not 0 < names <= units <= files <= pctab <= functions < room:
        return None
    cutab = words(image, start + units, (files - units) // 4, 4)
    count = min(header[0], MAX_FUNCTIONS)
    at = (start + names, units - names, cutab, start + files, start + pctab, start + functions, room - functions)
    return _Opened(image, *at, count, {})


def _functions(opened: _Opened, packages: frozenset[str], lines: bool) -> Iterator[tuple[str, str, FunctionCode]]:
    image = opened.image
    wanted = _names(image, opened.names, opened.names_size, packages)
    offsets = words(image, opened.functions, 2 * opened.rows, 4)[1::2]
    found = 0
    for data, places in records(image, opened.functions, opened.functions_size, offsets, 4):
        for at in places:
            name = wanted.get(data[at + FIELDS["name"]])
            if name is None or found == MAX_FOUND:
                continue
            found += 1
            function = _function(opened, data, at, lines)
            if function is not None:
                yield *name, function


def _function(opened: _Opened, data: array[int], at: int, lines: bool) -> FunctionCode | None:
    """The function of the record at a place of some words; None for what has no source file of its own."""
    image = opened.image
    pcfile, pcln, unit, line = (data[at + FIELDS[key]] for key in ("pcfile", "pcln", "cu", "start"))
    in_file = list(_steps(image, opened.pctab + pcfile, MAX_STEPS if lines else 1))
    if not in_file or not 0 <= unit + in_file[0][1] < len(opened.cutab) or not 0 < line < 1 << 31:
        return None
    path = opened.cutab[unit + in_file[0][1]]
    if path == DEAD_FILE:
        return None
    base = opened.base(path)
    if base == "<autogenerated>" or base.startswith("_cgo"):
        return None
    own = _own_lines(list(_steps(image, opened.pctab + pcln)), in_file, line) if lines else ()
    return FunctionCode(base, line, own)


def _names(image: Image, offset: int, size: int, packages: frozenset[str]) -> dict[int, tuple[str, str]]:
    """The (package, name in it) of each wanted function, by the place of its symbol name in the table of names."""
    out: dict[int, tuple[str, str]] = {}
    prefixes = [b"\0" + _escaped(path).encode() + b"." for path in sorted(packages)]
    at = 0
    for chunk in image.chunks(offset, size, MAX_NAME):
        for prefix in prefixes:
            found = chunk.find(prefix)
            while found >= 0:
                end = chunk.find(b"\0", found + 1)
                name = chunk[found + 1 : end].decode("utf-8", "replace") if end >= 0 else ""
                package = package_of(name)
                rest = name[len(prefix) - 1 :]
                if package in packages and rest and not _MADE.search("." + rest):
                    out[at + found + 1] = package, rest
                found = chunk.find(prefix, found + 1)
        at += CHUNK
    return out


def _steps(image: Image, offset: int, most: int = MAX_STEPS) -> Iterator[tuple[int, int]]:
    """(end of a range of pcs, value in it) of a pc-value table (`runtime.step`)."""
    data = image.pread(offset, 4 * most if most > 1 else 10)
    at, pc, value = 0, 0, -1
    try:
        for index in range(most):
            delta, at = uleb128(data, at)
            if delta == 0 and index:
                return
            value += -(delta >> 1) - 1 if delta & 1 else delta >> 1
            delta, at = uleb128(data, at)
            pc += delta
            yield pc, value
    except (IndexError, ValueError):
        return  # the file ends in the middle, or is damaged


def _own_lines(lines: list[tuple[int, int]], files: list[tuple[int, int]], start: int) -> tuple[int, ...]:
    """The lines in the function's own file; the code of inlined functions from other files is left out."""
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


def _escaped(path: str) -> str:
    """`objabi.PathToPrefix`: dots after the last slash, `%`, `"`, control characters and bytes beyond ASCII."""
    data = path.encode()
    slash = data.rfind(b"/")
    return "".join(
        f"%{byte:02x}" if byte <= 0x20 or byte in b'%"' or byte >= 0x7F or (byte == 0x2E and at > slash) else chr(byte)
        for at, byte in enumerate(data)
    )
