"""The packages that -cover instrumented, by the meta-data that `cmd/cover` and the compiler lay into each."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from gopluck.elf.dynamic import Dynamic
from gopluck.golang.coverage import covered_packages
from gopluck.golang.pclntab import Pclntab
from tinyelf import FORMS, Form, Part, build, open_image, place


def uleb(value: int) -> bytes:
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def blob(path: str, name: str, module: str, functions: int = 2, files: int | None = None) -> bytes:
    """What `encodemeta.Emit` writes: header, offsets of functions, string table, functions."""
    strings = list(dict.fromkeys(["", path, name, module, "file.go"]))
    table = uleb(len(strings)) + b"".join(uleb(len(text)) + text.encode() for text in strings)
    body = bytes(4 * functions) + table + bytes(8 * functions)
    indexes = (strings.index(name), strings.index(path), strings.index(module))
    head = struct.pack("<4I16s4x2I", 44 + len(body), *indexes, bytes(16), files or len(strings), functions)
    return head + body


LONG = "example.com/" + "a" * 200
BLOBS = {
    "a package of a module": (blob("example.com/greet/polite", "polite", "example.com/greet"), True),
    "the package of a module's root": (blob("example.com/greet", "greet", "example.com/greet"), True),
    "a module whose path is one word": (blob("greet", "greet", "greet"), True),
    "a path whose length takes two bytes": (blob(LONG, "a", "example.com"), True),
    "a count of strings that is wrong": (blob("example.com/a", "a", "example.com", files=9), False),
    "no functions": (blob("example.com/a", "a", "example.com", functions=0), False),
    "a blob that is cut": (blob("example.com/a", "a", "example.com")[:50], False),
    "a path with a control character": (blob("example.com/\x1b[2J", "a", "example.com"), False),
}
PATHS = dict(zip(BLOBS, ("example.com/greet/polite", "example.com/greet", "greet", LONG), strict=False))


@pytest.mark.parametrize("form", FORMS, ids=str)
@pytest.mark.parametrize("what", BLOBS)
@pytest.mark.parametrize("register", [b"runtime.addCovMeta", b"internal/coverage/rtcov.AddMeta", b"runtime.main"])
def test_a_package_is_covered_when_it_has_meta_data_and_the_program_takes_it(
    tmp_path: Path, form: Form, what: str, register: bytes
) -> None:
    data, whole = BLOBS[what]
    names = b"\0" + register + b"\0"
    parts = [Part(".names", names), Part(".rodata", b"\x01" * 5 + data)]
    at = place(form, parts)[".names"]
    with open_image(str(build(tmp_path / "file", form, parts))) as image:
        found = covered_packages(Dynamic(image), [Pclntab(at, "go1.20", at, len(names))])
    assert found == ({PATHS[what]} if whole and register != b"runtime.main" else set())
