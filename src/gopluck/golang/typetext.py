"""Go types as text: what people write, brought into the form in which Go prints a type (`%T`, `reflect.Type.String`).

Go prints `interface {}` for `any`, `uint8` for `byte`, no parameter names, the methods of an interface by name, and a
package by its name alone, except among the arguments of a generic type, where its whole path stands.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

MAX_DEPTH = 64
"""Types within types that are followed."""


class NotATypeError(ValueError):
    """A text that is no Go type, or one that cannot be compared. The message says why, in one line."""


ALIASES = {"any": "interface {}", "byte": "uint8", "rune": "int32"}
PREDECLARED = frozenset((
    "bool", "comparable", "complex64", "complex128", "error", "float32", "float64", "int", "int8", "int16", "int32",
    "int64", "string", "uint", "uint8", "uint16", "uint32", "uint64", "uintptr",
))  # fmt: skip
KEYWORDS = frozenset(("chan", "func", "interface", "map", "struct"))

_TOKEN = re.compile(
    r"\s*(?:"
    r"(?P<path>\w[\w%~.\-]*(?:/[\w%~.\-]+)+\.[^\W\d]\w*)"  # a name with the path of its package
    r"|(?P<name>[^\W\d]\w*)"
    r"|(?P<number>\d\w*)"
    r'|(?P<text>"(?:\\.|[^"\\])*"|`[^`]*`)'
    r"|(?P<sign>\.\.\.|<-|[*\[\](){},;.|~])"
    r")"
)
_NAMES = re.compile(r"[^\W\d][\w%~.\-/]*")


def normalise(source: str) -> str:
    """The type in the form in which Go prints it. Raises `NotATypeError`."""
    parser = _Parser(_tokens(source))
    text = parser.type()
    if parser.left:
        raise NotATypeError(f"{parser.left[0][1]!r} stands after the type")
    return text


def same(one: str, other: str, main: str = "") -> bool:
    """Whether two normalised types are one, as far as their texts tell. `main`: the import path of package main."""
    if one == other:
        return True
    ours, theirs = _NAMES.findall(one), _NAMES.findall(other)
    return (
        _NAMES.split(one) == _NAMES.split(other)
        and len(ours) == len(theirs)
        and all(_same_name(mine, yours, main) for mine, yours in zip(ours, theirs, strict=True))
    )


def _same_name(one: str, other: str, main: str) -> bool:
    """Two names, of which one may have its package's path where the other has the package's name."""
    if one == other:
        return True
    if ("/" in one) == ("/" in other):
        return False
    full, short = (one, other) if "/" in one else (other, one)
    path, _, name = full.rpartition(".")
    package, _, base = short.rpartition(".")
    if not package or name != base:
        return False
    if path.replace("%2e", ".") == main:
        return package == "main"
    last = path.rpartition("/")[2]
    # The name of a package is its path's last element, unless that is a version (`v2`, `yaml%2ev3`) or no identifier.
    return last == package or not last.isidentifier() or re.fullmatch(r"v\d+", last) is not None


def _tokens(source: str) -> list[tuple[str, str]]:
    out: list[tuple[str, str]] = []
    at, end = 0, len(source.rstrip())
    while at < end:
        match = _TOKEN.match(source, at, end)
        if match is None:
            raise NotATypeError(f"{source[at:end].strip()[:20]!r} is not part of a Go type")
        if out and "\n" in source[at : match.start(match.lastgroup or 0)] and out[-1][1] not in ("{", ";", "(", ","):
            out.append(("sign", ";"))
        out.append((match.lastgroup or "", match[match.lastgroup or 0]))
        at = match.end()
    return out


class _Parser:
    """Reads a type from the tokens that are left."""

    def __init__(self, tokens: Sequence[tuple[str, str]]) -> None:
        self.left = list(tokens)
        self.depth = 0

    # -- tokens ----------------------------------------------------------------------------------------------

    def peek(self, ahead: int = 0) -> str:
        return self.left[ahead][1] if ahead < len(self.left) else ""

    def kind(self, ahead: int = 0) -> str:
        return self.left[ahead][0] if ahead < len(self.left) else ""

    def take(self, wanted: str = "") -> str:
        if not self.left:
            raise NotATypeError(f"{wanted!r} is missing at its end" if wanted else "the type is not complete")
        token = self.left[0][1]
        if wanted and token != wanted:
            raise NotATypeError(f"{wanted!r} is expected before {token!r}")
        del self.left[0]
        return token

    def skip(self, token: str) -> bool:
        if self.peek() != token:
            return False
        del self.left[0]
        return True

    # -- types -----------------------------------------------------------------------------------------------

    def type(self) -> str:
        """A type."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise NotATypeError("it is too deep")
        try:
            return self._type()
        finally:
            self.depth -= 1

    def _type(self) -> str:
        if self.skip("("):
            text = self.type()
            self.take(")")
            return text
        if self.skip("*"):
            return "*" + self.type()
        if self.peek() == "[":
            return self._array()
        if self.skip("<-"):
            self.take("chan")
            return "<-chan " + self.type()
        word = self.peek()
        if word in KEYWORDS and self.kind() == "name":
            self.take()
            return {
                "chan": self._channel,
                "func": self._signature_of_func,
                "interface": self._interface,
                "map": self._map,
                "struct": self._struct,
            }[word]()
        return self._named()

    def _array(self) -> str:
        self.take("[")
        if self.skip("]"):
            return "[]" + self.type()
        length = self.take()
        try:
            size = int(length.replace("_", ""), 0)
        except ValueError:
            raise NotATypeError(f"the length of an array has to be a number, not {length!r}") from None
        self.take("]")
        return f"[{size}]" + self.type()

    def _channel(self) -> str:
        if self.skip("<-"):
            return "chan<- " + self.type()
        element = self.type()
        return f"chan ({element})" if element.startswith("<-") else f"chan {element}"

    def _map(self) -> str:
        self.take("[")
        key = self.type()
        self.take("]")
        return f"map[{key}]{self.type()}"

    def _named(self) -> str:
        kind, name = self.kind(), self.take()
        if kind == "name" and self.skip("."):
            if self.kind() != "name":
                raise NotATypeError(f"a name is expected after {name}.")
            name += "." + self.take()
        elif kind == "name" and name in ALIASES:
            return ALIASES[name]
        elif kind == "name" and name not in PREDECLARED:
            raise NotATypeError(f"{name!r} is no predeclared type: write PACKAGE.{name}")
        elif kind not in ("name", "path"):
            raise NotATypeError(f"a type is expected where {name!r} stands")
        return name + self._arguments()

    def _arguments(self) -> str:
        if not self.skip("["):
            return ""
        out = [self.type()]
        while self.skip(","):
            out.append(self.type())
        self.take("]")
        return f"[{','.join(out)}]"

    # -- functions -------------------------------------------------------------------------------------------

    def _signature_of_func(self) -> str:
        return "func" + self._signature()

    def _signature(self) -> str:
        """Parameters and results, without their names."""
        text = f"({', '.join(self._parameters())})"
        if self.peek() == "(":
            results = self._parameters()
            if not results:
                return text
            return f"{text} {results[0]}" if len(results) == 1 else f"{text} ({', '.join(results)})"
        starts = self.kind() in ("name", "path") or self.peek() in ("*", "[", "<-")
        return f"{text} {self.type()}" if starts else text

    def _parameters(self) -> list[str]:
        """`(a, b int, rest ...string)` or `(int, ...string)`: either all have names or none."""
        self.take("(")
        entries: list[tuple[str, str]] = []
        while self.peek() != ")":
            name = ""
            if self.kind() == "name" and self.peek() not in KEYWORDS and self._is_parameter_name():
                name = self.take()
            if name and self.peek() in (",", ")"):
                entries.append((name, ""))
            else:
                dots = "..." if self.skip("...") else ""
                entries.append((name, dots + self.type()))
            if not self.skip(","):
                break
        self.take(")")
        if any(name and text for name, text in entries):
            return _grouped(entries)
        return [text or _Parser([("name", name)]).type() for name, text in entries]

    def _is_parameter_name(self) -> bool:
        """Whether the name here names a parameter, or may (`a` in `(a, b int)`, `int` in `(int, string)`)."""
        following = self.peek(1)
        if following in (",", ")"):
            return True
        if following == "[":
            return self.peek(2) == "]" or self.kind(2) == "number"
        return following in ("*", "(", "<-", "...") or self.kind(1) in ("name", "path")

    # -- interfaces and structs --------------------------------------------------------------------------------

    def _interface(self) -> str:
        self.take("{")
        methods: list[tuple[str, str]] = []
        while self.peek() != "}":
            name = self.take()
            if self.skip("."):
                name += "." + self.take()
            if self.peek() != "(":
                raise NotATypeError(f"an interface within an interface ({name}) cannot be compared: write its methods")
            methods.append((name, self._signature()))
            if not self.skip(";"):
                break
        self.take("}")
        # Go sorts exported methods first, each group by name; unexported ones have their package before them.
        rows = sorted((not name.rpartition(".")[2][:1].isupper(), name.rpartition(".")[2], text, name)
                      for name, text in methods)  # fmt: skip
        inner = "; ".join(_qualified(name) + text for _, _, text, name in rows)
        return f"interface {{ {inner} }}" if inner else "interface {}"

    def _struct(self) -> str:
        self.take("{")
        fields: list[str] = []
        while self.peek() != "}":
            fields += self._fields()
            if not self.skip(";"):
                break
        self.take("}")
        return f"struct {{ {'; '.join(fields)} }}" if fields else "struct {}"

    def _fields(self) -> list[str]:
        """`A, B int "tag"`, or an embedded `*pkg.T`."""
        embedded = self.peek() == "*" or self.kind() == "path" or self.peek(1) in (".", ";", "}") or (
            self.kind(1) == "text"
        )  # fmt: skip
        names = [""]
        if not embedded:
            names = [self.take()]
            while self.skip(","):
                names.append(self.take())
        text = self.type()
        tag = ""
        if self.kind() == "text":
            tag = " " + _quoted(self.take())
        return [f"{name} {text}{tag}" if name else text + tag for name in names]


def _grouped(entries: Sequence[tuple[str, str]]) -> list[str]:
    """The type of each named parameter; one without a type has that of the next."""
    out: list[str] = []
    following = ""
    for name, text in reversed(entries):
        if not name:
            raise NotATypeError(f"parameters with and without a name are mixed ({text})")
        following = text or following
        if not following:
            raise NotATypeError(f"the parameter {name} has no type")
        out.append(following)
    return out[::-1]


def _qualified(name: str) -> str:
    """A method as Go prints it: an unexported one with its package, which can only be main here."""
    return name if "." in name or name[:1].isupper() else f"main.{name}"


def _quoted(literal: str) -> str:
    """A struct tag as a quoted string (`strconv.Quote`, as far as tags go)."""
    if literal.startswith("`"):
        value = literal[1:-1]
    else:
        try:
            value = json.loads(literal)
        except ValueError:
            return literal
    return json.dumps(value, ensure_ascii=False)
