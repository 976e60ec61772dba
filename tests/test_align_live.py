"""`gopluck align` before the build agrees with the real load after it; what it prints and writes really loads.

`make test` takes a part of the sets with the oldest and the newest toolchain; `--full` all of them.
"""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

import aligned
from fixtures.oracle import proxy

ALL = ("modules/*", "content/*", "traps/[!t]*", "traps/test-host/*-tests*")
"""Modules in every way in which their version, place or code can differ; workspaces; the host's own packages."""

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


def test_the_printed_lines_do_what_write_does(request: pytest.FixtureRequest) -> None:
    for scenario in aligned.sets(("modules/pulled-up-by-another/*",), full=False):
        with aligned.sources(scenario) as one:
            found = one.align()
            assert found.status == 1
            assert aligned.really_load(one.host, one.run(found.document["remedy"]["run"])) == ("ok", "")


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


def snapshot(folder: Path) -> dict[str, bytes]:
    """The files of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def changes(before: dict[str, bytes], after: dict[str, bytes]) -> list[str]:
    """The names of the files that differ."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
