"""What files do not tell is compiled: whose copy is edited, and which build has the host's hashes. Really loaded.

`make test` takes a part of the sets with the oldest and the newest toolchain; `--full` all of them.
"""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

import aligned
import gopluck
from fixtures.oracle import build, proxy
from fixtures.oracle.model import Scenario
from fixtures.oracle.paths import ROOT
from fixtures.scenarios import kit
from fixtures.scenarios.kit import NEWEST, OLDEST
from fixtures.scenarios.modules import vendored
from gopluck.aligner import search
from gopluck.aligner.places import Place, place_flags
from test_align_live import snapshot
from test_layouts_live import ALONE, API, GREET, LOADS, Lab

EDITED = ("content/*-only@*", "modules/vendored-edited-*/*-only@*")
PART = (
    "content/inlinable-body/*-only@*",
    "content/field-added/*-only@*",
    "content/body-out-of-line/folders-trimmed/*-only@*",
    "content/leaf-package/one-checkout/*-only@*",
    "modules/vendored-edited-comment/*/*-only@*",
    "modules/vendored-edited-new-declaration/untrimmed/*-only@*",
)
"""Edits of a shared package, in a folder beside, in one checkout, in a vendor folder; by the host or by the plugin."""

PLACED = (
    "flags/vendored/host-only@*",
    "modules/vendored/untrimmed/host-only@*",
    "modules/vendored/untrimmed/both@*",
    "modules/vendored-edited-body-out-of-line/untrimmed/*@*",
    "modules/vendored-edited-comment/untrimmed/plugin-only@*",
)
"""Hosts that were built without -trimpath in a vendor folder, which no plugin has."""


@pytest.fixture(scope="module", autouse=True)
def _proxy() -> None:
    if shutil.which("cc") is None:
        pytest.skip("no C compiler (cc) here: cgo cannot build plugins")
    proxy.publish()


def as_built(one: aligned.Sources) -> aligned.Sources:
    """The sources in the environment in which they were built: from the vendor folder, where there is one."""
    vendored = "-mod=vendor" in one.plugin.flags
    return one._replace(environ={**one.environ, "GOFLAGS": ""}) if vendored else one


def test_who_departs_from_the_published_code(
    request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    full = request.config.getoption("--full")
    misses, count = [], Counter[str]()
    for scenario in aligned.sets(EDITED if full else PART, full=full):
        side = scenario.differences[0].side
        with aligned.sources(scenario) as found:
            one = as_built(found)
            before = snapshot(one.folder)
            document = one.align().document
            causes = [cause["message"] for cause in document["findings"] if cause["role"] == "cause"]
            told = {who for who in ("host", "plugin") for text in causes if text.startswith(f"the {who}'s copy of ")}
            told |= {"plugin" for note in document["notes"] if "is edited in your vendor folder" in note}
            if snapshot(one.folder) != before:
                misses.append(f"{scenario.name}: changed")
        result, text = aligned.truth(scenario)
        code = "package example.com/greet" in text or result == "ok"
        count[side if told else "nobody"] += 1
        if told != ({side} if matters(scenario) else set()) or not code:
            misses.append(f"{scenario.name}: {told}, Go said {text}\n  {document}")
    with capsys.disabled():
        print(f"\nwho departs: {dict(count)}, {len(misses)} wrong", end=" ")
    assert misses == []
    assert count["host"] >= 8
    assert count["plugin"] >= 8
    assert count["nobody"] >= 2


def matters(scenario: Scenario) -> bool:
    """Whether the edit changes a hash: the same edit in the trimmed pair, which differs in nothing else, was loaded."""
    group, edit, _, rest = scenario.name.split("/")
    where = "folders-trimmed" if group == "content" else "trimmed"
    (pair,) = aligned.sets((f"{group}/{edit}/{where}/{rest}",), full=True)
    return aligned.truth(pair)[0] != "ok"


def test_a_module_is_compiled_as_if_it_lay_where_the_hosts_lay(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    full = request.config.getoption("--full")
    count = 0
    for scenario in aligned.sets(PLACED, full=full):
        assert aligned.truth(scenario)[0] == "error"
        output = tmp_path / "x.so"
        with aligned.sources(scenario) as found:
            one = as_built(found)
            before = snapshot(one.folder)
            words = ("build", str(one.host), ".", "-o", str(output))
            done = aligned.gopluck(*words, cwd=one.folder, env=one.environ)
            assert (done.returncode, done.stderr) == (0, ""), f"{scenario.name}: {done.stdout}"
            assert "compiles modules as if they lay where the host's lay" in " ".join(done.stdout.split())
            assert snapshot(one.folder) == before
            assert aligned.really_load(one.host, output) == ("ok", "")
            # What align prints is typed, and gives the same.
            lines = one.align().document["remedy"]["run"]
            assert aligned.really_load(one.host, one.run(lines)) == ("ok", "")
        output.unlink()
        count += 1
    assert count >= 12


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("trim", ["", "-trimpath"])
def test_another_checkout_of_the_host_serves_as_well(tmp_path: Path, version: str, trim: str) -> None:
    lab = Lab(tmp_path, version)
    shutil.copytree(tmp_path / "app", tmp_path / "copy")
    lab.plug(f"require example.com/app v0.0.0\n\nreplace example.com/app => ../copy\n\n{GREET}")
    lab.built(trim, trim)
    assert "different version of package example.com/app/api" in lab.opened
    shutil.rmtree(tmp_path / "app")
    assert built(lab) == LOADS


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_a_host_from_a_checkout_and_a_plugin_that_requires_its_module(tmp_path: Path, version: str) -> None:
    """The code of the host's module is the same, its path is not: that of a version has an @."""
    lab = Lab(tmp_path, version)
    lab.write("copy", "example.com/app", "", **{"api/api.go": API})
    lab.plug("require example.com/app v0.0.0\n\nreplace example.com/app => ../copy\n", ALONE)
    lab.built("-trimpath", "-trimpath")
    assert "different version of package example.com/app/api" in lab.opened
    assert built(lab) == LOADS
    (tmp_path / "copy/api/api.go").write_text(f"{API}\n// More.\ntype More int\n")
    said = aligned.gopluck("build", "../host", ".", cwd=tmp_path / "plug", env=lab_environ(lab))
    assert said.returncode == 1
    assert "example.com/app/api" in said.stdout


def lab_environ(lab: Lab) -> dict[str, str]:
    """That of a user who has the host's release."""
    return {**lab.environ, "PATH": f"{lab.environ['GOROOT']}/bin:/usr/bin:/bin", "GOTOOLCHAIN": "local"}


def built(lab: Lab) -> str:
    """What the host says about the plugin that `gopluck build` made."""
    done = aligned.gopluck("build", "../host", ".", "-o", "../p.so", cwd=lab.root / "plug", env=lab_environ(lab))
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return lab.opened


CALLS = """package main

import "example.com/greet"

func init() { greet.Sum(nil) }
"""


def test_the_hosts_module_cache_need_not_be_here(tmp_path: Path) -> None:
    """`align` prints GOMODCACHE; `build` is led to no folder by a file, and needs none."""
    elsewhere = kit.both(kit.files(calls__go=CALLS), kit.env(GOMODCACHE=str(ROOT / "modcache")))(kit.host(NEWEST))
    (plain,) = aligned.sets((f"modules/required-and-unused/untrimmed@{NEWEST}",), full=False)
    host, output = build.build(elsewhere), tmp_path / "x.so"
    with aligned.sources(replace(plain, host=elsewhere)) as one:
        assert one.align().document["remedy"]["env"]["GOMODCACHE"] == str(ROOT / "modcache")
        done = aligned.gopluck("build", str(host), ".", "-o", str(output), cwd=one.folder, env=one.environ)
        assert done.returncode == 0, done.stdout
        assert "GOMODCACHE" not in done.stdout
        assert aligned.really_load(host, output) == ("ok", "")


def test_a_usual_module_cache_is_guessed_and_another_is_not_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (scenario,) = aligned.sets((f"flags/gomodcache/host-only@{NEWEST}",), full=False)
    output = tmp_path / "x.so"
    with aligned.sources(scenario) as one:
        unknown = gopluck.build(one.host, one.folder, output, environ=one.environ)
        assert (unknown.verdict, unknown.step) == ("unknown", "align")
        assert not output.exists()
        monkeypatch.setattr(search, "CACHES", ("/nowhere/pkg/mod", str(ROOT / "modcache")))
        known = gopluck.build(one.host, one.folder, output, environ=one.environ)
        assert known.verdict == "loads"
        assert [tried.mismatched for tried in known.alignment.tried][-1] == 0
        assert aligned.really_load(one.host, output) == ("ok", "")


def test_flags_that_are_not_recorded_are_tried(tmp_path: Path) -> None:
    """Of several -gcflags the build info has the last one, and this host has no DWARF."""
    hidden = kit.flags("-trimpath", "-ldflags=-s -w", "-gcflags=example.com/greet/...=-l", "-gcflags=main=-l")
    (plain,) = aligned.sets((f"modules/required-and-unused/trimmed@{NEWEST}",), full=False)
    host, output = build.build(hidden(kit.host(NEWEST))), tmp_path / "x.so"
    with aligned.sources(replace(plain, host=hidden(kit.host(NEWEST)))) as one:
        done = aligned.gopluck("build", str(host), ".", "-o", str(output), cwd=one.folder, env=one.environ)
        assert done.returncode == 0, done.stdout
        assert "-gcflags=example.com/greet/...=-l" in done.stdout
        assert aligned.really_load(host, output) == ("ok", "")


def test_what_go_finds_by_itself_is_switched_off(tmp_path: Path) -> None:
    (plain,) = aligned.sets((f"modules/required-and-unused/trimmed@{NEWEST}",), full=False)
    output = tmp_path / "x.so"
    with aligned.sources(plain) as one:
        shutil.copy(profile(), one.folder / "default.pgo")
        done = aligned.gopluck("build", str(one.host), ".", "-o", str(output), cwd=one.folder, env=one.environ)
        assert done.returncode == 0, done.stdout
        assert "-pgo=off" in done.stdout
        assert aligned.really_load(one.host, output) == ("ok", "")


def profile() -> Path:
    """The profile of the fixtures."""
    return Path(__file__).parent.parent / "fixtures/go/pgo/default.pgo"


@pytest.mark.parametrize(
    "place",
    [
        Place("example.com/a", "/here/a", "/there/a b"),
        Place("example.com/a", "/here/a", "/there/$(touch x)"),
        Place("example.com/a", "/here/a", "/there/a;/=>/etc"),
        Place("example.com/a", "/here/a", "/there/'a'"),
        Place("example.com/a", "/here/a", "../there"),
        Place("example.com/a", "/here/a", "/there/../a"),
        Place("example.com/a", "/here/=>a", "/there/a"),
        Place("example.com/a", "/here/a\n", "/there/a"),
        Place("-toolexec=x", "/here/a", "/there/a"),
        Place("a=b", "/here/a", "/there/a"),
        Place("example.com/a", "/here/a", "-x"),
    ],
)
def test_a_place_of_a_hostile_file_is_no_flag(place: Place) -> None:
    assert not place.sayable


def test_the_flags_of_a_place_repeat_those_that_they_hide() -> None:
    place = Place("example.com/a", "/here/a@v1.0.0", "example.com/a")
    assert place.sayable
    rewrite = "-trimpath=/here/a@v1.0.0=>example.com/a"
    for flags, words in (
        ((), rewrite),
        (("-gcflags=all=-N -l",), f"-N -l {rewrite}"),
        (("-gcflags=example.com/...=-l", "-gcflags=example.com/b=-N"), f"-l {rewrite}"),
        (("-gcflags=-l",), rewrite),
    ):
        assert place_flags([place], flags) == (f"-gcflags=example.com/a/...={words}",)


def test_a_package_with_cgo_has_the_place_that_it_has(tmp_path: Path) -> None:
    """What cgo writes lies in a folder of the go command: no flag names that."""
    native = kit.both(kit.require("example.com/native", "v1.0.0"), kit.imports("example.com/native"))
    host, plugin = vendored(native(kit.host(NEWEST))), native(kit.plugin(NEWEST))
    (plain,) = aligned.sets((f"modules/required-and-unused/untrimmed@{NEWEST}",), full=False)
    made = replace(plain, host=host, places=(replace(plain.places[0], artifact=plugin),))
    output = tmp_path / "x.so"
    with aligned.sources(made) as one:
        done = aligned.gopluck("build", str(one.host), ".", "-o", str(output), cwd=one.folder, env=one.environ)
        assert done.returncode == 3, done.stdout
        assert "example.com/native is compiled with cgo, so it has to lie where the host had it" in " ".join(
            done.stdout.split()
        )
        assert not output.exists()
        tried = one.align().document["tried"]
        assert [one["mismatched"] for one in tried] == [1]
