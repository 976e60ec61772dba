"""`gopluck manifest HOST`: the small file that stands in for a host binary."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gopluck.cli import complete
from gopluck.cli.options import output_option, takes_images

if TYPE_CHECKING:
    from gopluck.images.image import Image


@click.command("manifest")
@click.argument("host", metavar="HOST", shell_complete=complete.files)
@takes_images("host")
@click.option(
    "--paths",
    type=click.Choice(["keep", "drop"]),
    default="keep",
    show_default=True,
    help="Whether the directories of the machine that built HOST are written. Without them some differences of a host "
    "that was built without -trimpath cannot be explained; verdicts stay the same.",
)
@output_option
def command(host: str | Image, paths: str, output: str | None) -> int:
    """Write what `gopluck check` needs to know of HOST as a small JSON file, to publish with each release.

    People who build plugins check them against the manifest; they do not need the binary. Every command that takes a
    host takes its manifest. HOST can be a container image on disk, and - is one on standard input.

    \b
    Examples:
      gopluck manifest ./gateway --output gateway-1.4.json
      gopluck check gateway-1.4.json auth.so
      gopluck diff gateway-1.4.json ./gateway
    """
    from gopluck.cli import output as out
    from gopluck.projects import manifest

    out.refuse_inputs(output, [host])
    out.write(manifest(host, paths=paths == "keep"), output)
    return 0
