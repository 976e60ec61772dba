"""`symbol-type`: a symbol has another type than the host expects."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.replay.ends import End
from gopluck.replay.process import Lookup
from gopluck.rules.model import Evidence, Link, Owner, Rule, Told, go_source, told

LONG = 80
"""Characters of a message that needs a headline."""


def ends(evidence: Evidence) -> Iterator[Told]:
    """By the types in the plugin's `ptab`."""
    for lookup in evidence.outcome.lookups:
        if lookup.status == "type":
            yield _different(lookup)


def risks(evidence: Evidence) -> Iterator[Told]:
    """What `Lookup` returns of a variable that has the type that was given."""
    for lookup in evidence.outcome.lookups:
        pointers = lookup.wanted.startswith("*") and (lookup.type or "").startswith("*")
        if lookup.status == "found" and lookup.kind == "var" and pointers:
            yield from _pointer(lookup)


def _different(lookup: Lookup) -> Told:
    name, own = lookup.name, lookup.type or ""
    if lookup.lacks:
        return _not_implemented(lookup)
    if lookup.kind == "var":
        message = f"{name} is a variable of type {own}, so that Lookup returns *{own}, not {lookup.wanted}"
    else:
        message = f"{name} is a {own}, not {lookup.wanted}"
    fix = f"Give {name} the type {lookup.wanted} in the plugin, or let the host assert {_asserted(lookup)}."
    return told(message, fix, host=lookup.wanted, plugin=own)


def _not_implemented(lookup: Lookup) -> Told:
    """What lacks to an interface, method by method."""
    name, own, wanted = lookup.name, lookup.type or "", lookup.wanted
    lacks = "; ".join(lookup.lacks)
    if lookup.kind == "func":
        message = f"{name} is a function, and functions have no methods: {wanted} needs {lacks}"
        fix = f"Let the host assert {own} and call it, or export a variable of a type that has the methods."
    elif lookup.boxed:
        message = f"{name} is a variable of type {own}: Lookup returns *{own}, and a pointer to an interface has no "
        message += f"methods: {wanted} needs {lacks}"
        fix = f"Let the host assert *{own} and use the value behind it, or give {name} a concrete type in the plugin."
    elif own.startswith("*"):
        message = f"{name} is a variable of type {own}: Lookup returns *{own}, and a pointer to a pointer has no "
        message += f"methods: {wanted} needs {lacks}"
        fix = (
            f"Make {name} a variable of type {own[1:]}: Lookup returns a pointer to it. Or let the host assert *{own}."
        )
    else:
        message = f"{name} is a variable of type {own}: Lookup returns *{own}, which lacks {lacks} of {wanted}"
        fix = f"Give {own} these methods in the plugin."
    said = told(message, fix, host=wanted, plugin=own)
    return said._replace(headline=f"{name} does not implement {wanted}") if len(message) > LONG else said


def _pointer(lookup: Lookup) -> Iterator[Told]:
    """`*T` can be the type of the variable, or what `Lookup` returns of a variable of type T: here it is the first."""
    own = lookup.type or ""
    depth = len(own) - len(own.lstrip("*"))
    if len(lookup.wanted) - len(lookup.wanted.lstrip("*")) == depth:
        yield told(
            f"{lookup.name} is a variable of type {own}: Lookup returns *{own}, and a host that asserts {own} fails",
            f"Let the host assert *{own}.",
            host=lookup.wanted,
            plugin=own,
        )


def _asserted(lookup: Lookup) -> str:
    """The type of the value that `Lookup` returns."""
    return f"*{lookup.type}" if lookup.kind == "var" else f"{lookup.type}"


RULE = Rule(
    slug="symbol-type",
    rank=20,
    title="The symbol has another type than the host expects.",
    meaning="`Lookup` finds the symbol, and its type is not the one given with `--symbol NAME:TYPE`. The host's type "
    "assertion fails then: it panics, or says false in the form with two values. Of a variable, `Lookup` returns a "
    "pointer; TYPE may be the variable's type or that pointer. Where TYPE is itself a pointer and the variable's own "
    "type, a risk says that the host has to assert one `*` more. Where TYPE is an interface, written out or by its "
    "name, the method set of what `Lookup` returns decides, and each method that is missing is named.",
    why="`Lookup` returns an empty interface. A type assertion to a concrete type holds only for that very type: a "
    "function type with the same parameters and results, in the same order, and named types of the same import path. "
    "`api.Conf` of `example.com/host/api` and of `example.com/plug/api` are two types, although Go prints them alike. "
    "An assertion to an interface needs the methods of the pointer that `Lookup` returns. A pointer to an interface, "
    "and a pointer to a pointer, have none.",
    example="The host asserts `func(string) error`, the plugin has `func Handle(name string) (int, error)`; or the "
    "plugin has `var Config *Settings`, and the host asserts `*Settings`, not `**Settings`; or it has "
    "`var Greeter api.Greeter = greeter{}`, and the host asserts `api.Greeter`: it needs `var Greeter greeter`.",
    fix="Change one of the two. Write named types with their import path (`example.com/api.Conf`). A package's name "
    "alone means the type of that name that the host has; where it has several, the verdict is `unknown`, as it is for "
    "a name that neither file knows: an alias leaves no trace in a file. Types of the plugin's own package main are "
    "known by its import path: `main.T` is a type of the host.",
    links=(
        Link("Go specification, type assertions", "https://go.dev/ref/spec#Type_assertions"),
        go_source("plugin/plugin_dlopen.go, lookup"),
    ),
    ends=ends,
    risks=risks,
    explains=frozenset({End.LOOKUP}),
    owner=Owner(
        "the plugin's source exports another type than the host wants", "Change the source.", "plugin", builds=False
    ),
)
