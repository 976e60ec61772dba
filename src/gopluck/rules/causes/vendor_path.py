"""`vendor-path`: without -trimpath, a vendor folder is another directory than the module cache."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gopluck.builds.build import Build
from gopluck.builds.paths import Why
from gopluck.rules.model import Comparison, Difference, Rule, Trait, go_issue, go_source


def differs(comparison: Comparison) -> Iterator[Difference]:
    """By the directories of packages of the same module version, and by modules without a checksum."""
    packages = tuple(found.package for found in comparison.paths.by(Why.VENDOR))
    if not packages:
        return
    provider, plugin = comparison.builds
    one, two = (_from(build, packages) for build in comparison.builds)
    yield Difference(
        f"{provider.name} took its modules from {one}, {plugin.name} from {two}",
        packages,
        evidence={"host": one, "plugin": two},
        fix=_fix(comparison),
    )


def _from(build: Build, packages: Sequence[str]) -> str:
    """Where a build took these packages from: its vendor folder, else the module cache (or a replacement's folder)."""
    if not build.vendored:
        unknown = "a place that no file tells" if build.vendored is None else "the module cache"
        return build.cache or unknown
    found = (build.source(package) for package in packages)
    roots = [source.root for source in found if source is not None and source.kind == "vendor"]
    return f"{roots[0]}/vendor" if roots else "a vendor folder"


def _fix(comparison: Comparison) -> str:
    if comparison.provider.vendored:
        return (
            "gopluck build compiles the plugin's modules as if they lay in the host's vendor folder. By hand: build "
            "the plugin as a package main inside the host's checkout; or the host with -trimpath, then the plugin."
        )
    if comparison.provider.vendored is None:
        return (
            "Build the plugin with gopluck build, which tries where the host had its modules; or both with -trimpath."
        )
    return "Build the plugin with -mod=mod, from the module cache as the host was; or build both with -trimpath."


RULE = Rule(
    slug="vendor-path",
    rank=140,
    title="Without -trimpath, packages from a vendor folder have another path.",
    meaning="At least one side was built from a vendor folder, and the host without -trimpath, so the same version of "
    "the same module was compiled under two directories.",
    why="The path of each source file is part of a package's hash. Even when both sides vendor, they do so in two "
    "directories.",
    example="The host has a vendor folder, the plugin takes the same versions from the module cache.",
    fix="Build both sides with -trimpath: then the path is `module@version`, from a vendor folder, too. Without it, "
    "build the plugin with -mod=mod where the host was built from the module cache; where it has a vendor folder, with "
    "gopluck build, which compiles modules as if they lay there, or inside the host's own module.",
    links=(go_source("cmd/go/internal/work/gc.go, trimpath"), go_issue(27751)),
    differs=differs,
    traits=frozenset({Trait.VENDORED}),
)
