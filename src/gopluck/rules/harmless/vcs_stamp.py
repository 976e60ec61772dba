"""`vcs-stamp`: host and plugin were built from different commits."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.builds.build import Build
from gopluck.rules.model import Evidence, Link, Rule, Told, go_source, told


def harmless(evidence: Evidence) -> Iterator[Told]:
    """By the build settings `vcs.revision` and `vcs.modified`."""
    one, two = map(_stamp, evidence.builds)
    if one is None or two is None or one == two:
        return
    host, plugin = one or "no commit", two or "no commit"
    message = f"the host is stamped with {host}, the plugin with {plugin}: the stamp is part of no package's hash"
    yield told(message, host=host, plugin=plugin)


def _stamp(build: Build) -> str | None:
    """`git 1a2b3c4d5e6f, modified`; empty without a stamp, None when settings are not recorded."""
    revision = build.setting("vcs.revision")
    if not revision:
        return revision
    modified = ", modified" if build.setting("vcs.modified") == "true" else ""
    return f"{build.setting('vcs') or 'commit'} {revision[:12]}{modified}"


RULE = Rule(
    slug="vcs-stamp",
    rank=20,
    title="Host and plugin are stamped with different commits.",
    meaning="The commit that the go command writes into each file differs, or only one file has a stamp. It does not "
    "keep the plugin from loading.",
    why="The stamp is written into the build info when the main package is linked; no package is compiled with it. "
    "When the commits belong to one repository and packages of it differ, the code is the reason, not the stamp.",
    example="The host was built from a tag, the plugin with -buildvcs=false in a container without git.",
    fix="Nothing.",
    links=(
        Link("cmd/go, -buildvcs", "https://pkg.go.dev/cmd/go#hdr-Compile_packages_and_dependencies"),
        go_source("cmd/go/internal/load/pkg.go, setBuildInfo"),
    ),
    harmless=harmless,
)
