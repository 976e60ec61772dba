"""`host-not-exporting`: the host is dynamically linked, but keeps Go's symbols to itself."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.report.model import Finding
from gopluck.rules.endings import cause, host_command
from gopluck.rules.model import Evidence, Link, Rule


def ends(evidence: Evidence) -> Iterator[Finding]:
    """By `runtime.lastmoduledatap` in the host's `.dynsym`; under musl by `runtime.tlsg`, which a plugin needs, too."""
    host, plugin, outcome = evidence.host, evidence.plugin, evidence.outcome
    if host.go is None or host.go.exports_moduledata or host.elf is None or host.elf.interp is None:
        return
    unseen = outcome.why == "no-module-data" and plugin.go is not None and plugin.go.kind == "plugin"
    refused = outcome.dlopen is not None and outcome.dlopen.rule == "host-not-exporting"
    if unseen or refused:
        yield cause(
            "host-not-exporting",
            "the host does not export Go's symbols (it was linked internally, or its dynamic symbols were removed): no "
            "plugin can " + ("use its thread-local storage" if refused else "join its module list"),
            host_command("-ldflags=-linkmode=external"),
            host="runtime.lastmoduledatap is not in .dynsym",
        )


RULE = Rule(
    slug="host-not-exporting",
    title="The host does not export the symbols of its Go runtime.",
    meaning="`runtime.lastmoduledatap` is not among the host's dynamic symbols.",
    why="A plugin's constructor adds its module to the list that the host's runtime walks, through a symbol which the "
    "host must export. Only the external linker (`-linkmode=external`, the default for a program that imports package "
    "plugin) makes a host export its Go symbols. Otherwise the plugin adds itself to its own list, and the host ends "
    "with `no plugin module data`.",
    example="A host built with `-ldflags=-linkmode=internal`.",
    fix="Build the host without -linkmode=internal. No plugin can make up for it.",
    links=(
        Link(
            "src/cmd/link/internal/ld/config.go, mustLinkExternal", "https://go.dev/src/cmd/link/internal/ld/config.go"
        ),
        Link("src/runtime/asm_amd64.s, runtime·addmoduledata", "https://go.dev/src/runtime/asm_amd64.s"),
    ),
    ends=ends,
)
