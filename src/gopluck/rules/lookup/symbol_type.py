"""`symbol-type`: a symbol has another type than the host expects."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.replay.ends import End
from gopluck.replay.process import Lookup
from gopluck.rules.model import Evidence, Link, Owner, Rule, Told, go_source, told


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
    if lookup.kind == "var":
        message = f"{name} is a variable of type {own}, so that Lookup returns *{own}, not {lookup.wanted}"
    else:
        message = f"{name} is a {own}, not {lookup.wanted}"
    fix = f"Give {name} the type {lookup.wanted} in the plugin, or let the host assert {_asserted(lookup)}."
    if "." in lookup.wanted and "(" not in lookup.wanted:
        fix += " If the host asserts an interface type, give --symbol the name alone: only a symbol's own type is read."
    return told(message, fix, host=lookup.wanted, plugin=own)


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
    "type, a risk says that the host has to assert one `*` more.",
    why="`Lookup` returns an empty interface. A type assertion to a concrete type holds only for that very type: a "
    "function type with the same parameters and results, in the same order.",
    example="The host asserts `func(string) error`, the plugin has `func Handle(name string) (int, error)`; or the "
    "plugin has `var Config *Settings`, and the host asserts `*Settings`, not `**Settings`.",
    fix="Change one of the two. An interface type that the host asserts is fulfilled by many types: `--symbol NAME` "
    "without a type then. Named types are compared by package name, as Go prints them.",
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
