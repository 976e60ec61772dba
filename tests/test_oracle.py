"""The oracle's own manners: what this machine cannot build is skipped, and says why."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import recorded
from fixtures.oracle import __main__ as oracle
from fixtures.oracle import arches, build, record
from fixtures.oracle.__main__ import lacking, main
from fixtures.oracle.codec import from_json
from fixtures.oracle.model import GoBuild, Scenario
from fixtures.oracle.paths import RECORDED
from fixtures.scenarios import SCENARIOS
from gopluck.facts.model import Binary


def test_a_set_that_needs_a_cross_compiler_is_skipped_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    here = {"gcc", "strip"}
    monkeypatch.setattr("shutil.which", lambda program: program if program in here else None)
    skipped = {scenario.name: lacking(scenario) for scenario in SCENARIOS}
    assert skipped["badfiles/c-arm64/alone@1.27.3"] == {"aarch64-linux-gnu-gcc"}
    assert skipped["toolchains/1.27.3-opens-1.27.3"] == set()
    # A set in a root of its own needs more: the rights of root, and files of this system.
    for scenario in (one for one in SCENARIOS if not one.root):
        foreign = scenario.family in ("arches", "musl") or any(
            f"c-{arch}" in scenario.name or f"/{arch}" in scenario.name for arch in (*arches.ARCHES, "musl")
        )
        assert bool(skipped[scenario.name]) == foreign, scenario.name


FAMILY = [scenario for scenario in SCENARIOS if scenario.family == "rules"]
NAMES = [scenario.name for scenario in FAMILY]


def edited(scenario: Scenario) -> Scenario:
    """The same set, its host built with another flag."""
    host = scenario.host
    assert isinstance(host, GoBuild)
    return replace(scenario, host=replace(host, flags=("-x", *host.flags)))


def test_nothing_that_was_recorded_is_lost(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A recorded set that is built otherwise now, and was not loaded so, is not written over; nothing is written."""
    here = {NAMES[0]}
    monkeypatch.setattr(record, "loaded", lambda scenario: {} if scenario.name in here else None)
    assert record.left_out(FAMILY, SCENARIOS) == {}, "they are built as they were: they stay"
    now = [FAMILY[0], edited(FAMILY[1]), *FAMILY[2:]]
    assert record.left_out(now, now) == {"rules": [NAMES[1]]}
    assert record.left_out(now, now, tmp_path) == {}, "there is nothing to be lost"
    assert record.left_out(now, [FAMILY[0], *FAMILY[2:]]) == {}, "a set that is no scenario any more may go"
    monkeypatch.setattr(oracle, "SCENARIOS", now)
    with pytest.raises(SystemExit):
        main(["record", "--only", "rules/*"])
    assert f"rules: 1 recorded sets would be lost, such as {NAMES[1]}" in capsys.readouterr().err
    here.add(NAMES[1])
    assert record.left_out(now, now) == {}
    assert record.left_out(now[:1], now) == {"rules": [NAMES[1]]}, "it is loaded, but was not chosen"


def test_what_is_not_loaded_here_stays_as_it_was_recorded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    name = "rules/two-checkouts@1.21.13"
    before = record.document(RECORDED / "rules.json.xz")
    sets = {one["name"]: one for one in before["sets"] if one["name"] in NAMES}
    loaded = {name: {"opens": sets[name]["opens"], "outcome": [{"result": "error", "text": "as of today"}]}}
    monkeypatch.setattr(record, "loaded", lambda scenario: loaded.get(scenario.name))
    # The files that were built for this set, and what is read of them.
    one = next(scenario for scenario in FAMILY if scenario.name == name)
    monkeypatch.setattr(record, "BINARIES", tmp_path)
    for artifact in one.artifacts:
        (tmp_path / build.identify(artifact)).touch()
    monkeypatch.setattr(record, "_facts", lambda name, _: from_json(Binary, before["binaries"][name])._replace(size=1))
    folder = tmp_path / "recorded"
    folder.mkdir()
    shutil.copy(RECORDED / "rules.json.xz", folder)
    done = record.record([one], SCENARIOS, folder)
    assert done == {folder / "rules.json.xz": (len(sets), len(sets) - 1)}
    after = record.document(folder / "rules.json.xz")
    written = {one["name"]: one for one in after["sets"]}
    assert list(written) == list(sets)
    assert {name for name in sets if written[name] != sets[name]} == {name}
    assert written[name]["outcome"][0]["text"] == "as of today"
    ids = {build.identify(artifact) for artifact in one.artifacts}
    assert after["binaries"].keys() == before["binaries"].keys()
    assert {name for name, facts in after["binaries"].items() if facts["size"] == 1} == ids
    kept = {one["system"] for one in before["sets"] if one["name"] != name}
    for key in kept:
        # What is shared can have grown: by a library, by symbols that this set asks for.
        grown, was = (one["systems"][key]["libraries"] for one in (after, before))
        for needed, library in was.items():
            assert {**grown[needed], "exports": []} == {**library, "exports": []}
            assert set(library.get("exports", ())) <= set(grown[needed].get("exports", ()))
    assert written[name]["system"] in after["systems"]
    assert list(recorded.sets(folder / "rules.json.xz"))


def test_every_set_that_a_test_names_is_there() -> None:
    """Another `NEWEST` renames most sets, and some families draw others for it: said before hours of loads."""
    families = {scenario.family for scenario in SCENARIOS}
    known = {scenario.name for scenario in SCENARIOS}
    texts = {path.name: path.read_text() for path in sorted(Path(__file__).parent.glob("test_*.py"))}
    found = {(file, name) for file, text in texts.items() for name in re.findall(r'"([\w./+-]+@1\.\d+\.\d+)"', text)}
    named = {(file, name) for file, name in found if name.partition("/")[0] in families}
    assert len(named) >= 50
    assert sorted((file, name) for file, name in named if name not in known) == []


def test_a_name_that_no_set_has_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["load", "--only", "executable-stack/*"])
    assert "no set is called so" in capsys.readouterr().err


def test_what_is_said_to_a_set_is_shown_beside_what_go_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = {"rules/one-commit@1.27.3": {"outcome": [{"result": "ok", "text": ""}]}}
    monkeypatch.setattr(oracle, "loaded", lambda scenario: here.get(scenario.name))
    monkeypatch.setattr(oracle, "said", lambda scenario: "$ gopluck check host p.so\n")
    assert main(["check", "--only", "rules/one-commit@1.27.3"]) == 0
    assert capsys.readouterr().out == "== rules/one-commit@1.27.3\nGo: ok\n$ gopluck check host p.so\n\n"
    assert main(["check", "--only", "rules/one-checkout@1.27.3"]) == 1
    assert "python -m fixtures.oracle load --only 'rules/one-checkout@1.27.3'" in capsys.readouterr().out
