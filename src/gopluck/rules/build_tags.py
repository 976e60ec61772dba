"""`build-tags`: different -tags, which may select other files of a package."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.rules.builds import Build
from gopluck.rules.commands import build_command
from gopluck.rules.model import Comparison, Difference, Link, Rule


def differs(comparison: Comparison) -> Iterator[Difference]:
    """By the build setting -tags. Which packages have files with such a tag is not recorded."""
    provider, plugin = comparison.builds
    if provider.tags is None or plugin.tags is None or provider.tags == plugin.tags:
        return
    one, two = _shown(provider), _shown(plugin)
    message = f"{provider.name} was built with {one}, {plugin.name} with {two}"
    yield Difference(
        "build-tags",
        message,
        candidates=comparison.mismatched,
        evidence={"host": one, "plugin": two},
        fix=build_command(comparison),
        harmless=f"{message}: no package that both have differs",
    )


def _shown(build: Build) -> str:
    return f"-tags={','.join(sorted(build.tags))}" if build.tags else "no -tags"


RULE = Rule(
    slug="build-tags",
    title="Host and plugin were built with different -tags.",
    meaning="The build tags differ, and packages differ that nothing else explains: the tags select other files of "
    "them.",
    why="A tag decides which files of a package are compiled. Tags that no shared package asks for change nothing. "
    "The files do not record which tags a package asks for, so this cause is named only where no other is.",
    example="A host built with -tags=timetzdata refuses a plugin without, at time.",
    fix="Build the plugin with the host's -tags.",
    links=(Link("Build constraints", "https://pkg.go.dev/cmd/go#hdr-Build_constraints"),),
    differs=differs,
)
