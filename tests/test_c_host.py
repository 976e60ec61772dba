"""C programs that host Go: docs/howto/c-host.md says what gopluck does, and what they need; with a real Go."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

from fixtures.oracle import build
from fixtures.scenarios import kit
from gopluck.cli.main import main as gopluck

PAGE = (Path(__file__).parent.parent / "docs" / "howto" / "c-host.md").read_text()
GO = """\
package main

import "C"
import (
\t"fmt"
\t"plugin"
)

//export OpenPlugin
func OpenPlugin(path *C.char) {
\t_, err := plugin.Open(C.GoString(path))
\tfmt.Println(err)
}

func main() {}
"""
LINKED = """\
#include "libgo.h"
int main(int argc, char **argv) { OpenPlugin(argv[1]); return 0; }
"""
LOADING = """\
#include <dlfcn.h>
int main(int argc, char **argv) {
  void *lib = dlopen("./libgo.so", RTLD_NOW | FLAGS);
  ((void (*)(char *))dlsym(lib, "OpenPlugin"))(argv[1]);
  return 0;
}
"""
PROGRAMS = {
    "server": "linked.c libgo.a -rdynamic",
    "hidden": "linked.c libgo.a",
    "loader": "loading.c -DFLAGS=RTLD_GLOBAL",
    "local": "loading.c -DFLAGS=RTLD_LOCAL",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Programs, a library and two plugins: `auth.so` fits, `other.so` was built without -trimpath."""
    if shutil.which("cc") is None:
        pytest.skip("no C compiler (cc) here: cgo cannot build plugins")
    here = tmp_path_factory.mktemp("c")
    environment = {**build.go_environment(kit.plugin(kit.NEWEST)), "GOFLAGS": ""}
    texts = {
        "host/host.go": GO,
        "auth/main.go": "package main\n\nfunc main() {}\n",
        "linked.c": LINKED,
        "loading.c": LOADING,
    }
    for name, text in {**texts, "go.mod": "module example.com/c\n\ngo 1.21\n"}.items():
        (here / name).parent.mkdir(exist_ok=True)
        (here / name).write_text(text)
    run(here, environment, "go build -trimpath -buildmode=c-archive -o libgo.a ./host")
    run(here, environment, "go build -trimpath -buildmode=c-shared -o libgo.so ./host")
    run(here, environment, "go build -trimpath -buildmode=plugin -o auth.so ./auth")
    run(here, environment, "go build -buildmode=plugin -o other.so ./auth")
    for name, words in PROGRAMS.items():
        run(here, environment, f"cc -I. -o {name} {words} -lpthread -ldl")
    return here


def run(folder: Path, environment: Mapping[str, str] | None, line: str) -> str:
    done = subprocess.run(
        ["bash", "-euc", line], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (line, done.stderr)
    return done.stdout


@pytest.mark.parametrize(
    ("host", "page"),
    [
        ("server", "a C program with a c-archive"),
        ("libgo.so", "a c-shared library"),
        ("loader", "a C program that loads a c-shared library"),
    ],
)
def test_gopluck_refuses_such_hosts_as_the_page_says(
    host: str, page: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    row = re.search(rf"^\| {page} \| `gopluck: error: [^:]*: (.*)` \|$", PAGE, re.MULTILINE)
    assert row is not None
    done = CliRunner().invoke(gopluck, ["check", f"./{host}", "auth.so"], prog_name="gopluck")
    assert done.exit_code == 2
    assert done.stderr.startswith(f"gopluck: error: ./{host}: {row[1]}")


def test_hashes_tell_what_go_would_refuse(folder: Path) -> None:
    recipe = re.search(r"^(hashes\(\).*)\njoin .*\n", PAGE, re.MULTILINE)
    assert recipe is not None
    if shutil.which("jq") is None:
        pytest.skip("no jq here")
    lines = recipe[0].replace("gopluck", f"{sys.executable} -m gopluck")
    assert run(folder, None, lines) == ""
    assert "internal/abi\n" in run(folder, None, lines.replace("auth.so", "other.so"))


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_such_a_host_needs(program: str, folder: Path) -> None:
    done = subprocess.run([folder / program, "./auth.so"], cwd=folder, capture_output=True, text=True, check=False)
    if program in ("server", "loader"):
        assert (done.stdout, done.returncode) == ("<nil>\n", 0)
    else:
        assert done.stderr.startswith("fatal error: runtime: no plugin module data")
