"""`Config`: what a gopluck.toml says; and where it is found."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType

from gopluck.errors import Usage
from gopluck.record import NamedTuple
from gopluck.result.check import Ignore

NAME = "gopluck.toml"

Path = tuple[str | int, ...]
"""Where a value stands in the document: `("ignore", 0, "until")`."""


class Config(NamedTuple):
    """What a file says; its paths are as seen from the working directory."""

    path: str = ""
    """The file; empty: there is none."""
    host: str | None = None
    plugins: tuple[str, ...] = ()
    sysroot: str | None = None
    library_path: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    formats: tuple[tuple[str, str | None], ...] = ()
    """Each with its file; None: standard output."""
    fail_on: str | None = None
    ignore: tuple[Ignore, ...] = ()
    lines: Mapping[Path, int] = MappingProxyType({})

    def at(self, *path: str | int) -> str:
        """Where a value stands, as an error begins: `gopluck.toml:3: symbols[0]`."""
        return place(self.path, self.lines, path)


def place(file: str, lines: Mapping[Path, int], path: Path) -> str:
    """The file, the line of a value (or of what it is missing in), and its key."""
    key = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")
    line = next((lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in lines), None)
    return ": ".join(filter(None, (file if line is None else f"{file}:{line}", key)))


def found() -> str | None:
    """The nearest gopluck.toml, from the working directory upwards; not above a directory with `.git`.

    Raises `Usage` for one of a stranger, as in /tmp: neither the user's, nor of who owns the working directory.
    """
    try:
        folder, owner = os.getcwd(), os.stat(".").st_uid
    except OSError:
        return None
    up = ""
    while True:
        path = up + NAME
        if os.path.isfile(path):
            if os.lstat(path).st_uid not in (os.geteuid(), owner, 0):
                raise Usage(f"{path}: belongs to another user: --config {path} takes it, --no-config leaves it out")
            return path
        if folder == "/" or os.path.lexists(f"{up}.git"):
            return None
        folder, up = os.path.dirname(folder), f"../{up}"
