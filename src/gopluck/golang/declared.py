"""Names of a plugin's main package that `Lookup` does not find: what they are, as far as the file tells.

Functions and methods leave their names in pclntab, variables theirs in `.dynsym`, types theirs in the type data.
Constants, and what was inlined or never used, leave none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from gopluck.elf.constants import STT_FUNC
from gopluck.elf.dynamic import Dynamic
from gopluck.elf.image import Image
from gopluck.golang import importpath
from gopluck.golang.moduledata import Moduledata
from gopluck.golang.pclntab import Pclntab
from gopluck.golang.pclntab import names as function_names

OVERLAP = 1024
"""Bytes of a function name that may lie across two chunks."""

MAX_TYPES = 32 << 20
"""Bytes of type data that are searched (a plugin of 100 MB has some 5 MB)."""


def declared(dynamic: Dynamic, tables: Iterable[Pclntab], module: Moduledata, name: str) -> str | None:
    """What a name is: `func`, `generic func`, `var`, `type`, `generic type`, or `method of T`; None for nothing."""
    if not name.isidentifier():
        return None
    prefixes = tuple(dict.fromkeys((module.pluginpath, importpath.to_prefix(module.pluginpath))))
    for prefix in prefixes:
        symbol = dynamic.symbol(f"{prefix}.{name}")
        if symbol is not None and symbol.defined:
            return "func" if symbol.type == STT_FUNC else "var"
    return _function(dynamic.image, tables, prefixes, name) or _type(dynamic.image, module, name)


def _function(image: Image, tables: Iterable[Pclntab], prefixes: tuple[str, ...], name: str) -> str | None:
    """`PREFIX.NAME`, `PREFIX.NAME[…]`, `PREFIX.T.NAME`, `PREFIX.(*T).NAME` among the function names."""
    start = b"|".join(re.escape(prefix.encode()) for prefix in prefixes)
    pattern = re.compile(
        rb"\0(?:%b)\.(?:\(?\*?([^\0.()\[]+)(?:\[[^\0]*\])?\)?\.)?%b(\[[^\0]*\])?\0" % (start, re.escape(name.encode()))
    )
    method = None
    for table in tables:
        for chunk in function_names(image, table, OVERLAP):
            at = 0
            while (match := pattern.search(chunk, at)) is not None:
                at = match.end() - 1
                if not match[1]:
                    return "generic func" if match[2] else "func"
                method = method or f"method of {match[1].decode('utf-8', 'replace')}"
    return method


def _type(image: Image, module: Moduledata, name: str) -> str | None:
    """`*main.NAME` as an `abi.Name` (flags, length, text) in the type data."""
    segment = image.segment_of(module.types)
    size = module.etypes - module.types
    if segment is None or not 0 < size <= segment.filesz:
        return None
    text = re.escape(name.encode())
    plain = re.compile(rb"(?s)[\x00-\x0f]([\x01-\x7f])\*?main\." + text + rb"(\[)?")
    generic = re.compile(rb"\*?main\." + text + rb"\[")
    for chunk in image.chunks(segment.offset + module.types - segment.vaddr, min(size, MAX_TYPES), OVERLAP):
        for match in plain.finditer(chunk):
            if match[2] is None and match.start(1) + 1 + match[1][0] == match.end():
                return "type"
        if generic.search(chunk) is not None:
            return "generic type"
    return None
