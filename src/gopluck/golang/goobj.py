"""The hash of a package in the file that the compiler writes (`cmd/internal/goobj`, `cmd/link/internal/ld/lib.go`).

Since Go 1.16 the linker copies the fingerprint of the compiled package (8 bytes of the object file's header) as it is
into `go:link.pkghashbytes.P`. So a package's link hash is known as soon as the package is compiled, before anything
is linked.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from gopluck.golang.release import RELEASES

AR_MAGIC = b"!<arch>\n"
AR_HEADER = 60
MAGICS = tuple({release.object_magic for release in RELEASES})
"""`goobj.Magic` of each release; the fingerprint follows it in all of them."""

HEAD = 1 << 16
"""Bytes of the object that are looked at: its text header is a few lines."""


def fingerprint(path: str) -> str | None:
    """The hash (hex) of the compiled package in an archive (`Export` of `go list -export`); None when it has none."""
    try:
        with open(path, "rb") as file:
            if file.read(len(AR_MAGIC)) != AR_MAGIC:
                return None
            size = os.fstat(file.fileno()).st_size
            for name, at in _members(file.fileno(), size):
                if name == "_go_.o":
                    return _of_object(os.pread(file.fileno(), HEAD, at))
    except OSError:
        return None
    return None


def _members(fd: int, size: int) -> Iterator[tuple[str, int]]:
    """Name and offset of each file of the archive."""
    at = len(AR_MAGIC)
    while at + AR_HEADER <= size:
        header = os.pread(fd, AR_HEADER, at)
        text = header[48:58].strip()
        if header[58:60] != b"`\n" or not text.isdigit():
            return
        yield header[:16].rstrip().decode("ascii", "replace"), at + AR_HEADER
        at += AR_HEADER + int(text) + int(text) % 2


def _of_object(head: bytes) -> str | None:
    """Behind the text header, which ends in a line of `!`."""
    _, found, rest = head.partition(b"\n!\n")
    if not found or not rest.startswith(MAGICS) or len(rest) < 16:
        return None
    return rest[8:16].hex()
