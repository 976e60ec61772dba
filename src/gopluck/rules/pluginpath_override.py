"""`pluginpath-override`: -ldflags=-pluginpath gave the plugin another name than its symbols have."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.report.model import Finding
from gopluck.rules.endings import cause, rebuild
from gopluck.rules.model import Evidence, Link, Rule


def ends(evidence: Evidence) -> Iterator[Finding]:
    """By exported symbols that do not exist under the pluginpath, or a pluginpath that is a package of the host."""
    go = evidence.plugin.go
    if go is None:
        return
    taken = tuple(m.path for m in evidence.outcome.mismatches if m.path == go.pluginpath and m.provider == 0)
    if taken:
        yield Finding(
            "pluginpath-override",
            "cause",
            f"the plugin's pluginpath is {go.pluginpath}, a package that the host has, too",
            taken,
            {"pluginpath": go.pluginpath},
            f"Leave -pluginpath out of -ldflags: {rebuild(evidence)}",
        )
        return
    if evidence.outcome.why == "empty-pluginpath" and not go.pluginpath and go.kind == "plugin":
        yield cause(
            "pluginpath-override",
            "the plugin's pluginpath is empty",
            f"Leave -pluginpath out of -ldflags: {rebuild(evidence)}",
            pluginpath="",
        )
    if evidence.outcome.why != "missing-symbol":
        return
    path = go.build_info.path if go.build_info else ""
    own = f", but its symbols are named after {path}" if path else ""
    yield cause(
        "pluginpath-override",
        f"the plugin's pluginpath is {go.pluginpath}{own}",
        f"Leave -pluginpath out of -ldflags: {rebuild(evidence)}",
        pluginpath=go.pluginpath,
    )


RULE = Rule(
    slug="pluginpath-override",
    title="-ldflags=-pluginpath gave the plugin a name that its symbols do not have.",
    meaning="The linker was told another pluginpath than the compiler was, so the exported symbols are not found.",
    why="The exported symbols of a plugin are named after the import path with which it was compiled; the runtime "
    "looks them up after the pluginpath that the linker wrote. The two are the same unless -pluginpath is given by "
    "hand. The failure is not cached: a second Open of the path hangs for ever.",
    example="`go build -buildmode=plugin -ldflags=-pluginpath=auth-v2` to get around `plugin already loaded`.",
    fix="Give the plugin's main package another import path (another module or folder) instead.",
    links=(
        Link("src/plugin/plugin_dlopen.go, open", "https://go.dev/src/plugin/plugin_dlopen.go"),
        Link("src/cmd/go/internal/work/gc.go, pluginPath", "https://go.dev/src/cmd/go/internal/work/gc.go"),
    ),
    ends=ends,
)
