"""What a machine reads: JSON version 1, whole documents, and the schema that describes them."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

import reports as r
from gopluck import __version__
from gopluck.report.interface import RENDERERS, View, renderer
from gopluck.report.json import render
from gopluck.result.check import Finding, HostSummary, Packages, PluginResult, Report
from gopluck.result.verdict import Effect, Role, Stage, Verdict

SCHEMA: dict[str, Any] = json.loads(files("gopluck.report").joinpath("schema/check-v1.json").read_text("utf-8"))

REPORTS = {
    "loads": r.report(r.loads()),
    "different packages": r.report(r.DIFFERENT),
    "an earlier plugin": r.report(r.loads(), r.ONE_DIFFERS),
    "fatal, and the rest": r.report(r.FATAL, r.NOT_REACHED),
    "unknown": r.report(r.UNKNOWN),
    "unreadable": r.report(r.loads(), r.UNREADABLE),
    "everything": r.EVERYTHING,
    "no plugin": r.report(),
}


def closed(schema: Any) -> Any:
    """The schema with every object closed: nothing but what it describes."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    out = {key: closed(value) for key, value in schema.items()}
    if "properties" in out and "required" in out:
        out.setdefault("additionalProperties", False)
    return out


def described(schema: Any, path: str = "") -> list[str]:
    """The fields without a description."""
    missing: list[str] = []
    if isinstance(schema, dict):
        for name, field in schema.get("properties", {}).items():
            if isinstance(field, dict) and "const" not in field and "$ref" not in field and "description" not in field:
                missing.append(f"{path}.{name}")
        for key, value in schema.items():
            missing += described(value, f"{path}.{key}")
    elif isinstance(schema, list):
        for value in schema:
            missing += described(value, path)
    return missing


def test_the_schema_is_a_schema_and_describes_every_field() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert described(SCHEMA) == []


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_documents_have_the_described_fields_and_no_other(report: Report) -> None:
    document = json.loads(render(report, View()))
    Draft202012Validator(SCHEMA).validate(document)
    Draft202012Validator(closed(SCHEMA)).validate(document)


def test_a_field_of_a_later_release_is_valid() -> None:
    document = json.loads(render(r.EVERYTHING, View()))
    document["new"] = document["host"]["new"] = document["plugins"][0]["packages"]["mismatched"][0]["new"] = 1
    Draft202012Validator(SCHEMA).validate(document)


@pytest.mark.parametrize("field", ["path", "verdict", "error", "packages", "findings", "remedy", "note"])
def test_a_document_without_a_field_is_not_valid(field: str) -> None:
    document = json.loads(render(r.EVERYTHING, View()))
    del document["plugins"][0][field]
    with pytest.raises(ValidationError):
        Draft202012Validator(SCHEMA).validate(document)


def test_a_document() -> None:
    plugin = PluginResult(
        "auth.so",
        1,
        Verdict.FAILS,
        Stage.RUNTIME,
        Effect.ERROR,
        'plugin.Open("auth"): plugin was built with a different version of package runtime',
        True,
        Packages(87, (r.std("runtime"),)),
        (
            Finding(
                "trimpath", Role.CAUSE, "trimmed", ("runtime",), {"host": "-trimpath=true", "plugin": None}, r.BUILD
            ),
        ),
    )
    assert json.loads(render(r.report(plugin), View())) == {
        "schema_version": 1,
        "tool": {"name": "gopluck", "version": __version__},
        "host": {
            "path": "./gateway",
            "kind": "exe",
            "go_version": "go1.25.5",
            "goos": "linux",
            "goarch": "amd64",
            "main_module": "example.com/gateway",
            "image": None,
            "library": None,
            "note": None,
        },
        "verdict": "fails",
        "plugins": [
            {
                "path": "auth.so",
                "image_path": None,
                "position": 1,
                "verdict": "fails",
                "headline": "trimmed",
                "unreadable": None,
                "stage": "runtime",
                "effect": "error",
                "error": 'plugin.Open("auth"): plugin was built with a different version of package runtime',
                "error_exact": True,
                "note": None,
                "packages": {
                    "compared": 87,
                    "mismatched": [
                        {
                            "path": "runtime",
                            "host_hash": "94fae1c203b5d711",
                            "plugin_hash": "1d2ba3ffb3b5d711",
                            "provider": "./gateway",
                            "module": "std",
                            "host_dir": "runtime",
                            "plugin_dir": "/usr/local/go/src/runtime",
                            "causes": ["trimpath"],
                            "via": [],
                        }
                    ],
                },
                "findings": [
                    {
                        "rule": "trimpath",
                        "role": "cause",
                        "message": "trimmed",
                        "headline": "trimmed",
                        "packages": ["runtime"],
                        "evidence": {"host": "-trimpath=true", "plugin": None},
                        "fix": r.BUILD,
                        "page": "https://gopluck.github.io/gopluck/rules/trimpath.html",
                        "accepted": False,
                        "acceptance": None,
                    }
                ],
                "remedy": None,
            }
        ],
    }


def test_the_same_result_gives_the_same_bytes_whatever_the_view() -> None:
    assert render(r.EVERYTHING, View()) == render(r.EVERYTHING, View(40, True, True, False, -1))


def test_the_document_is_printable_ascii_and_strict_readers_take_it() -> None:
    evil = "a\x1b[2J\x7f\x9b\u202eü\udcff"
    text = render(Report(HostSummary(evil, "exe", "", "linux", "amd64", None), (r.loads(evil),)), View())
    assert text.isascii()
    assert [char for char in text if char != "\n" and not char.isprintable()] == []
    document = json.loads(text)
    document["host"]["path"].encode("utf-8")
    assert document["host"]["path"] == "a\x1b[2J\x7f\x9b\u202eü\\xff"


def test_every_format_has_a_renderer() -> None:
    assert [which for which in RENDERERS if not callable(renderer(*which))] == []
