"""What `python -m fixtures.real` found on real programs: the page shows it, and it is right. It is not run here."""

from __future__ import annotations

import json

from fixtures.real import page
from fixtures.real.variants import VARIANTS

RESULTS = json.loads(page.TABLE.read_text())


def test_the_page_is_current() -> None:
    assert page.PAGE.read_text() == page.text()
    assert {variant.name for variant in VARIANTS} == set(page.WHAT)


def test_verdict_text_and_cause_are_right() -> None:
    assert [one["name"] for one in RESULTS if not one["right"]] == []
    assert [one["name"] for one in RESULTS if one["go"] and not one["cause"]] == []
    assert len(RESULTS) >= 40


def test_each_cure_makes_a_plugin_that_the_program_opens() -> None:
    refused = [one for one in RESULTS if one["go"]]
    # The program as it is released opens no plugin at all.
    curable = [one for one in refused if "not implemented" not in one["go"]]
    assert [one["name"] for one in refused if one["possible"] and one["typed"]] == []
    assert [one["name"] for one in curable if one["built"]] == []
    assert len(curable) >= 30


def test_the_names_that_they_look_up_are_those_of_their_source() -> None:
    known = json.loads(page.LOOKUPS.read_text())
    assert {name: (one["source"], one["computed"]) for name, one in known.items()} == {
        name: (sorted(one["told"]), 0) for name, one in known.items()
    }
    assert all(types for one in known.values() for types in one["told"].values())
    assert {name.partition("-")[0] for name in known} >= {"golangci", "telegraf", "containerd"}
    assert any(one["told"] for one in known.values())
