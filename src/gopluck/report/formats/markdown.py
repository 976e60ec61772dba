"""A table for a comment on a pull request or a step's summary, with the details folded.

Whatever comes from a file stands in code: between backticks, in a fenced block, or in `<code>`. There GitHub and GitLab
make no link of an address, a name or a number, and no markup counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape

from gopluck.report.formats.digest import Digest, Item, Level, Result, digest, some
from gopluck.report.interface import View
from gopluck.result.verdict import Role

SIGNS = {Level.OK: "✅", Level.WARNING: "⚠", Level.ERROR: "❌"}

ROWS = 100
"""Groups in the table, and of those that need details."""

DETAILS = 30

NAMES = 5
"""Files of a group that are named in the table."""

LISTED = 1000
"""Files of a group that are named in its details."""

LABELS = {"host": "The host's owner types", "next": "Next", "build": "Build", "try": "Try"}
"""Headings above what is to be typed; `Fix` else."""


def render(result: Result, view: View) -> str:
    """The document."""
    return "\n".join(_lines(digest(result, view))) + "\n"


def _lines(found: Digest) -> Iterator[str]:
    yield f"### {SIGNS[found.level]} gopluck {found.command}"
    yield ""
    yield _code(found.summary)
    yield ""
    yield "| | file | why |"
    yield "|---|---|---|"
    for item in found.groups[:ROWS]:
        names = ", ".join(map(_cell, item.paths[:NAMES]))
        more = len(item.paths) - NAMES
        yield f"| {SIGNS[item.level]} | {names}{f' and {more} more' if more > 0 else ''} | {_why(item)} |"
    if len(found.groups) > ROWS:
        yield f"| | {len(found.groups) - ROWS} more | |"
    told = (item for item in found.groups if item.level != Level.OK or item.accepted)
    detailed = [item for item in told if item.error or item.reasons or item.accepted or item.fixes]
    for item in detailed[:DETAILS]:
        yield from _details(item)
    if len(detailed) > DETAILS:
        yield ""
        yield f"Details of {len(detailed) - DETAILS} more are left out."


def _why(item: Item) -> str:
    """The reason, in a cell."""
    if item.level == Level.OK:
        known = ", with a risk that is accepted" if item.accepted else ""
        matching = ", all packages match" if item.compared and not item.packages else ""
        return item.state + matching + known
    return _cell(item.row)


def _details(item: Item) -> Iterator[str]:
    yield ""
    yield f"<details><summary>{SIGNS[item.level]} <code>{escape(item.sentence)}</code></summary>"
    yield ""
    if len(item.paths) > 1:
        yield from _block(some(item.paths, LISTED))
    if item.error:
        yield "Go prints:"
        yield ""
        yield from _block([item.error])
    for note in item.notes:
        yield f"- {_code(note)}"
    for reason in (*item.reasons, *item.accepted):
        about = f": {len(reason.packages)} packages" if len(reason.packages) > 1 else ""
        known = f": {_code(reason.acceptance)}" if reason.acceptance else ""
        yield f"- {'risk' if reason.role == Role.RISK else 'why'} {_code(reason.text)} (`{reason.rule}`{about}){known}"
    yield ""
    for fix in item.fixes:
        if fix.label:
            yield f"{LABELS.get(fix.label, 'Fix')}:"
            yield ""
        yield from _block(fix.folded, "sh")
    yield "</details>"


def _code(text: str) -> str:
    """A text between as many backticks as it takes (CommonMark 0.31, 6.1)."""
    if not text:
        return ""
    marks = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    blank = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{marks}{blank}{text}{blank}{marks}"


def _cell(text: str) -> str:
    """The same in a table, whose cells end at a bar: in code, too."""
    return _code(text).replace("|", "\\|")


def _block(lines: Sequence[str], language: str = "") -> Iterator[str]:
    """A fenced block that no line in it ends."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(longest + 1, 3)
    yield fence + language
    yield from lines
    yield fence
    yield ""
