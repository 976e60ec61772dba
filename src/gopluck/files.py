"""The one place that writes files: whole or not at all, beside what is there, under a name that nobody can guess.

What is replaced keeps its mode and, where the system allows it, its owner and access list. A symbolic link stays, and
its target is replaced. A file that is read-only or has other names (hard links) is left alone: to replace it would
undo a decision of its owner, or part it from its other names.
"""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from gopluck.errors import GopluckError, Usage

ACCESS_LIST = "system.posix_acl_access"
"""The attribute in which Linux keeps the access list of a file (acl(5))."""

EXCLUSIVE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
"""How a file is made that was not there: never through a link, never another one's."""

MAX_LINKS = 40
"""Links that Linux follows in a path."""

ENDINGS = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
"""Signals that would leave something half done."""


def write(path: str, data: bytes, shown: str) -> None:
    """Make a file, or replace it in one step; a pipe or a device is written to.

    `shown`: how error messages begin. Raises `Usage` for what is not to be replaced (`refusal`), else `GopluckError`.
    """
    if reason := refusal(path):
        raise Usage(f"{shown}: {reason}")
    try:
        found = status(path)
        if found is None or (stat.S_ISREG(found.st_mode) and not _descriptor(path)):
            with uninterrupted():
                _replace(os.path.realpath(path), data, found)
        else:
            # There is nothing to replace; /dev/stdout may stand for a file that somebody else is writing to as well.
            with open(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC), "wb") as file:
                file.write(data)
    except OSError as error:
        raise GopluckError(f"{shown}: cannot be written: {error.strerror or error}") from None


def refusal(path: str) -> str | None:
    """Why nothing is to be written under a name, to follow that name and a colon; None when something can be."""
    if not path:
        return "is an empty name"
    try:
        found = status(path)
    except OSError as error:
        return f"cannot be written: {error.strerror or error}"
    if found is None:
        folder = os.path.dirname(os.path.realpath(path))
        if not os.path.isdir(folder):
            return f"there is no directory {folder}"
        return "is a directory" if path.endswith("/") else None
    if stat.S_ISDIR(found.st_mode):
        return "is a directory"
    return None if _descriptor(path) else kept(found, path)


def kept(found: os.stat_result, path: str) -> str | None:
    """Why a file that is there is not to be replaced, or None."""
    if not stat.S_ISREG(found.st_mode):
        return None
    # Root may write to every file: for root, too, a file without any w is one that nobody is meant to change.
    if not found.st_mode & 0o222 or not os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        return "is read-only; nothing is written"
    if found.st_nlink > 1:
        return f"has {found.st_nlink} names (hard links), which would part; nothing is written"
    return None


def status(path: str) -> os.stat_result | None:
    """The status of a file, or None when there is none (or a link to none). Raises `OSError`."""
    try:
        return os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _descriptor(path: str) -> bool:
    """Whether a path stands for an open file, as /dev/stdout and /dev/fd/3 do."""
    for _ in range(MAX_LINKS):
        folder = os.path.realpath(os.path.dirname(path))
        if folder.startswith("/proc/") and folder.endswith("/fd"):
            return True
        if not os.path.islink(path):
            return False
        path = os.path.join(folder, os.readlink(path))
    return False


def _replace(target: str, data: bytes, found: os.stat_result | None) -> None:
    """Write beside the target, then take its place."""
    beside = os.path.join(os.path.dirname(target), temporary())
    try:
        create(beside, data, found, target)
        os.replace(beside, target)
    except FileExistsError:
        raise
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)
        raise


def create(path: str, data: bytes, like: os.stat_result | None = None, original: str = "") -> None:
    """A new file: as `umask` has it, or with mode, owner and access list of `original`, whose status is `like`.

    Raises `FileExistsError` when there is one, and other `OSError`s.
    """
    fd = os.open(path, EXCLUSIVE, 0o666 if like is None else 0o600)
    with open(fd, "wb") as file:
        file.write(data)
        file.flush()
        if like is not None:
            _inherit(fd, like, original)


def _inherit(fd: int, like: os.stat_result, original: str) -> None:
    """Give a new file the mode of another one, and as much of its ownership as the system allows."""
    mine = os.fstat(fd)
    mode = stat.S_IMODE(like.st_mode) & 0o777
    if (mine.st_uid, mine.st_gid) != (like.st_uid, like.st_gid):
        with suppress(OSError):
            os.fchown(fd, like.st_uid, -1)
        try:
            os.fchown(fd, -1, like.st_gid)
        except OSError:
            # Another group must not get what was meant for the former one.
            mode &= ~0o070 | (mode & 0o007) << 3
            original = ""
    with suppress(OSError, AttributeError):
        os.setxattr(fd, ACCESS_LIST, os.getxattr(original, ACCESS_LIST))
    os.fchmod(fd, mode)


def temporary() -> str:
    """A name that nobody can guess, for a moment."""
    return f".gopluck-{os.urandom(12).hex()}.tmp"


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ctrl-C and the like wait until this is done: it takes milliseconds, and leaves nothing half written."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDINGS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
