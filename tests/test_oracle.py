"""The oracle's own manners: what this machine cannot build is skipped, and says why."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.oracle import arches, record
from fixtures.oracle.__main__ import lacking, main
from fixtures.scenarios import SCENARIOS


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


def test_nothing_that_was_recorded_is_lost(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """To record a part of a family, or on a machine that loaded only a part of it, is refused; nothing is written."""
    family = [scenario for scenario in SCENARIOS if scenario.family == "rules"]
    names = [scenario.name for scenario in family]
    here = set(names)
    monkeypatch.setattr(record, "loaded", lambda scenario: {} if scenario.name in here else None)
    assert record.left_out(family, SCENARIOS) == {}
    assert record.left_out(family[:2], SCENARIOS) == {"rules": names[2:]}
    assert record.left_out(family[:2], family[:2]) == {}, "a set that is no scenario any more may go"
    assert record.left_out(family[:2], SCENARIOS, tmp_path) == {}, "there is nothing to be lost"
    here.remove(names[1])
    assert record.left_out(family, SCENARIOS) == {"rules": [names[1]]}
    with pytest.raises(SystemExit):
        main(["record", "--only", "rules/*"])
    assert f"rules: 1 recorded sets would be lost, such as {names[1]}" in capsys.readouterr().err


def test_a_name_that_no_set_has_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["load", "--only", "executable-stack/*"])
    assert "no set is called so" in capsys.readouterr().err
