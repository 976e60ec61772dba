"""A Go type as source text: whether it is one, which packages it names, and what a function of it returns.

The grammar of types in the language specification, without type parameters of functions, and with import paths in
front of names (`func(*net/http.Request) bool`), which Go itself writes as `http.Request` behind an import.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from gopluck.errors import Usage

TOKEN = re.compile(
    r"\s*(?P<token>\.\.\.|<-|[()\[\]{}*,;]|(?:[\w~.-]+/)+[\w~-]+(?:\.[\w~-]+)*\.[^\W\d]\w*|[^\W\d]\w*(?:\.[^\W\d]\w*)?|\d+)"
)
"""Signs, numbers, names with or without a package or an import path in front."""

WORDS = frozenset(("func", "map", "chan", "struct", "interface"))
RESERVED = WORDS | {
    *("break", "case", "const", "continue", "default", "defer", "else", "fallthrough", "for", "go", "goto", "if"),
    *("import", "package", "range", "return", "select", "switch", "type", "var"),
}


Tokens = tuple[str, ...]


class GoType(NamedTuple):
    """A type that was read."""

    tokens: Tokens
    packages: tuple[str, ...]
    """What stands before the dot of names: an import path, or a package's name."""
    results: tuple[Tokens, ...] | None
    """A function's result types; None for another type."""

    def source(self, names: Callable[[str], str]) -> str:
        """The source text; `names` gives each package the name under which it is imported."""
        return render(self.tokens, names)


def parse(text: str) -> GoType:
    """Read a type. Raises `Usage` with what is wrong with it."""
    tokens: list[str] = []
    at = 0
    while at < len(text.rstrip()):
        match = TOKEN.match(text, at)
        if match is None:
            raise Usage(f"{text!r} is no Go type: {text[at:].strip()!r} is not understood")
        tokens.append(match["token"])
        at = match.end()
    reader = _Reader(text, tokens)
    results: tuple[Tokens, ...] | None = None
    if reader.peek() == "func":
        results = reader.signature()
    else:
        reader.type()
    if reader.peek():
        raise Usage(f"{text!r} is no Go type: {reader.peek()!r} is too much")
    packages = tuple(dict.fromkeys(one.rpartition(".")[0] for one in tokens if "." in one and one != "..."))
    return GoType(tuple(tokens), packages, results)


def render(tokens: Tokens, names: Callable[[str], str]) -> str:
    """Tokens as gofmt would write them."""
    out = ""
    for index, token in enumerate(tokens):
        package, dot, name = token.rpartition(".")
        word = token if token == "..." or not dot else f"{names(package)}.{name}"
        last = tokens[index - 1] if index else ""
        if last and _apart(last, token):
            out += " "
        out += word
    return out


def _apart(last: str, token: str) -> bool:
    """Whether a blank stands between two tokens."""
    if last in (",", ";"):
        return True
    if token in (",", ";", ")", "]", "}", "{", "..."):
        return token == "..." and last not in ("(", "[")
    if last in ("(", "[", "{", "*", "...", "]"):
        return False
    if last == "<-":
        return token != "chan"
    if token == "<-":
        return last != "chan"
    if token in ("(", "["):
        return last == ")" or (token == "[" and last not in ("map", "func") and _is_name(last))
    return True


def _is_name(token: str) -> bool:
    return token not in WORDS and bool(re.match(r"[^\W\d]", token))


class _Reader:
    """Walks over tokens; each method reads one thing or raises `Usage`."""

    def __init__(self, text: str, tokens: list[str]) -> None:
        self.text = text
        self.tokens = tokens
        self.at = 0

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, *wanted: str) -> str:
        token = self.peek()
        if wanted and token not in wanted:
            found = repr(token) if token else "the end"
            raise Usage(f"{self.text!r} is no Go type: {found} where {' or '.join(map(repr, wanted))} should be")
        self.at += 1
        return token

    def signature(self) -> tuple[Tokens, ...]:
        """`func(…) …`; the result types."""
        self.take("func")
        self.parameters(variadic=True)
        if self.peek() == "(":
            return self.parameters(variadic=False)
        if self.peek() in ("", ",", ")", "]", "}", ";"):
            return ()
        start = self.at
        self.type()
        return (self.since(start),)

    def since(self, start: int) -> Tokens:
        """The tokens from there to here."""
        return tuple(self.tokens[start : self.at])

    def parameters(self, *, variadic: bool) -> tuple[Tokens, ...]:
        """A list in parentheses, of types or of names with types; the types, one for each value."""
        self.take("(")
        entries: list[tuple[str, Tokens]] = []
        while self.peek() != ")":
            if entries and entries[-1][1][0] == "...":
                raise Usage(f"{self.text!r} is no Go type: only the last parameter may be variadic")
            entries.append(self._entry(variadic))
            if self.peek() != ")":
                self.take(",", ")")
        self.take(")")
        if any(name for name, _ in entries):
            out: list[Tokens] = []
            following: Tokens = ()
            for name, one in reversed(entries):
                if not name and (len(one) > 1 or not _is_name(one[0])):
                    raise Usage(f"{self.text!r} is no Go type: parameters with and without names")
                following = one if name else following
                if not following:
                    raise Usage(f"{self.text!r} is no Go type: parameters with and without names")
                out.append(following)
            return tuple(reversed(out))
        return tuple(one for _, one in entries)

    def _entry(self, variadic: bool) -> tuple[str, Tokens]:
        """(name or empty, type) of one entry."""
        name = ""
        token, after = self.peek(), self.tokens[self.at + 1] if self.at + 1 < len(self.tokens) else ""
        if re.fullmatch(r"[^\W\d]\w*", token) and token not in RESERVED and after not in (",", ")", "", "["):
            name = self.take()
        elif re.fullmatch(r"[^\W\d]\w*", token) and token not in RESERVED and after == "[":
            # `a []T` or `a [3]T`, and not the generic `T[int]`.
            behind = self.tokens[self.at + 2] if self.at + 2 < len(self.tokens) else ""
            if behind == "]" or behind.isdigit():
                name = self.take()
        start = self.at
        if variadic and self.peek() == "...":
            self.take("...")
        self.type()
        return name, self.since(start)

    def type(self) -> None:
        """Any type."""
        token = self.take()
        if token == "*":
            self.type()
        elif token == "(":
            self.type()
            self.take(")")
        elif token == "[":
            if self.peek().isdigit():
                self.take()
            self.take("]")
            self.type()
        elif token == "map":
            self.take("[")
            self.type()
            self.take("]")
            self.type()
        elif token == "<-":
            self.take("chan")
            self.type()
        elif token == "chan":
            if self.peek() == "<-":
                self.take()
            self.type()
        elif token == "func":
            self.at -= 1
            self.signature()
        elif token in ("interface", "struct"):
            self.take("{")
            self.take("}")
        elif _is_name(token) and token not in RESERVED:
            if self.peek() == "[":
                self.take()
                self.type()
                while self.peek() == ",":
                    self.take()
                    self.type()
                self.take("]")
        else:
            raise Usage(f"{self.text!r} is no Go type: {token or 'the end'!r} where a type should be")
