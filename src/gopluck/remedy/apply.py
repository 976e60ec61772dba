"""The edits of an alignment, as a patch or done: go.mod is replaced in one step, and nothing else is touched."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from gopluck.errors import GopluckError, Usage
from gopluck.remedy.alignment import Alignment


def patch(alignment: Alignment) -> str:
    """A unified diff of go.mod that `patch -p1` and `git apply` take in the module's folder; empty without edits."""
    import difflib

    lines = difflib.unified_diff(
        alignment.before.splitlines(keepends=True),
        alignment.after.splitlines(keepends=True),
        "a/go.mod",
        "b/go.mod",
    )
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
    target = Path(os.path.realpath(alignment.go_mod))
    beside = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        if target.read_bytes() != _bytes(alignment.before):
            raise GopluckError(f"{alignment.go_mod}: was changed meanwhile: nothing is written")
        with beside.open("xb") as file:
            file.write(_bytes(alignment.after))
        beside.chmod(target.stat().st_mode & 0o777)
        beside.replace(target)
    except OSError as error:
        raise GopluckError(f"{alignment.go_mod}: cannot be written: {error.strerror or error}") from None
    finally:
        with suppress(OSError):
            beside.unlink()
    return True


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
