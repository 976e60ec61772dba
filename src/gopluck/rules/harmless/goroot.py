"""`goroot`: host and plugin were built with a Go in different directories."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gopluck.replay.ends import End
from gopluck.rules.model import Evidence, Rule, Told, go_source, told

CERTAIN = ("runtime", "internal/bytealg", "internal/abi", "reflect", "strconv", "sync", "time", "fmt", "os")
"""Packages that are the standard library's, whatever else is in the file."""


def harmless(evidence: Evidence) -> Iterator[Told]:
    """By the directories of the standard library, of files of one release that are not trimmed."""
    host, plugin = evidence.host.go, evidence.plugin.go
    if host is None or plugin is None or not _one_release(evidence, host.version, plugin.version):
        return
    two = _root(plugin.sources)
    one = _root(host.sources) if two else ""
    if not one or one == two:
        return
    message = f"the host was built with a Go in {one}, the plugin with one in {two}"
    yield told(f"{message}: the directory is part of no package's hash", host=one, plugin=two)


def _one_release(evidence: Evidence, host: str, plugin: str) -> bool:
    """Up to Go 1.20 a plugin does not tell its release: then both have it when it loads, as `runtime` is the same."""
    return host == plugin or (not plugin and evidence.outcome.why == End.LOADS)


def _root(sources: Mapping[str, str]) -> str:
    """The GOROOT; empty when no directory tells it."""
    for package in CERTAIN:
        directory = sources.get(package, "")
        if directory.startswith("/") and directory.endswith(f"/src/{package}"):
            return directory.removesuffix(f"/src/{package}")
    return ""


RULE = Rule(
    slug="goroot",
    rank=40,
    title="Host and plugin were built with a Go in different directories.",
    meaning="The directory of the Go installation (GOROOT) differs. It does not keep the plugin from loading. It is "
    "named only for one release: two releases lie in two directories anyway.",
    why="The go command writes the directories of the standard library relative to GOROOT when it compiles, so that "
    "only the release counts. Directories of modules do count, see module-cache-path.",
    example="The host was built in an image with /usr/local/go, the plugin with a toolchain that GOTOOLCHAIN took from "
    "the module cache.",
    fix="Nothing.",
    links=(go_source("cmd/go/internal/work/gc.go, trimpath"),),
    harmless=harmless,
)
