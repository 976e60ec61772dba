"""Files made by hand to hurt a reader: a real sample with a new segment that holds tables of our own."""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

PAGE = 4096
FAR = 0x7000_0000
"""Where the new segment of a graft lies in memory."""

DT_NEEDED, DT_HASH, DT_STRTAB, DT_SYMTAB, DT_RELA, DT_RELASZ, DT_STRSZ = 1, 4, 5, 6, 7, 8, 10
DT_SONAME, DT_RUNPATH, DT_RELR, DT_RELRSZ, DT_GNU_HASH = 14, 29, 36, 35, 0x6FFFFEF5
DT_VERNEED, DT_DEBUG, DT_FLAGS_1 = 0x6FFFFFFE, 21, 0x6FFFFFFB

ADDRESSES = (3, 4, 5, 6, 7, 12, 13, 17, 23, 25, 26, DT_GNU_HASH, 0x6FFFFFF0, 0x6FFFFFFC, DT_VERNEED)
"""The tags whose value is an address."""

GO = ("gateway", "auth.so")
"""The host and the plugin that are made hostile; little-endian and of 64 bits."""


@dataclass
class Elf:
    """A 64-bit little-endian ELF file that is changed in place."""

    data: bytearray
    tables: dict[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, path: Path) -> Elf:
        return cls(bytearray(path.read_bytes()))

    def u64(self, offset: int) -> int:
        return int(struct.unpack_from("<Q", self.data, offset)[0])

    def put(self, offset: int, form: str, *values: int) -> None:
        struct.pack_into("<" + form, self.data, offset, *values)

    def segments(self) -> list[int]:
        """The file offset of each program header."""
        (count,) = struct.unpack_from("<H", self.data, 56)
        return [self.u64(32) + 56 * number for number in range(count)]

    def segment(self, kind: int) -> int:
        return next(at for at in self.segments() if struct.unpack_from("<I", self.data, at)[0] == kind)

    def dynamic(self) -> list[int]:
        """The file offset of each entry of the dynamic section."""
        at = self.segment(2)
        return list(range(self.u64(at + 8), self.u64(at + 8) + self.u64(at + 32), 16))

    def tag(self, old: int, new: int, value: int) -> None:
        """Turn the first entry with one tag into another."""
        at = next(at for at in self.dynamic() if self.u64(at) == old)
        self.put(at, "QQ", new, value)

    def tags(self, *entries: tuple[int, int]) -> None:
        """A new dynamic section."""
        blob = b"".join(struct.pack("<QQ", *entry) for entry in (*entries, (0, 0)))
        start = -(-len(self.data) // PAGE) * PAGE
        self.data += bytes(start - len(self.data)) + blob
        at = self.segment(2)
        self.put(at + 8, "QQQQQ", start, FAR * 2, FAR * 2, len(blob), len(blob))

    def graft(self, blob: bytes) -> int:
        """Add a segment with these bytes; its address. A note segment gives up its header."""
        start = -(-len(self.data) // PAGE) * PAGE
        self.data += bytes(start - len(self.data)) + blob
        self.put(self.segment(4), "IIQQQQQQ", 1, 4, start, FAR, FAR, len(blob), len(blob), PAGE)
        return FAR

    def section(self, name: str, flags: int, blob: bytes) -> None:
        """Add a section (without an address), with new tables behind the file."""
        shoff, (count, names) = self.u64(40), struct.unpack_from("<HH", self.data, 60)
        rows = bytearray(self.data[shoff : shoff + 64 * count])
        offset, size = struct.unpack_from("<QQ", rows, 64 * names + 24)
        strings = bytes(self.data[offset : offset + size]) + name.encode() + b"\0"
        content = len(self.data)
        self.data += blob
        struct.pack_into("<QQ", rows, 64 * names + 24, len(self.data), len(strings))
        self.data += strings
        rows += struct.pack("<IIQQQQIIQQ", size, 1, flags, 0, content, len(blob), 0, 0, 1, 0)
        self.put(40, "Q", len(self.data))
        self.put(60, "H", count + 1)
        self.data += rows


Change = Callable[[Elf], None]


def _hash_loop(elf: Elf) -> None:
    table = struct.pack("<II", 1, 1 << 12) + struct.pack("<I", 1) + struct.pack("<4096I", *([1] * 4096))
    elf.tag(DT_GNU_HASH, DT_HASH, elf.graft(table))


def _gnu_hash(*words: int) -> Change:
    """A `.gnu.hash` that starts with these words."""
    return lambda elf: elf.tag(DT_GNU_HASH, DT_GNU_HASH, elf.graft(struct.pack(f"<{len(words)}I", *words) + bytes(64)))


def _endless_chain(elf: Elf) -> None:
    head = struct.pack("<IIIIQI", 1, 1, 1, 0, (1 << 64) - 1, 1)
    elf.tag(DT_GNU_HASH, DT_GNU_HASH, elf.graft(head + bytes(4 << 20)))


def _strings(blob: bytes) -> Change:
    """A `.dynstr` with these bytes."""

    def change(elf: Elf) -> None:
        elf.tag(DT_STRTAB, DT_STRTAB, elf.graft(blob))
        elf.tag(DT_STRSZ, DT_STRSZ, len(blob))

    return change


def _needed(blob: bytes, entries: int, runpath: bytes = b"") -> Change:
    """Needed libraries with this name, over and over."""

    def change(elf: Elf) -> None:
        old = [(elf.u64(at), elf.u64(at + 8)) for at in elf.dynamic()]
        strings = b"\0" + blob + b"\0" + runpath + b"\0"
        address = elf.graft(strings)
        kept = [(tag, value) for tag, value in old if tag not in (DT_NEEDED, DT_STRTAB, DT_STRSZ, 0)]
        tags = [(DT_NEEDED, 1)] * entries + [(DT_STRTAB, address), (DT_STRSZ, len(strings))]
        if runpath:
            tags.append((DT_RUNPATH, len(blob) + 2))
        elf.tags(*tags, *kept)

    return change


def _relr(elf: Elf) -> None:
    words = struct.pack("<QQ", FAR, (1 << 64) - 1)
    address = elf.graft(words[:8] + words[8:] * (1 << 18))
    old = [(elf.u64(at), elf.u64(at + 8)) for at in elf.dynamic()]
    elf.tags(*(entry for entry in old if entry[0]), (DT_RELR, address), (DT_RELRSZ, 8 + 8 * (1 << 18)))


def _rela(size: int) -> Change:
    return lambda elf: elf.tag(DT_RELASZ, DT_RELASZ, size)


def _many_loads(elf: Elf) -> None:
    """As many segments as a header can name; each is the whole file."""
    row = struct.pack("<IIQQQQQQ", 1, 6, 0, 0, 0, len(elf.data), len(elf.data), PAGE)
    elf.put(32, "Q", len(elf.data))
    elf.put(56, "H", 0xFFFF)
    elf.data += row * 0xFFFF


def _huge_segment(offset: int, value: int) -> Change:
    def change(elf: Elf) -> None:
        for at in elf.segments():
            if elf.data[at] == 1:
                elf.put(at + offset, "Q", value)

    return change


def _segment_at(offset: int, value: int, which: int) -> Change:
    """A field of one of the segments to load."""

    def change(elf: Elf) -> None:
        loads = [at for at in elf.segments() if elf.data[at] == 1]
        elf.put(loads[which % len(loads)] + offset, "Q", value)

    return change


def _everything_at(address: int) -> Change:
    """All segments that much higher, and what the dynamic section names."""

    def change(elf: Elf) -> None:
        places = [at for at in elf.segments() if elf.u64(at + 40)]
        span = max(elf.u64(at + 16) + elf.u64(at + 40) for at in places)
        base = (address - span) // PAGE * PAGE
        for at in places:
            elf.put(at + 16, "Q", elf.u64(at + 16) + base)
        for at in elf.dynamic():
            if elf.u64(at) in ADDRESSES:
                elf.put(at + 8, "Q", elf.u64(at + 8) + base)

    return change


def _header(offset: int, form: str, *values: int) -> Change:
    return lambda elf: elf.put(offset, form, *values)


def _extended_numbering(elf: Elf) -> None:
    """No `e_shnum`: the first section says how many there are."""
    elf.put(60, "H", 0)
    elf.put(elf.u64(40) + 32, "Q", 1 << 60)


def _long_names(elf: Elf) -> None:
    """60,000 sections, each with a name of a megabyte."""
    names = len(elf.data)
    elf.data += b"n" * (1 << 20)
    rows = len(elf.data)
    for number in range(60000):
        elf.data += struct.pack("<IIQQQQIIQQ", number, 1, 0, 0, 0, 0, 0, 0, 0, 0)
    elf.put(rows + 24, "QQ", names, 1 << 20)
    elf.put(40, "Q", rows)
    elf.put(60, "HH", 60000, 0)


def _bomb(elf: Elf) -> None:
    """2 GB of zeros, deflated to 2 MB, as debug information."""
    deflate = zlib.compressobj(9)
    zeros = bytes(1 << 20)
    packed = b"".join(deflate.compress(zeros) for _ in range(256)) + deflate.flush()
    header = struct.pack("<IIQQ", 1, 0, 1 << 60, 1)
    elf.section(".debug_info", 0x800, header + packed * 8)
    elf.section(".debug_abbrev", 0x800, header + packed)


def _build_info(text: bytes, length: int | None = None) -> Change:
    """A build info with this as the Go version, said to be `length` bytes long."""

    def change(elf: Elf) -> None:
        at = elf.data.find(b"\xff Go buildinf:")
        size = len(text) if length is None else length
        varint = b""
        while size >= 0x80:
            varint += bytes([size & 0x7F | 0x80])
            size >>= 7
        new = varint + bytes([size]) + text
        elf.data[at + 32 : at + 32 + len(new)] = new

    return change


def _link_hashes(elf: Elf) -> None:
    """As many packages as a string table can name."""
    _strings(b"\0" + b"".join(b"go:link.pkghashbytes.%x\0" % number for number in range(400_000)))(elf)


ESCAPES = b"\x1b[2J\x1b]0;owned\x07\r\n\xc2\x9b31mlib.so"

CHANGES: Mapping[str, Change] = {
    "2^60 sections": _header(40, "Q", 1 << 60),
    "2^60 sections by the first of them": _extended_numbering,
    "sections in the header": _header(40, "Q", 0),
    "60,000 sections with long names": _long_names,
    "e_phnum 65535": _header(56, "H", 0xFFFF),
    "65,535 segments over the whole file": _many_loads,
    "e_phentsize 0": _header(54, "H", 0),
    "e_phoff at the end": lambda elf: elf.put(32, "Q", len(elf.data) - 1),
    "huge p_filesz": _huge_segment(32, 1 << 60),
    "huge p_memsz": _huge_segment(40, (1 << 63) - 1),
    "huge p_offset": _huge_segment(8, (1 << 64) - PAGE),
    **{
        f"segment {which} at {address:#x}": _segment_at(16, address, which)
        for address in ((1 << 64) - PAGE, (1 << 64) - (1 << 20), 1 << 63)
        for which in range(4)
    },
    **{f"all segments below {end:#x}": _everything_at(end) for end in (1 << 64, (1 << 64) + PAGE, 1 << 63, 1 << 47)},
    "hash chain in a loop": _hash_loop,
    "gnu hash without buckets": _gnu_hash(0, 1, 1, 0),
    "gnu hash with 2^32 buckets": _gnu_hash(0xFFFFFFFF, 1, 1, 0),
    "gnu hash with a bloom filter of 2^32 words": _gnu_hash(1, 1, 0xFFFFFFFF, 0),
    "gnu hash that starts at symbol 2^32": _gnu_hash(1, 0xFFFFFFFF, 1, 0),
    "gnu hash with a chain of 4 MB": _endless_chain,
    "names without an end": _strings(b"x" * (8 << 20)),
    "no names": _strings(b"\0" * 64),
    "400,000 packages": _link_hashes,
    "a needed library without a name": _needed(b"", 1),
    "a needed library with escapes": _needed(ESCAPES, 1),
    "a needed library with a name of 8 MB": _needed(b"l" * (8 << 20), 3),
    "a needed library that is a device": _needed(b"/dev/zero", 3),
    "4,000 needed libraries": _needed(b"libc.so.6", 4000),
    "200 needed libraries on a long path": _needed(b"libnone.so", 200, b":".join(b"/%d" % n for n in range(2000))),
    "packed relocations that unfold": _relr,
    "2^60 relocations": _rela(24 << 60 & (1 << 64) - 1),
    "version needs in a loop": lambda elf: elf.tag(
        DT_VERNEED,
        DT_VERNEED,
        elf.graft(struct.pack("<HHIII", 1, 0xFFFF, 1, 0, 0) + struct.pack("<IHHII", 0, 0, 2, 1, 0)),
    ),
    "debug information that inflates": _bomb,
    "a Go version with escapes": _build_info(b"go1.27\x1b[31m\n"),
    "a Go version of 2^60 bytes": _build_info(b"", 1 << 60),
    "a Go version of digits": _build_info(b"go1." + b"9" * 80),
    "a Go version of 20,000 digits": _build_info(b"go1." + b"9" * 20_000),
}
"""What is done to a host or a plugin."""


HOLES = {"mapped": (), "of names": (DT_STRSZ,), "of relocations": (DT_RELASZ,)}
"""What a hole is said to hold: the tags that are as large."""


def sparse(path: Path, sample: Path, tags: Iterable[int]) -> None:
    """A sample with a hole of 64 GB behind it, all of it mapped, and no sections."""
    elf = Elf.of(sample)
    elf.put(40, "Q", 0)
    for at in elf.segments():
        if elf.data[at] == 1:
            elf.put(at + 32, "QQ", 64 << 30, 64 << 30)
    for tag in tags:
        with suppress(StopIteration):
            elf.tag(tag, tag, 48 << 30)
    path.write_bytes(elf.data)
    os.truncate(path, 64 << 30)


MANIFESTS: Mapping[str, str] = {
    "nested 100,000 deep": '{"format": "gopluck-host-manifest", "version": 1, "go": ' + "[" * 100_000,
    "only its start": '{"format": "gopluck-host-manifest"',
    "no version": '{"format": "gopluck-host-manifest"}',
    "a later version": '{"format": "gopluck-host-manifest", "version": 99}',
    "a version of 10,000 digits": '{"format": "gopluck-host-manifest", "version": ' + "9" * 10_000 + "}",
    "a version with escapes": '{"format": "gopluck-host-manifest", "version": "\\u001b[2J\\n"}',
    "lists for objects": '{"format": "gopluck-host-manifest", "version": 1, "go": [], "elf": [], "build": []}',
    "null for everything": json.dumps(
        {"format": "gopluck-host-manifest", "version": 1}
        | dict.fromkeys(["go", "elf", "build", "packages", "sources", "compile_flags"])
    ),
}
