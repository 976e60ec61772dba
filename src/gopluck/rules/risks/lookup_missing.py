"""`lookup-missing`: the host's code looks up a symbol that the plugin does not export."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.clean import first_of
from gopluck.replay.lookedup import exported_names, missing_names
from gopluck.rules.model import Evidence, Rule, Told, go_source, told

SHOWN = 5
"""Names that a message has."""


def risks(evidence: Evidence) -> Iterator[Told]:
    """By the names that stand in the host's code."""
    host, plugin = evidence.host.go, evidence.plugin.go
    if host is None or plugin is None:
        return
    missing = missing_names(host, plugin, {lookup.name for lookup in evidence.outcome.lookups})
    if not missing:
        return
    names, there = list(missing), exported_names(host, plugin)
    functions = list(dict.fromkeys(function for found in missing.values() for function in found))
    shown, known = first_of(names, SHOWN), first_of(there, SHOWN)
    export = f"Export {'it' if len(names) == 1 else 'what the host needs of them'} from the plugin's package main"
    yield told(
        f"the host looks up {shown} (in {functions[0]}{', …' if len(functions) > 1 else ''}), which the plugin does "
        + (f"not export; it exports {known}, which the host looks up, too" if there else "not export")
        + f": the host's code decides {'whether that is enough' if there else 'what happens then'}",
        export + (f", unless {known} {'is' if len(there) == 1 else 'are'} enough for the host." if there else "."),
        host=names,
        plugin=[symbol.name for symbol in plugin.exported],
    )._replace(headline=f"the host looks up {shown}, which the plugin does not export")


RULE = Rule(
    slug="lookup-missing",
    rank=12,
    title="The host looks up a symbol that the plugin does not export.",
    meaning="The plugin loads, and the machine code of the host passes a name to `Lookup` that the plugin does not "
    "export. Whether that matters only the host knows: it may end with an error, or need only one of several names, as "
    "golangci-lint does. The message names what the host looks up and the plugin exports. `gopluck inspect HOST` shows "
    "the names, and the functions that look them up. Names that the host computes while it runs are not known. A name "
    "that is given with `--symbol` is not named here: there a missing symbol is a failure.",
    why="`Lookup` knows what the linker has written into the plugin's table of exported symbols: the functions and "
    "variables of its package main whose name begins with a capital letter. The compiler writes a constant name into "
    "the host's code, where gopluck reads it (amd64 since Go 1.15, arm64 since Go 1.18).",
    example='The host has `p.Lookup("New")`, and ends with `symbol New not found in plugin …`: the plugin\'s '
    "function is called `NewHandler`. Or the host looks up `Close`, which is optional.",
    fix="Export the symbol. If the host can do without it, accept the risk in gopluck.toml; if it cannot, say so with "
    "`--symbol NAME`, so that a check fails.",
    links=(go_source("plugin/plugin_dlopen.go, lookup"),),
    risks=risks,
)
