"""`gopluck explain RULE…`: what a rule means, with an example and the fix."""

from __future__ import annotations

import click

from gopluck.cli import complete
from gopluck.cli.options import color_option, format_option, output_option


@click.command("explain")
@click.argument("rules", metavar="RULE...", nargs=-1, shell_complete=complete.rules)
@click.option("--list", "listed", is_flag=True, help="List the rules, each in a line.")
@format_option("markdown", told="What to write; markdown: the pages as they stand in the documentation.")
@output_option
@color_option
def command(rules: tuple[str, ...], listed: bool, format_: str, output: str | None, color: str) -> int:
    """Say what each RULE means that a check has named: why Go refuses, an example, and what helps.

    \b
    Examples:
      gopluck explain trimpath
      gopluck explain --list
      gopluck explain trimpath --format markdown
    """
    from gopluck.cli import output as out
    from gopluck.documents import explain, rule_names
    from gopluck.errors import Usage

    if listed == bool(rules):
        raise click.UsageError("give the name of a rule, or --list for their names.")
    try:
        shown = [explain(slug) for slug in dict.fromkeys(rules or rule_names())]
    except Usage as error:
        raise click.UsageError(str(error)) from None
    out.show("explain", shown, format_, out.view(color, output), output, listed=listed)
    return 0
