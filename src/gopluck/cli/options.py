"""The options that several commands share, and their help."""

from __future__ import annotations

import click

from gopluck.cli import complete
from gopluck.report.interface import FORMATS

EXIT_STATUS = """\b
Exit status:
  0  everything would load
  1  something would not load
  2  wrong usage, or a file that does not exist or cannot be read
  3  something cannot be determined
(the first of 2, 1, 3 that applies)
"""

format_option = click.option(
    "--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True, help="What to write."
)
output_option = click.option(
    "--output",
    "-o",
    metavar="FILE",
    shell_complete=complete.files,
    help="Write to FILE instead of standard output; an existing file is replaced.",
)
formats_option = click.option(
    "--format",
    "format_",
    type=click.Choice(FORMATS),
    multiple=True,
    help="text (default) or json; concise: a line for each plugin; github, gitlab, junit, sarif for CI; markdown, html "
    "for people. Can be repeated, with an --output for each.",
)
outputs_option = click.option(
    "--output",
    "-o",
    metavar="FILE",
    multiple=True,
    shell_complete=complete.files,
    help="Write to FILE instead of standard output; an existing file is replaced. The first --output is for the first "
    "--format, and so on.",
)
color_option = click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Colours. auto: on a terminal, unless NO_COLOR is set.",
)


def verbosity(verbose: bool, quiet: bool) -> int:
    """What `-v` and `-q` ask for, as `report.interface` counts it. Raises `click.UsageError` for both."""
    from gopluck.report.interface import NORMAL, QUIET, VERBOSE

    if verbose and quiet:
        raise click.UsageError("-v and -q exclude each other.")
    return VERBOSE if verbose else QUIET if quiet else NORMAL
