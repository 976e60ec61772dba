"""What is said to sets that were really loaded, word for word: tests/said.txt, which tests/said.py writes."""

from __future__ import annotations

from itertools import groupby

import pytest

import recorded
import said

WHY = "run: PYTHONPATH=.:tests python tests/said.py, and read the difference"


def family(paragraph: str) -> str:
    return paragraph.removeprefix("== ").partition("/")[0]


PARAGRAPHS = {name: list(some) for name, some in groupby(said.SAID.read_text().rstrip("\n").split("\n\n"), key=family)}


@pytest.mark.parametrize("name", PARAGRAPHS)
def test_each_kind_of_sentence_is_as_it_was_read(name: str) -> None:
    wanted = {paragraph.partition(",")[0].removeprefix("== ") for paragraph in PARAGRAPHS[name]}
    found = [
        said.text(one.name, number, answer).rstrip("\n")
        for one in recorded.sets(recorded.RECORDED / f"{name}.json.xz")
        if one.name in wanted
        for number, answer in enumerate(said.answers(one), 1)
    ]
    assert [paragraph for paragraph in PARAGRAPHS[name] if paragraph not in found] == [], WHY


def test_every_kind_is_there(request: pytest.FixtureRequest) -> None:
    if not request.config.getoption("--full"):
        pytest.skip("explains every recorded set: --full")
    assert said.SAID.read_text() == "\n".join(said.written()), WHY


def test_what_is_read_stays_and_nothing_is_there_twice() -> None:
    found = {("a", 1): {"x", "y"}, ("b", 1): {"y", "z"}, ("c", 1): {"x", "y", "z"}, ("d", 1): {"w"}}
    kinds = {place: frozenset(some) for place, some in found.items()}
    assert said.chosen(kinds, []) == {("c", 1), ("d", 1)}
    assert said.chosen(kinds, [("a", 1)]) == {("c", 1), ("d", 1)}, "a has nothing that c has not"
    assert said.chosen(kinds, [("a", 1), ("b", 1)]) == {("a", 1), ("b", 1), ("d", 1)}
