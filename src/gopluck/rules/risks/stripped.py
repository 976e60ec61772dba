"""`stripped`: nothing in a file says how it was built, so that a later mismatch could hardly be explained."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.builds.build import Build
from gopluck.rules.model import Evidence, Link, Rule, Told, told

DWARF = frozenset((".debug_info", ".zdebug_info"))


def risks(evidence: Evidence) -> Iterator[Told]:
    """By build info and settings of both files."""
    bare = [side for side, build in zip(("host", "plugin"), evidence.builds, strict=True) if _lacks(build)]
    if bare:
        sides = " and ".join(bare)
        yield told(
            f"{sides} {'has' if len(bare) == 1 else 'have'} neither build settings nor DWARF: a later mismatch could "
            "hardly be explained",
            "Build with Go 1.21 or later, which records the settings, or without -w and strip.",
            **dict.fromkeys(bare, "no build settings, no DWARF"),
        )


def _lacks(build: Build) -> bool:
    """Whether nothing in a file says how it was built."""
    elf = build.binary.holder.elf
    if build.binary.go is None or elf is None or build.binary.format != "elf":
        return False
    return not build.has_settings and DWARF.isdisjoint(elf.sections)


RULE = Rule(
    slug="stripped",
    rank=50,
    title="Nothing in a file says how it was built.",
    meaning="Host or plugin has neither build settings nor DWARF. The verdict needs neither. The reasons do: with "
    "another host many a mismatch of such a file would be `unexplained`. A missing symbol table and missing DWARF "
    "(`-ldflags=-s -w`, `strip`) alone are no loss and not named: since Go 1.18 programs record their settings, since "
    "Go 1.21 plugins do.",
    why="Go looks at neither when it loads a plugin.",
    example="A plugin of Go 1.20 after `strip`; a file made by a tool that calls the linker, without build info.",
    fix="Build with `go build` of a newer release, or keep the DWARF.",
    links=(Link("src/debug/buildinfo", "https://go.dev/src/debug/buildinfo/buildinfo.go"),),
    risks=risks,
)
