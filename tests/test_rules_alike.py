"""Where all packages match and two builds are alike no rule is asked; it would have had nothing to say."""

from __future__ import annotations

from pathlib import Path

import pytest

from gopluck.replay.process import replay
from gopluck.rules import engine
from recorded import families, sets

FAMILIES = [path for path in families() if path.name.startswith(("flags", "modules", "traps", "symbols", "toolchains"))]


@pytest.mark.parametrize("path", FAMILIES, ids=lambda path: path.name.partition(".")[0])
def test_what_is_said_is_the_same_as_if_every_rule_were_asked(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = 0
    for one in sets(path):
        outcomes = replay(one.host, one.requests, one.system)
        if any(outcome.verdict == "loads" for outcome in outcomes):
            monkeypatch.undo()
            found = engine.explain(one.host, one.requests, outcomes)
            monkeypatch.setattr(engine, "alike", lambda *builds: False)
            assert found == engine.explain(one.host, one.requests, outcomes), one.name
            compared += 1
    assert compared
