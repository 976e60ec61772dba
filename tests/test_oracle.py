"""The oracle's own manners: what this machine cannot build is skipped, and says why."""

from __future__ import annotations

import pytest

from fixtures.oracle import arches
from fixtures.oracle.__main__ import lacking
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
