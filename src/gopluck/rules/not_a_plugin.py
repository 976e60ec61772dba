"""`not-a-plugin`: an executable, a c-shared library, or a plugin linked so that it keeps to itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gopluck.elf.constants import ET_EXEC
from gopluck.report.model import Finding
from gopluck.rules.endings import by_dlopen, cause, name, rebuild
from gopluck.rules.model import Evidence, Link, Rule
from gopluck.rules.not_go import ENDS

KINDS = {
    "exe": "a Go program",
    "pie": "a Go program (-buildmode=pie)",
    "test": "a Go test binary",
    "c-shared": "a Go library for C (-buildmode=c-shared)",
}


def words(evidence: Evidence, found: Mapping[str, str]) -> tuple[str, str]:
    """By the ELF type, and by what the build info says."""
    go, elf = evidence.plugin.go, evidence.plugin.elf
    if go is not None and go.kind in KINDS:
        what = KINDS[go.kind]
    elif elf is not None and elf.type == ET_EXEC:
        what = "an executable"
    else:
        what = "an ELF file that cannot be loaded as a library"
    return f"{name(evidence)} is {what}, not a plugin", rebuild(evidence)


def ends(evidence: Evidence) -> Iterator[Finding]:
    """What `dlopen` refuses, and Go libraries that bring no module of their own."""
    yield from by_dlopen("not-a-plugin", words)(evidence)
    go, outcome = evidence.plugin.go, evidence.outcome
    if go is None or outcome.dlopen is None or outcome.dlopen.status != "loaded" or outcome.why not in ENDS:
        return
    if go.kind != "plugin":
        message, fix = words(evidence, {})
        yield cause("not-a-plugin", f"{message}: the host's runtime does not see it", fix, kind=go.kind)
    elif not go.joins_module_list and outcome.why != "loads":
        yield cause(
            "not-a-plugin",
            f"{name(evidence)} was linked so that it keeps its own module list (-Bsymbolic): the host's runtime does "
            "not see it",
            f"Leave -Bsymbolic out of -extldflags and CGO_LDFLAGS: {rebuild(evidence)}",
        )


RULE = Rule(
    slug="not-a-plugin",
    title="The file is Go or ELF, but not a plugin.",
    meaning="It is an executable, a test binary, a c-shared library, or linked so that its runtime does not join the "
    "host's.",
    why="`dlopen` refuses executables. A c-shared library has a runtime of its own and does not add itself to the "
    "host's module list; with -Bsymbolic a plugin adds itself to its own list. Then the runtime says `no plugin "
    "module data` or looks at an earlier plugin.",
    example="`go build -o auth.so .` without -buildmode=plugin: `cannot dynamically load position-independent "
    "executable`, or `cannot dynamically load executable`.",
    fix="`go build -buildmode=plugin -o auth.so .` in the directory of a package main.",
    links=(
        Link("glibc elf/dl-load.c, _dl_map_object_from_fd"),
        Link("src/runtime/plugin.go, plugin_lastmoduleinit", "https://go.dev/src/runtime/plugin.go"),
    ),
    ends=ends,
)
