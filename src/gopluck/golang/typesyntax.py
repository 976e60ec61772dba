"""The one parser of Go types: from source text, as people or Go itself write it, to a tree (`go/parser`).

The grammar of types in the language specification, with import paths in front of names (`*net/http.Request`), which Go
itself writes as `http.Request` behind an import. A length of an array must be a number; interfaces embed nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from gopluck.golang.typetree import (
    Array,
    Channel,
    Field,
    Function,
    Interface,
    Map,
    Method,
    Named,
    Parameters,
    Pointer,
    Struct,
    Type,
)
from gopluck.record import NamedTuple

MAX_DEPTH = 64
"""Types within types that are followed."""

MAX_TEXT = 1 << 16
"""Characters of a type (the Go runtime's own texts have at most 16,383 bytes)."""

MAX_DIGITS = 24
"""Characters of an array's length."""


class NotATypeError(ValueError):
    """A text that is no Go type, or one that cannot be compared. The message says why, in one line."""


Check = Callable[[Named], None]

KEYWORDS = frozenset((
    "break", "case", "chan", "const", "continue", "default", "defer", "else", "fallthrough", "for", "func", "go",
    "goto", "if", "import", "interface", "map", "package", "range", "return", "select", "struct", "switch", "type",
    "var",
))  # fmt: skip

_TOKEN = re.compile(
    r"\s*(?:"
    # A name with the path of its package. An element has a longest length, so that no text is gone through twice.
    r"(?P<path>\w[\w%~.\-]{0,254}(?:/[\w%~.\-]{1,255})+\.[^\W\d]\w*)"
    # One without a `/`: a domain, or a name with a hyphen.
    r"|(?P<root>[^\W\d]\w{0,254}(?:[%~.\-]\w{1,255}){1,16}\.[^\W\d]\w*)"
    r"|(?P<name>[^\W\d]\w*)"
    r"|(?P<number>\d\w*)"
    r'|(?P<text>"(?:\\.|[^"\\])*"|`[^`]*`)'
    r"|(?P<sign>\.\.\.|<-|[*\[\](){},;.|~])"
    r")"
)


class _Token(NamedTuple):
    kind: str
    text: str


END = _Token("", "")


class _Entry(NamedTuple):
    """What stands between two commas of a list of parameters."""

    name: str
    type: Type | None = None
    variadic: bool = False
    text: str = ""


def _any(_: Named) -> None:
    """Every name will do."""


def parse(source: str, check: Check = _any) -> Type:
    """The tree of a type. Raises `NotATypeError`, as may `check`, which is given each name of a type."""
    if len(source) > MAX_TEXT:
        raise NotATypeError(f"it has {len(source)} characters")
    parser = _Parser(tuple(_tokens(source)), check)
    found = parser.type()
    if parser.kind():
        raise NotATypeError(f"{parser.peek()!r} stands after the type")
    return found


def _tokens(source: str) -> Iterator[_Token]:
    """The tokens; a line end is a `;` where Go takes it for one."""
    at, end, last = 0, len(source.rstrip()), "("
    while at < end:
        match = _TOKEN.match(source, at, end)
        if match is None:
            raise NotATypeError(f"{source[at:end].strip()[:20]!r} is not part of a Go type")
        kind = match.lastgroup or ""
        text = match[kind]
        if "\n" in source[at : match.start(kind)] and last not in ("{", ";", "(", ","):
            yield _Token("sign", ";")
        yield _Token("path" if kind == "root" else kind, text)
        at, last = match.end(), text


class _Parser:
    """Reads a type from the tokens that are left."""

    def __init__(self, tokens: Sequence[_Token], check: Check) -> None:
        self.tokens = tokens
        self.check = check
        self.at = 0
        self.depth = 0

    # -- tokens ----------------------------------------------------------------------------------------------

    def token(self, ahead: int = 0) -> _Token:
        return self.tokens[self.at + ahead] if self.at + ahead < len(self.tokens) else END

    def peek(self, ahead: int = 0) -> str:
        return self.token(ahead).text

    def kind(self, ahead: int = 0) -> str:
        return self.token(ahead).kind

    def take(self, wanted: str = "") -> str:
        if not self.kind():
            raise NotATypeError(f"{wanted!r} is missing at its end" if wanted else "the type is not complete")
        token = self.peek()
        if wanted and token != wanted:
            raise NotATypeError(f"{wanted!r} is expected before {token!r}")
        self.at += 1
        return token

    def skip(self, token: str) -> bool:
        if self.peek() != token:
            return False
        self.at += 1
        return True

    def name(self) -> str:
        """A name of a field, a method, or a type of a package."""
        if self.kind() != "name":
            raise NotATypeError(f"a name is expected before {self.peek()!r}" if self.kind() else "a name is missing")
        return self.take()

    # -- types -----------------------------------------------------------------------------------------------

    def type(self) -> Type:
        """A type."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise NotATypeError("it is too deep")
        try:
            return self._type()
        finally:
            self.depth -= 1

    def _type(self) -> Type:
        if self.skip("("):
            found = self.type()
            self.take(")")
            return found
        if self.skip("*"):
            return Pointer(self.type())
        if self.peek() == "[":
            return self._array()
        if self.skip("<-"):
            self.take("chan")
            return Channel("<-chan", self.type())
        special = _SPECIAL.get(self.peek()) if self.kind() == "name" else None
        if special is not None:
            self.take()
            return special(self)
        return self._named()

    def array_ahead(self) -> bool:
        """Whether `[` begins an array or a slice here, and not the arguments of a generic type."""
        return self.peek(2) == "]" or self.kind(2) == "number"

    def _array(self) -> Type:
        self.take("[")
        if self.skip("]"):
            return Array(None, self.type())
        length = self.take()
        try:
            size = int(length.replace("_", "") if len(length) <= MAX_DIGITS else "", 0)
        except ValueError:
            raise NotATypeError(f"the length of an array must be a number, not {length[:MAX_DIGITS]!r}") from None
        self.take("]")
        return Array(size, self.type())

    def channel(self) -> Type:
        """What follows `chan`."""
        return Channel("chan<-" if self.skip("<-") else "chan", self.type())

    def map(self) -> Type:
        """What follows `map`."""
        self.take("[")
        key = self.type()
        self.take("]")
        return Map(key, self.type())

    def _named(self) -> Type:
        if self.kind() and (self.kind() not in ("name", "path") or self.peek() in KEYWORDS):
            raise NotATypeError(f"a type is expected where {self.peek()!r} stands")
        return self._checked(*self._qualified())._replace(arguments=self._arguments())

    def _qualified(self) -> tuple[str, str]:
        """Package and name of what stands here; any other token is taken for a name."""
        kind, name = self.kind(), self.take()
        if kind == "path":
            package, _, name = name.rpartition(".")
            return package, name
        return (name, self.name()) if kind == "name" and self.skip(".") else ("", name)

    def _checked(self, package: str, name: str) -> Named:
        found = Named(package, name)
        self.check(found)
        return found

    def _arguments(self) -> tuple[Type, ...]:
        if not self.skip("["):
            return ()
        out = [self.type()]
        while self.skip(","):
            out.append(self.type())
        self.take("]")
        return tuple(out)

    # -- functions -------------------------------------------------------------------------------------------

    def signature(self) -> Function:
        """Parameters and results: what follows `func`, or the name of a method."""
        parameters = self._parameters()
        shared = any(one.variadic and len(one.names) > 1 for one in parameters)
        if shared or any(one.variadic for one in parameters[:-1]):
            raise NotATypeError("only the last parameter may be variadic")
        if self.peek() == "(":
            results = self._parameters()
            if any(one.variadic for one in results):
                raise NotATypeError("a result cannot be variadic")
            return Function(parameters, results)
        starts = self.kind() in ("name", "path") or self.peek() in ("*", "[", "<-")
        return Function(parameters, (Parameters((), self.type()),) if starts else ())

    def _parameters(self) -> tuple[Parameters, ...]:
        """`(a, b int, rest ...string)` or `(int, ...string)`: either all have names or none."""
        self.take("(")
        entries: list[_Entry] = []
        while self.peek() != ")":
            start = self.at
            name = self.take() if self._is_parameter_name() else ""
            if name and self.peek() in (",", ")"):
                entries.append(_Entry(name))
            else:
                variadic = self.skip("...")
                found = self.type()
                text = "".join(token.text for token in self.tokens[start : self.at])
                entries.append(_Entry(name, found, variadic, text))
            if not self.skip(","):
                break
        self.take(")")
        if any(one.name and one.type for one in entries):
            return _grouped(entries)
        return tuple(Parameters((), one.type or self._checked("", one.name), one.variadic) for one in entries)

    def _is_parameter_name(self) -> bool:
        """Whether the name here names a parameter, or may (`a` in `(a, b int)`, `int` in `(int, string)`)."""
        if self.kind() != "name" or self.peek() in KEYWORDS:
            return False
        following = self.peek(1)
        if following == "[":
            return self.array_ahead()
        return following in (",", ")", "*", "(", "<-", "...") or self.kind(1) in ("name", "path")

    # -- interfaces and structs --------------------------------------------------------------------------------

    def interface(self) -> Type:
        """What follows `interface`."""
        self.take("{")
        methods: list[Method] = []
        while self.peek() != "}":
            kind = self.kind()
            package, name = self._qualified()
            if kind not in ("name", "path") or self.peek() != "(":
                shown = f"{package}.{name}" if package else name
                raise NotATypeError(f"an interface within an interface ({shown}) cannot be compared: write its methods")
            methods.append(Method(package, name, self.signature()))
            if not self.skip(";"):
                break
        self.take("}")
        return Interface(tuple(methods))

    def struct(self) -> Type:
        """What follows `struct`."""
        self.take("{")
        fields: list[Field] = []
        while self.peek() != "}":
            fields.append(self._field())
            if not self.skip(";"):
                break
        self.take("}")
        return Struct(tuple(fields))

    def _field(self) -> Field:
        """`A, B int "tag"`, or an embedded `*pkg.T`."""
        embedded = self.peek() == "*" or self.kind() == "path" or self.peek(1) in (".", ";", "}") or (
            self.kind(1) == "text"
        )  # fmt: skip
        names: list[str] = []
        if not embedded:
            names.append(self.name())
            while self.skip(","):
                names.append(self.name())
        found = self.type()
        return Field(tuple(names), found, self.take() if self.kind() == "text" else "")


_SPECIAL: Mapping[str, Callable[[_Parser], Type]] = {
    "chan": _Parser.channel,
    "func": _Parser.signature,
    "interface": _Parser.interface,
    "map": _Parser.map,
    "struct": _Parser.struct,
}
"""The words that begin a type, and what reads the rest of it."""


def _grouped(entries: Sequence[_Entry]) -> tuple[Parameters, ...]:
    """Named parameters, by the type that they share; one without a type has that of the next."""
    out: list[Parameters] = []
    for one in reversed(entries):
        if not one.name:
            raise NotATypeError(f"parameters with and without a name are mixed ({one.text})")
        if one.type is not None:
            out.append(Parameters((one.name,), one.type, one.variadic))
        elif out:
            out[-1] = out[-1]._replace(names=(one.name, *out[-1].names))
        else:
            raise NotATypeError(f"the parameter {one.name} has no type")
    return tuple(reversed(out))
