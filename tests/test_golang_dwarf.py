"""Compile flags: the producer of each Go compile unit, however the section is stored."""

from __future__ import annotations

import random
import zlib
from pathlib import Path

import pytest

from gopluck.golang import dwarf, units
from tinyelf import FORMS, Form, Part, build, open_image

ABBREVIATIONS = bytes(
    [
        *(1, 0x11, 1, 0x03, 0x08, 0x13, 0x0B, 0x10, 0x17, 0x11, 0x01, 0x25, 0x08, 0, 0),
        *(2, 0x11, 1, 0x25, 0x0E, 0x03, 0x0E, 0, 0),
        *(3, 0x2E, 1, 0x03, 0x08, 0x25, 0x08, 0, 0),
        *(4, 0x11, 1, 0x13, 0x21, 0x16, 0x03, 0x16, 0x72, 0x0A, 0x25, 0x08, 0, 0),
        0,
    ]
)
"""A unit as Go writes it, one of a C compiler, an entry that is no unit, and one with rare forms."""

FLAGS = {"example.com/greet": "", "fmt": "-N -l -shared -dynlink regabi", "main": "regabi", "rare/forms": "-race"}


def _unit(form: Form, version: int, entry: bytes, long: bool = False) -> bytes:
    order = "little" if form.order == "<" else "big"

    def number(value: int, size: int) -> bytes:
        return value.to_bytes(size, order)  # type: ignore[arg-type]

    offset = 8 if long else 4
    if version == 5:
        head = number(5, 2) + bytes([1, form.size]) + number(0, offset)
    else:
        head = number(version, 2) + number(0, offset) + bytes([form.size])
    body = head + entry + b"\x05children follow\0"
    return (number(0xFFFFFFFF, 4) + number(len(body), 8) if long else number(len(body), 4)) + body


def _go(form: Form, name: str, producer: str, long: bool = False) -> bytes:
    middle = b"\x16" + bytes(8 if long else 4) + bytes(form.size)
    return b"\1" + name.encode() + b"\0" + middle + producer.encode() + b"\0"


def _units(form: Form) -> bytes:
    return b"".join(
        [
            _unit(form, 4, _go(form, "fmt", "Go cmd/compile go1.24.11; -N -l -shared -dynlink regabi")),
            _unit(form, 4, b"\2" + bytes(8)),
            _unit(form, 5, _go(form, "main", "Go cmd/compile go1.27.3 X:arenas; regabi")),
            _unit(form, 5, _go(form, "c.c", "GNU C17 12.2.0 -O2")),
            _unit(form, 4, b"\3name\0Go cmd/compile go1.1; no unit\0"),
            _unit(form, 5, _go(form, "example.com/greet", "Go cmd/compile go1.27.3", long=True), long=True),
            _unit(form, 4, b"\4\x08rare/forms\0\2xxGo cmd/compile go1.27.3; -race\0"),
            _unit(form, 4, b"\x63"),
        ]
    )


def _store(form: Form, how: str, data: bytes) -> tuple[str, bytes, int]:
    """Prefix of the section's name, its content and flags."""
    packed = zlib.compress(data)
    match how:
        case "plain":
            return ".", data, 0
        case "compressed":
            head = form.words(1, len(data), 1) if not form.wide else form.words(0, len(data), 1)
            order = "little" if form.order == "<" else "big"
            return ".", (1).to_bytes(4, order) + head[4:] + packed, 0x800  # type: ignore[arg-type]
        case _:
            return ".z", b"ZLIB" + len(data).to_bytes(8, "big") + packed, 0


def _file(path: Path, form: Form, how: str, units: bytes) -> Path:
    parts = []
    for name, data in (("debug_abbrev", ABBREVIATIONS), ("debug_info", units)):
        prefix, content, flags = _store(form, how, data)
        parts.append(Part(prefix + name, content, flags))
    return build(path, form, parts)


def _flags(path: Path) -> dict[str, str] | None:
    with open_image(str(path)) as image:
        return dwarf.compile_flags(image)


@pytest.mark.parametrize("form", FORMS, ids=str)
@pytest.mark.parametrize("how", ["plain", "compressed", "zdebug"])
def test_each_go_unit_tells_its_flags(tmp_path: Path, form: Form, how: str) -> None:
    path = _file(tmp_path / "x", form, how, _units(form))
    assert _flags(path) == FLAGS
    with open_image(str(path)) as image:
        assert dwarf.producer_version(image) == "go1.24.11"


def test_units_far_apart_are_found_whatever_lies_between(tmp_path: Path) -> None:
    form = FORMS[0]
    far = _unit(form, 4, _go(form, "fmt", "Go cmd/compile go1.27.3; -l") + b"x" * 700_000)
    path = _file(tmp_path / "x", form, "compressed", far + _unit(form, 4, _go(form, "main", "Go cmd/compile go1.27.3")))
    assert _flags(path) == {"fmt": "-l", "main": ""}


def test_a_file_without_dwarf_has_no_flags(tmp_path: Path) -> None:
    assert _flags(build(tmp_path / "x", FORMS[0], [Part(".text", b"\xc3")])) is None


@pytest.mark.parametrize("how", ["plain", "compressed", "zdebug"])
@pytest.mark.parametrize("cut", [0, 1, 3, 12, 40, 100])
def test_damage_gives_fewer_flags_and_no_error(tmp_path: Path, how: str, cut: int) -> None:
    form = FORMS[0]
    path = _file(tmp_path / "x", form, how, _units(form)[:cut])
    found = _flags(path)
    assert found is None or found.items() <= FLAGS.items()


def test_units_are_read_until_pyelftools_has_read_as_many_values_as_it_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = FORMS[0]
    block = b"\4\x04" + (3000).to_bytes(4, "little") + bytes(3000) + b"Go cmd/compile go1.27.3\0"
    listed = _unit(form, 4, _go(form, "fmt", "Go cmd/compile go1.27.3; -l"))
    path = _file(tmp_path / "x", form, "plain", listed + _unit(form, 4, block) * 3 + listed.replace(b"fmt", b"net"))
    assert _flags(path) == {"fmt": "-l", "net": "-l"}
    monkeypatch.setattr(units, "MAX_READS", 6000)
    assert _flags(path) == {"fmt": "-l"}


def test_no_damage_to_any_byte_gives_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    form, chance = FORMS[0], random.Random("dwarf")
    whole = ABBREVIATIONS + _units(form)
    for _ in range(1000):
        data = bytearray(whole)
        for _ in range(chance.choice([1, 2, 8])):
            data[chance.randrange(len(data))] = chance.choice([0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)])
        monkeypatch.setattr(f"{__name__}.ABBREVIATIONS", bytes(data[: len(ABBREVIATIONS)]))
        found = _flags(_file(tmp_path / "x", form, "plain", bytes(data[len(ABBREVIATIONS) :])))
        assert found is None or all(isinstance(flags, str) for flags in found.values())


def test_a_section_that_inflates_without_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dwarf, "MAX_INFLATED", 1 << 20)
    form = FORMS[0]
    bomb = _unit(form, 4, _go(form, "fmt", "Go cmd/compile go1.27.3; -l") + bytes(64 << 20))
    assert _flags(_file(tmp_path / "x", form, "zdebug", bomb + bomb)) == {"fmt": "-l"}
