"""What `gopluck build` builds really loads; what it does not build cannot be built; and nothing else is touched.

`make test` takes a part of the sets with the oldest and the newest toolchain; `--full` all of those of `align`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import aligned
from fixtures.oracle import closure, proxy
from test_align_live import ALL, changes, possible_here, snapshot
from test_build import SCHEMA
from test_repairs import REPAIRS

PART = (
    "modules/replaced-by-other-fork/*/host-only*",
    "modules/pulled-up-by-another/*",
    "modules/excluded-by-the-host-only/*",
    "modules/workspace-other-version/*",
    "modules/vendored/*/plugin-only*",
    "modules/vendored-edited-inlinable-body/*/plugin-only*",
    "content/body-out-of-line/*/plugin-only*",
    "flags/trimpath/*plugin-only*",
    "traps/workspace/*",
)

EXPECTED = {0: "loads", 1: "fails", 3: "unknown"}


@pytest.fixture(scope="module", autouse=True)
def _proxy() -> None:
    if shutil.which("cc") is None:
        pytest.skip("no C compiler (cc) here: cgo cannot build plugins")
    proxy.publish()


def test_what_is_built_really_loads(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    full = request.config.getoption("--full")
    count: Counter[str] = Counter()
    misses: list[str] = []
    for scenario in aligned.sets(ALL if full else PART, full=full):
        output = tmp_path / "x.so"
        output.unlink(missing_ok=True)
        with aligned.sources(scenario) as one:
            before = snapshot(one.folder)
            words = ("build", str(one.host), ".", "-o", str(output), "--format", "json")
            done = aligned.gopluck(*words, cwd=one.folder, env=one.environ)
            document = json.loads(done.stdout)
            if snapshot(one.folder) != before:
                misses.append(f"{scenario.name}: changed {changes(before, snapshot(one.folder))}")
            assert set(document) == set(SCHEMA["properties"])
            assert document["verdict"] == EXPECTED[done.returncode]
            count[f"{document['step']}: {document['verdict']}"] += 1
            if done.returncode == 0:
                if (loaded := aligned.really_load(one.host, output)) != ("ok", ""):
                    misses.append(f"{scenario.name}: {loaded}")
                if done.stderr:
                    misses.append(f"{scenario.name}: said {done.stderr}")
            else:
                if output.exists():
                    misses.append(f"{scenario.name}: written, and {document['verdict']}")
                # `align` is held to what really loads by its own tests: here nothing more is given up.
                if document["step"] != "align" or possible_here(document["alignment"]["remedy"]):
                    misses.append(f"{scenario.name}: {document['step']}: {document['reason']}")
    print(dict(count))
    assert misses == []
    assert count["check: loads"] >= 10


GIVEN_UP = sorted(name for name, one in REPAIRS.items() if one["kind"] != "repaired")
"""The sets of which no recipe that is made of files alone makes a plugin that loads."""

OF_EACH = (
    "chosts/linked/other-module@1.27.3",
    "field/golang-go-31048/module-main@1.27.3",
    "field/krakend-krakend-ce-178/musl-host@1.27.3",
    "flags/trimpath/host-only@1.21.13",
    "hunt/no-notes/host/other-module@1.27.3",
    "installs/trimmed/host@1.27.3",
    "links/host-pie/other-module@1.27.3",
    "mixed/21-pgo.host+leaf-package.host/trimmed@1.21.13",
    "modules/vendored/untrimmed/host-only@1.21.13",
    "multi/05-trimpath*@1.27.3",
    "musl/trimpath/plugin-only@1.27.3",
    "process/opened-in-main/refused@1.27.3",
    "repairs/chain/trimmed@1.27.3",
    "rules/host-without-plugin-support@1.27.3",
    "symbols/unnamed-other-greet@1.27.3",
    "tls/size/1728@1.27.3",
    "toolchains/1.27.3-opens-1.21.13",
    "traps/required-by-version/trimmed@1.21.13",
)
"""Of each family one set: all that the oldest or the newest release alone builds, and a pair of them."""


def test_each_refused_plugin_is_built_or_cannot_be(
    request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    """Closure: a plugin that really loads, `cannot` where that is so, `unknown` where no file tells."""
    full = request.config.getoption("--full")
    globs = ["*"] if full else [*GIVEN_UP[::20], *OF_EACH]
    results = list(closure.examine(closure.chosen(globs, "" if full else "oldest,newest")))
    with capsys.disabled():
        print(f"\ngopluck build, by family:\n{closure.score(results)}", end=" ")
    assert [f"{one['name']}: {one['reason']}" for one in results if one["score"] == closure.WRONG] == []
    assert {one["name"]: one["apart"] for one in results if one["apart"]} == {}
    assert sum(one["score"] == "loads" for one in results) >= 12


def test_the_script_that_is_printed_builds_a_plugin_that_loads(tmp_path: Path) -> None:
    (scenario,) = aligned.sets(("modules/pulled-up-by-another/trimmed*@1.27.3",), full=False)[:1]
    output = tmp_path / "x.so"
    (tmp_path / "gopluck").write_text(f'#!/bin/sh\nexec {sys.executable} -m gopluck "$@"\n')
    (tmp_path / "gopluck").chmod(0o755)
    with aligned.sources(scenario) as one:
        printed = aligned.gopluck(
            "build", str(one.host), ".", "-o", str(output), "--print", cwd=one.folder, env=one.environ
        )
        assert (printed.returncode, printed.stderr) == (0, "")
        before = snapshot(one.folder)
        environ = {**one.environ, "PATH": f"{tmp_path}:{one.environ['PATH']}", "PYTHONPATH": str(aligned.SOURCE)}
        done = subprocess.run(["sh"], input=printed.stdout, env=environ, capture_output=True, text=True, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        assert "will load" in done.stdout
        assert snapshot(one.folder) == before
        assert aligned.really_load(one.host, output) == ("ok", "")


def test_code_that_does_not_compile_is_told_as_the_compiler_tells_it(tmp_path: Path) -> None:
    (scenario,) = aligned.sets(("flags/trimpath/*plugin-only*@1.27.3",), full=False)[:1]
    output = tmp_path / "x.so"
    with aligned.sources(scenario) as one:
        main = next(one.folder.glob("*.go"))
        main.write_text(main.read_text() + "\nfunc broken() int { return undefinedName }\n")
        done = aligned.gopluck("build", str(one.host), ".", "-o", str(output), cwd=one.folder, env=one.environ)
    assert done.returncode == 1
    assert "undefined: undefinedName" in done.stdout
    assert not output.exists()


@pytest.mark.parametrize(
    ("cc", "said"),
    [("/nowhere/cc", "C compiler"), ("{there}", "no such instruction")],
    ids=["none", "for another machine"],
)
def test_a_c_compiler_that_does_not_serve_says_nothing_about_the_fit(cc: str, said: str, tmp_path: Path) -> None:
    (scenario,) = aligned.sets(("flags/trimpath/*plugin-only*@1.27.3",), full=False)[:1]
    there, output = tmp_path / "cc", tmp_path / "x.so"
    there.write_text("#!/bin/sh\necho 'gcc_arm64.S:30: Error: no such instruction' >&2\nexit 1\n")
    there.chmod(0o755)
    with aligned.sources(scenario) as one:
        environ = {**one.environ, "CC": cc.format(there=there)}
        done = aligned.gopluck("build", str(one.host), ".", "-o", str(output), cwd=one.folder, env=environ)
    assert done.returncode == 3
    assert done.stdout.startswith(f"? {output} is not built: the go command lacks a module or a C compiler here\n")
    assert said in done.stdout
    assert not output.exists()


def test_write_edits_the_module_itself(tmp_path: Path) -> None:
    (scenario,) = aligned.sets(("modules/pulled-up-by-another/trimmed*@1.27.3",), full=False)[:1]
    output = tmp_path / "x.so"
    with aligned.sources(scenario) as one:
        done = aligned.gopluck(
            "build", str(one.host), ".", "-o", str(output), "--write", cwd=one.folder, env=one.environ
        )
        assert (done.returncode, done.stderr) == (0, "")
        again = aligned.gopluck("align", str(one.host), ".", "--check", cwd=one.folder, env=one.environ)
        assert again.returncode == 0
        assert aligned.really_load(one.host, output) == ("ok", "")
