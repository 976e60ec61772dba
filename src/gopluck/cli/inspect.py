"""`gopluck inspect FILE`: what is in a host or a plugin."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import click

from gopluck.cli import complete
from gopluck.cli.options import color_option, format_option, output_option, takes_images

if TYPE_CHECKING:
    from gopluck.images.image import Image


@click.command("inspect")
@click.argument("file", metavar="FILE", shell_complete=complete.files)
@takes_images("file")
@format_option()
@output_option
@click.option("-v", "--verbose", is_flag=True, help="Show every module, package and library.")
@color_option
def command(file: str | Image, format_: str, output: str | None, verbose: bool, color: str) -> int:
    """Show what gopluck reads in FILE, a Go host or a Go plugin: kind, versions, flags, packages, symbols, libraries.

    Of a host also the constant names that its code looks up in plugins, with the types that it asserts.

    Of a container image on disk the host in it is shown; IMAGE:/PATH is another file in it. Of a damaged file what can
    be read is shown, and the exit status is 2.

    \b
    Examples:
      gopluck inspect ./gateway
      gopluck inspect auth.so --format json
    """
    from gopluck.api import read, system_of
    from gopluck.cli import output as out
    from gopluck.errors import MalformedFile, Usage
    from gopluck.report.interface import NORMAL, VERBOSE

    out.refuse_inputs(output, [file])
    binary = read(file)
    if binary.go is None and binary.elf is not None and binary.damage is None:
        from gopluck.loader.chost import with_library

        with suppress(Usage):  # a C program without Go
            binary = with_library(binary, system_of(file))
    view = out.view(color, output, VERBOSE if verbose else NORMAL)
    out.show("inspect", binary, format_, view, output)
    if binary.damage is not None:
        raise MalformedFile(f"{binary.path}: {binary.damage}")
    return 0
