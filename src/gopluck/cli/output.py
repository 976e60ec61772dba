"""Where a document goes: standard output, as the terminal or pipe can show it, or a file, whole or not at all."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path

from gopluck.errors import GopluckError, Usage
from gopluck.report.interface import NORMAL, View

MARKS = "✓✗…"


def view(color: str, output: str | None, verbosity: int = NORMAL) -> View:
    """How a text is drawn for this destination. `color`: `auto`, `always` or `never`.

    Width: the terminal's, or `COLUMNS`, else 80.
    """
    stream = sys.stdout
    terminal = output is None and stream is not None and stream.isatty()
    colored = color == "always" or (
        color == "auto" and terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )
    return View(
        width=_width(terminal),
        fold_quotes=terminal,
        color=colored,
        unicode=output is not None or _encodes(MARKS),
        verbosity=verbosity,
    )


def _width(terminal: bool) -> int:
    columns = os.environ.get("COLUMNS", "")
    if columns.isascii() and columns.isdigit() and int(columns) > 0:
        return int(columns)
    if terminal:
        with suppress(OSError, ValueError):
            return os.get_terminal_size(sys.stdout.fileno()).columns or 80
    return 80


def _encodes(text: str) -> bool:
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (UnicodeError, LookupError):
        return False
    return True


def progress(total: int, *, quiet: bool, color: str = "auto") -> AbstractContextManager[Callable[[str], None]]:
    """What shows how far a command is: to be called with the path of each plugin before it is read.

    Shows nothing when quiet, in a pipe, on a dumb terminal, or for one plugin.
    """
    stream = sys.stderr
    watched = stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"
    if not watched or quiet or total < 2:
        return nullcontext(lambda path: None)
    from gopluck.cli.progress import Bar

    return Bar(total, color)


def refuse_inputs(output: str | None, inputs: Iterable[str]) -> None:
    """Raise `Usage` when the output would overwrite a file that is being read."""
    for path in inputs if output is not None else ():
        with suppress(OSError):
            if Path(path).samefile(str(output)):
                raise Usage(f"--output {output}: this is one of the files to read")


def write(document: str, output: str | None) -> None:
    """Write a document to a file, or to standard output when `output` is None. Raises `GopluckError`."""
    if output is None:
        _print(document)
        return
    target = Path(output)
    data = document.encode("utf-8", "backslashreplace")
    try:
        if target.is_dir():
            raise Usage(f"--output {output}: is a directory")
        if target.exists() and not target.is_file():
            target.write_bytes(data)  # a pipe or a device: there is nothing to replace
        else:
            _replace(Path(os.path.realpath(target)), data, output)
    except OSError as error:
        raise GopluckError(f"--output {output}: cannot be written: {error.strerror or error}") from None


def _replace(target: Path, data: bytes, output: str) -> None:
    """Write beside the target, then take its place in one step."""
    if not target.parent.is_dir():
        raise Usage(f"--output {output}: there is no directory {target.parent}")
    beside = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    mode = target.stat().st_mode & 0o777 if target.exists() else None
    try:
        with beside.open("xb") as file:
            file.write(data)
        if mode is not None:
            beside.chmod(mode)
        beside.replace(target)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise


def _print(document: str) -> None:
    stream = sys.stdout
    if stream is None or not document:
        return
    encoding = stream.encoding or "ascii"
    try:
        stream.write(document.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except BrokenPipeError:
        from gopluck.cli.main import quiet_stdout

        quiet_stdout()
    except OSError as error:
        from gopluck.cli.main import quiet_stdout

        quiet_stdout()
        raise GopluckError(f"standard output: cannot be written: {error.strerror or error}") from None
