"""Several files below one folder, all of them or none; nothing outside of the folder is touched.

Everything is written into a new folder first. Where the folder was not there, that one takes its name; else its files
are moved into place one by one, and moved back when one of them cannot be.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial

from gopluck import files
from gopluck.errors import GopluckError, Usage

INSIDE = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
"""How a folder is opened that must not be a link."""


def write_all(folder: str, texts: Mapping[str, bytes], *, force: bool) -> None:
    """Write files below a folder, which is made when it is not there; paths are relative to it, without `..`.

    Raises `Usage` when something is in the way: without `force` every file; always what is no file, what must not be
    replaced (`files.kept`), and a link on the way. Then, and after any other failure (`GopluckError`), everything is
    as it was.
    """
    if not folder or (os.path.lexists(folder) and not os.path.isdir(folder)):
        raise Usage(f"{folder or repr(folder)}: is not a directory")
    root = os.path.realpath(folder)
    if reason := _in_the_way(root, texts, force):
        raise Usage(f"{folder}: {reason}")
    try:
        with files.uninterrupted():
            if os.path.isdir(root):
                _into(root, texts, force)
            else:
                _whole(root, texts)
    except OSError as error:
        name = f"{folder}/{error.filename}" if error.filename in texts else folder
        raise GopluckError(f"{name}: cannot be written: {error.strerror or error}; nothing is written") from None


# -- what is in the way ------------------------------------------------------------------------------------------------


def _in_the_way(root: str, paths: Mapping[str, bytes], force: bool) -> str | None:
    found = [path for path in paths if os.path.lexists(f"{root}/{path}")]
    for path in paths:
        if reason := _barred(root, path):
            return f"{reason}; nothing is written"
    if found and not force:
        are = "is" if len(found) == 1 else "are"
        return f"{', '.join(found)} {are} in the way; nothing is written (--force replaces)"
    for path in found:
        if reason := files.kept(os.lstat(f"{root}/{path}"), f"{root}/{path}"):
            return f"{path} {reason}"
    return None


def _barred(root: str, path: str) -> str | None:
    """What stands on the way to a file, or in its place, that is neither a folder nor a file."""
    parts = path.split("/")
    for number in range(1, len(parts) + 1):
        part = "/".join(parts[:number])
        try:
            mode = os.lstat(f"{root}/{part}").st_mode
        except OSError:
            return None
        if stat.S_ISLNK(mode):
            return f"{part} is a symbolic link"
        if number < len(parts) and not stat.S_ISDIR(mode):
            return f"{part} is not a directory"
        if number == len(parts) and not stat.S_ISREG(mode):
            return f"{part} is not a regular file"
    return None


# -- into a folder that is not there -----------------------------------------------------------------------------------


def _whole(root: str, texts: Mapping[str, bytes]) -> None:
    """A new folder, complete when it gets its name."""
    with _made(os.path.dirname(root)), _stage(os.path.dirname(root)) as stage:
        for path, data in texts.items():
            with _about(path):
                os.makedirs(os.path.dirname(f"{stage}/{path}"), exist_ok=True)
                files.create(f"{stage}/{path}", data)
        os.rename(stage, root)


@contextmanager
def _made(folder: str) -> Iterator[None]:
    """A folder and those above it, which go again when what follows fails."""
    missing: list[str] = []
    made: list[str] = []
    while not os.path.isdir(folder):
        if os.path.lexists(folder):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), folder)
        missing.append(folder)
        folder = os.path.dirname(folder)
    try:
        for one in reversed(missing):
            os.mkdir(one)
            made.insert(0, one)
        yield
    except BaseException:
        for one in made:
            with suppress(OSError):
                os.rmdir(one)
        raise


@contextmanager
def _stage(parent: str) -> Iterator[str]:
    """A new folder under a name that nobody can guess; what is left of it goes when this is done."""
    from shutil import rmtree

    stage = f"{parent}/{files.temporary()}"
    os.mkdir(stage)
    try:
        yield stage
    except NotUndone:
        raise
    except BaseException:
        rmtree(stage, ignore_errors=True)
        raise
    rmtree(stage, ignore_errors=True)


@contextmanager
def _about(path: str) -> Iterator[None]:
    """Errors name the file of the project, whatever part of its path the system call was about."""
    try:
        yield
    except OSError as error:
        error.filename = path
        raise


# -- into a folder that is there ---------------------------------------------------------------------------------------


class NotUndone(GopluckError):
    """A move failed, and so did the way back."""


def _into(root: str, texts: Mapping[str, bytes], force: bool) -> None:
    """Files into a folder of which the rest stays as it is."""
    with _stage(root) as stage:
        known = [path for path in texts if os.path.lexists(f"{root}/{path}")] if force else []
        there = {path: os.lstat(f"{root}/{path}") for path in known}
        for number, (path, data) in enumerate(texts.items()):
            with _about(path):
                files.create(f"{stage}/new{number}", data, there.get(path), f"{root}/{path}")
        moves = _Moves(root)
        try:
            for number, path in enumerate(texts):
                with _about(path):
                    moves.place(f"{stage}/new{number}", path, f"{stage}/old{number}" if path in there else "")
        except BaseException:
            if not moves.undone():
                raise NotUndone(f"{root}: what was there could not be put back: it is in {stage}") from None
            raise
        finally:
            moves.close()


class _Moves:
    """Moves of files into a folder, and the way back."""

    def __init__(self, root: str) -> None:
        self._folders = {"": os.open(root, INSIDE)}
        self._back: list[Callable[[], None]] = []

    def place(self, new: str, path: str, old: str) -> None:
        """Move a new file to its path, and what is there to `old` (empty: nothing may be there)."""
        folder, _, name = path.rpartition("/")
        inside = self._inside(folder)
        if old:
            os.rename(name, old, src_dir_fd=inside)
            self._back.append(partial(os.rename, old, name, dst_dir_fd=inside))
            if not stat.S_ISREG(os.lstat(old).st_mode):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        else:
            # A file that has come into being meanwhile is not replaced.
            os.close(os.open(name, files.EXCLUSIVE, 0o600, dir_fd=inside))
            self._back.append(partial(os.unlink, name, dir_fd=inside))
        os.rename(new, name, dst_dir_fd=inside)

    def _inside(self, folder: str) -> int:
        """A folder below the root, made when it is not there, reached through no link."""
        if folder not in self._folders:
            above, _, name = folder.rpartition("/")
            parent = self._inside(above)
            with suppress(FileExistsError):
                os.mkdir(name, dir_fd=parent)
                self._back.append(partial(os.rmdir, name, dir_fd=parent))
            self._folders[folder] = os.open(name, INSIDE, dir_fd=parent)
        return self._folders[folder]

    def undone(self) -> bool:
        """Go all the way back; whether that was possible."""
        failed = False
        for step in reversed(self._back):
            try:
                step()
            except OSError:
                failed = True
        return not failed

    def close(self) -> None:
        """Let go of the folders."""
        for folder in self._folders.values():
            os.close(folder)
