"""What rules mean, for machines: JSON, version 1 (`docs/json.md`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gopluck.report.interface import View
from gopluck.report.json import TOOL, dumps
from gopluck.result.check import RulePage
from gopluck.site import rule_address

SCHEMA_VERSION = 1


def render(pages: Sequence[RulePage], view: View, *, listed: bool = False) -> str:
    """One JSON document, which is the same whether the rules were named or listed."""
    return dumps({"schema_version": SCHEMA_VERSION, "tool": TOOL, "rules": [_rule(page) for page in pages]})


def _rule(page: RulePage) -> dict[str, Any]:
    return {
        "rule": page.slug,
        "title": page.title,
        "group": page.group,
        "sections": [{"heading": heading, "text": text} for heading, text in page.sections],
        "links": [{"title": title, "url": url} for title, url in page.links],
        "page": rule_address(page.slug),
    }
