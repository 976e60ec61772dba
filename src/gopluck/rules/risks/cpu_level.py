"""`cpu-level`: the plugin was compiled for newer processors than the host."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from gopluck.builds.build import levels
from gopluck.rules.model import Evidence, Link, Rule, Told, go_source, told

LEVELS: Mapping[str, Sequence[str]] = {
    "GOAMD64": ("v1", "v2", "v3", "v4"),
    "GO386": ("softfloat", "sse2"),
    "GOARM": ("5", "6", "7"),
    "GOPPC64": ("power8", "power9", "power10"),
    "GORISCV64": ("rva20u64", "rva22u64", "rva23u64"),
}
"""The values of each variable, the lowest first (`internal/buildcfg/cfg.go`)."""

ARM64 = "GOARM64"


def risks(evidence: Evidence) -> Iterator[Told]:
    """By the variable for the architecture in the build settings of both files."""
    for variable, low, high in levels(*evidence.builds):
        if above(variable, high, low):
            yield told(
                f"the plugin was compiled for {variable}={high}, the host for {low}: nothing checks that the machine "
                "has what the plugin's code needs",
                f"Build the plugin with {variable}={low}, or run the host only where {high} is there.",
                host=f"{variable}={low}",
                plugin=f"{variable}={high}",
            )


def harmless(evidence: Evidence) -> Iterator[Told]:
    """A plugin that needs no newer processor than the host, which checks at its start that it has what it needs."""
    for variable, one, two in levels(*evidence.builds):
        if one != two and not above(variable, two, one):
            message = f"the host was compiled for {variable}={one}, the plugin for {two}"
            yield told(
                f"{message}: by itself that changes no hash", host=f"{variable}={one}", plugin=f"{variable}={two}"
            )


def above(variable: str, one: str, other: str) -> bool:
    """Whether code for a value can need what the other does not promise. False for values that are not known."""
    if variable == ARM64:
        mine, yours = _arm64(one), _arm64(other)
        return mine is not None and yours is not None and (mine[0] > yours[0] or bool(mine[1] - yours[1]))
    levels = LEVELS[variable]
    mine_at, yours_at = one.partition(",")[0], other.partition(",")[0]
    return mine_at in levels and yours_at in levels and levels.index(mine_at) > levels.index(yours_at)


def _arm64(value: str) -> tuple[int, frozenset[str]] | None:
    """The level as the minor number of v8, and the extensions; v9.N has all of v8.N+5, v8.1 has lse."""
    match = re.fullmatch(r"v([89])\.(\d)((?:,\w+)*)", value)
    if match is None:
        return None
    level = int(match[2]) + (5 if match[1] == "9" else 0)
    extensions = frozenset(filter(None, match[3].split(",")))
    return level, extensions | ({"lse"} if level >= 1 else frozenset())


RULE = Rule(
    slug="cpu-level",
    rank=20,
    title="The plugin's code may use instructions that the host never checked for.",
    meaning="The plugin was built with a higher GOAMD64 (GOARM64, GOPPC64, …) than the host.",
    why="The level is not part of a package's hash, so the plugin loads. At start a Go program checks that the "
    "processor has the level that it was built for itself; nothing checks for a plugin. On an older machine the plugin "
    "dies with SIGILL, at the first such instruction.",
    example="A plugin built with GOAMD64=v3 in a host built with the default, v1, on a machine without AVX2.",
    fix="Build both with the same level; the lower one is always safe.",
    links=(
        Link("Go wiki, minimum requirements", "https://go.dev/wiki/MinimumRequirements"),
        go_source("runtime/asm_amd64.s, bad_cpu"),
    ),
    risks=risks,
    harmless=harmless,
)
