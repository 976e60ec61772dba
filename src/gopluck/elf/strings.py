"""The one reader of a dynamic string table (`.dynstr`).

A host's has 10 MB. Single strings are read by position; only who walks the symbols of a file lets it `hold` the whole
table. Own code, because pyelftools reads a string in steps of 64 bytes without a limit, and fails where it is no UTF-8.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from gopluck.elf.image import CHUNK, Image, decoded
from gopluck.errors import MalformedFile

MAX_STRINGS = 1 << 26
"""Bytes of `.dynstr` (a host of 130 MB has 10 MB)."""

MAX_NAME = 8192
"""Bytes of a string that are read at the most."""

MAX_TEXT = 1 << 25
"""Bytes of all strings that are read one by one, each counted with what it costs to hold it: they can overlap."""

MAX_FOUND = 34_000
"""Strings with one prefix."""


class StringTable:
    """A table of NUL-terminated strings at a file offset. Raises `MalformedFile` for what lies outside it."""

    def __init__(self, image: Image, offset: int, size: int) -> None:
        if size > MAX_STRINGS:
            raise MalformedFile(f"{image.path}: .dynstr of {size} bytes")
        self.image = image
        self.offset = offset
        self.size = size
        self._room = MAX_TEXT
        self._held = b""

    def hold(self) -> bytes:
        """The whole table with the byte in front of it: the byte before the string at `index` is `hold()[index]`.

        From now on `at` takes strings from it.
        """
        if not self._held and self.offset:
            self._held = self.image.pread(self.offset - 1, self.size + 1)
        return self._held

    def at(self, index: int) -> str:
        """The string at an index. Raises when strings overlap beyond what a linker does."""
        if index >= self.size:
            raise MalformedFile(f"{self.image.path}: string {index:#x} lies outside .dynstr")
        if self._held:
            text = decoded(self._held[index + 1 : index + 1 + MAX_NAME])
        else:
            text = self.image.cstring(self.offset + index, min(MAX_NAME, self.size - index))
        self._take(text)
        return text

    def is_at(self, index: int, text: bytes) -> bool:
        """Whether the string at an index is this one."""
        return self.image.pread(self.offset + index, len(text) + 1) == text + b"\0"

    def chunks(self, overlap: int) -> Iterator[bytes]:
        """The table in pieces of `CHUNK` bytes; each goes on for `overlap` bytes of the next."""
        return self.image.chunks(self.offset, self.size, overlap)

    def starting_with(self, prefixes: tuple[bytes, ...]) -> dict[int, str]:
        """Each string that starts with one of the prefixes, by its index.

        A string that is only the tail of a longer one (linkers merge suffixes) is not seen; Go's symbol names,
        which start with a prefix of their own, are never tails.
        """
        out: dict[int, str] = {}
        for start, chunk in zip(count(0, CHUNK), self.chunks(MAX_NAME), strict=False):
            for needle in (b"\0" + prefix for prefix in prefixes):
                at = chunk.find(needle)
                while 0 <= at < CHUNK:
                    end = chunk.find(b"\0", at + 1, at + 1 + MAX_NAME)
                    text = chunk[at + 1 : end if end > 0 else at + 1 + MAX_NAME].decode("utf-8", "surrogateescape")
                    out[start + at + 1] = text
                    self._take(text)
                    at = chunk.find(needle, at + len(needle))
            if len(out) > MAX_FOUND:
                raise MalformedFile(f"{self.image.path}: more than {MAX_FOUND} names of one kind")
        return out

    def _take(self, text: str) -> None:
        self._room -= 64 + len(text)
        if self._room < 0:
            raise MalformedFile(f"{self.image.path}: the strings of .dynstr are too many, or overlap")
