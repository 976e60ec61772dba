"""Go types as text: what people write, brought into the form in which Go prints a type (`%T`, `reflect.Type.String`).

Go prints `interface {}` for `any`, `uint8` for `byte`, no parameter names, the methods of an interface by name, and a
package by its name alone, except among the arguments of a generic type, where its whole path stands.
"""

from __future__ import annotations

import json
import re

from gopluck.golang.typesyntax import NotATypeError, parse
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

__all__ = ["NotATypeError", "method_text", "normalise", "printed", "same", "tag_of"]

ALIASES = {"any": "interface {}", "byte": "uint8", "rune": "int32"}
PREDECLARED = frozenset((
    "bool", "comparable", "complex64", "complex128", "error", "float32", "float64", "int", "int8", "int16", "int32",
    "int64", "string", "uint", "uint8", "uint16", "uint32", "uint64", "uintptr",
))  # fmt: skip

_NAMES = re.compile(r"[^\W\d][\w%~.\-/]*")


def normalise(source: str) -> str:
    """The type in the form in which Go prints it. Raises `NotATypeError`."""
    return printed(parse(source, _predeclared))


def _predeclared(found: Named) -> None:
    """Raises `NotATypeError` for a name without a package that Go does not have: what it means is not known here."""
    if not found.package and found.name not in PREDECLARED and found.name not in ALIASES:
        raise NotATypeError(f"{found.name!r} is not a predeclared type: write PACKAGE.{found.name}")


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


def printed(found: Type) -> str:
    """A type in the form in which Go prints it, with its packages as the tree has them."""
    match found:
        case Named():
            return _name(found)
        case Pointer(element):
            return "*" + printed(element)
        case Array(length, element):
            return f"[{'' if length is None else length}]{printed(element)}"
        case Map(key, element):
            return f"map[{printed(key)}]{printed(element)}"
        case Channel(word, element):
            text = printed(element)
            return f"{word} ({text})" if word == "chan" and text.startswith("<-") else f"{word} {text}"
        case Function():
            return "func" + _signature(found)
        case Interface():
            return _interface(found)
        case Struct(fields):
            lines = [line for field in fields for line in _field(field)]
            return f"struct {{ {'; '.join(lines)} }}" if lines else "struct {}"


def _name(found: Named) -> str:
    arguments = f"[{','.join(map(printed, found.arguments))}]" if found.arguments else ""
    return (f"{found.package}.{found.name}" if found.package else ALIASES.get(found.name, found.name)) + arguments


def _signature(found: Function) -> str:
    """Parameters and results, without their names."""
    text = f"({', '.join(_values(found.parameters))})"
    results = _values(found.results)
    if not results:
        return text
    return f"{text} {results[0]}" if len(results) == 1 else f"{text} ({', '.join(results)})"


def _values(entries: tuple[Parameters, ...]) -> list[str]:
    return [("..." if entry.variadic else "") + printed(one) for entry in entries for one in entry.types]


def _interface(found: Interface) -> str:
    """Go sorts exported methods first, each group by name; unexported ones have their package before them."""
    rows = []
    for package, name, signature in found.methods:
        # A package that is not written can only be main here.
        own = package or ("" if name[:1].isupper() else "main")
        shown = f"{own}.{name}" if own else name
        rows.append((not name[:1].isupper(), name, _signature(signature), shown))
    inner = "; ".join(shown + text for _, _, text, shown in sorted(rows))
    return f"interface {{ {inner} }}" if inner else "interface {}"


def method_text(method: Method) -> str:
    """A method as it stands in an interface."""
    return method.name + _signature(method.signature)


def _field(field: Field) -> list[str]:
    """A line for each name."""
    text = printed(field.type) + (f" {_quoted(field.tag)}" if field.tag else "")
    return [f"{name} {text}" for name in field.names] or [text]


def _quoted(literal: str) -> str:
    """A struct tag as a quoted string (`strconv.Quote`, as far as tags go)."""
    return json.dumps(tag_of(literal), ensure_ascii=False)


def tag_of(literal: str) -> str:
    """What a struct tag says; a literal that is no such string stays as it is."""
    if literal.startswith("`"):
        return literal[1:-1]
    try:
        return str(json.loads(literal)) if literal else ""
    except ValueError:
        return literal
