"""Machine code of one Go function as a list of small steps, and where its jumps lead.

Own decoders (`amd64`, `arm64`), for three questions only: which constant is in a register, whose copy is it, and what
is compared with what. A disassembler answers thousands, is a compiled dependency, and none of the answers is in the
form that is needed here. What a decoder does not know makes the whole function unknown, never another value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property

from gopluck.record import NamedTuple

SLOT = 1 << 10
"""Location of the stack slot at SP + 0; registers are below it, by their number in the machine."""

FLAGS = SLOT - 1
"""Location of the flags: named where a step that moves a constant changes them."""

MAX_LIKE = 1 << 17
"""Places that look like a call, of those that are looked at in a piece of code."""

MAX_STEPS = 1 << 14
"""Steps of one function; Go's longest have more, and nobody looks symbols up in them."""


class Step(NamedTuple):
    """One instruction, or one of two that an instruction does."""

    pc: int
    kind: str
    """`const`, `add`, `copy`, `select` (a copy under a condition), `load`, `compare`, `call`, `jump`, `branch` (a jump
    that may not be taken), `indirect` (a jump to a computed place), `frame` (the stack pointer is moved), `end`
    (nothing follows), or `other`."""
    to: int = -1
    """The location that is written, or the first one that is compared."""
    source: int = -1
    """The location that is read: the base of a `load`, the second one that is compared."""
    value: int = 0
    """The constant, what is added (to the stack pointer, too), the distance from the base, the condition, where a call
    or jump leads (0: computed).

    Conditions that differ in their lowest bit are each other's opposite."""
    kills: tuple[int, ...] = ()
    """Locations that hold something else afterwards."""


def step(pc: int, kind: str, to: int = -1, source: int = -1, value: int = 0, kills: tuple[int, ...] = ()) -> Step:
    """A `Step`, made four times faster where values are named."""
    return Step._make((pc, kind, to, source, value, kills))


class Convention(NamedTuple):
    """Where a function's arguments are, in words: `ABIInternal` or `ABI0` of a machine."""

    arguments: tuple[int, ...]
    """Their locations where it is called; when it returns, its results are there (on the stack: behind them)."""
    parameters: tuple[int, ...]
    """The same at its start, and when it returns."""

    @property
    def on_stack(self) -> bool:
        """Whether calls change the stack slots of the arguments."""
        return self.arguments[0] >= SLOT

    def result(self, words: int) -> int:
        """Where the first result of a function is that has so many words of arguments."""
        return self.arguments[words if self.on_stack else 0]

    def returned(self, held: frozenset[int]) -> frozenset[int]:
        """Of what a function holds at its end: where its caller has it, as far as it can be the first result."""
        pairs = list(zip(self.parameters, self.arguments, strict=True))
        return frozenset(
            argument for parameter, argument in (pairs if self.on_stack else pairs[:1]) if parameter in held
        )


class Machine(NamedTuple):
    """How Go uses a machine."""

    decode: Callable[[bytes, int], list[Step] | None]
    """The steps of a function's code at an address; None when one is not known."""
    callers: Callable[[bytes, int, int], Iterator[int]]
    """Where a function is called, in code at an address; bytes that only look like a call may be among them."""
    registers: Convention
    stack: Convention | None = None
    """That of older releases, where it is known."""


class Code:
    """The steps of a function, with the ways between them."""

    def __init__(self, steps: list[Step]) -> None:
        self.steps = steps
        self._at: Mapping[int, int] = {step.pc: index for index, step in reversed(list(enumerate(steps)))}

    @cached_property
    def scattered(self) -> bool:
        """Whether a jump leads to a place that is computed."""
        return any(step.kind == "indirect" for step in self.steps)

    @cached_property
    def frame(self) -> int:
        """Bytes of the function's own part of the stack."""
        return -min((step.value for step in self.steps if step.kind == "frame"), default=0)

    @cached_property
    def _sources(self) -> Mapping[int, list[int]]:
        """The jumps to each step."""
        out: dict[int, list[int]] = {}
        for index, step in enumerate(self.steps):
            if step.kind in ("jump", "branch") and (to := self._at.get(step.value)) is not None:
                out.setdefault(to, []).append(index)
        return out

    @cached_property
    def orphans(self) -> list[int]:
        """The steps that only a computed jump can lead to."""
        return [index for index in range(1, len(self.steps)) if not self.before(index)]

    def before(self, index: int) -> list[int]:
        """The steps after which this one can come."""
        falls = index > 0 and self.steps[index - 1].kind not in ("jump", "indirect", "end")
        return [*([index - 1] if falls else ()), *self._sources.get(index, ())]

    def after(self, index: int) -> list[int]:
        """The steps that can come after this one."""
        step = self.steps[index]
        if step.kind == "indirect":
            return self.orphans
        out = [] if step.kind in ("jump", "end") or index + 1 == len(self.steps) else [index + 1]
        if step.kind in ("jump", "branch") and (to := self._at.get(step.value)) is not None:
            out.append(to)
        return out
