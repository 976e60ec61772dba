"""`goroot`: host and plugin were built with a Go in different directories."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gopluck.report.model import Finding
from gopluck.rules.model import Evidence, Link, Rule

CERTAIN = ("runtime", "internal/bytealg", "internal/abi", "reflect", "strconv", "sync", "time", "fmt", "os")
"""Packages that are the standard library's, whatever else is in the file."""


def harmless(evidence: Evidence) -> Iterator[Finding]:
    """By the directories of the standard library: they are read where packages differ, and untrimmed only."""
    if evidence.host.go is None or evidence.plugin.go is None:
        return
    one, two = _root(evidence.host.go.sources), _root(evidence.plugin.go.sources)
    if not one or not two or one == two or evidence.host.go.version != evidence.plugin.go.version:
        return
    yield Finding(
        "goroot",
        "harmless",
        f"the host was built with a Go in {one}, the plugin with one in {two}: the directory is part of no package's "
        "hash",
        evidence={"host": one, "plugin": two},
    )


def _root(sources: Mapping[str, str]) -> str:
    """The GOROOT; empty when no directory tells it."""
    for package in CERTAIN:
        directory = sources.get(package, "")
        if directory.startswith("/") and directory.endswith(f"/src/{package}"):
            return directory.removesuffix(f"/src/{package}")
    return ""


RULE = Rule(
    slug="goroot",
    title="Host and plugin were built with a Go in different directories.",
    meaning="The directory of the Go installation (GOROOT) differs. It does not keep the plugin from loading. It is "
    "named only where packages differ, because only then gopluck reads the directories of the sources, and for one "
    "release: two releases lie in two directories anyway.",
    why="The go command writes the directories of the standard library relative to GOROOT when it compiles, so that "
    "only the release counts. Directories of modules do count, see module-cache-path.",
    example="The host was built in an image with /usr/local/go, the plugin with a toolchain that GOTOOLCHAIN took from "
    "the module cache.",
    fix="Nothing.",
    links=(Link("src/cmd/go/internal/work/gc.go, trimpath", "https://go.dev/src/cmd/go/internal/work/gc.go"),),
    harmless=harmless,
)
