"""Why the same package has two source paths: the path is part of a package's hash, as the compiler was given it.

With -trimpath it is `module@required-version/dir`, without it the directory on the machine (`cmd/go/internal/work`,
`gc.go`, `trimpath`), the GOROOT excepted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from gopluck.rules.builds import Build, Source, Use, is_std
from gopluck.rules.model import Comparison

Sources = tuple[Source | None, Source | None]


class PathDifference(NamedTuple):
    """A package with two paths: the rule that says why, and what to group it by."""

    package: str
    rule: str
    key: str
    """The module, or the folder that both sides of a group share."""
    provider: str
    plugin: str
    certain: bool = True
    """Whether the path differs; else only the code may."""


def path_differences(comparison: Comparison, rule: str) -> Iterator[PathDifference]:
    """The mismatched packages whose path (or whose module's code) differs for the reason that a rule names."""
    return iter(_by_rule(comparison).get(rule, ()))


@lru_cache(maxsize=1)
def _by_rule(comparison: Comparison) -> Mapping[str, list[PathDifference]]:
    """All of them, found once for the rules that ask."""
    out: dict[str, list[PathDifference]] = {}
    for package in comparison.mismatched:
        for found in _differences(comparison, package):
            if found is not None:
                out.setdefault(found.rule, []).append(found)
    return out


def _differences(comparison: Comparison, package: str) -> Iterator[PathDifference | None]:
    provider, plugin = comparison.builds
    one, two = provider.use(package), plugin.use(package)
    if one is None and two is None and is_std(package):
        return
    sources = _sources(comparison, package)
    if _in_main(provider, package) or _in_main(plugin, package):
        yield _main(comparison, package, one, two, sources)
    elif one is None or two is None:
        yield _by_source(comparison, package, *sources)
    else:
        yield _modules(comparison, package, one, two, sources)
        yield _where(comparison, package, one, two, sources)


def place_agrees(comparison: Comparison, package: str) -> bool:
    """Whether a module's package is known to have one path on both sides, so that what differs is something else.

    Without -trimpath the module cache is part of every path in it: one package of a version that matches shows that the
    two caches agree, even where no directory is recorded. Checkouts and other folders do not lie in it.
    """
    provider, plugin = comparison.builds
    one, two = provider.use(package), plugin.use(package)
    if one is None or two is None or provider.trimmed is not False or plugin.trimmed is not False:
        return True
    if _same_path(comparison, _sources(comparison, package)):
        return True
    return not (one.is_folder or two.is_folder) and _one_matches(comparison)


def _sources(comparison: Comparison, package: str) -> Sources:
    """Where a package was compiled from. A module version that matches untrimmed came from the cache on both sides."""
    untrimmed = comparison.provider.trimmed is False and comparison.plugin.trimmed is False
    cached = untrimmed and _one_matches(comparison)
    return comparison.provider.source(package, cached), comparison.plugin.source(package, cached)


@lru_cache(maxsize=1)
def _one_matches(comparison: Comparison) -> bool:
    """Whether a shared package of some module version has the same hash on both sides."""
    return any(
        used.version and not used.is_main and used.replace is None
        for other in comparison.shared.difference(comparison.mismatched)
        if (used := comparison.provider.use(other)) is not None
    )


def _in_main(build: Build, package: str) -> bool:
    used = build.use(package)
    return used is not None and used.is_main


def _main(
    comparison: Comparison, package: str, one: Use | None, two: Use | None, sources: Sources
) -> PathDifference | None:
    """A package of somebody's main module."""
    provider, plugin = comparison.builds
    if comparison.is_host and _in_main(provider, package):
        rule, key = "host-main-module", provider.main_module or ""
    else:
        rule, key = (
            "main-module-path",
            (plugin.main_module if _in_main(plugin, package) else provider.main_module) or "",
        )
    sides = _describe(one, sources[0]), _describe(two, sources[1])
    same = _same_path(comparison, sources)
    if same is None:
        # One side is trimmed, or a directory is not recorded: by version it is another path in either case.
        versioned = [use is not None and _has_version(use) for use in (one, two)]
        same = versioned[0] == versioned[1]
    return PathDifference(package, rule, key, *sides) if not same else None


def _has_version(use: Use) -> bool:
    """Whether a package's path holds a version; a main module has one (and a checksum) only by `go install m@v`."""
    return bool(use.sum) if use.is_main else bool(use.version and use.replace is None)


def _describe(use: Use | None, source: Source | None) -> str:
    if use is None:
        return source.directory if source else ""
    if use.is_main and not use.sum:
        return source.directory if source and source.directory.startswith("/") else "its own checkout"
    return use.described


def _same_path(comparison: Comparison, sources: Sources) -> bool | None:
    """Whether both sides compiled the package under one path; None when the two cannot be compared."""
    one, two = sources
    if one is None or two is None:
        return None
    if (one.kind == "trimmed") != (two.kind == "trimmed"):
        return None
    return one.directory == two.directory


def _by_source(comparison: Comparison, package: str, one: Source | None, two: Source | None) -> PathDifference | None:
    """Without module lists: by the directories alone."""
    if one is None or two is None or _same_path(comparison, (one, two)):
        return None
    if one.module and one.module == two.module and one.version != two.version:
        return PathDifference(package, "module-version", one.module, one.version, two.version)
    if (one.kind == "trimmed") != (two.kind == "trimmed"):
        return None
    return _folders(package, one, two)


def _folders(package: str, one: Source, two: Source) -> PathDifference | None:
    """Two absolute directories that differ."""
    if "vendor" in (one.kind, two.kind):
        return PathDifference(package, "vendor-path", "", "", "")
    if one.kind == two.kind == "cache" and (one.module, one.version) == (two.module, two.version):
        return PathDifference(package, "module-cache-path", "", one.root, two.root)
    return None


def _modules(comparison: Comparison, package: str, one: Use, two: Use, sources: Sources) -> PathDifference | None:
    """A package of a module that both sides depend on."""
    trimmed = comparison.provider.trimmed
    replaced = one.replace is not None or two.replace is not None
    sides = one.described, two.described

    def found(rule: str, certain: bool = True) -> PathDifference:
        return PathDifference(package, rule, one.path, *sides, certain)

    if one.path != two.path:
        return found("module-version")
    if not replaced:
        if one.version != two.version:
            return found("module-version")
    elif trimmed:
        # The path holds the required version, whatever replaces it.
        if one.version != two.version:
            alike = one.replace is not None and two.replace is not None and _folder_or_same(one, two)
            return found("module-version" if alike else "module-replaced")
        if not one.agrees(two):
            return found("module-replaced", certain=False)
    elif not one.agrees(two) and not (one.is_folder and two.is_folder and _same_path(comparison, sources)):
        return found("module-replaced")
    elif comparison.provider.vendored or comparison.plugin.vendored:
        return None  # a vendor folder has copies of the folders: where those lay does not count
    elif one.is_folder and two.is_folder and _same_path(comparison, sources) is False:
        return PathDifference(package, "module-replaced", one.path, _directory(sources[0]), _directory(sources[1]))
    return None


def _folder_or_same(one: Use, two: Use) -> bool:
    return one.agrees(two) or (one.is_folder and two.is_folder)


def _directory(source: Source | None) -> str:
    return source.directory if source else ""


def _where(comparison: Comparison, package: str, one: Use, two: Use, sources: Sources) -> PathDifference | None:
    """Where the module lay, whatever its version: vendored, or in another module cache. Trimmed paths show neither."""
    provider, plugin = comparison.builds
    if provider.trimmed is not False:
        return None
    if provider.vendored or plugin.vendored:
        if _same_path(comparison, sources) or _one_checkout(provider, plugin):
            return None
        return PathDifference(package, "vendor-path", "", "", "")
    if one.version and two.version and provider.cache and plugin.cache and provider.cache != plugin.cache:
        return PathDifference(package, "module-cache-path", "", provider.cache, plugin.cache)
    return None


def _one_checkout(provider: Build, plugin: Build) -> bool:
    """Whether both were vendored in what may be the same main module."""
    if not (provider.vendored and plugin.vendored) or provider.main_module != plugin.main_module:
        return False
    return provider.root is None or plugin.root is None or provider.root == plugin.root
