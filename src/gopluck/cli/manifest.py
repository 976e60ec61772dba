"""`gopluck manifest HOST`: the small file that stands in for a host binary."""

from __future__ import annotations

import click

from gopluck.cli.options import output_option


@click.command("manifest")
@click.argument("host", metavar="HOST")
@output_option
def command(host: str, output: str | None) -> int:
    """Write what `gopluck check` needs to know of HOST as a small JSON file, to publish with each release.

    People who build plugins check them against the manifest; they do not need the binary.

    \b
    Examples:
      gopluck manifest ./gateway --output gateway-1.4.json
      gopluck check gateway-1.4.json auth.so
    """
    from gopluck.api import read
    from gopluck.cli import output as out
    from gopluck.facts import manifest

    out.refuse_inputs(output, [host])
    out.write(manifest.dumps(read(host)), output)
    return 0
