"""`gopluck.record` beside what it stands for: `typing.NamedTuple` and `enum.StrEnum`."""

from __future__ import annotations

import copy
import enum
import json
import pickle
import typing
from collections.abc import Callable
from typing import Any

import pytest

from gopluck import record


class Own(record.NamedTuple):
    one: int
    two: str = "2"
    three: tuple[int, ...] = ()


class Theirs(typing.NamedTuple):
    one: int
    two: str = "2"
    three: tuple[int, ...] = ()


class OwnWord(record.StrEnum):
    FIRST = "first-word"
    SECOND_WORD = record.auto()


class TheirWord(enum.StrEnum):
    FIRST = "first-word"
    SECOND_WORD = enum.auto()


MADE: dict[str, Callable[[Any], Any]] = {
    "all by place": lambda kind: kind(1, "b", (3,)),
    "some by place": lambda kind: kind(1),
    "by name": lambda kind: kind(three=(1,), one=4),
    "mixed": lambda kind: kind(1, three=(1,)),
    "changed": lambda kind: kind(1)._replace(two="x", three=(9,)),
    "none": lambda kind: kind(),
    "too many": lambda kind: kind(1, "b", (), 4),
    "twice": lambda kind: kind(1, one=1),
    "unknown name": lambda kind: kind(1, four=1),
    "lacking by name": lambda kind: kind(two="x"),
    "unknown change": lambda kind: kind(1)._replace(four=1),
}


@pytest.mark.parametrize("made", MADE)
def test_a_record_is_made_as_typing_makes_it(made: str) -> None:
    def outcome(kind: type) -> object:
        try:
            return tuple(MADE[made](kind))
        except (TypeError, ValueError):
            return "an error"

    assert outcome(Own) == outcome(Theirs)
    if outcome(Own) != "an error":
        own, theirs = MADE[made](Own), MADE[made](Theirs)
        assert repr(own).removeprefix("Own") == repr(theirs).removeprefix("Theirs")
        assert own._asdict() == theirs._asdict()
        assert pickle.loads(pickle.dumps(own)) == own == copy.deepcopy(own)


def test_words_are_as_those_of_enum() -> None:
    assert [repr(word) for word in OwnWord] == [repr(word).replace("Their", "Own") for word in TheirWord]
    for own, theirs in zip(OwnWord, TheirWord, strict=True):
        assert [own, f"{own}", own.name, own.value] == [theirs, f"{theirs}", theirs.name, theirs.value]
        assert json.dumps([own]) == json.dumps([theirs])
        assert OwnWord(theirs.value) is own is copy.deepcopy(own) is pickle.loads(pickle.dumps(own))
        assert {own: 1}[theirs.value] == 1  # type: ignore[index]
    assert [*OwnWord.__members__] == [*TheirWord.__members__]
    for kind in (OwnWord, TheirWord):
        assert len(kind) == 2
        assert kind["FIRST"] is kind("first-word")
        assert kind["FIRST"] in kind
        with pytest.raises(ValueError, match="'third' is not a valid"):
            kind("third")
        with pytest.raises(KeyError, match="THIRD"):
            kind["THIRD"]
    assert TheirWord.FIRST not in OwnWord
