"""`compiler-flags`: packages were compiled with different -gcflags."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

from gopluck.builds.build import Build
from gopluck.builds.flags import INSTRUMENTS
from gopluck.rules.model import Comparison, Difference, Rule, go_source


def differs(comparison: Comparison) -> Iterator[Difference]:
    """By -gcflags with its pattern matched against each package, and by what DWARF records of the package."""
    provider, plugin = comparison.builds
    if provider.setting("-gcflags") == plugin.setting("-gcflags") == "":
        return
    groups: dict[tuple[str, str], list[str]] = {}
    flags_of = _flags(comparison)
    for package in comparison.mismatched:
        flags = flags_of(package)
        if flags is not None:
            groups.setdefault(flags, []).append(package)
    for (one, two), packages in groups.items():
        yield Difference(
            _message(comparison, one, two) + _debug(comparison, one, two),
            tuple(packages),
            evidence={"host": _setting(provider) or one, "plugin": _setting(plugin) or two},
            fix="Build the plugin with the host's -gcflags.",
            headline=_message(comparison, one, two),
        )
    recorded = provider.has_settings and plugin.has_settings
    if not groups and recorded and _setting(provider) != _setting(plugin):
        shown = tuple(_setting(build) or "no -gcflags" for build in comparison.builds)
        message = f"{provider.name} has {shown[0]}, {plugin.name} {shown[1]}"
        yield Difference(
            message,
            evidence={"host": shown[0], "plugin": shown[1]},
            harmless=f"{message}: no package that differs was compiled with other flags",
        )


DEBUG = "-N -l"
"""What IDEs and debuggers build with: no optimization, no inlining."""


def _message(comparison: Comparison, one: str, two: str) -> str:
    provider, plugin = comparison.builds
    return (
        f"{provider.name} was compiled with {one}, {plugin.name} {'with ' + two if two else 'without'}"
        if one
        else f"{provider.name} was compiled with no flags, {plugin.name} with {two}"
    )


def _debug(comparison: Comparison, one: str, two: str) -> str:
    """Whose build is for a debugger, if one is."""
    provider, plugin = comparison.builds
    if DEBUG not in (one, two) or one == two:
        return ""
    debug = provider if one == DEBUG else plugin
    what = "a debug build of a test binary" if debug.tested else "a debug build"
    return f": {what}, as an IDE or a debugger makes it"


def _setting(build: Build) -> str:
    value = build.setting("-gcflags")
    return f"-gcflags={value}" if value else ""


def _flags(comparison: Comparison) -> Callable[[str], tuple[str, str] | None]:
    """What tells the flags of a package on the two sides, when they differ in one that can matter."""

    @cache
    def differing(one: frozenset[str], two: frozenset[str]) -> tuple[str, str] | None:
        one, two = one.difference(INSTRUMENTS), two.difference(INSTRUMENTS)
        return (" ".join(sorted(one)), " ".join(sorted(two))) if one != two else None

    def flags(package: str) -> tuple[str, str] | None:
        settings = [build.flags_by_settings(package) for build in comparison.builds]
        dwarf = [build.flags_by_dwarf(package) for build in comparison.builds]
        for one, two in (settings, dwarf):
            if one is not None and two is not None and (found := differing(one, two)) is not None:
                return found
        return None

    return flags


RULE = Rule(
    slug="compiler-flags",
    rank=40,
    title="Packages were compiled with different -gcflags.",
    meaning="-gcflags with a pattern (`all=`, `std=`, `path/...=`) reached packages on one side that were compiled "
    "without those flags, or with others, on the other.",
    why="The bodies of functions that can be inlined are part of what the compiler exports of a package, and so of "
    "its hash. -l and -N keep it from inlining, -d=checkptr from inlining what uses unsafe. -gcflags without a "
    "pattern reaches only the main package, which nobody shares, and is harmless.",
    example="An IDE builds the host, or a test binary, for debugging with `-gcflags='all=-N -l'`: started from the "
    "IDE it refuses every plugin that was built without, started from a terminal it loads them.",
    fix="Build the plugin with the host's -gcflags, the pattern included; a debug build of a host needs debug builds "
    "of its plugins.",
    links=(go_source("cmd/compile/internal/base/flag.go"), go_source("cmd/go/internal/load/flag.go, PerPackageFlag")),
    differs=differs,
    whole=True,
    compiled=True,
)
