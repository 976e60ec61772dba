"""`pluginpath-override`: the plugin's name is taken, or -ldflags=-pluginpath gave it another than its symbols have."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.replay.ends import IN_THE_RUNTIME, End
from gopluck.rules.model import Evidence, Rule, Told, Trait, go_source, told


def ends(evidence: Evidence) -> Iterator[Told]:
    """By exported symbols that do not exist under the pluginpath, or a pluginpath that is a package of the host."""
    go = evidence.plugin.go
    if go is None:
        return
    taken = tuple(m.path for m in evidence.outcome.mismatches if m.path == go.pluginpath and m.provider == 0)
    if taken and go.build_info is not None and go.build_info.path == go.pluginpath:
        what = f"go.mod names the plugin's package {go.pluginpath}, and that is a package that the host has, too"
        yield told(what, "Give the plugin's module another path.", taken, pluginpath=go.pluginpath)
        return
    if taken:
        what = f"{go.pluginpath}, a package that the host has, too"
    elif evidence.outcome.why == End.EMPTY_PLUGINPATH and not go.pluginpath and go.kind == "plugin":
        what = "empty"
    elif evidence.outcome.why == End.MISSING_SYMBOL:
        path = go.build_info.path if go.build_info else ""
        what = go.pluginpath + (f", but its symbols are named after {path}" if path else "")
    else:
        return
    fix = "Leave -pluginpath out of -ldflags."
    yield told(f"the plugin's pluginpath is {what}", fix, taken, pluginpath=go.pluginpath)


RULE = Rule(
    slug="pluginpath-override",
    rank=180,
    title="-ldflags=-pluginpath gave the plugin a name that its symbols do not have.",
    meaning="The linker was told another pluginpath than the compiler was, so the exported symbols are not found.",
    why="The exported symbols of a plugin are named after the import path with which it was compiled; the runtime "
    "looks them up after the pluginpath that the linker wrote. The two are the same unless -pluginpath is given by "
    "hand. The failure is not cached: a second Open of the path hangs for ever.",
    example="`go build -buildmode=plugin -ldflags=-pluginpath=auth-v2` to get around `plugin already loaded`.",
    fix="Give the plugin's main package another import path (another module or folder) instead. The same cures a "
    "module that go.mod names `main`, as the host's own package is named.",
    links=(go_source("plugin/plugin_dlopen.go, open"), go_source("cmd/go/internal/work/gc.go, pluginPath")),
    ends=ends,
    explains=IN_THE_RUNTIME | {End.MISSING_SYMBOL},
    settles=True,
    traits=frozenset({Trait.OWN_LDFLAGS}),
)
