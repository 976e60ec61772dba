"""`Lookup` of symbols in a plugin that has loaded (`plugin/plugin_dlopen.go`, `lookup`; `plugin_lastmoduleinit`).

A lookup finds what `moduledata.ptab` lists: the exported functions and variables of the plugin's main package. The
type of what it returns is compared by the host's own code, in a type assertion.
"""

from __future__ import annotations

from collections.abc import Sequence

from gopluck.facts.model import Binary
from gopluck.golang import typetext
from gopluck.golang.records import ExportedSymbol
from gopluck.record import NamedTuple
from gopluck.replay.ends import End
from gopluck.replay.process import Lookup, OpenRequest, Outcome
from gopluck.result.verdict import Effect, Stage, Verdict

NOT_FOUND = "plugin: symbol {name} not found in plugin {pluginpath}"


class Symbol(NamedTuple):
    """A symbol that a host looks up. `type`: as Go prints it (`typetext.normalise`); empty when any will do."""

    name: str
    type: str = ""


def parse(text: str) -> Symbol:
    """`NAME` or `NAME:TYPE`. Raises `typetext.NotATypeError` for a type that is none or cannot be compared."""
    name, colon, source = text.partition(":")
    return Symbol(name.strip(), typetext.normalise(source) if colon else "")


def look_up(
    requests: Sequence[OpenRequest], outcomes: Sequence[Outcome], symbols: Sequence[Symbol]
) -> tuple[Outcome, ...]:
    """The outcomes with what `Lookup` of each symbol says in each plugin that loads."""
    out = []
    for request, outcome in zip(requests, outcomes, strict=True):
        cached = outcome.why == End.CACHED and outcome.other
        plugin = requests[outcome.other - 1].binary if cached and outcome.other else request.binary
        out.append(_looked_up(plugin, outcome, symbols) if outcome.verdict == Verdict.LOADS and plugin else outcome)
    return tuple(out)


def _looked_up(plugin: Binary, outcome: Outcome, symbols: Sequence[Symbol]) -> Outcome:
    """The first missing symbol ends it with Go's text; else one of another type does, for which Go has no text."""
    lookups = tuple(_lookup(plugin, symbol) for symbol in symbols)
    pluginpath = plugin.go.pluginpath if plugin.go else ""
    missing = next((one for one in lookups if one.status == "missing"), None)
    if missing is not None:
        text = NOT_FOUND.format(name=missing.name, pluginpath=pluginpath)
        return outcome._replace(
            verdict=Verdict.FAILS, stage=Stage.LOOKUP, effect=Effect.ERROR, error=text, why=End.LOOKUP, lookups=lookups
        )
    if any(one.status == "type" for one in lookups):
        note = "Lookup succeeds, but the host's type assertion will fail: it panics, or returns false"
        return outcome._replace(verdict=Verdict.FAILS, stage=Stage.LOOKUP, why=End.LOOKUP, note=note, lookups=lookups)
    unreadable = next((one for one in lookups if one.status == "unknown"), None)
    if unreadable is not None:
        note = f"the type of {unreadable.name} cannot be read from the file"
        return outcome._replace(verdict=Verdict.UNKNOWN, stage=Stage.LOOKUP, why=End.LOOKUP, note=note, lookups=lookups)
    return outcome._replace(lookups=lookups)


def _lookup(plugin: Binary, symbol: Symbol) -> Lookup:
    exported = plugin.go.exported if plugin.go else ()
    found = next((one for one in exported if one.name == symbol.name), None)
    if found is None:
        return Lookup(symbol.name, "missing", symbol.type)
    row = Lookup(symbol.name, "found", symbol.type, found.kind, found.type)
    if not symbol.type:
        return row
    own = _normalised(found)
    if own is None:
        return row._replace(status="unknown")
    main = plugin.go.pluginpath if plugin.go else ""
    fitting = [own, f"*{own}"] if found.kind == "var" else [own]
    fits = any(typetext.same(symbol.type, one, main) for one in fitting)
    return row._replace(status="found" if fits else "type", type=own)


def _normalised(symbol: ExportedSymbol) -> str | None:
    try:
        return typetext.normalise(symbol.type) if symbol.type is not None else None
    except typetext.NotATypeError:
        return None
