"""`gopluck build` without a go command: what it refuses, and what it would replace."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import gopluck
from fixtures.samples import archive
from gopluck.aligner.gocommand import GoCommand
from gopluck.builder import make
from gopluck.builder.compile import Builder, Compiled
from gopluck.cli.build import STATUS
from gopluck.cli.main import main
from gopluck.facts.model import Binary, Identity
from gopluck.report.build_text import render
from gopluck.report.interface import View
from gopluck.result.align import Alignment
from gopluck.result.check import PluginResult
from gopluck.result.recipe import Recipe
from gopluck.result.verdict import Effect, Fit, Stage, Verdict

SCHEMA = json.loads(files("gopluck.report").joinpath("schema/build-v1.json").read_text("utf-8"))


@pytest.fixture
def plug(tmp_path: Path) -> Path:
    folder = tmp_path / "plug"
    folder.mkdir()
    (folder / "go.mod").write_text("module example.com/plug\n\ngo 1.21\n")
    (folder / "main.go").write_text("package main\n\nfunc main() {}\n")
    return folder


@pytest.fixture
def host() -> Path:
    return archive.unpack() / "gateway"


def build(*arguments: object) -> Result:
    environ = {"PATH": "/nowhere", "GOWORK": "off"}
    return CliRunner(env=environ).invoke(main, ["build", *map(str, arguments)], prog_name="gopluck")


def test_without_a_go_command_the_release_is_named(plug: Path, host: Path) -> None:
    done = build(host, plug, "-o", plug / "x.so")
    assert (done.exit_code, done.stdout) == (2, "")
    line = r"gopluck: error: gopluck build needs the go command of go1\.\d+\.\d+: there is no go command in PATH\n"
    assert re.fullmatch(line, done.stderr)
    assert not (plug / "x.so").exists()


def test_a_file_that_is_no_plugin_is_not_replaced(plug: Path, host: Path) -> None:
    (plug / "notes.txt").write_text("mine\n")
    done = build(host, plug, "-o", plug / "notes.txt")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "notes.txt: is there, and is not a plugin" in done.stderr
    assert (plug / "notes.txt").read_text() == "mine\n"


def test_the_host_is_not_replaced(plug: Path, host: Path) -> None:
    done = build(host, plug, "-o", host)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "is the host; name another file with -o" in done.stderr


def test_a_folder_is_not_an_output(plug: Path, host: Path) -> None:
    done = build(host, plug, "-o", plug)
    assert (done.exit_code, done.stdout) == (2, "")


@pytest.mark.parametrize("more", [["--write"], ["--format", "json"]])
def test_print_builds_nothing(more: list[str], plug: Path, host: Path) -> None:
    done = build(host, plug, "--print", *more)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "--print builds nothing" in done.stderr


@pytest.mark.parametrize(("basis", "verdict", "status"), [("hashes", Verdict.FAILS, 1), ("paths", Verdict.UNKNOWN, 3)])
def test_what_could_not_be_compared_before_it_was_built_is_not_called_impossible(
    basis: str, verdict: Verdict, status: int, plug: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = Recipe(True, "plugin", go="go1.15.15", build=("go", "build", "-buildmode=plugin", "."))
    fits = Alignment("host", "go1.15.15", "plug", "go.mod", "plug", Fit.FITS, basis, "go build", "why", recipe=recipe)

    class Compiler:
        alignment, go = fits, GoCommand("go", str(plug), {})

        def compile(self, target: Path, *, kept: bool) -> Compiled:
            target.write_bytes(b"built")
            return Compiled(("go", "build"), 0, "")

    fails = PluginResult("x.so", 1, Verdict.FAILS, Stage.RUNTIME, Effect.ERROR, "text", True)
    monkeypatch.setattr(make, "align", lambda *_, **__: fits)
    monkeypatch.setattr(Builder, "of", lambda *_: Compiler())
    output = str(plug / "x.so")
    built = make.make(
        Binary("host", 0, Identity("", ""), "elf"), str(plug), output, {}, lambda *_: fails, keep=False, progress=print
    )
    assert (built.verdict, built.reason) == (verdict, "why" if basis == "paths" else "")
    assert STATUS[built.verdict] == status
    assert not Path(output).exists()
    first = render(built, View()).splitlines()[0]
    assert ("whether another build would is not known" in first) == (basis == "paths")


def test_a_plugin_is_no_host(plug: Path, host: Path) -> None:
    done = build(next(host.parent.glob("*.so")), plug)
    assert (done.exit_code, done.stdout) == (2, "")


def test_the_schema_has_each_field_of_the_document() -> None:
    assert set(SCHEMA["required"]) == set(SCHEMA["properties"])


def test_the_package_exports_it() -> None:
    assert callable(gopluck.build)
