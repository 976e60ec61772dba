"""Copies of a package that registers a name: named as a risk where both files show them, and really a panic."""

from __future__ import annotations

import pytest

import recorded
from gopluck.explainer.engine import explain
from gopluck.replay.process import replay

FAMILY = next(path for path in recorded.families() if path.name.startswith("twice."))
SETS = {one.name: one for one in recorded.sets(FAMILY)}


@pytest.mark.parametrize("name", SETS)
def test_what_panics_is_named_and_nothing_else(name: str) -> None:
    one = SETS[name]
    told = explain(one.host, one.requests, replay(one.host, one.requests, one.system))
    risks = [{finding.rule for finding in each.findings if finding.role == "risk"} for each in told]
    panics = [{"registers-twice"} if result == "panic" else set() for result, _ in one.truth]
    assert [found & {"registers-twice"} for found in risks] == panics


def test_the_panics_are_those_that_the_page_speaks_of() -> None:
    texts = {name.partition("@")[0]: one.truth[-1][1] for name, one in SETS.items() if one.truth[-1][0] == "panic"}
    assert {
        name: text.rpartition("/")[2].partition(" ")[2] or text for name, text in texts.items() if "flag" in name
    } == {"twice/flag/copy": "flag redefined: gopluck-requests"}
    assert texts["twice/sql/copy"] == "sql: Register called twice for driver gopluck"
    assert texts["twice/expvar/copy"] == texts["twice/two-plugins"] == "Reuse of exported var name: gopluck.requests\n"
