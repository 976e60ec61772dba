"""Names of a plugin's main package that `Lookup` does not find: what they are, as far as the file tells.

Functions and methods leave their names in pclntab, variables theirs in `.dynsym`, types theirs in the type data.
Constants, and what was inlined or never used, leave none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from gopluck.elf.constants import STT_FUNC
from gopluck.elf.dynamic import Dynamic
from gopluck.elf.image import Image
from gopluck.golang.moduledata import Moduledata
from gopluck.golang.pclntab import Pclntab

OVERLAP = 1024
"""Bytes of a function name that may lie across two chunks."""


def declared(
    image: Image, dynamic: Dynamic, tables: Iterable[Pclntab], module: Moduledata, names: Iterable[str]
) -> Mapping[str, str]:
    """What each name is that there is: `func`, `generic func`, `var`, `type`, `generic type`, or `method of T`."""
    wanted = [name for name in dict.fromkeys(names) if name.isidentifier()]
    prefixes = tuple(dict.fromkeys((module.pluginpath, escaped(module.pluginpath))))
    out: dict[str, str] = {}
    for name in wanted:
        for prefix in prefixes:
            symbol = dynamic.symbol(f"{prefix}.{name}")
            if symbol is not None and symbol.defined:
                out.setdefault(name, "func" if symbol.type == STT_FUNC else "var")
    functions = _functions(image, tables, prefixes, wanted)
    for name, what in (*functions.items(), *_types(image, module, wanted).items()):
        out.setdefault(name, what)
    return out


def escaped(path: str) -> str:
    """A package path as it stands in symbol names (`cmd/internal/objabi`, `PathToPrefix`)."""
    folder, slash, last = path.rpartition("/")
    return folder + slash + re.sub(r'[.%"\x00-\x20\x7f-\xff]', lambda match: f"%{ord(match[0]):02x}", last)


def _functions(image: Image, tables: Iterable[Pclntab], prefixes: tuple[str, ...], names: list[str]) -> dict[str, str]:
    """`PREFIX.NAME`, `PREFIX.NAME[…]`, `PREFIX.T.NAME`, `PREFIX.(*T).NAME` among the function names."""
    if not names:
        return {}
    start = b"|".join(re.escape(prefix.encode()) for prefix in prefixes)
    name = b"|".join(re.escape(one.encode()) for one in names)
    pattern = re.compile(
        b"\0(?:" + start + rb")\.(?:\(?\*?([^\0.()\[]+)(?:\[[^\0]*\])?\)?\.)?(" + name + rb")(\[[^\0]*\])?\0"
    )
    plain: dict[str, str] = {}
    methods: dict[str, str] = {}
    for table in tables:
        for chunk in _name_chunks(image, table):
            at = 0
            while (match := pattern.search(chunk, at)) is not None:
                at = match.end() - 1
                key = match[2].decode()
                if match[1]:
                    methods.setdefault(key, f"method of {match[1].decode('utf-8', 'replace')}")
                else:
                    plain.setdefault(key, "generic func" if match[3] else "func")
    return methods | plain


def _name_chunks(image: Image, table: Pclntab) -> Iterator[bytes]:
    segment = image.segment_of(table.address)
    if segment is None:
        return
    # A NUL stands before each name but perhaps the first.
    offset = max(segment.offset + table.names - segment.vaddr - 1, 0)
    yield from image.chunks(offset, table.names_size + 1, OVERLAP)


def _types(image: Image, module: Moduledata, names: list[str]) -> dict[str, str]:
    """`*main.NAME` as an `abi.Name` (flags, length, text) in the type data."""
    segment = image.segment_of(module.types)
    size = module.etypes - module.types
    if segment is None or not 0 < size <= segment.filesz or not names:
        return {}
    name = b"|".join(re.escape(one.encode()) for one in names)
    pattern = re.compile(rb"(?s)[\x00-\x0f]([\x01-\x7f])\*?main\.(" + name + rb")(\[)?")
    long = re.compile(rb"\*?main\.(" + name + rb")\[")
    out: dict[str, str] = {}
    for chunk in image.chunks(segment.offset + module.types - segment.vaddr, size, OVERLAP):
        for match in pattern.finditer(chunk):
            end = match.start(1) + 1 + match[1][0]
            if match[3] is None and end == match.end():
                out.setdefault(match[2].decode(), "type")
        for match in long.finditer(chunk):
            out.setdefault(match[1].decode(), "generic type")
    return out
