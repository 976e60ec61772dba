"""The members of a tar archive, in one pass: POSIX (ustar, pax) and GNU forms, as container tools write and read them.

Own code: `tarfile` of Python 3.11 searches a pax header in quadratic time (32 KiB of digits: 1 s), takes a damaged
header for the end of the archive, refuses what umoci writes, and takes 15 µs for a member where this takes 8.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from gopluck.errors import MalformedFile
from gopluck.images.streams import Forward
from gopluck.record import NamedTuple

BLOCK = 512
ZERO = bytes(BLOCK)
MAX_HEADER = 1 << 20
"""Bytes of one extension header; extended attributes stand in it."""

MAX_NAME = 4096
"""`PATH_MAX`."""

MAX_PART = 255
"""`NAME_MAX`."""


class Kind(Enum):
    """What a member is."""

    FILE = "file"
    FOLDER = "folder"
    SYMLINK = "symlink"
    HARD_LINK = "hard link"
    OTHER = "other"
    """A device or a pipe."""


class Member(NamedTuple):
    """One member. `path` has no `.` and no `..` in it and no slash at either end: it does not lead out of the root."""

    path: str
    kind: Kind
    target: str = ""
    """Where a link leads to, as it is written."""
    offset: int = -1
    """Where the content of a file begins; -1 where it is not in one piece (a sparse file)."""
    size: int = 0
    executable: bool = False


KINDS = {
    **dict.fromkeys((b"0", b"\0", b"7", b"S"), Kind.FILE),
    b"1": Kind.HARD_LINK,
    b"2": Kind.SYMLINK,
    b"5": Kind.FOLDER,
}
LONG = {b"L": "path", b"K": "linkpath"}
"""GNU: the next member's name, or where it leads to."""

WITHOUT_CONTENT = (b"1", b"2", b"3", b"4", b"5", b"6")


def members(name: str, stream: Forward) -> Iterator[Member]:
    """The members of an archive. Raises `MalformedFile`."""
    said: dict[str, str] = {}
    while (block := stream.read(BLOCK)) and block != ZERO:
        _check(name, block)
        kind, size = block[156:157], _number(name, block[124:136])
        if kind in (b"x", b"g") or kind in LONG:
            data = _extension(name, stream, size)
            if kind == b"x":
                said |= _pax(name, data)
            elif kind in LONG:
                said[LONG[kind]] = data.partition(b"\0")[0].decode("utf-8", "surrogateescape")
            continue
        if "size" in said:
            size = _decimal(name, said["size"])
        sparse = kind == b"S" or any(key.startswith("GNU.sparse.") for key in said)
        if kind == b"S":
            more = block[482]
            while more:
                more = stream.read(BLOCK)[504:505] > b"\0"
        offset = stream.at
        yield _member(name, block, kind, said, offset if not sparse else -1, size)
        said.clear()
        if kind not in WITHOUT_CONTENT:
            if not stream.skip(size):
                raise MalformedFile(f"{name}: ends in the middle of a file")
            stream.skip(-size % BLOCK)  # umoci leaves out what stands behind the last file


def _check(name: str, block: bytes) -> None:
    if len(block) < BLOCK:
        raise MalformedFile(f"{name}: ends in the middle of a tar header")
    wanted = _number(name, block[148:156])
    found = sum(block) - sum(block[148:156]) + 8 * 32
    # Some old programs counted signed characters.
    if found != wanted and found - 256 * sum(one > 127 for one in block) != wanted:
        raise MalformedFile(f"{name}: is not a tar archive, or is damaged")


def _number(name: str, field: bytes) -> int:
    """A number in octal digits or, with the first bit set, in base 256 (GNU)."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0")
    if not digits:
        return 0
    if digits.strip(b"01234567"):
        raise MalformedFile(f"{name}: is not a tar archive, or is damaged")
    return int(digits, 8)


def _decimal(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise MalformedFile(f"{name}: a size in a tar header is not a number")
    return int(text)


def _extension(name: str, stream: Forward, size: int) -> bytes:
    if size > MAX_HEADER:
        raise MalformedFile(f"{name}: a tar header of {size} bytes")
    data = stream.read(-(-size // BLOCK) * BLOCK)
    if len(data) < size:
        raise MalformedFile(f"{name}: ends in the middle of a tar header")
    return data[:size]


def _pax(name: str, data: bytes) -> dict[str, str]:
    """What a pax header says of a name, a link and a size (`LENGTH KEY=VALUE\\n`), and whether the file is sparse."""
    out, at = {}, 0
    while at < len(data):
        length, blank, _ = data[at : at + 12].partition(b" ")
        end = at + _decimal(name, length.decode("latin-1"))
        if not blank or end <= at + len(length) + 1 or data[end - 1 : end] != b"\n":
            raise MalformedFile(f"{name}: a damaged pax header")
        key, _, value = data[at + len(length) + 1 : end - 1].partition(b"=")
        word = key.decode("utf-8", "replace")
        if word in ("path", "linkpath", "size") or word.startswith("GNU.sparse."):
            out[word] = value.decode("utf-8", "surrogateescape")
        at = end
    return out


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _member(name: str, block: bytes, kind: bytes, said: dict[str, str], offset: int, size: int) -> Member:
    path = said.get("path") or said.get("GNU.sparse.name")
    if path is None:
        path = _text(block[:100])
        if block[257:263] == b"ustar\0" and block[345]:
            path = f"{_text(block[345:500])}/{path}"
    target = said.get("linkpath", _text(block[157:257]))
    what = KINDS.get(kind, Kind.OTHER)
    if what == Kind.FILE and path.endswith("/"):
        what = Kind.FOLDER
    if len(path) > MAX_NAME or len(target) > MAX_NAME or "\0" in path or "\0" in target:
        raise MalformedFile(f"{name}: a name in it that no file can have")
    executable = what == Kind.FILE and bool(_number(name, block[100:108]) & 0o111)
    if what != Kind.FILE:
        offset, size = -1, 0
    return Member(plain(name, path), what, target, offset, size, executable)


def plain(name: str, path: str) -> str:
    """A path as it counts from the root: `..` does not lead out of it. Raises `MalformedFile`."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            if len(part) > MAX_PART:
                raise MalformedFile(f"{name}: a name in it that no file can have")
            parts.append(part)
    return "/".join(parts)
