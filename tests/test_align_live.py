"""`gopluck align` before the build agrees with the real load after it; what it prints and writes really loads.

`make test` takes a part of the sets with the oldest and the newest toolchain; `--full` all of them.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import aligned
from fixtures.oracle import build, proxy, trees
from fixtures.oracle.model import GoBuild, Module, Scenario
from fixtures.oracle.paths import ROOT
from fixtures.oracle.toolchains import goroot
from fixtures.scenarios import kit
from gopluck.aligner.gomod import from_json, parse
from gopluck.facts import manifest
from gopluck.facts.read import read

ALL = ("modules/*", "content/*", "flags/*-only*", "traps/[!t]*", "traps/test-host/*-tests*")
"""Modules in every way in which version, place or code can differ; workspaces; the host's own packages; flags."""

PART = (
    "modules/greet-v1.2.0/*/plugin-only*",
    "modules/replaced-by-other-fork/*/*-only*",
    "modules/replaced-by-same-folder/*/plugin-only*",
    "modules/pulled-up-*",
    "modules/excluded-by-the-host/*",
    "modules/indirect/*/plugin-only*",
    "modules/both-replaced-*",
    "modules/newer-required-*",
    "modules/other-version-of-*",
    "modules/workspace-other-version/*",
    "modules/vendored/*/plugin-only*",
    "modules/vendored-edited-inlinable-body/*/plugin-only*",
    "content/body-out-of-line/*/plugin-only*",
    "flags/trimpath/*plugin-only*",
    "traps/required-by-version/*",
    "traps/workspace/*",
)
WRITTEN = (
    "modules/replaced-by-other-fork/*/host-only*",
    "modules/pulled-up-by-another/*",
    "modules/excluded-by-the-host-only/*",
    "modules/both-replaced-*",
    "modules/newer-required-*",
    "modules/workspace-other-version/*",
    "modules/vendored/*/plugin-only*",
)
MEANS = {"ok": "fits", "error": "differs", "panic": "differs", "fatal": "differs"}


@pytest.fixture(scope="module", autouse=True)
def _proxy() -> None:
    if shutil.which("cc") is None:
        pytest.skip("no C compiler (cc) here: cgo cannot build plugins")
    proxy.publish()


def test_check_says_before_the_build_what_loading_says_after_it(
    request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    full = request.config.getoption("--full")
    chosen = aligned.sets(ALL if full else PART, full=full)
    misses = []
    for scenario in chosen:
        with aligned.sources(scenario) as one:
            before = snapshot(one.folder)
            said = one.align("--check", "--flags", one.flags)
            if snapshot(one.folder) != before:
                misses.append(f"{scenario.name}: --check changed {changes(before, snapshot(one.folder))}")
        result, text = aligned.truth(scenario)
        status = {"fits": 0, "differs": 1, "unknown": 3}.get(said.document.get("verdict", ""), 2)
        if said.document.get("verdict") != MEANS.get(result) or said.status != status:
            misses.append(f"{scenario.name}\n  Go said {result} {text}\n  align {said}")
    with capsys.disabled():
        print(
            f"\nalign --check before the build: {len(chosen) - len(misses)} of {len(chosen)} sets as Go said", end=" "
        )
    assert not misses, "\n".join(misses)
    assert len(chosen) >= 60


def test_what_align_writes_and_prints_really_loads(
    request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    full = request.config.getoption("--full")
    chosen = aligned.sets(ALL if full else WRITTEN, full=full)
    misses, counts = [], Counter[str]()
    for scenario in chosen:
        with aligned.sources(scenario) as one:
            found = one.align()
            verdict, possible = found.document["verdict"], found.document["remedy"]["possible"]
            before = snapshot(one.folder)
            if not possible:
                counts["not possible by go.mod"] += 1
                if verdict != "differs" or not found.document["remedy"]["why_not"]:
                    misses.append(f"{scenario.name}: no reason: {found}")
                continue
            if not possible_here(found.document["remedy"]):
                counts["needs what is not here"] += 1
                continue
            counts["fits with the printed command" if verdict == "fits" else "made to fit"] += 1
            written = one.align("--write")
            if written.status or written.document["verdict"] != "fits":
                misses.append(f"{scenario.name}: after --write: {written}")
                continue
            if changed := [name for name in changes(before, snapshot(one.folder)) if name != "go.mod"]:
                misses.append(f"{scenario.name}: touched {changed}")
            ended = aligned.really_load(one.host, one.run(written.document["remedy"]["run"]))
            if ended[0] != "ok":
                misses.append(f"{scenario.name}: Go said {ended}\n  {found}\n  {written}")
    with capsys.disabled():
        summary = ", ".join(f"{number} {what}" for what, number in counts.most_common())
        print(f"\nalign --write, then the printed build: {summary}; {len(misses)} wrong", end=" ")
    assert not misses, "\n".join(misses)
    assert counts["made to fit"] >= 16


def possible_here(recipe: dict[str, Any]) -> bool:
    """Whether a recipe needs nothing but what is on this machine, and leaves the plugin's files as they are."""
    needs = [one for one in recipe["inputs"] if one["name"] or (one["path"] and not Path(one["path"]).exists())]
    return recipe["possible"] and not needs and not any(edit["kind"] in ("init", "use") for edit in recipe["go_mod"])


def test_the_lines_that_people_paste_do_what_write_does() -> None:
    for scenario in aligned.sets(("modules/pulled-up-by-another/*",), full=False):
        with aligned.sources(scenario) as one:
            found = one.align()
            assert found.status == 1
            assert "example.com/greet@v1.1.0 is what example.com/booster@v1.0.0 requires." in found.document["notes"]
            text = aligned.gopluck("align", str(one.host), ".", cwd=one.folder, env=one.environ).stdout
            pasted = [line[8:] for line in text.partition("\n  fix   ")[2].splitlines()]
            pasted[0] = text.partition("\n  fix   ")[2].splitlines()[0]
            assert pasted[0].startswith("go mod edit -require=example.com/greet@v1.0.0")
            assert aligned.really_load(one.host, one.run(pasted)) == ("ok", "")


def test_a_dependency_that_needs_more_is_said_to() -> None:
    for scenario in aligned.sets(("modules/pulled-up-and-needed/*",), full=False):
        with aligned.sources(scenario) as one:
            remedy = one.align().document["remedy"]
            assert (remedy["possible"], remedy["side"], remedy["run"]) == (False, "host", [])
            assert "undefined: greet.Bye" in remedy["why_not"]
            assert "raise the version in the host instead" in remedy["why_not"]
            before = snapshot(one.folder)
            assert one.align("--write").status == 1
            assert snapshot(one.folder) == before


CALLS = """package main

import "example.com/greet"

func init() { greet.Sum(nil) }
"""


def elsewhere() -> GoBuild:
    """A host that calls a function of a module, so that its directory is recorded; from another module cache."""
    return kit.both(kit.files(calls__go=CALLS), kit.env(GOMODCACHE=str(ROOT / "modcache")))(kit.host(kit.NEWEST))


def test_the_module_cache_of_an_untrimmed_host(tmp_path: Path) -> None:
    (scenario,) = aligned.sets((f"modules/required-and-unused/untrimmed@{kit.NEWEST}",), full=False)
    host = build.build(elsewhere())
    with aligned.sources(replace(scenario, host=elsewhere())) as one:
        own = one.align("--flags", "")
        assert own.document["verdict"] == "differs"
        causes = {cause["rule"] for cause in own.document["findings"] if cause["role"] == "cause"}
        assert causes == {"module-cache-path"}
        found = one.align()
        remedy = found.document["remedy"]
        assert (found.status, found.document["basis"]) == (0, "paths")
        assert remedy["env"]["GOMODCACHE"] == str(ROOT / "modcache")
        assert aligned.really_load(host, one.run(remedy["run"])) == ("ok", "")
        # The same host, built where nobody can be: the paths are compared as they will be.
        text = manifest.dumps(read(str(host)))
        nowhere = tmp_path / "gateway.json"
        nowhere.write_text(text.replace(str(ROOT / "modcache"), "/nowhere/pkg/mod"))
        done = aligned.gopluck("align", str(nowhere), ".", "--format", "json", cwd=one.folder, env=one.environ)
        said = json.loads(done.stdout)
        assert (done.returncode, said["verdict"], said["basis"]) == (0, "fits", "paths")
        assert said["reason"] == (
            "the packages were not compiled: the host's module cache /nowhere/pkg/mod is not used without GOMODCACHE"
        )


def test_a_go_line_that_asks_for_too_much_is_lowered() -> None:
    for scenario in aligned.sets(("modules/required-and-unused/trimmed@*",), full=False):
        with aligned.sources(scenario) as one:
            mod = one.folder / "go.mod"
            mod.write_text(mod.read_text().replace("go 1.21\n", "go 1.99 // the newest\n\ntoolchain go1.99.1\n"))
            found = one.align("--check")
            release = f"go{one.plugin.toolchain}"
            assert found.status == 1
            assert [cause["message"] for cause in found.document["findings"] if cause["role"] == "cause"] == [
                f"go.mod asks for go 1.99 or later, the host was built with {release}"
            ]
            assert found.document["notes"] == [
                f"go.mod says toolchain go1.99.1: GOTOOLCHAIN={release} in the build command wins over it."
            ]
            written = one.align("--write")
            assert (written.status, written.document["verdict"]) == (0, "fits")
            assert f"go {one.plugin.toolchain} // the newest" in mod.read_text()
            assert aligned.really_load(one.host, one.run(written.document["remedy"]["run"])) == ("ok", "")


def test_a_vendor_folder_that_does_not_agree_with_go_mod() -> None:
    for scenario in aligned.sets((f"modules/vendored/trimmed/plugin-only@{kit.NEWEST}",), full=False):
        with aligned.sources(scenario) as one:
            mod = one.folder / "go.mod"
            mod.write_text(mod.read_text() + "\nrequire example.com/clock v1.0.0\n")
            environ = {**one.environ, "GOFLAGS": ""}
            found = one._replace(environ=environ).align()
            assert (found.status, found.document["verdict"]) == (1, "differs")
            assert found.document["findings"][0]["message"] == "vendor/modules.txt does not agree with go.mod"
            fix = found.document["findings"][0]["fix"].split("\n")
            assert fix == found.document["remedy"]["run"]
            assert fix[0] == "go mod vendor"


def test_without_cgo_the_own_build_is_refused_and_the_printed_one_is_not() -> None:
    for scenario in aligned.sets((f"modules/required-and-unused/untrimmed@{kit.NEWEST}",), full=False):
        with aligned.sources(scenario) as one:
            wrong = one._replace(environ={**one.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=mod -trimpath -race"})
            own = wrong.align("--flags", "")
            assert (own.status, own.document["reason"]) == (
                1,
                "CGO_ENABLED=0 in this environment: -buildmode=plugin needs cgo",
            )
            found = wrong.align()
            assert (found.status, found.document["notes"]) == (
                0,
                [
                    "CGO_ENABLED is 0 here, and a plugin needs cgo: the build command sets CGO_ENABLED=1.",
                    "A build here would have -trimpath, and the host was built without: the build command has "
                    "-trimpath=false.",
                    "A build here would have -race, and the host was built without: the build command has -race=false.",
                ],
            )
            assert aligned.really_load(one.host, wrong.run(found.document["remedy"]["run"])) == ("ok", "")


def test_what_is_not_compiled_is_not_decided() -> None:
    (plain,) = aligned.sets((f"modules/required-and-unused/untrimmed@{kit.NEWEST}",), full=False)
    with aligned.sources(plain) as one:
        found = one.align("--no-compile")
        assert (found.status, found.document["verdict"], found.document["basis"]) == (0, "fits", "paths")
        for flags, words in (
            ("-gcflags=all=-l", "the host was compiled with no flags, the plugin with -l"),
            ("-race", "-race"),
        ):
            found = one.align("--no-compile", "--flags", flags)
            assert (found.status, found.document["verdict"]) == (3, "unknown")
            assert words in found.document["reason"]
        found = one.align("--no-compile", "--flags", "-trimpath")
        assert (found.status, [cause["rule"] for cause in found.document["findings"]][:1]) == (1, ["trimpath"])
        arm = one._replace(environ={**one.environ, "GOARCH": "arm64"}).align("--flags", "")
        reason = "GOARCH is arm64 in this environment, and the host is for amd64"
        assert (arm.status, arm.document["reason"]) == (1, reason)
    (vendored,) = aligned.sets((f"modules/vendored/trimmed/plugin-only@{kit.NEWEST}",), full=False)
    with aligned.sources(vendored) as one:
        found = one.align("--no-compile", "--flags", one.flags)
        assert (found.status, found.document["verdict"]) == (3, "unknown")
        assert "nothing pins the code of example.com/" in found.document["reason"]
        assert one.align("--flags", one.flags).status == 0


def test_without_a_c_compiler_paths_and_checksums_decide() -> None:
    (plain,) = aligned.sets((f"modules/required-and-unused/trimmed@{kit.NEWEST}",), full=False)
    with aligned.sources(plain) as one:
        environ = {**one.environ, "CC": "/nowhere/cc", "GOCACHE": str(one.folder.parent / "emptycache")}
        try:
            found = one._replace(environ=environ).align()
        finally:
            subprocess.run(["rm", "-rf", environ["GOCACHE"]], check=True)
        assert (found.status, found.document["verdict"], found.document["basis"]) == (0, "fits", "paths")
        assert "could not be compiled here" in found.document["reason"]


def test_a_plugin_that_does_not_compile() -> None:
    (plain,) = aligned.sets((f"modules/required-and-unused/trimmed@{kit.NEWEST}",), full=False)
    with aligned.sources(plain) as one:
        (one.folder / "broken.go").write_text("package main\n\nvar x int = nothing\n")
        found = one.align()
        assert (found.status, found.document["verdict"]) == (1, "differs")
        assert found.document["reason"] == "it does not compile: ./broken.go:3:13: undefined: nothing"
        (one.folder / "broken.go").write_text('package main\n\nimport _ "example.com/nowhere"\n')
        assert one.align().document["verdict"] != "fits"


def test_go_mod_is_read_the_same_with_and_without_go() -> None:
    program = goroot(kit.NEWEST) / "bin" / "go"
    texts = {trees.gomod(module) for one in aligned.sets(("modules/*",), full=True) for module in modules(one)}
    assert len(texts) >= 20
    for text in sorted(texts):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "go.mod")
            path.write_text(text)
            printed = subprocess.run(
                [program, "mod", "edit", "-json", path], capture_output=True, text=True, check=True
            )
            assert from_json(printed.stdout, "go.mod") == parse(text, "go.mod")


def modules(scenario: Scenario) -> list[Module]:
    """The modules of a set's plugin."""
    plugin = scenario.places[0].artifact
    assert isinstance(plugin, GoBuild)
    return [module for _, module in plugin.tree.modules]


def snapshot(folder: Path) -> dict[str, bytes]:
    """The files of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def changes(before: dict[str, bytes], after: dict[str, bytes]) -> list[str]:
    """The names of the files that differ."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
