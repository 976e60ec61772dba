"""Where a value of a Go function comes from, and what becomes of one, over all ways through its machine code."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sized

from gopluck.golang.machinecode import FLAGS, SLOT, Code, Step
from gopluck.record import NamedTuple

MAX_STATES = 1 << 12
"""Places in a function, with what is known there, that are looked at for one question."""

MAX_ALL_STATES = 1 << 16
"""The same for all questions about a program."""

WORD = (1 << 64) - 1


class Value(NamedTuple):
    """A constant, or what is in a location (`added` to it)."""

    location: int
    """-1: of a constant."""
    added: int = 0


Values = tuple[Value, ...]


Choice = tuple[int, bool] | None
"""A condition, and whether it was met."""

QUIET = ("const", "add", "copy", "load", "select")
"""Steps that leave the flags as they are."""


class Held(NamedTuple):
    """The locations that hold the type word of an interface value, and those that hold the address of the value."""

    words: frozenset[int]
    places: frozenset[int] = frozenset()


class Flow:
    """Answers questions about values, as many as are allowed.

    `changed`: the locations from which on a call leaves nothing as it is, and up to which, exclusive.
    """

    def __init__(self, changed: Callable[[Code, Step], range]) -> None:
        self._left = MAX_ALL_STATES
        self._changed = changed

    def _more(self, seen: Sized) -> bool:
        self._left -= 1
        return len(seen) <= MAX_STATES and self._left >= 0

    def origins(self, code: Code, index: int, locations: tuple[int, ...]) -> set[Values | None]:
        """What the locations hold before a step, by each way that leads there, all of them together.

        A location that is left is one at the function's start. None: something that is computed, or not known.
        """
        found: set[Values | None] = set()
        seen: set[object] = set()
        todo: list[tuple[int, Values, Choice]] = [(index, tuple(map(Value, locations)), None)]
        while todo:
            at, values, choice = state = todo.pop()
            if state in seen:
                continue
            seen.add(state)
            if at == 0 or all(value.location < 0 for value in values):
                found.add(values)
                continue
            sources = code.before(at)
            more = self._more(seen)
            if not more or (code.scattered and sources != [at - 1]):
                found.add(None)
            # Without sources it is padding behind a jump, which nothing leads to.
            for source in sources if more else ():
                step = code.steps[source]
                lost = self._changed(code, step) if step.kind == "call" else ()
                for chosen, taken in _choices(step, values, choice):
                    before = [_before(step, value, taken, lost) for value in values]
                    known = tuple(value for value in before if value is not None)
                    if len(known) == len(values):
                        todo.append((source, known, chosen))
                    else:
                        found.add(None)
        return found or {None}

    def follow(self, code: Code, index: int, held: Held, uses: Callable[[int, Step, frozenset[int]], None]) -> None:
        """Call `uses` for each step that has the type word in a location, from a step on."""
        seen: set[object] = set()
        todo = [(index, held)]
        while todo and self._more(seen):
            at, now = state = todo.pop()
            if state in seen or not (now.words or now.places):
                continue
            seen.add(state)
            step = code.steps[at]
            if now.words:
                uses(at, step, now.words)
            after = _after(step, now, self._changed(code, step) if step.kind == "call" else ())
            # At the start the function begins anew (`runtime.morestack`, which code seems to run into after a panic).
            todo.extend((following, after) for following in code.after(at) if following)


def _choices(step: Step, values: Values, choice: Choice) -> list[tuple[Choice, bool]]:
    """The condition that is known before a step, with whether the step copies: both ways where nothing decides."""
    if step.kind not in QUIET or FLAGS in step.kills:
        return [(None, False)]
    if step.kind != "select" or all(value.location != step.to for value in values):
        return [(choice, False)]
    condition, opposite = step.value >> 1, bool(step.value & 1)
    if choice is not None and choice[0] == condition:
        return [(choice, choice[1] != opposite)]
    return [((condition, taken != opposite), taken) for taken in (False, True)]


def _before(step: Step, value: Value, taken: bool, lost: Container[int]) -> Value | None:
    """What a value is, in terms of what is there before a step."""
    if value.location < 0:
        return value
    if step.kind == "frame" and value.location >= SLOT:
        moved = value.location + step.value
        return Value(moved, value.added) if moved >= SLOT else None
    if step.to == value.location:
        if step.kind == "const":
            return Value(-1, step.value + value.added & WORD)
        if step.kind in ("copy", "add"):
            return Value(step.source, (step.value if step.kind == "add" else 0) + value.added)
        if step.kind == "select":
            return Value(step.source, value.added) if taken else value
    return None if value.location in step.kills or value.location in lost else value


def _after(step: Step, held: Held, lost: Container[int]) -> Held:
    words, places = (set(_kept(step, group, lost)) for group in held)
    if step.kind in ("copy", "select"):
        words.update((step.to,) if step.source in held.words else ())
        places.update((step.to,) if step.source in held.places else ())
    elif step.kind == "load" and step.value == 0 and step.source in held.places:
        words.add(step.to)
    return Held(frozenset(words), frozenset(places))


def _kept(step: Step, group: frozenset[int], lost: Container[int]) -> Iterator[int]:
    kept = (one for one in group if one not in step.kills and one not in lost)
    if step.kind != "frame":
        return kept
    moved = (one - step.value if one >= SLOT else one for one in kept)
    return (one for one in moved if one < FLAGS or one >= SLOT)
