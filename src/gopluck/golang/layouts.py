"""The layouts of `runtime.moduledata` as data, by release (`runtime/symtab.go`, `type moduledata struct`).

A new Go release needs a row only if the struct changed (`release.RELEASES` says which it has). The offsets follow from
the field list and the word size by Go's alignment rules, so one row serves every architecture.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

MINIMUM_WINDOW_WORDS = 96
"""Words of `moduledata` that are kept of each file: more than any layout has, so that another can be laid over it."""

_TABLES = "pcHeader:p funcnametab:s cutab:s filetab:s pctab:s pclntable:s ftab:s findfunctab:p minpc:p maxpc:p"
_RANGES = "text:p etext:p noptrdata:p enoptrdata:p data:p edata:p bss:p ebss:p noptrbss:p enoptrbss:p"
_END = "end:p gcdata:p gcbss:p"
_LINKS = "textsectmap:s typelinks:s itablinks:s ptab:s pluginpath:t pkghashes:s"
_HASHES = "modulename:t modulehashes:s"
_BAD_LAST = "hasmain:b gcdatamask:v gcbssmask:v typemap:p bad:b next:p"
_BAD_EARLY = "hasmain:b bad:b gcdatamask:v gcbssmask:v typemap:p next:p"

LAYOUTS: Mapping[str, str] = {
    "go1.2": (
        "pclntable:s ftab:s filetab:s findfunctab:p minpc:p maxpc:p "
        f"{_RANGES} {_END} types:p etypes:p {_LINKS} {_HASHES} {_BAD_LAST}"
    ),
    "go1.16": f"{_TABLES} {_RANGES} {_END} types:p etypes:p {_LINKS} {_HASHES} {_BAD_LAST}",
    "go1.18": f"{_TABLES} {_RANGES} {_END} types:p etypes:p rodata:p gofunc:p {_LINKS} {_HASHES} {_BAD_LAST}",
    "go1.20": (
        f"{_TABLES} {_RANGES} covctrs:p ecovctrs:p {_END} types:p etypes:p rodata:p gofunc:p "
        f"{_LINKS} {_HASHES} {_BAD_LAST}"
    ),
    "go1.21": (
        f"{_TABLES} {_RANGES} covctrs:p ecovctrs:p {_END} types:p etypes:p rodata:p gofunc:p "
        f"{_LINKS} inittasks:s {_HASHES} {_BAD_LAST}"
    ),
    "go1.23": (
        f"{_TABLES} {_RANGES} covctrs:p ecovctrs:p {_END} types:p etypes:p rodata:p gofunc:p "
        f"{_LINKS} inittasks:s {_HASHES} {_BAD_EARLY}"
    ),
    "go1.26": (
        f"{_TABLES} {_RANGES} covctrs:p ecovctrs:p {_END} types:p etypes:p rodata:p gofunc:p epclntab:p "
        f"{_LINKS} inittasks:s {_HASHES} {_BAD_EARLY}"
    ),
    "go1.27": (
        f"{_TABLES} {_RANGES} covctrs:p ecovctrs:p {_END} types:p typedesclen:p etypes:p itaboffset:p itabsize:p "
        "rodata:p gofunc:p epclntab:p textsectmap:s ptab:s pluginpath:t pkghashes:s inittasks:s "
        f"{_HASHES} {_BAD_EARLY}"
    ),
}
"""Field lists by the release that introduced them: `p` word, `s` slice, `t` string, `b` byte, `v` bitvector."""


class Layout(dict[str, int]):
    """Byte offsets of the fields for one word size; `size` in bytes."""

    def __init__(self, name: str, size: int, offsets: Mapping[str, int]) -> None:
        super().__init__(offsets)
        self.name = name
        self.size = size


_MEASURED = r"@(?P<size>[0-9]{1,4})(?P<fields>(?: [A-Za-z]{1,32}=[0-9]{1,4}){8,96})"
"""Compiled when there is such a name: that takes 0.1 ms of each start."""

NEEDED = frozenset(
    (
        *("text", "etext", "data", "edata", "bss", "ebss", "types", "etypes", "minpc", "maxpc"),
        *("pluginpath", "pkghashes", "ptab", "hasmain", "bad", "typemap", "next"),
    )
)
"""The fields without which nothing can be replayed."""


def measured(size: int, offsets: Mapping[str, int]) -> str:
    """The name of a layout that a file itself tells: one of `LAYOUTS` that is the same, else one that spells it out."""
    for name in LAYOUTS:
        for word_size in (8, 4):
            known = layout(name, word_size)
            if (known.size, dict(known)) == (size, dict(offsets)):
                return name
    return f"@{size}" + "".join(f" {field}={at}" for field, at in offsets.items())


def is_layout(name: str, word_size: int) -> bool:
    """Whether `layout` takes a name: one of `LAYOUTS`, or one that spells out a layout whose numbers can be."""
    if name in LAYOUTS:
        return True
    match = re.fullmatch(_MEASURED, name)
    if match is None:
        return False
    found = layout(name, word_size)
    last = max(found.values())
    return found.keys() >= NEEDED and last < found.size <= MINIMUM_WINDOW_WORDS * word_size


@cache
def layout(name: str, word_size: int) -> Layout:
    """The layout of this name for a word size of 4 or 8 bytes."""
    if name not in LAYOUTS and (match := re.fullmatch(_MEASURED, name)):
        spelled = (field.split("=") for field in match["fields"].split())
        return Layout(name, int(match["size"]), {field: int(at) for field, at in spelled})
    words = {"p": 1, "s": 3, "t": 2}
    at, offsets = 0, {}
    for item in LAYOUTS[name].split():
        field, _, kind = item.partition(":")
        if kind == "b":
            offsets[field] = at
            at += 1
            continue
        at = -(-at // word_size) * word_size
        offsets[field] = at
        # runtime.bitvector is {n int32; bytedata *uint8}: two words with padding.
        at += word_size * (2 if kind == "v" else words[kind])
    return Layout(name, at, offsets)
