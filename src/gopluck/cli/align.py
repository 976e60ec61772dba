"""`gopluck align HOST [DIR]`: make a plugin's module fit a host, before anything is built."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from gopluck.cli import complete
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
@click.argument("host", metavar="HOST", shell_complete=complete.files)
@click.argument("folder", metavar="[DIR]", required=False, shell_complete=complete.folders)
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
@click.option(
    "--go-sum",
    metavar="FILE",
    shell_complete=complete.files,
    help="Compare a go.sum alone with HOST, module by module, where there is no source. Weaker: see docs/align.md.",
)
@click.option("--go", metavar="RELEASE", help="With --go-sum: the Go release that the plugin is built with (1.25.5).")
@formats_option
@outputs_option
@click.option("-v", "--verbose", is_flag=True, help="Show every package and every harmless difference.")
@click.option("-q", "--quiet", is_flag=True, help="Show one line when it does not fit, else nothing.")
@color_option
def command(
    host: str | Image,
    folder: str | None,
    mode: str | None,
    flags: str | None,
    no_compile: bool,
    go_sum: str | None,
    go: str | None,
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
      gopluck align gateway.json --go-sum go.sum --go 1.25.5
    """
    from gopluck.cli import output as out
    from gopluck.projects import align
    from gopluck.result.recipe import NOTHING_TO_TYPE

    shown = verbosity(verbose, quiet)
    wanted = out.documents(format_, output)
    refuse_usage(mode, flags, [one.format for one in wanted])
    refuse_beside(go_sum, go, {"DIR": folder, f"--{mode}": mode, "--flags": flags, "--no-compile": no_compile})
    where = folder or "."
    for one in wanted:
        refuse_inputs(one.output, host, where, flags or "", go_sum)
    if go_sum is None:
        with out.steps(quiet=quiet, color=color) as progress:
            alignment = align(
                host, where, flags=flags, compiling=not no_compile, write=mode == "write", progress=progress
            )
    else:
        alignment = of_go_sum(host, go_sum, go or "")
    if mode == "diff":
        out.write(patch_to_show(alignment), wanted[0].output)
        return STATUS[alignment.verdict]
    bare = alignment._replace(recipe=NOTHING_TO_TYPE) if mode == "check" else None
    out.show_all("align", alignment, wanted, color, shown, as_text=bare)
    return STATUS[alignment.verdict]


def refuse_usage(mode: str | None, flags: str | None, formats: Sequence[str]) -> None:
    """Raise `click.UsageError` for a mode that cannot be had so."""
    if mode in ("diff", "write") and flags is not None:
        raise click.UsageError(
            f"--{mode} and --flags exclude each other: edits are for the build command that is printed."
        )
    if mode == "diff" and [*formats] != ["text"]:
        raise click.UsageError("--diff prints a patch: it has no other format.")


def refuse_beside(go_sum: str | None, go: str | None, others: Mapping[str, object]) -> None:
    """Raise `click.UsageError` for what has no meaning with `--go-sum`, or without it."""
    if go_sum is None:
        if go is not None:
            raise click.UsageError("--go belongs to --go-sum: a module is checked with the host's release.")
        return
    for name, value in others.items():
        if value and value != "check":
            raise click.UsageError(f"--go-sum and {name} exclude each other: a go.sum is compared alone.")


def of_go_sum(host: str | Image, path: str, go: str) -> Alignment:
    """The alignment of a go.sum alone with a host."""
    from gopluck.aligner.gosum import by_go_sum
    from gopluck.api import read_host
    from gopluck.builds.build import Build
    from gopluck.remedy.grammar import release

    if go and not release(go := f"go{go.removeprefix('go')}"):
        raise click.UsageError(f"--go {go.removeprefix('go')}: is not a Go release such as 1.25.5.")
    return by_go_sum(Build(read_host(host), "the host"), path, go)


def refuse_inputs(output: str | None, host: str | Image, folder: str, flags: str, go_sum: str | None = None) -> None:
    """Raise `Usage` when the output would replace the host, or a file that the go command may read."""
    from gopluck.aligner.goinputs import may_read, named_files
    from gopluck.cli import output as out
    from gopluck.errors import Usage

    out.refuse_inputs(output, [host, *([go_sum] if go_sum else []), *named_files(folder, flags, os.environ)])
    if output is not None and may_read(output):
        raise Usage(f"--output {output}: is a file that the go command reads; a report does not replace it")


def patch_to_show(alignment: Alignment) -> str:
    """The patch of go.mod. Raises `GopluckError` when it cannot be shown as it is: changed, it would not apply."""
    from gopluck.aligner.apply import patch
    from gopluck.clean import inert
    from gopluck.errors import GopluckError

    text = patch(alignment)
    if inert(text) != text:
        raise GopluckError(
            f"{alignment.go_mod}: holds text that would act on a terminal or a CI system, so no patch is shown; "
            "--write edits the file"
        )
    return text
