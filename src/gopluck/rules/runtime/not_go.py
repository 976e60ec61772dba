"""`not-go`: the file is a shared library without Go in it."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.loader.answer import Status
from gopluck.replay.ends import IN_THE_RUNTIME
from gopluck.rules.model import Evidence, Rule, Told, go_source, told


def ends(evidence: Evidence) -> Iterator[Told]:
    """A file that `dlopen` accepts and that brings no Go module."""
    outcome = evidence.outcome
    if evidence.plugin.go is not None or evidence.plugin.elf is None or outcome.why not in IN_THE_RUNTIME:
        return
    if outcome.dlopen is None or outcome.dlopen.status not in (Status.LOADED, Status.SAME):
        return
    brought = next((one.binary.path for one in outcome.dlopen.needed_loaded if one.binary.go is not None), None)
    then = "looks at the plugin before it" if outcome.other else "finds none"
    yield told(
        f"{evidence.file} is a shared library without Go in it: "
        + (
            f"the host's runtime looks at {brought}, a Go plugin that comes with it as a library that it needs"
            if brought is not None
            else f"it adds no module, so the host's runtime {then}"
        ),
        "Open only what go build -buildmode=plugin made.",
    )._replace(headline="it is a shared library without Go in it")


RULE = Rule(
    slug="not-go",
    rank=20,
    title="The file is a shared library, but no Go plugin.",
    meaning="`dlopen` loads it, but it has no Go module data.",
    why="After `dlopen` the runtime takes the last module of its list for the new plugin. A C library adds none: "
    "without an earlier plugin the process ends (`no plugin module data`); with one the runtime looks at that one "
    "again and says `plugin already loaded`, or repeats that one's failure.",
    example="A host that opens every *.so of a folder meets libcodec.so, a C library that a plugin needs.",
    fix="Keep other libraries out of the folder that the host scans, or give plugins another ending. Check files with "
    "gopluck before they reach the host: the failure is fatal and cannot be recovered.",
    links=(
        go_source("runtime/plugin.go, plugin_lastmoduleinit"),
        go_source("runtime/asm_amd64.s, runtime·addmoduledata"),
    ),
    ends=ends,
    explains=IN_THE_RUNTIME,
)
