"""`host-without-plugin-support`: the host does not import package plugin."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.builds.support import Lack
from gopluck.replay.ends import End
from gopluck.rules.model import Evidence, Owner, Rule, Told, go_source, told


def ends(evidence: Evidence) -> Iterator[Told]:
    """By the functions of the host."""
    go = evidence.host.go
    if go is None:
        text = f"{evidence.host.path} is not a Go program"
    elif go.kind == "plugin":
        text = f"{evidence.host.path} is itself a plugin: the host is the program that opens it"
    else:
        text = f"{evidence.host.holder.path} does not import package plugin: it opens no plugins"
    yield told(text, "Give the program that calls plugin.Open as HOST.")


RULE = Rule(
    slug="host-without-plugin-support",
    rank=60,
    title="The host is not a program that can open Go plugins.",
    meaning="Package plugin is not linked into it (or it is not a Go program).",
    why="Only a program that imports package plugin exports the symbols that a plugin needs, and only its own call of "
    "plugin.Open loads one.",
    example="HOST and PLUGIN given in the wrong order; a wrapper or launcher given in place of the real program.",
    fix="Give the program that calls plugin.Open. A program loads plugins only when it was written for it.",
    links=(go_source("plugin/plugin.go"),),
    ends=ends,
    explains=frozenset({End.NO_PLUGIN_PACKAGE}),
    lack=Lack.PLUGIN_PACKAGE,
    owner=Owner("this host opens no plugins", "Give the program that calls plugin.Open as HOST.", builds=False),
)
