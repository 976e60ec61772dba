"""`host-not-exporting`: the host is dynamically linked, but keeps Go's symbols to itself."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.builds.support import Lack
from gopluck.loader.answer import Failure
from gopluck.replay.ends import IN_THE_RUNTIME, End
from gopluck.rules.model import EXTERNAL, Evidence, Owner, Rule, Told, go_issue, go_source, told

HEADLINES = {
    "exe": ("the host does not export Go's symbols", "it was linked internally, or its dynamic symbols were removed"),
    "c-archive": ("the C program does not export Go's symbols", "it was linked without -rdynamic"),
    "c-shared": ("{} does not export Go's symbols", "a version script, --exclude-libs or -fvisibility hides them"),
}
"""By kind: what is so, and why."""

IN_C = {
    "c-archive": "Link the C program with -rdynamic.",
    "c-shared": "Link the library so that it exports Go's symbols: without a version script or --exclude-libs.",
}


def ends(evidence: Evidence) -> Iterator[Told]:
    """By `runtime.lastmoduledatap` in the host's `.dynsym`; under musl by `runtime.tlsg`, which a plugin needs, too."""
    host, plugin, outcome = evidence.host, evidence.plugin, evidence.outcome
    if host.go is None or host.go.exports_moduledata or host.elf is None or host.elf.interp is None:
        return
    unseen = outcome.why == End.NO_MODULE_DATA and plugin.go is not None and plugin.go.kind == "plugin"
    refused = outcome.dlopen is not None and outcome.dlopen.failure == Failure.HOST_EXPORTS_NOTHING
    if unseen or refused:
        in_vain = "use its thread-local storage" if refused else "join its module list"
        headline, why = HEADLINES.get(host.go.kind, HEADLINES["exe"])
        headline = headline.format(host.holder.path.rpartition("/")[2])
        yield told(
            f"{headline} ({why}): no plugin can {in_vain}",
            IN_C.get(host.go.kind, "Build the host without -linkmode=internal, and keep its dynamic symbols."),
            host="runtime.lastmoduledatap is not in .dynsym",
        )._replace(headline=headline)


RULE = Rule(
    slug="host-not-exporting",
    rank=80,
    title="The host does not export the symbols of its Go runtime.",
    meaning="`runtime.lastmoduledatap` is not among the host's dynamic symbols.",
    why="A plugin's constructor adds its module to the list that the host's runtime walks, through a symbol which the "
    "host must export. Only the external linker (`-linkmode=external`, the default for a program that imports package "
    "plugin) makes a host export its Go symbols. Otherwise the plugin adds itself to its own list, and the host ends "
    "with `no plugin module data`.",
    example="A host built with `-ldflags=-linkmode=internal`. A C program into which Go was linked as a c-archive, "
    "without `-rdynamic`.",
    fix="Build the host without -linkmode=internal; link a C program with `-rdynamic`. No plugin can make up for it.",
    links=(
        go_source("cmd/link/internal/ld/config.go, mustLinkExternal"),
        go_source("runtime/asm_amd64.s, runtime·addmoduledata"),
        go_issue(18123),
        go_issue(37286),
    ),
    ends=ends,
    explains=IN_THE_RUNTIME,
    failures=frozenset({Failure.HOST_EXPORTS_NOTHING}),
    lack=Lack.EXPORTS,
    owner=Owner(
        "a host that does not export Go's symbols opens no plugin at all",
        "Leave -linkmode=internal out, and do not remove dynamic symbols.",
        flags=(EXTERNAL,),
        in_c=IN_C,
    ),
)
