"""`gopluck align HOST [DIR]`: make a plugin's module fit a host, before anything is built."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from gopluck.cli.options import color_option, formats_option, outputs_option, takes_images, verbosity
from gopluck.result.verdict import Fit

if TYPE_CHECKING:
    from gopluck.images.image import Image
    from gopluck.result.align import Alignment

STATUS = {Fit.FITS: 0, Fit.DIFFERS: 1, Fit.UNKNOWN: 3}
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
@takes_images("host")
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
@formats_option
@outputs_option
@click.option("-v", "--verbose", is_flag=True, help="Show every package and every harmless difference.")
@click.option("-q", "--quiet", is_flag=True, help="Show one line when it does not fit, else nothing.")
@color_option
def command(
    host: str | Image,
    folder: str,
    mode: str | None,
    flags: str | None,
    no_compile: bool,
    format_: tuple[str, ...],
    output: tuple[str, ...],
    verbose: bool,
    quiet: bool,
    color: str,
) -> int:
    """Say whether the plugin in DIR (default: .), built for HOST, would fit it, and which edits make it fit.

    DIR is the folder of the plugin's main package. HOST is an executable, a manifest that
    `gopluck manifest` wrote, or a container image on disk.
    Your go command is run as the release that the host was built with (GOTOOLCHAIN), never as another one; packages
    are compiled, into Go's build cache, but nothing is linked. Without Go, go.mod alone is compared, which is weaker.
    Nothing is changed without --write.

    \b
    Examples:
      gopluck align ./gateway
      gopluck align --check gateway.json ./plugins/auth
      gopluck align --write gateway.json && make
    """
    from gopluck.align.apply import write
    from gopluck.cli import output as out
    from gopluck.result.recipe import NOTHING_TO_TYPE

    shown = verbosity(verbose, quiet)
    if mode in ("diff", "write") and flags is not None:
        raise click.UsageError(
            f"--{mode} and --flags exclude each other: edits are for the build command that is printed."
        )
    wanted = out.documents(format_, output)
    if mode == "diff" and [one.format for one in wanted] != ["text"]:
        raise click.UsageError("--diff prints a patch: it has no other format.")
    for one in wanted:
        refuse_inputs(one.output, host, folder, flags or "")
    alignment = run(host, folder, flags, compiling=not no_compile)
    if mode == "diff":
        out.write(patch_to_show(alignment), wanted[0].output)
        return STATUS[alignment.verdict]
    if mode == "write" and write(alignment):
        # What is said then is about the files as they are now.
        alignment = run(host, folder, flags, compiling=not no_compile)
    bare = alignment._replace(recipe=NOTHING_TO_TYPE) if mode == "check" else None
    out.show_all("align", alignment, wanted, color, shown, as_text=bare)
    return STATUS[alignment.verdict]


def run(host: str | Image, folder: str, flags: str | None, *, compiling: bool) -> Alignment:
    """The alignment of the module in a folder with a host."""
    from gopluck.align.aligner import align
    from gopluck.api import read_host

    return align(read_host(host), folder, os.environ, flags=flags, compiling=compiling)


def refuse_inputs(output: str | None, host: str | Image, folder: str, flags: str) -> None:
    """Raise `Usage` when the output would replace the host, or a file that the go command may read."""
    from gopluck.align.goinputs import may_read, named_files
    from gopluck.cli import output as out
    from gopluck.errors import Usage

    out.refuse_inputs(output, [host, *named_files(folder, flags, os.environ)])
    if output is not None and may_read(output):
        raise Usage(f"--output {output}: is a file that the go command reads; a report does not replace it")


def patch_to_show(alignment: Alignment) -> str:
    """The patch of go.mod. Raises `GopluckError` when it cannot be shown as it is: changed, it would not apply."""
    from gopluck.align.apply import patch
    from gopluck.clean import inert
    from gopluck.errors import GopluckError

    text = patch(alignment)
    if inert(text) != text:
        raise GopluckError(
            f"{alignment.go_mod}: holds text that would act on a terminal or a CI system, so no patch is shown; "
            "--write edits the file"
        )
    return text
