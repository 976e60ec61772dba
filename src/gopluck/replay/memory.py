"""The process's memory as far as the Go runtime looks at it: the `moduledata` of each loaded module.

Addresses are numbers, as in a real process; the load addresses are invented (`Placement`). What depends on them by
chance depends on them in a real process too, so `process.py` replays with two placements where they can matter,
and believes only what both say.
"""

from __future__ import annotations

from typing import Literal

from gopluck.facts.model import Binary
from gopluck.golang.layouts import Layout, layout
from gopluck.golang.records import ModuledataFacts
from gopluck.record import NamedTuple

PAGE = 0x1000
"""Addresses below are nil for the runtime (`runtime/signal_unix.go`, `sigpanic`: `sigcode1() < 0x1000`)."""


class NilDereferenceError(Exception):
    """The runtime reads an address below `PAGE`: a panic that can be recovered."""


class FaultError(Exception):
    """The runtime reads an address that no process has (`sigpanic`), or none that can be had: the process dies."""

    def __init__(self, exact: bool = True) -> None:
        self.exact = exact
        """Whether it certainly dies of the read itself."""


class UnknownMemoryError(Exception):
    """The runtime reads an address whose contents the facts do not hold."""


class Placement(NamedTuple):
    """Where the kernel puts libraries: the first at `first`, each next one `step` bytes lower."""

    first: int
    step: int


PLACEMENTS: dict[int, tuple[Placement, ...]] = {
    8: (Placement(0x7F3A_51C0_1000, 0x0B37_5000), Placement(0x7E84_A63F_E000, 0x0D51_B000)),
    4: (Placement(0xF51C_1000, 0x0137_5000), Placement(0xE63F_E000, 0x0151_B000)),
}
"""Two likely placements by word size; every bit above the page offset differs in one of them or stands for chance."""

LOWEST = 0x10000
"""The kernel maps nothing below (`vm.mmap_min_addr`, as every distribution has it)."""

NOWHERE = 1 << 48
"""No supported 64-bit machine gives a process an address from here on, unless it asks for one."""


class Piece(NamedTuple):
    """Bytes of the process, as they are now."""

    address: int
    bytes: bytearray


class Module(NamedTuple):
    """The `moduledata` of one loaded Go module: where it lies, and its bytes as they are now."""

    binary: Binary
    facts: ModuledataFacts
    pieces: tuple[Piece, ...]
    """The struct first, then what it points at, as far as it is kept."""

    @property
    def address(self) -> int:
        """The address of the module's `moduledata` in the process."""
        return self.pieces[0].address


class Memory:
    """The modules of one process by address. Words are read and written in the byte order of the machine."""

    def __init__(self, word_size: int, byte_order: Literal["little", "big"], placement: Placement) -> None:
        self.word_size = word_size
        self.byte_order = byte_order
        self.placement = placement
        self.modules: list[Module] = []
        self._mask = (1 << (8 * word_size)) - 1

    def load(self, binary: Binary, facts: ModuledataFacts, position_independent: bool) -> Module:
        """Map a module and relocate what is kept of it."""
        bias = self.placement.first - self.placement.step * len(self.modules) if position_independent else 0
        # The loader adds its bias as the machine adds: what is beyond the last address begins again at the first.
        pieces = tuple(Piece((bias + window.address) & self._mask, bytearray(window.data)) for window in facts.memory)
        for piece, window in zip(pieces, facts.memory, strict=True):
            for offset in window.pointers:
                at = piece.address + offset
                self._put(piece, at, (self._get(piece, at) + bias) & self._mask)
        module = Module(binary, facts, pieces)
        self.modules.append(module)
        return module

    def layout_of(self, module: Module) -> Layout:
        """The layout that the module's own runtime uses."""
        return layout(module.facts.layout, self.word_size)

    def module_at(self, address: int) -> Module | None:
        """The module whose `moduledata` starts at the address."""
        return next((m for m in self.modules if m.address == address), None)

    def _holder(self, address: int, size: int) -> Piece:
        for module in self.modules:
            for piece in module.pieces:
                if piece.address <= address and address + size <= piece.address + len(piece.bytes):
                    return piece
        if address < PAGE:
            raise NilDereferenceError(f"{address:#x}")
        if address < LOWEST or (self.word_size == 8 and address >= NOWHERE):
            raise FaultError
        raise UnknownMemoryError(f"{address:#x}")

    def _get(self, piece: Piece, address: int) -> int:
        at = address - piece.address
        return int.from_bytes(piece.bytes[at : at + self.word_size], self.byte_order)

    def _put(self, piece: Piece, address: int, value: int) -> None:
        at = address - piece.address
        piece.bytes[at : at + self.word_size] = value.to_bytes(self.word_size, self.byte_order)

    def word(self, address: int) -> int:
        """The word at an address. Raises `UnknownMemoryError` where it is not kept, and as the runtime would."""
        return self._get(self._holder(address, self.word_size), address)

    def put_word(self, address: int, value: int) -> None:
        """Write a word. Raises as `word` does."""
        self._put(self._holder(address, self.word_size), address, value)

    def byte(self, address: int) -> int:
        """The byte at an address. Raises as `word` does."""
        piece = self._holder(address, 1)
        return piece.bytes[address - piece.address]

    def put_byte(self, address: int, value: int) -> None:
        """Write a byte. Raises as `word` does."""
        piece = self._holder(address, 1)
        piece.bytes[address - piece.address] = value
