"""Paths in another root directory, as a process sees them behind chroot(2) (`path_resolution(7)`): nothing outside."""

# Paths under a root are text here, with links resolved by hand.
# ruff: noqa: PTH100, PTH115

from __future__ import annotations

import os
import stat

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
