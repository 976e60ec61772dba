"""Where a package was compiled: its source directory taken apart (`cmd/go/internal/work/gc.go`, `trimpath`)."""

from __future__ import annotations

import re
from functools import lru_cache

from gopluck.golang import importpath
from gopluck.record import NamedTuple

STD = "std"
"""What stands for the standard library where a module is named."""


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
