"""A Go type as a tree: what `typesyntax.parse` gives, and what is written of it (`go/ast`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

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


def mapped(found: Type, change: Callable[[Named], Named]) -> Type:
    """The type with each of its names changed, but not their type arguments."""
    match found:
        case Named():
            return change(found)
        case Pointer(element):
            return Pointer(mapped(element, change))
        case Array(length, element):
            return Array(length, mapped(element, change))
        case Map(key, element):
            return Map(mapped(key, change), mapped(element, change))
        case Channel(word, element):
            return Channel(word, mapped(element, change))
        case Function():
            return _signature(found, change)
        case Interface(methods):
            return Interface(tuple(one._replace(signature=_signature(one.signature, change)) for one in methods))
        case Struct(fields):
            return Struct(tuple(one._replace(type=mapped(one.type, change)) for one in fields))


def _signature(found: Function, change: Callable[[Named], Named]) -> Function:
    return Function(_entries(found.parameters, change), _entries(found.results, change))


def _entries(entries: tuple[Parameters, ...], change: Callable[[Named], Named]) -> tuple[Parameters, ...]:
    return tuple(one._replace(type=mapped(one.type, change)) for one in entries)


def parts(found: Type) -> Iterator[Type]:
    """The type and all that it is made of, in order."""
    yield found
    match found:
        case Named(arguments=inner):
            pass
        case Pointer(element) | Array(_, element) | Channel(_, element):
            inner = (element,)
        case Map(key, element):
            inner = (key, element)
        case Function(parameters, results):
            inner = tuple(entry.type for entry in (*parameters, *results))
        case Interface(methods):
            inner = tuple(method.signature for method in methods)
        case Struct(fields):
            inner = tuple(field.type for field in fields)
    for one in inner:
        yield from parts(one)


def named_types(found: Type) -> Iterator[Named]:
    """The named types that a type is made of, in order."""
    return (one for one in parts(found) if isinstance(one, Named))
