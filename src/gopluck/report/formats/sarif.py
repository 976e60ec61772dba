"""SARIF 2.1.0, as code scanning reads it: a result for each reason of each plugin, and the pages of the rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from gopluck import __version__
from gopluck.explainer.pages import page, rule_page
from gopluck.report.formats.digest import Digest, Item, Level, Result, digest, facts
from gopluck.report.interface import View
from gopluck.report.json import dumps
from gopluck.report.sentences import LOOKUP, UNREADABLE
from gopluck.result.verdict import Role, Verdict
from gopluck.site import rule_page as address

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

STATES: Mapping[str, str] = {
    Verdict.FAILS: "The plugin does not load, and no reason is known.",
    Verdict.NOT_REACHED: "The process ends before it opens this plugin.",
    Verdict.UNKNOWN: "Whether it fits cannot be determined.",
    UNREADABLE: "The file cannot be read.",
    LOOKUP: "The plugin loads, and a lookup fails.",
    "rebuild": "The plugin must be rebuilt for the new host.",
    "unfit": "The plugin did not load into the old host either.",
    "breaking": "Plugins of the old host must be rebuilt for the new one.",
    "differs": "The plugin's module does not fit the host.",
}
"""What a result is about where no rule of gopluck gives the reason, by state."""


def render(result: Result, view: View) -> str:
    """One JSON document."""
    found = digest(result, view)
    results = [one for item in found.entries for one in _results(item, found)]
    rules = [*dict.fromkeys(one["ruleId"] for one in results)]
    for one in results:
        one["ruleIndex"] = rules.index(one["ruleId"])
    readable = all(item.state != UNREADABLE for item in found.entries)
    driver = {
        "name": "gopluck",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_rule(name) for name in rules],
    }
    run = {
        "tool": {"driver": driver},
        "invocations": [{"executionSuccessful": readable}],
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _results(item: Item, found: Digest) -> Iterator[dict[str, Any]]:
    """One for each reason; of an item without a known one, one with its state."""
    if item.level == Level.OK:
        return
    path = item.paths[0].removeprefix("./")
    uri = ("file://" if path.startswith("/") else "") + quote(path, safe="/")
    reasons: Sequence[tuple[str, str, Role]] = [(one.rule, one.short, one.role) for one in item.reasons]
    for name, text, role in reasons or [(item.state, item.reason, Role.CAUSE)]:
        risk = role == Role.RISK and item.level == Level.ERROR and len(reasons) > 1
        lines = (f"{item.title}: {text}" if text else item.title, *facts(item))
        yield {
            "ruleId": name,
            "ruleIndex": 0,
            "level": Level.WARNING if risk else item.level,
            "message": {"text": _plain("\n".join(lines))},
            "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": 1}}}],
            "partialFingerprints": {"gopluck/v1": sha256("\0".join((name, path, text)).encode()).hexdigest()},
            "properties": {"host": found.against, "state": item.state, "error": item.error or None},
        }


def _plain(text: str) -> str:
    """A message in which nothing is taken for an embedded link (SARIF 2.1.0, 3.11.6)."""
    return text.replace("](", "] (")


def _rule(name: str) -> dict[str, Any]:
    """What is said of a rule, with its whole page."""
    if name in STATES:
        return {"id": name, "shortDescription": {"text": STATES[name]}}
    found = rule_page(name)
    sections = dict(found.sections)
    text = "\n\n".join(f"{heading}\n{paragraph}" for heading, paragraph in found.sections)
    return {
        "id": name,
        "shortDescription": {"text": found.title},
        "fullDescription": {"text": next(iter(sections.values()), found.title)},
        "help": {"text": f"{found.title}\n\n{text}", "markdown": page(found)},
        "helpUri": address(name),
    }
