"""`gopluck build HOST [DIR]`: build the plugin in DIR so that HOST loads it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from gopluck.cli import complete
from gopluck.cli.options import color_option, format_option, takes_images, verbosity
from gopluck.result.verdict import Verdict

if TYPE_CHECKING:
    from gopluck.images.image import Image

STATUS = {Verdict.LOADS: 0, Verdict.FAILS: 1, Verdict.UNKNOWN: 3}
"""The exit status of a build's verdict."""

EXIT_STATUS = """\b
Exit status:
  0  the plugin is built, and will load
  1  it cannot be built so that it loads
  2  wrong usage, a file that cannot be read, or no Go of the host's release
  3  it cannot be determined
"""


@click.command("build", epilog=EXIT_STATUS)
@click.argument("host", metavar="HOST", shell_complete=complete.files)
@click.argument("folder", metavar="[DIR]", default=".", required=False, shell_complete=complete.folders)
@takes_images("host")
@click.option(
    "--output",
    "-o",
    metavar="FILE",
    shell_complete=complete.files,
    help="Write the plugin to FILE (default: the folder's name + .so, here); an earlier plugin is replaced.",
)
@click.option("--print", "printing", is_flag=True, help="Build nothing: print the commands as a script.")
@click.option("--write", "keep", is_flag=True, help="Edit go.mod where it lies, not a copy of it.")
@format_option(told="How to report, on standard output.")
@click.option("-v", "--verbose", is_flag=True, help="Show each step, every package and every harmless difference.")
@click.option("-q", "--quiet", is_flag=True, help="Show one line when there is no plugin, else nothing.")
@color_option
def command(
    host: str | Image,
    folder: str,
    output: str | None,
    printing: bool,
    keep: bool,
    format_: str,
    verbose: bool,
    quiet: bool,
    color: str,
) -> int:
    """Build the plugin in DIR (default: .) so that HOST loads it, and check that it does.

    DIR is the folder of the plugin's main package. HOST is an executable, a manifest that
    `gopluck manifest` wrote, or a container image on disk. Your go command is run as the release that the host was
    built with (GOTOOLCHAIN), with the host's flags and the host's versions of shared modules. Your files stay as they
    are: edits go to a copy of go.mod, unless you say --write. FILE is written only if the plugin will load.

    \b
    Examples:
      gopluck build ./gateway
      gopluck build gateway.json ./plugins/auth -o auth.so
      gopluck build ./gateway --print > build-plugin.sh
    """
    from gopluck.cli import output as out

    shown = verbosity(verbose, quiet)
    if printing and (keep or format_ != "text"):
        raise click.UsageError("--print builds nothing: it does not go with --write or --format json.")
    target = output if output is not None else _name(folder)
    if printing:
        if not isinstance(host, str) and host.name == "-":
            raise click.UsageError("--print: the script cannot read standard input again; name a file as HOST.")
        out.write(_script(host, folder, target), None)
        return 0
    from gopluck.projects import build

    def progress(step: str) -> None:
        if verbose or (not quiet and sys.stderr is not None and sys.stderr.isatty()):
            from gopluck.cli.main import tell

            tell(step)

    built = build(host, folder, target, keep=keep, progress=progress)
    out.show("build", built, format_, out.view(color, None, shown), None)
    return STATUS[built.verdict]


def _name(folder: str) -> str:
    """The name of the plugin's file: that of its folder, or of its module."""
    from gopluck.aligner.project import Project, plugin_name

    return plugin_name(Project.read(folder, os.environ))


def _script(host: str | Image, folder: str, target: str) -> str:
    from gopluck.builder.make import script
    from gopluck.projects import align

    return script(align(host, folder), os.environ, target)
