"""The dynamic section of a file: its tags, and where the tables lie that they point at."""

from __future__ import annotations

from functools import cached_property

from gopluck.elf import constants as c
from gopluck.elf.image import Image
from gopluck.errors import MalformedFile

MAX_DYNAMIC = 1 << 12
"""Entries of a dynamic section that are read at the most (real ones have 20 to 40)."""


class Tags:
    """The dynamic section of an image. Raises `MalformedFile` for a table that lies outside the file."""

    def __init__(self, image: Image) -> None:
        self.image = image

    @cached_property
    def entries(self) -> tuple[tuple[int, ...], ...]:
        """(tag, value) in file order; empty when there is no dynamic section."""
        segment = next((s for s in self.image.segments if s.type == c.PT_DYNAMIC), None)
        if segment is None:
            return ()
        record = self.image.records.dynamic
        rows = tuple(record.rows(self.image.pread(segment.offset, min(segment.filesz, record.size * MAX_DYNAMIC))))
        end = next((index for index, (tag, _) in enumerate(rows) if tag == c.DT_NULL), len(rows))
        return rows[:end]

    @cached_property
    def tags(self) -> dict[int, int]:
        """The value of each tag (the last, as `ld.so` keeps it)."""
        return {row[0]: row[1] for row in self.entries}

    def table(self, tag: int) -> tuple[int, int]:
        """File offset of the table that a tag points at, and the bytes that follow in the file; (0, 0) without it."""
        address = self.tags.get(tag)
        if address is None:
            return 0, 0
        segment = self.image.segment_of(address)
        offset = segment.offset + address - segment.vaddr if segment is not None else self.image.size
        if offset >= self.image.size:
            raise MalformedFile(f"{self.image.path}: dynamic tag {tag:#x} points at {address:#x}, outside the file")
        return offset, self.image.size - offset
