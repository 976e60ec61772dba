"""Kinds of Go binaries, by what the linker and the go command leave in them."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from gopluck.elf.constants import ET_DYN, ET_EXEC
from gopluck.elf.dynamic import Dynamic
from gopluck.golang.kind import kind_of
from gopluck.golang.pclntab import find_pclntabs
from gopluck.golang.records import BuildInfo
from tinyelf import FORMS, Part, build, open_image


def _info(mode: str | None = None, path: str = "example.com/app") -> BuildInfo:
    return BuildInfo("go1.27.3", path, settings=(("-buildmode", mode),) if mode else ())


KINDS = [
    ("exe", ET_EXEC, _info("exe"), "", b""),
    ("exe", ET_EXEC, _info(), "", b""),
    ("exe", ET_EXEC, None, "", b""),
    ("pie", ET_DYN, _info("pie"), "", b""),
    ("plugin", ET_DYN, _info("plugin"), "example.com/plug", b""),
    ("plugin", ET_DYN, None, "example.com/plug", b""),
    ("c-shared", ET_DYN, _info("c-shared"), "", b""),
    ("c-shared", ET_DYN, _info(), "", b""),
    ("unknown", ET_DYN, None, "", b""),
    ("test", ET_EXEC, _info("exe", "example.com/app/core.test"), "", b""),
    ("test", ET_EXEC, _info(None, ""), "", b"testing.MainStart\0"),
    ("exe", ET_EXEC, _info("exe", "example.com/app"), "", b"testing.MainStart\0"),
    ("exe", ET_EXEC, _info(None, ""), "", b"mytesting.MainStart\0"),
]


@pytest.mark.parametrize(("kind", "elf_type", "info", "pluginpath", "names"), KINDS)
def test_the_kind_follows_from_the_file(
    tmp_path: Path, kind: str, elf_type: int, info: BuildInfo | None, pluginpath: str, names: bytes
) -> None:
    form, table = FORMS[0], b"\0main.main\0" + names
    header = struct.pack("<IBBBB", 0xFFFFFFF1, 0, 0, 1, 8) + form.words(1, 1, 0, 72, 72 + len(table), 0, 0, 0)
    parts = [Part(".gopclntab", header + table + bytes(64))]
    with open_image(str(build(tmp_path / "x", form, parts, elf_type))) as image:
        assert kind_of(Dynamic(image), info, pluginpath, find_pclntabs(image)) == kind
