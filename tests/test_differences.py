"""The measured table: current with the recorded sets, whole, and the one from which rules take what they know."""

from __future__ import annotations

import re

import pytest

from fixtures import differences
from fixtures.differences import BREAKS, RELEASES, TOPICS, UNKNOWN, Topic
from fixtures.oracle.toolchains import MINORS
from fixtures.scenarios.flags import EXPERIMENTS
from fixtures.scenarios.kit import NEWEST, OLDEST
from gopluck.builds.flags import IDLE_FLAGS, PRINTING
from gopluck.builds.measured import measured

WHY = "run: python -m fixtures.differences"
VARIANTS = [name for topic in TOPICS for name in topic.variants]

SINCE = {
    "fips-latest": "1.24",
    "fips-v1.0.0": "1.24",
    "fips-v1.0.0-without-crypto": "1.24",
}
"""Differences that not every release has: the first that has it."""


def test_the_table_is_current() -> None:
    assert differences.DATA.read_text() == differences.data(), WHY


def test_the_page_is_current() -> None:
    assert differences.PAGE.read_text() == differences.page(), WHY


def test_every_difference_belongs_to_one_topic() -> None:
    assert len(set(VARIANTS)) == len(VARIANTS)
    assert differences.names() <= set(VARIANTS)
    assert set(VARIANTS) <= set(differences.measured())


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.title)
def test_a_condition_is_named_where_some_break_and_some_do_not(topic: Topic) -> None:
    assert (differences.verdict(topic) == "only if") == bool(topic.only_if)


@pytest.mark.parametrize("name", sorted(differences.names()))
def test_every_flag_was_tried_on_every_pinned_release(name: str) -> None:
    results = differences.measured()[name].results
    of_few = {f"experiment-{one}" for experiments in EXPERIMENTS.values() for one in experiments}
    if name in of_few:
        expected = [release for release in MINORS if name.removeprefix("experiment-") in EXPERIMENTS.get(release, ())]
    elif name == "cgo-ldflags-net":
        expected = [OLDEST, NEWEST]
    else:
        expected = [release for release in MINORS if release >= SINCE.get(name, "")]
    assert [release for release in MINORS if release in results] == expected
    sides = ("host-only",) if name == "pie" else differences.SIDES
    assert all(len(code.replace(UNKNOWN, "")) == len(sides) for release, code in results.items() if release in MINORS)


def test_every_release_has_an_experiment_of_its_own() -> None:
    missing = [release for release in MINORS if release >= min(EXPERIMENTS) and release not in EXPERIMENTS]
    assert missing == [], "a row in EXPERIMENTS of fixtures/scenarios/flags.py: one or two of its exp.go"


def test_what_breaks_on_one_side_breaks_on_the_other() -> None:
    """A hash has no direction: what differs, differs."""
    one_sided = {
        name
        for name, one in differences.measured().items()
        for code in one.results.values()
        if UNKNOWN not in code[:2] and code[0] != code[1]
    }
    assert one_sided == set()


def test_releases_agree_but_for_what_is_known() -> None:
    changed = {
        name
        for name, one in differences.measured().items()
        if len({code[:2].replace(UNKNOWN, "")[:1] for code in one.results.values()}) > 1
    }
    word = "a difference that breaks in some releases only deserves a word of its own"
    assert changed == {"gcflags-all-dwarf", "line-in-body-out-of-line"}, word
    for name, releases in (("gcflags-all-dwarf", "1.15.15"), ("line-in-body-out-of-line", "1.15.15 1.18.10 1.19.8")):
        results = differences.measured()[name].results
        assert {release for release, code in results.items() if BREAKS in code} == set(releases.split())


def test_rules_take_the_idle_flags_from_the_table() -> None:
    measured_idle = measured().idle_compile_flags
    assert not any(flag.startswith(IDLE_FLAGS) or re.fullmatch(PRINTING, flag) for flag in measured_idle)
    given = {
        match[1]: BREAKS in "".join(code for release, code in results.items() if release != "1.15.15")
        for _, detail, results in measured().differences.values()
        if (match := re.fullmatch(r"`-gcflags=(?:all|std)=(-[a-z]+).*", detail))
    }
    assert {flag for flag, breaks in given.items() if not breaks} == set(measured().idle_compile_flags)


def test_the_releases_are_the_pinned_ones() -> None:
    assert {release for _, _, results in measured().differences.values() for release in results} <= set(RELEASES)
