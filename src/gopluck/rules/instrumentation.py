"""`instrumentation`: only one side was built with -race, -msan, -asan or -cover."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.rules.builds import INSTRUMENTS, is_std
from gopluck.rules.commands import build_command
from gopluck.rules.model import Comparison, Difference, Link, Rule


def differs(comparison: Comparison) -> Iterator[Difference]:
    """By the build settings, and by the runtime package that each flag links in."""
    provider, plugin = comparison.builds
    for flag in INSTRUMENTS:
        if (flag in provider.instruments) == (flag in plugin.instruments):
            continue
        has, lacks = (provider, plugin) if flag in provider.instruments else (plugin, provider)
        message = f"{has.name} was built with {flag}, {lacks.name} without"
        cover = flag == "-cover"
        outside = tuple(package for package in comparison.mismatched if not is_std(package))
        yield Difference(
            "instrumentation",
            message,
            () if cover else comparison.mismatched,
            outside if cover else (),
            evidence={
                "host": flag if has is provider else f"no {flag}",
                "plugin": flag if has is plugin else f"no {flag}",
            },
            fix=_without_cover(comparison) if cover else build_command(comparison),
            harmless=f"{message}: it instrumented no package that both have" if cover else "",
        )


def _without_cover(comparison: Comparison) -> str:
    if "-cover" in comparison.plugin.instruments:
        return build_command(comparison)
    return "Build the plugin with the host's -cover and -coverpkg (the latter is recorded nowhere)."


RULE = Rule(
    slug="instrumentation",
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
        Link("src/cmd/go/internal/load/pkg.go, setBuildInfo", "https://go.dev/src/cmd/go/internal/load/pkg.go"),
    ),
    differs=differs,
)
