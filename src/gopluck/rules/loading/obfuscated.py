"""`obfuscated`: garble built a file, so that nothing certain can be said of it."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.replay.ends import End
from gopluck.rules.model import Evidence, Link, Rule, Told, told


def ends(evidence: Evidence) -> Iterator[Told]:
    """By the release `unknown` in the build info."""
    if evidence.outcome.why == End.OBFUSCATED:
        host = evidence.host.go is not None and evidence.host.go.obfuscated
        side = "host" if host else "plugin"
        yield told(
            f"the {side} was built with garble, which renames packages and symbols and changes the tables that the "
            "runtime reads: whether the two fit cannot be told from the files",
            "Build hosts and plugins without garble, which does not support -buildmode=plugin.",
            **{side: "unknown"},
        )


RULE = Rule(
    slug="obfuscated",
    rank=45,
    title="A file is obfuscated: nothing certain can be said of it.",
    meaning="Host or plugin names its Go release `unknown` and records nothing else of how it was built, as files of "
    "garble do. The verdict is `cannot be determined` (exit status 3), for whatever the dynamic linker does not refuse "
    "already.",
    why="garble builds with a patched linker and runtime: package paths and symbols have other names, the magic number "
    "and the entries of the pclntab and of the module data are encoded with a key of the build. What gopluck compares "
    "is not there under its name. garble does not support plugins: in all that was tried the host died at its start, "
    "or Go refused the plugin at the first package of the runtime.",
    example="A plugin that was built with `garble build -buildmode=plugin` for an ordinary host: `plugin was built "
    "with a different version of package internal/goarch`.",
    fix="Build both without garble.",
    links=(Link("burrowers/garble, caveats", "https://github.com/burrowers/garble#caveats"),),
    ends=ends,
    explains=frozenset({End.OBFUSCATED}),
)
