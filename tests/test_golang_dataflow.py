"""Values in the code of a function of Go 1.15, where arguments and results lie on the stack.

The code is that of `reused` (`fixtures/scenarios/oldlookups.py`), which Go 1.15.15 compiled with `-N -l`.
"""

from __future__ import annotations

from gopluck.golang import amd64
from gopluck.golang.dataflow import Flow, Held, Value
from gopluck.golang.machinecode import SLOT, Code, Step

START = 0x56D1A0
REUSED = bytes.fromhex(
    "64488b0c25f8ffffff488d4424f8483b41100f86600100004881ec880000004889ac2480000000488dac24800000000f57c0"
    "0f118424980000000f57c00f11442470488b84249000000048890424488d05575a0300488944240848c744241006000000e8"
    "3898ffff488b442428488b4c2430488944247048894c2478488944244048894c244848837c2440007502eb2a488b44244048"
    "8b4c2448488984249800000048898c24a0000000488bac24800000004881c488000000c3488b84249000000048890424e8d5"
    "000000488b442410488b4c240848894c24604889442468488944243848890424488d0562540300488944240848c744241001"
    "0000000f1f00e83bfeffff488b442418488b54242048894424504889542458488d0de01701004839c17402eb36488d052454"
    "03004889042448c744240801000000488b026690ffd00f57c00f11842498000000488bac24800000004881c488000000c348"
    "89042448894c2408488d05d37301004889442410e829f7f0ff90e8c3aef6ff0f1f00e97bfeffff"
)
LOOKUP, OTHER = 0x56D203, 0x56D2A0
"""Where it calls `Lookup`, and a function with as many arguments."""

ARGUMENTS = {LOOKUP: 56, 0x56D266: 24, OTHER: 40}
"""Bytes of the arguments and results of what is called (`_func.args`)."""


def code() -> Code:
    steps = amd64.decode(REUSED, START)
    assert steps is not None
    return Code(steps)


def changed(code: Code, step: Step) -> range:
    return range(SLOT + ARGUMENTS.get(step.pc, code.frame))


def at(code: Code, pc: int) -> int:
    return [step.pc for step in code.steps].index(pc)


def compared(call: int) -> list[int]:
    """Where the first result after three words of arguments is compared with something."""
    found: list[int] = []

    def uses(_: int, step: Step, words: frozenset[int]) -> None:
        if step.kind == "compare" and words & {step.to, step.source}:
            found.append(step.pc)

    Flow(changed).follow(one := code(), at(one, call) + 1, Held(frozenset((SLOT + 24,))), uses)
    return found


def test_the_name_that_is_passed_is_found_on_the_stack() -> None:
    one = code()
    name = (Value(-1, 0x56D1F5 + 0x35A57), Value(-1, len("Reused")))
    assert Flow(changed).origins(one, at(one, LOOKUP), (SLOT + 8, SLOT + 16)) == {name}


def test_a_parameter_is_found_above_the_functions_own_part_of_the_stack() -> None:
    one = code()
    assert one.frame == 0x88
    # At the start the return address is at 0(SP), the first parameter behind it.
    assert Flow(changed).origins(one, at(one, LOOKUP), (SLOT,)) == {(Value(SLOT + 8),)}
    assert Flow(changed).origins(one, at(one, LOOKUP), (SLOT + 24,)) == {None}


def test_what_a_later_call_leaves_in_the_same_place_is_not_what_was_looked_up() -> None:
    assert compared(LOOKUP) == []
    assert compared(OTHER) == [0x56D2C0]


def test_a_call_without_known_arguments_leaves_nothing_on_the_functions_own_part_of_the_stack() -> None:
    one = code()
    after = at(one, 0x56D2E2)
    flow = Flow(changed)
    assert flow.origins(one, after, (SLOT + 0x38,)) == {None}
    assert flow.origins(one, after, (SLOT + 0x90,)) == {(Value(SLOT + 8),)}
