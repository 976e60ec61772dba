"""arm64 machine code as Go's compiler writes it (Arm Architecture Reference Manual, C4)."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from gopluck.elf.numbers import numbers
from gopluck.golang.machinecode import MAX_LIKE, MAX_STEPS, SLOT, Convention, Machine, Step, step

SP = ZERO = 31
"""One number: which of the two is meant depends on the instruction."""


def decode(code: bytes, address: int) -> list[Step] | None:
    """The steps of a function."""
    words: array[int] = numbers(code, 4, "<")
    if len(words) > MAX_STEPS:
        return None
    return [step for index, word in enumerate(words) for step in _steps(word, address + 4 * index)]


def _signed(value: int, bits: int) -> int:
    """The lowest bits as a number with a sign."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def _steps(word: int, pc: int) -> Iterator[Step]:
    jump = _jump(word, pc)
    if jump is not None:
        yield jump
    elif word & 0x0A000000 == 0x08000000:
        yield from _memory(word, pc)
    elif word & 0xFFE00C00 == 0x9A800000:
        yield from _select(word, pc)
    else:
        yield _move(word, pc)


def _select(word: int, pc: int) -> Iterator[Step]:
    """CSEL."""
    to, first, second, condition = word & 31, word >> 5 & 31, word >> 16 & 31, word >> 12 & 15
    if ZERO in (first, second):
        yield step(pc, "other", kills=(to,))
    elif to == first:
        yield step(pc, "select", to, second, condition ^ 1, (to,))
    else:
        yield step(pc, "copy", to, second, kills=(to,))
        yield step(pc, "select", to, first, condition, (to,))


def _jump(word: int, pc: int) -> Step | None:
    if word & 0x7C000000 == 0x14000000:
        to = pc + 4 * _signed(word, 26)
        return step(pc, "call" if word >> 31 else "jump", value=to)
    if word & 0xFF000000 == 0x54000000 or word & 0x7E000000 == 0x34000000:
        return step(pc, "branch", value=pc + 4 * _signed(word >> 5, 19))
    if word & 0x7E000000 == 0x36000000:
        return step(pc, "branch", value=pc + 4 * _signed(word >> 5, 14))
    if word & 0xFFFFFC1F == 0xD63F0000:
        return step(pc, "call")
    if word & 0xFFFFFC1F == 0xD61F0000:
        return step(pc, "indirect")
    # RET, BRK, UDF.
    ends = word & 0xFFFFFC1F == 0xD65F0000 or word & 0xFFE0001F == 0xD4200000 or word < 1 << 16
    return step(pc, "end") if ends else None


def _move(word: int, pc: int) -> Step:
    """Data processing."""
    to, first, second = word & 31, word >> 5 & 31, word >> 16 & 31
    if word & 0x1F000000 == 0x10000000:
        offset = _signed((word >> 5 & 0x7FFFF) << 2 | word >> 29 & 3, 21)
        value = (pc & ~0xFFF) + (offset << 12) if word >> 31 else pc + offset
        return step(pc, "const", to, value=value, kills=(to,))
    if word & 0xFF800000 == 0x91000000 and SP not in (to, first):
        return step(pc, "add", to, first, (word >> 10 & 0xFFF) << (12 if word >> 22 & 1 else 0), (to,))
    if word & 0x7F800000 == 0x52800000:
        return step(pc, "const", to, value=(word >> 5 & 0xFFFF) << (16 * (word >> 21 & 3)), kills=(to,))
    if word & 0x7FE0FFE0 == 0x2A0003E0:
        if second == ZERO:
            return step(pc, "const", to, kills=(to,))
        return step(pc, "copy", to, second, kills=(to,))
    if word & 0x7F800000 == 0x32000000 and first == ZERO and (run := _mask(word)) is not None:
        return step(pc, "const", to, value=run, kills=(to,))
    if word & 0xFFE0FC1F == 0xEB00001F:
        return step(pc, "compare", first, second)
    return step(pc, "other", kills=(to,))


def _mask(word: int) -> int | None:
    """The immediate of a logical instruction: a run of ones, rotated, repeated (`DecodeBitMasks`)."""
    wide, rotation, ones = word >> 22 & 1, word >> 16 & 63, word >> 10 & 63
    size = 1 << (wide << 6 | ~ones & 63).bit_length() - 1
    if size < 2 or (wide and not word >> 31):
        return None
    rotation, ones = rotation & (size - 1), ones & (size - 1)
    run = (1 << ones + 1) - 1
    element = (run >> rotation | run << (size - rotation)) & (1 << size) - 1
    return sum(element << at for at in range(0, 64 if word >> 31 else 32, size))


def _memory(word: int, pc: int) -> Iterator[Step]:
    """Loads and stores."""
    to, base = word & 31, word >> 5 & 31
    vector = word >> 26 & 1
    if word & 0x3A000000 == 0x28000000:
        yield from _pair(word, pc)
    elif word & 0x3B000000 == 0x39000000 or word & 0x3B200C00 == 0x38000000:
        load = word >> 22 & 3 and not vector
        scaled = word & 0x01000000
        offset = (word >> 10 & 0xFFF) * 8 if scaled else _signed(word >> 12, 9)
        if word >> 30 == 3 and not vector and word >> 22 & 3 in (0, 1):
            yield _word(pc, to, base, offset, bool(load))
        else:
            # Of another size: its place on the stack may be any.
            yield step(pc, "other", kills=(to,) if load else ())
    elif word & 0x3B000000 == 0x18000000:
        yield step(pc, "other", kills=() if vector else (to,))
    elif word & 0x3F000000 == 0x08000000:
        # Exclusive, acquire, release.
        yield step(pc, "other", kills=(to, word >> 10 & 31, word >> 16 & 31))
    else:
        # Without bit 21 the base changes; with it, a store is what has an index and no bit 22 or 23.
        changed = () if word >> 21 & 1 else (base,)
        kept = vector or word & 0x00E00C00 == 0x00200800
        yield step(pc, "other", kills=changed if kept else (*changed, to))


def _word(pc: int, to: int, base: int, offset: int, load: bool) -> Step:
    """A whole word between a register and memory."""
    slot = SLOT + offset
    if load:
        kind = "copy" if base == SP else "load"
        return step(pc, kind, to, slot if base == SP else base, 0 if base == SP else offset, (to,))
    if base != SP:
        return step(pc, "other")
    if to == ZERO:
        return step(pc, "const", slot, kills=(slot,))
    return step(pc, "copy", slot, to, kills=(slot,))


def _pair(word: int, pc: int) -> Iterator[Step]:
    """LDP, STP."""
    one, two, base = word & 31, word >> 10 & 31, word >> 5 & 31
    load, vector, offset = bool(word >> 22 & 1), word >> 26 & 1, 8 * _signed(word >> 15, 7)
    if word >> 23 & 3 != 2 or vector or word >> 30 != 2:
        slots = (SLOT + offset, SLOT + offset + 8) if base == SP else ()
        yield step(pc, "other", kills=(base, *slots, *(() if vector else (one, two))))
        return
    rows = [(one, offset), (two, offset + 8)]
    # A register that is both base and result is written last.
    for register, at in reversed(rows) if one == base else rows:
        yield _word(pc, register, base, at, load)


def callers(code: bytes, address: int, target: int) -> Iterator[int]:
    """The addresses in code at which a function is called: in a stretch of 256 KB all have two bytes alike."""
    last = target - address
    room = MAX_LIKE
    for high in range(last - len(code) >> 18, (last >> 18) + 1):
        needle = (0x9400 | high & 0x3FF).to_bytes(2, "little")
        start, stop = max(0, last - (high + 1 << 18) + 1), max(0, last - (high << 18) + 1)
        at = code.find(needle, start + 2, stop + 3)
        while at >= 0 and room:
            room -= 1
            begin = at - 2
            if not begin & 3 and begin + 4 * _signed(int.from_bytes(code[begin : begin + 4], "little"), 26) == last:
                yield address + begin
            at = code.find(needle, at + 1, stop + 3)


REGISTERS = tuple(range(16))

MACHINE = Machine(decode, callers, Convention(REGISTERS, REGISTERS))
