"""`linker-flags`: different -ldflags, which reach no package."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.builds.build import Build
from gopluck.result.verdict import Verdict
from gopluck.rules.model import Evidence, Link, Rule, Told, told

IDLE = ("-s", "-w", "-X", "-buildid", "-compressdwarf", "-B", "-v", "-c", "-dumpdep")
"""Flags of the linker that cannot keep a file from loading; -linkmode, -extldflags or -pluginpath can."""


def harmless(evidence: Evidence) -> Iterator[Told]:
    """By the build setting -ldflags, which -trimpath leaves out. Of a plugin that loads, whatever the flags are."""
    one, two = map(_flags, evidence.builds)
    if one is None or two is None or one == two:
        return
    if evidence.outcome.verdict != Verdict.LOADS and not (_idle(one) and _idle(two)):
        return
    host, plugin = (f"-ldflags={flags}" if flags else "no -ldflags" for flags in (one, two))
    message = f"the host was linked with {host}, the plugin with {plugin}: the linker changes no package's hash"
    yield told(message, host=host, plugin=plugin)


def _flags(build: Build) -> str | None:
    """The flags; None when they are not recorded."""
    value = build.setting("-ldflags")
    return None if not value and build.setting("-trimpath") == "true" else value


def _idle(flags: str) -> bool:
    """Whether every flag is one of `IDLE`; words that are no flags are their values."""
    names = ["-" + word.lstrip("-").partition("=")[0] for word in flags.split() if word.startswith("-")]
    return all(name in IDLE for name in names)


RULE = Rule(
    slug="linker-flags",
    rank=10,
    title="Host and plugin were linked with different -ldflags.",
    meaning="The flags for the linker differ, such as -s, -w or -X. It does not keep the plugin from loading.",
    why="A package's hash is that of what the compiler exports of it; the linker only puts packages together. Values "
    "that -X sets are data of the file in which they were set. Under -trimpath the flags are not recorded.",
    example="Releases of the host are built with `-ldflags='-s -w -X main.version=1.4.0'`, plugins without.",
    fix="Nothing. Only flags that change how the file is linked can matter (-linkmode, -extldflags, -pluginpath), and "
    "gopluck names their effect by itself.",
    links=(Link("cmd/link", "https://pkg.go.dev/cmd/link"),),
    harmless=harmless,
)
