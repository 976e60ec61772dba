"""The facts of a host without the directories of the machine that built it, for a manifest that is published."""

from __future__ import annotations

import re

from gopluck.facts.model import ELSEWHERE, Go
from gopluck.golang.importpath import Roots
from gopluck.golang.records import BuildInfo, Module

GOROOT = "/GOROOT/src/"
"""Stands for the directory of the standard library where paths are dropped: which one it was changes no hash."""

_ABSOLUTE = re.compile(r"(?<![\w.@~/-])/|(?<![\w./])-[A-Za-z_]+/")
"""Where an absolute path begins in a setting: not inside an import path, nor after `.` or `..`."""


def module_paths(info: BuildInfo | None) -> Roots:
    """The modules, to find the one that holds a package: none holds one of the standard library."""
    modules = [*info.deps, *([info.main] if info.main else [])] if info else []
    return Roots(module.path for module in modules)


def without_paths(go: Go) -> Go:
    """The facts of a Go binary without directories of the machine that built it.

    What says only that there was one stays: whether it was built with -trimpath, and which module is replaced by a
    folder. Nothing in it can be taken for another directory than it was.
    """
    info = go.build_info
    flags = go.compile_flags
    modules = module_paths(info)
    return go._replace(
        build_info=_info_without_paths(info) if info else None,
        sources={
            package: directory if not directory.startswith("/") else GOROOT + package
            for package, directory in go.sources.items()
            if not directory.startswith("/") or _in_goroot(package, directory, modules)
        },
        compile_flags={
            package: " ".join(word for word in text.split(" ") if "/" not in word) for package, text in flags.items()
        }
        if flags is not None
        else None,
    )


def _in_goroot(package: str, directory: str, modules: Roots) -> bool:
    """Whether this is the place of a package of the standard library: no module holds it, and it lies in `…/src/P`."""
    return not modules.longest(package) and directory.endswith(f"/src/{package}")


def _info_without_paths(info: BuildInfo) -> BuildInfo:
    dropped = frozenset(key for key, value in info.settings if _ABSOLUTE.search(value))
    return info._replace(
        main=_replaced_elsewhere(info.main) if info.main else None,
        deps=tuple(map(_replaced_elsewhere, info.deps)),
        settings=tuple((key, value) for key, value in info.settings if key not in dropped),
        dropped=info.dropped | dropped,
    )


def _replaced_elsewhere(module: Module) -> Module:
    if module.replace is None or not module.replace.path.startswith("/"):
        return module
    folder = module.replace.path.rstrip("/").rpartition("/")[2]
    return module._replace(replace=module.replace._replace(path=ELSEWHERE + folder))
