"""`experiment`: host and plugin were built with different GOEXPERIMENT."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.rules.builds import Build
from gopluck.rules.commands import build_command
from gopluck.rules.model import Comparison, Difference, Link, Rule


def differs(comparison: Comparison) -> Iterator[Difference]:
    """By the build setting, else by what follows `X:` in the recorded release."""
    provider, plugin = comparison.builds
    if provider.experiments is None or plugin.experiments is None or provider.experiments == plugin.experiments:
        return
    one, two = _shown(provider), _shown(plugin)
    yield Difference(
        "experiment",
        f"{provider.name} was built with {one}, {plugin.name} with {two}",
        comparison.mismatched,
        evidence={"host": one, "plugin": two},
        fix=build_command(comparison),
        harmless=f"{provider.name} was built with {one}, {plugin.name} with {two}: no package that both have differs",
    )


def _shown(build: Build) -> str:
    names = ",".join(sorted(build.experiments or ()))
    return f"GOEXPERIMENT={names}" if names else "no GOEXPERIMENT"


RULE = Rule(
    slug="experiment",
    title="Host and plugin were built with different GOEXPERIMENT.",
    meaning="One side was built with experiments of the Go toolchain on or off that the other was not.",
    why="Each experiment is a build tag and a constant of internal/goexperiment, and changes the runtime, the "
    "compiler or the standard library. What depends on it has another hash.",
    example="A host built with GOEXPERIMENT=arenas refuses a plugin built without, at internal/goexperiment.",
    fix="Build the plugin with the host's GOEXPERIMENT.",
    links=(Link("src/internal/goexperiment/flags.go", "https://go.dev/src/internal/goexperiment/flags.go"),),
    differs=differs,
)
