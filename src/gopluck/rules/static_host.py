"""`static-host`: the host is statically linked."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.report.model import Finding
from gopluck.rules.endings import cause, host_command
from gopluck.rules.model import Evidence, Link, Rule


def ends(evidence: Evidence) -> Iterator[Finding]:
    """By the missing `PT_INTERP` of a host that has package plugin."""
    host, outcome = evidence.host, evidence.outcome
    if host.elf is None or host.elf.interp is not None or host.go is None or outcome.verdict == "loads":
        return
    refused = outcome.dlopen is not None and outcome.dlopen.rule == "static-host"
    unseen = outcome.why in ("no-module-data", "unknown-layout") and not host.go.exports_moduledata
    if not refused and not unseen:
        return
    yield cause(
        "static-host",
        "the host is statically linked: "
        + (
            "the C library that comes with this one beside it cannot start a thread"
            if refused and outcome.effect == "fatal"
            else "its C library cannot load anything"
            if refused
            else "a plugin cannot join its module list"
        ),
        host_command(),
        host="no PT_INTERP",
    )


RULE = Rule(
    slug="static-host",
    title="The host is statically linked.",
    meaning="The host has no program interpreter (`PT_INTERP`): no dynamic linker runs in its process.",
    why="With glibc a static program can call `dlopen`, but it exports no symbols, so the plugin brings a runtime of "
    "its own: `no plugin module data`. musl refuses at once: `Dynamic loading not supported`.",
    example="A host built with `-ldflags='-linkmode=external -extldflags -static'` for a scratch image.",
    fix="Link the host dynamically, and run it in an image with the C library it was linked to.",
    links=(
        Link("musl src/ldso/dlopen.c, stub_dlopen"),
        Link("src/runtime/plugin.go, plugin_lastmoduleinit", "https://go.dev/src/runtime/plugin.go"),
    ),
    ends=ends,
)
