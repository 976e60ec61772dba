"""`symbol-missing`: the plugin does not export a symbol that the host looks up."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.facts.model import Go
from gopluck.replay.ends import End
from gopluck.replay.process import Lookup
from gopluck.rules.model import Evidence, Owner, Rule, Told, go_source, told

NEAREST = 3
"""Exported names that are suggested at the most."""

COMPARED = 1024
"""Exported names among which they are looked for."""

WHY_NOT = {
    "func": "it is a function, but not exported",
    "var": "it is a variable, but not exported",
    "generic func": "it is a generic function: only its instances are compiled, and none is exported",
    "type": "it is a type: only functions and variables can be looked up",
    "generic type": "it is a type: only functions and variables can be looked up",
}
"""By `Go.declared`: why a name that is there is not found."""


def ends(evidence: Evidence) -> Iterator[Told]:
    """By the plugin's `ptab`, and what else has the name."""
    go = evidence.plugin.go
    for lookup in evidence.outcome.lookups:
        if lookup.status == "missing" and go is not None:
            yield _finding(lookup, go)


def _finding(lookup: Lookup, go: Go) -> Told:
    name = lookup.name
    nearest = _nearest(name, go)
    message = f"the plugin exports no {name}"
    fix = f"Export {name} from the plugin's package main, as a function or a variable."
    small = name[:1].lower() + name[1:]
    what = go.declared.get(name)
    if what is not None:
        message += f": {WHY_NOT.get(what) or f'it is a {what}, and methods cannot be looked up'}"
        fix = _fix(name, what)
    elif go.declared.get(small) in ("func", "var"):
        kind = "function" if go.declared[small] == "func" else "variable"
        message += f": its {kind} {small} is not exported"
        fix = f"Rename {small} to {name} in the plugin."
    elif not go.exported:
        message += ", nor anything else"
    elif nearest:
        message += f"; near to it are {', '.join(nearest)}" if len(nearest) > 1 else f"; near to it is {nearest[0]}"
        fix = f"Look up {nearest[0]}, or export {name} from the plugin's package main."
    exported = [symbol.name for symbol in go.exported]
    return told(message, fix, host=name, plugin=exported)._replace(headline=f"the plugin exports no {name}")


def _fix(name: str, what: str) -> str:
    """For a name that is something else."""
    if name == "main":
        return "Look up an exported function: nothing calls a plugin's main."
    if what in ("func", "var"):
        return f"Give it a name that begins with a capital letter, such as {_capital(name)}, and look that up."
    if what.startswith("method of "):
        return f"Export a variable of type {what.removeprefix('method of ')}, look that up, and call the method on it."
    if what == "generic func":
        return f"Export an instance of it, such as `var {name}Int = {name}[int]`."
    return f"Export a function that makes a {name}, and look that up."


def _nearest(name: str, go: Go) -> list[str]:
    """Exported names that are much like it; another case of letters is the nearest."""
    from difflib import get_close_matches

    names = {symbol.name.lower(): symbol.name for symbol in go.exported}
    return [names[match] for match in get_close_matches(name.lower(), list(names)[:COMPARED], NEAREST, 0.6)]


def _capital(name: str) -> str:
    bare = name.lstrip("_")
    return bare[:1].upper() + bare[1:] if bare else "X" + name


RULE = Rule(
    slug="symbol-missing",
    rank=10,
    title="The plugin does not export the symbol.",
    meaning="`plugin.Open` succeeds, and then `Lookup` of a name given with `--symbol` finds nothing. Where the file "
    "shows it, the message says what the name is: unexported, a type, a method, a generic function. Constants, and "
    "functions that were inlined everywhere, leave no name in a file.",
    why="`Lookup` knows what the linker has written into the table of exported symbols: the functions and variables of "
    "the plugin's package main whose name begins with a capital letter. Other packages of the plugin, types, methods "
    "and constants are not in it.",
    example="The host looks up `New`; the plugin has `func new() Handler`, or `New` in a package that main imports.",
    fix="Export it from package main: `var New = handlers.New` is enough for a function of another package.",
    links=(go_source("plugin/plugin_dlopen.go, lookup"), go_source("runtime/plugin.go, plugin_lastmoduleinit")),
    ends=ends,
    explains=frozenset({End.LOOKUP}),
    owner=Owner(
        "the plugin's source does not export what the host looks up", "Change the source.", "plugin", builds=False
    ),
)
