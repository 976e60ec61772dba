"""`host-without-plugin-support`: the host does not import package plugin."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.report.model import Finding
from gopluck.rules.endings import cause
from gopluck.rules.model import Evidence, Link, Rule


def ends(evidence: Evidence) -> Iterator[Finding]:
    """By the functions of the host."""
    if evidence.outcome.why != "no-plugin-package":
        return
    go = evidence.host.go
    if go is None:
        text = f"{evidence.host.path} is no Go program"
    elif go.kind == "plugin":
        text = f"{evidence.host.path} is itself a plugin: the host is the program that opens it"
    else:
        text = f"{evidence.host.path} does not import package plugin: it opens no plugins"
    yield cause("host-without-plugin-support", text, "Give the program that calls plugin.Open as HOST.")


RULE = Rule(
    slug="host-without-plugin-support",
    title="The host is no program that can open Go plugins.",
    meaning="Package plugin is not linked into it (or it is no Go program).",
    why="Only a program that imports package plugin exports the symbols that a plugin needs, and only its own call of "
    "plugin.Open loads one.",
    example="HOST and PLUGIN given in the wrong order; a wrapper or launcher given in place of the real program.",
    fix="Give the program that calls plugin.Open. A program loads plugins only when it was written for it.",
    links=(Link("src/plugin/plugin.go", "https://go.dev/src/plugin/plugin.go"),),
    ends=ends,
)
