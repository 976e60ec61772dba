"""What rules mean, for people: paragraphs in the width of a page, without the marks of the pages in docs/."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from gopluck.report.interface import View
from gopluck.report.layout import Layout, atoms
from gopluck.report.model import RulePage

INDENT = 2
PAGE = 80
"""Columns: longer lines are hard to read, however wide the terminal."""

GAP = "\ue000"
"""Stands for a space that is no place to fold at."""

CODE = re.compile(r"`([^`]*)`")


def render(pages: Sequence[RulePage], view: View, *, listed: bool = False) -> str:
    """The pages, or a list of their names."""
    layout = Layout(view._replace(width=min(view.width, PAGE)))
    lines = _list(pages, layout) if listed else _pages(pages, layout)
    return "".join(line.rstrip() + "\n" for line in lines)


def _pages(pages: Sequence[RulePage], layout: Layout) -> Iterator[str]:
    for index, page in enumerate(pages):
        if index:
            yield ""
        yield layout.paint(page.slug, "error")
        yield from _prose(page.title, layout, 0)
        for heading, text in page.sections:
            yield ""
            yield layout.paint(heading, "label")
            for paragraph in text.split("\n"):
                yield from _prose(paragraph, layout, INDENT)
        if page.links:
            yield ""
            yield layout.paint("Where to read more", "label")
            for title, url in page.links:
                yield from _prose(title, layout, INDENT)
                if url:
                    yield " " * INDENT * 2 + layout.paint(url, "dim")


def _list(pages: Sequence[RulePage], layout: Layout) -> Iterator[str]:
    column = max(len(page.slug) for page in pages) + INDENT * 2
    for index, (group, members) in enumerate(groupby(pages, key=lambda page: page.group)):
        if index:
            yield ""
        yield layout.paint(group, "label")
        for page in members:
            lines = list(_folded(page.title, layout, column))
            slug = " " * INDENT + page.slug
            yield slug + " " * (column - len(slug)) + lines[0]
            yield from (" " * column + line for line in lines[1:])


def _prose(text: str, layout: Layout, indent: int) -> Iterator[str]:
    yield from (" " * indent + line for line in _folded(text, layout, indent))


def _folded(text: str, layout: Layout, indent: int) -> Iterator[str]:
    """The lines of a paragraph; what was marked as code is painted, or quoted where it would not be seen otherwise."""
    plain = CODE.sub(lambda match: _code(match[1], layout), text)
    for line in layout.fold(atoms(plain), indent, hang=2 if text.startswith("- ") else 0):
        yield (CODE.sub(lambda match: layout.paint(match[1], "command"), line)).replace(GAP, " ")


def _code(code: str, layout: Layout) -> str:
    if layout.view.color:
        return f"`{code.replace(' ', GAP)}`"
    shown = f'"{code}"' if " " in code and '"' not in code else code
    return shown.replace(" ", GAP)
