"""`static-host`: the host is statically linked."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.builds.support import Lack
from gopluck.loader.answer import DlopenResult, Failure, Status
from gopluck.replay.ends import IN_THE_RUNTIME, End
from gopluck.result.verdict import Verdict
from gopluck.rules.model import EXTERNAL, Evidence, Link, Owner, Rule, Told, go_source, told


def ends(evidence: Evidence) -> Iterator[Told]:
    """By the missing `PT_INTERP` of a host that has package plugin."""
    host, outcome = evidence.host, evidence.outcome
    if host.elf is None or host.elf.interp is not None or host.go is None or outcome.verdict == Verdict.LOADS:
        return
    refused = outcome.dlopen if outcome.dlopen is not None and outcome.dlopen.failure in RULE.failures else None
    unseen = outcome.why in (End.NO_MODULE_DATA, End.UNKNOWN_LAYOUT) and not host.go.exports_moduledata
    if refused or unseen:
        yield told(
            f"the host is statically linked: {_why(refused) if refused else MODULES}",
            "Link the host dynamically.",
            host="no PT_INTERP",
        )._replace(headline="the host is statically linked")


MODULES = "a plugin cannot join its module list"


def _why(dlopen: DlopenResult) -> str:
    if dlopen.failure == Failure.STATIC_TLS:
        return f"it has less room for thread-local variables than others, and {MODULES}"
    if dlopen.status != Status.ABORT:
        return "its C library cannot load anything"
    if "stack" in dlopen.evidence:
        return "its C library cannot make the stack executable, which this file asks for"
    return "the C library that comes with this one beside it cannot start a thread"


RULE = Rule(
    slug="static-host",
    rank=90,
    title="The host is statically linked.",
    meaning="The host has no program interpreter (`PT_INTERP`): no dynamic linker runs in its process.",
    why="With glibc a static program can call `dlopen`, but it exports no symbols, so the plugin brings a runtime of "
    "its own: `no plugin module data`. musl refuses at once: `Dynamic loading not supported`.",
    example="A host built with `-ldflags='-linkmode=external -extldflags -static'` for a scratch image.",
    fix="Link the host dynamically, and run it in an image with the C library it was linked to.",
    links=(Link("musl src/ldso/dlopen.c, stub_dlopen"), go_source("runtime/plugin.go, plugin_lastmoduleinit")),
    ends=ends,
    explains=IN_THE_RUNTIME | {End.UNKNOWN_LAYOUT},
    failures=frozenset({Failure.STATIC_HOST, Failure.STATIC_TLS}),
    lack=Lack.DYNAMIC_LINKER,
    owner=Owner(
        "a static host opens no plugin at all",
        "Leave -static out of -extldflags.",
        flags=(EXTERNAL,),
        in_c={"c-archive": "Link the C program with -rdynamic, and without -static."},
    ),
)
