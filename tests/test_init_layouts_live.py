"""`gopluck init` for a host whose plugin API lies in its own module: what is printed is typed, and the plugin loads."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import aligned
from fixtures.oracle import build
from fixtures.oracle.model import GoBuild, Tree
from fixtures.scenarios import kit
from fixtures.scenarios.kit import NEWEST, OLDEST
from test_layouts_live import GREET, HOST, LOADS, Lab

NEW = "New:func() example.com/app/api.Input"
USES = 'package main\n\nimport _ "example.com/greet/polite"\n'
VERSIONS = (OLDEST, NEWEST)


class Started(Lab):
    """A lab in which the plugin's project is written by gopluck, beside the host's checkout."""

    def __init__(self, root: Path, version: str) -> None:
        super().__init__(root, version)
        path = f"{self.environ['GOROOT']}/bin:{os.defpath}"
        # What somebody else has in the environment must not matter.
        self.environ |= {"PATH": path, "PYTHONPATH": str(aligned.SOURCE), "GOFLAGS": "-trimpath", "CGO_ENABLED": "0"}
        self.environ["GOPLUCK"] = f"{sys.executable} -m gopluck"

    def host(self, *flags: str) -> None:
        """The host, built from its checkout."""
        environ = {**self.environ, "GOFLAGS": "", "CGO_ENABLED": "1"}
        command = ["go", "build", *flags, "-o", "../host", "."]
        subprocess.run(command, cwd=self.root / "app", env=environ, check=True, capture_output=True)

    def init(self, *more: str, where: str = "auth", status: int = 0) -> str:
        """What `gopluck init` says."""
        done = aligned.gopluck("init", "host", where, "--symbol", NEW, *more, cwd=self.root, env=self.environ)
        assert done.returncode == status, done.stderr
        return done.stdout + done.stderr

    def made(self, folder: str = "auth") -> str:
        """`make build check` in the project, which has to succeed; then the host opens what came out."""
        done = self.make(folder, "build", "check")
        assert done.returncode == 0, done.stdout + done.stderr
        shutil.copy(self.root / folder / "auth.so", self.root / "p.so")
        return done.stdout

    def make(self, folder: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run make in a project."""
        command = ["make", *words]
        return subprocess.run(command, cwd=self.root / folder, env=self.environ, capture_output=True, text=True)


def uses_greet(lab: Lab, folder: str = "auth") -> None:
    """The plugin also imports a module that the host has by version."""
    (lab.root / folder / "more.go").write_text(USES)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("flags", [("-trimpath",), ()], ids=["trimmed", "untrimmed"])
@pytest.mark.parametrize("given", ["relative", "absolute"])
def test_a_host_built_from_its_checkout(tmp_path: Path, version: str, flags: Sequence[str], given: str) -> None:
    lab = Started(tmp_path, version)
    lab.host(*flags)
    said = lab.init("--host-source", "app" if given == "relative" else str(tmp_path / "app"))
    assert said.endswith("next:\n  cd auth && make build check\n")
    said = lab.made()
    assert "risk" not in said
    assert lab.opened == LOADS
    uses_greet(lab)
    lab.made()
    assert lab.opened == LOADS
    done = lab.make("auth", "align", "ALIGN=--check")
    assert done.returncode == 0, done.stdout
    plain = {name: value for name, value in lab.environ.items() if name != "GOFLAGS"}
    for words in (("mod", "tidy"), ("vet", ".")):
        subprocess.run(["go", *words], cwd=tmp_path / "auth", env=plain, check=True, capture_output=True)
    lab.made()
    assert lab.opened == LOADS


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("flags", [("-trimpath",), ()], ids=["trimmed", "untrimmed"])
def test_what_has_to_be_filled_in_is_said_and_then_it_loads(tmp_path: Path, version: str, flags: Sequence[str]) -> None:
    lab = Started(tmp_path, version)
    lab.host(*flags)
    said = lab.init()
    assert "example.com/app/api is a package of the host's own module example.com/app, which has no version" in said
    assert ("built from in " in said) is (not flags)
    assert lab.make("auth", "build").returncode != 0
    folder = tmp_path / "auth"
    text = (folder / "go.mod").read_text()
    filled = re.sub(r"^// (require|replace) example.com/app\b", r"\1 example.com/app", text, flags=re.MULTILINE)
    (folder / "go.mod").write_text(filled.replace("/path/to/the/checkout", str(tmp_path / "app")))
    typed = [line.strip() for line in (folder / "README.md").read_text().splitlines() if "go work init" in line]
    assert len(typed) == len(flags)
    for line in typed:
        command = line.replace("/path/to/the/checkout", "../app")
        subprocess.run(["sh", "-ec", command], cwd=folder, env=lab.environ, check=True)
    lab.made()
    assert lab.opened == LOADS
    # The other way that is named: the same command, with the checkout.
    lab.init("--force", "--host-source", "app")
    lab.made()
    assert lab.opened == LOADS


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("flags", [("-trimpath",), ()], ids=["trimmed", "untrimmed"])
def test_a_host_that_was_installed_by_its_version_is_required(
    tmp_path: Path, version: str, flags: Sequence[str]
) -> None:
    lab = Started(tmp_path, version)
    installed = GoBuild(Tree("empty", ()), version, command="install", target=("example.com/app@v1.0.0",))
    program = build.build(kit.flags(*flags)(installed) if flags else installed)
    shutil.copy(program, tmp_path / "host")
    symbol = "New:func() *example.com/app/core.Registry"
    done = aligned.gopluck("init", "host", "auth", "--symbol", symbol, cwd=tmp_path, env=lab.environ)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\texample.com/app v1.0.0\n" in (tmp_path / "auth/go.mod").read_text()
    lab.made()
    assert aligned.really_load(program, tmp_path / "p.so") == ("ok", "")
    said = lab.init("--force", "--host-source", "app", status=2)
    assert "--host-source: the host was installed as example.com/app v1.0.0, which go.mod can require" in said


@pytest.mark.parametrize("flags", [("-trimpath",), ()], ids=["trimmed", "untrimmed"])
def test_a_host_that_replaces_a_module_by_a_folder(tmp_path: Path, flags: Sequence[str]) -> None:
    lab = Started(tmp_path, NEWEST)
    fork = tmp_path / "app/fork"
    (fork / "polite").mkdir(parents=True)
    (fork / "go.mod").write_text("module example.com/greet\n\ngo 1.21\n")
    (fork / "polite/polite.go").write_text("package polite\n\nfunc Forked() int { return 1 }\n")
    lab.write("app", "example.com/app", f"{GREET}\nreplace example.com/greet => ./fork\n", **{"main.go": HOST})
    lab.host(*flags)
    lab.init("--host-source", "app")
    uses_greet(lab)
    lab.made()
    assert lab.opened == LOADS


@pytest.mark.parametrize("flags", [("-trimpath",), ()], ids=["trimmed", "untrimmed"])
def test_a_plugin_inside_the_hosts_checkout(tmp_path: Path, flags: Sequence[str]) -> None:
    lab = Started(tmp_path, NEWEST)
    lab.host(*flags)
    lab.init("--host-source", "app", where="app/plugins/auth")
    lab.made("app/plugins/auth")
    assert lab.opened == LOADS
    assert not (tmp_path / "app/plugins/auth/.github").exists()


@pytest.mark.parametrize("flags", [("-trimpath",), ()], ids=["trimmed", "untrimmed"])
def test_a_checkout_that_is_not_the_hosts_is_refused(tmp_path: Path, flags: Sequence[str]) -> None:
    lab = Started(tmp_path, NEWEST)
    lab.host(*flags)
    (tmp_path / "plug").mkdir()
    (tmp_path / "plug/go.mod").write_text("module example.com/plug\n")
    assert "is module example.com/plug, and the host's is example.com/app" in lab.init(
        "--host-source", "plug", status=2
    )
    assert "has no go.mod that can be read" in lab.init("--host-source", ".", status=2)
    assert "is DIR itself" in lab.init("--host-source", "app", where="app", status=2)
    shutil.copytree(tmp_path / "app", tmp_path / "copy")
    if flags:
        lab.init("--host-source", "copy")
        lab.made()
        assert lab.opened == LOADS
    else:
        assert "another checkout does not match" in lab.init("--host-source", "copy", status=2)


@pytest.mark.parametrize("flags", [("-trimpath",), ()], ids=["trimmed", "untrimmed"])
def test_the_steps_of_the_dockerfile_and_of_the_workflow(tmp_path: Path, flags: Sequence[str]) -> None:
    lab = Started(tmp_path, NEWEST)
    app = tmp_path / "app"
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.com"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "host"]):
        subprocess.run([*git, *words], cwd=app, check=True, capture_output=True)
    lab.host(*flags)
    lab.init("--host-source", "app")
    commit = subprocess.run([*git, "rev-parse", "HEAD"], cwd=app, check=True, capture_output=True, text=True).stdout
    workflow = (tmp_path / "auth/.github/workflows/plugin.yml").read_text()
    assert commit.strip() in workflow
    steps = re.findall(r"^ +- run: (.*)$", workflow, re.MULTILINE)
    # Elsewhere: the project alone, and the host's repository to clone from.
    repository, runner = tmp_path / "repository", tmp_path / "runner/auth"
    shutil.move(app, repository)
    shutil.copytree(tmp_path / "auth", runner)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/sudo").write_text('#!/bin/sh\nexec "$@"\n')
    (tmp_path / "bin/sudo").chmod(0o755)
    lab.environ |= {"HOST_REPOSITORY": str(repository), "PATH": f"{tmp_path}/bin:{lab.environ['PATH']}"}
    for step in steps[1:]:
        done = subprocess.run(["sh", "-ec", step], cwd=runner, env=lab.environ, capture_output=True, text=True)
        assert done.returncode == 0, f"{step}\n{done.stdout}\n{done.stderr}"
    shutil.copy(runner / "auth.so", tmp_path / "p.so")
    assert lab.opened == LOADS
    # The Dockerfile puts both where the relation between them is the same.
    text = (tmp_path / "auth/Dockerfile").read_text()
    work, place = re.findall(r"^WORKDIR (\S+)|^COPY --from=host \. (\S+)", text, re.MULTILINE)
    named = re.search(r"^replace example.com/app => (\S+)$", (tmp_path / "auth/go.mod").read_text(), re.MULTILINE)
    assert named is not None
    assert os.path.normpath(Path(work[0], named[1])) == place[1]
    assert text.rstrip().endswith(f"COPY --from=build {work[0]}/auth.so /")
