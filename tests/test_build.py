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
from gopluck.cli.main import main

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


def test_a_plugin_is_no_host(plug: Path, host: Path) -> None:
    done = build(next(host.parent.glob("*.so")), plug)
    assert (done.exit_code, done.stdout) == (2, "")


def test_the_schema_has_each_field_of_the_document() -> None:
    assert set(SCHEMA["required"]) == set(SCHEMA["properties"])


def test_the_package_exports_it() -> None:
    assert callable(gopluck.build)
