"""Fix closure without Go: what gopluck prints for a recorded set is what was typed, built and really loaded.

`python -m fixtures.oracle.repair --record` writes the file that this compares with; `test_live.py` does it all anew.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

import recorded
from fixtures.oracle.repair import candidates
from fixtures.scenarios import SCENARIOS
from gopluck.explainer.engine import explain
from gopluck.remedy.lines import run
from gopluck.remedy.recipe import recipes
from gopluck.replay.process import replay
from gopluck.result.recipe import Recipe

FILE = recorded.RECORDED / "repairs.json"
REPAIRS = json.loads(FILE.read_text())
ASKED = frozenset(scenario.name for scenario in candidates(SCENARIOS))


def family(path: Path) -> str:
    return path.name.removesuffix(".json.xz")


def known() -> list[Path]:
    """The recorded families with sets of one host and one plugin that is built here."""
    names = {name.partition("/")[0] for name in (*REPAIRS, *ASKED)}
    return [path for path in recorded.families() if family(path) in names]


def remedy(one: recorded.Set) -> Recipe | None:
    """The recipe of a set of one plugin, in the place where it lay when it was repaired; None: it may load."""
    outcomes = replay(one.host, one.requests, one.system)
    explanations = explain(one.host, one.requests, outcomes)
    return recipes(one.host, one.requests, outcomes, explanations)[0]


def disagreement(found: Recipe | None, expected: dict[str, object]) -> str:
    """What is otherwise than when it was really tried; empty when nothing is."""
    if found is None or expected["kind"] == "undetermined":
        return "" if (found is None) == (expected["kind"] == "undetermined") else f"no recipe, or one: {found}"
    if expected["kind"] in ("repaired", "hidden"):
        if not found.possible:
            return f"not possible any more: {found.why_not}"
        return "" if list(run(found)) == expected["run"] else f"prints {run(found)}, typed was {expected['run']}"
    if found.possible:
        return f"possible, but it is {expected['kind']}"
    if not found.why_not or found.side != expected["side"]:
        return f"{found.side}: {found.why_not}"
    return ""


@pytest.mark.parametrize("path", known(), ids=family)
def test_a_recipe_is_the_one_that_really_made_the_plugin_load(path: Path) -> None:
    wrong, score = {}, Counter[str]()
    for one in recorded.sets(path):
        expected = REPAIRS.get(one.name)
        if expected is None:
            if one.name in ASKED and one.truth[0][0] != "ok":
                wrong[one.name] = f"nobody tried: python -m fixtures.oracle.repair --record --only '{one.name}'"
            continue
        score[expected["kind"]] += 1
        if found := disagreement(remedy(one), expected):
            wrong[one.name] = found
    print(family(path), dict(score))
    assert not wrong


def test_every_kind_is_one_that_is_known() -> None:
    kinds = Counter(one["kind"] for one in REPAIRS.values())
    print(dict(kinds))
    assert kinds["repaired"] >= 400
    assert set(kinds) <= {"repaired", "impossible", "unpinned", "hidden", "untold", "undetermined"}
    assert any(name.startswith("multi/") and one["kind"] == "repaired" for name, one in REPAIRS.items())
