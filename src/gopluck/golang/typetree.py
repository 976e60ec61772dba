"""A Go type as a tree: what `typesyntax.parse` gives, and what is written of it (`go/ast`)."""

from __future__ import annotations

from gopluck.record import NamedTuple


class Named(NamedTuple):
    """`int`, `http.Request`, `main.Pair[int,string]`."""

    package: str
    """What stands before the dot: an import path, or a package's name; empty for none."""
    name: str
    arguments: tuple[Type, ...] = ()
    short: str = ""
    """The package's name, where a file tells both it and the path."""


class Pointer(NamedTuple):
    """`*T`."""

    element: Type


class Array(NamedTuple):
    """`[3]T`; a slice without a length."""

    length: int | None
    element: Type


class Map(NamedTuple):
    """`map[K]V`."""

    key: Type
    element: Type


class Channel(NamedTuple):
    """`chan T`, `chan<- T`, `<-chan T`."""

    word: str
    element: Type


class Parameters(NamedTuple):
    """One entry of a list of parameters or results: the names that stand before a type, and the type."""

    names: tuple[str, ...]
    type: Type
    variadic: bool = False

    @property
    def types(self) -> tuple[Type, ...]:
        """The type of each value."""
        return (self.type,) * max(1, len(self.names))


class Function(NamedTuple):
    """`func(…) …`."""

    parameters: tuple[Parameters, ...]
    results: tuple[Parameters, ...]


class Method(NamedTuple):
    """A method of an interface. `package`: of an unexported one, where it is written."""

    package: str
    name: str
    signature: Function


class Interface(NamedTuple):
    """`interface { … }`."""

    methods: tuple[Method, ...]


class Field(NamedTuple):
    """A line of a struct. An embedded field has no names."""

    names: tuple[str, ...]
    type: Type
    tag: str = ""
    """As it is written, with its quotes."""
    package: str = ""
    """Of an unexported one, where a file tells it."""


class Struct(NamedTuple):
    """`struct { … }`."""

    fields: tuple[Field, ...]


Type = Named | Pointer | Array | Map | Channel | Function | Interface | Struct
