"""amd64 machine code as Go's compiler writes it (Intel SDM, volume 2: instruction format, opcode maps)."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.golang.machinecode import FLAGS, MAX_LIKE, MAX_STEPS, SLOT, Convention, Machine, Step, step

AX, CX, DX, BX, SP, BP, SI, DI = range(8)
ARGUMENTS = (AX, BX, CX, DI, SI, 8, 9, 10, 11)
STACK = range(16)
"""Words of arguments and results on the stack that are followed."""

PREFIXES = frozenset((0x66, 0xF0, 0xF2, 0xF3, 0x2E, 0x36, 0x3E, 0x26, 0x64, 0x65))


def _ranges(text: str) -> frozenset[int]:
    """`00-03 63` as a set of opcodes."""
    out: set[int] = set()
    for item in text.split():
        low, _, high = item.partition("-")
        out.update(range(int(low, 16), int(high or low, 16) + 1))
    return frozenset(out)


MODRM = _ranges(" ".join(f"{row:02x}-{row + 3:02x}" for row in range(0, 0x40, 8))) | _ranges(
    "63 69 6b 80 81 83-8b 8d 8f c0 c1 c6 c7 d0-d3 d8-df f6 f7 fe ff"
)
BARE = _ranges("50-5f 90-99 9b-9f a4-a7 aa-af c3 c9 cc f4 f8-fd")
BYTE = _ranges("04 0c 14 1c 24 2c 34 3c 6a 6b 70-7f 80 83 a8 b0-b7 c0 c1 c6 cd e3 eb")
WORD = _ranges("05 0d 15 1d 25 2d 35 3d 68 69 81 a9 c7")
"""Opcodes with 32 bits behind them, 16 with the prefix 66."""

PLAIN = BARE | BYTE | WORD | _ranges("b8-bf e8 e9")
"""Opcodes without a second byte that names operands."""

BARE_0F = _ranges("05 0b 31 77 a2 c8-cf")
IDLE_0F = _ranges("0d 18-1f")
"""Hints and NOPs."""

BYTE_0F = _ranges("70-73 a4 ac ba c2 c4-c6")
NOT_0F = _ranges("04 06 07 0a 0c 0e 0f 24-27 30 32-3f 78-7b a0 a1 a6-aa ff")
"""Opcodes of the second map that Go's compiler and assembler code in Go functions do not have, or nobody has."""

VECTOR_0F = _ranges("10-17 28-2b 2e 2f 51-6f 70-77 7c 7d 7f c2 c6 d0-d6 d8-fe")
"""Opcodes of the second map that write no general register."""

READS = _ranges("38-3d 84 85")
"""Comparisons, which write nothing."""

GROUPS = _ranges("80 81 83 8f c0 c1 c6 c7 d0-d3 d8-df f6 f7 fe ff")
"""Opcodes that have a part of the opcode where others name a register."""

STRINGS = _ranges("a4-a7 aa-af")

CALL = 0xE8


class _UnknownError(Exception):
    """An instruction that is not known."""


class _Instruction:
    """One instruction, taken apart."""

    narrow = vector = False
    rex = 0
    map = 1
    other = -1
    """The register that VEX names besides."""
    reg = rm = base = -1
    """`rm`: the register, if it is one; `base`: that of memory without an index."""
    displacement = 0
    relative = False
    """Whether the memory is at an address that the displacement gives from the end of the instruction."""
    memory = False
    immediate = 0

    def __init__(self, code: bytes, start: int) -> None:
        self._code = code
        self.at = start
        self._prefixes()
        self._operands()

    def _byte(self) -> int:
        self.at += 1
        return self._code[self.at - 1]

    def number(self, size: int) -> int:
        """The next bytes, signed."""
        self.at += size
        if self.at > len(self._code):
            raise _UnknownError
        return int.from_bytes(self._code[self.at - size : self.at], "little", signed=True)

    def _prefixes(self) -> None:
        byte = self._byte()
        while byte in PREFIXES:
            self.narrow = self.narrow or byte == 0x66
            byte = self._byte()
        if byte & 0xF0 == 0x40:
            self.rex = byte & 15
            byte = self._byte()
        self.opcode = byte
        if byte == 0x0F:
            self.map, self.opcode = 2, self._byte()
            if self.opcode in (0x38, 0x3A):
                self.map, self.opcode = (3 if self.opcode == 0x38 else 4), self._byte()
        elif byte in (0xC4, 0xC5, 0x62):
            self._vex(byte)

    def _vex(self, byte: int) -> None:
        """VEX in two or three bytes, EVEX in four: REX inverted, the map, one more register."""
        self.vector = True
        one = self._byte()
        two = one if byte == 0xC5 else self._byte()
        if byte == 0x62:
            self._byte()
        self.map = 2 if byte == 0xC5 else (one & (7 if byte == 0x62 else 31)) + 1
        self.rex = (one >> 5 & 7 if byte != 0xC5 else one >> 5 & 4) ^ (7 if byte != 0xC5 else 4)
        self.other = ~two >> 3 & 15
        self.opcode = self._byte()
        if self.map not in (2, 3, 4):
            raise _UnknownError

    def _operands(self) -> None:
        opcode = self.opcode
        size = 0
        if self.map == 1:
            if opcode in MODRM:
                self._modrm()
            elif opcode not in PLAIN:
                raise _UnknownError
            size = 1 if opcode in BYTE else (2 if self.narrow else 4) if opcode in WORD else 0
            if opcode & 0xF8 == 0xB8:
                size = 8 if self.rex & 8 else 2 if self.narrow else 4
            elif opcode in (CALL, 0xE9):
                size = 4
            elif opcode in (0xF6, 0xF7) and self.reg & 7 < 2:
                size = 1 if opcode == 0xF6 else 2 if self.narrow else 4
        elif self.map == 2 and opcode & 0xF0 == 0x80 and not self.vector:
            size = 4
        elif self.map == 2:
            if opcode in NOT_0F:
                raise _UnknownError
            if opcode not in BARE_0F or (self.vector and opcode != 0x77):
                self._modrm()
            size = 1 if opcode in BYTE_0F else 0
        else:
            self._modrm()
            size = 1 if self.map == 4 else 0
        if size:
            self.immediate = self.number(size)

    def _modrm(self) -> None:
        byte = self._byte()
        mode, low = byte >> 6, byte & 7
        self.reg = byte >> 3 & 7 | (self.rex & 4) << 1
        if mode == 3:
            self.rm = low | (self.rex & 1) << 3
            return
        self.memory = True
        if low == 4:
            sib = self._byte()
            low = sib & 7
            if sib >> 3 & 7 == 4 and not self.rex & 2 and not (low == 5 and mode == 0):
                self.base = low | (self.rex & 1) << 3
        elif low == 5 and mode == 0:
            self.relative = True
        else:
            self.base = low | (self.rex & 1) << 3
        if mode == 1:
            self.displacement = self.number(1)
        elif mode == 2 or (mode == 0 and low == 5):
            self.displacement = self.number(4)

    # -- what it does ---------------------------------------------------------------------------------------------

    @property
    def wide(self) -> bool:
        """Whether it works on 64 bits."""
        return bool(self.rex & 8)

    @property
    def slot(self) -> int:
        """The location of its operand in memory, if that is a stack slot."""
        return SLOT + self.displacement if self.memory and self.base == SP else -1

    @property
    def place(self) -> int:
        """The location of the operand that can be a register or a stack slot."""
        return self.rm if not self.memory else self.slot


def decode(code: bytes, address: int) -> list[Step] | None:
    """The steps of a function; None when an instruction is not known."""
    out: list[Step] = []
    at = 0
    try:
        while at < len(code):
            if len(out) >= MAX_STEPS:
                return None
            one = _Instruction(code, at)
            if one.at > len(code):
                return None
            out.append(_step(one, address + at, address + one.at))
            at = one.at
    except (_UnknownError, IndexError):
        return None
    return out


def _step(one: _Instruction, pc: int, end: int) -> Step:
    opcode = one.opcode
    if one.map == 1 and not one.vector:
        return _jump(one, pc, end) or _move(one, pc, end) or step(pc, "other", kills=tuple(_writes(one)))
    if one.map == 2 and not one.vector:
        if opcode & 0xF0 == 0x80:
            return step(pc, "branch", value=end + one.immediate)
        if opcode == 0x0B:
            return step(pc, "end")
        if opcode & 0xF0 == 0x40 and one.place >= 0:
            return step(pc, "select", one.reg, one.place, opcode & 15, (one.reg,))
    return step(pc, "other", kills=tuple(_other_map(one)))


def _jump(one: _Instruction, pc: int, end: int) -> Step | None:
    opcode, kind = one.opcode, one.reg & 7
    if opcode == CALL:
        return step(pc, "call", value=end + one.immediate)
    if opcode in (0xE9, 0xEB):
        return step(pc, "jump", value=end + one.immediate)
    if opcode & 0xF0 == 0x70 or opcode == 0xE3:
        return step(pc, "branch", value=end + one.immediate)
    if opcode == 0xFF and kind in (2, 4):
        return step(pc, "call" if kind == 2 else "indirect")
    return step(pc, "end") if opcode in (0xC3, 0xCC, 0xF4) else None


def _move(one: _Instruction, pc: int, end: int) -> Step | None:
    """What moves a constant or a whole word; LEA; comparisons of words."""
    opcode, place = one.opcode, one.place
    if opcode == 0x8D and one.wide:
        if one.relative:
            return step(pc, "const", one.reg, value=end + one.displacement, kills=(one.reg,))
        if one.base >= 0 and one.base != SP:
            return step(pc, "add", one.reg, one.base, one.displacement, (one.reg,))
    elif opcode == 0x8B and (one.wide or not one.memory):
        if place >= 0:
            return step(pc, "copy", one.reg, place, kills=(one.reg,))
        if one.base >= 0:
            return step(pc, "load", one.reg, one.base, one.displacement, (one.reg,))
    elif opcode == 0x89 and (one.wide or not one.memory) and place >= 0:
        return step(pc, "copy", place, one.reg, kills=(place,))
    elif opcode & 0xF8 == 0xB8:
        to = opcode & 7 | (one.rex & 1) << 3
        mask = (1 << 64) - 1 if one.wide else (1 << 32) - 1
        return step(pc, "const", to, value=one.immediate & mask, kills=(to,))
    elif opcode == 0xC7 and one.wide and place >= 0:
        return step(pc, "const", place, value=one.immediate & (1 << 64) - 1, kills=(place,))
    elif opcode in (0x31, 0x33) and one.rm == one.reg:
        return step(pc, "const", one.reg, kills=(one.reg, FLAGS))
    elif opcode in (0x39, 0x3B) and one.wide and place >= 0:
        return step(pc, "compare", one.reg, place)
    elif opcode in (0x81, 0x83) and one.wide and one.rm == SP and one.reg in (0, 5):
        return step(pc, "frame", SP, value=-one.immediate if one.reg else one.immediate, kills=(SP,))
    return None


def _writes(one: _Instruction) -> Iterator[int]:
    """Locations that an instruction of the first map may write."""
    opcode, kind = one.opcode, one.reg & 7
    low = opcode & 7 | (one.rex & 1) << 3
    if opcode in READS or (opcode in (0x80, 0x81, 0x83) and kind == 7) or (opcode in (0xF6, 0xF7) and kind < 2):
        return
    if opcode in MODRM:
        written = opcode not in (0x8A, 0x8B, 0x8D, 0x63, 0x69, 0x6B) and not (opcode < 0x40 and opcode & 2)
        if opcode not in GROUPS and (not written or opcode in (0x86, 0x87)):
            yield one.reg
        if written:
            yield from _place(one)
        if opcode in (0xF6, 0xF7) and kind >= 4:
            yield from (AX, DX)
    elif opcode & 0xF8 in (0x58, 0x90, 0xB0) and opcode != 0x90:
        yield low
        yield from (AX,) if opcode & 0xF8 == 0x90 else ()
    elif opcode in (0x98, 0x99) or opcode < 0x40:
        yield from (AX, DX)
    elif opcode in STRINGS:
        yield from (AX, CX, SI, DI)


def _place(one: _Instruction) -> Iterator[int]:
    """The operand that is written: of a stack slot the next one, too, because vectors are wider."""
    if one.place >= 0:
        yield one.place
        if one.memory:
            yield one.place + 8


def _other_map(one: _Instruction) -> Iterator[int]:
    """Locations that an instruction of another map, or one with VEX, may write."""
    if one.map == 2 and not one.vector and one.opcode in BARE_0F:
        yield from (AX, BX, CX, DX) if one.opcode in (0x31, 0xA2) else ()
        yield from (one.opcode & 7 | (one.rex & 1) << 3,) if one.opcode >= 0xC8 else ()
        return
    if one.map == 2 and one.opcode in IDLE_0F:
        return
    if one.memory:
        yield from _place(one)
    if one.map == 2 and one.opcode in VECTOR_0F:
        return
    yield from (one.reg, one.rm, one.other, *((AX, DX) if one.opcode in (0xB0, 0xB1, 0xC7) else ()))


def callers(code: bytes, address: int, target: int) -> Iterator[int]:
    """The addresses in code at which a call of a function may begin: in a stretch of 64 KB all have two bytes alike."""
    last = target - 5 - address
    room = MAX_LIKE
    for high in range(last - len(code) >> 16, (last >> 16) + 1):
        needle = (high & 0xFFFF).to_bytes(2, "little")
        start, stop = last - (high + 1 << 16) + 1, last - (high << 16) + 1
        at = code.find(needle, max(0, start) + 3, max(0, stop) + 4)
        while at >= 0 and room:
            room -= 1
            begin = at - 3
            distance = int.from_bytes(code[begin + 1 : begin + 5], "little", signed=True)
            if code[begin] == CALL and begin + distance == last:
                yield address + begin
            at = code.find(needle, at + 1, max(0, stop) + 4)


MACHINE = Machine(
    decode,
    callers,
    Convention(ARGUMENTS, ARGUMENTS),
    # The return address lies between.
    Convention(tuple(SLOT + 8 * word for word in STACK), tuple(SLOT + 8 + 8 * word for word in STACK)),
)
