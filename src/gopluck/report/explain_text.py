"""What rules mean, for people: paragraphs in the width of a page, without the marks of the pages in docs/."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

from rich.text import Text

from gopluck.clean import clean
from gopluck.report.interface import View
from gopluck.report.sheet import GAP, INDENT, Sheet
from gopluck.result.check import RulePage

PAGE = 80
"""Columns: longer lines are hard to read, however wide the terminal."""

CODE = re.compile(r"`([^`]*)`")


def render(pages: Sequence[RulePage], view: View, *, listed: bool = False) -> str:
    """The pages, or a list of their names."""
    column = max(len(page.slug) for page in pages) + 2 * INDENT
    sheet = Sheet(view._replace(width=min(view.width, PAGE)), column)
    if listed:
        for group, members in groupby(pages, key=lambda page: page.group):
            sheet.gap()
            sheet.line((group, "strong"))
            for page in members:
                sheet.row(page.slug, _marked(page.title, sheet), style="none")
        return sheet.document()
    for page in pages:
        sheet.gap()
        _page(sheet, page)
    return sheet.document()


def _page(sheet: Sheet, page: RulePage) -> None:
    sheet.line((page.slug, "strong"))
    sheet.paragraph(_marked(page.title, sheet), indent=0)
    for heading, text in page.sections:
        sheet.gap()
        sheet.line((heading, "strong"))
        for paragraph in text.split("\n"):
            sheet.paragraph(_marked(paragraph, sheet), hang=2 if paragraph.startswith("- ") else 0)
    if page.links:
        sheet.gap()
        sheet.line(("Where to read more", "strong"))
        for title, url in page.links:
            sheet.paragraph(_marked(title, sheet))
            if url:
                sheet.line(" " * INDENT * 2, (url, "dim"))


def _marked(text: str, sheet: Sheet) -> Text:
    """A paragraph in which what was marked as code is painted, or quoted where it would not be seen otherwise."""
    out = Text(overflow="ignore")
    for index, piece in enumerate(CODE.split(text)):
        if index % 2 == 0:
            out.append(clean(piece))
            continue
        unseen = not sheet.view.color and " " in piece and '"' not in piece
        code = clean(f'"{piece}"' if unseen else piece)
        out.append(code.replace(" ", GAP), "command")
    return out
