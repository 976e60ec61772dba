"""The result of a check for machines: JSON, version 1 (`schema/check-v1.json`, `docs/json.md`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gopluck import __version__
from gopluck.report.clean import without_surrogates
from gopluck.report.interface import View
from gopluck.report.model import Finding, MismatchedPackage, PluginResult, Report

if TYPE_CHECKING:
    from gopluck.remedy.model import Recipe

SCHEMA_VERSION = 1


def render(report: Report, view: View) -> str:
    """One JSON document."""
    return dumps(document(report))


def document(report: Report) -> dict[str, Any]:
    """The contract's object. Every field is always there; what is not known is null."""
    host = report.host
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": tool(),
        "host": {
            "path": host.path,
            "kind": host.kind,
            "go_version": host.go_version,
            "goos": host.goos,
            "goarch": host.goarch,
            "main_module": host.main_module,
        },
        "verdict": report.verdict,
        "plugins": [_plugin(plugin) for plugin in report.plugins],
    }


def _plugin(plugin: PluginResult) -> dict[str, Any]:
    return {
        "path": plugin.path,
        "position": plugin.position,
        "verdict": plugin.verdict,
        "stage": plugin.stage,
        "effect": plugin.effect,
        "error": plugin.error,
        "error_exact": plugin.error_exact,
        "note": plugin.note,
        "packages": {
            "compared": plugin.packages.compared,
            "mismatched": [_mismatched(package) for package in plugin.packages.mismatched],
        },
        "findings": [finding_document(finding) for finding in plugin.findings],
        "remedy": None if plugin.remedy is None else remedy_document(plugin.remedy),
    }


def _mismatched(package: MismatchedPackage) -> dict[str, Any]:
    return {
        "path": package.path,
        "host_hash": package.host_hash,
        "plugin_hash": package.plugin_hash,
        "provider": package.provider,
        "module": package.module,
        "host_dir": package.host_dir,
        "plugin_dir": package.plugin_dir,
        "causes": list(package.causes),
        "via": list(package.via),
    }


def finding_document(finding: Finding) -> dict[str, Any]:
    """A finding as it stands in every document."""
    return {
        "rule": finding.rule,
        "role": finding.role,
        "message": finding.message,
        "packages": list(finding.packages),
        "evidence": {"host": finding.evidence.get("host"), "plugin": finding.evidence.get("plugin")}
        | dict(finding.evidence),
        "fix": finding.fix,
        "page": finding.page,
    }


def remedy_document(recipe: Recipe) -> dict[str, Any]:
    """A recipe as it stands in every document."""
    return {
        "possible": recipe.possible,
        "side": recipe.side,
        "why_not": recipe.why_not,
        "go": recipe.go,
        "env": dict(recipe.env),
        "flags": list(recipe.flags),
        "go_mod": [
            {
                "kind": edit.kind,
                "module": edit.module,
                "version": edit.version,
                "to": edit.to,
                "reason": edit.reason,
                "when": edit.when,
                "command": edit.command,
            }
            for edit in recipe.go_mod
        ],
        "command": recipe.command,
        "directory": recipe.directory or None,
        "inputs": [{"name": one.name or None, "what": one.what, "path": one.path or None} for one in recipe.inputs],
        "notes": list(recipe.notes),
        "run": list(recipe.run),
    }


def tool() -> dict[str, str]:
    """Which gopluck wrote the document."""
    return {"name": "gopluck", "version": __version__}


def dumps(value: Any) -> str:
    """JSON in ASCII, so that no name in it acts on a terminal, and that strict readers take."""
    text = json.dumps(_plain(value), indent=2, ensure_ascii=True, allow_nan=False)
    return text.replace("\x7f", "\\u007f") + "\n"


def _plain(value: Any) -> Any:
    """The value in types that JSON knows, without lone surrogates."""
    if isinstance(value, str):
        return without_surrogates(value)
    if isinstance(value, Mapping):
        return {without_surrogates(str(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(_plain(item) for item in value)
    return value
