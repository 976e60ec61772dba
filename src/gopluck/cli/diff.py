"""`gopluck diff OLD NEW [PLUGIN…]`: which plugins must be rebuilt for the next build of a host?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gopluck.cli import complete
from gopluck.cli.options import color_option, formats_option, outputs_option, takes_images, verbosity

if TYPE_CHECKING:
    from gopluck.images.image import Image

STATUS = {"compatible": 0, "breaking": 1, "unknown": 3}
"""The exit status of a diff's verdict."""

EXIT_STATUS = """\b
Exit status:
  0  plugins of OLD fit NEW
  1  a package that plugins can import changed, or a PLUGIN must be rebuilt
  2  wrong usage, or a file that does not exist or cannot be read
  3  something cannot be determined
(the first of 2, 1, 3 that applies)
"""


@click.command("diff", epilog=EXIT_STATUS)
@click.argument("old", metavar="OLD", shell_complete=complete.files)
@click.argument("new", metavar="NEW", shell_complete=complete.files)
@click.argument("plugins", metavar="[PLUGIN]...", nargs=-1, shell_complete=complete.files)
@takes_images("old", "new")
@formats_option
@outputs_option
@click.option("-v", "--verbose", is_flag=True, help="Show every package, with hashes, and the evidence.")
@click.option("-q", "--quiet", is_flag=True, help="Show the verdict and the plugins to rebuild, else nothing.")
@color_option
def command(
    old: str | Image,
    new: str | Image,
    plugins: tuple[str, ...],
    format_: tuple[str, ...],
    output: tuple[str, ...],
    verbose: bool,
    quiet: bool,
    color: str,
) -> int:
    """Compare two builds of a host: which packages changed, and why, and which plugins must be rebuilt for NEW.

    OLD and NEW are executables, manifests that `gopluck manifest` wrote, or container images on disk. Without a
    PLUGIN this is the check before a merge into the host's repository. Each PLUGIN is loaded into OLD and into NEW,
    in processes of its own; a directory stands for its *.so files. Nothing is executed.

    \b
    Examples:
      gopluck diff gateway-1.4.json ./gateway
      gopluck diff ./gateway-1.4 ./gateway-1.5 plugins/
    """
    from gopluck.api import diff
    from gopluck.cli import output as out
    from gopluck.cli.check import UNREADABLE, expand

    shown = verbosity(verbose, quiet)
    wanted = out.documents(format_, output)
    paths = [target.path for target in expand(plugins)]
    for one in wanted:
        out.refuse_inputs(one.output, [old, new, *paths])
    with out.progress(len(paths), quiet=quiet, color=color) as bar:
        result = diff(old, new, paths, progress=bar, strict=len(paths) < 2)
    out.show_all("diff", result, wanted, color, shown)
    unreadable = [plugin.new for plugin in result.plugins if plugin.new.unreadable is not None]
    out.complain_of(unreadable)
    return UNREADABLE if unreadable else STATUS[result.verdict]
