"""`gopluck align` without Go: what go.mod alone tells, what is printed, refusals. With Go: `test_align_live`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.resources import files
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import pasted
import recorded
from gopluck.aligner.align import align
from gopluck.aligner.apply import patch, write
from gopluck.aligner.gocommand import GoCommand, documents, find, last_line
from gopluck.aligner.imports import joined, split
from gopluck.aligner.project import Project
from gopluck.aligner.weaker import by_go_mod, imported
from gopluck.builder.compile import refusal
from gopluck.builds.build import Build
from gopluck.facts import manifest
from gopluck.facts.model import Binary
from gopluck.golang.records import Module
from gopluck.remedy.lines import run as run_lines
from gopluck.report.align_json import render as rendered
from gopluck.report.align_text import render
from gopluck.report.interface import VERBOSE, View
from gopluck.result.align import Alignment
from gopluck.result.check import Finding
from gopluck.result.recipe import Edit, Input, Recipe
from gopluck.result.verdict import Fit, Role, Verdict
from test_report_json import closed, described

SCHEMA: dict[str, Any] = json.loads(files("gopluck.report").joinpath("schema/align-v1.json").read_text("utf-8"))
FROM_CACHE = "module example.com/auth\n\ngo 1.15\n\nrequire example.com/greet v1.0.0\n"
MAIN = 'package main\n\nimport p "example.com/greet/polite"\n\nfunc main() { p.Dear("x") }\n'


def host(name: str = "modules/greet-v1.1.0/trimmed/both@1.27.3") -> Binary:
    """The facts of a recorded host: greet v1.1.0, words v1.0.0, letters v1.0.0, wire and codec.v3 v1.0.0."""
    return recorded.by_name(name).host


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Path]:
    """Writes a plugin's module, and the host's manifest beside it."""

    def make(mod: str, main: str = MAIN, facts: Binary | None = None, **more: str) -> Path:
        (tmp_path / "gateway.json").write_text(manifest.dumps(facts or host()))
        folder = tmp_path / "auth"
        folder.mkdir(exist_ok=True)
        (folder / "go.mod").write_text(mod)
        (folder / "main.go").write_text(main)
        for name, text in more.items():
            path = folder / name.replace("__", ".").replace("--", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return folder

    return make


def run(folder: Path, *arguments: str, **env: str) -> tuple[int, str, str]:
    """Status, standard output and error of `gopluck align` with no go command in PATH, in the folder above."""
    environment = {"PATH": str(folder / "nothing"), "PYTHONIOENCODING": "utf-8", "HOME": str(folder), **env}
    command = [sys.executable, "-m", "gopluck", "align", *arguments]
    done = subprocess.run(command, cwd=folder.parent, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


# -- go.mod alone ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mod", ["module example.com/auth\n\ngo 1.15\n", FROM_CACHE])
def test_every_variable_of_the_printed_lines_is_set_by_one_of_them(mod: str, tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text(mod)
    (tmp_path / "main.go").write_text(MAIN)
    module = Project.read(str(tmp_path), {})
    asked = set()
    for one in chain.from_iterable(map(recorded.sets, recorded.families())):
        if one.host.go is None or not one.host.go.version:
            continue
        printed = "\n".join(run_lines(by_go_mod(Build(one.host, "the host"), module, "no Go").recipe))
        assert pasted.unset(printed) == set(), (one.name, printed)
        asked |= set(pasted.USED.findall(printed))
    assert asked == {"HOST_PROFILE"}


HIGHER = """\
✗ example.com/auth (auth) does not fit gateway.json: example.com/greet is v1.1.0 in the host, v1.2.0 in go.mod

  why   example.com/greet is v1.1.0 in the host, v1.2.0 in        module-version
        go.mod
        1 package: example.com/greet/polite
  and   there is no go command in PATH; go.mod alone was compared: it does not
        say what is imported, nor always which version a build selects

  note  These edits were not tried: there is no Go here.

  fix   # In auth:
        go mod edit -require=example.com/greet@v1.1.0 \\
          -exclude=example.com/greet@v1.2.0
        GOTOOLCHAIN=go1.27.3 CGO_ENABLED=1 go build -buildmode=plugin \\
          -trimpath -mod=mod -o auth.so .
"""
UNKNOWN = """\
? whether example.com/auth (auth) fits gateway.json cannot be determined: there is no go command in PATH; go.mod alone was compared: it does not say what is imported, nor always which version a build selects

  risk  example.com/letters is v1.0.0 in the host, v1.0.1 in      module-version
        go.mod; whether the plugin uses a package of it that the
        host has is not known without Go

  note  These edits were not tried: there is no Go here.

  fix   # In auth:
        go mod edit -require=example.com/letters@v1.0.0 \\
          -exclude=example.com/letters@v1.0.1
        GOTOOLCHAIN=go1.27.3 CGO_ENABLED=1 go build -buildmode=plugin \\
          -trimpath -mod=mod -o auth.so .
"""  # noqa: E501
AGREE = """\
? whether example.com/auth (auth) fits gateway.json cannot be determined: there is no go command in PATH; go.mod alone was compared: it does not say what is imported, nor always which version a build selects

  fix   # In auth:
        GOTOOLCHAIN=go1.27.3 CGO_ENABLED=1 go build -buildmode=plugin \\
          -trimpath -o auth.so .
"""  # noqa: E501


@pytest.mark.parametrize(
    ("requires", "status", "text"),
    [
        ("require example.com/greet v1.2.0", 1, HIGHER),
        ("require example.com/letters v1.0.1 // indirect", 3, UNKNOWN),
        ("require example.com/greet v1.1.0", 3, AGREE),
        ("require example.com/unknown v1.0.0", 3, AGREE),
    ],
)
def test_without_go_only_a_higher_version_of_what_is_imported_is_certain(
    project: Callable[..., Path], requires: str, status: int, text: str
) -> None:
    folder = project(f"module example.com/auth\n\ngo 1.21\n\n{requires}\n")
    assert run(folder, "gateway.json", "auth") == (status, text, "")


@pytest.mark.parametrize(
    ("mod", "more", "rule", "message"),
    [
        (
            "go 1.99\n",
            {},
            "go-version",
            "go.mod asks for go 1.99 or later, the host was built with go1.27.3",
        ),
        (
            "require example.com/greet v1.1.0\n",
            {"vendor--modules__txt": "# example.com/greet v1.0.0\n## explicit\n"},
            "vendor-path",
            "vendor/modules.txt does not agree with go.mod: example.com/greet is v1.1.0 in go.mod, v1.0.0 in "
            "vendor/modules.txt",
        ),
    ],
)
def test_without_go_what_the_go_command_would_refuse_is_certain(
    project: Callable[..., Path], mod: str, more: dict[str, str], rule: str, message: str
) -> None:
    folder = project(f"module example.com/auth\n{mod}", **more)
    status, text, _ = run(folder, "gateway.json", "auth", "--format", "json")
    causes = [(one["rule"], one["message"]) for one in json.loads(text)["findings"] if one["role"] == "cause"]
    assert (status, causes) == (1, [(rule, message)])


def test_without_go_a_workspace_replaces_too(project: Callable[..., Path]) -> None:
    folder = project("module example.com/auth\nrequire example.com/greet v1.1.0\n")
    (folder.parent / "go.work").write_text("go 1.21\nuse ./auth\nreplace example.com/greet => ../greet\n")
    status, text, _ = run(folder, "gateway.json", "auth", "--format", "json")
    found = json.loads(text)["findings"]
    assert (status, [one["rule"] for one in found]) == (3, ["module-replaced"])
    assert "v1.1.0 => ../greet in go.mod" in found[0]["message"]
    assert json.loads(run(folder, "gateway.json", "auth", "--format", "json", GOWORK="off")[1])["findings"] == []


IMPORTS = """\
package main

// import "example.com/commented"
import _ "example.com/one"
import named `example.com/two`
import (
	. "example.com/three" // "example.com/no"
	/* "example.com/neither" */
	c "example.com/four"
)

var s = `
import "example.com/string"
`
"""


def test_the_imports_that_every_machine_compiles(tmp_path: Path) -> None:
    (tmp_path / "main.go").write_text(IMPORTS.replace('var s = `\nimport "example.com/string"\n`\n', ""))
    (tmp_path / "main_test.go").write_text('package main\nimport "example.com/test"\n')
    (tmp_path / "x_windows.go").write_text('package main\nimport "example.com/windows"\n')
    (tmp_path / "tagged.go").write_text('//go:build fancy\n\npackage main\nimport "example.com/tagged"\n')
    assert sorted(imported(str(tmp_path))) == [f"example.com/{name}" for name in ("four", "one", "three", "two")]


# -- refusals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("gateway.json", "nowhere"), "nowhere: is not a directory: DIR is the folder of the plugin's main package"),
        (("gateway.json", "."), ".: there is no go.mod in it or above it"),
        (("nowhere", "auth"), "nowhere: No such file or directory"),
        (("auth/main.go", "auth"), "auth/main.go: is not a program: HOST is the Go program that opens the plugins, or "
         "its manifest"),
        (("gateway.json", "auth", "--diff", "--format", "json"), "--diff prints a patch: it has no other format."),
        (("gateway.json", "auth", "--write", "--flags", ""), "--write and --flags exclude each other: edits are for "
         "the build command that is printed."),
        (("gateway.json", "auth", "-q", "-v"), "-v and -q exclude each other."),
        (("gateway.json", "auth", "--write"), "--write: edits are made and tried by the go command of go1.27.3: there "
         "is no go command in PATH; go.mod alone was compared: it does not say what is imported, nor always which "
         "version a build selects"),
        (("gateway.json", "auth/empty"), "auth/empty: has no Go files: DIR is the folder of the plugin's main package"),
    ],
)  # fmt: skip
def test_refusals(project: Callable[..., Path], arguments: tuple[str, ...], message: str) -> None:
    folder = project("module example.com/auth\n")
    (folder / "empty").mkdir()
    status, out, err = run(folder, *arguments)
    assert (status, out, err.splitlines()[0]) == (2, "", f"gopluck: error: {message}")


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"plugin_support": "stub"}, "host-without-cgo"),
        ({"plugin_support": "none"}, "host-without-plugin-support"),
        ({"exports_moduledata": False}, "host-not-exporting"),
        ({"link_hashes": {"runtime/asan": "00" * 8}}, "sanitizer-runtime"),
    ],
)
def test_a_host_that_takes_no_plugin_is_refused_first(
    project: Callable[..., Path], changes: dict[str, Any], rule: str
) -> None:
    facts = host()
    assert facts.go is not None
    folder = project("module example.com/auth\n", facts=facts._replace(go=facts.go._replace(**changes)))
    status, text, _ = run(folder, "gateway.json", "auth", "--format", "json")
    found = json.loads(text)
    assert (status, [one["rule"] for one in found["findings"]], found["remedy"]["side"]) == (1, [rule], "host")
    assert found["remedy"]["why_not"]


def fake(folder: Path, script: str) -> dict[str, str]:
    """An environment whose go command is a shell script."""
    folder.mkdir(exist_ok=True)
    (folder / "go").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "go").chmod(0o755)
    return {"PATH": f"{folder}:{os.defpath}"}


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo go version go1.26.6 linux/amd64", "the go command is go1.26.6, which cannot become the host's go1.27.3"),
        (
            "echo 'go: downloading go1.27.3' >&2; echo 'go: download go1.27.3: toolchain not available' >&2; exit 1",
            "GOTOOLCHAIN=go1.27.3 go version says: go: download go1.27.3: toolchain not available",
        ),
        ("echo nonsense", "the go command is nonsense, which cannot become the host's go1.27.3"),
        ("echo go version go1.27.3 X:jsonv2 linux/amd64", ""),
        ('[ "$GOTOOLCHAIN" = go1.27.3 ] && echo go version go1.27.3 linux/amd64', ""),
    ],
)
def test_another_release_is_never_taken_for_the_hosts(tmp_path: Path, script: str, reason: str) -> None:
    found = find("go1.27.3", str(tmp_path), fake(tmp_path / "bin", script))
    assert found == reason if reason else isinstance(found, GoCommand)


def test_a_release_that_cannot_be_named() -> None:
    for release, words in (("devel", "devel"), ("", "a release that it does not record"), ("go1.27.3-x", "go1.27.3-x")):
        assert find(release, "/", {}) == f"the host was built with {words}, no release of Go's own"


# -- what is printed ---------------------------------------------------------------------------------------------------

EXAMPLE = Alignment(
    host="gateway.json",
    release="go1.27.3",
    folder="plugins/auth",
    go_mod="/src/plugins/auth/go.mod",
    module="example.com/auth",
    verdict=Fit.DIFFERS,
    basis="paths",
    checked="GOTOOLCHAIN=go1.27.3 go build -buildmode=plugin -o auth.so .",
    shared=("internal/abi", "example.com/greet", "example.com/greet/polite"),
    mismatched=("example.com/greet", "example.com/greet/polite"),
    findings=(
        Finding(
            "module-version",
            Role.CAUSE,
            "example.com/greet is v1.0.0 in the host, v1.1.0 in the plugin",
            ("example.com/greet", "example.com/greet/polite"),
            {"host": "example.com/greet v1.0.0", "plugin": "example.com/greet v1.1.0"},
            "go get example.com/greet@v1.0.0",
        ),
        Finding(
            "module-version", Role.HARMLESS, "example.com/clock is v1.0.0 in the host, v1.1.0 in the plugin: unused"
        ),
    ),
    notes=("CGO_ENABLED is 0 here, and a plugin needs cgo: the build command sets CGO_ENABLED=1.",),
    recipe=Recipe(
        True,
        "plugin",
        go="go1.27.3",
        env={"GOTOOLCHAIN": "go1.27.3"},
        flags=("-mod=mod",),
        go_mod=(
            Edit("require", "example.com/greet", "v1.0.0", reason="the host has v1.0.0"),
            Edit("replace", "example.com/wire", to="/with space/wire"),
        ),
        build=("go", "build", "-buildmode=plugin", "-mod=mod", "-o", "auth.so", "."),
        inputs=(Input("", "the module cache", "/root/go/pkg/mod"),),
        notes=("-mod=mod leaves the vendor folder aside.",),
    ),
    before="module example.com/auth\n\nrequire example.com/greet v1.1.0 // ours",
    after="module example.com/auth\n\nrequire example.com/greet v1.0.0 // ours\n",
)
TEXT = """\
✗ example.com/auth (plugins/auth) does not fit gateway.json: example.com/greet is v1.0.0 in the host, v1.1.0 in the plugin

  why   example.com/greet is v1.0.0 in the host, v1.1.0 in the    module-version
        plugin
        2 packages: example.com/greet, example.com/greet/polite

  fine  example.com/clock is v1.0.0 in the host, v1.1.0 in the    module-version
        plugin: unused

  note  CGO_ENABLED is 0 here, and a plugin needs cgo: the build command sets
        CGO_ENABLED=1.
        -mod=mod leaves the vendor folder aside.

  fix   # In plugins/auth:
        go mod edit -require=example.com/greet@v1.0.0 \\
          '-replace=example.com/wire=/with space/wire'
        GOTOOLCHAIN=go1.27.3 go build -buildmode=plugin -mod=mod -o auth.so .
        # /root/go/pkg/mod must be the module cache
"""  # noqa: E501
FITS = """\
✓ example.com/auth (plugins/auth) fits gateway.json
  3 shared packages compiled: each has the host's hash

  build # In plugins/auth:
        GOTOOLCHAIN=go1.27.3 go build -buildmode=plugin -mod=mod -o auth.so .
"""
IMPOSSIBLE = """\
✗ example.com/auth (plugins/auth) does not fit gateway.json: it does not compile: ./main.go:3:1: syntax error

  but   no edit of go.mod settles it
"""


@pytest.mark.parametrize(
    ("alignment", "text"),
    [
        (EXAMPLE, TEXT),
        (
            EXAMPLE._replace(
                verdict=Fit.FITS,
                basis="hashes",
                findings=(),
                notes=(),
                recipe=EXAMPLE.recipe._replace(go_mod=(), inputs=(), notes=()),
            ),
            FITS,
        ),
        (
            EXAMPLE._replace(
                reason="it does not compile: ./main.go:3:1: syntax error",
                findings=(),
                notes=(),
                recipe=Recipe(False, "host", "it does not compile: ./main.go:3:1: syntax error"),
            ),
            IMPOSSIBLE,
        ),
    ],
)
def test_the_text(alignment: Alignment, text: str) -> None:
    assert render(alignment, View(80)) == text


def test_names_cannot_act_on_a_terminal() -> None:
    evil = EXAMPLE._replace(module="e\x1b[31m", folder="\u202eabc", notes=("\x9b0m",), reason="a\nb")
    text = render(evil, View(80, color=False, verbosity=VERBOSE))
    assert not set(text) & set("\x1b\u202e\x9b")
    assert rendered(evil, View()).isascii()


def test_the_schema_describes_every_field_and_nothing_else() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert described(SCHEMA) == []
    validator = Draft202012Validator(closed(SCHEMA))
    for alignment in (EXAMPLE, EXAMPLE._replace(recipe=Recipe(False, "host", "why"), reason="x", findings=())):
        assert [error.message for error in validator.iter_errors(json.loads(rendered(alignment, View())))] == []


def test_the_patch_is_one_that_patch_takes(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text(EXAMPLE.before)
    text = patch(EXAMPLE)
    assert text.splitlines()[:2] == ["--- a/go.mod", "+++ b/go.mod"]
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=text, text=True, check=True)
    assert (tmp_path / "go.mod").read_text() == EXAMPLE.after
    assert patch(EXAMPLE._replace(after=EXAMPLE.before)) == ""


def test_writing_replaces_go_mod_only_when_it_is_what_was_read(tmp_path: Path) -> None:
    path = tmp_path / "go.mod"
    path.write_text(EXAMPLE.before)
    path.chmod(0o640)
    here = EXAMPLE._replace(go_mod=str(path))
    assert write(here)
    assert (path.read_text(), path.stat().st_mode & 0o777) == (EXAMPLE.after, 0o640)
    with pytest.raises(Exception, match="was changed meanwhile: nothing is written"):
        write(here)
    assert not write(here._replace(before=EXAMPLE.after))
    assert [one.name for one in tmp_path.iterdir()] == ["go.mod"]


# -- small parts -------------------------------------------------------------------------------------------------------


def test_flags_as_people_write_them() -> None:
    assert joined(split("-tags 'a b' -gcflags=all=-N -trimpath -mod vendor -v")) == [
        "-tags=a b",
        "-gcflags=all=-N",
        "-trimpath",
        "-mod=vendor",
        "-v",
    ]


def test_the_documents_of_go_list() -> None:
    assert list(documents('{"a":1}\n{"b":{"c":"}"}}\n')) == [{"a": 1}, {"b": {"c": "}"}}]
    assert list(documents("  \n")) == []
    assert last_line("one\n\ntwo  \n\n") == "two"


def test_a_host_without_module_versions_still_gets_an_answer(project: Callable[..., Path]) -> None:
    facts = host()
    assert facts.go is not None
    assert facts.go.build_info is not None
    bare = facts.go.build_info._replace(deps=(Module("example.com/greet", ""),))
    folder = project("module example.com/auth\nrequire example.com/greet v1.0.0\n")
    (folder.parent / "gateway.json").write_text(manifest.dumps(facts._replace(go=facts.go._replace(build_info=bare))))
    assert run(folder, "gateway.json", "auth")[0] == 3


def test_nothing_is_compared_with_a_host_that_garble_built(tmp_path: Path) -> None:
    garbled = recorded.by_name("installs/garble/host@1.27.3").host
    (tmp_path / "go.mod").write_text("module example.com/auth\n\ngo 1.21\n")
    (tmp_path / "main.go").write_text(MAIN)
    found = align(garbled, str(tmp_path), {})
    assert (found.verdict, found.recipe.possible) == (Fit.UNKNOWN, False)
    assert "is obfuscated (garble)" in found.reason
    refused = refusal(found)
    assert refused is not None
    assert refused.verdict == Verdict.UNKNOWN
