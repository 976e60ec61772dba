"""The host's own module in a project: a checkout has no version that could be required, so its folder stands in.

Without -trimpath a package's path is that very folder: a replacement gives it. With -trimpath it is the bare import
path, which only a main module has: a workspace makes it one. A host that was installed by its version is required.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable
from pathlib import Path

from gopluck.builds.build import Build
from gopluck.errors import GopluckError, Usage
from gopluck.golang.release import minor
from gopluck.record import NamedTuple
from gopluck.remedy import grammar

OPTION = "--host-source"

WORKSPACES = (1, 18)
"""The release that brought go.work."""


class Checkout(NamedTuple):
    """The folder of the host's main module, and its go.mod."""

    folder: str
    """As it was given."""
    module: str
    go: str
    """Its go line; empty for none."""


class Own(NamedTuple):
    """How a project gets the host's own module."""

    path: str
    package: str
    """The first package of it that the plugin names; empty where it names none."""
    workspace: bool
    """Whether it has to be part of a workspace, too."""
    folder: str = ""
    """As go.mod and go.work name it; empty where it has to be filled in."""
    root: str = ""
    """Where the host was built, when that counts and is recorded."""
    commit: str = ""
    go: str = ""
    """The go line of its go.mod."""
    work: str = ""
    """Where the project lies in an image, with the module beside it; empty for a path that cannot stand there."""
    place: str = ""
    """Where the module then is."""
    within: bool = False
    """Whether the project lies in that checkout."""

    @property
    def lacking(self) -> str:
        """What has to be filled in, in a sentence; empty where nothing has."""
        if self.folder:
            return ""
        where = f" in {self.root}" if self.root else ""
        commit = f", at commit {self.commit}" if self.commit else ""
        return (
            f"{self.package} is a package of the host's own module {self.path}, which has no version: the project "
            f"builds only with the checkout that the host was built from{where}{commit}."
        )


def own_module(host: Build, packages: Iterable[str], checkout: Checkout | None, folder: str) -> Own | None:
    """How a project in `folder`, which names `packages`, gets the host's own module; None where it needs nothing.

    Raises `Usage` for a checkout that is not the host's, `GopluckError` where none helps.
    """
    main = host.modules.get(host.main_module or "")
    named = next((path for path in packages if main is not None and host.use(path) == main), "")
    if checkout is None and (main is None or main.sum or not named or not grammar.module_path(main.path)):
        return None
    if main is None or not grammar.module_path(main.path):
        raise Usage(f"{OPTION}: the host does not tell its main module")
    commit = host.setting("vcs.revision") or ""
    root = host.root or ""
    own = Own(
        main.path,
        named,
        bool(host.trimmed),
        root=root if grammar.directory(root) else "",
        commit=commit if grammar.commit(commit) else "",
    )
    if checkout is None:
        return own
    if main.sum:
        raise Usage(f"{OPTION}: the host was installed as {main.path} {main.version}, which go.mod can require")
    if checkout.module != main.path:
        raise Usage(f"{OPTION} {checkout.folder}: is module {checkout.module}, and the host's is {main.path}")
    if own.workspace and (minor(host.release) or WORKSPACES) < WORKSPACES:
        raise GopluckError(f"{host.release} has no workspaces, so no other module gets at a package of {main.path}")
    line = checkout.go if grammar.go_line(checkout.go) else ""
    return _placed(own._replace(go=line), checkout.folder, folder)


def _placed(own: Own, source: str, folder: str) -> Own:
    """With the folder that go.mod and go.work name."""
    here, there = os.path.realpath(folder), os.path.realpath(source)
    given = posixpath.normpath(Path(source).absolute())
    if here == there:
        raise Usage(f"{OPTION} {source}: is DIR itself; a plugin needs a folder of its own")
    if own.workspace:
        below = os.path.relpath(there, here)
        named = there if Path(source).is_absolute() else below if below.startswith("..") else f"./{below}"
    else:
        if own.root and given != own.root and there != os.path.realpath(own.root):
            raise Usage(
                f"{OPTION} {source}: the host was built in {own.root}, and without -trimpath that path counts: "
                "another checkout does not match"
            )
        named = own.root or given
    if not grammar.directory(named) and not grammar.folder(named):
        raise Usage(f"{OPTION} {source}: holds a character that go.mod cannot hold")
    above = posixpath.commonpath([here, there])
    if named.startswith("/"):
        work, place = "/plugin" if named == "/src" or named.startswith("/src/") else "/src", named
    else:
        work, place = (posixpath.normpath(f"/src/{posixpath.relpath(one, above)}") for one in (here, there))
    if not re.fullmatch(r"[\w@+./-]+", work + place, re.ASCII):
        work = place = ""
    return own._replace(folder=named, work=work, place=place, within=above == there)


def quoted(folder: str) -> str:
    """A folder in go.mod and go.work (`modfile.AutoQuote`): no quote and no backslash fits its grammar."""
    return folder if re.fullmatch(r"[\w@%+=:~./-]+", folder) else f'"{folder}"'
