"""Text out of binaries and file names, made safe for a terminal or a log.

`clean` is for one value: what is not seen, or acts on a terminal, becomes a visible escape, and a value stays in its
line. `inert` is for a whole document, and everything that is printed goes through it: no line of it is a command of a
CI system, however values and folding came together. `first_of` keeps a list of names short.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

INVISIBLE = frozenset(
    chr(code)
    for first, last in (
        (0x034F, 0x034F),  # combining grapheme joiner
        (0x115F, 0x1160),  # Hangul fillers
        (0x17B4, 0x17B5),  # Khmer inherent vowels
        (0x180B, 0x180F),  # Mongolian variation selectors
        (0x2800, 0x2800),  # Braille without a dot
        (0x3164, 0x3164),  # Hangul filler
        (0xFE00, 0xFE0F),  # variation selectors
        (0xFFA0, 0xFFA0),  # Hangul filler
        (0x16FE4, 0x16FE4),  # Khitan filler
        (0x1D159, 0x1D159),  # a musical head of nothing
        (0xE0100, 0xE01EF),  # variation selectors
    )
    for code in range(first, last + 1)
)
"""Letters, marks and signs without a shape that `str.isprintable` takes for visible (Default_Ignorable_Code_Point)."""

OURS = frozenset("\n\t\r\x1b")
"""What a document holds of its own: line ends, tabs of a patch, colours, links."""

STRAY = r"\x1b(?!\[[0-9;]*m)|\r(?!\n)"
"""An escape that is no colour, and a return that ends no line."""

LINK = r"\x1b\]8;id=[0-9-]+;{pages}/[a-z0-9-]+(?:\.md|\.html)\x1b\\\x1b\[2m[a-z0-9-]+\x1b\[0m\x1b\]8;;\x1b\\"
"""The name of a rule as a link to its page (OSC 8)."""

COMMAND = r"(?m)^((?:[^\S\n]|\x1b\[[0-9;]*m)*):(?=:)|#(?=#\w*\[)"
"""What a CI system takes for a command: a line that begins with `::` (GitHub's runner skips blanks before it), and
`##[`, `##vso[`, `##teamcity[` anywhere (GitHub, Azure Pipelines, TeamCity)."""


def clean(text: str) -> str:
    """One line without characters that act on a terminal or are not seen; each becomes an escape such as `\\x1b`."""
    if text.isascii() and text.isprintable():
        return text
    return text.translate({ord(one): _escape(one) for one in set(text) if _hidden(one)})


def inert(text: str, pages: str = "") -> str:
    """A document that acts on nothing that shows it: no terminal, and no CI system that reads its log.

    The escapes are those of JSON, so that a JSON document stays the same value. `pages`: the address of the folder that
    a document for people may have links into.
    """
    if hidden := [one for one in set(text) - OURS if _hidden(one)]:
        text = text.translate({ord(one): _escape(one) for one in hidden})
    if "\x1b" in text or "\r" in text:
        ours = f"(?P<link>{LINK.format(pages=re.escape(pages))})|" if pages else "(?P<link>(?!))|"
        text = re.sub(ours + STRAY, lambda match: match["link"] or _escape(match[0]), text)
    return re.sub(COMMAND, _inert, text) if "::" in text or "##" in text else text


def first_of(names: Sequence[str], most: int = 1) -> str:
    """The first names, and how many more there are: `a, b and 3 more`."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def without_surrogates(text: str) -> str:
    """A text that UTF-8 and strict JSON readers accept; everything else stays as it is."""
    if text.isascii():
        return text
    return text.translate({ord(one): _escape(one) for one in set(text) if "\ud800" <= one <= "\udfff"})


def _inert(match: re.Match[str]) -> str:
    return r"\u0023" if match[0] == "#" else rf"{match[1]}\u003a"


def _hidden(character: str) -> bool:
    return not character.isprintable() or character in INVISIBLE


def _escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # `surrogateescape`: the byte itself
        code -= 0xDC00
    if code <= 0xFF:
        return {9: r"\t", 10: r"\n", 13: r"\r"}.get(code, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
