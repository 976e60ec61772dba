"""Exported symbols: the type that gopluck reads is the one that a host sees when it looks the symbol up."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest

import recorded
from gopluck.golang.layouts import layout
from gopluck.golang.moduledata import Moduledata
from gopluck.golang.records import ExportedSymbol
from gopluck.golang.types import exported_symbols
from tinyelf import FORMS, Form, Part, build, open_image, place


def _asked(path: Path) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """(set, the plugin's facts, what Go answered) of each symbol that was really looked up."""
    document = recorded.family(path)
    return [
        (one["name"], document["binaries"][opened["binary"]].get("go") or {}, answer)
        for one in document["sets"]
        for opened, outcome in zip(one["opens"], one["outcome"], strict=False)
        for answer in outcome.get("lookups") or ()
    ]


FAMILIES = [path for path in recorded.families() if _asked(path)]


@pytest.mark.parametrize("path", FAMILIES, ids=lambda path: path.name.removesuffix(".json.xz"))
def test_types_read_as_reflect_prints_them(path: Path) -> None:
    wrong = []
    for name, go, answer in _asked(path):
        found = {one["name"]: one for one in go.get("exported", ())}.get(answer["symbol"])
        # Lookup gives a pointer to a variable.
        read = found and ("*" if found["kind"] == "var" else "") + found["type"]
        if (read or "") != answer["type"]:
            wrong.append((name, answer, found))
    assert wrong == []


@pytest.mark.parametrize("path", recorded.families(), ids=lambda path: path.name.removesuffix(".json.xz"))
def test_symbols_that_dlsym_does_not_find_are_named(path: Path) -> None:
    document = recorded.family(path)
    wrong = []
    for one in document["sets"]:
        for opened, outcome in zip(one["opens"], one["outcome"], strict=False):
            go = (document["binaries"].get(opened["binary"]) or {}).get("go") or {}
            missing = go.get("missing_symbols", ())
            _, found, rest = outcome["text"].partition("could not find symbol ")
            if found and rest.partition(":")[0] not in missing:
                wrong.append((one["name"], outcome["text"]))
            if outcome["result"] == "ok" and missing:
                wrong.append((one["name"], missing))
    assert wrong == []


def _fixed(text: str) -> bytes:
    """An `abi.Name` up to Go 1.16."""
    return b"\1" + struct.pack(">H", len(text)) + text.encode()


def _varint(text: str) -> bytes:
    """An `abi.Name` since Go 1.17."""
    length = bytes([len(text)]) if len(text) < 0x80 else bytes([len(text) & 0x7F | 0x80, len(text) >> 7])
    return b"\1" + length + text.encode()


LONG = f"struct {{ {'; '.join(f'Field{number} string' for number in range(20))} }}"


@pytest.mark.parametrize("form", FORMS, ids=str)
@pytest.mark.parametrize("name", [_fixed, _varint], ids=["up to Go 1.16", "since Go 1.17"])
def test_names_tell_how_their_length_is_written(tmp_path: Path, form: Form, name: Any) -> None:
    """Plugins of Go 1.16 and 1.17 have one layout, one form of pclntab, and no build info."""
    texts = {"Hello": "func(string) int", "Options": f"*{LONG}"}
    names, types, table = b"", b"", b""
    for symbol, text in texts.items():
        at = len(names)
        names += name(symbol) + name(text)
        kind = 19 if text.startswith("func") else 22
        body = form.words(0, 0) + struct.pack(form.order + "I4B", 0, 0, 0, 0, kind) + form.words(0, 0)
        table += struct.pack(form.order + "ii", at, len(types))
        types += body + struct.pack(form.order + "ii", at + len(name(symbol)), 0)
    rows = struct.iter_unpack(form.order + "ii", table)
    table = b"".join(struct.pack(form.order + "ii", text, len(names) + at) for text, at in rows)
    part = Part(".rodata", names + types + table)
    start = place(form, [part])[".rodata"]
    module = Moduledata(layout("go1.16", form.size), 0, "p", (), start, 0, start + len(names + types), 2, ())
    with open_image(str(build(tmp_path / "x", form, [part]))) as image:
        assert exported_symbols(image, module) == (
            ExportedSymbol("Hello", "func", "func(string) int"),
            ExportedSymbol("Options", "var", LONG),
        )
