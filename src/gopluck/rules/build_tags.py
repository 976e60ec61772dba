"""`build-tags`: different -tags, which may select other files of a package."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from gopluck.rules.builds import Build, is_std
from gopluck.rules.commands import build_command
from gopluck.rules.model import Comparison, Difference, Link, Rule

TABLE = "std_tags.json"
"""Which packages of the standard library a tag reaches: written by `fixtures/stdtags.py` from the Go sources."""


def differs(comparison: Comparison) -> Iterator[Difference]:
    """By the build setting -tags. Which packages of modules have files with such a tag is not recorded."""
    provider, plugin = comparison.builds
    if provider.tags is None or plugin.tags is None or provider.tags == plugin.tags:
        return
    one, two = _shown(provider), _shown(plugin)
    message = f"{provider.name} was built with {one}, {plugin.name} with {two}"
    reached = {path for tag in provider.tags ^ plugin.tags for path in _standard_library().get(tag, ())}
    yield Difference(
        "build-tags",
        message,
        tuple(path for path in comparison.mismatched if path in reached),
        tuple(path for path in comparison.mismatched if not is_std(path)),
        evidence={"host": one, "plugin": two},
        fix=build_command(comparison),
        harmless=f"{message}: no package that both have differs",
    )


@cache
def _standard_library() -> Mapping[str, list[str]]:
    table: Mapping[str, list[str]] = json.loads(Path(__file__).with_name(TABLE).read_text())
    return table


def _shown(build: Build) -> str:
    return f"-tags={','.join(sorted(build.tags))}" if build.tags else "no -tags"


RULE = Rule(
    slug="build-tags",
    title="Host and plugin were built with different -tags.",
    meaning="The build tags differ, and packages differ that nothing else explains: the tags select other files of "
    "them.",
    why="A tag decides which files of a package are compiled. Tags that no shared package asks for change nothing. "
    "Which tags the standard library asks for is known; of modules the files do not record it, so there this cause is "
    "named only where no other is.",
    example="A host built with -tags=timetzdata refuses a plugin without, at time.",
    fix="Build the plugin with the host's -tags.",
    links=(Link("Build constraints", "https://pkg.go.dev/cmd/go#hdr-Build_constraints"),),
    differs=differs,
)
