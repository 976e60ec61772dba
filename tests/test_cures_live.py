"""What is printed or built for projects that are laid out otherwise than most: typed, built and really loaded."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import pasted
from fixtures.scenarios.kit import NEWEST, OLDEST
from test_layouts_live import ALONE, GREET, HOST, LOADS, PLUGIN, Lab

NEWER = GREET.replace("v1.0.0", "v1.1.0")
OWN = "require example.com/app v0.0.0\n\nreplace example.com/app => ../app\n\n"


def cured(lab: Lab, folder: str, checkout: str = "app") -> str:
    """The block that is printed, typed in a folder; the plugin that it made takes the place."""
    (block,) = pasted.blocks_of(lab.says())
    lab.typed(block.replace("=/path/to/it", f"={lab.root}/{checkout}"), folder)
    shutil.move(lab.root / folder / "p.so", lab.root / "p.so")
    return block


def built(lab: Lab, folder: str = "plug") -> str:
    """What `gopluck build` says, whose plugin takes the place."""
    said = lab.says("build", folder, "-o", "built.so")
    if (lab.root / "built.so").exists():
        shutil.move(lab.root / "built.so", lab.root / "p.so")
    return said


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("below", ["", "/cmd/auth"])
def test_a_go_work_of_others_lies_above(tmp_path: Path, version: str, below: str) -> None:
    lab = Lab(tmp_path, version)
    lab.write("plug", "example.com/plug", f"{OWN}{NEWER}", **{f".{below}/main.go": PLUGIN})
    lab.typed("go build -trimpath -o ../host .", "app")
    lab.typed(f"go build -buildmode=plugin -o {tmp_path}/p.so .", f"plug{below}")
    (tmp_path / "go.work").write_text("go 1.21\n\nuse ./app\n")
    assert lab.opened != LOADS
    assert "is not one of the workspace modules" not in lab.says("align", f"plug{below}")
    assert f"go work init {'../..' if below else '.'} " in cured(lab, f"plug{below}")
    assert lab.opened == LOADS


def test_what_anything_requires_is_asked_outside_of_a_go_work(tmp_path: Path) -> None:
    lab = Lab(tmp_path, NEWEST)
    lab.plug(
        f"{NEWER}require example.com/booster v1.0.0\n",
        f'{ALONE}\nimport _ "example.com/booster"\n'.replace(
            '"example.com/app/api"', '_ "example.com/greet/polite"'
        ).replace("func New() api.Input { return nil }\n", ""),
    )
    lab.built("-trimpath", "-trimpath")
    (tmp_path / "go.work").write_text("go 1.21\n\nuse ./app\n")
    assert lab.opened != LOADS
    assert "go mod graph" in lab.cured()
    assert lab.opened == LOADS


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_another_checkout_serves_also_where_a_version_differs(tmp_path: Path, version: str) -> None:
    lab = Lab(tmp_path, version)
    shutil.copytree(tmp_path / "app", tmp_path / "copy")
    lab.plug(f"{OWN.replace('../app', '../copy')}{NEWER}")
    lab.built("-trimpath", "-trimpath")
    assert lab.opened != LOADS
    built(lab)
    assert lab.opened == LOADS


def test_a_host_that_was_built_from_its_files(tmp_path: Path) -> None:
    """Its own module is then one of its modules, and has no version."""
    lab = Lab(tmp_path, NEWEST)
    lab.plug(f"{OWN}{NEWER}")
    lab.typed("go build -trimpath -o ../host main.go", "app")
    lab.typed("go build -buildmode=plugin -o ../p.so .", "plug")
    assert lab.opened != LOADS
    built(lab)
    assert lab.opened == LOADS


@pytest.mark.parametrize("host", ["-trimpath", "-trimpath -tags=other"])
def test_the_plugins_own_code_asks_for_a_tag(tmp_path: Path, host: str) -> None:
    lab = Lab(tmp_path, NEWEST)
    lab.plug(NEWER, '//go:build goplugin\n\npackage main\n\nimport _ "example.com/greet/polite"\n')
    lab.built(host, "-tags=goplugin")
    assert lab.opened != LOADS
    lab.cured()
    assert lab.opened == LOADS
    lab.built(host, "-tags=goplugin")
    assert "GOFLAGS=-tags=…" in built(lab)
    lab.environ["GOFLAGS"] = "-tags=goplugin"
    assert lab.opened != LOADS
    built(lab)
    assert lab.opened == LOADS


def test_a_tag_that_a_shared_package_asks_for_goes(tmp_path: Path) -> None:
    lab = Lab(tmp_path, NEWEST)
    lab.write("app", "example.com/app", GREET, **{"main.go": HOST.replace('"fmt"', '"fmt"\n\t_ "time"')})
    lab.plug(NEWER, 'package main\n\nimport (\n\t_ "example.com/greet/polite"\n\t_ "time"\n)\n')
    lab.environ["GOFLAGS"] = ""
    lab.built("-trimpath", "-trimpath -tags=timetzdata")
    assert lab.opened != LOADS
    assert "-tags= " in lab.cured()
    assert lab.opened == LOADS
    lab.built("-trimpath", "-trimpath -tags=timetzdata")
    lab.environ["GOFLAGS"] = "-tags=timetzdata"
    built(lab)
    assert lab.opened == LOADS


@pytest.mark.parametrize("trim", ["", "-trimpath"])
def test_what_an_earlier_recipe_excluded_is_not_excluded_any_more(tmp_path: Path, trim: str) -> None:
    """The host was raised to a version that was kept out for the host before it."""
    lab = Lab(tmp_path, NEWEST)
    lab.write("app", "example.com/app", NEWER)
    lab.plug(f"{GREET}\nexclude example.com/greet v1.1.0\n", 'package main\n\nimport _ "example.com/greet/polite"\n')
    lab.built(trim, trim)
    assert lab.opened != LOADS
    assert "-dropexclude=example.com/greet@v1.1.0" in lab.says("align", "plug")
    lab.cured()
    assert lab.opened == LOADS


PARTS = ('_ "example.com/parts"', '_ "example.com/parts/wheel"')


@pytest.mark.parametrize("trim", ["", "-trimpath"])
@pytest.mark.parametrize("parts", PARTS)
@pytest.mark.parametrize("split", ["host", "plugin"])
def test_a_package_became_a_module_of_its_own(tmp_path: Path, trim: str, parts: str, split: str) -> None:
    """With both modules the package would be there twice, which Go refuses as ambiguous."""
    lab = Lab(tmp_path, NEWEST)
    whole = "require example.com/parts v1.0.0\n"
    apart = "require example.com/parts v1.1.0\n\nrequire example.com/parts/wheel v1.0.0\n"
    both = "\n\t".join(dict.fromkeys((parts, PARTS[1])))
    code = HOST.replace('_ "example.com/app/api"\n\t_ "example.com/greet/polite"', "\n\t".join(PARTS))
    lab.write("app", "example.com/app", apart if split == "host" else whole, **{"main.go": code})
    lab.plug(whole if split == "host" else apart, f"package main\n\nimport (\n\t{both}\n)\n")
    lab.built(trim, trim)
    assert lab.opened != LOADS
    assert "wheel is of example.com/parts" in lab.says()
    lab.cured()
    assert lab.opened == LOADS
    lab.built(trim, trim)
    built(lab)
    assert lab.opened == LOADS


def test_an_experiment_of_go_env(tmp_path: Path) -> None:
    lab = Lab(tmp_path, NEWEST)
    lab.plug(GREET, 'package main\n\nimport _ "example.com/greet/polite"\n')
    lab.built()
    settings = tmp_path / "settings"
    settings.write_text("GOEXPERIMENT=arenas\n")
    lab.environ["GOENV"] = str(settings)
    lab.typed("go build -buildmode=plugin -o ../p.so .")
    assert lab.opened != LOADS
    lab.cured()
    assert lab.opened == LOADS
    lab.typed("go build -buildmode=plugin -o ../p.so .")
    built(lab)
    assert lab.opened == LOADS


@pytest.mark.parametrize(
    "line",
    ["tool example.com/greet/polite", "tool (\n\texample.com/greet/polite\n)", "godebug default=go1.21", "ignore ./x"],
)
def test_a_directive_that_the_hosts_release_does_not_know(tmp_path: Path, line: str) -> None:
    new, old = Lab(tmp_path, NEWEST), Lab(tmp_path, OLDEST)
    old.plug(NEWER, 'package main\n\nimport _ "example.com/greet/polite"\n')
    old.typed("go build -o ../host .", "app")
    (tmp_path / "plug/go.mod").write_text(f"module example.com/plug\n\ngo 1.25\n\n{NEWER}\n{line}\n")
    new.typed("go mod tidy && go build -buildmode=plugin -o ../p.so .")
    assert old.opened != LOADS
    (note,) = (one for one in old.told()["remedy"]["notes"] if "line, that has to go, too" in one)
    assert line.split()[0] in note
    (block,) = pasted.blocks_of(old.says("align", "plug"))
    assert f"-drop{line.split()[0]}=" in block
    built(old)
    assert old.opened == LOADS


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_a_plugin_of_one_file_and_no_module(tmp_path: Path, version: str) -> None:
    lab = Lab(tmp_path, version)
    (tmp_path / "plug").mkdir()
    for name in ("one", "two"):
        code = 'package main\n\nimport _ "encoding/json"\n\nfunc Name() string { return "" }\n\nfunc main() {}\n'
        (tmp_path / f"plug/{name}.go").write_text(code)
    code = HOST.replace('_ "example.com/app/api"\n\t_ "example.com/greet/polite"', '_ "encoding/json"')
    lab.write("app", "example.com/app", "", **{"main.go": code})
    lab.environ["GOFLAGS"] = ""
    lab.typed("go build -trimpath -o ../host .", "app")
    lab.typed("go build -buildmode=plugin -o ../p.so one.go", "plug")
    assert lab.opened != LOADS
    assert "gopluck build" not in lab.cured()
    assert lab.opened == LOADS


def test_a_folder_that_is_not_recorded_may_be_the_right_one(tmp_path: Path) -> None:
    lab = Lab(tmp_path, NEWEST)
    lab.plug(f"{OWN}{NEWER}")
    (tmp_path / "other").mkdir()
    lab.write("other", "example.com/other", f"{OWN}{GREET}", **{"main.go": HOST})
    (tmp_path / "app/api/api.go").write_text(
        'package api\n\nimport "example.com/greet"\n\ntype Input interface{ Greet() greet.Greeting }\n'
    )
    (tmp_path / "go.work").write_text("go 1.21\n\nuse (\n\t./app\n\t./other\n)\n")
    lab.typed("GOFLAGS= go build -o ../host .", "other")
    lab.typed("GOWORK=off go build -buildmode=plugin -o ../p.so .", "plug")
    assert lab.opened != LOADS
    assert "gopluck build host DIR compiles" in lab.says()
    built(lab)
    assert lab.opened == LOADS
