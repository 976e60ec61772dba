"""A `Binary` seen as a build: how it was made, as far as build info, source directories and DWARF tell."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain

from gopluck.builds.flags import CPU, DWARF_FLAGS, INSTRUMENTS, matches, mattering, split
from gopluck.builds.source import STD, Source, Use, is_std, released, source_of
from gopluck.facts.details import all_functions, ask_packages, names, some_functions
from gopluck.facts.model import Binary
from gopluck.golang import importpath
from gopluck.golang.importpath import Roots
from gopluck.golang.records import FunctionCode
from gopluck.golang.release import before


class Build:
    """One file as a build. `name` is how messages call it: `the host`, `the plugin`, or a path."""

    def __init__(self, binary: Binary, name: str) -> None:
        self.binary = binary
        self.name = name
        self.info = binary.go.build_info if binary.go else None
        """The build info, where there is one."""
        self.sources: Mapping[str, str] = binary.go.sources if binary.go else {}
        """The source directory of each package that has functions."""
        self.has_settings = bool(self.info and self.info.settings)
        """Whether the build settings are recorded (since Go 1.18), so that a missing one was not set."""
        self._uses: dict[str, Use | None] = {}

    def setting(self, key: str) -> str | None:
        """A build setting; empty when it was not set, None when that is not recorded."""
        if self.info is None or not self.has_settings or key in self.info.dropped:
            return None
        return self._settings.get(key, "")

    @cached_property
    def _settings(self) -> Mapping[str, str]:
        """The first value of each setting."""
        return dict(reversed(self.info.settings)) if self.info else {}

    # -- the toolchain -------------------------------------------------------------------------------------------

    @property
    def release(self) -> str:
        """`go1.25.5`, without experiments; empty when it is not recorded."""
        return _version(self.binary)[0] or (self.binary.go.compiler if self.binary.go else "")

    @property
    def layout(self) -> str:
        """The name of its module layout: the release that introduced it; empty when it is not known."""
        go = self.binary.go
        return go.moduledata.layout if go and go.moduledata else ""

    @property
    def built_with(self) -> str:
        """The release in words; by the module layout where it is not recorded (before Go 1.21, without DWARF)."""
        if self.release or not self.layout:
            return self.release or "a release that is not recorded"
        return f"an unrecorded release (module layout {self.layout})"

    @cached_property
    def experiments(self) -> frozenset[str] | None:
        """The GOEXPERIMENT names by which it deviates from its release.

        Since Go 1.17 the linker writes them behind the release (`cmd/link/internal/ld/main.go`). The setting is what
        was typed: `noarenas` deviates from nothing.
        """
        version, suffix = _version(self.binary)
        recorded = self.setting("GOEXPERIMENT")
        if not version and not suffix and recorded is None:
            return None
        named = suffix or ("" if version and not before(version, (1, 17)) else recorded or "")
        return frozenset(filter(None, named.replace(",", " ").split(" ")))

    @cached_property
    def packages(self) -> frozenset[str]:
        """Every package that the file has a hash of, or expects of others."""
        return self._expected.union(self.link_hashes)

    @property
    def link_hashes(self) -> Mapping[str, str]:
        """The hash of each package that the file defines, in link order."""
        return self.binary.go.link_hashes if self.binary.go else {}

    def has(self, package: str) -> bool:
        """Whether a package is linked in, as far as the file tells."""
        go = self.binary.go
        if go is None or package in go.link_hashes or package in self._expected:
            return go is not None
        return "runtime" not in go.link_hashes and package in go.sources

    @cached_property
    def _expected(self) -> frozenset[str]:
        go = self.binary.go
        return frozenset(package.path for package in go.pkghashes) if go else frozenset()

    # -- where the sources were ----------------------------------------------------------------------------------

    @cached_property
    def trimmed(self) -> bool | None:
        """Whether it was built with -trimpath: its directories tell, else its settings; None when nothing does."""
        hidden = self.info is not None and "-gcflags" in self.info.dropped  # it names a directory
        if hidden or any(word.startswith("-trimpath") for word in (self.gcflags or (None, ()))[1]):
            # The compiler's own flag made the directories.
            return self.setting("-trimpath") == "true"
        if (runtime := self.directory("runtime")) is not None:
            return not runtime.startswith("/")
        setting = self.setting("-trimpath")
        if setting is not None:
            return setting == "true"
        directory = next((directory for path, directory in self.sources.items() if is_std(path)), None)
        return None if directory is None else not directory.startswith("/")

    def directory(self, package: str) -> str | None:
        """The source directory of a package, where it is recorded."""
        return self.sources.get(package) or None

    def source(self, package: str, cached: bool = False) -> Source | None:
        """The source directory of a package, taken apart: as recorded, else as it follows from its module.

        `cached`: it is known from elsewhere that modules came from the module cache, not from a vendor folder.
        """
        directory = self.directory(package) or self._derived(package, False if cached else self.vendored)
        return None if directory is None else source_of(directory)

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
            return self.replacement(package)
        return f"{self.cache}/{importpath.escape(path)}@{importpath.escape(version)}{below}" if self.cache else None

    def replacement(self, package: str) -> str | None:
        """Where a package lies in the folder that replaces its module; None for none, and where that is not known."""
        use = self.use(package)
        folder = use.replace.path if use is not None and use.replace is not None and use.is_folder else ""
        if use is None or not folder or (not folder.startswith("/") and not self.root):
            return None
        return posixpath.normpath(posixpath.join(self.root or "/", folder)) + package.removeprefix(use.path)

    def _placed(self, *, main: bool) -> Iterator[tuple[str, str]]:
        """(package, directory) of the packages of the main module, or of the other modules; of all without a list.

        A host has a thousand packages: the directories of the others are not looked up.
        """
        alone = self.main_module is not None and len(self.modules) == 1
        if alone and not main and self.setting("GOFIPS140") in ("", "off", "latest"):
            return
        packages = names(self.sources)
        for package in packages:
            path = self._module_paths.longest(package)
            if path:
                wanted = self.modules[path].is_main == main
            else:
                wanted = package == "main" if main else package.startswith(importpath.FROZEN)
            if self.modules and not wanted:
                continue
            if directory := self.directory(package):
                yield package, directory

    @cached_property
    def root(self) -> str | None:
        """The directory of the main module, from a package of it whose directory is recorded."""
        if self.trimmed:
            return None
        # The names of a host's packages are read only where its main package does not tell.
        first = ((name, directory) for name in ("main",) if (directory := self.directory(name)))
        for name, directory in chain(first, self._placed(main=True)):
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
        if self.trimmed:
            return None
        # A main module that was installed by its version lies in the cache, too: then it has a checksum.
        installed = self.info is None or self.info.main is None or bool(self.info.main.sum)
        places = chain(self._placed(main=False), self._placed(main=True) if installed else ())
        found = (source_of(directory) for _, directory in places if directory.startswith("/"))
        return next((source.root for source in found if source.kind == "cache" and source.root), None)

    @cached_property
    def vendored(self) -> bool | None:
        """Whether it was built from a vendor folder, by the directories of its dependencies; else True where no module
        has a checksum. None: not known, since the checksum is there when the module lies in the cache, too
        (`modfetch.Sum`).
        """
        for package, directory in () if self.trimmed else self._placed(main=False):
            if not is_std(package) and "/vendor/" in directory:
                return True
            use = self.use(package) if directory.startswith("/") else None
            if use is not None and not use.is_main:
                return False
        deps = [dep for dep in self.info.deps if dep.replace is None] if self.info else []
        return True if deps and all(not dep.sum and released(dep.version) for dep in deps) else None

    # -- modules ---------------------------------------------------------------------------------------------------

    @cached_property
    def modules(self) -> Mapping[str, Use]:
        """The modules that the build info lists, by path."""
        info = self.info
        if info is None:
            return {}
        out = {dep.path: Use(dep.path, released(dep.version), dep.replace, False, dep.sum) for dep in info.deps}
        if info.main is not None:
            main = info.main
            out[main.path] = Use(main.path, released(main.version), main.replace, True, main.sum)
        return out

    @property
    def requires_all(self) -> bool:
        """Whether its go.mod is known to require each of these modules: from `go 1.17` on it has to, outside of a
        workspace. DefaultGODEBUG tells (since Go 1.21): it has `panicnil=1` where the go line is below 1.21.
        """
        defaults = self.setting("DefaultGODEBUG")
        if defaults is None or before(self.release, (1, 21)):
            return False
        return "panicnil=1" not in defaults and all(
            use.version or use.replace or use.is_main for use in self.modules.values()
        )

    @cached_property
    def _module_paths(self) -> Roots:
        return Roots(self.modules)

    def use(self, package: str) -> Use | None:
        """The module of a package: the longest path that it lies in; by its directory when there is no list."""
        if package not in self._uses:
            self._uses[package] = self._use(package)
        return self._uses[package]

    def _use(self, package: str) -> Use | None:
        if path := self._module_paths.longest(package):
            return self.modules[path]
        directory = self.directory(package)
        found = source_of(directory) if directory is not None else None
        return Use(found.module, found.version) if found is not None and found.module else None

    def is_main(self, package: str) -> bool:
        """Whether it is the main package itself, which nobody shares."""
        return package == "main" or bool(self.info and package == self.info.path)

    @cached_property
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
        return None if value is None else split(value)

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
        return matches(pattern, package)

    def flags_by_settings(self, package: str) -> frozenset[str] | None:
        """The flags that `-gcflags` gives to a package and that can change its hash."""
        if self.gcflags is None:
            return None
        return self._weighed_flags if self.matches(self.gcflags[0], package) else frozenset()

    @cached_property
    def _weighed_flags(self) -> frozenset[str]:
        """The words of `-gcflags` that can change a hash."""
        return mattering(self.gcflags[1]) if self.gcflags else frozenset()

    def flags_by_dwarf(self, package: str) -> frozenset[str] | None:
        """Those that DWARF records of a package, among the ones that it can record.

        Where the settings say that no -gcflags were given there are none. Of several -gcflags they have the last only
        (`load.PerPackageFlag`): then DWARF can know more.
        """
        if self.setting("-gcflags") == "":
            return frozenset()
        flags = self.binary.go.compile_flags if self.binary.go else None
        if flags is None or package not in flags:
            return None
        return mattering(word for word in flags[package].split() if f"-{word.lstrip('-')}" in DWARF_FLAGS)

    @cached_property
    def instruments(self) -> frozenset[str]:
        """`-race`, `-msan`, `-asan`, `-cover`: those that the settings name or whose runtime package is linked in."""
        by_setting = {flag for flag in INSTRUMENTS if self.setting(flag) == "true"}
        by_package = {flag for flag, package in INSTRUMENTS.items() if self.has(package)}
        return frozenset(by_setting | by_package | ({"-cover"} if self.covered else set()))

    def code(self, package: str) -> Mapping[str, FunctionCode]:
        """The functions of a package, where they are known."""
        code = self.binary.go.code if self.binary.go else None
        return {} if code is None else code.get(package, {})

    def ask_code(self, packages: Sequence[str]) -> None:
        """Say of which packages all functions are going to be asked for."""
        if self.binary.go is not None and self.binary.go.code is not None:
            ask_packages(self.binary.go.code, packages)

    def shared_code(self, package: str, other: Build) -> Iterator[tuple[str, FunctionCode, FunctionCode]]:
        """Name, its own and the other's, of each function of a package that both have, by name.

        Those of the other are gone through, its own are looked up: a host has many.
        """
        theirs = all_functions(other.code(package))
        own = some_functions(self.code(package), theirs)
        for name in sorted(theirs):
            if (mine := own.get(name)) is not None:
                yield name, mine, theirs[name]

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
        tags = value.replace(",", " ").split(" ")
        return frozenset(tag for tag in tags if tag and not tag.startswith("fips140v"))

    @cached_property
    def fips(self) -> str:
        """The GOFIPS140 snapshot (`v1.0.0-c2097c7c`); empty for the toolchain's own code."""
        value = self.setting("GOFIPS140")
        if value is not None and (value in ("", "off", "latest") or value.startswith("v")):
            return value if value.startswith("v") else ""
        # Where the setting is not recorded, or has a name such as `certified`, the packages tell.
        found = (re.match(rf"{importpath.FROZEN}[0-9.]+[^/]*", package) for package in self.packages)
        return next((match[0].rpartition("/")[2] for match in found if match), "")


def levels(one: Build, two: Build) -> Iterator[tuple[str, str, str]]:
    """Each level of the processor that both were built for: the variable (`CPU`), and its two values."""
    for variable in CPU:
        if (first := one.setting(variable)) and (second := two.setting(variable)):
            yield variable, first, second


def _version(binary: Binary) -> tuple[str, str]:
    """Release and experiments of `go1.24.11 X:noswissmap` (`-X:` since 1.26)."""
    version = binary.go.version if binary.go else ""
    release, _, experiments = version.replace("-X:", " X:", 1).partition(" X:")
    return release, experiments
