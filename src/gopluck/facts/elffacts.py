"""`Elf` of an open image: what the dynamic linker would read of the file, and nothing that only a debugger reads.

Two tables are large in Go binaries and are never walked in Python: `.dynsym` with `.dynstr` (100,000 symbols, 10 MB of
names) and the relocations (60,000). Columns, `itertools.compress` and `str.isidentifier` do that work.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Set
from functools import cached_property
from itertools import chain, compress, count, islice
from operator import itemgetter, not_

from gopluck import machine
from gopluck.elf import constants as c
from gopluck.elf.dynamic import Dynamic
from gopluck.elf.hashes import MAX_SYMBOLS
from gopluck.elf.image import Image
from gopluck.elf.numbers import places
from gopluck.elf.strings import MAX_NAME
from gopluck.elf.symbols import TlsUse, Undefined
from gopluck.errors import MalformedFile
from gopluck.facts.model import Elf

TEXT = 1 << 20
"""Bytes of `.dynstr` that are held as Python strings at a time."""

MAX_EXPORTS = 1 << 17
"""Symbols that one file exports, of those that are no Go names (LLVM's libraries have some 50,000)."""

MAX_UNDEFINED = 1 << 15
"""Symbols that one file needs from others."""

MAX_TLS = 1 << 10
"""Symbols of one file that are to lie in the static TLS area, of those that are looked at."""

MAX_ROWS = 1 << 16
"""Relocations that ask for it, of those that are looked at."""

TLSG = "runtime.tlsg"
"""The TLS symbol of the Go runtime (`cmd/link/internal/ld/sym.go`)."""

_LOCAL = bytes(byte >> 4 == c.STB_LOCAL for byte in range(256))
"""For `bytes.translate`: 1 where `st_info` says that a symbol is local."""


def read_elf(elf: Elf, dynamic: Dynamic) -> Elf:
    """The facts of an ELF file, of which `read_skeleton` gave some.

    Raises `MalformedFile` when a table that the loader reads lies outside the file.
    """
    if not dynamic.image.segments or not elf.dynamic:
        return elf
    tags = dynamic.tags
    if c.DT_STRTAB not in tags or c.DT_SYMTAB not in tags:
        # ld.so takes them for granted, and dies where they are missing.
        raise MalformedFile(f"{dynamic.image.path}: its dynamic section names no symbol table")
    undefined = _undefined_by_index(dynamic)
    naming = dynamic.relocations.naming(undefined)
    return elf._replace(
        static_tls=tuple(_static_tls(dynamic, naming)),
        first_relocation=dynamic.relocations.first_type(),
        tlsg=dynamic.symbol(TLSG) is not None,
        flags=tags.get(c.DT_FLAGS, 0),
        flags_1=tags.get(c.DT_FLAGS_1, 0),
        soname=dynamic.text(c.DT_SONAME),
        rpath=dynamic.text(c.DT_RPATH),
        runpath=dynamic.text(c.DT_RUNPATH),
        needed=dynamic.needed,
        version_needs=dynamic.versions.needs,
        version_definitions=dynamic.versions.definitions,
        undefined=tuple(_in_order(dynamic, undefined, naming)),
        c_exports=CSymbols(dynamic),
        relr=c.DT_RELR in tags,
        versioned=c.DT_VERSYM in tags,
    )


def read_skeleton(image: Image) -> Elf:
    """Header, segments, interpreter and section names: what can still be told of a file whose other tables are cut.

    `segments` is empty when the program headers lie outside the file.
    """
    h = image.header
    try:
        segments = image.segments
    except MalformedFile:
        segments = ()
    interp = next((s for s in segments if s.type == c.PT_INTERP), None)
    return Elf(
        head=image.pread(0, 64),
        elf_class=h.elf_class,
        byte_order=image.order,
        machine=h.machine,
        type=h.type,
        goarch=machine.goarch_of(h.machine, h.elf_class, h.byte_order),
        segments=segments,
        interp=image.cstring(interp.offset, min(interp.filesz, MAX_NAME)) if interp else None,
        dynamic=any(s.type == c.PT_DYNAMIC for s in segments),
        sections=tuple(image.sections),
    )


class CSymbols(Set[str]):
    """`Elf.c_exports`: a name is looked up; all of them are gone through only for a manifest or a recorded set."""

    def __init__(self, dynamic: Dynamic) -> None:
        self._dynamic = dynamic

    @cached_property
    def _all(self) -> frozenset[str]:
        return c_exports(self._dynamic)

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str) or not _is_c(name):
            return False
        if c.DT_VERDEF in self._dynamic.tags:
            return name in self._all
        found = self._dynamic.symbol(name)
        return found is not None and found.defined

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)


# -- what others get from it -------------------------------------------------------------------------------------------


def c_exports(dynamic: Dynamic) -> frozenset[str]:
    """The defined global symbols whose name is a C identifier, but not those of a superseded version (`x@V1`).

    A string that starts after a NUL comes from `.dynstr` with all others at once. Linkers let a name share the end
    of a longer one (`Hello` of a cgo export and `main.Hello`): those symbols are looked at one by one.
    """
    path, symbols = dynamic.image.path, dynamic.symbols
    if c.DT_VERDEF in dynamic.tags:
        return _few(path, (name for name, _, hidden in symbols.definitions() if not hidden and _is_c(name)))
    strings = dynamic.strings.hold()
    if strings.count(0) > MAX_SYMBOLS:
        raise MalformedFile(f"{path}: .dynstr has more than {MAX_SYMBOLS} strings")
    tails: list[int] = []
    others: list[int] = []
    for _, names, infos, sections in symbols.columns():
        try:
            before = itemgetter(*names, 0)(strings)
        except IndexError:
            raise MalformedFile(f"{path}: a symbol's name lies outside .dynstr") from None
        tails.extend(compress(compress(names, before), compress(sections, before)))
        if 0 in sections:
            others.extend(compress(names, map(not_, sections)))
        others.extend(compress(names, infos.translate(_LOCAL)))
        if len(tails) + len(others) > MAX_EXPORTS:
            raise MalformedFile(f"{path}: .dynsym has more than {MAX_EXPORTS} names that are shared")
    found = set(_few(path, _c_identifiers(strings)))
    for name in _strings_of_no_symbol(dynamic, map(dynamic.strings.at, set(others))) & found:
        if dynamic.symbol(name) is None:
            found.discard(name)
    found.update(filter(_is_c, map(dynamic.strings.at, tails)))
    return _few(path, found)


def _few(path: str, names: Iterable[str]) -> frozenset[str]:
    """The names. Raises `MalformedFile` when there are more than `MAX_EXPORTS`."""
    found: set[str] = set()
    for name in names:
        found.add(name)
        if len(found) > MAX_EXPORTS:
            raise MalformedFile(f"{path}: it exports more than {MAX_EXPORTS} symbols")
    return frozenset(found)


def _strings_of_no_symbol(dynamic: Dynamic, names: Iterable[str]) -> set[str]:
    """Names of undefined and local symbols, with the strings of `.dynstr` that belong to libraries and versions."""
    texts = (dynamic.text(tag) for tag in (c.DT_SONAME, c.DT_RPATH, c.DT_RUNPATH))
    versions = (text for need in dynamic.versions.needs for text in (need.file, need.version))
    return {*names, *dynamic.needed, *versions, *filter(None, texts)}


def _is_c(name: str) -> bool:
    return name.isascii() and name.isidentifier()


def _c_identifiers(strings: bytes) -> Iterator[str]:
    """The C identifiers among the strings of a string table."""
    at = 1
    while at < len(strings):
        end = strings.rfind(b"\0", at, at + TEXT) if at + TEXT < len(strings) else len(strings)
        if end <= at:
            end = at + TEXT
        yield from filter(str.isascii, filter(str.isidentifier, strings[at:end].decode("latin-1").split("\0")))
        at = end


# -- what it needs from others -----------------------------------------------------------------------------------------


def _undefined_by_index(dynamic: Dynamic) -> dict[int, Undefined]:
    symbols, versions = dynamic.symbols, dynamic.versions
    needs = versions.needed_by_index
    end = symbols.undefined_end
    of_symbols = versions.of_symbols(end)
    out: dict[int, Undefined] = {}
    for first, names, infos, sections in symbols.columns(end):
        if 0 not in sections:
            continue
        for name, info, index in compress(zip(names, infos, count(first), strict=False), map(not_, sections)):
            if name and info >> 4 != c.STB_LOCAL:
                need = needs.get(of_symbols[index] & 0x7FFF) if of_symbols else None
                source = (need.version, need.file) if need else ("", "")
                out[index] = Undefined(dynamic.strings.at(name), info >> 4 == c.STB_WEAK, *source)
        if len(out) > MAX_UNDEFINED:
            raise MalformedFile(f"{dynamic.image.path}: it needs more than {MAX_UNDEFINED} symbols")
    return out


Naming = tuple[list[int], ...]
"""The relocations that name an undefined symbol, for each table (`Relocations.naming`)."""


def _in_order(dynamic: Dynamic, undefined: dict[int, Undefined], naming: Naming) -> Iterator[Undefined]:
    """The undefined symbols in the order in which the loader looks for them: that of the relocations.

    A symbol that no relocation names is never looked for, so it is left out (`elf/do-rel.h`; musl's `do_relocs`).
    """
    if dynamic.image.header.machine == machine.MIPS:
        yield from undefined.values()
        return
    yield from map(undefined.__getitem__, dynamic.relocations.named(naming))


def _static_tls(dynamic: Dynamic, naming: Naming) -> Iterator[TlsUse]:
    """The symbols of initial-exec TLS relocations and TLS descriptors, each once, in the order of the relocations."""
    known = dynamic.image.machine
    if known is None:
        return
    seen: set[tuple[int, bool]] = set()
    before: set[int] = set()
    """Undefined symbols of the relocations up to here."""
    for (symbols, types), named in zip(dynamic.relocations.symbols_and_types, naming, strict=True):
        passed = 0
        for row in _rows(types, known):
            index, optional = symbols[row], types[row] == known.tlsdesc
            if (index, optional) in seen:
                continue
            if len(seen) == MAX_TLS:
                return
            here = bisect_left(named, row)
            before.update(symbols[at] for at in named[passed:here])
            passed = here
            seen.add((index, optional))
            symbol = dynamic.symbols.at(index) if index else None
            yield TlsUse(symbol.name if symbol else "", len(before), symbol is None or symbol.defined, optional)
        before.update(symbols[at] for at in named[passed:])


def _rows(types: array[int], known: machine.Machine) -> list[int]:
    """The entries that write a place in the static TLS area."""
    kinds = filter(None, (*known.tpoff, known.tlsdesc))
    return sorted(chain.from_iterable(islice(places(types, kind), MAX_ROWS) for kind in kinds))
