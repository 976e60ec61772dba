"""`gopluck explain RULE…`: what a rule means, with an example and the fix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from gopluck.cli.options import color_option, format_option, output_option

if TYPE_CHECKING:
    from gopluck.result.check import RulePage


@click.command("explain")
@click.argument("rules", metavar="RULE...", nargs=-1)
@click.option("--list", "listed", is_flag=True, help="List the rules, each in a line.")
@format_option
@output_option
@color_option
def command(rules: tuple[str, ...], listed: bool, format_: str, output: str | None, color: str) -> int:
    """Say what each RULE means that a check has named: why Go refuses, an example, and what helps.

    \b
    Examples:
      gopluck explain trimpath
      gopluck explain --list
    """
    from gopluck.cli import output as out

    if listed == bool(rules):
        raise click.UsageError("give the name of a rule, or --list for their names.")
    shown = [_page(slug) for slug in dict.fromkeys(rules or slugs())]
    out.show("explain", shown, format_, out.view(color, output), output, listed=listed)
    return 0


def slugs() -> Sequence[str]:
    """The names of all rules, in the order of the pages."""
    from gopluck.explain.pages import GROUPS
    from gopluck.rules.registry import rules

    return [one.slug for kind in GROUPS for one in rules(kind)]


def _page(slug: str) -> RulePage:
    from gopluck.explain.pages import rule_page

    if slug not in slugs():
        raise click.UsageError(_unknown(slug))
    return rule_page(slug)


def _unknown(slug: str) -> str:
    """Why a slug is refused, with the nearest ones."""
    from difflib import get_close_matches

    wanted = slug.lower().removesuffix(".md")
    near = get_close_matches(wanted, slugs(), 3) or [known for known in slugs() if wanted and wanted in known][:3]
    hint = f"did you mean {' or '.join(near)}?" if near else "`gopluck explain --list` shows the names."
    return f"there is no rule {slug!r}: {hint}"
