"""Why the same package has two source paths: the path is part of a package's hash, as the compiler was given it.

With -trimpath it is `module@required-version/dir`, without it the directory on the machine (`cmd/go/internal/work`,
`gc.go`, `trimpath`), the GOROOT excepted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from gopluck.builds.build import Build
from gopluck.builds.source import Source, Use, is_std
from gopluck.record import NamedTuple, StrEnum

Sources = tuple[Source | None, Source | None]


class Why(StrEnum):
    """Why a package has two paths."""

    HOST_MODULE = "host-module"
    """It is of the host's own main module."""
    MAIN_MODULE = "main-module"
    VERSION = "version"
    REPLACED = "replaced"
    VENDOR = "vendor"
    CACHE = "cache"


class PathDifference(NamedTuple):
    """A package with two paths, why, and what to group it by."""

    package: str
    why: Why
    key: str
    """The module, or the folder that both sides of a group share."""
    provider: str
    plugin: str
    certain: bool = True
    """Whether the path differs; else only the code may."""


class PathDifferences:
    """The paths of packages in two builds: a provider, and a plugin that expects some packages otherwise."""

    def __init__(
        self, provider: Build, plugin: Build, mismatched: tuple[str, ...], shared: frozenset[str], is_host: bool
    ) -> None:
        self.provider = provider
        self.plugin = plugin
        self.mismatched = mismatched
        self.shared = shared
        self.is_host = is_host

    @property
    def untrimmed(self) -> bool:
        """Whether directories are part of the paths on both sides."""
        return self.provider.trimmed is False and self.plugin.trimmed is False

    def by(self, why: Why) -> tuple[PathDifference, ...]:
        """The mismatched packages whose path (or whose module's code) differs for this reason."""
        return tuple(self._found.get(why, ()))

    def by_module(self, why: Why) -> Mapping[str, list[PathDifference]]:
        """The same by their modules."""
        out: dict[str, list[PathDifference]] = {}
        for found in self.by(why):
            out.setdefault(found.key, []).append(found)
        return out

    @cached_property
    def modules(self) -> frozenset[str]:
        """The provider's modules of which a package differs."""
        uses = map(self.provider.use, self.mismatched)
        return frozenset(use.path for use in uses if use is not None)

    @cached_property
    def _found(self) -> Mapping[Why, list[PathDifference]]:
        out: dict[Why, list[PathDifference]] = {}
        for package in self.mismatched:
            for found in self._differences(package):
                if found is not None:
                    out.setdefault(found.why, []).append(found)
        return out

    def _differences(self, package: str) -> Iterator[PathDifference | None]:
        one, two = self.provider.use(package), self.plugin.use(package)
        if one is None and two is None and is_std(package):
            return
        sources = self.sources(package)
        if _in_main(self.provider, package) or _in_main(self.plugin, package):
            yield self._main(package, one, two, sources)
        elif one is None or two is None:
            yield _by_source(package, *sources)
        else:
            yield self._modules(package, one, two, sources)
            yield self._where(one, two, sources, package)

    def agree(self, package: str) -> bool:
        """Whether a module's package is known to have one path on both sides, so that what differs is something else.

        Without -trimpath the module cache is part of every path in it: one package of a version that matches shows
        that the two caches agree, even where no directory is recorded. Checkouts and other folders do not lie in it.
        """
        one, two = self.provider.use(package), self.plugin.use(package)
        if one is None or two is None or not self.untrimmed:
            return True
        if _same_path(self.sources(package)):
            return True
        return not (one.is_folder or two.is_folder) and self._one_matches

    def sources(self, package: str) -> Sources:
        """Where it was compiled from. A module version that matches untrimmed came from the cache on both sides."""
        cached = self.untrimmed and self._one_matches
        return self.provider.source(package, cached), self.plugin.source(package, cached)

    @cached_property
    def _one_matches(self) -> bool:
        """Whether a shared package of some module version has the same hash on both sides."""
        return any(
            used.version and not used.is_main and used.replace is None
            for other in self.shared.difference(self.mismatched)
            if (used := self.provider.use(other)) is not None
        )

    def _main(self, package: str, one: Use | None, two: Use | None, sources: Sources) -> PathDifference | None:
        """A package of somebody's main module."""
        if self.is_host and _in_main(self.provider, package):
            why, key = Why.HOST_MODULE, self.provider.main_module
        else:
            build = self.plugin if _in_main(self.plugin, package) else self.provider
            why, key = Why.MAIN_MODULE, build.main_module
        same = _same_path(sources)
        if same is None and self._replaced_elsewhere(sources, package):
            same = False
        if same is None:
            # One side is trimmed, or a directory is not recorded: by version it is another path in either case.
            same = _has_version(one) == _has_version(two)
        sides = _describe(one, sources[0]), _describe(two, sources[1])
        return PathDifference(package, why, key or "", *sides) if not same else None

    def _replaced_elsewhere(self, sources: Sources, package: str) -> bool:
        """Whether one side replaces a module by another folder than the other side's: from there, or from a vendor
        folder that has a copy of it, it is another path.
        """
        return self.untrimmed and any(
            source is not None and (folder := build.replacement(package)) is not None and folder != source.directory
            for source, build in zip(sources, (self.plugin, self.provider), strict=True)
        )

    def _modules(self, package: str, one: Use, two: Use, sources: Sources) -> PathDifference | None:
        """A package of a module that both sides depend on."""
        sides = one.described, two.described

        def found(why: Why, certain: bool = True) -> PathDifference:
            return PathDifference(package, why, one.path, *sides, certain)

        if one.path != two.path:
            mine, theirs = (f"of {use.path} {use.described}" for use in (one, two))
            return PathDifference(package, Why.VERSION, package, mine, theirs)
        if one.replace is None and two.replace is None:
            if one.version != two.version:
                return found(Why.VERSION)
        elif self.provider.trimmed:
            # The path holds the required version, whatever replaces it.
            if one.version != two.version:
                same = one.agrees(two) or (one.is_folder and two.is_folder)
                return found(Why.VERSION if one.replace and two.replace and same else Why.REPLACED)
            if not one.agrees(two):
                return found(Why.REPLACED, certain=False)
        elif not one.agrees(two) and not (one.is_folder and two.is_folder and _same_path(sources)):
            return found(Why.REPLACED)
        elif self.provider.vendored or self.plugin.vendored:
            return None  # a vendor folder has copies of the folders: where those lay does not count
        elif one.is_folder and two.is_folder and _same_path(sources) is False:
            mine, theirs = (source.directory if source else "" for source in sources)
            return PathDifference(package, Why.REPLACED, one.path, mine, theirs)
        return None

    def _where(self, one: Use, two: Use, sources: Sources, package: str) -> PathDifference | None:
        """Where the module lay, whatever its version: vendored, or in another cache. Trimmed paths show neither."""
        provider, plugin = self.provider, self.plugin
        if provider.trimmed is not False:
            return None
        if provider.vendored or plugin.vendored:
            if _same_path(sources) or _one_checkout(provider, plugin):
                return None
            return PathDifference(package, Why.VENDOR, "", "", "")
        if one.version and two.version and provider.cache and plugin.cache and provider.cache != plugin.cache:
            return PathDifference(package, Why.CACHE, "", provider.cache, plugin.cache)
        return None


def _in_main(build: Build, package: str) -> bool:
    used = build.use(package)
    return used is not None and used.is_main


def _has_version(use: Use | None) -> bool:
    """Whether a package's path holds a version; a main module has one (and a checksum) only by `go install m@v`."""
    if use is None:
        return False
    return bool(use.sum) if use.is_main else bool(use.version and use.replace is None)


def _describe(use: Use | None, source: Source | None) -> str:
    if use is None:
        return source.directory if source else ""
    if use.is_main and not use.sum:
        return source.directory if source and source.directory.startswith("/") else "its own checkout"
    return use.described


def _same_path(sources: Sources) -> bool | None:
    """Whether both sides compiled the package under one path; None when the two cannot be compared."""
    one, two = sources
    if one is None or two is None or (one.kind == "trimmed") != (two.kind == "trimmed"):
        return None
    return one.directory == two.directory


def _by_source(package: str, one: Source | None, two: Source | None) -> PathDifference | None:
    """Without module lists: by the directories alone."""
    if one is None or two is None or _same_path((one, two)):
        return None
    if one.module and one.module == two.module and one.version != two.version:
        return PathDifference(package, Why.VERSION, one.module, one.version, two.version)
    if (one.kind == "trimmed") != (two.kind == "trimmed"):
        return None
    if "vendor" in (one.kind, two.kind):
        return PathDifference(package, Why.VENDOR, "", "", "")
    if one.kind == two.kind == "cache" and (one.module, one.version) == (two.module, two.version):
        return PathDifference(package, Why.CACHE, "", one.root, two.root)
    return None


def _one_checkout(provider: Build, plugin: Build) -> bool:
    """Whether both were vendored in what may be the same main module."""
    if not (provider.vendored and plugin.vendored) or provider.main_module != plugin.main_module:
        return False
    return provider.root is None or plugin.root is None or provider.root == plugin.root
