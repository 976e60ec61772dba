"""`machine-mismatch`: the plugin was built for another processor than the host."""

from __future__ import annotations

from collections.abc import Mapping

from gopluck.loader.answer import Failure
from gopluck.rules.model import Evidence, Link, Rule, by_failure


def words(evidence: Evidence, found: Mapping[str, str]) -> tuple[str, str]:
    """By the two ELF headers."""
    one = evidence.host.elf.goarch if evidence.host.elf else "another machine"
    two = evidence.plugin.elf.goarch if evidence.plugin.elf else "another"
    return (
        f"the host is for {one}, the plugin for {two}",
        "Build the plugin for the host's machine (GOARCH), with a C compiler for it.",
    )


RULE = Rule(
    slug="machine-mismatch",
    rank=50,
    title="The plugin was built for another architecture than the host.",
    meaning="Machine, word size or byte order in the two ELF headers differ.",
    why="The dynamic linker refuses code for another machine. glibc passes such files over as if they were not there, "
    "so its text is often only `No such file or directory`.",
    example="A plugin built on an arm64 laptop, copied into an amd64 container.",
    fix="Build the plugin with the host's GOARCH. Plugins need cgo, so a cross build needs a C cross compiler "
    "(`CC=…`).",
    links=(Link("glibc elf/dl-load.c, open_verify"),),
    ends=by_failure(words),
    failures=frozenset({Failure.MACHINE}),
)
