"""`gopluck align HOST [DIR]`: make a plugin's module fit a host, before anything is built."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from gopluck.cli.options import color_option, format_option, output_option, verbosity

if TYPE_CHECKING:
    from gopluck.remedy.alignment import Alignment

STATUS = {"fits": 0, "differs": 1, "unknown": 3}
"""The exit status of an alignment's verdict."""

EXIT_STATUS = """\b
Exit status:
  0  it fits; with --write: it does now
  1  it does not fit
  2  wrong usage, or a file that does not exist or cannot be read
  3  it cannot be determined
"""


@click.command("align", epilog=EXIT_STATUS)
@click.argument("host", metavar="HOST")
@click.argument("folder", metavar="[DIR]", default=".", required=False)
@click.option("--check", "mode", flag_value="check", help="For CI: show what does not fit, and nothing else.")
@click.option("--diff", "mode", flag_value="diff", help="Print the edits as a patch of go.mod.")
@click.option("--write", "mode", flag_value="write", help="Edit go.mod, and nothing else.")
@click.option(
    "--flags",
    metavar="FLAGS",
    help="Check your own `go build -buildmode=plugin FLAGS` in this environment, not the printed build command.",
)
@click.option(
    "--no-compile", is_flag=True, help="Compile nothing: code that no checksum pins is then not decided (status 3)."
)
@format_option
@output_option
@click.option("-v", "--verbose", is_flag=True, help="Show every package and every harmless difference.")
@click.option("-q", "--quiet", is_flag=True, help="Show one line when it does not fit, else nothing.")
@color_option
def command(
    host: str,
    folder: str,
    mode: str | None,
    flags: str | None,
    no_compile: bool,
    format_: str,
    output: str | None,
    verbose: bool,
    quiet: bool,
    color: str,
) -> int:
    """Say whether the plugin in DIR (default: .), built for HOST, would fit it, and which edits make it fit.

    DIR is the folder of the plugin's main package. HOST is an executable, or a manifest that `gopluck manifest` wrote.
    Your go command is run as the release that the host was built with (GOTOOLCHAIN), never as another one; packages
    are compiled, into Go's build cache, but nothing is linked. Without Go, go.mod alone is compared, which is weaker.
    Nothing is changed without --write.

    \b
    Examples:
      gopluck align ./gateway
      gopluck align --check gateway.json ./plugins/auth
      gopluck align --write gateway.json && make
    """
    from gopluck.cli import output as out
    from gopluck.remedy.apply import patch, write
    from gopluck.remedy.model import NOTHING_TO_TYPE
    from gopluck.report.interface import alignment_renderer

    shown = verbosity(verbose, quiet)
    if mode in ("diff", "write") and flags is not None:
        raise click.UsageError(
            f"--{mode} and --flags exclude each other: edits are for the build command that is printed."
        )
    if mode == "diff" and format_ != "text":
        raise click.UsageError("--diff prints a patch: it has no other format.")
    out.refuse_inputs(output, [host])
    alignment = run(host, folder, flags, compiling=not no_compile)
    view = out.view(color, output, shown)
    if mode == "diff":
        out.write(patch(alignment), output)
        return STATUS[alignment.verdict]
    if mode == "write" and write(alignment):
        # What is said then is about the files as they are now.
        alignment = run(host, folder, flags, compiling=not no_compile)
    if mode == "check" and format_ == "text":
        alignment = alignment._replace(recipe=NOTHING_TO_TYPE)
    out.write(alignment_renderer(format_)(alignment, view), output)
    return STATUS[alignment.verdict]


def run(host: str, folder: str, flags: str | None, *, compiling: bool) -> Alignment:
    """The alignment of the module in a folder with a host."""
    from gopluck.api import read_host
    from gopluck.remedy.align import align

    return align(read_host(host), folder, os.environ, flags=flags, compiling=compiling)
