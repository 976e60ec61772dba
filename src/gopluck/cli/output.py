"""Where a document goes: standard output, as the terminal or pipe can show it, or a file, whole or not at all."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import TYPE_CHECKING

from gopluck.clean import inert
from gopluck.errors import GopluckError, Usage
from gopluck.record import NamedTuple
from gopluck.report.interface import COMMANDS, NORMAL, View, renderer
from gopluck.site import RULES

if TYPE_CHECKING:
    from gopluck.images.image import Image
    from gopluck.result.check import PluginResult

MARKS = "✓✗…"

PROGRAMS = ("elf", "mach-o", "pe", "ar")
"""Formats of files that no report replaces."""

LIBRARY_LISTS = (b"ld.so-", b"glibc-ld.so.cache")
"""How /etc/ld.so.cache begins."""

LIBRARY_PATH = r"ld-musl-\w+\.path"
"""musl's list of directories, in /etc."""


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
        pages=_pages() if terminal and colored else "",
        unicode=output is not None or _encodes(MARKS),
        verbosity=verbosity,
    )


def _pages() -> str:
    """The address of the folder that has a page for each rule: in a checkout its own."""
    from pathlib import Path

    folder = Path(__file__).resolve().parents[3] / "docs" / "rules"
    return folder.as_uri() if folder.is_dir() else RULES


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
    if not _watched() or quiet or total < 2:
        return nullcontext(lambda path: None)
    from gopluck.cli.progress import Bar

    return Bar(total, color)


def steps(*, quiet: bool, color: str = "auto") -> AbstractContextManager[Callable[[str], None]]:
    """What shows which step a command is at, and for how long: to be called with each one before it begins.

    Shows nothing when quiet, in a pipe, on a dumb terminal.
    """
    if not _watched() or quiet:
        return nullcontext(lambda step: None)
    from gopluck.cli.progress import Steps

    return Steps(color)


def _watched() -> bool:
    stream = sys.stderr
    return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"


class Document(NamedTuple):
    """A document that a command has to write: its format, and the file (None: standard output)."""

    format: str
    output: str | None


def documents(formats: Sequence[str], outputs: Sequence[str]) -> list[Document]:
    """The documents that `--format` and `--output` ask for: the n-th output belongs to the n-th format.

    Raises `Usage` where that has no meaning.
    """
    formats = formats or ("text",)
    if len(outputs) > len(formats):
        times = "once" if len(formats) == 1 else f"{len(formats)} times"
        raise Usage(f"--output is given {len(outputs)} times, and --format {times}: give a --format for each --output")
    if len(formats) - len(outputs) > 1:
        loose = ", ".join(formats[len(outputs) :])
        raise Usage(f"one document goes to standard output, not {loose}: give an --output for each other --format")
    for index, output in enumerate(outputs):
        if any(_same_file(output, other) for other in outputs[:index]):
            raise Usage(f"--output {output}: is given twice")
    return [
        Document(format_, outputs[index] if index < len(outputs) else None) for index, format_ in enumerate(formats)
    ]


def _same_file(one: str, other: str) -> bool:
    """Whether two names are one file that would be replaced twice; a device or a pipe takes what comes."""
    from pathlib import Path

    path = os.path.realpath(one)
    return path == os.path.realpath(other) and (not os.path.lexists(path) or Path(path).is_file())


def refuse_inputs(output: str | None, inputs: Iterable[str | Image]) -> None:
    """Raise `Usage` when the output would replace a file that is read, a program, or what is not to be replaced.

    The libraries that a check finds on its way are not among `inputs`: no program or library is ever replaced.
    """
    if output is None:
        return
    from pathlib import Path

    for read in inputs:
        path = read if isinstance(read, str) else read.name
        with suppress(OSError):
            if (
                not isinstance(read, str)
                and Path(path).is_dir()
                and Path(output).resolve().is_relative_to(Path(path).resolve())
            ):
                raise Usage(f"--output {output}: lies in the image to read")
            if Path(path).samefile(output):
                raise Usage(f"--output {output}: this is one of the files to read")
    from gopluck import files

    if reason := files.refusal(output):
        raise Usage(f"--output {output}: {reason}")
    if what := _of_the_system(output):
        raise Usage(f"--output {output}: is {what}; a report does not replace it")


def _of_the_system(output: str) -> str | None:
    """What a file is that every check may read, wherever it lies: a program, a library, a list of libraries."""
    from pathlib import Path

    from gopluck.facts.read import sniff

    path = Path(os.path.realpath(output))
    if not path.is_file():
        return None
    with suppress(OSError), path.open("rb") as file:
        head = file.read(64)
        if sniff(head, len(head)) in PROGRAMS:
            return "a program or a library"
        if head.startswith(LIBRARY_LISTS) or re.fullmatch(LIBRARY_PATH, path.name):
            return "a list of libraries"
    return None


def show_all(
    command: str,
    result: object,
    wanted: Sequence[Document],
    color: str,
    verbosity: int,
    *,
    risks: bool = False,
    as_text: object = None,
) -> None:
    """Render a command's result in each format, and write what came out. Raises `GopluckError`.

    Nothing is written before everything is rendered. `as_text`: what is shown as text, if it is not the result.
    """
    rendered = []
    for format_, output in wanted:
        seen = view(color, output, verbosity)._replace(risks=risks)
        shown = as_text if as_text is not None and format_ == "text" else result
        rendered.append((renderer(command, format_)(shown, seen), output, seen.pages, format_ in COMMANDS))
    for document, output, pages, commands in rendered:
        write(document, output, pages, commands=commands)


def show(command: str, result: object, format_: str, seen: View, output: str | None, **how: bool) -> None:
    """Render a command's result in a format, and write it. Raises `GopluckError`."""
    write(renderer(command, format_)(result, seen, **how), output, seen.pages)


def write(document: str, output: str | None, pages: str = "", *, commands: bool = False) -> None:
    """Write a document to a file, or to standard output when `output` is None. Raises `GopluckError`.

    Whatever is in it, no terminal and no CI system acts on it, but for links to `pages` (`clean.inert`), and for the
    lines of a document of `commands`.
    """
    document = document if commands else inert(document, pages)
    if output is None:
        _print(document)
    else:
        from gopluck import files

        files.write(output, document.encode("utf-8", "backslashreplace"), f"--output {output}")


def complain_of(unreadable: Iterable[PluginResult]) -> None:
    """A line on standard error for each plugin that could not be read, as for any other error."""
    for plugin in unreadable:
        from gopluck.cli.main import complain

        complain(f"{plugin.path}: {plugin.unreadable}")


def _print(document: str) -> None:
    stream = sys.stdout
    if stream is None or not document:
        return
    encoding = stream.encoding or "ascii"
    try:
        stream.write(document.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except OSError as error:
        from gopluck.cli.main import quiet_stdout

        quiet_stdout()
        if not isinstance(error, BrokenPipeError):
            raise GopluckError(f"standard output: cannot be written: {error.strerror or error}") from None
