"""Paths in another root directory, as a process sees them behind chroot(2) (`path_resolution(7)`): nothing outside.

`Root`: what the search for libraries asks of one; `Directory`: one that is unpacked on this machine.
"""

# Paths under a root are text here, with links resolved by hand.
# ruff: noqa: PTH100, PTH112, PTH115

from __future__ import annotations

import os
import stat
from typing import Protocol

from gopluck.errors import Usage
from gopluck.facts.model import Binary
from gopluck.facts.read import read

MAX_PATH = 4096
"""`PATH_MAX`."""

MAX_LINKS = 40
"""`MAXSYMLINKS`."""


def resolved(root: str, path: str) -> str | None:
    """Where a path of a process whose root is `root` leads to, as a path of this machine; None when nothing is there.

    Symbolic links count from the root when they are absolute, and `..` does not lead out of it. A relative path counts
    from the root, too. The result has no link in it, and is `root` or below.
    """
    if not path or len(path) >= MAX_PATH:
        return None
    parts, at, links, folder = path.split("/")[::-1], "", 0, True
    while parts:
        part = parts.pop()
        if not folder:
            return None
        if part in ("", "."):
            continue
        if part == "..":
            at = at.rpartition("/")[0]
            continue
        try:
            mode = os.lstat(f"{root}{at}/{part}").st_mode
            target = os.readlink(f"{root}{at}/{part}") if stat.S_ISLNK(mode) else ""
        except (OSError, ValueError):
            return None
        if not target:
            at, folder = f"{at}/{part}", stat.S_ISDIR(mode)
            continue
        links += 1
        if links > MAX_LINKS:
            return None
        at = "" if target.startswith("/") else at
        parts.extend(target.split("/")[::-1])
    return root + at or "/"


def below(root: str, path: str) -> str | None:
    """The path within `root` of a path of this machine as somebody writes it; None when it does not lead into it.

    `root` has no links in it. Those behind it are not followed.
    """
    head, rest = os.path.abspath(path), ""
    while True:
        if os.path.realpath(head) == root:
            return rest or "/"
        above, _, name = head.rpartition("/")
        if not name:
            return None
        head, rest = above or "/", f"/{name}{rest}"


class Root(Protocol):
    """The root directory of a process. Its methods raise `GopluckError` where it cannot be read."""

    where: str
    """Where its files are, for people: `under /srv/root`."""

    def resolved(self, path: str) -> str | None:
        """The path without links that a path of the process leads to; None when nothing is there."""
        ...

    def file(self, path: str) -> str | None:
        """Where the content of the file at a path is on this machine; None when there is none."""
        ...

    def folder(self, path: str) -> str | None:
        """The folder that a path leads to, under a name that tells it from others; None when there is none."""
        ...

    def read(self, path: str) -> Binary:
        """The facts of a host or a plugin that somebody names, as the process sees it."""
        ...


class Directory:
    """A container's root, unpacked. `root`: without links and without a slash at its end."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.where = f"under {root}"

    def resolved(self, path: str) -> str | None:
        """See `Root.resolved`."""
        found = self.file(path)
        return None if found is None else found[len(self.root) :]

    def file(self, path: str) -> str | None:
        """See `Root.file`; a folder is given, too."""
        return resolved(self.root, path)

    def folder(self, path: str) -> str | None:
        """See `Root.folder`."""
        local = self.file(f"{path}/")
        return os.path.realpath(local) if local is not None and os.path.isdir(local) else None

    def read(self, path: str) -> Binary:
        """See `Root.read`: a file below the root is read where its links lead to in there, and placed there.

        Raises `Usage` for a link that leads to nothing in there.
        """
        binary = read(path, self._local(path))
        at = binary.identity.realpath
        if not at.startswith(self.root + "/"):
            return binary
        return binary._replace(identity=binary.identity._replace(realpath=at[len(self.root) :]))

    def _local(self, path: str) -> str:
        inside = below(self.root, path)
        if inside is None:
            return path
        found = self.file(inside)
        if found is None and os.path.lexists(path):
            raise Usage(f"{path}: is a link that leads out of {self.root}: name the file that it stands for there")
        return path if found is None or found == os.path.realpath(path) else found
