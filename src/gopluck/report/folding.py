"""Where a command may be folded with a backslash: between words that no file can turn into a command of their own."""

from __future__ import annotations

import re
from collections.abc import Iterable

BREAK = re.compile(r"'?-|[A-Z_]+=|(?:go|do)$|\S+@\S*\)$")
"""Words of a command before which it may be folded: none of them, alone on a line, is a command that a file names."""


def parts(words: Iterable[str]) -> list[str]:
    """The words of a command in parts that stay together."""
    out: list[str] = []
    last = ""
    for word in words:
        if out and (last == "-o" or not BREAK.match(word)):
            out[-1] += f" {word}"
        else:
            out.append(word)
        last = word
    return out


def folded(words: Iterable[str], width: int) -> str:
    """A command in lines of a width, where its parts are not longer."""
    lines = [""]
    for part in parts(words):
        if lines[-1] and len(lines[-1]) + len(part) + 3 > width:
            lines[-1] += " \\"
            lines.append("  ")
        lines[-1] += part if not lines[-1].strip() else f" {part}"
    return "\n".join(lines)
