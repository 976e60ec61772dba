"""Compile flags that can change a hash, and the packages that a `-gcflags` pattern is for (`cmd/go`, pkgpattern)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

INSTRUMENTS = {
    "-race": "runtime/race",
    "-msan": "runtime/msan",
    "-asan": "runtime/asan",
    "-cover": "runtime/coverage",
}
"""The instrumentation flags, and the package that each links in."""

DWARF_FLAGS = frozenset({"-B", "-N", "-l", "-race", "-msan", "-asan"})
"""The flags that the compiler records in `DW_AT_producer` (`base.RecordFlags`) and that can change a hash."""

CGO = ("CGO_CFLAGS", "CGO_CPPFLAGS", "CGO_CXXFLAGS")
"""The variables that decide which C declarations cgo sees. Not recorded with -trimpath."""

CGO_LINK = "CGO_LDFLAGS"
"""cgo writes a line for each word of it into a package."""

CGO_DEFAULT = "-O2 -g"
"""What the go command takes where one of them is not set; it records nothing then."""

CPU = {
    "GOAMD64": "v1",
    "GOARM64": "v8.0",
    "GO386": "sse2",
    "GOARM": "7",
    "GOPPC64": "power8",
    "GORISCV64": "rva20u64",
}
"""The variables that name a level of the processor, and what the go command takes where one is not set
(`internal/buildcfg/cfg.go`)."""

IDLE_FLAGS = (
    "-complete",
    "-compressdwarf",
    "-dynlink",
    "-shared",
    "-regabi",
    "-smallframes",
    "-linkobj",
    "-c=",
    "-json",
    "-bench",
    "-cpuprofile",
    "-memprofile",
    "-traceprofile",
)
"""How compile flags begin that change no hash: the go command gives them, or they only print. Others were measured."""

PRINTING = r"-(?:e|S|v|m=?\d*)?"
"""Flags that only print, and are no beginnings of others."""


def mattering(words: Iterable[str]) -> frozenset[str]:
    """Those of some compile flags that can change a hash."""
    from gopluck.builds.measured import measured

    idle = (*IDLE_FLAGS, *measured().idle_compile_flags)
    flags = {"-" + word.lstrip("-") for word in words}
    return frozenset(flag for flag in flags if not flag.startswith(idle) and not re.fullmatch(PRINTING, flag))


def cgo_lines(flags: str | None) -> int:
    """The lines that cgo writes for a CGO_LDFLAGS into a package's Go code."""
    return len((flags or CGO_DEFAULT).split())


def split(value: str) -> tuple[str | None, tuple[str, ...]]:
    """(pattern or None, words) of a `-gcflags` setting."""
    pattern, equals, words = value.partition("=")
    if value.startswith("-") or not equals:
        return None, tuple(value.split())
    return pattern, tuple(words.split())


def matches(pattern: str, package: str) -> bool:
    """Whether an import path fits a pattern with `...` (`pkgpattern.MatchPattern`)."""
    return any(_fits(pieces, package) for pieces in _pieces(pattern))


@lru_cache(maxsize=2)
def _pieces(pattern: str) -> tuple[tuple[str, ...], ...]:
    """What stands between the `...` of a pattern; also without `/...` at its end."""
    patterns = (pattern, pattern.removesuffix("/...")) if pattern.endswith("/...") else (pattern,)
    split = (one.split("...") for one in patterns)
    return tuple((first, *filter(None, rest[:-1]), *rest[-1:]) for first, *rest in split)


def _fits(pieces: tuple[str, ...], package: str) -> bool:
    """Whether an import path fits a pattern, in which `...` stands for anything (`pkgpattern.MatchPattern`).

    Piece by piece: a regular expression with as many `.*` would try all ways.
    """
    first, *rest = pieces
    if not rest:
        return package == first
    last = rest.pop()
    if not package.startswith(first) or len(package) < len(first) + len(last) or not package.endswith(last):
        return False
    at, end = len(first), len(package) - len(last)
    for piece in rest:
        at = package.find(piece, at, end)
        if at < 0:
            return False
        at += len(piece)
    return True
