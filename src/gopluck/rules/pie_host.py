"""`pie-host`: the host is a position-independent executable."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.report.model import Finding
from gopluck.rules.model import Evidence, Link, Rule


def harmless(evidence: Evidence) -> Iterator[Finding]:
    """By the kind of the host's file."""
    if evidence.host.go is None or evidence.host.go.kind != "pie":
        return
    yield Finding(
        "pie-host",
        "harmless",
        "the host is a position-independent executable (-buildmode=pie), and plugins load into it like into any other",
        evidence={"host": "pie", "plugin": "plugin"},
    )


RULE = Rule(
    slug="pie-host",
    title="The host is a position-independent executable.",
    meaning="The host was built with -buildmode=pie, plugins are built with -buildmode=plugin. It does not keep the "
    "plugin from loading.",
    why="The build mode decides how the compiler addresses data and functions; what it exports of a package, and so "
    "the package's hash, stays the same.",
    example="A distribution builds the host with GOFLAGS=-buildmode=pie.",
    fix="Nothing. A plugin itself is always built with -buildmode=plugin; one built as PIE is a program.",
    links=(Link("Build modes", "https://pkg.go.dev/cmd/go#hdr-Build_modes"),),
    harmless=harmless,
)
