"""`compiler-flags`: packages were compiled with different -gcflags."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.rules.builds import INSTRUMENTS, Build
from gopluck.rules.commands import build_command
from gopluck.rules.model import Comparison, Difference, Link, Rule


def differs(comparison: Comparison) -> Iterator[Difference]:
    """By -gcflags with its pattern matched against each package, and by what DWARF records of the package."""
    provider, plugin = comparison.builds
    groups: dict[tuple[str, str], list[str]] = {}
    for package in comparison.mismatched:
        flags = _flags(comparison, package)
        if flags is not None:
            groups.setdefault(flags, []).append(package)
    for (one, two), packages in groups.items():
        yield Difference(
            "compiler-flags",
            _message(comparison, one, two),
            tuple(packages),
            evidence={"host": _setting(provider) or one, "plugin": _setting(plugin) or two},
            fix=build_command(comparison),
        )
    recorded = provider.has_settings and plugin.has_settings
    if not groups and recorded and _setting(provider) != _setting(plugin):
        shown = tuple(_setting(build) or "no -gcflags" for build in comparison.builds)
        message = f"{provider.name} has {shown[0]}, {plugin.name} {shown[1]}"
        yield Difference(
            "compiler-flags",
            message,
            evidence={"host": shown[0], "plugin": shown[1]},
            harmless=f"{message}: no package that differs was compiled with other flags",
        )


DEBUG = "-N -l"
"""What IDEs and debuggers build with: no optimization, no inlining."""


def _message(comparison: Comparison, one: str, two: str) -> str:
    provider, plugin = comparison.builds
    text = (
        f"{provider.name} was compiled with {one}, {plugin.name} {'with ' + two if two else 'without'}"
        if one
        else f"{provider.name} was compiled with no flags, {plugin.name} with {two}"
    )
    if DEBUG not in (one, two) or one == two:
        return text
    debug = provider if one == DEBUG else plugin
    what = "a debug build of a test binary" if debug.tested else "a debug build"
    return f"{text}: {what}, as an IDE or a debugger makes it"


def _setting(build: Build) -> str:
    value = build.setting("-gcflags")
    return f"-gcflags={value}" if value else ""


def _flags(comparison: Comparison, package: str) -> tuple[str, str] | None:
    """The flags of a package on the two sides, when they differ in one that can matter."""
    settings = tuple(build.flags_by_settings(package) for build in comparison.builds)
    dwarf = tuple(build.flags_by_dwarf(package) for build in comparison.builds)
    out: tuple[str, str] | None = None
    for one, two in (settings, dwarf):
        if one is None or two is None:
            continue
        one, two = one - set(INSTRUMENTS), two - set(INSTRUMENTS)
        if one != two:
            out = out or (" ".join(sorted(one)), " ".join(sorted(two)))
    return out


RULE = Rule(
    slug="compiler-flags",
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
    links=(
        Link("src/cmd/compile/internal/base/flag.go", "https://go.dev/src/cmd/compile/internal/base/flag.go"),
        Link("src/cmd/go/internal/load/flag.go, PerPackageFlag", "https://go.dev/src/cmd/go/internal/load/flag.go"),
    ),
    differs=differs,
)
