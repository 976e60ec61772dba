"""GitLab's Code Quality report: a JSON list with an issue for each reason of each plugin."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from gopluck.report.formats.digest import Item, Level, Result, digest
from gopluck.report.interface import View
from gopluck.report.json import dumps
from gopluck.result.verdict import Role

SEVERITIES = {Level.ERROR: "critical", Level.WARNING: "minor"}


def render(result: Result, view: View) -> str:
    """One JSON document: an empty list where all is well."""
    seen: dict[str, int] = {}
    return dumps([issue for item in digest(result, view).entries for issue in _issues(item, seen)])


def _issues(item: Item, seen: dict[str, int]) -> Iterator[dict[str, Any]]:
    """One for each reason; of an item without a known one, one with its state."""
    if item.level == Level.OK:
        return
    path = item.paths[0].removeprefix("./")
    error = f" ({item.error})" if item.error else ""
    reasons = [(reason.rule, reason.short, reason.role) for reason in item.reasons]
    for name, text, role in reasons or [(item.state, item.reason, Role.CAUSE)]:
        level = Level.WARNING if role == Role.RISK and item.level == Level.ERROR and len(reasons) > 1 else item.level
        key = "\0".join((name, path, text))
        seen[key] = seen.get(key, 0) + 1
        yield {
            "description": f"{item.title}: {text}{error}" if text else item.title + error,
            "check_name": name,
            "fingerprint": sha256(f"{key}\0{seen[key]}".encode()).hexdigest(),
            "severity": SEVERITIES[level],
            "location": {"path": path, "lines": {"begin": 1}},
        }
