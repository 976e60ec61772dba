"""A module path that is taken: two plugins of one template, and a module named `main`. What is printed really loads."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

import aligned
import pasted
from fixtures.oracle import build
from fixtures.scenarios import kit

HOST = """package main

import (
	"fmt"
	"os"
	"plugin"
)

func main() {
	for _, name := range os.Args[1:] {
		_, err := plugin.Open(name)
		fmt.Println(err)
	}
}
"""


@pytest.fixture
def environ() -> dict[str, str]:
    if shutil.which("cc") is None:
        pytest.skip("no C compiler (cc) here: cgo cannot build plugins")
    found = dict(build.go_environment(kit.plugin(kit.NEWEST)))
    return {name: value for name, value in found.items() if name not in ("GOFLAGS", "GOTOOLCHAIN")}


def module(folder: Path, path: str, code: str) -> Path:
    folder.mkdir()
    (folder / "go.mod").write_text(f"module {path}\n\ngo 1.21\n")
    (folder / "main.go").write_text(code)
    return folder


def go(folder: Path, environ: Mapping[str, str], *words: str) -> None:
    program = f"{environ['GOROOT']}/bin/go"
    subprocess.run([program, "build", *words, "."], cwd=folder, env=environ, check=True, capture_output=True)


def opened(folder: Path, *names: str) -> list[str]:
    done = subprocess.run(["./host", *names], cwd=folder, capture_output=True, text=True, env={"PATH": os.defpath})
    return done.stdout.splitlines()


def cured(folder: Path, source: Path, plugin: str, others: list[str], environ: Mapping[str, str]) -> None:
    """Type what is printed about a plugin, in the folder of its source, and put the result in its place."""
    said = aligned.gopluck("check", "host", *others, plugin, cwd=folder, env=environ)
    assert said.returncode == 1
    (block,) = pasted.blocks_of(said.stdout)
    assert f"go mod edit -module=example.com/{plugin.removesuffix('.so')}" in block
    path = f"{environ['GOROOT']}/bin:{os.defpath}"
    done = subprocess.run(
        ["bash", "-e"], input=block, text=True, cwd=source, capture_output=True, env={**environ, "PATH": path}
    )
    assert (done.returncode, done.stderr) == (0, ""), sys.stderr.write(block)
    shutil.move(source / plugin, folder / plugin)
    again = aligned.gopluck("check", "host", *others, plugin, cwd=folder, env=environ)
    assert again.returncode == 0


def test_two_plugins_of_one_template(tmp_path: Path, environ: dict[str, str]) -> None:
    go(module(tmp_path / "h", "example.com/host", HOST), environ, "-trimpath", "-o", "../host")
    for name in ("auth", "stats"):
        code = f"package main\n\nfunc Name() string {{ return {name!r} }}\n".replace("'", '"')
        go(
            module(tmp_path / name, "myplugin", code),
            environ,
            "-trimpath",
            "-buildmode=plugin",
            "-o",
            f"../{name}.so",
        )
    assert opened(tmp_path, "auth.so", "stats.so") == ["<nil>", 'plugin.Open("stats"): plugin already loaded']
    cured(tmp_path, tmp_path / "stats", "stats.so", ["auth.so"], environ)
    assert opened(tmp_path, "auth.so", "stats.so") == ["<nil>", "<nil>"]


def test_a_module_that_is_named_main(tmp_path: Path, environ: dict[str, str]) -> None:
    go(module(tmp_path / "h", "example.com/host", HOST), environ, "-o", "../host")
    source = module(tmp_path / "p", "main", 'package main\n\nfunc Name() string { return "p" }\n')
    go(source, environ, "-buildmode=plugin", "-o", "../p.so")
    (said,) = opened(tmp_path, "p.so")
    assert said.endswith("different version of package main")
    cured(tmp_path, source, "p.so", [], environ)
    assert opened(tmp_path, "p.so") == ["<nil>"]
