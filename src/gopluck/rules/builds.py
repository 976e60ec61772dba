"""A `Binary` seen as a build: how it was made, as far as build info, source directories and DWARF tell."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from gopluck.facts.model import ELSEWHERE, Binary, BuildInfo, FunctionCode, Module
from gopluck.rules.measured import IDLE_COMPILE_FLAGS

STD = "std"
"""What stands for the standard library where a module is named."""


class Use(NamedTuple):
    """The module that a package comes from in one build."""

    path: str
    version: str
    """The required version; empty for a module without one (a checkout)."""
    replace: Module | None = None
    is_main: bool = False
    sum: str = ""

    @property
    def effective(self) -> tuple[str, str]:
        """What is really compiled: module and version, or the folder of a replacement and an empty version."""
        if self.replace is None:
            return self.path, self.version
        return self.replace.path, _released(self.replace.version)

    def agrees(self, other: Use) -> bool:
        """Whether the two compile the same, for all that is known: a manifest may leave out where a folder lies."""
        mine, theirs = self.effective, other.effective
        if mine == theirs or mine[1] or theirs[1]:
            return mine == theirs
        hidden = mine[0].startswith(ELSEWHERE) or theirs[0].startswith(ELSEWHERE)
        return hidden and mine[0].rpartition("/")[2] == theirs[0].rpartition("/")[2]

    @property
    def is_folder(self) -> bool:
        """Whether its code has no version: a checkout, or replaced by a folder."""
        return not self.effective[1]

    @property
    def described(self) -> str:
        """`v1.2.0`, `v1.2.0 => ../fork`, or `a checkout`."""
        own = self.version or "a checkout"
        if self.replace is None:
            return own
        path, version = self.effective
        return f"{own} => {path} {version}".rstrip()


class Source(NamedTuple):
    """A package's source directory, taken apart."""

    directory: str
    kind: str
    """`trimmed`, `vendor`, `cache`, or `checkout`."""
    root: str = ""
    """The module cache, or the folder that has the vendor folder."""
    module: str = ""
    version: str = ""


class Build:
    """One file as a build. `name` is how messages call it: `the host`, `the plugin`, or a path."""

    def __init__(self, binary: Binary, name: str) -> None:
        self.binary = binary
        self.name = name
        self._uses: dict[str, Use | None] = {}

    @property
    def info(self) -> BuildInfo | None:
        """The build info, where there is one."""
        return self.binary.go.build_info if self.binary.go else None

    @property
    def has_settings(self) -> bool:
        """Whether the build settings are recorded (since Go 1.18), so that a missing one was not set."""
        return bool(self.info and self.info.settings)

    def setting(self, key: str) -> str | None:
        """A build setting; empty when it was not set, None when that is not recorded."""
        value = self.info.setting(key) if self.info else None
        if self.info and key in self.info.dropped:
            return None
        return value if value is not None else "" if self.has_settings else None

    # -- the toolchain -------------------------------------------------------------------------------------------

    @property
    def release(self) -> str:
        """`go1.25.5`, without experiments; empty when it is not recorded."""
        return _version(self.binary)[0]

    @property
    def layout(self) -> str:
        """The name of its module layout: the release that introduced it; empty when it is not known."""
        go = self.binary.go
        return go.moduledata.layout if go and go.moduledata else ""

    @property
    def built_with(self) -> str:
        """The release in words; by the module layout where it is not recorded (plugins before Go 1.20 or so)."""
        if self.release or not self.layout:
            return self.release or "a release that is not recorded"
        return f"an unrecorded release (module layout {self.layout})"

    @cached_property
    def experiments(self) -> frozenset[str] | None:
        """The GOEXPERIMENT names by which it deviates from its release."""
        version, suffix = _version(self.binary)
        recorded = self.setting("GOEXPERIMENT")
        named = recorded or suffix
        if not named and recorded is None and not version:
            return None
        return frozenset(filter(None, re.split(r"[, ]+", named)))

    @cached_property
    def linked(self) -> frozenset[str]:
        """Every package that the file is known to have."""
        go = self.binary.go
        if go is None:
            return frozenset()
        return frozenset(go.link_hashes) | go.packages | {package.path for package in go.pkghashes} | set(go.sources)

    # -- where the sources were ----------------------------------------------------------------------------------

    @cached_property
    def trimmed(self) -> bool | None:
        """Whether it was built with -trimpath: its directories tell, else its settings; None when nothing does."""
        for path in ("runtime", *self.sources):
            if path in self.sources and is_std(path):
                return not self.sources[path].startswith("/")
        setting = self.setting("-trimpath")
        return None if setting is None else setting == "true"

    @property
    def sources(self) -> Mapping[str, str]:
        """The source directory of each package that has functions."""
        return self.binary.go.sources if self.binary.go else {}

    def directory(self, package: str) -> str | None:
        """The source directory of a package, where it is recorded."""
        return self.sources.get(package) or None

    def source(self, package: str, cached: bool = False) -> Source | None:
        """The source directory of a package, taken apart: as recorded, else as it follows from its module.

        `cached`: it is known from elsewhere that modules came from the module cache, not from a vendor folder.
        """
        directory = self.directory(package) or self._derived(package, False if cached else self.vendored)
        return None if directory is None else _source(directory)

    def _derived(self, package: str, vendored: bool | None) -> str | None:
        """Where a package must have been that has no function in the file; None when that is not known."""
        use = self.use(package)
        if use is None or self.trimmed is None:
            return None
        below = package.removeprefix(use.path)
        if self.trimmed:
            versioned = use.version and (use.sum or not use.is_main)
            return f"{use.path}@{use.version}{below}" if versioned else package
        if use.is_main:
            return f"{self.root}{below}" if self.root and not use.sum else None
        if vendored is None:
            return None
        if vendored:
            return f"{self.root}/vendor/{package}" if self.root else None
        path, version = use.effective
        if not version:
            folder = use.replace.path if use.replace else None
            if folder is None or (not folder.startswith("/") and not self.root):
                return None
            return posixpath.normpath(posixpath.join(self.root or "/", folder)) + below
        return f"{self.cache}/{_escaped(path)}@{_escaped(version)}{below}" if self.cache else None

    @cached_property
    def root(self) -> str | None:
        """The directory of the main module, from a package of it whose directory is recorded."""
        for name, directory in self.sources.items():
            package = self.info.path if name == "main" and self.info else name
            use = self.use(package) if directory.startswith("/") else None
            if use is not None and use.is_main and not use.sum:
                below = package.removeprefix(use.path)
                if directory.endswith(below):
                    return directory.removesuffix(below)
        return None

    @cached_property
    def cache(self) -> str | None:
        """The module cache, from a package whose directory is recorded."""
        found = (_source(directory) for directory in self.sources.values() if directory.startswith("/"))
        return next((source.root for source in found if source.kind == "cache" and source.root), None)

    @cached_property
    def vendored(self) -> bool | None:
        """Whether it was built from a vendor folder, by the directories of its dependencies; else True where no module
        has a checksum. None: not known, since the checksum is there when the module lies in the cache, too
        (`modfetch.Sum`).
        """
        for package, directory in self.sources.items():
            if not is_std(package) and "/vendor/" in directory:
                return True
            use = self.use(package) if directory.startswith("/") else None
            if use is not None and not use.is_main:
                return False
        deps = [dep for dep in self.info.deps if dep.replace is None] if self.info else []
        return True if deps and all(not dep.sum and _released(dep.version) for dep in deps) else None

    # -- modules ---------------------------------------------------------------------------------------------------

    @cached_property
    def modules(self) -> Mapping[str, Use]:
        """The modules that the build info lists, by path."""
        info = self.info
        if info is None:
            return {}
        out = {dep.path: Use(dep.path, _released(dep.version), dep.replace, False, dep.sum) for dep in info.deps}
        if info.main is not None:
            main = info.main
            out[main.path] = Use(main.path, _released(main.version), main.replace, True, main.sum)
        return out

    def use(self, package: str) -> Use | None:
        """The module of a package: the longest path that it lies in; by its directory when there is no list."""
        if package not in self._uses:
            self._uses[package] = self._use(package)
        return self._uses[package]

    def _use(self, package: str) -> Use | None:
        for path in _prefixes(package):
            if path in self.modules:
                return self.modules[path]
        directory = self.directory(package)
        found = _source(directory) if directory is not None else None
        return Use(found.module, found.version) if found is not None and found.module else None

    def is_main(self, package: str) -> bool:
        """Whether it is the main package itself, which nobody shares."""
        return package == "main" or bool(self.info and package == self.info.path)

    @property
    def tested(self) -> str | None:
        """The package under test of a test binary."""
        go = self.binary.go
        if go is None or go.kind != "test":
            return None
        return (self.info.path.removesuffix(".test") if self.info else "") or go.tested or None

    @property
    def main_module(self) -> str | None:
        """The path of the main module."""
        return self.info.main.path if self.info and self.info.main else None

    # -- flags -----------------------------------------------------------------------------------------------------

    @cached_property
    def gcflags(self) -> tuple[str | None, tuple[str, ...]] | None:
        """(pattern or None, words) of `-gcflags`; None when settings are not recorded."""
        value = self.setting("-gcflags")
        if value is None:
            return None
        pattern, equals, words = value.partition("=")
        if value.startswith("-") or not equals:
            return None, tuple(value.split())
        return pattern, tuple(words.split())

    def matches(self, pattern: str | None, package: str) -> bool:
        """Whether a `-gcflags` pattern applies to a package (`load.MatchPackage`)."""
        if pattern is None:
            return package == self.tested
        if pattern == "all":
            return True
        if pattern == STD:
            return is_std(package) and self.use(package) is None
        if pattern.startswith(("./", "../")) or pattern == ".":
            used = self.use(package)
            return used is not None and used.is_main
        words = re.escape(pattern).replace(r"\.\.\.", ".*")
        return bool(re.fullmatch(words.removesuffix("/.*") + "(/.*)?" if words.endswith("/.*") else words, package))

    def flags_by_settings(self, package: str) -> frozenset[str] | None:
        """The flags that `-gcflags` gives to a package and that can change its hash."""
        if self.gcflags is None:
            return None
        pattern, words = self.gcflags
        return frozenset(_mattering(words)) if self.matches(pattern, package) else frozenset()

    def flags_by_dwarf(self, package: str) -> frozenset[str] | None:
        """Those that DWARF records of a package, among the ones that it can record."""
        flags = self.binary.go.compile_flags if self.binary.go else None
        if flags is None or package not in flags:
            return None
        return frozenset(word for word in _mattering(flags[package].split()) if word in DWARF_FLAGS)

    @cached_property
    def instruments(self) -> frozenset[str]:
        """`-race`, `-msan`, `-asan`, `-cover`: those that the settings name or whose runtime package is linked in."""
        by_setting = {flag for flag in INSTRUMENTS if self.setting(flag) == "true"}
        by_package = {flag for flag, package in INSTRUMENTS.items() if package in self.linked}
        return frozenset(by_setting | by_package | ({"-cover"} if self.covered else set()))

    def code(self, package: str) -> Mapping[str, FunctionCode]:
        """The functions of a package, where they were read."""
        code = self.binary.go.code if self.binary.go else None
        return code.get(package, {}) if code else {}

    @property
    def covered(self) -> frozenset[str] | None:
        """The packages that -cover instrumented; None when that is not known."""
        return self.binary.go.covered if self.binary.go else None

    @cached_property
    def tags(self) -> frozenset[str] | None:
        """The build tags without the one that GOFIPS140 adds; None when settings are not recorded."""
        value = self.setting("-tags")
        if value is None:
            return None
        return frozenset(tag for tag in re.split(r"[, ]+", value) if tag and not tag.startswith("fips140v"))

    @cached_property
    def fips(self) -> str:
        """The GOFIPS140 snapshot (`v1.0.0`); empty for the toolchain's own code."""
        for package in self.linked:
            if not package.startswith("crypto/internal/fips140/v"):
                continue
            match = re.match(r"crypto/internal/fips140/(v[0-9.]+[^/]*)(/|$)", package)
            if match:
                return match[1]
        value = self.setting("GOFIPS140") or ""
        return re.sub(r"-.*", "", value) if value.startswith("v") else ""


WEIGHED = (
    *("-gcflags", "-tags", "-pgo", "-trimpath", "-race", "-msan", "-asan", "-cover", "GOEXPERIMENT", "GOFIPS140"),
    *("CGO_CFLAGS", "CGO_CPPFLAGS", "CGO_CXXFLAGS", "CGO_LDFLAGS"),
)
"""The build settings that a cause is found by."""


def alike(one: Build, two: Build) -> bool:
    """Whether nothing differs between two builds that a cause could be: release, settings, versions of modules."""
    if one.info is None or two.info is None or one.tested or two.tested:
        return False
    if any(one.info.setting(key) != two.info.setting(key) for key in WEIGHED) or one.info.dropped or two.info.dropped:
        return False
    sides = [(build.binary.go and build.binary.go.version, build.layout, build.trimmed) for build in (one, two)]
    if sides[0] != sides[1] or one.instruments != two.instruments or one.fips != two.fips:
        return False
    if "-cover" in one.instruments:
        # Which packages it counts in is not all in the settings.
        return False
    shared = one.modules.keys() & two.modules.keys()
    return all(one.modules[path][:3] == two.modules[path][:3] for path in shared)


INSTRUMENTS = {
    "-race": "runtime/race",
    "-msan": "runtime/msan",
    "-asan": "runtime/asan",
    "-cover": "runtime/coverage",
}
"""The instrumentation flags, and the package that each links in."""

DWARF_FLAGS = frozenset({"-B", "-N", "-l", "-race", "-msan", "-asan"})
"""The flags that the compiler records in `DW_AT_producer` (`base.RecordFlags`) and that can change a hash."""

IDLE_FLAGS = (
    *IDLE_COMPILE_FLAGS,
    "-complete",
    "-compressdwarf",
    "-dynlink",
    "-shared",
    "-regabi",
    "-smallframes",
    "-linkobj",
    "-c=",
    "-e",
    "-m",
    "-S",
    "-v",
    "-json",
    "-bench",
    "-cpuprofile",
    "-memprofile",
    "-traceprofile",
)
"""Compile flags that change no hash: measured, or given by the go command itself, or they only print."""


def _mattering(words: tuple[str, ...] | list[str]) -> Iterator[str]:
    exact = {"-e", "-m", "-S", "-v"}
    for word in words:
        word = "-" + word.lstrip("-")
        if word == "-" or any(word == idle or (idle not in exact and word.startswith(idle)) for idle in IDLE_FLAGS):
            continue
        if re.fullmatch(r"-m=?\d*", word):
            continue
        yield word


def is_std(package: str) -> bool:
    """Whether a path can be one of the standard library: its first element has no dot (`cmd/go`, `search`)."""
    return "." not in package.partition("/")[0] and not package.startswith(("command-line-arguments", "plugin/unnamed"))


def _version(binary: Binary) -> tuple[str, str]:
    """Release and experiments of `go1.24.11 X:noswissmap` (`-X:` since 1.26)."""
    parts = re.split(r"[ -]X:", binary.go.version if binary.go else "", maxsplit=1)
    return parts[0], parts[1] if len(parts) > 1 else ""


def _prefixes(package: str) -> Iterator[str]:
    while package:
        yield package
        package = package.rpartition("/")[0]


def _released(version: str) -> str:
    return "" if version == "(devel)" else version


_VERSIONED = re.compile(r"(?P<path>.+?)@(?P<version>v[^/]+)(?:/.*)?")
_DOMAIN = re.compile(r"(?:^|/)(?P<path>[^/]+\.[^/]+(?:/.*)?)$")


def _source(directory: str) -> Source:
    absolute = directory.startswith("/")
    match = _VERSIONED.fullmatch(directory)
    if not absolute:
        if match:
            return Source(directory, "trimmed", "", match["path"], match["version"])
        return Source(directory, "trimmed")
    if "/vendor/" in directory:
        return Source(directory, "vendor", directory.partition("/vendor/")[0])
    if match:
        root, path = _split_cache(match["path"])
        return Source(directory, "cache", root, _unescaped(path), _unescaped(match["version"]))
    return Source(directory, "checkout")


def _split_cache(path: str) -> tuple[str, str]:
    """The module cache and the module's path below it: the cache is `…/pkg/mod` unless GOMODCACHE says otherwise."""
    root, found, module = path.partition("/pkg/mod/")
    if found:
        return root + "/pkg/mod", module
    match = _DOMAIN.search(path)
    return (path[: match.start("path") - 1], match["path"]) if match else ("", path)


def _escaped(path: str) -> str:
    """`!acme` for `Acme` (`module.EscapePath`)."""
    return re.sub(r"[A-Z]", lambda match: f"!{match[0].lower()}", path)


def _unescaped(path: str) -> str:
    """The reverse of `_escaped`."""
    return re.sub(r"!([a-z])", lambda match: match[1].upper(), path)
