"""Layouts that people have, built and really loaded: what is printed is typed as it stands, and then it loads."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import aligned
import pasted
from fixtures.oracle import build, proxy
from fixtures.scenarios import kit
from fixtures.scenarios.kit import NEWEST, OLDEST
from fixtures.scenarios.repairs import CALL

HOST = """package main

import (
	"fmt"
	"os"
	"plugin"

	_ "example.com/app/api"
	_ "example.com/greet/polite"
)

func main() {
	for _, name := range os.Args[1:] {
		_, err := plugin.Open(name)
		fmt.Println(err)
	}
}
"""
API = """package api

// Input has no function, so that no file records where it lies.
type Input interface{ Gather() error }
"""
PLUGIN = """package main

import (
	"example.com/app/api"
	_ "example.com/greet/polite"
)

func New() api.Input { return nil }
"""
ALONE = PLUGIN.replace('\t_ "example.com/greet/polite"\n', "")
GREET = "require example.com/greet v1.0.0\n"


class Lab:
    """A folder with the modules `app` (the host) and `plug`, and a pinned release."""

    def __init__(self, root: Path, version: str) -> None:
        if shutil.which("cc") is None:
            pytest.skip("no C compiler (cc) here: cgo cannot build plugins")
        proxy.publish()
        found = build.go_environment(kit.plugin(version))
        self.root = root
        self.environ = {name: value for name, value in found.items() if name not in ("GOFLAGS", "GOTOOLCHAIN")}
        self.write("app", "example.com/app", GREET, **{"main.go": HOST, "api/api.go": API})

    def write(self, folder: str, path: str, lines: str, **texts: str) -> None:
        """A module, with its go.mod and go.sum complete."""
        for name, text in {"go.mod": f"module {path}\n\ngo 1.21\n\n{lines}", **texts}.items():
            file = self.root / folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        self.go(folder, "mod", "tidy")

    def plug(self, lines: str, code: str = PLUGIN) -> None:
        """The plugin's module."""
        self.write("plug", "example.com/plug", lines, **{"main.go": code})

    def go(self, folder: str, *words: str) -> None:
        """A go command."""
        self.typed(" ".join(["go", *words]), folder)

    def built(self, host: str = "", plugin: str = "") -> None:
        """Both, with these flags."""
        self.typed(f"go build {host} -o ../host .", "app")
        self.typed(f"go build -buildmode=plugin {plugin} -o ../p.so .", "plug")

    def typed(self, block: str, folder: str = "plug") -> None:
        """Lines, in the folder of a module."""
        path = f"{self.environ['GOROOT']}/bin:{os.defpath}"
        done = subprocess.run(
            ["bash", "-e"],
            input=block,
            text=True,
            cwd=self.root / folder,
            capture_output=True,
            env={**self.environ, "PATH": path},
        )
        assert done.returncode == 0, f"{block}\n{done.stderr}"

    def says(self, command: str = "check", *more: str) -> str:
        """What gopluck prints."""
        words = [command, "host", *(more or ("p.so",))]
        return aligned.gopluck(*words, cwd=self.root, env=self.environ).stdout

    def told(self) -> Mapping[str, Any]:
        """The plugin in the JSON of a check."""
        found: Mapping[str, Any] = json.loads(self.says("check", "p.so", "--format", "json"))["plugins"][0]
        return found

    @property
    def causes(self) -> list[str]:
        """What a check blames."""
        return [one["rule"] for one in self.told()["findings"] if one["role"] == "cause"]

    def cured(self) -> str:
        """The block that is printed, typed in the plugin's module; the plugin that it made takes the place."""
        (block,) = pasted.blocks_of(self.says())
        self.typed(block.replace("=/path/to/it", f"={self.root}/app"))
        shutil.move(self.root / "plug/p.so", self.root / "p.so")
        return block

    @property
    def opened(self) -> str:
        """What the host's own plugin.Open says."""
        done = subprocess.run(["./host", "p.so"], cwd=self.root, capture_output=True, text=True)
        return done.stdout.strip()


LOADS = "<nil>"
ET_DYN = 3


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_the_api_lies_in_a_trimmed_hosts_module_that_has_no_version(tmp_path: Path, version: str) -> None:
    lab = Lab(tmp_path, version)
    lab.plug(f"require example.com/app v0.0.0\n\nreplace example.com/app => ../app\n\n{GREET}")
    lab.built("-trimpath", "-trimpath")
    assert lab.opened != LOADS
    assert "dropreplace" not in lab.cured()
    assert lab.opened == LOADS


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("folder", ["../copy", "{root}/copy"])
def test_two_checkouts_of_one_repository(tmp_path: Path, version: str, folder: str) -> None:
    lab = Lab(tmp_path, version)
    shutil.copytree(tmp_path / "app", tmp_path / "copy")
    lab.plug(f"require example.com/app v0.0.0\n\nreplace example.com/app => {folder.format(root=tmp_path)}\n", ALONE)
    lab.built()
    assert lab.opened != LOADS
    assert lab.causes == ["host-main-module"]
    lab.cured()
    assert lab.opened == LOADS


def test_a_hosts_owner_keeps_what_the_host_has(tmp_path: Path) -> None:
    lab = Lab(tmp_path, NEWEST)
    (tmp_path / "app/main.go").write_text(
        HOST.replace("func main() {", 'var version = ""\n\nfunc main() {\n\tprintln(version)')
    )
    lab.plug(f"require example.com/app v0.0.0\n\nreplace example.com/app => ../app\n\n{GREET}")
    lab.built("-buildmode=pie '-ldflags=-X main.version=v1.2.3 -linkmode=internal'")
    assert lab.opened != LOADS
    (_, block) = pasted.blocks_of(lab.says())
    lab.typed(f"{block}\nmv host ..", "app")
    assert lab.opened == LOADS
    assert (tmp_path / "host").read_bytes()[16] == ET_DYN
    assert "v1.2.3" in subprocess.run(["./host"], cwd=tmp_path, capture_output=True, text=True).stderr


def test_the_hosts_own_module_is_not_one_that_the_host_lacks(tmp_path: Path) -> None:
    lab = Lab(tmp_path, NEWEST)
    newer = GREET.replace("v1.0.0", "v1.1.0")
    lab.plug(f"require example.com/app v0.0.0\n\nreplace example.com/app => ../app\n\n{newer}")
    lab.built()
    assert lab.opened != LOADS
    block = lab.cured()
    assert "-require=example.com/greet@v1.0.0" in block
    assert "go mod graph" not in block
    assert lab.opened == LOADS


def test_code_that_needs_a_newer_version_than_the_host_has(tmp_path: Path) -> None:
    lab = Lab(tmp_path, NEWEST)
    code = PLUGIN.replace('_ "example.com/greet/polite"', '"example.com/greet"') + "\n\nvar _ = greet.Bye\n"
    lab.plug(
        f"require example.com/app v0.0.0\n\nreplace example.com/app => ../app\n\n{GREET.replace('v1.0.0', 'v1.1.0')}",
        code,
    )
    lab.built()
    assert lab.opened != LOADS
    assert (
        "If it does not compile with example.com/greet v1.0.0, your code needs a newer example.com/greet than the host "
        "has." in lab.told()["remedy"]["notes"]
    )
    with pytest.raises(AssertionError, match="undefined: greet"):
        lab.cured()


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_a_plugin_inside_the_checkout_of_a_vendored_host(tmp_path: Path, version: str) -> None:
    lab = Lab(tmp_path, version)
    (tmp_path / "app/call.go").write_text(CALL)
    lab.go("app", "mod", "vendor")
    lab.plug(f"require example.com/app v0.0.0\n\nreplace example.com/app => ../app\n\n{GREET}")
    lab.built()
    assert lab.opened != LOADS
    (block,) = pasted.blocks_of(lab.says())
    assert 'gopluck build host "$PLUGIN_SOURCE" -o p.so\n' in block
    inside = lab.told()["remedy"]["inside"]
    assert inside[0] == f"cd {tmp_path}/app"
    (anywhere,) = pasted.blocks_of(lab.says("align", "plug"))
    lab.typed(anywhere)
    shutil.move(tmp_path / "plug/plug.so", tmp_path / "p.so")
    assert lab.opened == LOADS
    (tmp_path / "app/contrib/p").mkdir(parents=True)
    shutil.move(tmp_path / "plug/main.go", tmp_path / "app/contrib/p/main.go")
    lab.typed("\n".join([*inside, "mv p.so .."]))
    assert lab.opened == LOADS


def test_several_plugins_for_a_vendored_host_are_told_once(tmp_path: Path) -> None:
    lab = Lab(tmp_path, NEWEST)
    lab.go("app", "mod", "vendor")
    lab.plug(f"require example.com/app v0.0.0\n\nreplace example.com/app => ../app\n\n{GREET}")
    lab.built()
    shutil.copy(tmp_path / "p.so", tmp_path / "q.so")
    said = lab.says("check", "--independent", "p.so", "q.so")
    assert said.count('gopluck build host "$PLUGIN_SOURCE"\n') == 1


FORK = "example.com/forks/greet"


@pytest.mark.parametrize("flag", ["-race", "'-gcflags=all=-N -l'"])
def test_a_fork_with_the_same_code_is_a_doubt(tmp_path: Path, flag: str) -> None:
    lab = Lab(tmp_path, NEWEST)
    lab.plug(
        f"{GREET}\nreplace example.com/greet => {FORK} v1.0.0\n",
        'package main\n\nimport _ "example.com/greet/polite"\n',
    )
    lab.built("-trimpath", "-trimpath")
    assert lab.opened == LOADS
    lab.built("-trimpath", f"-trimpath {flag}")
    assert lab.opened != LOADS
    assert "module-replaced" not in lab.causes
    lab.cured()
    assert lab.opened == LOADS


def test_a_go_mod_that_need_not_name_every_module_is_pinned(tmp_path: Path) -> None:
    lab = Lab(tmp_path, NEWEST)
    code = 'package main\n\nimport _ "example.com/greet/polite"\n'
    words = "require example.com/words v1.1.0\n"
    lab.write("app", "example.com/app", f"{GREET}{words}", **{"main.go": HOST, "api/api.go": API})
    for line, pinned in (("1.16", True), ("1.21", False)):
        lab.plug(GREET.replace("v1.0.0", "v1.2.0"), code)
        lab.go("plug", "mod", "edit", f"-go={line}")
        lab.go("plug", "mod", "tidy")
        lab.built()
        assert lab.opened != LOADS
        assert ("-require=example.com/words@" in lab.cured()) is pinned
        assert lab.opened == LOADS
