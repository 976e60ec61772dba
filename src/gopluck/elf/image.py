"""One ELF file, read by position: header, segments, sections, and memory as the loader would lay it out.

Nothing here iterates a whole table unless it has to: a host with 100,000 dynamic symbols is read in a few
`pread` calls. Numbers that come from the file never decide how much memory is taken: each read is clipped to
the size of the file. pyelftools tells the layouts (`records`); its `ELFFile` takes 0.6 ms to open a file, 5 ms to go
through its segments and sections, and reads as much as the file says.
"""

from __future__ import annotations

import os
import stat
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from functools import cached_property, partial
from itertools import starmap
from operator import le
from types import TracebackType
from typing import TYPE_CHECKING, Literal

from gopluck import machine
from gopluck.elf.constants import PT_LOAD
from gopluck.elf.numbers import many, numbers
from gopluck.errors import MalformedFile, UnreadableFile
from gopluck.record import NamedTuple

if TYPE_CHECKING:
    from gopluck.elf.records import Records

MAX_TABLE = 1 << 16
"""Program and section headers that are read at the most; `e_phnum` and `e_shnum` are 16 bits wide."""

MAX_LOADS = 128
"""`PT_LOAD` segments of one file (real ones have 2 to 6): every read of memory looks through them."""

MAX_SECTION_NAME = 256
"""Bytes of a section's name that are read."""

BLOCK = 1 << 12
"""Bytes that a small read brings in, so that the reads around it need no system call."""

MAX_BLOCKS = 128

SHORT = 256
"""Bytes that are read for a string at first: few are longer."""

CHUNK = 1 << 16
"""Bytes of a large table that are held at a time: memory of this size is used again, that of larger pieces is new each
time, and each new page of it takes 3 µs.
"""

MAX_SECTION_NAMES = 1 << 20
"""Bytes of the table of section names."""

MAX_SCAN = 1 << 29
"""Bytes that are searched through at the most, in all; segments of a damaged file can overlap without end."""


class Header(NamedTuple):
    """The fields of `Elf32_Ehdr`/`Elf64_Ehdr` that later steps need."""

    elf_class: int
    """32 or 64."""
    byte_order: str
    """`<` or `>`, as `struct` spells it."""
    type: int
    machine: int
    phoff: int
    shoff: int
    phentsize: int
    phnum: int
    shentsize: int
    shnum: int
    shstrndx: int


class Segment(NamedTuple):
    """One program header. Addresses and sizes in bytes."""

    type: int
    flags: int
    offset: int
    vaddr: int
    filesz: int
    memsz: int
    align: int


class Section(NamedTuple):
    """One section header. Addresses and sizes in bytes."""

    name: str
    type: int
    flags: int
    addr: int
    offset: int
    size: int


class Image:
    """An open ELF file (`image_of`). Use as a context manager.

    Raises `UnreadableFile` when the file cannot be read, `MalformedFile` when a read leaves it.
    """

    def __init__(self, path: str, fd: int, size: int, header: Header) -> None:
        self.path = path
        self.size = size
        self.header = header
        self.word_size = header.elf_class // 8
        self.byte_order = header.byte_order
        self.records = _records(header.elf_class, header.byte_order)
        self.machine = machine.find(header.machine, header.elf_class, header.byte_order)
        self.order: Literal["little", "big"] = "little" if header.byte_order == "<" else "big"
        self._fd = fd
        self._blocks: dict[int, bytes] = {}
        self._scan = MAX_SCAN

    def __enter__(self) -> Image:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what was read stays usable."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
            self._blocks.clear()

    # -- the file ------------------------------------------------------------------------------------------

    def pread(self, offset: int, size: int) -> bytes:
        """Bytes of the file from `offset`; shorter where the file ends. Never more than the file holds."""
        start = offset % BLOCK
        end = start + size
        # The two most frequent cases first: a look-up of many names spends half of its time here.
        if size > 0 and end <= BLOCK and (data := self._blocks.get(offset - start)) is not None:
            return data[start:end]
        if offset < 0 or size <= 0 or offset >= self.size:
            return b""
        if end > BLOCK:
            return read_at(self.path, self._fd, offset, min(size, self.size - offset))
        if len(self._blocks) == MAX_BLOCKS:
            self._blocks.clear()
        data = self._blocks[offset - start] = read_at(self.path, self._fd, offset - start, BLOCK)
        return data[start:end]

    def chunks(self, offset: int, size: int, overlap: int) -> Iterator[bytes]:
        """The region in pieces of `CHUNK` bytes; each piece goes on for `overlap` bytes of the next.

        Raises `MalformedFile` when `MAX_SCAN` bytes of the file were searched through already.
        """
        end = min(offset + size, self.size)
        at = offset
        while at < end:
            self._scan -= CHUNK
            if self._scan < 0:
                raise MalformedFile(f"{self.path}: too large, or its segments overlap without end")
            yield self.pread(at, min(CHUNK + overlap, end - at))
            at += CHUNK

    def find(self, offset: int, size: int, *needles: bytes) -> Iterator[int]:
        """Where the needles lie in a region, counted from its start: piece by piece, in each piece by needle."""
        for number, chunk in enumerate(self.chunks(offset, size, max(map(len, needles)) - 1)):
            # A hole is compared faster than it is searched.
            for needle in needles if chunk != bytes(len(chunk)) else ():
                at = chunk.find(needle)
                while 0 <= at < CHUNK:
                    yield number * CHUNK + at
                    at = chunk.find(needle, at + 1)

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """The program headers, in file order."""
        h, record = self.header, self.records.segment
        if h.phnum and h.phentsize != record.size:
            raise MalformedFile(f"{self.path}: program headers of {h.phentsize} bytes, not {record.size}")
        table = self.pread(h.phoff, record.size * h.phnum)
        if len(table) < record.size * h.phnum:
            raise MalformedFile(f"{self.path}: the program headers lie outside the file (truncated?)")
        return tuple(starmap(Segment, record.rows(table)))

    @cached_property
    def loads(self) -> tuple[Segment, ...]:
        """The `PT_LOAD` segments, by address. None goes beyond the last address, so that no address in one does."""
        found = sorted((s for s in self.segments if s.type == PT_LOAD), key=lambda s: s.vaddr)
        if len(found) > MAX_LOADS:
            raise MalformedFile(f"{self.path}: {len(found)} segments to load")
        if any(s.vaddr + s.memsz > 1 << self.header.elf_class for s in found):
            raise MalformedFile(f"{self.path}: a segment that goes beyond the last address")
        return tuple(found)

    @cached_property
    def sections(self) -> Mapping[str, Section]:
        """The sections by name (the first of a name); empty where the table is missing or damaged.

        The loader never looks at sections, so a damaged table is not an error here.
        """
        h, record = self.header, self.records.section
        if not h.shoff or h.shentsize != record.size or not h.shnum:
            return {}
        rows = list(record.rows(self.pread(h.shoff, record.size * min(h.shnum, MAX_TABLE))))
        if h.shstrndx >= len(rows):
            return {}
        *_, offset, size = rows[h.shstrndx]
        names = self.pread(offset, min(size, MAX_SECTION_NAMES))
        out: dict[str, Section] = {}
        for name, *fields in rows:
            if name < len(names):
                text = names[name : name + MAX_SECTION_NAME].partition(b"\0")[0].decode("utf-8", "replace")
                out.setdefault(text, Section(text, *fields))
        return out

    @property
    def has_dwarf(self) -> bool:
        """Whether its DWARF is in the file, compressed or not."""
        return ".debug_info" in self.sections or ".zdebug_info" in self.sections

    def numbers(self, offset: int, count: int, size: int) -> array[int]:
        """Unsigned numbers of 1, 2, 4 or 8 bytes at a file offset; fewer where the file ends."""
        count = min(count, max(0, self.size - offset) // size)
        if offset < 0 or count * size <= BLOCK:
            return numbers(self.pread(offset, count * size), size, self.byte_order)
        return many(partial(read_into, self.path, self._fd, offset), count, size, self.byte_order)

    # -- memory, at load bias 0, before relocation -----------------------------------------------------------

    def segment_of(self, vaddr: int) -> Segment | None:
        """The `PT_LOAD` segment whose memory holds the address."""
        starts, ends, apart = self._bounds
        if apart:
            at = bisect_right(starts, vaddr) - 1
            return self.loads[at] if at >= 0 and vaddr < ends[at] else None
        return next((s for s in self.loads if s.vaddr <= vaddr < s.vaddr + s.memsz), None)

    @cached_property
    def _bounds(self) -> tuple[list[int], list[int], bool]:
        """Start and end of each of `loads`, and whether none reaches into the next: in a good file."""
        starts, ends = [s.vaddr for s in self.loads], [s.vaddr + s.memsz for s in self.loads]
        return starts, ends, all(map(le, ends, starts[1:]))

    def read(self, vaddr: int, size: int) -> bytes:
        """`size` bytes of memory as they come from the file; the part beyond `p_filesz` is zero.

        Raises `MalformedFile` when the range is not inside one segment, or the file is too short for it.
        """
        segment = self.segment_of(vaddr)
        if segment is None:
            raise MalformedFile(f"{self.path}: nothing is mapped at {vaddr:#x} (+{size})")
        _, _, offset, start, filesz, memsz, _ = segment
        at = vaddr - start
        if size < 0 or at + size > memsz:
            raise MalformedFile(f"{self.path}: nothing is mapped at {vaddr:#x} (+{size})")
        if at + size <= filesz:
            data = self.pread(offset + at, size)
            if len(data) == size:
                return data
        held = max(0, min(size, segment.filesz - at))
        data = self.pread(segment.offset + at, held)
        if len(data) < held:
            raise MalformedFile(f"{self.path}: the segment at {segment.vaddr:#x} goes beyond the end of the file")
        if size - held > self.size:
            raise MalformedFile(f"{self.path}: {size} bytes at {vaddr:#x} are more than the file holds")
        return data + bytes(size - held)

    def word(self, vaddr: int) -> int:
        """One unsigned machine word of memory, before relocation."""
        return int.from_bytes(self.read(vaddr, self.word_size), self.order)

    def cstring(self, offset: int, limit: int = 4096) -> str:
        """The NUL-terminated string at a file offset, at most `limit` bytes."""
        data = self.pread(offset, SHORT if limit > SHORT else limit)
        if limit > SHORT and b"\0" not in data:
            data = self.pread(offset, limit)
        return data.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def decoded(data: bytes) -> str:
    """The text before the first NUL."""
    return data.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def image_of(path: str, fd: int, size: int) -> Image:
    """The ELF file at a descriptor, which from then on belongs to the image.

    Raises `UnreadableFile`, and `MalformedFile` when it is no ELF file or its header is cut.
    """
    try:
        header = parse_header(read_at(path, fd, 0, 64))
    except ValueError as reason:
        raise MalformedFile(f"{path}: {reason}") from None
    return Image(path, fd, size, header)


def open_regular(path: str) -> tuple[int, int]:
    """A descriptor and the size of a regular file. Raises `UnreadableFile` for all else."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UnreadableFile(f"{path}: {reason or error}") from None
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode):
        os.close(fd)
        what = "a directory" if stat.S_ISDIR(found.st_mode) else "not a regular file"
        raise UnreadableFile(f"{path}: is {what}")
    return fd, found.st_size


MANY_FILES = 512
"""Open files that any system allows."""


def allow_open_files(count: int) -> None:
    """Let this process have so many files open, and what it needs besides, as far as it may."""
    if count <= MANY_FILES:
        return
    from resource import RLIM_INFINITY, RLIMIT_NOFILE, getrlimit, setrlimit

    count += MANY_FILES
    soft, hard = getrlimit(RLIMIT_NOFILE)
    if soft != RLIM_INFINITY and soft < count:
        setrlimit(RLIMIT_NOFILE, (count if hard == RLIM_INFINITY else min(count, hard), hard))


def read_at(path: str, fd: int, offset: int, size: int) -> bytes:
    """`pread` until `size` bytes are there or the file ends. Raises `UnreadableFile` with the path."""
    try:
        data = os.pread(fd, size, offset)
        while 0 < len(data) < size:
            more = os.pread(fd, size - len(data), offset + len(data))
            if not more:
                break
            data += more
    except OSError as error:
        raise UnreadableFile(f"{path}: {error.strerror or error}") from None
    return data


def read_into(path: str, fd: int, offset: int, buffer: array[int]) -> int:
    """The same into a buffer, which is not read before; how many bytes. Raises as `read_at`."""
    done = 0
    try:
        with memoryview(buffer) as view, view.cast("B") as room:
            while more := os.preadv(fd, [room[done:]], offset + done):
                done += more
    except OSError as error:
        raise UnreadableFile(f"{path}: {error.strerror or error}") from None
    return done


def parse_header(data: bytes) -> Header:
    """The ELF header from the first 64 bytes. Raises `ValueError` with the reason when it is none."""
    if data[:4] != b"\x7fELF":
        raise ValueError("not an ELF file")
    if len(data) < 20 or data[4] not in (1, 2) or data[5] not in (1, 2):
        raise ValueError("an ELF file with an unusable header")
    elf_class, byte_order = 64 if data[4] == 2 else 32, "<" if data[5] == 1 else ">"
    row = _records(elf_class, byte_order).header.row(data)
    if row is None:
        raise ValueError("an ELF file that ends inside its header")
    return Header(elf_class, byte_order, *row)


def _records(elf_class: int, byte_order: str) -> Records:
    """The layouts, for which pyelftools is imported now: most commands read no file, and it takes 10 ms."""
    from gopluck.elf.records import records

    return records(elf_class, byte_order)
