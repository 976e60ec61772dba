"""`build-tags`: different -tags, which may select other files of a package."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.builds.build import Build
from gopluck.builds.source import is_std
from gopluck.rules.model import Comparison, Difference, Link, Rule, Trait


def differs(comparison: Comparison) -> Iterator[Difference]:
    """By the build setting -tags. Which packages of modules have files with such a tag is not recorded, but a function
    that lies in another file of the same package shows one (`//go:build x` in the one, `!x` in the other).
    """
    provider, plugin = comparison.builds
    if provider.tags is None or plugin.tags is None or provider.tags == plugin.tags:
        return
    from gopluck.builds.measured import std_tags

    reached = {path for tag in provider.tags ^ plugin.tags for path in std_tags().get(tag, ())}
    yield comparison.built_with(
        _shown(provider),
        _shown(plugin),
        "Build the plugin with the host's -tags.",
        (path for path in comparison.mismatched if path in reached or in_other_file(comparison, path)),
        (path for path in comparison.mismatched if not is_std(path)),
    )


def in_other_file(comparison: Comparison, package: str) -> bool:
    """Whether the sides have a function of a package from two files, though the package is that of one module."""
    if comparison.provider.use(package) != comparison.plugin.use(package):
        return False
    return any(here.file != there.file for _, here, there in comparison.functions(package))


def _shown(build: Build) -> str:
    return f"-tags={','.join(sorted(build.tags))}" if build.tags else "no -tags"


RULE = Rule(
    slug="build-tags",
    rank=90,
    title="Host and plugin were built with different -tags.",
    meaning="The build tags differ, and packages differ that nothing else explains: the tags select other files of "
    "them.",
    why="A tag decides which files of a package are compiled. Tags that no shared package asks for change nothing. "
    "Which tags the standard library asks for is known; of modules the files do not record it, so there this cause is "
    "named where a function lies in another file of its package, and else only where no other is.",
    example="A host built with -tags=timetzdata refuses a plugin without, at time.",
    fix="Build the plugin with the host's -tags.",
    links=(Link("Build constraints", "https://pkg.go.dev/cmd/go#hdr-Build_constraints"),),
    differs=differs,
    traits=frozenset({Trait.OTHER_TAGS}),
    compiled=True,
)
