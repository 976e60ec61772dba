"""The Python API for what is shown: a result as the JSON of its command, and what a rule means."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from gopluck.errors import Usage

if TYPE_CHECKING:
    from gopluck.result.check import RulePage

COMMANDS = {
    "Report": "check",
    "HostDiff": "diff",
    "Alignment": "align",
    "Built": "build",
    "Binary": "inspect",
    "RulePage": "explain",
}
"""By the class of a result: the command whose answer it is."""


def to_json(result: object) -> str:
    """What the command prints with `--format json` (docs/json.md): one document of ASCII that ends in a newline.

    Raises `TypeError` for what is not the result of a function of gopluck.
    """
    from gopluck.report.interface import View, renderer

    command = COMMANDS.get(type(result).__name__, "")
    if not command or not type(result).__module__.startswith("gopluck."):
        raise TypeError(f"{type(result).__name__} is not a result of gopluck")
    return renderer(command, "json")([result] if command == "explain" else result, View())


def to_dict(result: object) -> dict[str, Any]:
    """The same as Python's own dicts, lists and strings."""
    document: dict[str, Any] = json.loads(to_json(result))
    return document


def rule_names() -> tuple[str, ...]:
    """The names of all rules, in the order of the pages."""
    from gopluck.explainer.pages import GROUPS
    from gopluck.rules.registry import rules

    return tuple(one.slug for kind in GROUPS for one in rules(kind))


def explain(rule: str) -> RulePage:
    """What a rule means: why Go refuses, an example, what helps. Raises `Usage`, with the nearest names."""
    from gopluck.explainer.pages import rule_page

    try:
        return rule_page(rule)
    except KeyError:
        raise Usage(_unknown(rule)) from None


def _unknown(slug: str) -> str:
    from difflib import get_close_matches

    wanted, names = slug.lower().removesuffix(".md"), rule_names()
    near = get_close_matches(wanted, names, 3) or [known for known in names if wanted and wanted in known][:3]
    hint = f"did you mean {' or '.join(near)}?" if near else "`gopluck explain --list` shows the names."
    return f"there is no rule {slug!r}: {hint}"
