"""Unsigned LEB128 numbers: in DWARF, in pc-value tables (`runtime.readvarint`), in coverage meta-data."""

from __future__ import annotations


def uleb128(data: bytes, at: int) -> tuple[int, int]:
    """A number and where it ends. Raises `IndexError` at the end of the data, `ValueError` when it is too long."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number of more than ten bytes")
