"""`cpu-tags`: different levels of the processor (GOAMD64), which may select other files of a package."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.builds.build import levels
from gopluck.rules.causes.build_tags import in_other_file
from gopluck.rules.model import Comparison, Difference, Link, Rule, go_source


def differs(comparison: Comparison) -> Iterator[Difference]:
    """By the variable of the architecture. Which packages have a file with its tag is not recorded, but a function that
    lies in another file of the same package shows one. What changes no package is told by `cpu-level`.
    """
    for variable, one, two in levels(*comparison.builds):
        if one != two:
            yield comparison.built_with(
                f"{variable}={one}",
                f"{variable}={two}",
                f"Build the plugin with {variable}={one}.",
                (path for path in comparison.mismatched if in_other_file(comparison, path)),
                comparison.mismatched,
            )._replace(harmless="")


RULE = Rule(
    slug="cpu-tags",
    rank=95,
    title="Host and plugin were built for different levels of the processor, which select other files.",
    meaning="GOAMD64 (GOARM64, GOPPC64, …) differs, and packages differ that nothing else explains: files of theirs "
    "have a build constraint with the level, such as `amd64.v3`.",
    why="The go command sets a build tag for each level up to the one that it builds for. A tag decides which files of "
    "a package are compiled. Without such a file the level changes no hash. The files do not record which packages "
    "have one, so this cause is named where a function lies in another file of its package, and else only where no "
    "other is.",
    example="A module has a file with `//go:build amd64.v3`; the host is built with GOAMD64=v3, the plugin without. "
    "With -race the standard library has such files, too: runtime/race.",
    fix="Build the plugin with the host's GOAMD64.",
    links=(
        Link("Build constraints", "https://pkg.go.dev/cmd/go#hdr-Build_constraints"),
        go_source("internal/buildcfg/cfg.go, GOGOARCH"),
    ),
    differs=differs,
    compiled=True,
)
