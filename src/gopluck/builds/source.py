"""Where a package comes from in one build: the module version, and the source directory, taken apart, as the compiler
was given it (`cmd/go/internal/work/gc.go`, `trimpath`).
"""

from __future__ import annotations

import re
from functools import lru_cache

from gopluck.facts.model import ELSEWHERE
from gopluck.golang import importpath
from gopluck.golang.records import Module
from gopluck.record import NamedTuple

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
        return self.replace.path, released(self.replace.version)

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
    def checksum(self) -> str:
        """That of the code which is really compiled; empty where nothing pins it."""
        return self.sum if self.replace is None else self.replace.sum

    @property
    def described(self) -> str:
        """`v1.2.0`, `v1.2.0 => ../fork`, or `a checkout`."""
        own = self.version or "a checkout"
        if self.replace is None:
            return own
        path, version = self.effective
        return f"{own} => {path} {version}".rstrip()


def released(version: str) -> str:
    """A module's version; empty for a checkout."""
    return "" if version == "(devel)" else version


class Source(NamedTuple):
    """A package's source directory, taken apart."""

    directory: str
    kind: str
    """`trimmed`, `vendor`, `cache`, or `checkout`."""
    root: str = ""
    """The module cache, or the folder that has the vendor folder."""
    module: str = ""
    version: str = ""


def is_std(package: str) -> bool:
    """Whether a path can be one of the standard library: its first element has no dot (`cmd/go`, `search`)."""
    return "." not in package.partition("/")[0] and not package.startswith(("command-line-arguments", "plugin/unnamed"))


_VERSIONED = r"(?s)(?P<path>.+?)@(?P<version>v[^/]+)(?:/.*)?"
_DOMAIN = r"(?s)(?:^|/)(?P<path>[^/]+\.[^/]+(?:/.*)?)$"


@lru_cache(maxsize=1 << 14)
def source_of(directory: str) -> Source:
    """A directory taken apart, as the compiler was given it."""
    absolute = directory.startswith("/")
    match = re.fullmatch(_VERSIONED, directory) if "@v" in directory else None
    if not absolute:
        if match:
            return Source(directory, "trimmed", "", match["path"], match["version"])
        return Source(directory, "trimmed")
    if "/vendor/" in directory:
        return Source(directory, "vendor", directory.partition("/vendor/")[0])
    if match:
        root, path = _split_cache(match["path"])
        return Source(directory, "cache", root, importpath.unescape(path), importpath.unescape(match["version"]))
    return Source(directory, "checkout")


def _split_cache(path: str) -> tuple[str, str]:
    """The module cache and the module's path below it: the cache is `…/pkg/mod` unless GOMODCACHE says otherwise."""
    root, found, module = path.partition("/pkg/mod/")
    if found:
        return root + "/pkg/mod", module
    match = re.search(_DOMAIN, path)
    return (path[: match.start("path") - 1], match["path"]) if match else ("", path)
