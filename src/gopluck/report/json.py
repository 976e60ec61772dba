"""The result of a check for machines: JSON, version 1 (`schema/check-v1.json`, `docs/json.md`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from json.encoder import encode_basestring_ascii as quoted
from typing import TYPE_CHECKING, Any

from gopluck import __version__
from gopluck.clean import without_surrogates
from gopluck.report.interface import View
from gopluck.result.check import Finding, PluginResult, Report

if TYPE_CHECKING:
    from gopluck.result.recipe import Recipe

SCHEMA_VERSION = 1

TOOL = {"name": "gopluck", "version": __version__}
"""Which gopluck wrote the document."""


def render(report: Report, view: View) -> str:
    """One JSON document. Every field is always there; what is not known is null."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "tool": TOOL,
        "host": report.host._asdict(),
        "verdict": report.verdict,
        "plugins": [plugin_document(plugin) for plugin in report.plugins],
    }
    return dumps(document)


def plugin_document(plugin: PluginResult) -> dict[str, Any]:
    """One entry of `plugins`."""
    return {
        "path": plugin.path,
        "image_path": plugin.image_path,
        "position": plugin.position,
        "verdict": plugin.verdict,
        "headline": plugin.headline or None,
        "unreadable": plugin.unreadable,
        "stage": plugin.stage,
        "effect": plugin.effect,
        "error": plugin.error,
        "error_exact": plugin.error_exact,
        "note": plugin.note,
        "packages": {
            "compared": plugin.packages.compared,
            "mismatched": [package._asdict() for package in plugin.packages.mismatched],
        },
        "findings": [_finding(finding) for finding in plugin.findings],
        "remedy": None if plugin.remedy is None else remedy_document(plugin.remedy),
    }


def finding_document(finding: Finding, sides: tuple[str, str] = ("host", "plugin")) -> dict[str, Any]:
    """A finding as it stands in every document, but for what to do. `sides`: what was compared."""
    return {
        "rule": finding.rule,
        "role": finding.role,
        "message": finding.message,
        "headline": finding.short,
        "packages": finding.packages,
        "evidence": {side: finding.evidence.get(side) for side in sides} | dict(finding.evidence),
        "page": finding.page,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    """A finding of a check: a risk can be accepted."""
    said = finding.acceptance
    how = None
    if said is not None:
        how = {"reason": said.reason or None, "until": said.until or None, "expired": said.expired}
    return {**finding_document(finding), "fix": finding.fix, "accepted": finding.accepted, "acceptance": how}


def remedy_document(recipe: Recipe) -> dict[str, Any]:
    """A recipe as it stands in every document."""
    from gopluck.remedy.lines import build_command, edit_line, run

    return {
        "possible": recipe.possible,
        "side": recipe.side,
        "why_not": recipe.why_not,
        "go": recipe.go,
        "env": recipe.env,
        "flags": recipe.flags,
        "go_mod": [edit._asdict() | {"command": edit_line(edit).text} for edit in recipe.go_mod],
        "command": build_command(recipe),
        "directory": recipe.directory or None,
        "inputs": [{"name": one.name or None, "what": one.what, "path": one.path or None} for one in recipe.inputs],
        "notes": recipe.notes,
        "run": run(recipe),
        "inside": () if recipe.inside is None else run(recipe.inside),
        "gopluck": recipe.gopluck,
        "left_out": [one._asdict() for one in recipe.left_out],
    }


def dumps(value: Any) -> str:
    """JSON in ASCII, so that no name in it acts on a terminal, and that strict readers take."""
    text = _value(value, "\n")
    if "\\ud" in text:
        text = _value(_plain(value), "\n")
    return text.replace("\x7f", "\\u007f") + "\n"


WORDS = {None: "null", True: "true", False: "false"}


def _value(value: Any, margin: str) -> str:
    """A value as `json.dumps(value, indent=2)` writes it, in a fifth of the time and memory: `margin` begins a line."""
    if value is None or value is True or value is False:
        return WORDS[value]
    inner = margin + "  "
    if type(value) is dict or isinstance(value, Mapping):
        rows = [
            f"{quoted(key)}: {quoted(item) if type(item) is str else _value(item, inner)}"
            for key, item in value.items()
        ]
        return f"{{{inner}{f',{inner}'.join(rows)}{margin}}}" if rows else "{}"
    if isinstance(value, list | tuple):
        rows = [quoted(item) if type(item) is str else _value(item, inner) for item in value]
        return f"[{inner}{f',{inner}'.join(rows)}{margin}]" if rows else "[]"
    return json.dumps(value, allow_nan=False)


def _plain(value: Any) -> Any:
    """The value without lone surrogates."""
    if isinstance(value, str):
        return without_surrogates(value)
    if isinstance(value, Mapping):
        return {without_surrogates(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
