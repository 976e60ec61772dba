"""The process's memory as far as the Go runtime looks at it: the `moduledata` of each loaded module.

Addresses are numbers, as in a real process; the load addresses are invented (`Placement`). What depends on them by
chance depends on them in a real process too, so `process.py` replays with two placements and believes only what both
say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from gopluck.facts.model import Binary, ModuledataFacts
from gopluck.golang.layouts import Layout, layout

PAGE = 0x1000
"""Addresses below are nil for the runtime (`runtime/signal_unix.go`, `sigpanic`: `sigcode1() < 0x1000`)."""


class NilDereferenceError(Exception):
    """The runtime reads an address below `PAGE`: a panic that can be recovered."""


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

POINTERS_BEYOND = 1 << 47
"""Below the top of the smallest 64-bit user address space of the supported machines."""


@dataclass(slots=True)
class Module:
    """The `moduledata` of one loaded Go module: where it lies, and its bytes as they are now."""

    binary: Binary
    facts: ModuledataFacts
    bias: int
    bytes: bytearray

    @property
    def address(self) -> int:
        """The address of the module's `moduledata` in the process."""
        return self.bias + self.facts.address


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
        window = facts.memory[0]
        module = Module(binary, facts, bias, bytearray(window.data))
        for offset in window.pointers:
            at = module.address + offset
            self._put(module, at, (self._get(module, at) + bias) & self._mask)
        self.modules.append(module)
        return module

    def layout_of(self, module: Module) -> Layout:
        """The layout that the module's own runtime uses."""
        return layout(module.facts.layout, self.word_size)

    def module_at(self, address: int) -> Module | None:
        """The module whose `moduledata` starts at the address."""
        return next((m for m in self.modules if m.address == address), None)

    def _holder(self, address: int, size: int) -> Module:
        for module in self.modules:
            if module.address <= address and address + size <= module.address + len(module.bytes):
                return module
        if address < PAGE:
            raise NilDereferenceError(f"{address:#x}")
        raise UnknownMemoryError(f"{address:#x}")

    def _get(self, module: Module, address: int) -> int:
        at = address - module.address
        return int.from_bytes(module.bytes[at : at + self.word_size], self.byte_order)

    def _put(self, module: Module, address: int, value: int) -> None:
        at = address - module.address
        module.bytes[at : at + self.word_size] = value.to_bytes(self.word_size, self.byte_order)

    def word(self, address: int) -> int:
        """The word at an address. Raises `NilDereferenceError`, or `UnknownMemoryError` outside the kept memory."""
        return self._get(self._holder(address, self.word_size), address)

    def put_word(self, address: int, value: int) -> None:
        """Write a word. Raises as `word` does."""
        self._put(self._holder(address, self.word_size), address, value)

    def byte(self, address: int) -> int:
        """The byte at an address. Raises as `word` does."""
        module = self._holder(address, 1)
        return module.bytes[address - module.address]

    def put_byte(self, address: int, value: int) -> None:
        """Write a byte. Raises as `word` does."""
        module = self._holder(address, 1)
        module.bytes[address - module.address] = value
