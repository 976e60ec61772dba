"""What a host's own code looks up in a plugin, compared with what the plugin exports (`golang.lookups`)."""

from __future__ import annotations

from collections.abc import Container, Iterator

from gopluck.facts.model import Go
from gopluck.golang.records import LookedUp
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
            out.setdefault(one.name, []).append(one.caller)
    return out


def exported_names(host: Go, plugin: Go) -> list[str]:
    """The names that the host looks up and the plugin exports."""
    exported = {symbol.name for symbol in plugin.exported}
    return sorted({one.name for one in constant(host)} & exported)


def misfits(host: Go, plugin: Go, known: Container[str]) -> Iterator[Misfit]:
    """The symbols of the plugin that no assertion of the host takes, as far as that is certain.

    A host that looks one name up in several places may have several kinds of plugin: one assertion that holds will do.
    """
    exported = {symbol.name: symbol for symbol in plugin.exported}
    wanted: dict[str, LookedUp] = {}
    for one in constant(host):
        if one.types and one.name in exported and one.name not in known:
            first = wanted.get(one.name, one)
            wanted[one.name] = first._replace(types=tuple(dict.fromkeys(first.types + one.types)))
    for one in wanted.values():
        from gopluck.replay.asserted import fits, returned

        symbol = exported[one.name]
        answers = [fits(asserted, symbol, plugin) for asserted in one.types]
        if all(answer.holds is False for answer in answers):
            yield Misfit(one, returned(symbol, plugin), answers[0].lacks if len(answers) == 1 else ())
