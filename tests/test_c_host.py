"""C programs that host Go: gopluck says what they really do, and what docs/howto/c-host.md shows; with a real Go."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import ociwriter as oci
from fixtures.oracle import build
from fixtures.scenarios import kit
from gopluck.cli.main import main as command

PAGE = (Path(__file__).parent.parent / "docs" / "howto" / "c-host.md").read_text("utf-8")
GO = """\
package main

import "C"
import (
\t"fmt"
\t"plugin"
)

//export NAME
func NAME(path *C.char) {
\tif _, err := plugin.Open(C.GoString(path)); err != nil {
\t\tfmt.Println(err)
\t} else {
\t\tfmt.Println("loads")
\t}
}

func main() {}
"""
LINKED = """\
#include "libgo.h"
int from_program(void) { return 42; }
int main(int argc, char **argv) { OpenPlugin(argv[1]); return 0; }
"""
LOADING = """\
#include <dlfcn.h>
#include <stdio.h>
int main(int argc, char **argv) {
  void *lib = dlopen("./libgo.so", RTLD_NOW | FLAGS);
  if (!lib) return puts(dlerror());
  ((void (*)(char *))dlsym(lib, "OpenPlugin"))(argv[1]);
  return 0;
}
"""
NEEDY = """\
package main

// int from_program(void);
import "C"

// Call calls into the program.
func Call() int { return int(C.from_program()) }

func main() {}
"""
BESIDE = "-L. -lgo -Wl,-rpath,$ORIGIN"
PROGRAMS = {
    "server": "linked.c libgo.a -rdynamic",
    "hidden": "linked.c libgo.a",
    "app": f"linked.c {BESIDE}",
    "exporting": f"linked.c -rdynamic {BESIDE}",
    "both": f"linked.c {BESIDE} -Wl,--no-as-needed -ltwo",
    "lost": "linked.c -L. -lgo",
    "loader": "loading.c -DFLAGS=RTLD_GLOBAL",
    "local": "loading.c -DFLAGS=RTLD_LOCAL",
}
DEAD = "fatal error: runtime: no plugin module data"
NOTE = (
    "libgo.so is taken to be linked into its program, or loaded with RTLD_GLOBAL: with RTLD_LOCAL every Open ends with "
    f"`{DEAD}`"
)


def environment(**more: str) -> dict[str, str]:
    return {**build.go_environment(kit.plugin(kit.NEWEST)), "GOFLAGS": "", **more}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Programs, libraries and plugins: `auth.so` fits, `other.so` was built without -trimpath."""
    if shutil.which("cc") is None:
        pytest.skip("no C compiler (cc) here: cgo cannot build plugins")
    folder = tmp_path_factory.mktemp("c")
    texts = {
        "host/host.go": GO.replace("NAME", "OpenPlugin"),
        "two/two.go": GO.replace("NAME", "OpenToo"),
        "auth/main.go": "package main\n\nfunc main() {}\n",
        "needy/main.go": NEEDY,
        "linked.c": LINKED,
        "loading.c": LOADING,
        "go.mod": "module example.com/c\n\ngo 1.21\n",
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    go = environment()
    run(folder, go, "go build -trimpath -buildmode=c-archive -o libgo.a ./host")
    run(folder, go, "go build -trimpath -buildmode=c-shared -o libgo.so ./host")
    run(folder, go, "go build -trimpath -buildmode=c-shared -o libtwo.so ./two")
    run(folder, go, "go build -trimpath -buildmode=plugin -o auth.so ./auth")
    run(folder, go, "go build -buildmode=plugin -o other.so ./auth")
    unresolved = environment(CGO_LDFLAGS="-Wl,--unresolved-symbols=ignore-all", CGO_LDFLAGS_ALLOW=".*")
    run(folder, unresolved, "go build -trimpath -buildmode=plugin -o needy.so ./needy")
    for name, words in PROGRAMS.items():
        run(folder, None, f"cc -I. -o {name} {words.replace('$', chr(92) + '$')} -lpthread -ldl")
    return folder


def run(folder: Path, env: Mapping[str, str] | None, line: str) -> str:
    done = subprocess.run(["bash", "-euc", line], cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (line, done.stderr)
    return done.stdout


@pytest.fixture
def folder(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(here)
    return here


def gopluck(*words: str) -> Result:
    return CliRunner().invoke(command, words, prog_name="gopluck")


def checked(host: str, plugin: str, *words: str) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(gopluck("check", host, plugin, "--format", "json", *words).stdout)
    return result


def really(program: str, plugin: str) -> str:
    """What a program prints, or the line with which it dies."""
    done = subprocess.run([f"./{program}", plugin], capture_output=True, text=True, check=False)
    return done.stdout.strip() or done.stderr.partition("\n")[0]


RUNS = {"server": "server", "hidden": "hidden", "app": "app", "libgo.so": "loader"}
"""By HOST: the program that is run."""


@pytest.mark.parametrize("plugin", ["auth.so", "other.so", "libgo.so", "gone.so"])
@pytest.mark.parametrize("host", RUNS)
def test_gopluck_says_what_the_program_does(host: str, plugin: str, folder: Path) -> None:
    if not (folder / plugin).exists():
        return
    said = checked(f"./{host}", plugin)["plugins"][0]
    assert (said["error"] or said["verdict"]) == really(RUNS[host], plugin)


@pytest.mark.parametrize("host", ["server", "hidden", "app", "libgo.so"])
def test_a_manifest_gives_the_same_answer(host: str, folder: Path) -> None:
    gopluck("manifest", f"./{host}", "--output", f"{host}.json")
    for plugin in ("auth.so", "other.so", "libgo.so"):
        binary, stand_in = (checked(one, plugin)["plugins"] for one in (f"./{host}", f"{host}.json"))
        assert json.loads(json.dumps(stand_in).replace(f'"{host}.json"', f'"./{host}"')) == binary


def test_the_answer_says_where_the_runtime_is_and_what_is_assumed(folder: Path) -> None:
    hosts = {name: checked(f"./{name}", "auth.so")["host"] for name in ("server", "app", "libgo.so")}
    assert {name: (one["kind"], one["library"], one["note"]) for name, one in hosts.items()} == {
        "server": ("c-archive", None, None),
        "app": ("c-shared", str(folder / "libgo.so"), None),
        "libgo.so": ("c-shared", None, NOTE),
    }
    for form in ("text", "concise", "markdown", "junit"):
        assert "RTLD_LOCAL" in " ".join(gopluck("check", "libgo.so", "other.so", "--format", form).stdout.split()) or (
            form == "concise"
        )


def test_what_is_assumed_is_what_decides(folder: Path) -> None:
    assert really("loader", "auth.so") == "loads"
    assert really("local", "auth.so") == DEAD
    code = "import ctypes; ctypes.CDLL('./libgo.so'{}).OpenPlugin(b'auth.so')"
    for mode, wanted in (("", DEAD), (", mode=ctypes.RTLD_GLOBAL", "loads")):
        words = [sys.executable, "-c", code.format(mode)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert (done.stdout.strip() or done.stderr.partition("\n")[0]) == wanted


def test_what_only_the_program_has_is_not_known_of_the_library(folder: Path) -> None:
    assert really("exporting", "needy.so") == "loads"
    assert checked("./exporting", "needy.so")["verdict"] == "loads"
    for program in ("app", "server"):
        said = checked(f"./{program}", "needy.so")["plugins"][0]
        assert (said["error"] or said["verdict"]) == really(program, "needy.so")
    alone = checked("libgo.so", "needy.so")["plugins"][0]
    assert alone["verdict"] == "unknown"
    assert alone["note"].endswith("unless the program that loads libgo.so has it: name the program as HOST")


@pytest.mark.parametrize(
    ("host", "text"),
    [
        ("./loader", "If it is a C program that loads its Go library by dlopen, name the library as HOST\n"),
        ("./lost", "; libgo.so, which it needs, cannot be read here. If it is a C program"),
        ("./both", "/libtwo.so, all with package plugin: name one as HOST\n"),
    ],
)
def test_a_program_that_does_not_tell_is_refused_in_a_line(host: str, text: str, folder: Path) -> None:
    for words in (("check", host, "auth.so"), ("manifest", host), ("diff", host, "./server")):
        done = gopluck(*words)
        assert (done.exit_code, done.stdout) == (2, "")
        assert done.stderr.startswith(f"gopluck: error: {host}: ")
        assert text in done.stderr
        assert done.stderr.count("\n") == 1


def test_a_library_is_found_as_the_loader_finds_it(folder: Path) -> None:
    assert checked("./lost", "auth.so", "--library-path", str(folder))["host"]["library"] == str(folder / "libgo.so")
    assert run(folder, {"LD_LIBRARY_PATH": str(folder)}, "./lost auth.so") == "loads\n"
    root = folder / "root"
    for name in ("/lib64/ld-linux-x86-64.so.2", "/srv/app", "/srv/libgo.so", "/srv/auth.so"):
        (root / name[1:]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(name if name.startswith("/lib64") else Path(name).name, root / name[1:])
    inside = checked("root/srv/app", "root/srv/auth.so", "--sysroot", "root")
    assert (inside["verdict"], inside["host"]["library"]) == ("loads", "/srv/libgo.so")


def test_a_program_in_an_image_has_the_library_of_the_image(folder: Path) -> None:
    files = {"lib64/ld-linux-x86-64.so.2": "/lib64/ld-linux-x86-64.so.2", "srv/app": "app", "opt/libgo.so": "libgo.so"}
    layer = oci.tar([oci.Item(path, Path(file).read_bytes()) for path, file in files.items()])
    config = {"Entrypoint": ["/srv/app"], "Env": ["LD_LIBRARY_PATH=/opt"]}
    oci.docker(folder / "app.tar", oci.Written([layer], config))
    found = checked("app.tar", "other.so")
    assert found["host"]["library"] == "/opt/libgo.so"
    assert found["plugins"][0]["error"] == really("app", "other.so")
    oci.docker(folder / "none.tar", oci.Written([layer], {**config, "Env": []}))
    done = gopluck("check", "none.tar", "other.so")
    assert (done.exit_code, done.stderr.count("not a Go program: name the host with --host-path")) == (2, 1)


def test_two_builds_of_such_a_host_are_compared(folder: Path) -> None:
    assert gopluck("diff", "./server", "./app").exit_code == 0
    done = gopluck("diff", "./app", "./hidden", "auth.so")
    assert done.exit_code == 1
    assert "host-not-exporting" in done.stdout


def test_inspect_says_what_each_file_is(folder: Path) -> None:
    lines = {name: gopluck("inspect", f"./{name}").stdout.partition("\n")[0] for name in ("server", "app", "libgo.so")}
    assert lines == {
        "server": "./server: C program with Go in it (c-archive)",
        "app": f"./app: C program, with its Go in {folder / 'libgo.so'}",
        "libgo.so": "./libgo.so: Go library for C (c-shared)",
    }
    assert json.loads(gopluck("inspect", "./app", "--format", "json").stdout)["library"] == str(folder / "libgo.so")
    assert gopluck("inspect", "./loader").stdout.startswith("./loader: an ELF file, not built by Go\n")


@pytest.mark.parametrize("host", ["server", "app", "libgo.so"])
def test_a_plugin_is_built_for_it_and_loads(host: str, folder: Path) -> None:
    line = f"{sys.executable} -m gopluck build ./{host} ./auth -o built.so"
    (folder / "built.so").unlink(missing_ok=True)
    run(folder, environment(PYTHONPATH=":".join(sys.path)), line)
    assert really(RUNS[host], "built.so") == "loads"


def test_a_recipe_for_the_host_keeps_its_build_mode(folder: Path) -> None:
    for host, words in {
        "server": "-buildmode=c-archive -trimpath=false -o server.a .",
        "app": "-buildmode=c-shared -trimpath=false -o libgo.so .",
    }.items():
        remedy = checked(f"./{host}", "other.so", "--baseline", "plugin")["plugins"][0]["remedy"]
        assert remedy["run"][-1].endswith(f" go build {words}")
        assert any("-rdynamic" in note for note in remedy["notes"]) == (host == "server")


def test_under_musl_such_a_program_dies_at_start(folder: Path) -> None:
    if shutil.which("musl-gcc") is None:
        pytest.skip("no musl-gcc here")
    run(folder, environment(CC="musl-gcc"), "go build -trimpath -buildmode=c-archive -o libmusl.a ./host")
    run(folder, None, "musl-gcc -I. -rdynamic -o muslserver linked.c libmusl.a")
    assert subprocess.run(["./muslserver", "auth.so"], check=False).returncode == -11
    said = checked("./muslserver", "auth.so")["plugins"][0]
    assert (said["verdict"], said["note"][:18]) == ("unknown", "Go in a C program ")


SHOWN = re.findall(r"^\$ gopluck (check .*)\n((?:(?!```).*\n)*)```", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("words", "text"), SHOWN, ids=[words for words, _ in SHOWN])
def test_the_page_shows_what_is_printed(words: str, text: str, folder: Path) -> None:
    done = gopluck(*words.split())
    said = (done.stdout + done.stderr).replace(f"{folder}/", "/opt/app/")
    assert said.replace(environment()["GOROOT"], "/usr/local/go").split() == text.split()
