"""Risks: named in every set that has one, and in no recorded set for which the scenario says that there is none."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import recorded
from fixtures.oracle.model import GoBuild, Scenario
from fixtures.oracle.toolchains import OLD
from fixtures.samples.archive import unpack
from fixtures.scenarios import SCENARIOS
from fixtures.scenarios.kit import NEWEST, OLDEST
from gopluck.explainer.engine import explain
from gopluck.facts import manifest
from gopluck.facts.model import Binary
from gopluck.replay.process import replay
from gopluck.rules.registry import Kind, rules
from gopluck.rules.risks.cpu_level import above

FAMILY = next(path for path in recorded.families() if path.name.startswith("risks."))
SETS = {one.name: one for one in recorded.sets(FAMILY)}
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}


def named(one: recorded.Set, host: Binary) -> list[list[str]]:
    """The risks of each plugin that loads."""
    outcomes = replay(host, one.requests, one.system)
    explanations = explain(host, one.requests, outcomes)
    return [
        [finding.rule for finding in explanation.findings if finding.role == "risk"]
        for outcome, explanation in zip(outcomes, explanations, strict=True)
        if outcome.verdict == "loads"
    ]


def built_in(one: recorded.Set) -> list[list[str]]:
    """The risks that a set was made for, by plugin."""
    out: list[list[str]] = [[] for _ in one.requests]
    for difference in one.raw["differences"]:
        out[difference.get("plugin", 0)].append(difference["kind"])
    return out


@pytest.mark.parametrize("name", SETS)
def test_a_risk_is_named_in_its_sets_and_not_in_the_near_misses(name: str) -> None:
    one = SETS[name]
    assert {truth[0] for truth in one.truth} == {"ok"}
    assert named(one, one.host) == built_in(one)


@pytest.mark.parametrize("name", [name for name, one in SETS.items() if ["code-skew"] in built_in(one)])
def test_a_checksum_of_the_main_module_pins_no_other_code(name: str) -> None:
    one = SETS[name]

    def installed(binary: Binary | None) -> Binary:
        assert binary is not None
        assert binary.go is not None
        info = binary.go.build_info
        assert info is not None
        assert info.main is not None
        main = info.main._replace(version="v1.0.0", sum="h1:AAAA")
        return binary._replace(go=binary.go._replace(build_info=info._replace(main=main)))

    opens = [request._replace(binary=installed(request.binary)) for request in one.requests]
    outcomes = replay(host := installed(one.host), opens, one.system)
    found = [{finding.rule for finding in said.findings} for said in explain(host, opens, outcomes)]
    assert ["code-skew" in rules for rules in found] == [kinds == ["code-skew"] for kinds in built_in(one)]


@pytest.mark.parametrize("name", SETS)
def test_a_manifest_of_the_host_names_the_same_but_what_needs_the_binary(name: str) -> None:
    one = SETS[name]
    stand_in = manifest.parse(manifest.dumps(one.host).encode(), one.host.path, one.host.identity)
    seen = [[kind for kind in kinds if kind != "code-skew"] for kinds in built_in(one)]
    assert named(one, stand_in) == seen


def answers(name: str, plugin: int = 0) -> list[str]:
    """What the functions of a plugin really answered."""
    return [lookup["value"] for lookup in SETS[name].raw["outcome"][plugin]["lookups"]]


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_the_dangers_are_real(version: str) -> None:
    """The sets of the c-symbol-clash family: which code was called."""
    second = {
        name: answers(f"risks/c-clash/{name}@{version}", 1) for name in ("two-plugins", "other-order", "exported")
    }
    assert second == {"two-plugins": ["1"], "other-order": ["2"], "exported": ["3"]}
    for near in ("other-names", "static", "hidden", "first-hidden", "symbolic-functions"):
        assert answers(f"risks/c-clash/{near}@{version}", 1) == ["2"], near
    assert answers(f"risks/c-clash/host@{version}") == ["7"]
    nils = {name: answers(f"risks/godebug/{name}@{version}") for name in ("plugin", "host", "both", "neither")}
    error = ["*runtime.PanicNilError"]
    assert nils == {"plugin": error, "host": ["<nil>"], "both": ["<nil>"], "neither": error}
    sets = ("no-note", "option", "note", "host-too", "musl")
    stacks = {name: answers(f"risks/executable-stack/{name}@{version}")[0] for name in sets}
    assert stacks == {"no-note": "rwxp", "option": "rwxp", "note": "rw-p", "host-too": "rwxp", "musl": "rw-p"}


OWN_FAMILIES = {"replaced-file", "lookup-missing", "lookup-type", "static-tls-room", "registers-twice"}
"""Those have families of their own: `replaced`, `lookups`, `tls` and `twice`."""


def test_each_risk_has_sets_that_show_it_and_near_misses() -> None:
    kinds = {kind for one in SETS.values() for kinds in built_in(one) for kind in kinds}
    untried = {one.slug for one in rules(Kind.RISK)} - kinds - OWN_FAMILIES
    assert untried == set(), "no set of the family risks has them: add one, or name the rule in OWN_FAMILIES"
    assert kinds | OWN_FAMILIES == {one.slug for one in rules(Kind.RISK)}
    assert sum(not any(built_in(one)) for one in SETS.values()) >= len(rules(Kind.RISK))


# -- in all recorded sets ----------------------------------------------------------------------------------------------


def _builds(scenario: Scenario, opened: int) -> Iterator[GoBuild]:
    """The host, and the plugin that an Open gets."""
    yield scenario.host_build
    name = scenario.opens[opened]
    for place in scenario.places:
        if place.path == name and isinstance(place.artifact, GoBuild):
            yield place.artifact


def _level(scenario: Scenario, opened: int) -> bool:
    host, plugin = (dict(build.env).get("GOAMD64", "v1") for build in _builds(scenario, opened))
    return plugin > host


def _debug(scenario: Scenario, opened: int) -> bool:
    """Whether anything differs that `DefaultGODEBUG` is made of: go line, release, comments, environment."""
    host, plugin = _builds(scenario, opened)
    made = []
    for build in (host, plugin):
        texts = [text for _, module in build.tree.modules for _, text in module.files]
        texts += [text for _, text in build.tree.files]
        made.append(
            (
                build.toolchain,
                dict(build.tree.modules)[build.dir].go if build.dir in dict(build.tree.modules) else build.dir,
                any("go:debug" in text or "godebug" in text for text in texts),
                dict(build.env).get("GOFIPS140"),
                build.command,
            )
        )
    return made[0] != made[1]


def _there(kind: str, scenario: Scenario, opened: int) -> bool:
    """Whether a risk is there: as `TRUE` has it, else where the scenario declares it for this plugin."""
    declared = {(difference.kind, difference.plugin or 0) for difference in scenario.differences}
    return TRUE[kind](scenario, opened) if kind in TRUE else (kind, opened) in declared


TRUE: dict[str, Callable[[Scenario, int], bool]] = {
    "untrimmed-host": lambda scenario, _: "-trimpath" not in scenario.host_build.flags,
    "cpu-level": _level,
    "code-skew": lambda scenario, _: any(d.kind in ("module-content", "code-skew") for d in scenario.differences),
    "c-symbol-clash": lambda scenario, _: any(d.kind == "c-symbol-clash" for d in scenario.differences),
    "stripped": lambda scenario, opened: any(
        build.strip or build.toolchain in OLD or any("-w" in flag for flag in build.flags)
        for build in _builds(scenario, opened)
    ),
    "godebug": _debug,
    "executable-stack": lambda scenario, opened: (
        any("execstack" in flag for flag in [*_builds(scenario, opened)][1].flags)
        or any(d.kind == "executable-stack" for d in scenario.differences)
    ),
}
"""Whether a risk is there that more sets have than those that declare it, as far as the scenario tells."""


def test_no_risk_is_named_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = []
    score: Counter[str] = Counter()
    for path in recorded.families():
        for one in recorded.sets(path):
            outcomes = replay(one.host, one.requests, one.system)
            explanations = explain(one.host, one.requests, outcomes)
            for opened, (outcome, explanation) in enumerate(zip(outcomes, explanations, strict=True)):
                for finding in explanation.findings if outcome.verdict == "loads" else ():
                    if finding.role == "risk":
                        score[finding.rule] += 1
                        if one.name not in BY_NAME or not _there(finding.rule, BY_NAME[one.name], opened):
                            wrong.append(f"{one.name}, open {opened}: {finding.rule}: {finding.message}")
    with capsys.disabled():
        print(f"\nrisks named: {dict(score)}", end=" ")
    assert wrong == [], "where the scenario shows that the risk is there, a row of TRUE tells how"


# -- the levels of processors ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variable", "one", "other", "expected"),
    [
        ("GOAMD64", "v3", "v1", True),
        ("GOAMD64", "v1", "v3", False),
        ("GOAMD64", "v2", "v2", False),
        ("GOAMD64", "v9", "v1", False),
        ("GOARM64", "v8.1", "v8.0", True),
        ("GOARM64", "v8.0,lse", "v8.0", True),
        ("GOARM64", "v8.0,lse", "v8.1", False),
        ("GOARM64", "v9.0", "v8.5", False),
        ("GOARM64", "v9.0", "v8.4", True),
        ("GOARM64", "v8.5,crypto", "v9.0", True),
        ("GOARM", "7", "6,hardfloat", True),
        ("GOPPC64", "power10", "power9", True),
        ("GO386", "sse2", "softfloat", True),
        ("GORISCV64", "rva20u64", "rva22u64", False),
    ],
)
def test_a_level_is_above_another(variable: str, one: str, other: str, expected: bool) -> None:
    assert above(variable, one, other) is expected


# -- the command -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "status", "risks"),
    [
        (["auth.so"], 0, ["untrimmed-host"]),
        (["auth.so", "--fail-on", "risk"], 1, ["untrimmed-host"]),
        (["auth-newer-module.so", "--fail-on", "risk"], 1, []),
    ],
)
def test_fail_on_risk_changes_the_status_and_nothing_else(words: list[str], status: int, risks: list[str]) -> None:
    command = [sys.executable, "-m", "gopluck", "check", "gateway", *words, "--format", "json"]
    done = subprocess.run(command, cwd=Path(unpack()), capture_output=True, text=True, check=False)
    document = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (status, "")
    assert document["verdict"] == ("loads" if risks else "fails")
    findings = document["plugins"][0]["findings"]
    assert [finding["rule"] for finding in findings if finding["role"] == "risk"] == risks
