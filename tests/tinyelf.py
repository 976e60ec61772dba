"""ELF files of a few hundred bytes with the sections that a test needs, in either class and byte order."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from gopluck.elf.image import Image, image_of, open_regular

BASE = 0x10000
"""The address of the one loaded segment, which holds the whole file."""

START = 128
"""Where the first part lies in the file."""


class Form(NamedTuple):
    """A class and a byte order."""

    wide: bool
    order: str

    @property
    def word(self) -> str:
        return self.order + ("Q" if self.wide else "I")

    @property
    def size(self) -> int:
        return 8 if self.wide else 4

    def words(self, *values: int) -> bytes:
        return b"".join(struct.pack(self.word, value) for value in values)


FORMS = tuple(Form(wide, order) for wide in (True, False) for order in "<>")


class Part(NamedTuple):
    """A section: its name, bytes and flags. Loaded ones lie at `BASE` plus their file offset."""

    name: str
    data: bytes
    flags: int = 2


def place(form: Form, parts: Iterable[Part]) -> dict[str, int]:
    """The address of each part in the file that `build` makes of them."""
    at, out = START, {}
    for part in parts:
        out[part.name] = BASE + at
        at += -(-len(part.data) // 16) * 16
    return out


def build(path: Path, form: Form, parts: Iterable[Part], kind: int = 2, machine: int | None = None) -> Path:
    """Writes the file: header, one program header, the parts, and a section table."""
    parts = [*parts]
    where = place(form, parts)
    body = b"".join(part.data.ljust(-(-len(part.data) // 16) * 16, b"\0") for part in parts)
    names = b"\0" + b"".join(part.name.encode() + b"\0" for part in parts) + b".shstrtab\0"
    strings = START + len(body)
    table = strings + -(-len(names) // 16) * 16
    rows = [(0,) * 10]
    for part in parts:
        index = names.index(b"\0" + part.name.encode() + b"\0") + 1
        rows.append((index, 1, part.flags, where[part.name], where[part.name] - BASE, len(part.data), 0, 0, 1, 0))
    rows.append((names.index(b".shstrtab"), 3, 0, 0, strings, len(names), 0, 0, 1, 0))
    section = struct.Struct(form.order + ("IIQQQQIIQQ" if form.wide else "10I"))
    size = table + len(rows) * section.size
    ident = b"\x7fELF" + bytes([2 if form.wide else 1, 1 if form.order == "<" else 2, 1]) + bytes(9)
    if machine is None:
        machine = {(True, "<"): 62, (False, "<"): 3, (True, ">"): 22, (False, ">"): 8}[form]
    header = struct.pack(
        form.order + ("HHIQQQIHHHHHH" if form.wide else "HHIIIIIHHHHHH"),
        *(kind, machine, 1, 0, len(ident) + _rest(form), table, 0, len(ident) + _rest(form)),
        *(56 if form.wide else 32, 1, section.size, len(rows), len(rows) - 1),
    )
    if form.wide:
        segment = struct.pack(form.order + "IIQQQQQQ", 1, 6, 0, BASE, BASE, size, size, 0x1000)
    else:
        segment = struct.pack(form.order + "8I", 1, 0, BASE, BASE, size, size, 6, 0x1000)
    data = (ident + header + segment).ljust(START, b"\0") + body + names
    path.write_bytes(data.ljust(table, b"\0") + b"".join(section.pack(*row) for row in rows))
    return path


def _rest(form: Form) -> int:
    return 48 if form.wide else 36


def open_image(path: str) -> Image:
    """A file as an image."""
    return image_of(path, *open_regular(path))
