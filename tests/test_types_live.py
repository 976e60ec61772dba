"""Type assertions that a host really made, with the oldest and newest release (`--full`: all), as gopluck says.

A variable's own type may be given in place of the pointer that `Lookup` returns: Go's answer to the pointer counts.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping

import pytest

from fixtures import typepairs
from fixtures.oracle.toolchains import MINORS
from fixtures.scenarios.kit import NEWEST, OLDEST
from gopluck.facts.model import Binary
from gopluck.facts.read import read
from gopluck.replay.lookup import look_up, parse
from gopluck.replay.process import Lookup, OpenRequest, Outcome
from gopluck.result.verdict import Verdict

UNKNOWN = ("example.com/app/api.Alias", "hidden()", "struct { name string }")
"""An alias leaves no trace; whose code writes an unexported name is not told."""


@pytest.fixture(scope="module", params=MINORS)
def pairs(request: pytest.FixtureRequest) -> typepairs.Pairs:
    if request.param not in (OLDEST, NEWEST) and not request.config.getoption("--full"):
        pytest.skip("a release between the oldest and the newest: --full")
    if shutil.which("cc") is None:
        pytest.skip("no C compiler (cc) here: cgo cannot build plugins")
    return typepairs.pairs(request.param)


def asked(host: Binary, plugin: Binary, text: str) -> Lookup:
    """What gopluck says of `--symbol TEXT`."""
    (outcome,) = look_up([OpenRequest("p.so", plugin)], [Outcome(Verdict.LOADS)], [parse(text)], host)
    (lookup,) = outcome.lookups
    return lookup


def right(status: str, said: str, wanted: str, kind: str, answers: Mapping[str, str]) -> bool:
    """Whether a decision is Go's."""
    own = not said.startswith("interface conversion: plugin.Symbol") or answers.get(f"*{wanted}", said)
    return status == ("found" if said == "" or (kind == "var" and not own) else "type")


def test_each_assertion_ends_as_go_said(pairs: typepairs.Pairs, capsys: pytest.CaptureFixture[str]) -> None:
    host, plugin = read(pairs.host), read(pairs.plugin)
    wrong, unknown, texts, total = [], 0, 0, 0
    for name, answers in pairs.said.items():
        for wanted, said in answers.items():
            total += 1
            found = asked(host, plugin, f"{name}:{wanted}")
            texts += bool(found.panic)
            if found.status == "unknown":
                unknown += 1
                fits = any(part in wanted for part in UNKNOWN) and found.why != ""
            else:
                fits = right(found.status, said, wanted, found.kind, answers)
            if not fits or found.panic not in ("", said):
                wrong.append((name, wanted, said, found))
    with capsys.disabled():
        print(f"\nreally asserted: {total}, decided {total - unknown}, with Go's text {texts}", end=" ")
    assert wrong == []
    assert total >= 300
    assert texts >= total // 2


def test_without_import_paths_nothing_is_decided_wrongly(pairs: typepairs.Pairs) -> None:
    """The host has three packages `api`: what is not decided is a matter of them."""
    host, plugin = read(pairs.host), read(pairs.plugin)
    wrong, decided = [], 0
    for name, answers in pairs.said.items():
        for wanted, said in answers.items():
            text = re.sub(r"\b(?:[a-z][\w.]*/)+(\w+)(?:\.v3)?\.(?=[A-Z])", r"\1.", wanted)
            found = asked(host, plugin, f"{name}:{text}") if text != wanted and "*" not in wanted else None
            if found is None:
                continue
            decided += found.status != "unknown"
            if found.status == "unknown":
                fits = found.why != ""
            else:
                fits = right(found.status, said, wanted, found.kind, answers)
            if not fits:
                wrong.append((name, wanted, text, said, found))
    assert wrong == []
    assert decided >= 300


def test_without_the_types_of_the_host_nothing_is_decided_wrongly(pairs: typepairs.Pairs) -> None:
    """As with a manifest: what the plugin does not have may be an alias, or an interface."""
    host, plugin = read(pairs.host), read(pairs.plugin)
    assert host.go is not None
    host = host._replace(go=host.go._replace(named_types={}))
    wrong, decided = [], 0
    for name, answers in pairs.said.items():
        for wanted, said in answers.items():
            found = asked(host, plugin, f"{name}:{wanted}")
            decided += found.status != "unknown"
            if found.status != "unknown" and not right(found.status, said, wanted, found.kind, answers):
                wrong.append((name, wanted, said, found))
    assert wrong == []
    assert decided >= 3000


def test_an_unexported_method_with_its_import_path_is_asserted_as_the_named_interface_is(
    pairs: typepairs.Pairs,
) -> None:
    host, plugin = read(pairs.host), read(pairs.plugin)
    said = set()
    for name, answers in pairs.said.items():
        for path in ("example.com/app/api", "example.com/app/other/api"):
            found = asked(host, plugin, f"{name}:interface {{ Greet() string; {path}.hidden() }}")
            assert (found.status == "found") == (answers[f"{path}.Hidden"] == ""), (name, found)
            said.add((path, found.status))
    assert len(said) == 4
