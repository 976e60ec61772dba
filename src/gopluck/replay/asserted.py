"""Whether a type that a host's own code asserts is the one of a plugin's symbol.

Both come from type data: nothing about them is guessed, as it is with types that people write (`assertion`).
"""

from __future__ import annotations

from gopluck.facts.model import Go
from gopluck.golang import typetext
from gopluck.golang.records import AssertedType, ExportedSymbol
from gopluck.golang.typematch import EXACT, Answer, identical, missing
from gopluck.golang.typesyntax import NotATypeError, parse
from gopluck.golang.typetree import Interface
from gopluck.record import NamedTuple


class Fit(NamedTuple):
    """Whether an assertion holds; None: that cannot be known."""

    holds: Answer
    lacks: tuple[str, ...] = ()
    """The methods of an interface that are missing."""


def returned(symbol: ExportedSymbol, plugin: Go) -> str:
    """The type of what `Lookup` returns."""
    full = plugin.symbol_types.get(symbol.name)
    if full is not None:
        return typetext.printed(full.type)
    return f"*{symbol.type}" if symbol.kind == "var" else f"{symbol.type}"


def fits(asserted: AssertedType, symbol: ExportedSymbol, plugin: Go) -> Fit:
    """Whether the assertion holds for what `Lookup` returns."""
    full = plugin.symbol_types.get(symbol.name)
    try:
        if full is None:
            return Fit(_by_text(asserted, symbol, plugin.pluginpath))
        if not asserted.interface:
            # Written by one function, of type data, so that one text is one type.
            if typetext.printed(full.type) == asserted.type:
                return Fit(True)
            return Fit(identical(parse(asserted.type), full.type, EXACT))
        interface = parse(asserted.interface)
    except NotATypeError:
        return Fit(None)
    if not isinstance(interface, Interface):
        return Fit(None)
    lacking, doubtful = missing(interface, full.methods, EXACT)
    return Fit(None if doubtful else not lacking, tuple(map(typetext.method_text, lacking)))


def _by_text(asserted: AssertedType, symbol: ExportedSymbol, main: str) -> Answer:
    """Where there is no type data (a recorded set)."""
    if asserted.interface or symbol.type is None:
        return None
    parse(asserted.type)
    own = typetext.normalise(symbol.type)
    return typetext.same(asserted.type, f"*{own}" if symbol.kind == "var" else own, main)
