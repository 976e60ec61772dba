"""What a host's own code looks up in a plugin, compared with what the plugin exports (`golang.lookups`).

The host asserts types that its type data has: nothing about them is guessed, as it is with types that people write.
"""

from __future__ import annotations

from collections.abc import Container, Iterator

from gopluck.facts.model import Go
from gopluck.golang import typetext
from gopluck.golang.records import AssertedType, ExportedSymbol, LookedUp, SymbolType
from gopluck.golang.typematch import EXACT, Answer, identical, missing
from gopluck.golang.typesyntax import NotATypeError, parse
from gopluck.golang.typetree import Interface
from gopluck.record import NamedTuple


class Misfit(NamedTuple):
    """A symbol whose type is none of those that the host asserts."""

    lookup: LookedUp
    returned: str
    """The type of what `Lookup` returns."""
    lacks: tuple[str, ...] = ()
    """Of the only interface that is asserted: the methods that are missing."""


def constant(host: Go) -> Iterator[LookedUp]:
    """The lookups of a host whose names its code tells."""
    return (one for one in host.lookups or () if one.name)


def missing_names(host: Go, plugin: Go, known: Container[str]) -> dict[str, list[str]]:
    """The names that the host looks up and the plugin does not export, with the functions that look them up."""
    exported = {symbol.name for symbol in plugin.exported}
    out: dict[str, list[str]] = {}
    for one in constant(host):
        if one.name not in exported and one.name not in known:
            out.setdefault(one.name, []).append(one.function)
    return out


def misfits(host: Go, plugin: Go, known: Container[str]) -> Iterator[Misfit]:
    """The symbols of the plugin that no assertion of the host takes, as far as that is certain."""
    exported = {symbol.name: symbol for symbol in plugin.exported}
    for one in constant(host):
        symbol = exported.get(one.name)
        if symbol is None or not one.types or one.name in known:
            continue
        full = plugin.symbol_types.get(one.name)
        answers = [_holds(asserted, symbol, full, plugin.pluginpath) for asserted in one.types]
        if all(answer is False for answer, _ in answers):
            lacks = answers[0][1] if len(answers) == 1 else ()
            yield Misfit(one, typetext.printed(full.type) if full else _returned(symbol), lacks)


def _returned(symbol: ExportedSymbol) -> str:
    return f"*{symbol.type}" if symbol.kind == "var" else f"{symbol.type}"


def _holds(
    asserted: AssertedType, symbol: ExportedSymbol, full: SymbolType | None, main: str
) -> tuple[Answer, tuple[str, ...]]:
    """Whether the assertion holds for what `Lookup` returns; of an interface also what is missing."""
    try:
        if full is None:
            return _by_text(asserted, symbol, main), ()
        if not asserted.interface:
            return identical(parse(asserted.type), full.type, EXACT), ()
        interface = parse(asserted.interface)
    except NotATypeError:
        return None, ()
    if not isinstance(interface, Interface):
        return None, ()
    lacking, doubtful = missing(interface, full.methods, EXACT)
    return (None if doubtful else not lacking), tuple(typetext.method_text(method) for method in lacking)


def _by_text(asserted: AssertedType, symbol: ExportedSymbol, main: str) -> Answer:
    """Where there is no type data (a recorded set)."""
    if asserted.interface or symbol.type is None:
        return None
    own = typetext.normalise(symbol.type)
    return typetext.same(asserted.type, f"*{own}" if symbol.kind == "var" else own, main)
