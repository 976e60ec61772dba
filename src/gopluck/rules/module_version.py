"""`module-version`: a module that both sides use has another version in the plugin."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gopluck.rules.builds import Use
from gopluck.rules.model import Comparison, Difference, Link, Rule
from gopluck.rules.paths import path_differences


def differs(comparison: Comparison) -> Iterator[Difference]:
    """By the module lists; without them by the versions in the source directories. One for each module."""
    provider, plugin = comparison.builds
    groups: dict[str, list[str]] = {}
    sides: dict[str, tuple[str, str]] = {}
    for found in path_differences(comparison, "module-version"):
        groups.setdefault(found.key, []).append(found.package)
        sides[found.key] = found.provider, found.plugin
    for module, packages in groups.items():
        one, two = sides[module]
        yield Difference(
            "module-version",
            f"{module} is {one} in {provider.name}, {two} in {plugin.name}",
            tuple(packages),
            evidence={"host": f"{module} {one}", "plugin": f"{module} {two}"},
            fix=_fix(comparison, module, one, two),
        )
    for module, one, two in _elsewhere(comparison, groups):
        yield Difference(
            "module-version",
            "",
            evidence={"host": f"{module} {one}", "plugin": f"{module} {two}"},
            harmless=f"{module} is {one} in {provider.name}, {two} in {plugin.name}: "
            "no package of it that both have differs",
        )


def _elsewhere(comparison: Comparison, groups: dict[str, list[str]]) -> Iterator[tuple[str, str, str]]:
    """Modules of another version none of whose packages differs."""
    provider, plugin = comparison.builds
    for module, one in provider.modules.items():
        two = plugin.modules.get(module)
        if two is None or module in groups or one.is_main or two.is_main or one.version == two.version:
            continue
        if not any(_belongs(comparison, package, one) for package in comparison.mismatched):
            yield module, one.described, two.described


def _belongs(comparison: Comparison, package: str, module: Use) -> bool:
    used = comparison.provider.use(package)
    return used is not None and used.path == module.path


def _fix(comparison: Comparison, module: str, one: str, two: str) -> str:
    if " => " in one or " => " in two or not (order(one) and order(two)):
        return f"Require {module} as {comparison.provider.name} does: {one}."
    if order(one) > order(two):
        return f"go get {module}@{one}"
    return f"go mod edit -require={module}@{one} -exclude={module}@{two} && go mod tidy"


def order(version: str) -> tuple[object, ...]:
    """A sort key of semantic versions; empty for anything else."""
    match = re.fullmatch(r"v(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+.*)?", version)
    if match is None:
        return ()
    parts = tuple(
        (0, int(part), "") if part.isdigit() else (1, 0, part) for part in (match[4] or "").split(".") if part
    )
    return int(match[1]), int(match[2]), int(match[3]), not match[4], parts


RULE = Rule(
    slug="module-version",
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
        Link("golang/go #31278", "https://github.com/golang/go/issues/31278"),
        Link("krakend/krakend-ce #254", "https://github.com/krakend/krakend-ce/issues/254"),
    ),
    differs=differs,
)
