"""SARIF 2.1.0, as code scanning reads it: a result for each reason of each plugin, and the pages of the rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from gopluck import __version__
from gopluck.explainer.pages import page, rule_page
from gopluck.report.formats.digest import Digest, Item, Result, digest, facts, issues
from gopluck.report.interface import View
from gopluck.report.json import dumps
from gopluck.report.sentences import LOOKUP, UNREADABLE
from gopluck.result.verdict import Verdict
from gopluck.site import rule_address

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
    if not any(one["suppressions"] for one in results):  # in all results or in none (SARIF 2.1.0, 3.27.23)
        results = [{key: value for key, value in one.items() if key != "suppressions"} for one in results]
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
    path = item.paths[0].removeprefix("./")
    uri = ("file://" if path.startswith("/") else "") + quote(path, safe="/")
    for one in issues(item):
        lines = (f"{item.title}: {one.text}" if one.text else item.title, *facts(item))
        yield {
            "ruleId": one.rule,
            "ruleIndex": 0,
            "level": "note" if one.acceptance else one.level,
            "message": {"text": _plain("\n".join(lines))},
            "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": 1}}}],
            "partialFingerprints": {"gopluck/v1": sha256("\0".join((one.rule, path, one.text)).encode()).hexdigest()},
            "suppressions": [
                {"kind": "external", "status": "accepted", "justification": text} for text in (one.acceptance,) if text
            ],
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
        "helpUri": rule_address(name),
    }
