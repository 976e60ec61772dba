"""`trimpath`: one side was built with -trimpath, the other without."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.builds.build import Build
from gopluck.rules.model import Comparison, Difference, Rule, go_issue, go_source


def differs(comparison: Comparison) -> Iterator[Difference]:
    """By the directories of the standard library, else by the build setting; each package by its own directory."""
    provider, plugin = comparison.builds
    if provider.trimmed is None or plugin.trimmed is None or provider.trimmed == plugin.trimmed:
        return
    trimmed, untrimmed = (provider, plugin) if provider.trimmed else (plugin, provider)
    yield Difference(
        f"{trimmed.name} was built with -trimpath, {untrimmed.name} without",
        tuple(package for package in comparison.mismatched if not _alike(comparison, package)),
        evidence={"host": _shown(provider), "plugin": _shown(plugin)},
        fix="Build the plugin as the host was built: with -trimpath, or without.",
    )


def _alike(comparison: Comparison, package: str) -> bool:
    """Whether this package was trimmed on both sides, or on neither, whatever was done to the rest."""
    one, two = (build.source(package) for build in comparison.builds)
    return one is not None and two is not None and (one.kind == "trimmed") == (two.kind == "trimmed")


def _shown(build: Build) -> str:
    directory = build.directory("runtime")
    return directory if directory is not None else "-trimpath" if build.trimmed else "no -trimpath"


RULE = Rule(
    slug="trimpath",
    rank=80,
    title="Only one of host and plugin was built with -trimpath.",
    meaning="One side's packages carry the directories of the machine that built them, the other's do not.",
    why="The path of each source file is part of what the compiler exports of a package, and so of its hash. With "
    "-trimpath the path is `module@version/file.go`, without it the place on disk. So every package differs, the "
    "standard library first.",
    example="The host is released with `go build -trimpath`; a plugin built with `go build -buildmode=plugin` is "
    "refused at internal/goarch or internal/cpu.",
    fix="Build the plugin as the host was built: add -trimpath, or leave it out (also from GOFLAGS). A host built "
    "without -trimpath fits only plugins whose modules lie in the same directories; build the host with -trimpath "
    "where you can.",
    links=(go_source("cmd/go/internal/work/gc.go, trimpath"), go_issue(27751)),
    differs=differs,
    whole=True,
)
