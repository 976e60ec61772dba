"""Where the documents and layers of an image lie: an OCI layout folder, or an archive with one, or of `docker save`."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from typing import Protocol

from gopluck.elf.image import open_regular
from gopluck.errors import GopluckError, MalformedFile, UnreadableFile, Usage
from gopluck.images.streams import Budget, File, Forward, Part, Source, unpacked
from gopluck.images.tarball import members
from gopluck.images.tree import File as Place
from gopluck.images.tree import Tree
from gopluck.record import NamedTuple

STDIN = "-"
MAX_STDIN = 1 << 36
"""Bytes of an image from standard input."""


class Store(Protocol):
    """Files by their path."""

    name: str
    budget: Budget

    def part(self, path: str) -> Part | None:
        """The content of a file; None when there is none of that path. Raises `GopluckError`."""
        ...

    def close(self) -> None:
        """Let go of what is open."""
        ...


class FolderStore:
    """An OCI layout folder. No link in it is followed."""

    def __init__(self, path: str, budget: Budget) -> None:
        self.name = path
        self.budget = budget
        self._root = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def part(self, path: str) -> Part | None:
        """See `Store.part`."""
        fd = self.open(path)
        if fd is None:
            return None
        size = os.fstat(fd).st_size
        os.close(fd)
        return Part(f"{self.name}: {path}", Blob(self, path), 0, size)

    def open(self, path: str) -> int | None:
        """A descriptor of a regular file; None when there is none."""
        flags, at = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, os.dup(self._root)
        try:
            *folders, name = path.split("/")
            for folder in folders:
                above, at = at, os.open(folder, flags | os.O_DIRECTORY, dir_fd=at)
                os.close(above)
            fd = os.open(name, flags, dir_fd=at)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise UnreadableFile(f"{self.name}: {path}: {error.strerror or error}") from None
        finally:
            os.close(at)
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise UnreadableFile(f"{self.name}: {path}: is not a regular file")
        return fd

    def close(self) -> None:
        """See `Store.close`."""
        os.close(self._root)


class Blob(NamedTuple):
    """A file of a layout folder, which is open while it is read: an index can name many."""

    store: FolderStore
    path: str

    def chunks(self, start: int = 0) -> Iterator[bytes]:
        """See `Source.chunks`."""
        fd = self.store.open(self.path)
        if fd is not None:
            try:
                yield from File(self.store.name, fd).chunks(start)
            finally:
                os.close(fd)


class ArchiveStore:
    """A tar archive, compressed or not; links in it count within it."""

    def __init__(self, name: str, fd: int, budget: Budget) -> None:
        self.name = name
        self.budget = budget
        self._fd = fd
        self._source: Source = unpacked(name, File(name, fd), budget)
        self._tree = Tree(name)
        stream = Forward(self._source.chunks())
        self._tree.add(0, members(name, stream), whiteouts=False)

    def part(self, path: str) -> Part | None:
        """See `Store.part`."""
        found = self._tree.find(f"/{path}")
        if found is None or not isinstance(found.node, Place):
            return None
        if found.node.offset < 0:
            raise MalformedFile(f"{self.name}: {path}: is a sparse file")
        return Part(f"{self.name}: {path}", self._source, found.node.offset, found.node.size)

    def close(self) -> None:
        """See `Store.close`."""
        os.close(self._fd)


def opened(path: str, budget: Budget) -> Store:
    """What there is at a path; `-` is standard input. Raises `GopluckError`."""
    if path == STDIN:
        return _archive(path, _from_stdin(), budget)
    if os.path.isdir(path):
        try:
            return FolderStore(path, budget)
        except OSError as error:
            raise UnreadableFile(f"{path}: {error.strerror or error}") from None
    return _archive(path, open_regular(path)[0], budget)


def _archive(path: str, fd: int, budget: Budget) -> Store:
    try:
        return ArchiveStore(path, fd, budget)
    except BaseException:
        os.close(fd)
        raise


def _from_stdin() -> int:
    """A descriptor of the image on standard input; what comes through a pipe is kept in a file without a name."""
    try:
        found = os.fstat(0)
    except OSError:
        raise Usage("-: standard input is closed: pipe an image into gopluck") from None
    if stat.S_ISREG(found.st_mode):
        return os.dup(0)
    if os.isatty(0):
        raise Usage("-: standard input is a terminal: pipe an image into gopluck")
    return spooled("-", _pieces())


def _pieces() -> Iterator[bytes]:
    left = MAX_STDIN
    try:
        while data := os.read(0, 1 << 20):
            left -= len(data)
            if left < 0:
                raise MalformedFile(f"-: is larger than {MAX_STDIN} bytes")
            yield data
    except OSError as error:
        raise UnreadableFile(f"-: {error.strerror or error}") from None
    if left == MAX_STDIN:
        raise UnreadableFile("-: is empty: nothing came on standard input")


def spooled(name: str, pieces: Iterator[bytes]) -> int:
    """A descriptor of a new file that has no name, and so goes when it is closed, however gopluck ends."""
    import tempfile

    folder = _folder()
    try:
        with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
            size = 0
            for piece in pieces:
                if piece.count(0) == len(piece):  # a hole takes no room
                    file.seek(len(piece), os.SEEK_CUR)
                else:
                    rest = memoryview(piece)
                    while rest:
                        rest = rest[file.write(rest) :]
                size += len(piece)
            file.truncate(size)
            return os.dup(file.fileno())
    except OSError as error:
        raise GopluckError(
            f"{name}: cannot be kept in {folder}: {error.strerror or error} (TMPDIR names another)"
        ) from None


def _folder() -> str:
    """Where large files go: /tmp is memory on many systems."""
    import tempfile

    with suppress(KeyError):
        return os.environ["TMPDIR"] or tempfile.gettempdir()
    return "/var/tmp" if os.access("/var/tmp", os.W_OK) else tempfile.gettempdir()
