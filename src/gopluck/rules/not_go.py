"""`not-go`: the file is a shared library without Go in it."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.report.model import Finding
from gopluck.rules.endings import cause, name, rebuild
from gopluck.rules.model import Evidence, Link, Rule

ENDS = ("no-module-data", "typemap-set", "same-pluginpath", "hash", "empty-pluginpath", "overlap", "loads")


def ends(evidence: Evidence) -> Iterator[Finding]:
    """A file that `dlopen` accepts and that brings no Go module."""
    outcome = evidence.outcome
    if evidence.plugin.go is not None or evidence.plugin.elf is None or outcome.why not in ENDS:
        return
    if outcome.dlopen is None or outcome.dlopen.status not in ("loaded", "same"):
        return
    brought = next((one.binary.path for one in outcome.dlopen.needed_loaded if one.binary.go is not None), None)
    then = "looks at the plugin before it" if outcome.other else "finds none"
    yield cause(
        "not-go",
        f"{name(evidence)} is a shared library without Go in it: "
        + (
            f"the host's runtime looks at {brought}, a Go plugin that comes with it as a library that it needs"
            if brought is not None
            else f"it adds no module, so the host's runtime {then}"
        ),
        f"Open only what `go build -buildmode=plugin` made: {rebuild(evidence)}",
    )


RULE = Rule(
    slug="not-go",
    title="The file is a shared library, but no Go plugin.",
    meaning="`dlopen` loads it, but it has no Go module data.",
    why="After `dlopen` the runtime takes the last module of its list for the new plugin. A C library adds none: "
    "without an earlier plugin the process ends (`no plugin module data`); with one the runtime looks at that one "
    "again and says `plugin already loaded`, or repeats that one's failure.",
    example="A host that opens every *.so of a folder meets libcodec.so, a C library that a plugin needs.",
    fix="Keep other libraries out of the folder that the host scans, or give plugins another ending. Check files with "
    "gopluck before they reach the host: the failure is fatal and cannot be recovered.",
    links=(
        Link("src/runtime/plugin.go, plugin_lastmoduleinit", "https://go.dev/src/runtime/plugin.go"),
        Link("src/runtime/asm_amd64.s, runtime·addmoduledata", "https://go.dev/src/runtime/asm_amd64.s"),
    ),
    ends=ends,
)
