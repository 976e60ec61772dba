"""The build info of a Go binary: what `go version -m` prints (`debug/buildinfo`, `runtime/debug/mod.go`)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice

from gopluck.elf.constants import PF_W
from gopluck.elf.image import Image
from gopluck.elf.numbers import uleb128
from gopluck.elf.relocations import Relocations
from gopluck.errors import MalformedFile
from gopluck.golang import importpath
from gopluck.golang.records import BuildInfo, Module
from gopluck.golang.release import MAX_VERSION

MAGIC = b"\xff Go buildinf:"
ALIGN = 16
"""`buildInfoAlign`: the magic starts at a multiple of it."""

HEADER = 32
"""`buildInfoHeaderSize`."""

MAX_TEXT = 1 << 20
"""Bytes of module information that are read at the most (1,000 modules have some 100 KB)."""

MAX_CANDIDATES = 64
"""Places with the magic that are tried at the most."""

MAX_MODULES = 5_400
"""Modules of one build (telegraf has 530)."""

MAX_MODULE_VERSION, MAX_SUM, MAX_FOLDER = 512, 128, 4096
"""Characters of a module's version, of its checksum, and of what it is replaced by."""

MAX_SETTINGS, MAX_KEY, MAX_VALUE = 256, 256, 1 << 16
"""Build settings, and characters of each; a command line of Linux has room for 128 KB in one word."""

_KEY = r"`[^`]*`|\"(?:\\.|[^\"\\])*\"|[^=]*"
_ESCAPE = r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))"
_SIMPLE: Mapping[str, str] = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def read_build_info(relocations: Relocations) -> BuildInfo | None:
    """The build info, or None when the file has none (or it cannot be decoded, as for `go version`)."""
    image = relocations.image
    for address in islice(_addresses(image), MAX_CANDIDATES):
        try:
            texts = _texts(relocations, address)
        except MalformedFile:
            continue
        if texts is not None:
            version, modinfo = texts
            info = parse(version.decode("utf-8", "replace"), modinfo)
            if (beyond := _beyond(info)) is not None:
                raise MalformedFile(f"{image.path}: its build info has {beyond}, which is more than gopluck reads")
            return info
    return None


def _beyond(info: BuildInfo) -> str | None:
    """What is too long in a build info, or None."""
    if len(info.go_version) > MAX_VERSION:
        return f"a Go version of {len(info.go_version)} characters"
    if not importpath.fits(info.path):
        return "an import path that is too long"
    if len(info.deps) > MAX_MODULES:
        return f"{len(info.deps)} modules"
    for module in (*info.deps, *([info.main] if info.main else [])):
        replacement = module.replace or module
        if not importpath.fits(module.path) or len(replacement.path) > MAX_FOLDER:
            return "a module path that is too long"
        if max(len(module.version), len(replacement.version)) > MAX_MODULE_VERSION:
            return f"a version of {max(len(module.version), len(replacement.version))} characters"
        if max(len(module.sum), len(replacement.sum)) > MAX_SUM:
            return f"a checksum of {max(len(module.sum), len(replacement.sum))} characters"
    if len(info.settings) > MAX_SETTINGS:
        return f"{len(info.settings)} settings"
    for key, value in info.settings:
        if len(key) > MAX_KEY or len(value) > MAX_VALUE:
            return f"the setting {key[:MAX_KEY]} with {len(value)} characters"
    return None


def _addresses(image: Image) -> Iterator[int]:
    """Where the magic lies: section `.go.buildinfo`, else the first writable segment."""
    section = image.sections.get(".go.buildinfo")
    if section is not None and image.pread(section.offset, len(MAGIC)) == MAGIC:
        yield section.addr
    writable = next((segment for segment in image.loads if segment.flags & PF_W), None)
    if writable is not None:
        places = (writable.vaddr + at for at in image.find(writable.offset, writable.filesz, MAGIC))
        yield from (place for place in places if place % ALIGN == 0)


def _texts(relocations: Relocations, address: int) -> tuple[bytes, bytes] | None:
    """Go version and module information: varint strings since Go 1.18 (flag 2), pointers to strings before."""
    image = relocations.image
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
    segment = image.segment_of(address)
    head = image.read(address, min(10, segment.vaddr + segment.memsz - address)) if segment else b""
    try:
        length, size = uleb128(head, 0)
    except (IndexError, ValueError):
        raise MalformedFile(f"{image.path}: a build info string without a length") from None
    if length > min(MAX_TEXT, image.size):
        raise MalformedFile(f"{image.path}: a build info string of {length} bytes")
    return image.read(address + size, length), address + size + length


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
            name = match[0] if rest[:1] in ("`", '"') and (match := re.match(_KEY, rest)) else rest.partition("=")[0]
            settings.append((unquoted(name), unquoted(rest[len(name) + 1 :])))
    return BuildInfo(version, path, main, tuple(deps), tuple(settings))


def _module(fields: list[str]) -> Module:
    path, version, checksum = ([*fields, "", ""])[:3]
    return Module(path, version, checksum)


def unquoted(text: str) -> str:
    """A key or value of a build setting as `strconv.Unquote` reads it; unquoted text as it is."""
    if len(text) >= 2 and text[0] == text[-1] == "`":
        return text[1:-1]
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return re.sub(_ESCAPE, _escaped, text[1:-1]).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
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
