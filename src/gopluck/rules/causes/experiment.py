"""`experiment`: host and plugin were built with different GOEXPERIMENT."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.builds.build import Build
from gopluck.rules.model import Comparison, Difference, Rule, go_source

CONSTANTS = "internal/goexperiment"


def differs(comparison: Comparison) -> Iterator[Difference]:
    """By the build setting, else by what follows `X:` in the recorded release.

    Not where the package that has a constant of each experiment is the same: `noarenas` is what a release has anyway.
    """
    provider, plugin = comparison.builds
    if CONSTANTS in comparison.shared.difference(comparison.mismatched):
        return
    if provider.experiments is None or plugin.experiments is None or provider.experiments == plugin.experiments:
        return
    fix = "Build the plugin with the host's GOEXPERIMENT."
    yield comparison.built_with(_shown(provider), _shown(plugin), fix, comparison.mismatched)


def _shown(build: Build) -> str:
    names = ",".join(sorted(build.experiments or ()))
    return f"GOEXPERIMENT={names}" if names else "no GOEXPERIMENT"


RULE = Rule(
    slug="experiment",
    rank=20,
    title="Host and plugin were built with different GOEXPERIMENT.",
    meaning="One side was built with experiments of the Go toolchain on or off that the other was not.",
    why="Each experiment is a build tag and a constant of internal/goexperiment, and changes the runtime, the "
    "compiler or the standard library. What depends on it has another hash.",
    example="A host built with GOEXPERIMENT=arenas refuses a plugin built without, at internal/goexperiment.",
    fix="Build the plugin with the host's GOEXPERIMENT.",
    links=(go_source("internal/goexperiment/flags.go"),),
    differs=differs,
    compiled=True,
)
