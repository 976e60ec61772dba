"""What counts for `gopluck check`: the command line, and where it says nothing the gopluck.toml."""

from __future__ import annotations

from collections.abc import Sequence
from os.path import isdir
from typing import TYPE_CHECKING, Any

import click

from gopluck.config.model import NAME, Config, found
from gopluck.errors import Usage
from gopluck.loader.lazy import directories
from gopluck.result.check import Ignore, Report

if TYPE_CHECKING:
    from gopluck.cli.output import Document
    from gopluck.images.image import Image


def configuration(path: str | None, none: bool) -> Config:
    """The file that `--config` names, or the nearest one; empty where there is none."""
    if path is not None and none:
        raise click.UsageError("--config and --no-config exclude each other.")
    if path == "":
        raise click.UsageError("--config is an empty name.")
    path = None if none else path or found()
    if path is None:
        return Config()
    from gopluck.config.read import read

    return read(path)


def host(file: Config, given: str | None) -> str:
    """The host. An argument comes first."""
    return given if given is not None else file.host or _missing(file, "HOST", "host", "a host")


def plugins(file: Config, given: Sequence[str]) -> Sequence[str]:
    """The plugins. Arguments come first."""
    return given or file.plugins or _missing(file, "PLUGIN...", "plugins", "plugins")


def _missing(file: Config, argument: str, none: str, one: str) -> str:
    told = f"{file.path} names no {none}" if file.path else f"no {NAME} here or above names {one}"
    raise click.UsageError(f"Missing argument '{argument}', and {told}.")


def documents(
    file: Config, formats: Sequence[str], outputs: Sequence[str], inputs: Sequence[str | Image]
) -> list[Document]:
    """The documents to write, none of which is an input. `--format` or `--output` take the place of all in the file."""
    from gopluck.cli import output as out

    where = ""
    if file.formats and not (formats or outputs):
        where = f"{file.at('formats')}: "
        named = sorted(file.formats, key=lambda one: one[1] is None)
        formats, outputs = [one for one, _ in named], [output for _, output in named if output is not None]
    try:
        wanted = out.documents(formats, outputs)
        for one in wanted:
            out.refuse_inputs(one.output, [*inputs, file.path] if file.path else inputs)
    except Usage as error:
        raise Usage(f"{where}{error}") from None
    return wanted


def options(
    file: Config, symbols: Sequence[str], sysroot: str | None, library_path: str | None, ignore: Sequence[str]
) -> dict[str, Any]:
    """Options of `gopluck.check`. Risks that are ignored add up."""
    known = [*file.ignore, *(Ignore(rule, where=IGNORE + rule) for rule in ignore)]
    if sysroot is None and file.sysroot is not None and not isdir(file.sysroot):  # noqa: PTH112 (pathlib costs time)
        raise Usage(f"{file.at('sysroot')}: {file.sysroot} is not a directory")
    if not symbols and file.symbols:
        from gopluck.replay.lookup import given

        # One that is none is told with its line.
        for index, symbol in enumerate(file.symbols):
            given(symbol, f"{file.at('symbols', index)}: {symbol}")
    root = sysroot if sysroot is not None else file.sysroot
    searched = directories(library_path) if library_path is not None else file.library_path
    return {"symbols": symbols or file.symbols, "sysroot": root, "library_path": searched, "ignore": known}


IGNORE = "--ignore "


def remark_unused(report: Report, *, whole: bool) -> None:
    """A line on standard error for what was to be ignored, and is not there.

    `whole`: whether all of the file's plugins were checked; else only what was given on the command line is meant.
    """
    for one in report.unused:
        if not whole and not one.where.startswith(IGNORE):
            continue
        from gopluck.cli.main import tell

        tell(f"note: {one.where}: accepts nothing: no plugin that was checked has this risk ({one.rule})")
