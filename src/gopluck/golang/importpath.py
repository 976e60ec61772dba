"""Import paths: how long one can be, how symbols and the module cache spell it, which of some paths it lies in.

Go itself sets no limit. Of telegraf's 3,349 packages (all its plugins are built in) the longest path has 115 bytes, the
deepest 10 elements; golangci-lint has 1,236 packages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

FROZEN = "crypto/internal/fips140/v"
"""How packages of a frozen FIPS module begin: of the standard library by name, from the module cache by place."""

UNNAMED = "plugin/unnamed-"
"""How the path of a plugin begins that is made of files; a hash of them follows (`cmd/go/internal/load`)."""

MAX_PACKAGES = 34_000
"""Packages of one file that are read."""

MAX_PATH = 512
"""Bytes of an import path."""

MAX_ELEMENTS = 32
"""Elements of one, between slashes: each may be the end of the path of a module that holds the package."""


def fits(path: str) -> bool:
    """Whether a path is none that is longer than gopluck reads."""
    return len(path) <= MAX_PATH and path.count("/") < MAX_ELEMENTS


@lru_cache(1 << 8)
def to_prefix(path: str) -> str:
    """A path as symbol names have it: dots after the last slash, `%`, `"`, control characters and bytes beyond ASCII as
    `%2e` (`cmd/internal/objabi`, `PathToPrefix`).
    """
    if path.isascii() and path.isprintable() and not {" ", "%", '"'}.intersection(path):
        head, between, last = path.rpartition("/")
        return head + between + last.replace(".", "%2e")
    data = path.encode("utf-8", "surrogateescape")
    slash = data.rfind(b"/")
    return "".join(
        f"%{byte:02x}" if byte <= 0x20 or byte in b'%"' or byte >= 0x7F or (byte == 0x2E and at > slash) else chr(byte)
        for at, byte in enumerate(data)
    )


def of_prefix(prefix: str) -> str:
    """The reverse of `to_prefix`."""
    if "%" not in prefix:
        return prefix
    parts = re.split("%([0-9a-f]{2})", prefix)
    parts[1::2] = [chr(int(part, 16)) for part in parts[1::2]]
    # Beyond ASCII the bytes are those of UTF-8.
    return "".join(parts).encode("latin-1", "ignore").decode("utf-8", "replace")


def escape(path: str) -> str:
    """`!acme` for `Acme`, as the module cache has it (`module.EscapePath`)."""
    return re.sub(r"[A-Z]", lambda match: f"!{match[0].lower()}", path)


def unescape(path: str) -> str:
    """The reverse of `escape`."""
    return re.sub(r"!([a-z])", lambda match: match[1].upper(), path)


class Roots:
    """Some paths, to find those that another path lies in."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = frozenset(paths)
        self._firsts = {path.partition("/")[0] for path in self._paths}
        self._lengths = sorted(set(map(len, self._paths)), reverse=True)

    def above(self, path: str) -> Iterator[str]:
        """Those that are the path or that it lies in, the longest first."""
        ends = self._lengths if len(self._lengths) <= path.count("/") else _ends(path)
        size = len(path)
        for end in ends:
            if (end == size or (0 < end < size and path[end] == "/")) and path[:end] in self._paths:
                yield path[:end]

    def longest(self, path: str) -> str:
        """The longest of them; empty when there is none."""
        return next(self.above(path), "") if path.partition("/")[0] in self._firsts else ""


def _ends(path: str) -> Iterator[int]:
    """The places at which a path, or one that it lies in, ends."""
    end = len(path)
    while end > 0:
        yield end
        end = path.rfind("/", 0, end)
