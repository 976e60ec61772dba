"""`host-without-cgo`: the host was built with CGO_ENABLED=0."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.report.model import Finding
from gopluck.rules.endings import cause, host_command
from gopluck.rules.model import Evidence, Link, Rule


def ends(evidence: Evidence) -> Iterator[Finding]:
    """By the stub of package plugin in the host."""
    if evidence.outcome.why != "not-implemented":
        return
    info = evidence.host.go.build_info if evidence.host.go else None
    value = info.setting("CGO_ENABLED") if info else None
    yield cause(
        "host-without-cgo",
        "the host was built without cgo: its package plugin is a stub",
        host_command(),
        host=f"CGO_ENABLED={value}" if value else "plugin.Open is the stub",
    )


RULE = Rule(
    slug="host-without-cgo",
    title="The host was built without cgo.",
    meaning="Package plugin in the host is the stub that only answers `plugin: not implemented`.",
    why="Package plugin calls the C library's `dlopen`, through cgo. CGO_ENABLED=0, and cross builds without a C "
    "compiler, leave cgo out.",
    example="A container image built with the usual `CGO_ENABLED=0 go build`.",
    fix="Build the host with CGO_ENABLED=1 and a C compiler, for an image that has a C library. No plugin can make up "
    "for it.",
    links=(Link("src/plugin/plugin_stubs.go", "https://go.dev/src/plugin/plugin_stubs.go"),),
    ends=ends,
)
