"""`machine-mismatch`: the plugin was built for another processor than the host."""

from __future__ import annotations

from collections.abc import Mapping

from gopluck.rules.endings import by_dlopen, rebuild
from gopluck.rules.model import Evidence, Link, Rule


def words(evidence: Evidence, found: Mapping[str, str]) -> tuple[str, str]:
    """By the two ELF headers."""
    one = evidence.host.elf.goarch if evidence.host.elf else "another machine"
    two = evidence.plugin.elf.goarch if evidence.plugin.elf else "another"
    return f"the host is for {one}, the plugin for {two}", f"GOARCH={one} {rebuild(evidence)}"


RULE = Rule(
    slug="machine-mismatch",
    title="The plugin was built for another architecture than the host.",
    meaning="Machine, word size or byte order in the two ELF headers differ.",
    why="The dynamic linker refuses code for another machine. glibc passes such files over as if they were not there, "
    "so its text is often only `No such file or directory`.",
    example="A plugin built on an arm64 laptop, copied into an amd64 container.",
    fix="Build the plugin with the host's GOARCH. Plugins need cgo, so a cross build needs a C cross compiler "
    "(`CC=…`).",
    links=(Link("glibc elf/dl-load.c, open_verify"),),
    ends=by_dlopen("machine-mismatch", words),
)
