"""`executable-stack`: the plugin makes the stacks of the whole process executable, and newer C libraries refuse it."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.facts.model import Binary
from gopluck.loader.libc import libc_of
from gopluck.rules.model import Evidence, Link, Rule, Told, told

HEADER = "PT_GNU_STACK"
NOTE = '.section .note.GNU-stack,"",%progbits'


def risks(evidence: Evidence) -> Iterator[Told]:
    """By the program header `PT_GNU_STACK` of both files. musl does not look at it."""
    host, plugin = _asks(evidence.host), _asks(evidence.plugin)
    if plugin and not host and not libc_of(evidence.host).musl:
        yield told(
            f"{evidence.file} asks for an executable stack: glibc before 2.41 makes all stacks of the process "
            "executable, and glibc 2.41 and later refuse the plugin",
            f"Give each assembly file of the plugin's C code the line {NOTE}, and link without -z execstack.",
            host=f"{HEADER} RW",
            plugin=f"{HEADER} RWE",
        )


def _asks(binary: Binary) -> bool:
    elf = binary.holder.elf
    return elf is not None and elf.executable_stack


RULE = Rule(
    slug="executable-stack",
    rank=85,
    title="The plugin makes the stacks of the whole process executable.",
    meaning="The plugin's program header `PT_GNU_STACK` has the flag for executable code, the host's does not. It "
    "loads with glibc before 2.41, which makes the stacks of all threads executable for it: what protects the host "
    "from code on a stack is gone. The same plugin does not load where glibc is 2.41 or later.",
    why="The linker sets the flag for the whole file when one object file of C or assembly lacks the section "
    "`.note.GNU-stack`, or with `-z execstack`. Go's own code never needs it, and Go compares no program headers.",
    example="A plugin with an assembly file (`add.S`) beside its cgo code. The linker warned: missing .note.GNU-stack "
    "section implies executable stack.",
    fix=f"Add `{NOTE}` to each `.S` file, or link the plugin with `-ldflags=-extldflags=-Wl,-z,noexecstack` where its "
    "code really runs nothing on the stack.",
    links=(
        Link("glibc elf/dl-load.c, _dl_map_object_from_fd"),
        Link("glibc 2.41, dlopen and executable stacks", "https://sourceware.org/glibc/wiki/Release/2.41"),
    ),
    risks=risks,
)
