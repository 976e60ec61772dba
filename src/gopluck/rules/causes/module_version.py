"""`module-version`: a module that both sides use has another version in the plugin."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gopluck.builds.paths import Why
from gopluck.rules.model import Comparison, Difference, Link, Rule, Trait, go_issue


def differs(comparison: Comparison) -> Iterator[Difference]:
    """By the module lists; without them by the versions in the source directories. One for each module."""
    provider, plugin = comparison.builds
    groups = comparison.paths.by_module(Why.VERSION)
    for module, members in groups.items():
        one, two = members[-1].provider, members[-1].plugin
        yield Difference(
            f"{module} is {one} in {provider.name}, {two} in {plugin.name}",
            tuple(member.package for member in members),
            evidence={"host": f"{module} {one}", "plugin": f"{module} {two}"},
            fix=f"Require {module} as {provider.name} does: {one}.",
        )
    for module, mine, theirs in comparison.elsewhere(groups):
        if not mine.is_main and not theirs.is_main and mine.version != theirs.version:
            yield comparison.idle(module, mine, theirs)


_SEMANTIC = r"v([0-9]+)\.([0-9]+)\.([0-9]+)(?:-([0-9A-Za-z.-]+))?(?:\+.*)?"


def order(version: str) -> tuple[object, ...]:
    """A sort key of semantic versions; empty for anything else."""
    match = re.fullmatch(_SEMANTIC, version)
    if match is None:
        return ()
    parts = tuple((0, _number(part)) if part.isdigit() else (1, part) for part in (match[4] or "").split(".") if part)
    return *map(_number, match.groups()[:3]), not match[4], parts


def _number(digits: str) -> tuple[int, str]:
    """Sorts as the number does, however many digits there are (`golang.org/x/mod/semver`, `compareInt`)."""
    digits = digits.lstrip("0")
    return len(digits), digits


RULE = Rule(
    slug="module-version",
    rank=110,
    title="A module that host and plugin share has another version in the plugin.",
    meaning="Packages of the module are compiled into both, from different versions.",
    why="Only one copy of a package can be in the process, so the plugin must have been compiled against exactly the "
    "host's. The version is part of the package's path, so all of its packages differ even where their code is equal. "
    "Modules of which no package is in both may differ.",
    example="The host's go.mod has github.com/acme/codec v1.2.0; the plugin requires another module that needs "
    "v1.3.1, and minimal version selection takes the higher one.",
    fix="Take the host's version. `go get module@v1.2.0` cannot go below what another requirement needs; `go mod edit "
    "-exclude=module@v1.3.1` can, trimmed and untrimmed. `replace module => module v1.2.0` works only without "
    "-trimpath. When a dependency really needs the higher version, raise the host's instead.",
    links=(
        Link("Minimal version selection", "https://go.dev/ref/mod#minimal-version-selection"),
        go_issue(31278),
        Link("krakend/krakend-ce #254", "https://github.com/krakend/krakend-ce/issues/254"),
    ),
    differs=differs,
    traits=frozenset({Trait.MODULE_VERSION}),
)
