"""Blocks of shell lines, pasted into real shells in which every program is a stand-in that says that it was called."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ALLOWED = ("go", "cd", "export", "mkdir", "gopluck")
"""What a fix may run."""

SHELLS = ("bash", "sh")

USED, SET = re.compile(r"\$([A-Z_]+)"), re.compile(r"^([A-Z_]+)=/path/to/it  #", re.MULTILINE)
"""The variables that stand for what no file tells, where they are used, and where the user sets them."""

STAND_INS = """\
PATH=/nonexistent
go() { echo "ran go" >&3; case "$1 $2" in "mod graph") echo "example.com/a@v1.0.0 example.com/greet@v1.1.0";; esac; }
gopluck() { echo "ran gopluck" >&3; }
cd() { echo "ran cd" >&3; }
mkdir() { echo "ran mkdir" >&3; }
"""
"""Functions in place of programs: whatever else a block calls is not found, and both shells say so. `export` is the
shell's own, which no function can stand in for."""


class Pasted(NamedTuple):
    """What became of some blocks."""

    status: int
    ran: tuple[str, ...]
    """The programs that were called, in order."""
    said: str
    """What the shell said on standard error: nothing, when all was well."""


def block_of(text: str, label: str = "fix") -> str:
    """The block behind a label of a report, as somebody selects it: without the label and the indent."""
    found = re.search(rf"^  {label} .*(?:\n(?: {{8}}.*)?)*", text, re.MULTILINE)
    return "\n".join(line[8:] for line in found[0].splitlines() if line.strip()) if found else ""


def blocks_of(text: str) -> list[str]:
    """Each block of a report that is meant to be pasted."""
    return [block for label in ("fix", "host", "next", "try", "build") if (block := block_of(text, label))]


def unset(block: str) -> set[str]:
    """The variables of a block that no line of it sets."""
    return {*USED.findall(block)} - {*SET.findall(block)}


def script(blocks: Sequence[str]) -> str:
    """Each block in a function of its own, so that one that is not closed shows."""
    return "".join(f"block{number}() {{ :\n{block}\n}}\n" for number, block in enumerate(blocks))


def paste(shell: str, blocks: Sequence[str], folder: Path) -> Pasted:
    """Run the blocks in a real shell, one after the other, in a folder."""
    calls = "".join(f"block{number}\n" for number in range(len(blocks)))
    return run(shell, STAND_INS + script(blocks) + calls, folder)


def type_lines(shell: str, blocks: Sequence[str], folder: Path) -> Pasted:
    """Type the blocks into a shell line by line, as a terminal does: each line is read when the one before is done."""
    text = "".join(f"{block}\n" for block in blocks)
    return run(shell, STAND_INS + text, folder)


def run(shell: str, text: str, folder: Path) -> Pasted:
    """Hand a text to a shell on its standard input."""
    done = subprocess.run(
        [shell, "-c", f"exec 3>&1; exec {shell} -s"],
        input=text.encode("utf-8", "surrogateescape"),
        capture_output=True,
        check=False,
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "LC_ALL": "C.UTF-8"},
    )
    ran = tuple(line.removeprefix("ran ") for line in done.stdout.decode().splitlines() if line.startswith("ran "))
    return Pasted(done.returncode, ran, done.stderr.decode("utf-8", "replace"))


def parses(shell: str, blocks: Sequence[str]) -> str:
    """What a shell says of the syntax of the blocks; empty when it takes them."""
    done = subprocess.run([shell, "-n"], input=script(blocks).encode("utf-8", "surrogateescape"), capture_output=True)
    return done.stderr.decode("utf-8", "replace")
