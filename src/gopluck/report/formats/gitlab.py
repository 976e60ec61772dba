"""GitLab's Code Quality report: a JSON list with an issue for each reason of each plugin."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from gopluck.report.formats.digest import Item, Level, Result, digest, issues
from gopluck.report.interface import View
from gopluck.report.json import dumps

SEVERITIES = {Level.ERROR: "critical", Level.WARNING: "minor", Level.OK: "info"}
"""By level; a risk that is accepted is `info`, which GitLab shows, and counts for nothing."""


def render(result: Result, view: View) -> str:
    """One JSON document: an empty list where all is well."""
    seen: dict[str, int] = {}
    return dumps([issue for item in digest(result, view).entries for issue in _issues(item, seen)])


def _issues(item: Item, seen: dict[str, int]) -> Iterator[dict[str, Any]]:
    path = item.paths[0].removeprefix("./")
    error = f" ({item.error})" if item.error else ""
    for one in issues(item):
        key = "\0".join((one.rule, path, one.text))
        seen[key] = seen.get(key, 0) + 1
        more = f" ({one.acceptance})" if one.acceptance else error
        yield {
            "description": f"{item.title}: {one.text}{more}" if one.text else item.title + more,
            "check_name": one.rule,
            "fingerprint": sha256(f"{key}\0{seen[key]}".encode()).hexdigest(),
            "severity": SEVERITIES[one.level],
            "location": {"path": path, "lines": {"begin": 1}},
        }
