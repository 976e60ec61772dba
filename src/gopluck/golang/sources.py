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
from typing import Literal, NamedTuple

from gopluck.elf.image import Image
from gopluck.facts.model import BuildInfo
from gopluck.golang.pclntab import Pclntab

AGREEING = 3
"""Functions of a compile unit that are looked at while they all tell the same."""

PER_UNIT = 12
"""About as many functions of a compile unit are looked at when the first ones differ."""

MAX_LOOKS = 1 << 17
"""Functions of one pclntab that are looked at at the most."""

LAST = 1024
"""Functions at the end of the table among which `main.main` is looked for."""

STD = frozenset((
    "archive", "arena", "bufio", "builtin", "bytes", "cmp", "compress", "container", "context", "crypto",
    "database", "debug", "embed", "encoding", "errors", "expvar", "flag", "fmt", "go", "hash", "html", "image",
    "index", "internal", "io", "iter", "log", "maps", "math", "mime", "net", "os", "path", "plugin", "reflect",
    "regexp", "runtime", "simd", "slices", "sort", "strconv", "strings", "structs", "sync", "syscall", "testing",
    "text", "time", "unicode", "unique", "unsafe", "uuid", "vendor", "weak",
))  # fmt: skip
"""The first path elements of the standard library's packages (the folders of `GOROOT/src`, Go 1.15 to 1.27)."""

MAX_FUNCTIONS = 1 << 20
MAX_UNITS = 1 << 16
MAX_FILES = 1 << 16
MAX_NAME = 1024
MAX_PATH = 4096
MAX_TABLE = 64 << 20
"""Bytes of one pclntab that are read at the most."""

PIECE = 1 << 20
"""Bytes of `_func` records that are held at a time."""

DEAD_FILE = 0xFFFFFFFF
"""A file of a unit that no function of the binary needs."""


class _Form(NamedTuple):
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


class _Function(NamedTuple):
    """A function with a real file."""

    package: str
    directory: str
    generic: bool
    """It is compiled where it is used, from the file where it is written."""
    plain: bool
    """Neither a closure nor an initializer, which may come from inlined code of another package."""


def read_sources(
    image: Image,
    tables: Sequence[Pclntab],
    packages: Iterable[str] = (),
    only: frozenset[str] | None = None,
    info: BuildInfo | None = None,
) -> dict[str, str]:
    """Package path to source directory. Damage gives fewer packages, never an error.

    Each package with a function has one; of the given `packages` also those whose functions were all inlined, where
    one directory of the file table fits no other package. `main` stands for a program's main package, as in its link
    hash; a plugin's has its pluginpath. `only`: the packages that are wanted, where most of a large host's are not;
    `info`: its build info, which names the main module.
    """
    directories = set[str]().union(*(_directories(image, table) for table in tables))
    if only is not None:
        return dict(sorted(_of_wanted(image, tables, only, directories, info).items()))
    found = _of_functions(image, tables, None)
    found |= _inlined([package for package in packages if package not in found], found, directories)
    return dict(sorted(found.items()))


def _of_wanted(
    image: Image, tables: Sequence[Pclntab], only: frozenset[str], directories: set[str], info: BuildInfo | None
) -> dict[str, str]:
    """The directories of some packages, by their place where that is settled, else by functions."""
    found = _by_place(only, directories)
    found |= _in_main_module(image, tables, only, directories, info)
    found |= _inlined([package for package in only if package not in found], found, directories)
    # A package of the standard library without a file in the table has no code in the binary; two kinds of packages
    # only look as if they were in it: those of a frozen FIPS module, and the main package of a plugin made of files.
    elsewhere = ("crypto/internal/fips140/v", "plugin/unnamed-")
    rest = frozenset(p for p in only if p not in found and (p.partition("/")[0] not in STD or p.startswith(elsewhere)))
    if rest <= {"main"}:
        return found
    return found | {p: d for p, d in _of_functions(image, tables, rest).items() if p in rest}


def _in_main_module(
    image: Image, tables: Sequence[Pclntab], only: frozenset[str], directories: set[str], info: BuildInfo | None
) -> dict[str, str]:
    """The directories of packages of the main module: below the root that the main package's directory tells."""
    module = info.main.path if info and info.main else ""
    if info is None or not module or not f"{info.path}/".startswith(f"{module}/"):
        return {}
    home = next((d for table in tables if (d := _directory_of_main(image, table, info.path))), "")
    rest = info.path[len(module) :]
    if not home or not home.endswith(rest):
        return {}
    root = home[: len(home) - len(rest)]
    places = {p: root + p[len(module) :] for p in only if f"{p}/".startswith(f"{module}/")}
    return {"main": home, info.path: home} | {p: place for p, place in places.items() if place in directories}


def _directory_of_main(image: Image, table: Pclntab, path: str) -> str:
    """The directory of the main package, whose functions are among the last: the linker puts dependencies first.

    Its symbols begin with `main`, those of a plugin with its import path.
    """
    form, size = _FORMS[table.form], image.word_size
    start, room = region(image, table)
    header = words(image, start + 8, 8, size)
    if len(header) < 8 or form.cu is None:
        return ""
    names, units, files, pctab, functions = header[form.header : form.header + 5]
    if not 0 < names <= units <= files <= pctab <= functions < room:
        return ""
    entry = size if form.wide_functab else 4
    count = min(header[0], MAX_FUNCTIONS)
    first = max(0, count - LAST)
    for offset in reversed(words(image, start + functions + 2 * entry * first, 2 * (count - first), entry)[1::2]):
        record = words(image, start + functions + offset + entry, _RECORD // 4, 4)
        name = image.cstring(start + names + record[_NAME], MAX_NAME) if len(record) == _RECORD // 4 else ""
        if not name.endswith(".main") or package_of(name) not in ("main", path):
            continue
        number = _first_file(image.pread(start + pctab + record[_PCFILE], 5))
        place = words(image, start + units + 4 * (record[form.cu] + number), 1, 4) if number is not None else ()
        return image.cstring(start + files + place[0], MAX_PATH).rpartition("/")[0] if place else ""
    return ""


def _of_functions(image: Image, tables: Sequence[Pclntab], only: frozenset[str] | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for table in tables:
        go12 = _FORMS[table.form].cu is None
        functions = _functions_go12(image, table) if go12 else _functions(image, table, only)
        for package, directory in _elect(functions).items():
            found.setdefault(package, directory)
    return found


def _by_place(packages: frozenset[str], directories: set[str]) -> dict[str, str]:
    """The directories of packages of the standard library: there a package has no other place than `ROOT/P`."""
    runtime = [d for d in directories if d == "runtime" or d.endswith("/src/runtime")]
    if len(runtime) != 1:
        return {}
    root = runtime[0].removesuffix("runtime")
    return {p: root + p for p in packages if "." not in p.partition("/")[0] and root + p in directories}


def _function(name: str, file: str) -> _Function | None:
    """None where the name has no package, or the compiler made the function (`<autogenerated>`, `_cgo_gotypes.go`)."""
    directory = file.rpartition("/")[0]
    package = package_of(name) if directory and not file.startswith("<") else ""
    if not package:
        return None
    return _Function(package, directory, "[" in name, _CLOSURE.search(name) is None)


def _elect(functions: Iterable[_Function]) -> dict[str, str]:
    """The directory that most functions of a package tell; closures and initializers count only without others.

    Packages with many functions choose first: a directory has one package.
    """
    told: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for function in functions:
        told[function.package][function.directory] += MAX_LOOKS if function.plain else 1
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
    return "" if package in ("go", "type") else _unescaped(package)


def _unescaped(package: str) -> str:
    """The reverse of `objabi.PathToPrefix`, which writes some bytes as `%2e`."""
    if "%" not in package:
        return package
    parts = re.split("%([0-9a-f]{2})", package)
    parts[1::2] = [chr(int(part, 16)) for part in parts[1::2]]
    # Beyond ASCII the bytes are those of UTF-8.
    return "".join(parts).encode("latin-1", "ignore").decode("utf-8", "replace")


def _functions(image: Image, table: Pclntab, only: frozenset[str] | None) -> Iterator[_Function]:
    """Some functions of each compile unit, but none of a unit that is plainly of no package of `only`."""
    form, size = _FORMS[table.form], image.word_size
    start, room = region(image, table)
    header = words(image, start + 8, 8, size)
    if len(header) < 8 or form.cu is None:
        return
    names, units, files, pctab, functions = header[form.header : form.header + 5]
    if not 0 < names <= units <= files <= pctab <= functions < room:
        return
    entry = size if form.wide_functab else 4
    offsets = words(image, start + functions, 2 * min(header[0], MAX_FUNCTIONS), entry)[1::2]
    cutab = words(image, start + units, (files - units) // 4, 4)
    of_unit: defaultdict[int, list[int]] = defaultdict(list)
    name_of, pcfile_of = array("I"), array("I")
    for data, places in records(image, start + functions, room - functions, offsets, entry):
        for index, at in enumerate(places, len(name_of)):
            of_unit[data[at + form.cu]].append(index)
        name_of.extend([data[at + _NAME] for at in places])
        pcfile_of.extend([data[at + _PCFILE] for at in places])
        if len(of_unit) > MAX_UNITS:
            return
    paths: dict[int, str] = {}

    def look(unit: int, index: int) -> _Function | None:
        number = _first_file(image.pread(start + pctab + pcfile_of[index], 5))
        if number is None or not 0 <= unit + number < len(cutab) or cutab[unit + number] == DEAD_FILE:
            return None
        at = cutab[unit + number]
        if at not in paths:
            paths[at] = image.cstring(start + files + at, MAX_PATH)
        return _function(image.cstring(start + names + name_of[index], MAX_NAME), paths[at])

    def unanimous(spread: Iterable[int], wanted: frozenset[str]) -> int | None:
        """The last of some functions that, by their names alone, all belong to one package that is not wanted."""
        packages: set[str] = set()
        seen = 0
        for index in spread:
            name = image.cstring(start + names + name_of[index], MAX_NAME)
            package = package_of(name)
            if not package or "[" in name or _CLOSURE.search(name):
                continue
            packages.add(package)
            seen += 1
            if len(packages) > 1 or package in wanted:
                return None
            if seen == AGREEING:
                return index
        return None

    owners = _Owners()
    looks = 0
    for unit, members in sorted(of_unit.items(), key=lambda item: len(item[1]), reverse=True):
        # From the end: the first ones are often generic, or made by the compiler.
        spread = members[:: -max(1, len(members) // PER_UNIT)]
        if only is not None and (stranger := unanimous(spread, only)) is not None:
            function = look(unit, stranger)
            if function is not None and owners.may(function.package, function.directory):
                owners.add(function.package, function.directory)
            continue
        sample: list[_Function] = []
        plain: list[_Function] = []
        for index in spread:
            function = look(unit, index)
            looks += 1
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
        if looks > MAX_LOOKS:
            return


def records(
    image: Image, start: int, size: int, offsets: array[int], entry: int
) -> Iterator[tuple[array[int], list[int]]]:
    """The `_func` records in pieces: 32-bit words, and where in them each record is, behind its `entry` bytes long pc.

    The linker writes records in the order of the table; those of a damaged table that are not are left out.
    """
    low = 0
    for _ in range(size // (PIECE - _RECORD) + 2):
        if low >= len(offsets):
            return
        base = offsets[low]
        high = max(low + 1, bisect_left(offsets, base + PIECE - _RECORD, low))
        data = words(image, start + base, min(PIECE, size - base) // 4, 4) if base < size else array("I")
        first, last = entry >> 2, len(data) - _RECORD // 4
        skip = base - entry
        yield data, [at for offset in offsets[low:high] if first <= (at := (offset - skip) >> 2) <= last]
        low = high


def _directories(image: Image, table: Pclntab) -> set[str]:
    """The directories of the file table, which names the files of inlined functions too."""
    form, size = _FORMS[table.form], image.word_size
    start, _ = region(image, table)
    if form.cu is None:
        _, paths = _filetab_go12(image, table)
        return {image.cstring(start + path, MAX_PATH).rpartition("/")[0] for path in paths[1:]} - {""}
    header = words(image, start + 8, 8, size)
    if len(header) < 8 or not 0 < header[form.header + 2] < header[form.header + 3]:
        return set()
    files, pctab = header[form.header + 2 : form.header + 4]
    out: set[str] = set()
    first = 0
    for piece in image.chunks(start + files, min(pctab - files, MAX_TABLE), MAX_PATH):
        # A piece ends inside a path, and the next one begins inside one.
        out.update(file.rpartition(b"/")[0].decode("utf-8", "replace") for file in piece.split(b"\0")[first:-1])
        first = 1
    return out - {""}


def _filetab_go12(image: Image, table: Pclntab) -> tuple[int, array[int]]:
    """Where the list of files is, and what it holds: its length, and where each path is (file 1 and on)."""
    size = image.word_size
    start, _ = region(image, table)
    header = words(image, start + 8, 1, size)
    functab = 2 * min(header[0], MAX_FUNCTIONS) * size if header else 0
    tail = words(image, start + 8 + size + functab + size, 1, 4)
    count = words(image, start + tail[0], 1, 4) if tail else ()
    return (tail[0], words(image, start + tail[0], min(count[0], MAX_FILES), 4)) if count else (0, array("I"))


def _functions_go12(image: Image, table: Pclntab) -> Iterator[_Function]:
    """Before Go 1.16 all offsets count from the start of pclntab, and files are numbered through the binary."""
    size = image.word_size
    start, room = region(image, table)
    header = words(image, start + 8, 1, size)
    count = min(header[0], MAX_FUNCTIONS) if header else 0
    functab = words(image, start + 8 + size, 2 * count, size)
    listed, files = _filetab_go12(image, table)
    # Names and tables lie before the list of files; their paths behind it.
    data = image.pread(start, min(listed, room))
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
        function = _function(data[name : max(name, end)].decode("utf-8", "replace"), paths[number])
        if function is not None:
            yield function


def region(image: Image, table: Pclntab) -> tuple[int, int]:
    """File offset of a pclntab, and how many bytes of its segment follow at the most."""
    segment = image.segment_of(table.address)
    if segment is None:
        return 0, 0
    room = segment.vaddr + segment.filesz - table.address
    return segment.offset + table.address - segment.vaddr, min(room, MAX_TABLE)


def words(image: Image, offset: int, count: int, size: int) -> array[int]:
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
