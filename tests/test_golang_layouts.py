"""The rows of Go releases: the layouts that each release's own compiler wrote into DWARF, and what its sources say.

`python -m fixtures.layouts` reads them from files that the pinned toolchains built; `test_live.py` does so anew.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from fixtures import layouts as measured
from fixtures.layouts import RELEASES as VERSIONS
from fixtures.oracle.paths import GOROOTS
from gopluck.golang import release
from gopluck.golang.layouts import LAYOUTS, MINIMUM_WINDOW_WORDS, layout
from gopluck.golang.release import PCLNTABS, RELEASES, Release

TABLE: Mapping[str, Mapping[str, tuple[int, Mapping[str, int]]]] = json.loads(measured.TABLE.read_text())
KINDS = [(version, kind) for version in VERSIONS for kind in measured.KINDS]


def _row(version: str) -> Release:
    found = release.of(f"go{version}")
    assert found is not None
    return found


def test_every_measured_release_has_a_row_and_no_row_is_without_one() -> None:
    assert [_row(version) for version in TABLE] == list(RELEASES)
    assert set(TABLE) == set(VERSIONS)


def test_every_form_is_that_of_some_release() -> None:
    assert {row.moduledata for row in RELEASES} == set(LAYOUTS)
    assert {row.pclntab for row in RELEASES} == set(PCLNTABS)
    assert [row for form in PCLNTABS for row in release.with_pclntab(form)] == list(RELEASES)


def test_a_release_that_is_not_known_has_no_row() -> None:
    assert [release.of(text) for text in ("go1.14.15", "go1.99", "go1.99.1 X:none", "devel +abc", "")] == [None] * 5


@pytest.mark.parametrize(("version", "kind"), KINDS)
def test_a_layout_is_the_one_of_the_compiler(version: str, kind: str) -> None:
    size, offsets = TABLE[version][kind]
    word = 4 if kind == "host-386" else 8
    found = layout(_row(version).moduledata, word)
    assert (found.size, dict(found)) == (size, offsets)
    assert size <= MINIMUM_WINDOW_WORDS * word


def _text(source: Path, *names: str) -> str:
    return "".join((source / name).read_text() for name in names if (source / name).exists())


@pytest.mark.parametrize("version", VERSIONS)
def test_a_row_is_what_the_sources_of_the_release_say(version: str) -> None:
    source = GOROOTS / version / "src"
    if not source.exists():
        pytest.skip(f"the toolchain of Go {version} is not there")
    row = _row(version)
    folders = {path.name for path in source.iterdir() if path.is_dir()} - {"cmd", "testdata"}
    assert folders == set(" ".join(one.std for one in RELEASES[: RELEASES.index(row) + 1]).split())
    goobj = _text(source, "cmd/internal/goobj/objfile.go", "cmd/internal/goobj2/objfile.go")
    assert re.findall(r'Magic = "\\x00(\w+)"', goobj) == [row.object_magic[1:].decode()]
    assert f'"{row.link_prefix}"' in _text(source, "cmd/link/internal/ld/symtab.go")
    magics = re.findall(r"0x[fF]{6}\w\w\b", _text(source, "internal/abi/symtab.go", "debug/gosym/pclntab.go"))
    assert PCLNTABS[row.pclntab].magic == max((int(magic, 16) for magic in magics), key=_age)


def _age(magic: int) -> int:
    """How new a magic is among those of `PCLNTABS`; those of other releases come first."""
    known = [form.magic for form in PCLNTABS.values()]
    return known.index(magic) if magic in known else -1
