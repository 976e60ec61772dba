"""Build info: the text that the go command leaves in a binary, and the two ways in which it is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from gopluck.elf.dynamic import Dynamic
from gopluck.golang.buildinfo import MAGIC, parse, read_build_info, unquoted
from gopluck.golang.records import BuildInfo, Module
from tinyelf import FORMS, Form, Part, build, open_image, place

SENTINELS = (bytes.fromhex("3077af0c9274080241e1c107e6d618e6"), bytes.fromhex("f932433186182072008242104116d8f2"))

TEXT = (
    "path\texample.com/app\n"
    "mod\texample.com/app\t(devel)\t\n"
    "dep\texample.com/codec\tv1.2.0\th1:abc=\n"
    "dep\texample.com/greet\tv1.0.0\n"
    "=>\t../greet\t\t\n"
    "build\t-buildmode=exe\n"
    'build\t-ldflags="-X main.Name=a\\tb -s"\n'
    "build\tCGO_CFLAGS=\n"
    'build\t`odd key`=`a "b"`\n'
)

MODINFO = SENTINELS[0] + TEXT.encode() + SENTINELS[1]

INFO = BuildInfo(
    "go1.27.3",
    "example.com/app",
    Module("example.com/app", "(devel)"),
    (
        Module("example.com/codec", "v1.2.0", "h1:abc="),
        Module("example.com/greet", "v1.0.0", "", Module("../greet", "")),
    ),
    (
        ("-buildmode", "exe"),
        ("-ldflags", "-X main.Name=a\tb -s"),
        ("CGO_CFLAGS", ""),
        ("odd key", 'a "b"'),
    ),
)


def test_the_text_is_read_as_the_go_command_wrote_it() -> None:
    assert parse("go1.27.3", MODINFO) == INFO


def test_a_replaced_main_module_keeps_its_own_name() -> None:
    text = b"mod\tm\tv1\th1:x\n=>\tn\tv2\th1:y\n"
    main = Module("m", "v1", "h1:x", Module("n", "v2", "h1:y"))
    assert parse("go1.18", SENTINELS[0] + text + SENTINELS[1]) == BuildInfo("go1.18", "", main)


@pytest.mark.parametrize("modinfo", [b"", MODINFO[:40], MODINFO[16:-16], b"\0" * 64])
def test_without_its_sentinels_the_text_is_not_believed(modinfo: bytes) -> None:
    assert parse("go1.21.13", modinfo) == BuildInfo("go1.21.13")


@pytest.mark.parametrize(
    ("quoted", "value"),
    {
        "plain": "plain",
        "": "",
        '"': '"',
        '""': "",
        '"a\\"b\\\\"': 'a"b\\',
        '`a\\n"`': 'a\\n"',
        '"\\a\\v\\x41\\101\\u00e9\\U0001F600"': "\a\vAA\N{LATIN SMALL LETTER E WITH ACUTE}\N{GRINNING FACE}",
        '"\\xc3\\xa9 \\xff"': "\N{LATIN SMALL LETTER E WITH ACUTE} \N{REPLACEMENT CHARACTER}",
        '"\\ud800"': "\N{REPLACEMENT CHARACTER}",
    }.items(),
)
def test_settings_are_quoted_as_go_quotes(quoted: str, value: str) -> None:
    assert unquoted(quoted) == value


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _inline(form: Form) -> bytes:
    head = MAGIC + bytes([form.size, 2]) + bytes(16)
    return head + _varint(8) + b"go1.27.3" + _varint(len(MODINFO)) + MODINFO


def _read(path: Path) -> BuildInfo | None:
    with open_image(str(path)) as image:
        return read_build_info(Dynamic(image).relocations)


@pytest.mark.parametrize("form", FORMS, ids=str)
@pytest.mark.parametrize("name", [".go.buildinfo", ".data"])
def test_since_go_1_18_the_texts_are_inline_with_a_section_or_without(tmp_path: Path, form: Form, name: str) -> None:
    assert _read(build(tmp_path / "x", form, [Part(name, _inline(form))])) == INFO


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_before_go_1_18_pointers_lead_to_the_texts(tmp_path: Path, form: Form) -> None:
    parts = [
        Part(".go.buildinfo", bytes(32)),
        Part(".headers", bytes(4 * form.size)),
        Part(".version", b"go1.27.3"),
        Part(".modinfo", MODINFO),
    ]
    at = place(form, parts)
    head = MAGIC + bytes([form.size, int(form.order == ">")])
    pointers = form.words(at[".headers"], at[".headers"] + 2 * form.size)
    parts[0] = Part(".go.buildinfo", (head + pointers).ljust(32, b"\0"))
    parts[1] = Part(".headers", form.words(at[".version"], 8, at[".modinfo"], len(MODINFO)))
    assert _read(build(tmp_path / "x", form, parts)) == INFO


@pytest.mark.parametrize(
    "content",
    [
        MAGIC,
        MAGIC + b"\x08\x02" + bytes(16) + b"\xff" * 10,
        MAGIC + b"\x08\x02" + bytes(16) + _varint(1 << 60),
        MAGIC + b"\x08\x00" + b"\xff" * 16,
        MAGIC + b"\x63\x00" + bytes(16),
        (MAGIC + b"\x08\x00").ljust(16, b"\xff") * 5000,
    ],
    ids=["cut", "endless-length", "huge-length", "wild-pointers", "odd-pointer-size", "many"],
)
def test_damaged_build_info_is_none_at_all(tmp_path: Path, content: bytes) -> None:
    assert _read(build(tmp_path / "x", FORMS[0], [Part(".go.buildinfo", content)])) is None
