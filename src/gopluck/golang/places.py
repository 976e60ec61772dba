"""The source directory of one package: where its module says that it lies, as far as the file table has that directory.

The file table of pclntab names the files of inlined functions too (`ld/pcln.go`), so a package with any code has its
directory in it. Where a package lies follows from its module (`cmd/go/internal/modload`, `module.EscapePath`): the
standard library below GOROOT, the main module below its root, others in the module cache, a vendor folder, or the
folder that replaces them. Where that leaves a choice, or none, the functions of the package tell (`sources.py`).
"""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from operator import methodcaller

from gopluck.elf.image import Image
from gopluck.golang import importpath
from gopluck.golang.functab import directories
from gopluck.golang.pclntab import Pclntab
from gopluck.golang.records import BuildInfo, Module
from gopluck.golang.release import STD
from gopluck.golang.sources import directories_by_functions, directory_of_main

_ELSEWHERE = (importpath.FROZEN, importpath.UNNAMED)
"""Packages that only look like those of the standard library: of a frozen FIPS module, and the main package of a plugin
that is made of files."""


class Places:
    """The directories of one file's packages. Damage gives fewer packages, never an error."""

    def __init__(
        self, image: Image, tables: Sequence[Pclntab], info: BuildInfo | None = None, pluginpath: str = ""
    ) -> None:
        self._image = image
        self._tables = tables
        self._info = info
        self._pluginpath = pluginpath
        self._modules = {dep.path: dep for dep in info.deps} if info else {}
        self._roots = importpath.Roots(self._modules)

    def of(self, package: str) -> str:
        """The directory of a package; empty when it is not known. `main` is a program's main package."""
        if package in self._main_names:
            return self._home or self._by_functions.get(package, "")
        found = self._in_main_module(package) or self._in_std(package)
        if found:
            return found
        if package.partition("/")[0] in STD and not package.startswith(_ELSEWHERE):
            # Its directory would be in the table: it has no code here.
            return ""
        places = self._of_module(package)
        if len(places) == 1:
            return places[0]
        return self._by_functions.get(package) or self._by_end(package)

    def packages(self) -> frozenset[str]:
        """The packages that have functions, whether or not the file has a hash of them."""
        return frozenset(self._by_functions)

    @cached_property
    def _directories(self) -> frozenset[str]:
        return frozenset().union(*(directories(self._image, table) for table in self._tables))

    @cached_property
    def _by_last(self) -> Mapping[str, list[str]]:
        """The directories by their last element."""
        out: defaultdict[str, list[str]] = defaultdict(list)
        for directory in sorted(self._directories):
            out[directory.rpartition("/")[2]].append(directory)
        return out

    @cached_property
    def _by_functions(self) -> Mapping[str, str]:
        return directories_by_functions(self._image, self._tables)

    # -- the standard library, and the main module -------------------------------------------------------------------

    @cached_property
    def _std(self) -> str | None:
        """What stands before the paths of the standard library; None where it is not told."""
        found = [*filter(methodcaller("endswith", "/src/runtime"), self._directories)]
        found += {"runtime"} & self._directories
        return found[0].removesuffix("runtime") if len(found) == 1 else None

    def _in_std(self, package: str) -> str:
        if self._std is None or "." in package.partition("/")[0]:
            return ""
        return place if (place := self._std + package) in self._directories else ""

    @cached_property
    def _main_names(self) -> frozenset[str]:
        return frozenset(filter(None, ("main", self._pluginpath, self._info.path if self._info else "")))

    @cached_property
    def _home(self) -> str:
        """The directory of the main package."""
        found = (directory_of_main(self._image, table, self._main_names) for table in self._tables)
        return next(filter(None, found), "")

    @cached_property
    def _root(self) -> str:
        """The directory of the main module, as the main package's tells it; empty when it does not."""
        info = self._info
        module = info.main.path if info and info.main else ""
        if info is None or not module or not f"{info.path}/".startswith(f"{module}/"):
            return ""
        below = info.path[len(module) :]
        return self._home[: len(self._home) - len(below)] if self._home.endswith(below) else ""

    def _in_main_module(self, package: str) -> str:
        module = self._info.main.path if self._info and self._info.main else ""
        if not module or not f"{package}/".startswith(f"{module}/") or not self._root:
            return ""
        return place if (place := self._root + package[len(module) :]) in self._directories else ""

    # -- other modules -------------------------------------------------------------------------------------------------

    def _of_module(self, package: str) -> list[str]:
        """The directories of the table in which a package of its module can lie."""
        module = self._modules.get(self._roots.longest(package))
        if module is None:
            return []
        return list(
            dict.fromkeys(place for end, whole in self._ends(module, package) for place in self._at(end, whole))
        )

    def _ends(self, module: Module, package: str) -> Iterator[tuple[str, bool]]:
        """(directory or its end, whether it is whole) of each place that a package can have."""
        below = package[len(module.path) :]
        yield f"{module.path}@{module.version}{below}", True  # -trimpath writes the required version
        yield f"/vendor/{package}", False
        used = module.replace or module
        if used.version:
            yield f"/{importpath.escape(used.path)}@{importpath.escape(used.version)}{below}", False
        elif used.path.startswith("/"):
            yield used.path + below, True
        elif self._root:
            yield posixpath.normpath(posixpath.join(self._root, used.path)) + below, True

    def _at(self, end: str, whole: bool) -> Iterator[str]:
        for directory in self._by_last.get(end.rpartition("/")[2], ()):
            if (directory == end if whole else directory.endswith(end)) and not self._is_std_vendor(directory):
                yield directory

    def _is_std_vendor(self, directory: str) -> bool:
        """Whether the standard library has it from others (`vendor/golang.org/x/net/idna`): no module's package is."""
        return self._std is not None and directory.startswith(f"{self._std}vendor/")

    def _by_end(self, package: str) -> str:
        """The only directory that ends in the whole path of a package whose functions were all inlined."""
        taken = frozenset(self._by_functions.values())
        last = package.rpartition("/")[2]
        named = [*self._by_last.get(last, ()), *(d for d in self._directories if f"/{last}@" in d or "!" in d)]
        found = {d for d in named if d not in taken and f"/{_plain(d)}".endswith(f"/{package}")}
        found = {d for d in found if not self._is_std_vendor(d)}
        return found.pop() if len(found) == 1 else ""


def _plain(directory: str) -> str:
    """A directory of the module cache as a package path: without `@version`, with upper case."""
    parts = (part.partition("@")[0] for part in directory.split("/"))
    return importpath.unescape("/".join(parts))
