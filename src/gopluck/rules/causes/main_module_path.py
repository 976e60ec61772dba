"""`main-module-path`: a package of the plugin's own main module was compiled in another place before."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.builds.paths import Why
from gopluck.rules.model import Comparison, Difference, Rule, go_source


def differs(comparison: Comparison) -> Iterator[Difference]:
    """By the directories of the packages on both sides."""
    provider, plugin = comparison.builds
    for module, members in comparison.paths.by_module(Why.MAIN_MODULE).items():
        one, two = members[-1].provider, members[-1].plugin
        what = members[0].package if len(members) == 1 else f"packages of {module}"
        yield Difference(
            f"{what} compiled from {one} for {provider.name}, from {two} for {plugin.name}",
            tuple(member.package for member in members),
            evidence={"host": one, "plugin": two},
            fix="Build both in one checkout, or both with -trimpath.",
        )


RULE = Rule(
    slug="main-module-path",
    rank=160,
    title="A package of the plugin's main module was compiled under another path.",
    meaning="Another file of the process has a package of the plugin's main module from another place: two plugins "
    "built from two checkouts of one module, or one of them took it as a dependency.",
    why="A main module has no version: without -trimpath its packages' path is the checkout's directory.",
    example="a.so and b.so share example.com/plugins/internal/log; CI built each in a fresh directory.",
    fix="Build the plugins of one module in one checkout, or with -trimpath on all sides.",
    links=(go_source("cmd/go/internal/work/gc.go, trimpath"),),
    differs=differs,
)
