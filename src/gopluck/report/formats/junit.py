"""JUnit XML, as Jenkins, GitLab and others read it: a test case for each plugin.

A plugin that would not load is a failure; one that cannot be read, or about which nothing can be said, is an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from gopluck.report.formats.digest import Digest, Item, Level, Result, digest, facts
from gopluck.report.interface import View
from gopluck.report.sentences import UNREADABLE
from gopluck.result.verdict import Verdict

ERRORS = (UNREADABLE, Verdict.UNKNOWN)
"""States that are an error of a test, not its failure."""


def render(result: Result, view: View) -> str:
    """One XML document."""
    return "".join(f"{line}\n" for line in _lines(digest(result, view)))


def _lines(found: Digest) -> Iterator[str]:
    kinds = [_kind(item) for item in found.entries]
    counts = f'tests="{len(kinds)}" failures="{kinds.count("failure")}" errors="{kinds.count("error")}"'
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f'<testsuites name="gopluck" {counts}>'
    yield f'  <testsuite name={quoteattr(f"gopluck {found.command} {found.against}")} {counts} skipped="0" time="0">'
    for item, kind in zip(found.entries, kinds, strict=True):
        yield from _case(item, kind, found.against)
    yield "  </testsuite>"
    yield "</testsuites>"


def _kind(item: Item) -> str:
    """`failure`, `error`, or nothing."""
    if item.state in ERRORS:
        return "error"
    return "failure" if item.level == Level.ERROR else ""


def _case(item: Item, kind: str, against: str) -> Iterator[str]:
    opening = f'    <testcase classname={quoteattr(against)} name={quoteattr(item.paths[0])} time="0"'
    lines = escape("\n".join((item.line, *facts(item))))
    if kind:
        which = item.rules[0] if item.rules else item.state
        told = f"<{kind} type={quoteattr(which)} message={quoteattr(item.reason or item.title)}>{lines}</{kind}>"
    elif item.level == Level.WARNING or item.accepted:
        told = f"<system-out>{lines}</system-out>"
    else:
        yield f"{opening}/>"
        return
    yield f"{opening}>"
    yield f"      {told}"
    yield "    </testcase>"
