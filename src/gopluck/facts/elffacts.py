"""`Elf` of an open image: what the dynamic linker would read of the file, and nothing that only a debugger reads.

Two tables are large in Go binaries and are never walked in Python: `.dynsym` with `.dynstr` (100,000 symbols, 10 MB of
names) and the relocations (60,000). Slices of `array`, `itertools.compress` and `str.isidentifier` do that work.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator
from functools import cached_property
from itertools import compress, count
from operator import itemgetter, not_

from gopluck.elf import constants as c
from gopluck.elf.dynamic import MAX_NAME, MAX_STRINGS, MAX_SYMBOLS, ROWS, Dynamic, Undefined, column
from gopluck.elf.image import Image
from gopluck.elf.relocations import MAX_RELOCATIONS
from gopluck.errors import MalformedFile
from gopluck.facts.model import Elf

TEXT = 1 << 20
"""Bytes of `.dynstr` that are held as Python strings at a time."""

TPOFF = {
    c.EM_386: (14, 37),
    c.EM_ARM: (19,),
    c.EM_X86_64: (18,),
    c.EM_AARCH64: (1030,),
    c.EM_PPC64: (73,),
    c.EM_S390: (56,),
    c.EM_RISCV: (11,),
    c.EM_LOONGARCH: (11,),
}
"""The relocation types of initial-exec TLS, by machine (musl's `REL_TPOFF`, `REL_TPOFF_NEG` in `arch/*/reloc.h`)."""

TLSG = "runtime.tlsg"
"""The TLS symbol of the Go runtime (`cmd/link/internal/ld/sym.go`)."""

_LOCAL = bytes(byte >> 4 == c.STB_LOCAL for byte in range(256))
"""For `bytes.translate`: 1 where `st_info` says that a symbol is local."""


def read_elf(image: Image, dynamic: Dynamic, *, exports: bool = True) -> Elf:
    """The facts of an ELF file. Raises `MalformedFile` when a table that the loader reads lies outside the file.

    `exports=False` leaves `c_exports` None, but for a file with AddressSanitizer, which compares its C symbols.
    """
    elf = read_skeleton(image)
    if not image.segments or not elf.dynamic:
        return elf
    tags = dynamic.tags
    if c.DT_STRTAB not in tags or c.DT_SYMTAB not in tags:
        # ld.so takes them for granted, and dies where they are missing.
        raise MalformedFile(f"{image.path}: its dynamic section names no symbol table")
    symbols = SymbolTable(image, dynamic)
    exports = exports or any(name.startswith("libasan.so") for name in dynamic.needed)
    initial_exec = symbols.initial_exec()
    return elf._replace(
        initial_exec=initial_exec[0] if initial_exec else None,
        first_relocation=symbols.first_relocation(),
        tlsg=dynamic.symbol(TLSG) is not None,
        initial_exec_after=initial_exec[1] if initial_exec else 0,
        flags=tags.get(c.DT_FLAGS, 0),
        flags_1=tags.get(c.DT_FLAGS_1, 0),
        soname=dynamic.text(c.DT_SONAME),
        rpath=dynamic.text(c.DT_RPATH),
        runpath=dynamic.text(c.DT_RUNPATH),
        needed=dynamic.needed,
        version_needs=dynamic.version_needs,
        version_definitions=dynamic.version_definitions,
        undefined=tuple(symbols.undefined()),
        c_exports=symbols.c_exports() if exports else None,
        relr=c.DT_RELR in tags,
        versioned=c.DT_VERSYM in tags,
    )


def read_skeleton(image: Image) -> Elf:
    """Header, segments, interpreter and section names: what can still be told of a file whose other tables are cut.

    `segments` is empty when the program headers lie outside the file.
    """
    h = image.header
    order = "little" if h.byte_order == "<" else "big"
    try:
        segments = image.segments
    except MalformedFile:
        segments = ()
    interp = next((s for s in segments if s.type == c.PT_INTERP), None)
    return Elf(
        head=image.pread(0, 64),
        elf_class=h.elf_class,
        byte_order=order,
        machine=h.machine,
        type=h.type,
        goarch=c.GOARCH.get((h.machine, h.elf_class, h.byte_order), f"machine-{h.machine}"),
        segments=segments,
        interp=image.cstring(interp.offset, min(interp.filesz, MAX_NAME)) if interp else None,
        dynamic=any(s.type == c.PT_DYNAMIC for s in segments),
        sections=tuple(image.sections),
    )


class SymbolTable:
    """`.dynsym` in columns. Raises `MalformedFile` when it, or its hash table, lies outside the file."""

    def __init__(self, image: Image, dynamic: Dynamic) -> None:
        self.image = image
        self.dynamic = dynamic
        self._budget = 2 * MAX_STRINGS
        self._order = image.header.byte_order
        wide = image.header.elf_class == 64
        self._size, self._info, self._shndx = (24, 4, 6) if wide else (16, 12, 14)
        tags = dynamic.tags
        self._offset = self._file_offset(tags[c.DT_SYMTAB]) if c.DT_SYMTAB in tags else 0

    def _file_offset(self, address: int) -> int:
        segment = self.image.segment_of(address)
        if segment is None or segment.offset + address - segment.vaddr >= self.image.size:
            raise MalformedFile(f"{self.image.path}: a dynamic table at {address:#x} lies outside the file")
        return segment.offset + address - segment.vaddr

    def slices(self, end: int | None = None) -> Iterator[tuple[int, array[int], bytes, array[int]]]:
        """(first index, `st_name`, `st_info`, `st_shndx`) of each `ROWS` symbols before the index `end`."""
        count = self.dynamic.count if end is None else end
        for first in range(0, count, ROWS):
            rows = min(ROWS, count - first)
            data = self.image.pread(self._offset + first * self._size, rows * self._size)
            yield (
                first,
                column(data, 0, self._size, "I", self._order),
                data[self._info :: self._size],
                column(data, self._shndx, self._size, "H", self._order),
            )

    def _lost_name(self) -> MalformedFile:
        return MalformedFile(f"{self.image.path}: a symbol's name lies outside .dynstr")

    @cached_property
    def strings(self) -> bytes:
        """`.dynstr` with the byte in front of it: the byte before the string `st_name` is `strings[st_name]`."""
        offset, size = self.dynamic.strtab
        return self.image.pread(offset - 1, size + 1) if offset else b""

    def string(self, index: int) -> str:
        """The string at an index of `.dynstr`. Raises `MalformedFile` when names overlap beyond what a linker does."""
        strings = self.strings
        end = strings.find(b"\0", index + 1)
        if index >= len(strings):
            raise self._lost_name()
        text = strings[index + 1 : end if end >= 0 else len(strings)]
        self._budget -= len(text)
        if self._budget < 0:
            raise MalformedFile(f"{self.image.path}: the names of .dynsym overlap")
        return text.decode("utf-8", "surrogateescape")

    def _short(self, index: int) -> str:
        """As `string`, without `.dynstr` in memory."""
        text = self.dynamic.string(index)
        self._budget -= 64 + len(text)
        if self._budget < 0:
            raise MalformedFile(f"{self.image.path}: too many undefined symbols")
        return text

    def c_exports(self) -> frozenset[str]:
        """The defined global symbols whose name is a C identifier, but not those of a superseded version (`x@V1`).

        A string that starts after a NUL comes from `.dynstr` with all others at once. Linkers let a name share the end
        of a longer one (`Hello` of a cgo export and `main.Hello`): those symbols are looked at one by one.
        """
        if c.DT_VERDEF in self.dynamic.tags:
            return frozenset(name for name, version, hidden in self.definitions() if not hidden and _is_c(name))
        strings = self.strings
        tails: list[int] = []
        others: list[int] = []
        for _, names, infos, shndx in self.slices():
            try:
                before = itemgetter(*names, 0)(strings)
            except IndexError:
                raise self._lost_name() from None
            tails.extend(compress(compress(names, before), compress(shndx, before)))
            if 0 in shndx:
                others.extend(compress(names, map(not_, shndx)))
            others.extend(compress(names, infos.translate(_LOCAL)))
        found = set(_c_identifiers(strings))
        for name in self._strings_of_no_symbol({self.string(at) for at in others}) & found:
            if self.dynamic.symbol(name) is None:
                found.discard(name)
        found.update(filter(_is_c, (self.string(at) for at in tails)))
        return frozenset(found)

    def _strings_of_no_symbol(self, names: set[str]) -> set[str]:
        """Names of undefined and local symbols, with the strings of `.dynstr` that belong to libraries and versions."""
        dynamic = self.dynamic
        texts = (dynamic.text(tag) for tag in (c.DT_SONAME, c.DT_RPATH, c.DT_RUNPATH))
        versions = (text for need in dynamic.version_needs for text in (need.file, need.version))
        return {*names, *dynamic.needed, *versions, *filter(None, texts)}

    def definitions(self) -> Iterator[tuple[str, str, bool]]:
        """(name, version, hidden) of each defined global symbol. For libraries: it walks the table.

        `hidden` (bit 15 of `.gnu.version`): only a reference to that version finds it. The version is empty for a
        symbol of the base version (index 0 and 1).
        """
        versions = self._version_indices()
        titles = dict(self._version_titles())
        for first, names, infos, shndx in self.slices():
            for index, (name, info, section) in enumerate(zip(names, infos, shndx, strict=True), first):
                if section == c.SHN_UNDEF or info >> 4 == c.STB_LOCAL:
                    continue
                version = versions[index] if versions else 1
                yield self.string(name), titles.get(version & 0x7FFF, ""), bool(version & 0x8000)

    def _version_indices(self, end: int | None = None) -> array[int] | None:
        """`.gnu.version`, of the symbols before the index `end`."""
        address = self.dynamic.tags.get(c.DT_VERSYM)
        if address is None:
            return None
        count = self.dynamic.count if end is None else end
        data = self.image.pread(self._file_offset(address), 2 * count)
        if len(data) < 2 * count:
            raise MalformedFile(f"{self.image.path}: .gnu.version lies outside the file")
        return column(data, 0, 2, "H", self._order)

    def _version_titles(self) -> Iterator[tuple[int, str]]:
        """(index, name) of `.gnu.version_d` without the base version, which names the file itself."""
        address = self.dynamic.tags.get(c.DT_VERDEF)
        at = self._file_offset(address) if address is not None else 0
        for name in self.dynamic.version_definitions:
            _, flags, index, _, _, _, step = struct.unpack(self._order + "HHHHIII", self.image.pread(at, 20))
            if not flags & 1:
                yield index & 0x7FFF, name
            at += step

    # -- what has to come from elsewhere -------------------------------------------------------------------------

    def undefined(self) -> Iterator[Undefined]:
        """The undefined symbols in the order in which the loader looks for them: that of the relocations.

        A symbol that no relocation names is never looked for, so it is left out (`elf/do-rel.h`; musl's `do_relocs`).
        """
        by_index = self._undefined_by_index
        if self.image.header.machine == c.EM_MIPS:
            yield from by_index.values()
            return
        yield from (by_index[index] for index in self._referenced if index in by_index)

    def initial_exec(self) -> tuple[str, int] | None:
        """The first symbol of this file that an initial-exec TLS relocation takes from the file itself.

        With the number of `undefined()` symbols whose relocation comes before. musl refuses such a file.
        """
        kinds = TPOFF.get(self.image.header.machine, ())
        earlier: list[array[int]] = []
        for symbols, types in self._relocations():
            rows = sorted(types.index(kind) for kind in kinds if kind in types)
            if rows:
                before = set().union(*earlier, symbols[: rows[0]])
                count_before = sum(index in before for index in self._undefined_by_index)
                index = symbols[rows[0]]
                return (self.dynamic.symbol_at(index).name if index else "", count_before)
            earlier.append(symbols)
        return None

    def first_relocation(self) -> int | None:
        """The type of the first relocation in musl's order (`ldso/dynlink.c`, `reloc_all`)."""
        tags, wide = self.dynamic.tags, self.image.header.elf_class == 64
        for address, size in ((c.DT_JMPREL, c.DT_PLTRELSZ), (c.DT_REL, c.DT_RELSZ), (c.DT_RELA, c.DT_RELASZ)):
            if tags.get(size) and address in tags:
                word = self.image.word_size
                data = self.image.pread(self._file_offset(tags[address]) + word, word)
                info = int.from_bytes(data, "little" if self._order == "<" else "big")
                return info & 0xFFFFFFFF if wide else info & 0xFF
        return None

    @cached_property
    def _undefined_by_index(self) -> dict[int, Undefined]:
        needs = self.dynamic.version_by_index
        out: dict[int, Undefined] = {}
        # What is in .gnu.hash is defined: the undefined symbols come before its first one.
        hashed = self.dynamic.first_hashed
        end = None if hashed is None else min(hashed, MAX_SYMBOLS)
        versions = self._version_indices(end)
        for first, names, infos, shndx in self.slices(end):
            if 0 not in shndx:
                continue
            for name, info, index in compress(zip(names, infos, count(first), strict=False), map(not_, shndx)):
                if name and info >> 4 != c.STB_LOCAL:
                    file, version = needs.get(versions[index] & 0x7FFF, ("", "")) if versions else ("", "")
                    out[index] = Undefined(self._short(name), info >> 4 == c.STB_WEAK, version, file)
        return out

    @cached_property
    def _referenced(self) -> dict[int, None]:
        """The symbol indices of the relocations, each once, in order."""
        out: dict[int, None] = {}
        for symbols, _ in self._relocations():
            out.update(dict.fromkeys(symbols))
        return out

    def _relocations(self) -> Iterator[tuple[array[int], array[int]]]:
        """(symbol indices, types) of `DT_RELA`, `DT_REL` and `DT_JMPREL`."""
        tags = self.dynamic.tags
        wide = self.image.header.elf_class == 64
        rela, rel = (24, 16) if wide else (12, 8)
        tables = (
            (tags.get(c.DT_RELA), tags.get(c.DT_RELASZ, 0), rela),
            (tags.get(c.DT_REL), tags.get(c.DT_RELSZ, 0), rel),
            (tags.get(c.DT_JMPREL), tags.get(c.DT_PLTRELSZ, 0), rel if tags.get(c.DT_PLTREL) == c.DT_REL else rela),
        )
        for address, size, step in tables:
            if address is None or size == 0:
                continue
            if size > MAX_RELOCATIONS * step:
                raise MalformedFile(f"{self.image.path}: {size} bytes of relocations")
            data = self.image.pread(self._file_offset(address), size)
            if wide:
                high, low = (12, 8) if self._order == "<" else (8, 12)
                yield column(data, high, step, "I", self._order), column(data, low, step, "I", self._order)
            else:
                infos = column(data, 4, step, "I", self._order)
                yield array("I", (info >> 8 for info in infos)), array("I", (info & 0xFF for info in infos))


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
