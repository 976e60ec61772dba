"""What came of a build, for machines: JSON, version 1 (`schema/build-v1.json`, `docs/build.md`)."""

from __future__ import annotations

from gopluck.report import align_json
from gopluck.report.interface import View
from gopluck.report.json import TOOL, dumps, plugin_document
from gopluck.result.build import Built

SCHEMA_VERSION = 1


def render(built: Built, view: View) -> str:
    """One JSON document. Every field is always there; what is not known, or was not done, is null."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "tool": TOOL,
        "verdict": built.verdict,
        "step": built.step,
        "output": built.output,
        "command": built.command,
        "environment": built.alignment.recipe.env,
        "reason": built.reason or None,
        "go_mod_written": built.kept,
        "alignment": align_json.document(built.alignment),
        "check": plugin_document(built.checked) if built.checked is not None else None,
    }
    return dumps(document)
