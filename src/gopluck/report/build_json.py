"""What came of a build, for machines: JSON, version 1 (`schema/build-v1.json`, `docs/build.md`)."""

from __future__ import annotations

from typing import Any

from gopluck.report import align_json
from gopluck.report.interface import View
from gopluck.report.json import dumps, plugin_document, tool
from gopluck.result.build import Built

SCHEMA_VERSION = 1


def render(built: Built, view: View) -> str:
    """One JSON document."""
    return dumps(document(built))


def document(built: Built) -> dict[str, Any]:
    """The contract's object. Every field is always there; what is not known, or was not done, is null."""
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": tool(),
        "verdict": built.verdict,
        "step": built.step,
        "output": built.output,
        "command": list(built.command),
        "environment": dict(built.alignment.recipe.env),
        "reason": built.reason or None,
        "go_mod_written": built.kept,
        "alignment": align_json.document(built.alignment),
        "check": plugin_document(built.checked) if built.checked is not None else None,
    }
