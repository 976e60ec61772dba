"""The module in which a plugin's main package lies: its go.mod, and the go.work that counts for it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from gopluck.errors import Usage
from gopluck.remedy import gomod
from gopluck.remedy.gomod import GoMod, GoWork


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
            raise Usage(f"{folder}: is no directory: DIR is the folder of the plugin's main package")
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

    def within(self, workspace: str) -> Project:
        """The same in another workspace (a path, `off`, or empty). Raises `Usage`, `MalformedFile`."""
        if workspace in ("", "off"):
            return self._replace(workspace="", work=None)
        if workspace == self.workspace:
            return self
        return self._replace(workspace=workspace, work=gomod.parse_work(_text(workspace), workspace))


def _text(path: str) -> str:
    try:
        return Path(path).read_bytes().decode("utf-8", "surrogateescape")
    except OSError as error:
        raise Usage(f"{path}: cannot be read: {error.strerror}") from None


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
