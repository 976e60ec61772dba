"""`Lookup` of symbols in a plugin that has loaded (`plugin/plugin_dlopen.go`, `lookup`; `plugin_lastmoduleinit`).

A lookup finds what `moduledata.ptab` lists: the exported functions and variables of the plugin's main package. The
type of what it returns is compared by the host's own code, in a type assertion.
"""

from __future__ import annotations

from collections.abc import Sequence

from gopluck.errors import Usage
from gopluck.facts.model import Binary
from gopluck.golang import typesyntax, typetext
from gopluck.golang.records import ExportedSymbol, SymbolType
from gopluck.golang.typetree import Pointer
from gopluck.record import NamedTuple
from gopluck.replay.assertion import Assertions, Decision
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


def given(text: str, shown: str) -> Symbol:
    """A symbol that the user names. Raises `Usage`, which begins with `shown`."""
    try:
        return parse(text)
    except typetext.NotATypeError as error:
        raise Usage(f"{shown} is not a symbol: {error}") from None


def look_up(
    requests: Sequence[OpenRequest],
    outcomes: Sequence[Outcome],
    symbols: Sequence[Symbol],
    host: Binary | None = None,
) -> tuple[Outcome, ...]:
    """The outcomes with what `Lookup` of each symbol says in each plugin that loads."""
    out = []
    for request, outcome in zip(requests, outcomes, strict=True):
        # Of a plugin that loads: the earlier Open whose file Go has, where it has opened this path already.
        plugin = requests[outcome.other - 1].binary if outcome.other else request.binary
        loads = outcome.verdict == Verdict.LOADS
        out.append(_looked_up(plugin, outcome, symbols, host) if loads and plugin else outcome)
    return tuple(out)


def _looked_up(plugin: Binary, outcome: Outcome, symbols: Sequence[Symbol], host: Binary | None) -> Outcome:
    """The first missing symbol ends it with Go's text; else one of another type does, for which Go has no text."""
    lookups = tuple(_lookup(plugin, symbol, host) for symbol in symbols)
    pluginpath = plugin.go.pluginpath if plugin.go else ""
    missing = next((one for one in lookups if one.status == "missing"), None)
    if missing is not None:
        text = NOT_FOUND.format(name=missing.name, pluginpath=pluginpath)
        return outcome._replace(
            verdict=Verdict.FAILS, stage=Stage.LOOKUP, effect=Effect.ERROR, error=text, why=End.LOOKUP, lookups=lookups
        )
    wrong = next((one for one in lookups if one.status == "type"), None)
    if wrong is not None:
        note = "Lookup succeeds, but the host's type assertion will fail: it panics, or returns false"
        if wrong.panic:
            note += f". Go's panic: {wrong.panic}"
        return outcome._replace(verdict=Verdict.FAILS, stage=Stage.LOOKUP, why=End.LOOKUP, note=note, lookups=lookups)
    unreadable = next((one for one in lookups if one.status == "unknown"), None)
    if unreadable is not None:
        note = f"{unreadable.name}: {unreadable.why or 'its type cannot be read from the file'}"
        return outcome._replace(verdict=Verdict.UNKNOWN, stage=Stage.LOOKUP, why=End.LOOKUP, note=note, lookups=lookups)
    return outcome._replace(lookups=lookups)


def _lookup(plugin: Binary, symbol: Symbol, host: Binary | None) -> Lookup:
    go = plugin.go
    found = next((one for one in go.exported if one.name == symbol.name), None) if go else None
    if go is None or found is None:
        return Lookup(symbol.name, "missing", symbol.type)
    row = Lookup(symbol.name, "found", symbol.type, found.kind, found.type)
    if not symbol.type:
        return row
    known = go.symbol_types.get(symbol.name)
    if known is not None:
        return _asserted(row, known, Assertions(host, plugin).decide(known, typesyntax.parse(symbol.type)))
    own = _normalised(found)
    if own is None:
        return row._replace(status="unknown")
    fitting = [own, f"*{own}"] if found.kind == "var" else [own]
    fits = any(typetext.same(symbol.type, one, go.pluginpath) for one in fitting)
    return row._replace(status="found" if fits else "type", type=own)


def _asserted(row: Lookup, known: SymbolType, decision: Decision) -> Lookup:
    """What was decided by the type data. Import paths are shown where names alone would not tell two types apart."""
    status = {True: "found", False: "type", None: "unknown"}[decision.holds]
    own = known.type.element if isinstance(known.type, Pointer) else known.type
    full = typetext.printed(own)
    twins = "/" in row.wanted or row.wanted in (row.type, known.printed)
    return row._replace(
        status=status,
        wanted=decision.wanted if twins else row.wanted,
        type=full if twins else row.type,
        boxed=known.interface is not None,
        lacks=decision.missing,
        panic=decision.panic,
        why=decision.why,
    )


def _normalised(symbol: ExportedSymbol) -> str | None:
    try:
        return typetext.normalise(symbol.type) if symbol.type is not None else None
    except typetext.NotATypeError:
        return None
