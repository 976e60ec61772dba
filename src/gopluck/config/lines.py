"""At which line of a TOML document each key and each entry of a list stands: `tomllib` does not tell.

The document is one that `tomllib` takes: here it is only walked along its brackets, strings and signs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from gopluck.config.model import Path
from gopluck.record import NamedTuple

TOKEN = re.compile(
    r'''(?s:"""(?:\\.|[^\\])*?"""(?:"{1,2})?|\'\'\'.*?\'\'\'(?:'{1,2})?)'''
    r"""|"(?:\\.|[^"\\\n])*"|'[^'\n]*'"""
    r"""|\#[^\n]*|\n|[ \t\r]+|[\[\]{}=,]|[^\s\[\]{}=,\#"']+|.""",
    re.VERBOSE,
)


class Token(NamedTuple):
    """A string, a bare word, a sign, or the end of a line."""

    text: str
    line: int


def tokens(text: str) -> list[Token]:
    """All of a document but blanks and comments."""
    out, line = [], 1
    for match in TOKEN.finditer(text):
        word = match[0]
        if word[0] not in "# \t\r":
            out.append(Token(word, line))
        line += word.count("\n")
    return out


def longest_key(found: Sequence[Token]) -> int:
    """The most parts of a dotted key: `tomllib` takes the square of the time for one."""
    most = dots = 0
    for token in found:
        dots = 0 if token.text in "\n=,{[" else dots + (token.text.count(".") if token.text[0] not in "\"'" else 0)
        most = max(most, dots)
    return most


def lines(found: Sequence[Token]) -> Mapping[Path, int]:
    """The line of each key, and of each entry of a list, by its path."""
    walk = _Walk(found)
    walk.document()
    return walk.out


class _Walk:
    """A document, from its first token to its last."""

    def __init__(self, found: Sequence[Token]) -> None:
        self.found = found
        self.at = 0
        self.out: dict[Path, int] = {}
        self.tables: dict[Path, int] = {}
        """The number of tables of each `[[…]]`."""

    @property
    def next(self) -> str:
        """The text of the token that comes; empty at the end."""
        return self.found[self.at].text if self.at < len(self.found) else ""

    def take(self) -> str:
        """That text, and go on."""
        self.at += 1
        return self.found[self.at - 1].text

    def until(self, *ends: str) -> str:
        """What comes before a sign, as one text."""
        start = self.at
        while self.next and self.next not in ends:
            self.at += 1
        return "".join(token.text for token in self.found[start : self.at])

    def document(self) -> None:
        """Headers and keys."""
        table: Path = ()
        while self.next:
            line = self.found[self.at].line
            if self.next == "\n":
                self.at += 1
            elif self.next == "[":
                self.at += 1
                many = self.next == "["
                self.at += many
                table = self._inside(tuple(_parts(self.until("]"))), many, line)
                self.until("\n")
            else:
                self.pair(table)

    def _inside(self, parts: Path, many: bool, line: int) -> Path:
        """The path of a header's table: in the last table of each list before it."""
        path: Path = ()
        for number, part in enumerate(parts, 1):
            path = (*path, part)
            self.out.setdefault(path, line)
            if many and number == len(parts):
                self.tables[path] = self.tables.get(path, 0) + 1
            if path in self.tables:
                path = (*path, self.tables[path] - 1)
                self.out.setdefault(path, line)
        return path

    def pair(self, table: Path) -> None:
        """A key and its value."""
        line = self.found[self.at].line
        path = table
        for part in _parts(self.until("=")):
            path = (*path, part)
            self.out.setdefault(path, line)
        self.at += 1
        self.value(path)

    def value(self, path: Path) -> None:
        """A value; what is in it, if it is a list or a table."""
        if self.next not in ("[", "{"):
            self.until("\n", ",", "]", "}")
            return
        end, index = {"[": "]", "{": "}"}[self.take()], 0
        while self.next != end:
            if self.next in ("\n", ","):
                self.at += 1
            elif end == "}":
                self.pair(path)
            else:
                self.out[(*path, index)] = self.found[self.at].line
                self.value((*path, index))
                index += 1
        self.at += 1


def _parts(key: str) -> Iterator[str]:
    """The parts of a key."""
    if '"' not in key and "'" not in key:
        yield from key.split(".")
        return
    import tomllib

    table = tomllib.loads(f"{key} = 0")
    while isinstance(table, dict):
        ((part, table),) = table.items()
        yield part
