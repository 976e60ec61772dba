"""The result of a diff of two hosts for machines: JSON, version 1 (`schema/diff-v1.json`, `docs/json.md`)."""

from __future__ import annotations

from typing import Any

from gopluck.report.interface import View
from gopluck.report.json import TOOL, dumps, finding_document
from gopluck.result.check import PluginResult
from gopluck.result.diff import HostDiff, PluginChange
from gopluck.result.verdict import Role

SCHEMA_VERSION = 1


def render(diff: HostDiff, view: View) -> str:
    """One JSON document. Every field is always there; what is not known is null."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "tool": TOOL,
        "old": diff.old._asdict(),
        "new": diff.new._asdict(),
        "verdict": diff.verdict,
        "note": diff.note,
        "breaks": [change._asdict() for change in diff.breaks],
        "packages": {
            "compared": diff.compared,
            "changed": [package._asdict() for package in diff.changed],
            "added": [package._asdict() for package in diff.added],
            "removed": [package._asdict() for package in diff.removed],
        },
        "findings": [finding_document(finding, ("old", "new")) for finding in diff.findings],
        "plugins": [_plugin(plugin) for plugin in diff.plugins],
    }
    return dumps(document)


def _plugin(plugin: PluginChange) -> dict[str, Any]:
    causes = dict.fromkeys(finding.rule for finding in plugin.new.findings if finding.role == Role.CAUSE)
    return {
        "path": plugin.path,
        "action": plugin.action,
        "headline": plugin.new.headline or None,
        "unreadable": plugin.new.unreadable,
        "old": _outcome(plugin.old),
        "new": _outcome(plugin.new),
        "mismatched": [package.path for package in plugin.new.packages.mismatched],
        "causes": tuple(causes),
    }


def _outcome(result: PluginResult) -> dict[str, Any]:
    return {name: getattr(result, name) for name in ("verdict", "stage", "effect", "error", "error_exact", "note")}
