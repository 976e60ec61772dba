"""Type assertions that a host really made, of the oldest and the newest release, pair by pair as gopluck says.

A variable's own type may be given in place of the pointer that `Lookup` returns: there Go's answer to the pointer counts.
"""

from __future__ import annotations

import shutil

import pytest

from fixtures import typepairs
from fixtures.scenarios.kit import NEWEST, OLDEST
from gopluck.facts.model import Binary
from gopluck.facts.read import read
from gopluck.replay.lookup import look_up, parse
from gopluck.replay.process import Lookup, OpenRequest, Outcome
from gopluck.result.verdict import Verdict

UNKNOWN = ("example.com/app/api.Alias", "hidden()", "struct { name string }")
"""An alias leaves no trace; whose code writes an unexported name is not told."""


@pytest.fixture(scope="module", params=[OLDEST, NEWEST])
def pairs(request: pytest.FixtureRequest) -> typepairs.Pairs:
    if shutil.which("cc") is None:
        pytest.skip("no C compiler (cc) here: cgo cannot build plugins")
    return typepairs.pairs(request.param)


def asked(host: Binary, plugin: Binary, text: str) -> Lookup:
    """What gopluck says of `--symbol TEXT`."""
    (outcome,) = look_up([OpenRequest("p.so", plugin)], [Outcome(Verdict.LOADS)], [parse(text)], host)
    (lookup,) = outcome.lookups
    return lookup


def test_each_assertion_ends_as_go_said(pairs: typepairs.Pairs, capsys: pytest.CaptureFixture[str]) -> None:
    host, plugin = read(pairs.host), read(pairs.plugin)
    wrong, unknown, texts, total = [], 0, 0, 0
    for name, answers in pairs.said.items():
        for wanted, said in answers.items():
            total += 1
            found = asked(host, plugin, f"{name}:{wanted}")
            own = not said.startswith("interface conversion: plugin.Symbol") or answers.get(f"*{wanted}", said)
            holds = said == "" or (found.kind == "var" and not own)
            if found.status == "unknown":
                unknown += 1
                right = any(part in wanted for part in UNKNOWN) and found.why != ""
            else:
                right = found.status == ("found" if holds else "type")
            if found.panic:
                texts += 1
                right = right and found.panic == said
            if not right:
                wrong.append((name, wanted, said, found))
    with capsys.disabled():
        print(f"\nreally asserted: {total}, decided {total - unknown}, with Go's text {texts}", end=" ")
    assert wrong == []
    assert total >= 300
    assert texts >= total // 2
