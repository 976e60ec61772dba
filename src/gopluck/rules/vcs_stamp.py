"""`vcs-stamp`: host and plugin were built from different commits."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.report.model import Finding
from gopluck.rules.builds import Build
from gopluck.rules.model import Evidence, Link, Rule


def harmless(evidence: Evidence) -> Iterator[Finding]:
    """By the build settings `vcs.revision` and `vcs.modified`."""
    host, plugin = Build(evidence.host, "the host"), Build(evidence.plugin, "the plugin")
    one, two = _stamp(host), _stamp(plugin)
    if one is None or two is None or one == two:
        return
    yield Finding(
        "vcs-stamp",
        "harmless",
        f"the host is stamped with {one or 'no commit'}, the plugin with {two or 'no commit'}: the stamp is part of no "
        "package's hash",
        evidence={"host": one or "no commit", "plugin": two or "no commit"},
    )


def _stamp(build: Build) -> str | None:
    """`git 1a2b3c4d5e6f, modified`; empty without a stamp, None when settings are not recorded."""
    revision = build.setting("vcs.revision")
    if not revision:
        return revision
    modified = ", modified" if build.setting("vcs.modified") == "true" else ""
    return f"{build.setting('vcs') or 'commit'} {revision[:12]}{modified}"


RULE = Rule(
    slug="vcs-stamp",
    title="Host and plugin are stamped with different commits.",
    meaning="The commit that the go command writes into each file differs, or only one file has a stamp. It does not "
    "keep the plugin from loading.",
    why="The stamp is written into the build info when the main package is linked; no package is compiled with it. "
    "When the commits belong to one repository and packages of it differ, the code is the reason, not the stamp.",
    example="The host was built from a tag, the plugin with -buildvcs=false in a container without git.",
    fix="Nothing.",
    links=(
        Link("cmd/go, -buildvcs", "https://pkg.go.dev/cmd/go#hdr-Compile_packages_and_dependencies"),
        Link("src/cmd/go/internal/load/pkg.go, setBuildInfo", "https://go.dev/src/cmd/go/internal/load/pkg.go"),
    ),
    harmless=harmless,
)
