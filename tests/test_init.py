"""`gopluck init` without Go: the files of a project, entry points, refusals. Built and loaded in `test_init_live`."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

import recorded
from gopluck.errors import GopluckError, Usage
from gopluck.facts import manifest
from gopluck.facts.model import Binary
from gopluck.golang.records import Module
from gopluck.golang.typetree import Function
from gopluck.scaffold import project as scaffold
from gopluck.scaffold.entry import package_name, parse, symbol, values, zero
from gopluck.scaffold.entry import packages as named_packages
from gopluck.scaffold.entry import source as written
from gopluck.scaffold.project import FILES, default_module, go_line

WRITTEN = tuple(path for path in FILES if path != "go.work")
"""The files of a project that needs no workspace."""


def host(name: str = "modules/greet-v1.1.0/trimmed/both@1.27.3") -> Binary:
    """The facts of a recorded host."""
    return recorded.by_name(name).host


def run(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """Status, standard output and error of `gopluck init` in a folder."""
    command = [sys.executable, "-m", "gopluck", "init", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


# -- the files ---------------------------------------------------------------------------------------------------------

GO_MOD = """\
module example.com/auth

go 1.21

// What the plugin imports, at the host's versions.
require (
	example.com/greet v1.1.0
)

// The host's other modules, at its versions: whatever the plugin comes to import of them must be the same.
require (
	example.com/Acme/wire v1.0.0 // indirect
	example.com/codec.v3 v1.0.0 // indirect
	example.com/letters v1.0.0 // indirect
	example.com/words v1.0.0 // indirect
)
"""
MAIN = """\
// Package main is a plugin of example.com/app.
package main

import (
	"time"

	"example.com/greet"
)

// Allow is called by the host.
func Allow(g *greet.Greeting, names ...string) (bool, error) {
	return false, nil
}

// Took is looked up by the host.
var Took map[string]time.Duration

// main is not run in a plugin; the compiler wants it.
func main() {}
"""
MAKEFILE = """\
# Builds the plugin as its host was built; host.json says how that was. See README.md.

PLUGIN  := auth.so
HOST    ?= host.json
GO      ?= go
GOPLUCK ?= gopluck
ALIGN   ?= --write

# What the host demands of everything that is loaded into it.
export GOFLAGS :=
export GOWORK := off
export GOTOOLCHAIN := go1.27.3
export CGO_ENABLED := 1
FLAGS := -trimpath

.PHONY: build align check clean

# The go command knows what has changed. -mod=mod completes go.sum; the versions in go.mod are the host's.
build:
	$(GO) build -mod=mod -buildmode=plugin $(FLAGS) -o $(PLUGIN) .

# Before a build: whatever is imported gets the host's version again. ALIGN=--check only asks.
align:
	$(GOPLUCK) align $(ALIGN) $(HOST) .

# Would the host load it?
check: build
	$(GOPLUCK) check $(HOST) $(PLUGIN)

clean:
	rm -f $(PLUGIN)
"""


def test_the_project_of_a_trimmed_host() -> None:
    symbols = [
        symbol("Allow:func(g *greet.Greeting, names ...string) (bool,error)"),
        symbol("Took:map[string]time.Duration"),
    ]
    made = scaffold.project(host(), "example.com/auth", symbols)
    assert list(made) == ["host.json", *WRITTEN]
    assert {name: made[name] for name in ("go.mod", "main.go", "Makefile")} == {
        "go.mod": GO_MOD,
        "main.go": MAIN,
        "Makefile": MAKEFILE,
    }
    assert made["host.json"] == manifest.dumps(host())
    assert [line.rpartition(" ")[0] for line in made["go.sum"].splitlines()] == [
        "example.com/Acme/wire v1.0.0",
        "example.com/codec.v3 v1.0.0",
        "example.com/greet v1.1.0",
        "example.com/letters v1.0.0",
        "example.com/words v1.0.0",
    ]
    assert made["README.md"].count("host.json") >= 2


NO_CACHE = "When `make check` says `module-cache-path`, ask the host's owner, and set GOMODCACHE in the Makefile."


@pytest.mark.parametrize(
    ("name", "lines", "without"),
    [
        (
            "modules/greet-v1.1.0/untrimmed/both@1.21.13",
            {
                "Makefile": ("FLAGS :=",),
                "go.mod": ("go 1.21.13",),
                "README.md": (NO_CACHE,),
            },
            "-trimpath ",
        ),
        (
            "modules/replaced-by-other-fork/trimmed/both@1.27.3",
            {
                "go.mod": (
                    "\texample.com/greet => example.com/forks/greet v1.0.1",
                    "\texample.com/greet v1.0.0 // indirect",
                )
            },
            "folder",
        ),
        (
            "modules/replaced-by-same-folder/trimmed/both@1.27.3",
            {
                "go.mod": (
                    "// example.com/greet is replaced by the folder ./fork in the host. To import it, the plugin needs "
                    "that very code.",
                )
            },
            "example.com/greet v1",
        ),
    ],
)
def test_what_a_host_demands_is_in_the_project(name: str, lines: dict[str, tuple[str, ...]], without: str) -> None:
    made = scaffold.project(host(name), "example.com/auth", [])
    for file, wanted in lines.items():
        assert [line for line in wanted if line not in made[file].splitlines()] == []
        assert without not in made[file]


def test_the_module_cache_of_an_untrimmed_host_is_demanded() -> None:
    facts = host("modules/greet-v1.1.0/untrimmed/both@1.21.13")
    assert facts.go is not None
    recorded_there = {"example.com/greet": "/home/ci/go/pkg/mod/example.com/greet@v1.1.0"}
    go = facts.go._replace(sources={**facts.go.sources, **recorded_there})
    made = scaffold.project(facts._replace(go=go), "example.com/auth", [])
    assert "export GOMODCACHE := /home/ci/go/pkg/mod" in made["Makefile"].splitlines()
    assert 'ENV GOMODCACHE="/home/ci/go/pkg/mod"' in made["Dockerfile"].splitlines()
    assert "sudo mkdir -p /home/ci/go/pkg/mod" in made[".github/workflows/plugin.yml"]
    assert "`/home/ci/go/pkg/mod`, is part of every package's path" in made["README.md"]


def test_a_flag_with_blanks_and_an_unknown_profile_stand_in_the_makefile() -> None:
    facts = host()
    assert facts.go is not None
    assert facts.go.build_info is not None
    settings = (*facts.go.build_info.settings, ("-gcflags", "all=-N -l"), ("-pgo", "default.pgo"))
    info = facts.go.build_info._replace(settings=settings)
    made = scaffold.project(facts._replace(go=facts.go._replace(build_info=info)), "example.com/auth", [])
    flags = next(line for line in made["Makefile"].splitlines() if line.startswith("FLAGS"))
    assert flags == """FLAGS := -trimpath '-gcflags=all=-N -l' -pgo="$(HOST_PROFILE)\""""
    assert "HOST_PROFILE ?= default.pgo" in made["Makefile"]
    assert "PGO" in made["README.md"]


def test_a_manifest_gives_the_same_project_as_the_host(tmp_path: Path) -> None:
    (tmp_path / "gateway.json").write_text(manifest.dumps(host()))
    assert run(tmp_path, "gateway.json", "auth")[0] == 0
    made = {path: (tmp_path / "auth" / path).read_text() for path in ("host.json", *WRITTEN)}
    assert made == scaffold.project(host(), "example.com/auth", [])


def test_every_template_is_in_the_package() -> None:
    templates = files("gopluck.scaffold").joinpath("templates")
    assert sorted(one.name for one in templates.iterdir() if one.name.endswith(".jinja")) == sorted(FILES.values())


def test_what_was_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "gateway.json").write_text(manifest.dumps(host()))
    status, out, err = run(tmp_path, "gateway.json", "with space/auth")
    listed = "".join(f"  {path}\n" for path in ("host.json", *WRITTEN))
    end = "\nnext:\n  cd 'with space/auth' && make build check\n"
    assert (status, out, err) == (0, f"written into with space/auth:\n{listed}{end}", "")


# -- refusals ----------------------------------------------------------------------------------------------------------


def test_nothing_is_replaced_silently(tmp_path: Path) -> None:
    (tmp_path / "gateway.json").write_text(manifest.dumps(host()))
    folder = tmp_path / "auth"
    folder.mkdir()
    (folder / "main.go").write_text("package main // mine\n")
    (folder / "Makefile").write_text("mine:\n")
    (folder / "notes.txt").write_text("mine\n")
    status, out, err = run(tmp_path, "gateway.json", "auth")
    message = "auth: main.go, Makefile are in the way; nothing is written (--force replaces)"
    assert (status, out, err) == (2, "", f"gopluck: error: {message}\n")
    assert sorted(one.name for one in folder.iterdir()) == ["Makefile", "main.go", "notes.txt"]
    assert (folder / "main.go").read_text() == "package main // mine\n"
    assert run(tmp_path, "gateway.json", "auth", "--force")[0] == 0
    assert "plugin of example.com/app" in (folder / "main.go").read_text()
    assert (folder / "notes.txt").read_text() == "mine\n"
    left = [one.name for one in folder.rglob("*") if one.name.endswith(".tmp")]
    assert left == []


def test_even_force_replaces_files_only(tmp_path: Path) -> None:
    (tmp_path / "auth" / "go.mod").mkdir(parents=True)
    with pytest.raises(Usage, match=r"go\.mod is not a regular file; nothing is written"):
        scaffold.write(str(tmp_path / "auth"), {"main.go": "", "go.mod": ""}, force=True)
    assert [one.name for one in (tmp_path / "auth").iterdir()] == ["go.mod"]
    (tmp_path / "file").write_text("")
    with pytest.raises(Usage, match="file: is not a directory"):
        scaffold.write(str(tmp_path / "file"), {"main.go": ""}, force=True)
    outside = tmp_path / "outside"
    outside.write_text("mine")
    (tmp_path / "auth" / "main.go").symlink_to(outside)
    with pytest.raises(Usage, match=r"main\.go is a symbolic link; nothing is written"):
        scaffold.write(str(tmp_path / "auth"), {"main.go": ""}, force=True)
    assert outside.read_text() == "mine"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(GopluckError, match="cannot be written"):
        scaffold.write(str(tmp_path / "auth"), {"main.go": ""}, force=False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere", "auth"), "nowhere: No such file or directory"),
        (("text", "auth"), "text: is not a program: HOST is the Go program that opens the plugins, or its manifest"),
        (("gateway.json", "auth", "--module", "example.com/greet"), "--module example.com/greet: is a module or "
         "package of the host; a plugin needs a path of its own"),
        (("gateway.json", "auth", "--module", "a b"), "--module 'a b': is not a module path"),
        (("gateway.json", "auth", "--module", "../x"), "--module '../x': is not a module path"),
        (("gateway.json", "auth", "--symbol", "Allow"), "--symbol 'Allow': wants NAME:TYPE, as in 'Allow:func(string) "
         "bool'"),
        (("gateway.json", "auth", "--symbol", "allow:int"), "--symbol 'allow:int': 'allow' is not an exported name: "
         "write an identifier that begins with a capital letter"),
        (("gateway.json", "auth", "--symbol", "Allow:func(string"), "--symbol 'Allow:func(string': 'func(string' is "
         "not a Go type: ')' is missing at its end"),
        (("gateway.json", "auth", "--symbol", "Allow:nothing.Here"), "--symbol Allow: nothing is not a package of the "
         "host: write the import path before the dot"),
    ],
)  # fmt: skip
def test_refusals(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    (tmp_path / "gateway.json").write_text(manifest.dumps(host()))
    (tmp_path / "text").write_text("no program\n")
    status, out, err = run(tmp_path, *arguments)
    assert (status, out, err.splitlines()[0]) == (2, "", f"gopluck: error: {message}")
    assert not (tmp_path / "auth").exists()


def test_a_host_into_which_nothing_loads_gets_no_project() -> None:
    facts = host()
    assert facts.go is not None
    with pytest.raises(GopluckError, match=r"no plugin loads into it: .*\(host-without-cgo\)"):
        scaffold.project(facts._replace(go=facts.go._replace(plugin_support="stub")), "example.com/auth", [])
    with pytest.raises(GopluckError, match="does not tell which Go release"):
        scaffold.project(facts._replace(go=facts.go._replace(version="")), "example.com/auth", [])


# -- Go types ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "source", "packages", "zeros"),
    [
        ("func(string)string", "func(string) string", (), ('""',)),
        ("func()", "func()", (), ()),
        ("func(a,b int)(n int,err error)", "func(a, b int) (n int, err error)", (), ("0", "nil")),
        ("func(...string) error", "func(...string) error", (), ("nil",)),
        (
            "func(ctx context.Context, r *net/http.Request) (bool, net/http.Header)",
            "func(ctx context.Context, r *http.Request) (bool, http.Header)",
            ("context", "net/http"),
            ("false", "*new(http.Header)"),
        ),
        ("func(func(int) error) func() (bool, error)", "func(func(int) error) func() (bool, error)", (), ("nil",)),
        ("func(xs []int, y [2]string) <-chan int", "func(xs []int, y [2]string) <-chan int", (), ("nil",)),
        ("map[string][]*a.b/greet.Greeting", "map[string][]*greet.Greeting", ("a.b/greet",), None),
        ("chan<- int", "chan<- int", (), None),
        ("[3]byte", "[3]byte", (), None),
        ("interface{}", "interface{}", (), None),
        ("example.com/x/v2.Item", "x.Item", ("example.com/x/v2",), None),
    ],
)
def test_types(text: str, source: str, packages: tuple[str, ...], zeros: tuple[str, ...] | None) -> None:
    read = parse(text)
    assert (written(read, package_name), named_packages(read)) == (source, packages)
    results = values(read.results) if isinstance(read, Function) else None
    found = None if results is None else tuple(zero(written(one, package_name)) for one in results)
    assert found == zeros


@pytest.mark.parametrize(
    "text",
    ["", "int int", "func(", "func(a int, string)", "func(x ...int, y int)", "a; b", "struct{x int}", "func(int) (",
     "[", "*", "map[string", "func(int)\nfunc main()", "int // x", "if", "func(x int) if", "`", "a.b.c.", "1",
     "func(,)", "func(" * 3000, "*" * 5000 + "int", "[]" * 3000 + "int"],
    ids=lambda text: text[:20],
)  # fmt: skip
def test_what_is_no_type(text: str) -> None:
    with pytest.raises(Usage, match="is not a Go type"):
        parse(text)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("net/http", "http"),
        ("example.com/x/v2", "x"),
        ("gopkg.in/yaml.v3", "yaml"),
        ("example.com/go-redis", "redis"),
        ("example.com/nats.go", "nats"),
        ("example.com/a-b", "ab"),
    ],
)
def test_the_name_that_a_package_has_by_custom(path: str, name: str) -> None:
    assert package_name(path) == name


def test_go_lines() -> None:
    lines = [go_line(release) for release in ("go1.27.3", "go1.21.0", "go1.21rc2", "go1.20.14", "go1.15.15", "devel")]
    assert lines == ["1.27.3", "1.21.0", "1.21rc2", "1.20", "1.15", "1.21"]


@pytest.mark.parametrize(
    ("folder", "module"),
    [("auth", "auth"), ("/x/My Plugin", "my-plugin"), ("/x/..weird..", "weird"), ("/", "plugin"), ("/x/é", "plugin")],
)
def test_the_module_of_a_folder(folder: str, module: str) -> None:
    assert default_module(folder) == f"example.com/{module}"


def test_modules_without_a_version_are_left_out() -> None:
    facts = host()
    assert facts.go is not None
    assert facts.go.build_info is not None
    info = facts.go.build_info._replace(deps=(Module("example.com/near", "(devel)"), *facts.go.build_info.deps))
    text = scaffold.project(facts._replace(go=facts.go._replace(build_info=info)), "example.com/auth", [])["go.mod"]
    assert "// example.com/near is a checkout of the host's workspace: it has no version." in text
