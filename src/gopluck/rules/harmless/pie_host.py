"""`pie-host`: the host is a position-independent executable."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.rules.model import Evidence, Link, Rule, Told, told


def harmless(evidence: Evidence) -> Iterator[Told]:
    """By the kind of the host's file."""
    if evidence.host.go is not None and evidence.host.go.kind == "pie":
        what = "the host is a position-independent executable (-buildmode=pie)"
        yield told(f"{what}, and plugins load into it like into any other", host="pie", plugin="plugin")


RULE = Rule(
    slug="pie-host",
    rank=30,
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
