"""`module-cache-path`: without -trimpath, another GOPATH or module cache is another path."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gopluck.builds.paths import Why
from gopluck.rules.model import Comparison, Difference, Rule, go_issue, go_source

SETTLED = (Why.CACHE, Why.VENDOR, Why.HOST_MODULE, Why.MAIN_MODULE)
"""Why a package has two paths, where no other module cache would give it one. Of main modules none lies in a cache."""

HOME = r"/(?:home|Users)/([^/]+)/|/(root)/"
"""A path in somebody's home directory."""


def differs(comparison: Comparison) -> Iterator[Difference]:
    """By the directories of packages of the same module version."""
    provider, plugin = comparison.builds
    groups: dict[tuple[str, str], list[str]] = {}
    for found in comparison.paths.by(Why.CACHE):
        groups.setdefault((found.provider, found.plugin), []).append(found.package)
    for (one, two), packages in groups.items():
        headline = f"{provider.name} took its modules from {one}, {plugin.name} from {two}"
        yield Difference(
            headline + _whose(one, two),
            tuple(packages),
            evidence={"host": one, "plugin": two},
            fix="Build both with -trimpath, or the plugin with the host's module cache (GOMODCACHE).",
            headline=headline,
        )
    if unplaced := _unplaced(comparison):
        yield Difference(
            "",
            candidates=unplaced,
            fix="Build both with -trimpath, so that directories do not count.",
            doubt="both were built without -trimpath, and the directories of these modules are not recorded: another "
            "module cache or vendor folder would matter, too",
        )


def _unplaced(comparison: Comparison) -> tuple[str, ...]:
    """Packages of modules that both were compiled from a directory which the files do not tell."""
    provider, plugin = comparison.builds
    if not comparison.mismatched or provider.vendored or plugin.vendored:
        return ()
    placed = {found.package for why in SETTLED for found in comparison.paths.by(why)}
    return tuple(path for path in comparison.mismatched if path not in placed and not comparison.paths.agree(path))


def _whose(one: str, two: str) -> str:
    """Whether the two lie in the home directories of two users."""
    users = [match[1] or match[2] for path in (one, two) if (match := re.match(HOME, path))]
    if len(users) < 2 or users[0] == users[1]:
        return ""
    return f": they were built by two users, {users[0]} and {users[1]}"


RULE = Rule(
    slug="module-cache-path",
    rank=150,
    title="Without -trimpath, modules from another module cache have another path.",
    meaning="Both sides were built without -trimpath, by different users or on different machines: the module cache "
    "(GOMODCACHE, or pkg/mod in GOPATH) lies in different directories.",
    why="The path of each source file is part of a package's hash. The standard library is exempt: its path is "
    "written relative to GOROOT, so another GOROOT directory is harmless.",
    example="The host was built by a CI runner in /root/go, the plugin by a developer in /home/dev/go.",
    fix="Build both sides with -trimpath. Where the host cannot be rebuilt, build the plugin with GOMODCACHE set to "
    "the host's directory (in a container, that directory can be made).",
    links=(go_source("cmd/go/internal/work/gc.go, trimpath"), go_issue(27751)),
    differs=differs,
)
