"""How a module fits a host, for machines: JSON, version 1 (`schema/align-v1.json`, `docs/align.md`)."""

from __future__ import annotations

from typing import Any

from gopluck.report.interface import View
from gopluck.report.json import TOOL, dumps, finding_document, remedy_document
from gopluck.result.align import Alignment

SCHEMA_VERSION = 1


def render(alignment: Alignment, view: View) -> str:
    """One JSON document."""
    return dumps(document(alignment))


def document(alignment: Alignment) -> dict[str, Any]:
    """The contract's object. Every field is always there; what is not known is null."""
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": TOOL,
        "host": {"path": alignment.host, "go_version": alignment.release},
        "module": {"path": alignment.module, "directory": alignment.folder, "go_mod": alignment.go_mod},
        "verdict": alignment.verdict,
        "basis": alignment.basis,
        "checked": alignment.checked,
        "reason": alignment.reason or None,
        "packages": {"shared": len(alignment.shared), "mismatched": alignment.mismatched},
        "findings": [{**finding_document(finding), "fix": finding.fix} for finding in alignment.findings],
        "notes": alignment.notes,
        "tried": [
            {"what": one.what, "mismatched": one.mismatched, "reason": one.reason or None} for one in alignment.tried
        ],
        "remedy": remedy_document(alignment.recipe),
    }
