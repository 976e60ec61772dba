"""Whether the go command may read a file when it builds the module in which the file lies (`go/build`, `go:embed`)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath

from gopluck.aligner.imports import split
from gopluck.elf.image import open_regular
from gopluck.errors import UnreadableFile

SUFFIX = re.compile(r"\.(?:go|mod|sum|work|pgo|syso|s|S|sx|c|cc|cpp|cxx|m|h|hh|hpp|hxx|f|F|for|f90|swig|swigcxx)")
"""`go/build`'s kinds of sources; go.mod, go.sum and go.work under their own or another name (`-modfile`); profiles."""

EMBED = re.compile(r"^//go:embed[ \t]+(.*)", re.MULTILINE)
PATTERN = re.compile(r'`([^`]*)`|"([^"\\]*(?:\\.[^"\\]*)*)"|(\S+)')
MAX_SOURCE = 1 << 20
"""Bytes of a Go file in which patterns are looked for."""

MAX_PATTERNS, MAX_PATTERN = 1 << 10, 256
"""Patterns of one folder that are tried, and characters of one. Beyond that every file counts as named."""


def may_read(path: str) -> bool:
    """Whether there is a file of this name that a build may read, by its name or where a link in it leads."""
    if not Path(path).is_file():
        return False
    return any(_named(one) or _vendored(one) or _embedded(one) for one in {Path(path).absolute(), Path(path).resolve()})


def _named(path: Path) -> bool:
    return SUFFIX.fullmatch(path.suffix) is not None


def _vendored(path: Path) -> bool:
    return any(one.name == "vendor" and (one / "modules.txt").is_file() for one in path.parents)


def _embedded(path: Path) -> bool:
    """Whether a package in a folder above names it in a `//go:embed`."""
    for folder in path.parents:
        parts = path.relative_to(folder).parts
        for number, pattern in enumerate(_patterns(folder)):
            if number == MAX_PATTERNS or len(pattern) > MAX_PATTERN or _matches(pattern, parts):
                return True
        if (folder / "go.mod").is_file():
            break  # a package embeds only what is in its module
    return False


def _patterns(folder: Path) -> Iterator[str]:
    with suppress(OSError):
        for source in sorted(folder.glob("*.go")):
            for line in EMBED.finditer(_text(str(source))):
                for found in PATTERN.finditer(line[1]):
                    yield (found[found.lastindex or 0]).removeprefix("all:")


def _text(path: str) -> str:
    """The start of a Go file; empty for what is no regular file, or cannot be read."""
    try:
        fd, _ = open_regular(path)
    except UnreadableFile:
        return ""
    with open(fd, "rb") as file:
        return file.read(MAX_SOURCE).decode("utf-8", "replace")


def _matches(pattern: str, parts: tuple[str, ...]) -> bool:
    """Whether a pattern names a file, or a folder in which it lies."""
    number = len(PurePosixPath(pattern).parts)
    return pattern == "." or (0 < number <= len(parts) and PurePosixPath(*parts[:number]).match(pattern))


def named_files(folder: str, flags: str, environ: Mapping[str, str]) -> Iterator[str]:
    """Files that flags (`-overlay=FILE`) and the environment name, as seen from the folder in which Go runs."""
    for word in (*split(flags), *split(environ.get("GOFLAGS", ""))):
        if value := word.partition("=")[2]:
            yield str(Path(folder, value))
    settings = environ.get("XDG_CONFIG_HOME") or str(Path(environ.get("HOME", "/"), ".config"))
    yield environ.get("GOENV") or str(Path(settings, "go/env"))
    if work := environ.get("GOWORK"):
        yield work
