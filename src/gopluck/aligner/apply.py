"""The edits of an alignment, as a patch or done: go.mod is replaced in one step, and nothing else is touched."""

from __future__ import annotations

import re
from pathlib import Path

from gopluck import files
from gopluck.errors import GopluckError, Usage
from gopluck.result.align import Alignment

LINE = re.compile(r"[^\n]*\n|[^\n]+")
"""Where a patch sees lines: other characters that end one in Python do not."""


def patch(alignment: Alignment) -> str:
    """A unified diff of go.mod that `patch -p1` and `git apply` take in the module's folder; empty without edits."""
    from difflib import unified_diff

    lines = unified_diff(LINE.findall(alignment.before), LINE.findall(alignment.after), "a/go.mod", "b/go.mod")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def write(alignment: Alignment) -> bool:
    """Write the edited go.mod; whether there was something to write.

    Raises `Usage` when there is no Go that made and tried the edits, `GopluckError` when the file changed meanwhile or
    cannot be written.
    """
    if alignment.basis == "go.mod":
        raise Usage(f"--write: edits are made and tried by the go command of {alignment.release}: {alignment.reason}")
    if alignment.after == alignment.before:
        return False
    try:
        changed = Path(alignment.go_mod).read_bytes() != _bytes(alignment.before)
    except OSError as error:
        raise GopluckError(f"{alignment.go_mod}: cannot be read: {error.strerror or error}") from None
    if changed:
        raise GopluckError(f"{alignment.go_mod}: was changed meanwhile: nothing is written")
    files.write(alignment.go_mod, _bytes(alignment.after), alignment.go_mod)
    return True


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
