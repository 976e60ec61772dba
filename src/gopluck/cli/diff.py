"""`gopluck diff OLD NEW [PLUGIN…]`: which plugins have to be rebuilt for the next build of a host?"""

from __future__ import annotations

import click

from gopluck.cli.options import color_option, format_option, output_option, verbosity

STATUS = {"compatible": 0, "breaking": 1, "unknown": 3}
"""The exit status of a diff's verdict."""

EXIT_STATUS = """\b
Exit status:
  0  plugins of OLD fit NEW
  1  a package that plugins can import changed, or a PLUGIN has to be rebuilt
  2  wrong usage, or a file that does not exist or cannot be read
  3  something cannot be determined
(the first of 2, 1, 3 that applies)
"""


@click.command("diff", epilog=EXIT_STATUS)
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.argument("plugins", metavar="[PLUGIN]...", nargs=-1)
@format_option
@output_option
@click.option("-v", "--verbose", is_flag=True, help="Show every package, with hashes, and the evidence.")
@click.option("-q", "--quiet", is_flag=True, help="Show the verdict and the plugins to rebuild, else nothing.")
@color_option
def command(
    old: str,
    new: str,
    plugins: tuple[str, ...],
    format_: str,
    output: str | None,
    verbose: bool,
    quiet: bool,
    color: str,
) -> int:
    """Compare two builds of a host: which packages changed, and why, and which plugins have to be rebuilt for NEW.

    OLD and NEW are executables, or manifests that `gopluck manifest` wrote. Without a PLUGIN this is the check before
    a merge into the host's repository. Each PLUGIN is loaded into OLD and into NEW, in processes of its own; a
    directory stands for its *.so files. Nothing is executed.

    \b
    Examples:
      gopluck diff gateway-1.4.json ./gateway
      gopluck diff ./gateway-1.4 ./gateway-1.5 plugins/
    """
    from gopluck.api import diff
    from gopluck.cli import output as out
    from gopluck.cli.check import expand
    from gopluck.report.interface import diff_renderer

    shown = verbosity(verbose, quiet)
    paths = [target.path for target in expand(plugins)]
    out.refuse_inputs(output, [old, new, *paths])
    with out.progress(len(paths), quiet=quiet, color=color) as bar:
        result = diff(old, new, paths, progress=bar)
    out.write(diff_renderer(format_)(result, out.view(color, output, shown)), output)
    return STATUS[result.verdict]
