"""What rules mean, as the pages of the documentation: Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from gopluck.explainer.pages import page
from gopluck.report.interface import View
from gopluck.result.check import RulePage


def render(pages: Sequence[RulePage], view: View, *, listed: bool = False) -> str:
    """The pages, one after the other, or a list of their names."""
    if listed:
        return "".join(f"- `{one.slug}`: {one.title}\n" for one in pages)
    return "\n".join(map(page, pages))
