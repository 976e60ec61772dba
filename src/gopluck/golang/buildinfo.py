"""The build info of a Go binary: what `go version -m` prints (`debug/buildinfo`, `runtime/debug/mod.go`)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice

from gopluck.elf.constants import PF_W
from gopluck.elf.image import Image
from gopluck.elf.relocations import Relocations
from gopluck.errors import MalformedFile
from gopluck.facts.model import BuildInfo, Module

MAGIC = b"\xff Go buildinf:"
ALIGN = 16
"""`buildInfoAlign`: the magic starts at a multiple of it."""

HEADER = 32
"""`buildInfoHeaderSize`."""

MAX_TEXT = 1 << 20
"""Bytes of module information that are read at the most (1,000 modules have some 100 KB)."""

MAX_CANDIDATES = 64
"""Places with the magic that are tried at the most."""

_KEY = re.compile(r"`[^`]*`|\"(?:\\.|[^\"\\])*\"|[^=]*")
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))")
_SIMPLE: Mapping[str, str] = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def read_build_info(image: Image, relocations: Relocations) -> BuildInfo | None:
    """The build info, or None when the file has none (or it cannot be decoded, as for `go version`)."""
    for address in islice(_addresses(image), MAX_CANDIDATES):
        try:
            texts = _texts(image, relocations, address)
        except MalformedFile:
            continue
        if texts is not None:
            version, modinfo = texts
            return parse(version.decode("utf-8", "replace"), modinfo)
    return None


def _addresses(image: Image) -> Iterator[int]:
    """Where the magic lies: section `.go.buildinfo`, else the first writable segment."""
    section = image.sections.get(".go.buildinfo")
    if section is not None and image.pread(section.offset, len(MAGIC)) == MAGIC:
        yield section.addr
    for segment in image.loads:
        if not segment.flags & PF_W:
            continue
        base = 0
        for chunk in image.chunks(segment.offset, segment.filesz, len(MAGIC) - 1):
            at = chunk.find(MAGIC)
            while at >= 0:
                if (segment.vaddr + base + at) % ALIGN == 0:
                    yield segment.vaddr + base + at
                at = chunk.find(MAGIC, at + 1)
            base += 1 << 20
        return


def _texts(image: Image, relocations: Relocations, address: int) -> tuple[bytes, bytes] | None:
    """Go version and module information: varint strings since Go 1.18 (flag 2), pointers to strings before."""
    head = image.read(address, HEADER)
    size, flags = head[14], head[15]
    if flags & 2:
        version, at = _varint_string(image, address + HEADER)
        modinfo, _ = _varint_string(image, at)
        return version, modinfo
    if size != image.word_size:
        return None
    version = relocations.text(relocations.pointer(address + 16), MAX_TEXT)
    modinfo = relocations.text(relocations.pointer(address + 16 + size), MAX_TEXT)
    return (version, modinfo) if version else None


def _varint_string(image: Image, address: int) -> tuple[bytes, int]:
    length = shift = 0
    for step in range(10):
        byte = image.read(address + step, 1)[0]
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            if length > min(MAX_TEXT, image.size):
                break
            start = address + step + 1
            return image.read(start, length), start + length
    raise MalformedFile(f"{image.path}: a build info string of {length} bytes")


def parse(version: str, modinfo: bytes) -> BuildInfo:
    """The build info from its two texts; the second stands between sentinels of 16 bytes (`modload.ModInfoData`)."""
    text = modinfo[16:-16].decode("utf-8", "replace") if len(modinfo) >= 33 and modinfo[-17:-16] == b"\n" else ""
    path, main, deps, settings = "", None, list[Module](), list[tuple[str, str]]()
    for line in text.split("\n"):
        key, _, rest = line.partition("\t")
        fields = rest.split("\t")
        if key == "path":
            path = rest
        elif key == "mod":
            main = _module(fields)
        elif key == "dep":
            deps.append(_module(fields))
        elif key == "=>" and (deps or main):
            replaced = deps[-1] if deps else main
            assert replaced is not None
            whole = Module(replaced.path, replaced.version, replaced.sum, _module(fields))
            if deps:
                deps[-1] = whole
            else:
                main = whole
        elif key == "build":
            name = _KEY.match(rest)
            assert name is not None
            settings.append((unquoted(name[0]), unquoted(rest[name.end() + 1 :])))
    return BuildInfo(version, path, main, tuple(deps), tuple(settings))


def _module(fields: list[str]) -> Module:
    path, version, checksum = ([*fields, "", ""])[:3]
    return Module(path, version, checksum)


def unquoted(text: str) -> str:
    """A key or value of a build setting as `strconv.Unquote` reads it; unquoted text as it is."""
    if len(text) >= 2 and text[0] == text[-1] == "`":
        return text[1:-1]
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return _ESCAPE.sub(_escaped, text[1:-1]).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return text


def _escaped(match: re.Match[str]) -> str:
    byte, short, long, octal, other = match.groups()
    if other is not None:
        return _SIMPLE.get(other, other)
    if byte or octal:
        # An escape of one byte, which may be a part of a character.
        return bytes([int(byte, 16) if byte else int(octal, 8) & 0xFF]).decode("utf-8", "surrogateescape")
    point = int(short or long, 16)
    return chr(point) if point < 0xD800 or 0xDFFF < point < 0x110000 else "\N{REPLACEMENT CHARACTER}"
