"""On every set that was really loaded, gopluck says what Go said: result and exact text."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import recorded
from gopluck.errors import Usage
from gopluck.explainer.engine import summary
from gopluck.facts import manifest
from gopluck.replay.ends import End
from gopluck.replay.process import OpenRequest, replay

FAMILIES = recorded.families()


def test_there_are_recorded_sets() -> None:
    assert sum(len(recorded.family(path)["sets"]) for path in FAMILIES) >= 900


@pytest.mark.parametrize("path", FAMILIES, ids=lambda path: path.name.removesuffix(".json.xz"))
def test_the_replay_says_what_go_said(path: Path) -> None:
    sets = list(recorded.sets(path))
    misses = [
        found for one in sets if (found := recorded.disagreement(one, replay(one.host, one.requests, one.system)))
    ]
    print(f"{path.name.removesuffix('.json.xz')}: {len(sets) - len(misses)} of {len(sets)} sets")
    assert not misses, "\n".join(misses)


@pytest.mark.parametrize("path", FAMILIES, ids=lambda path: path.name.removesuffix(".json.xz"))
def test_a_manifest_of_the_host_gives_the_same_outcome(path: Path) -> None:
    for one in recorded.sets(path):
        with_host = replay(one.host, one.requests, one.system)
        if one.host.go is not None and one.host.go.obfuscated:
            with pytest.raises(Usage, match="is obfuscated"):
                manifest.dumps(one.host)
            continue
        for paths in (True, False):
            stand_in = manifest.parse(manifest.dumps(one.host, paths=paths).encode(), one.host.path, one.host.identity)
            assert replay(stand_in, one.requests, one.system) == with_host, one.name


def test_what_no_file_tells_is_said_as_far_as_the_files_go() -> None:
    sets = [one for path in FAMILIES for one in recorded.sets(path) if recorded.beyond(one)]
    assert {one.name.partition("@")[0] for one in sets} == {
        "own-code/init-panics",
        "own-code/init-panics-twice",
        "flags/asan/both-odr-check-off",
        "chosts/loading-local/same",
        "chosts/loading-local/trimpath",
        "chosts/loading-local/two",
        "tls/tunable",
        "twice/expvar/copy",
        "twice/flag/copy",
        "twice/sql/copy",
        "twice/two-plugins",
        "installs/garble/host",
        "installs/garble/plugin",
        "old/foreign-path-of-35/1.20.14",
    }
    for one in sets:
        outcomes = replay(one.host, one.requests, one.system)
        if one.raw["family"] in ("own-code", "twice"):
            assert {outcome.verdict for outcome in outcomes} == {"loads"}, one.name
        elif one.raw["family"] == "chosts":
            assert one.truth[0] == ("fatal", "fatal error: runtime: no plugin module data")
            assert "RTLD_LOCAL" in (summary(one.host).note or ""), one.name
        elif one.raw["family"] == "installs":
            assert {(outcome.verdict, outcome.why) for outcome in outcomes} == {("unknown", "renamed-names")}, one.name
        elif one.raw["family"] == "tls":
            assert [(outcome.effect, outcome.exact) for outcome in outcomes] == [("error", True)], one.name
        else:
            assert [(outcome.effect, outcome.exact) for outcome in outcomes] == [("fatal", False)], one.name


def test_a_file_that_is_gone_fails_before_dlopen() -> None:
    one = next(one for path in FAMILIES for one in recorded.sets(path) if one.truth[0][0] == "ok")
    outcome = replay(one.host, [OpenRequest("gone.so", None)], one.system)[0]
    assert (outcome.stage, outcome.error) == ("realpath", 'plugin.Open("gone.so"): realpath failed')


def test_a_note_says_so_where_go_names_a_symbol_by_chance() -> None:
    ended = Counter(
        (outcome.exact, outcome.note or "")
        for path in FAMILIES
        for one in recorded.sets(path)
        for outcome in replay(one.host, one.requests, one.system)
        if outcome.why == End.MISSING_SYMBOL
    )
    assert ended[True, ""] == sum(number for (exact, _), number in ended.items() if exact) > 0
    assert all(note.startswith("Go names any one of ") for exact, note in ended if not exact)
