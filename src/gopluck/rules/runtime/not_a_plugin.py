"""`not-a-plugin`: an executable, a c-shared library, or a plugin linked so that it keeps to itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gopluck.elf.constants import ET_EXEC
from gopluck.loader.answer import Failure, Status
from gopluck.loader.dlopen import binds
from gopluck.replay.ends import IN_THE_RUNTIME, End
from gopluck.rules.model import Evidence, Link, Rule, Told, Trait, by_failure, go_source, told

KINDS = {
    "exe": "a Go program",
    "pie": "a Go program (-buildmode=pie)",
    "test": "a Go test binary",
    "c-archive": "a C program with Go in it (-buildmode=c-archive)",
    "c-shared": "a Go library for C (-buildmode=c-shared)",
}


def words(evidence: Evidence, found: Mapping[str, str]) -> tuple[str, str, str]:
    """By the ELF type, and by what the build info says."""
    go, elf = evidence.plugin.go, evidence.plugin.elf
    if go is not None and go.kind in KINDS:
        what = KINDS[go.kind]
    elif elf is not None and elf.type == ET_EXEC:
        what = "an executable"
    else:
        what = "an ELF file that cannot be loaded as a library"
    return f"{evidence.file} is {what}, not a plugin", "Build it with -buildmode=plugin.", f"it is {what}, not a plugin"


def ends(evidence: Evidence) -> Iterator[Told]:
    """What `dlopen` refuses, and Go libraries that bring no module of their own."""
    yield from by_failure(words)(evidence)
    go, outcome, found = evidence.plugin.go, evidence.outcome, evidence.outcome.dlopen
    if go is None or found is None or outcome.why not in IN_THE_RUNTIME:
        return
    if found.status != Status.LOADED and evidence.host.library is None:
        return
    if go.kind != "plugin":
        message, fix, headline = words(evidence, {})
        said = told(f"{message}: the host's runtime does not see it", fix, kind=go.kind)
        yield said._replace(headline=headline)
    elif not go.joins_module_list:
        yield told(
            f"{evidence.file} was linked so that it keeps its own module list (-Bsymbolic): the host's runtime does "
            "not see it",
            "Leave -Bsymbolic out of -extldflags and CGO_LDFLAGS.",
        )._replace(headline="it was linked so that it keeps its own module list (-Bsymbolic)")
    elif outcome.why == End.NO_MODULE_DATA and not binds(evidence.plugin, evidence.host.holder):
        mine, theirs = (
            one.elf.version_definitions[1] if one.elf else "" for one in (evidence.plugin, evidence.host.holder)
        )
        yield told(
            f"the symbols of {evidence.file} have the version {mine}, the host's have {theirs}: so the dynamic linker "
            "binds none of them to the host's, and the plugin keeps its own module list",
            "Leave --default-symver and version scripts out of -extldflags and CGO_LDFLAGS.",
            host=theirs,
            plugin=mine,
        )._replace(headline="its symbols have another version than the host's, and are not bound to them")


RULE = Rule(
    slug="not-a-plugin",
    rank=30,
    title="The file is Go or ELF, but not a plugin.",
    meaning="It is an executable, a test binary, a c-shared library, or linked so that its runtime does not join the "
    "host's.",
    why="`dlopen` refuses executables. A c-shared library has a runtime of its own and does not add itself to the "
    "host's module list; with -Bsymbolic, or with symbol versions of its own where the host has others, a plugin "
    "adds itself to its own list. Then the runtime says `no plugin "
    "module data` or looks at an earlier plugin.",
    example="`go build -o auth.so .` without -buildmode=plugin: `cannot dynamically load position-independent "
    "executable`, or `cannot dynamically load executable`.",
    fix="`go build -buildmode=plugin -o auth.so .` in the directory of a package main.",
    links=(Link("glibc elf/dl-load.c, _dl_map_object_from_fd"), go_source("runtime/plugin.go, plugin_lastmoduleinit")),
    ends=ends,
    failures=frozenset({Failure.NOT_A_LIBRARY}),
    explains=IN_THE_RUNTIME,
    traits=frozenset({Trait.OWN_LDFLAGS}),
)
