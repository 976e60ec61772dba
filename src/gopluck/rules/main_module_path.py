"""`main-module-path`: a package of the plugin's own main module was compiled in another place before."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.rules.commands import build_command
from gopluck.rules.model import Comparison, Difference, Link, Rule
from gopluck.rules.paths import path_differences


def differs(comparison: Comparison) -> Iterator[Difference]:
    """By the directories of the packages on both sides."""
    provider, plugin = comparison.builds
    groups: dict[str, list[str]] = {}
    sides: dict[str, tuple[str, str]] = {}
    for found in path_differences(comparison, "main-module-path"):
        groups.setdefault(found.key, []).append(found.package)
        sides[found.key] = found.provider, found.plugin
    for module, packages in groups.items():
        one, two = sides[module]
        yield Difference(
            "main-module-path",
            f"{packages[0] if len(packages) == 1 else f'packages of {module}'} compiled from {one} for "
            f"{provider.name}, from {two} for {plugin.name}",
            tuple(packages),
            evidence={"host": one, "plugin": two},
            fix=f"Build both in one checkout, or both with -trimpath: {build_command(comparison)}",
        )


RULE = Rule(
    slug="main-module-path",
    title="A package of the plugin's main module was compiled under another path.",
    meaning="Another file of the process has a package of the plugin's main module from another place: two plugins "
    "built from two checkouts of one module, or one of them took it as a dependency.",
    why="A main module has no version: without -trimpath its packages' path is the checkout's directory.",
    example="a.so and b.so share example.com/plugins/internal/log; CI built each in a fresh directory.",
    fix="Build the plugins of one module in one checkout, or with -trimpath on all sides.",
    links=(Link("src/cmd/go/internal/work/gc.go, trimpath", "https://go.dev/src/cmd/go/internal/work/gc.go"),),
    differs=differs,
)
