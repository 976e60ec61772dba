"""`gopluck init` against really built hosts: `make build check` works in the new project, and the plugin really loads.

The Dockerfile's and the workflow's own steps are run, too, without Docker and without GitHub.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

import aligned
from fixtures.oracle import build, proxy
from fixtures.oracle.model import GoBuild
from fixtures.scenarios import kit, lookups

FORK = kit.replaced("example.com/greet => example.com/forks/greet v1.0.1")
HOSTS: dict[str, kit.Apply] = {
    "trimmed": kit.flags("-trimpath"),
    "untrimmed": lambda host: host,
    "debug": kit.flags("-gcflags=all=-N -l"),
    "trimmed-fork": kit.both(kit.flags("-trimpath"), FORK),
}
SYMBOLS = (
    "Allow:func(*example.com/greet.Greeting, ...string) (bool, error)",
    "Dear:func(name string) string",
    "Took:map[string]time.Duration",
)
CASES = [
    *((name, version, "binary") for version in (kit.OLDEST, kit.NEWEST) for name in HOSTS),
    ("debug", kit.NEWEST, "manifest"),
]


@pytest.fixture(scope="module", autouse=True)
def _tools() -> None:
    for tool in ("cc", "make"):
        if shutil.which(tool) is None:
            pytest.skip(f"no {tool} here")
    proxy.publish()


def environment(host: GoBuild) -> dict[str, str]:
    """That of somebody who has a go command and gopluck, and sets things that do not fit the host."""
    wrong = "" if "-trimpath" in host.flags else "-trimpath"
    more = {"GOFLAGS": f"-mod=mod {wrong}".strip(), "CGO_ENABLED": "0", "PYTHONPATH": str(aligned.SOURCE)}
    return build.go_environment(host) | more | {"GOPLUCK": f"{sys.executable} -m gopluck"}


def run(folder: Path, environ: Mapping[str, str], *command: str) -> str:
    """What a command printed, which has to succeed."""
    done = subprocess.run(command, cwd=folder, env=dict(environ), capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("version", [kit.OLDEST, kit.NEWEST])
def test_what_the_host_looks_up_is_scaffolded_and_its_assertions_hold(tmp_path: Path, version: str) -> None:
    host = lookups.host(version)
    program, environ, folder = build.build(host), environment(host), tmp_path / "auth"
    run(tmp_path, environ, sys.executable, "-m", "gopluck", "init", str(program), "auth")
    checked = run(folder, environ, "make", "build", "check")
    assert "auth.so will load into host.json" in checked
    assert "lookup-type" not in checked
    source = (folder / "main.go").read_text()
    said = json.loads(run(folder, environ, str(program), "auth.so"))
    left_out = set(re.findall(r"^// (\w+) is looked up by the host: ", source, re.MULTILINE))
    missing = {name for one in said["asserted"] for name in re.findall(r"symbol (\S+) not found", one["text"])}
    assert missing == left_out
    assert {one["text"] for one in said["asserted"] if "not found" not in one["text"]} == {""}
    assert len(left_out) <= 6
    assert run(folder, environ, f"{environ['GOROOT']}/bin/gofmt", "-l", ".") == ""


@pytest.mark.parametrize(("name", "version", "source"), CASES)
def test_a_new_project_builds_and_loads(tmp_path: Path, name: str, version: str, source: str) -> None:
    host = HOSTS[name](kit.host(version))
    program, environ, folder = build.build(host), environment(host), tmp_path / "auth"
    given = program
    if source == "manifest":
        given = tmp_path / "gateway.json"
        run(tmp_path, environ, sys.executable, "-m", "gopluck", "manifest", str(program), "-o", str(given))
    symbols = [word for one in SYMBOLS for word in ("--symbol", one)]
    run(tmp_path, environ, sys.executable, "-m", "gopluck", "init", str(given), "auth", *symbols)
    before = (folder / "go.mod").read_text()
    said = run(folder, environ, "make", "build", "check")
    assert "auth.so will load into host.json" in said
    assert "risk" not in said
    assert aligned.really_load(program, folder / "auth.so") == ("ok", "")
    assert [line for line in before.splitlines() if line.strip() and line not in (folder / "go.mod").read_text()] == []
    assert run(folder, environ, f"{environ['GOROOT']}/bin/gofmt", "-l", ".") == ""
    assert "fits host.json" in run(folder, environ, "make", "align")
    run(folder, environ, "make", "clean")
    assert not (folder / "auth.so").exists()


@pytest.mark.parametrize(("name", "version"), [("trimmed", kit.NEWEST), ("untrimmed", kit.OLDEST)])
def test_the_steps_of_the_dockerfile_build_a_plugin_that_loads(tmp_path: Path, name: str, version: str) -> None:
    host = HOSTS[name](kit.host(version))
    program, folder = build.build(host), tmp_path / "auth"
    clean = build.go_environment(host) | {"PYTHONPATH": str(aligned.SOURCE)}
    run(tmp_path, clean, sys.executable, "-m", "gopluck", "init", str(program), "auth", "--symbol", SYMBOLS[0])
    environ = {key: value for key, value in clean.items() if key not in ("GOFLAGS", "CGO_ENABLED", "GOTOOLCHAIN")}
    image, stages = tmp_path / "image", re.findall(r"^FROM (\S+)", (folder / "Dockerfile").read_text(), re.MULTILINE)
    assert stages == [f"golang:{version}-bookworm", "scratch"]
    image.mkdir()
    for line in (folder / "Dockerfile").read_text().split("FROM scratch")[0].splitlines():
        instruction, _, rest = line.partition(" ")
        if instruction == "ENV":
            key, _, value = rest.partition("=")
            environ[key] = value.strip('"')
        elif instruction == "COPY":
            *sources, target = rest.split()
            assert target in (".", "./")
            for one in sources:
                shutil.copytree(folder, image, dirs_exist_ok=True) if one == "." else shutil.copy(folder / one, image)
        elif instruction == "RUN":
            run(image, environ, "sh", "-c", rest)
    assert aligned.really_load(program, image / "auth.so") == ("ok", "")


def test_the_steps_of_the_workflow_end_in_gopluck_check(tmp_path: Path) -> None:
    host = HOSTS["trimmed"](kit.host(kit.NEWEST))
    environ, folder = environment(host), tmp_path / "auth"
    run(tmp_path, environ, sys.executable, "-m", "gopluck", "init", str(build.build(host)), "auth")
    steps = re.findall(r"^ +- run: (.*)$", (folder / ".github/workflows/plugin.yml").read_text(), re.MULTILINE)
    assert steps == ['pip install "$GOPLUCK"', "make align ALIGN=--check", "make build", "make check"]
    said = [run(folder, environ, "sh", "-c", step) for step in steps[1:]]
    assert "gopluck check host.json auth.so" in said[-1]


def test_a_dependency_that_drifts_is_found_before_the_build(tmp_path: Path) -> None:
    host = HOSTS["trimmed"](kit.host(kit.NEWEST))
    environ, folder = environment(host), tmp_path / "auth"
    run(
        tmp_path,
        environ,
        sys.executable,
        "-m",
        "gopluck",
        "init",
        str(build.build(host)),
        "auth",
        "--symbol",
        SYMBOLS[0],
    )
    (folder / "more.go").write_text('package main\n\nimport _ "example.com/booster"\n')
    run(folder, environ | {"GOTOOLCHAIN": "local"}, "go", "get", "example.com/booster@v1.0.0")
    done = subprocess.run(["make", "align", "ALIGN=--check"], cwd=folder, env=environ, capture_output=True, text=True)
    assert done.returncode != 0
    assert "example.com/greet is v1.0.0 in the host, v1.1.0 in the" in done.stdout
    run(folder, environ, "make", "align")
    assert "auth.so will load into host.json" in run(folder, environ, "make", "build", "check")
    assert aligned.really_load(build.build(host), folder / "auth.so") == ("ok", "")


INNER = "package inner\n\n// Number is what a test changes.\nfunc Number() int { return 1 }\n"
NUMBER = "int number(void) { return 1; }\n"
OUTER = """package main

// int number(void);
import "C"

import (
	_ "embed"

	"example.com/auth/inner"
)

//go:embed text.txt
var text string

func Parts() (string, int, int) { return text, inner.Number(), int(C.number()) }
"""


def test_a_build_follows_whatever_changed(tmp_path: Path) -> None:
    host = HOSTS["trimmed"](kit.host(kit.NEWEST))
    environ, folder = environment(host), tmp_path / "auth"
    run(tmp_path, environ, sys.executable, "-m", "gopluck", "init", str(build.build(host)), "auth")
    parts = {
        "inner/inner.go": INNER,
        "parts.go": OUTER,
        "text.txt": "one",
        "number.c": "int number(void) { return 1; }\n",
    }
    for name, content in parts.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content)
    run(folder, environ, "make", "build")
    for name in ("inner/inner.go", "text.txt", "number.c"):
        before = (folder / "auth.so").read_bytes()
        (folder / name).write_text(parts[name].replace("return 1", "return 2").replace("one", "two"))
        run(folder, environ, "make", "build")
        assert (folder / "auth.so").read_bytes() != before, name
    before = (folder / "auth.so").read_bytes()
    run(folder, environ, "make", "build")
    assert (folder / "auth.so").read_bytes() == before
    assert aligned.really_load(build.build(host), folder / "auth.so") == ("ok", "")


@pytest.mark.parametrize("version", [kit.OLDEST, kit.NEWEST])
def test_go_mod_tidy_drops_versions_and_make_align_brings_them_back(tmp_path: Path, version: str) -> None:
    host = HOSTS["trimmed"](kit.host(version))
    environ, folder = environment(host), tmp_path / "auth"
    run(tmp_path, environ, sys.executable, "-m", "gopluck", "init", str(build.build(host)), "auth")
    plain = {name: value for name, value in environ.items() if name != "GOFLAGS"}
    assert "example.com/greet v1.0.0" in (folder / "go.mod").read_text()
    run(folder, plain, "go", "mod", "tidy")
    assert "example.com/greet" not in (folder / "go.mod").read_text()
    (folder / "more.go").write_text('package main\n\nimport _ "example.com/greet/polite"\n')
    run(folder, plain, "go", "mod", "tidy")
    assert "example.com/greet v1.2.0" in (folder / "go.mod").read_text()
    done = subprocess.run(["make", "build", "check"], cwd=folder, env=environ, capture_output=True, text=True)
    assert done.returncode != 0
    run(folder, environ, "make", "align")
    assert "auth.so will load into host.json" in run(folder, environ, "make", "build", "check")
    assert aligned.really_load(build.build(host), folder / "auth.so") == ("ok", "")


def test_the_hosts_go_line_and_settings_are_the_plugins(tmp_path: Path) -> None:
    """`//go:debug` and an old go line in the host: the project has both, and no risk."""
    debug = kit.both(kit.flags("-trimpath"), kit.files(debug__go="//go:debug panicnil=1\n\npackage main\n"))
    for number, change in enumerate((debug, kit.both(debug, kit.module(lambda main: replace(main, go="1.25"))))):
        host = change(kit.host(kit.NEWEST))
        environ, folder = environment(host), tmp_path / f"auth{number}"
        run(tmp_path, environ, sys.executable, "-m", "gopluck", "init", str(build.build(host)), folder.name)
        said = run(folder, environ, "make", "build", "check")
        assert "will load" in said
        assert "risk" not in said
        assert run(folder, environ, f"{environ['GOROOT']}/bin/gofmt", "-l", ".") == ""
    assert "\ngo 1.25\n" in (folder / "go.mod").read_text()
    assert (folder / "main.go").read_text().startswith("//go:debug panicnil=1\n\n")
