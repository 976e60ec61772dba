"""The entry points that a host's own code looks up (`golang.lookups`), as declarations that compile as they are."""

from __future__ import annotations

from gopluck.errors import Usage
from gopluck.facts.model import Binary
from gopluck.golang.records import AssertedType
from gopluck.golang.typesyntax import NotATypeError
from gopluck.golang.typesyntax import parse as parse_type
from gopluck.golang.typetree import Function, Interface, Named, Pointer, Type, named_types
from gopluck.scaffold.entry import Symbol, exported, packages, parse

MAX_WANTED = 64
"""Names that are scaffolded."""


def entry_points(host: Binary) -> tuple[list[Symbol], list[str]]:
    """What can be declared, and comments about the rest: a type that the code does not show, or none can write."""
    names: dict[str, list[AssertedType]] = {}
    for one in host.go.lookups or () if host.go else ():
        if exported(one.name):
            names.setdefault(one.name, []).extend(one.types)
    symbols, comments = [], []
    for name, types in list(names.items())[:MAX_WANTED]:
        # Functions are what most hosts want.
        types.sort(key=lambda one: not one.type.startswith("func"))
        found = next((made for one in types if (made := _symbol(name, one)) is not None), None)
        if found is not None:
            symbols.append(found)
        else:
            why = "its type cannot be written here" if types else "its code does not show with which type"
            comments.append(f"// {name} is looked up by the host: {why}.")
    return symbols, comments


def _symbol(name: str, asserted: AssertedType) -> Symbol | None:
    """What has to be exported for an assertion to hold; None when no source file can say that."""
    try:
        if asserted.interface:
            interface = parse_type(asserted.interface)
            methods = interface.methods if isinstance(interface, Interface) else ()
            for method in methods:
                packages(method.signature)
            fits = methods and all(exported(one.name) and _nameable(one.signature) for one in methods)
            return Symbol(name, Named("", f"{name[0].lower()}{name[1:]}Impl"), methods) if fits else None
        found = parse(asserted.type)
    except (NotATypeError, Usage):
        return None
    # Of a variable, Lookup returns a pointer.
    if isinstance(found, Pointer) and not isinstance(found.element, Function):
        found = found.element
    elif not isinstance(found, Function):
        return None
    return Symbol(name, found) if _nameable(found) else None


def _nameable(found: Type) -> bool:
    """Whether a plugin can name all types that a type is made of: those of package main and of internal ones not."""
    return all(
        exported(one.name) and one.package != "main" and "internal" not in one.package.split("/")
        for one in named_types(found)
        if one.package
    )
