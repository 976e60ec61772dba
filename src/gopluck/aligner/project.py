"""The module in which a plugin's main package lies: its go.mod, and the go.work that counts for it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gopluck.aligner import gomod
from gopluck.aligner.gomod import GoMod, GoWork
from gopluck.builds.build import Build
from gopluck.elf.image import open_regular
from gopluck.errors import UnreadableFile, Usage
from gopluck.record import NamedTuple
from gopluck.result.align import Alignment
from gopluck.result.verdict import Fit

MAX_MOD = 1 << 20
"""Bytes of a go.mod or go.work that are read at the most (that of Kubernetes has 12 KB)."""

MAX_LIST = 4 << 20
"""Bytes of a go.sum or vendor/modules.txt that are read at the most (those of Kubernetes have 100 KB)."""

MAX_SOURCE = 2 << 20
"""Bytes of a Go file that are read at the most."""


class Project(NamedTuple):
    """The module in which the plugin's main package lies."""

    folder: str
    """As it was given."""
    absolute: str
    root: str
    """The folder of its go.mod."""
    text: str
    """The go.mod."""
    mod: GoMod
    workspace: str
    """The path of the go.work that counts; empty for none."""
    work: GoWork | None

    @property
    def go_mod(self) -> str:
        """The path of the go.mod."""
        return posixpath.join(self.root, "go.mod")

    @classmethod
    def read(cls, folder: str, environ: Mapping[str, str]) -> Project:
        """Find go.mod and go.work as the go command does. Raises `Usage`, `MalformedFile`."""
        if not Path(folder).is_dir():
            raise Usage(f"{folder}: is not a directory: DIR is the folder of the plugin's main package")
        absolute = str(Path(folder).resolve())
        root = _above(absolute, "go.mod")
        if root is None:
            raise Usage(f"{folder}: there is no go.mod in it or above it")
        if not any(one.suffix == ".go" for one in Path(absolute).iterdir()):
            raise Usage(f"{folder}: has no Go files: DIR is the folder of the plugin's main package")
        path = posixpath.join(root, "go.mod")
        text = _text(path)
        work = environ.get("GOWORK", "")
        if work in ("", "auto"):
            above = _above(absolute, "go.work")
            work = posixpath.join(above, "go.work") if above else ""
        return cls(folder, absolute, root, text, gomod.parse(text, path), "", None).within(work)

    def alignment(self, host: Build, verdict: Fit, basis: str, checked: str, **more: Any) -> Alignment:
        """The answer about this module and a host, with more fields."""
        own = self.folder, self.go_mod, self.mod.module
        texts = {"before": self.text, "after": self.text} | more
        return Alignment(host.binary.path, host.release, *own, verdict, basis, checked, **texts)

    def within(self, workspace: str) -> Project:
        """The same in another workspace (a path, `off`, or empty). Raises `Usage`, `MalformedFile`."""
        if workspace in ("", "off"):
            return self._replace(workspace="", work=None)
        if workspace == self.workspace:
            return self
        return self._replace(workspace=workspace, work=gomod.parse_work(_text(workspace), workspace))


def _text(path: str) -> str:
    text = text_of(path, MAX_MOD)
    if text is None:
        raise Usage(f"{path}: cannot be read: it is not a file, or larger than {MAX_MOD >> 20} MiB")
    return text


def text_of(path: str, most: int) -> str | None:
    """A file of the project; None for what is no regular file, cannot be read, or has more than so many bytes."""
    try:
        fd, size = open_regular(path)
    except UnreadableFile:
        return None
    with open(fd, "rb") as file:
        return file.read(size).decode("utf-8", "surrogateescape") if size <= most else None


def _above(folder: str, name: str) -> str | None:
    """The nearest folder, going up, that has a file of this name."""
    for one in (Path(folder), *Path(folder).parents):
        if (one / name).is_file():
            return str(one)
    return None


def plugin_name(project: Project) -> str:
    """How the plugin's file is called: as its folder in the module, or as the module."""
    module = re.sub(r"/v\d+$", "", project.mod.module).rpartition("/")[2]
    below = project.absolute.removeprefix(project.root).strip("/")
    return (below.rpartition("/")[2] or module) + ".so"
