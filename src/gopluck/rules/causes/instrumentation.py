"""`instrumentation`: only one side was built with -race, -msan, -asan or -cover."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.builds.flags import INSTRUMENTS
from gopluck.builds.source import is_std
from gopluck.rules.model import Comparison, Difference, Link, Rule, Trait, go_source

COVER = "-cover"


def differs(comparison: Comparison) -> Iterator[Difference]:
    """By the build settings, by the runtime package that each flag links in, and by what -cover leaves in a package."""
    provider, plugin = comparison.builds
    for flag in INSTRUMENTS:
        if flag == COVER:
            yield from _covered(comparison)
        elif (flag in provider.instruments) != (flag in plugin.instruments):
            yield Difference(
                _only_one(comparison, flag),
                comparison.mismatched,
                evidence=_shown(comparison, flag),
                fix="Build both sides with the same instrumentation.",
            )


def _covered(comparison: Comparison) -> Iterator[Difference]:
    """-cover reaches only some packages (-coverpkg); which ones is in the files, unless it was not read."""
    provider, plugin = comparison.builds
    one, two = provider.covered, plugin.covered
    sides = sum(COVER in build.instruments for build in comparison.builds)
    if not sides or (sides == 2 and one == two):
        return
    message = _only_one(comparison, COVER) if sides == 1 else "-cover counts in other packages (-coverpkg)"
    known = one is not None and two is not None
    reached = (one or frozenset()) ^ (two or frozenset())
    outside = tuple(path for path in comparison.mismatched if not is_std(path))
    yield Difference(
        message,
        tuple(path for path in comparison.mismatched if path in reached) if known else (),
        () if known else outside,
        evidence=_shown(comparison, COVER),
        fix="Build both sides with the same instrumentation.",
        harmless=f"{message}: it instrumented no package that both have",
    )


def _only_one(comparison: Comparison, flag: str) -> str:
    has, lacks = comparison.builds if flag in comparison.provider.instruments else comparison.builds[::-1]
    return f"{has.name} was built with {flag}, {lacks.name} without"


def _shown(comparison: Comparison, flag: str) -> dict[str, object]:
    sides = zip(("host", "plugin"), comparison.builds, strict=True)
    return {side: flag if flag in build.instruments else f"no {flag}" for side, build in sides}


RULE = Rule(
    slug="instrumentation",
    rank=50,
    title="Only one of host and plugin was built with -race, -msan, -asan or -cover.",
    meaning="The flag is among the build settings of one side, or the package that it links in (runtime/race, "
    "runtime/asan, runtime/msan, runtime/coverage) is there on one side only.",
    why="Instrumentation selects other source files (build tags race, msan, asan), changes what can be inlined, and "
    "-cover adds counters to each package that -coverpkg names. An -asan plugin in a host without it ends the process "
    "inside dlopen.",
    example="Tests run the host with -race and load a plugin that `make` built without: different version of package "
    "internal/race.",
    fix="Build both sides with the same instrumentation. -cover is harmless as long as it covers only packages that "
    "are not shared (the default: the main module's).",
    links=(
        Link("src/internal/race", "https://go.dev/src/internal/race/norace.go"),
        go_source("cmd/go/internal/load/pkg.go, setBuildInfo"),
    ),
    differs=differs,
    whole=True,
    compiled=True,
    traits=frozenset({Trait.INSTRUMENTED}),
)
