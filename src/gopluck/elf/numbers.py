"""Many numbers at a time, as an `array`; and unsigned LEB128, as pc-value tables and coverage meta-data have it."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Collection, Iterator

_CODES = {1: "B", 2: "H", 4: "I", 8: "Q"}
_NATIVE = "<" if sys.byteorder == "little" else ">"


def numbers(data: bytes, size: int, byte_order: str) -> array[int]:
    """Unsigned numbers of 1, 2, 4 or 8 bytes; without a last one that is cut."""
    cells = array(_CODES[size], data if len(data) % size == 0 else data[: len(data) // size * size])
    if byte_order != _NATIVE:
        cells.byteswap()
    return cells


def many(read: Callable[[array[int]], int], count: int, size: int, byte_order: str) -> array[int]:
    """The same of a large table that `read` puts where the numbers are to be, as far as it goes; its bytes are told."""
    cells = array(_CODES[size], (0,)) * count
    del cells[read(cells) // size :]
    if byte_order != _NATIVE:
        cells.byteswap()
    return cells


def places(cells: array[int], value: int) -> Iterator[int]:
    """Where a number is among many: their lowest bytes are searched, which is ten times faster."""
    first = 0 if sys.byteorder == "little" else cells.itemsize - 1
    lowest, byte = cells.tobytes()[first :: cells.itemsize], value & 0xFF
    at = lowest.find(byte)
    while at >= 0:
        if cells[at] == value:
            yield at
        at = lowest.find(byte, at + 1)


def among(cells: array[int], wanted: Collection[int]) -> Iterator[int]:
    """Where those of many numbers are that are wanted; not zero. Small ones by their second byte, as `places`."""
    data, size = cells.tobytes(), cells.itemsize
    first = (len(data) - len(data.lstrip(b"\0"))) // size
    if max(wanted, default=0) >= 1 << 8 or size == 1:
        yield from (at for at, cell in enumerate(cells[first:], first) if cell in wanted and cell)
        return
    second = data[1 if sys.byteorder == "little" else size - 2 :: size]
    at = second.find(0, first)
    while at >= 0:
        if cells[at] in wanted and cells[at]:
            yield at
        at = second.find(0, at + 1)


def uleb128(data: bytes, at: int) -> tuple[int, int]:
    """A number (LEB128) and its end. Raises `IndexError` at the end of the data, `ValueError` when it is too long."""
    if (byte := data[at]) < 0x80:
        return byte, at + 1
    value, shift, at = byte & 0x7F, 7, at + 1
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number of more than ten bytes")
