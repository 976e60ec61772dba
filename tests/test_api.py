"""The Python API: what the package gives away, each command as a function, and its answers as documents."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import gopluck
import recorded
from fixtures.oracle.codec import from_json
from fixtures.samples.archive import unpack
from gopluck.cli.main import COMMANDS
from gopluck.report.interface import View, renderer
from test_report_json import closed

SCHEMAS = ("align", "build", "check", "diff", "explain", "inspect")
SAMPLES = unpack()
HOST, PLUGIN = (str(SAMPLES / name) for name in ("gateway", "auth.so"))


def schema(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(files("gopluck.report").joinpath(f"schema/{name}-v1.json").read_text("utf-8"))
    return document


def command(*arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "gopluck", *arguments, "--format", "json"], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_every_name_is_there_and_documented() -> None:
    assert dir(gopluck) != []
    for name in gopluck.__all__:
        found = getattr(gopluck, name)
        assert name == "__version__" or (inspect.getdoc(found) or "").strip(), name
    assert {name for names in gopluck._MODULES.values() for name in names} == set(gopluck.__all__) - {"__version__"}


def test_no_name_is_hidden_by_a_room_once_that_is_imported() -> None:
    assert set(gopluck.__all__) & {module.name for module in iter_modules(gopluck.__path__)} == set()


def test_each_command_is_a_function() -> None:
    assert set(COMMANDS) - set(gopluck.__all__) == {"inspect", "completion"}, "inspect is read and to_dict"


def test_there_is_no_other_name() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'wheel'"):
        _ = gopluck.wheel


def test_a_path_is_one_plugin() -> None:
    one = gopluck.check(HOST, PLUGIN)
    assert one == gopluck.check(HOST, [PLUGIN]) == gopluck.check(Path(HOST), Path(PLUGIN))
    assert (one.verdict, type(one.verdict)) == ("loads", gopluck.Verdict)
    assert gopluck.diff(HOST, HOST, PLUGIN) == gopluck.diff(HOST, HOST, [PLUGIN])


def test_two_files_under_one_name_are_one_plugin_for_go() -> None:
    """Really loaded: `replaced/` of the recorded sets."""
    first, second = gopluck.check(HOST, [PLUGIN, SAMPLES / "auth-copy.so"], names=["live.so", "live.so"]).plugins
    assert (first.verdict, second.verdict) == ("loads", "loads")
    (finding,) = second.findings
    assert (finding.rule, finding.role) == ("replaced-file", gopluck.Role.RISK)
    assert "Open 1 loaded " in finding.message
    apart = gopluck.check(HOST, [PLUGIN, SAMPLES / "auth-copy.so"], names=["a.so", "b.so"]).plugins[1]
    assert apart.error == 'plugin.Open("b"): plugin already loaded'


@pytest.mark.parametrize(
    ("head", "what"), [(b"\xcf\xfa\xed\xfe", "a Mach-O file, built for macOS"), (b"MZ", "a Windows")]
)
def test_a_host_of_another_system_is_not_decided_and_says_so_once(head: bytes, what: str, tmp_path: Path) -> None:
    (tmp_path / "host").write_bytes(head + bytes(4000))
    report = gopluck.check(tmp_path / "host", PLUGIN)
    text = renderer("check", "text")(report, View())
    assert (report.verdict, text.count(what)) == ("unknown", 1)
    assert "gopluck reads ELF hosts, as Linux has them" in text


def test_documents_are_those_of_the_commands() -> None:
    assert gopluck.to_dict(gopluck.check(HOST, PLUGIN)) == command("check", HOST, PLUGIN)
    assert gopluck.to_dict(gopluck.diff(HOST, HOST, PLUGIN)) == command("diff", HOST, HOST, PLUGIN)
    assert gopluck.to_dict(gopluck.read(PLUGIN)) == command("inspect", PLUGIN)
    assert gopluck.to_dict(gopluck.explain("trimpath")) == command("explain", "trimpath")
    assert json.loads(gopluck.to_json(gopluck.read(HOST))) == gopluck.to_dict(gopluck.read(HOST))


def test_what_is_no_result_has_no_document() -> None:
    with pytest.raises(TypeError, match="str is not a result of gopluck"):
        gopluck.to_json("auth.so")


def test_a_rule_that_is_not_there_is_refused_with_the_nearest() -> None:
    with pytest.raises(
        gopluck.Usage, match=r"there is no rule 'trimpaths': did you mean trimpath or gcflags-trimpath\?"
    ):
        gopluck.explain("trimpaths")
    assert gopluck.explain("trimpath") in list(map(gopluck.explain, gopluck.rule_names()))


def test_a_manifest_stands_in_for_its_host(tmp_path: Path) -> None:
    (tmp_path / "host.json").write_text(gopluck.manifest(HOST))
    assert gopluck.check(tmp_path / "host.json", PLUGIN).verdict == gopluck.Verdict.LOADS
    with pytest.raises(gopluck.Usage, match="is not a Go host program"):
        gopluck.manifest(PLUGIN)


def test_a_project_is_written_and_can_be_aligned_without_go(tmp_path: Path) -> None:
    written = gopluck.init(HOST, tmp_path / "auth", symbols=["Allow:func(string) bool"])
    assert {"go.mod", "main.go", "host.json"} <= set(written)
    assert all((tmp_path / "auth" / path).is_file() for path in written)
    with pytest.raises(gopluck.GopluckError, match=r"main\.go"):
        gopluck.init(HOST, tmp_path / "auth")
    alignment = gopluck.align(HOST, tmp_path / "auth", environ={"PATH": ""})
    assert isinstance(alignment, gopluck.Alignment)
    assert gopluck.to_dict(alignment)["verdict"] == alignment.verdict == gopluck.Fit.UNKNOWN


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_document_has_a_schema_that_describes_every_field(name: str) -> None:
    Draft202012Validator.check_schema(schema(name))

    def undescribed(part: Any) -> Iterator[str]:
        if isinstance(part, dict):
            fields = part.get("properties", {})
            yield from (name for name, inner in fields.items() if not {"description", "$ref"} & set(inner))
        for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
            yield from undescribed(inner)

    assert list(undescribed(schema(name))) == []


def test_what_is_read_of_every_recorded_file_is_as_the_schema_says() -> None:
    valid = Draft202012Validator(closed(schema("inspect")))
    seen = 0
    for family in recorded.families():
        for document in recorded.family(family)["binaries"].values():
            valid.validate(gopluck.to_dict(from_json(gopluck.Binary, document)))
            seen += 1
    assert seen > 500


def test_rules_are_as_the_schema_says() -> None:
    Draft202012Validator(closed(schema("explain"))).validate(command("explain", "--list"))


def test_the_address_of_the_site_is_one() -> None:
    from gopluck.site import SITE

    project = (Path(__file__).parent.parent / "pyproject.toml").read_text()
    assert f'Documentation = "{SITE}/"' in project
