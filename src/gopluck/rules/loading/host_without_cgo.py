"""`host-without-cgo`: the host was built with CGO_ENABLED=0."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.builds.support import Lack
from gopluck.replay.ends import End
from gopluck.rules.model import Evidence, Owner, Rule, Told, go_source, told


def ends(evidence: Evidence) -> Iterator[Told]:
    """By the stub of package plugin in the host."""
    info = evidence.host.go.build_info if evidence.host.go else None
    value = info.setting("CGO_ENABLED") if info else None
    yield told(
        "the host was built without cgo: its package plugin is a stub",
        "Build the host with CGO_ENABLED=1 and a C compiler.",
        host=f"CGO_ENABLED={value}" if value else "plugin.Open is the stub",
    )._replace(headline="the host was built without cgo")


RULE = Rule(
    slug="host-without-cgo",
    rank=70,
    title="The host was built without cgo.",
    meaning="Package plugin in the host is the stub that only answers `plugin: not implemented`.",
    why="Package plugin calls the C library's `dlopen`, through cgo. CGO_ENABLED=0, and cross builds without a C "
    "compiler, leave cgo out.",
    example="A container image built with the usual `CGO_ENABLED=0 go build`.",
    fix="Build the host with CGO_ENABLED=1 and a C compiler, for an image that has a C library. No plugin can make up "
    "for it.",
    links=(go_source("plugin/plugin_stubs.go"),),
    ends=ends,
    explains=frozenset({End.NOT_IMPLEMENTED}),
    lack=Lack.CGO,
    owner=Owner("a host built without cgo opens no plugin at all"),
)
