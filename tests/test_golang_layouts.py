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
from gopluck.golang import inlining, release
from gopluck.golang.layouts import LAYOUTS, MINIMUM_WINDOW_WORDS, layout
from gopluck.golang.release import PCLNTABS, RELEASES, Release

TABLE: Mapping[str, Mapping[str, tuple[int, Mapping[str, int]]]] = json.loads(measured.TABLE.read_text())
KINDS = [(version, kind) for version in VERSIONS for kind in measured.KINDS]


def _row(version: str) -> Release:
    found = release.of(f"go{version}")
    assert found is not None, f"Go {version} has no row in RELEASES (src/gopluck/golang/release.py)"
    return found


def test_every_pinned_release_is_measured() -> None:
    missing = [version for version in VERSIONS if version not in TABLE]
    assert not missing, f"run: python -m fixtures.layouts {' '.join(missing)}"


def test_every_measured_release_has_a_row_and_no_row_is_without_one() -> None:
    assert [_row(version).number for version in TABLE] == [row.number for row in RELEASES]
    assert set(TABLE) == set(VERSIONS)


def test_every_form_is_that_of_some_release() -> None:
    assert {row.moduledata for row in RELEASES} == set(LAYOUTS)
    assert {row.pclntab for row in RELEASES} == set(PCLNTABS)
    assert [row for form in PCLNTABS for row in release.with_pclntab(form)] == list(RELEASES)


def test_a_release_that_is_not_known_has_no_row() -> None:
    assert [release.of(text) for text in ("go1.14.15", "go1.99", "go1.99.1 X:none", "devel +abc", "")] == [None] * 5


@pytest.mark.parametrize(("version", "kind"), KINDS)
def test_a_layout_is_the_one_of_the_compiler(version: str, kind: str) -> None:
    if version not in TABLE:
        pytest.fail(f"not measured; run: python -m fixtures.layouts {version}")
    size, offsets = TABLE[version][kind]
    word = 4 if kind == "host-386" else 8
    name = _row(version).moduledata
    found = layout(name, word)
    same = [one for one in LAYOUTS if layout(one, word).size == size and layout(one, word) == offsets]
    right = f"it is {same[0]}" if same else "it needs a row of its own in LAYOUTS"
    changes = "; ".join(measured.changes((found.size, found), (size, offsets)))
    assert (found.size, dict(found)) == (size, offsets), (
        f"column moduledata of Go {version} says {name}, {right}: {changes}"
    )
    assert size <= MINIMUM_WINDOW_WORDS * word


def test_what_changed_is_told_field_by_field() -> None:
    before, after, again = (TABLE[version]["host"] for version in ("1.26.6", "1.27.3", "1.25.5"))
    assert measured.changes(before, after) == [
        "typelinks is gone",
        "itablinks is gone",
        "typedesclen is new, behind types, 8 bytes",
        "itaboffset is new, behind etypes, 8 bytes",
        "itabsize is new, behind itaboffset, 8 bytes",
    ]
    assert measured.changes(again, before) == ["epclntab is new, behind gofunc, 8 bytes"]
    assert measured.changes(before, before) == []
    assert measured.changes(TABLE["1.22.10"]["host"], TABLE["1.23.9"]["host"]) == ["bad moved behind hasmain"]
    size, offsets = before
    assert measured.changes(before, (size + 8, {**offsets, "next": offsets["next"] + 8})) == [
        f"next is at {offsets['next'] + 8}, not {offsets['next']}",
        f"it has {size + 8} bytes, not {size}",
    ]


def _text(source: Path, *names: str) -> str:
    return "".join((source / name).read_text() for name in names if (source / name).exists())


@pytest.mark.parametrize("version", VERSIONS)
def test_a_row_is_what_the_sources_of_the_release_say(version: str) -> None:
    source = GOROOTS / version / "src"
    if not source.exists():
        pytest.skip(f"the toolchain of Go {version} is not there")
    row = _row(version)
    folders = {path.name for path in source.iterdir() if path.is_dir()} - {"cmd", "testdata"}
    before = set(" ".join(one.std for one in RELEASES[: RELEASES.index(row)]).split())
    assert folders - before == set(row.std.split()), "column std: the folders that are new"
    goobj = _text(source, "cmd/internal/goobj/objfile.go", "cmd/internal/goobj2/objfile.go")
    assert re.findall(r'Magic = "\\x00(\w+)"', goobj) == [row.object_magic[1:].decode()], "column object_magic"
    prefixes = re.findall(r'"(go.link\.pkghashbytes\.)"', _text(source, "cmd/link/internal/ld/symtab.go"))
    assert row.link_prefix in prefixes, "column link_prefix"
    magics = re.findall(r"0x[fF]{6}\w\w\b", _text(source, "internal/abi/symtab.go", "debug/gosym/pclntab.go"))
    newest = hex(max((int(magic, 16) for magic in magics), key=_age))
    assert hex(PCLNTABS[row.pclntab].magic) == newest, "column pclntab: the form whose magic this is"


SIZES = {"int16": 2, "int32": 4, "uint32": 4} | dict.fromkeys(
    ("funcID", "abi.FuncID", "funcFlag", "abi.FuncFlag", "uint8", "byte", "int8"), 1
)


def _offsets(text: str, name: str) -> dict[str, int]:
    """The offset of each field of a struct of the runtime behind the first pointer, without padding; `size`."""
    body = re.search(rf"^type {name} struct \{{\n(.*?)(?:^\}}|^\t// The end)", text, re.DOTALL | re.MULTILINE)
    assert body is not None
    out, at = {}, 0
    for field, count, kind in re.findall(r"^\t(\w+) +(?:\[(\d)\])?([\w.]+)", body[1], re.MULTILINE):
        if kind in SIZES:
            out[field.lower()] = at
            at += SIZES[kind] * int(count or 1)
    return out | {"size": at}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_form_of_pclntab_is_what_the_runtime_of_the_release_reads(version: str) -> None:
    source = GOROOTS / version / "src"
    if not source.exists():
        pytest.skip(f"the toolchain of Go {version} is not there")
    form = PCLNTABS[_row(version).pclntab]
    (tree,) = re.findall(r"#define FUNCDATA_InlTree (\d)", _text(source, "runtime/funcdata.h"))
    call = _offsets(_text(source, "runtime/symtab.go", "runtime/symtabinl.go"), "inlinedCall")
    assert form.tree == int(tree)
    assert form.inlined == (call["size"], call.get("nameoff", call.get("func_")), call["parentpc"])
    function = _offsets(_text(source, "runtime/runtime2.go"), "_func")
    first = function["nameoff"]
    fields = {
        name: (function[name] - first) // 4 for name in ("args", "npcdata", "size", "cuoffset") if name in function
    }
    # Its last byte is nfuncdata; funcID, flag and padding lie before.
    found = {"args": inlining.ARGUMENTS, "npcdata": inlining.PCDATAS, "size": form.fields}
    assert fields == found | ({} if form.cu is None else {"cuoffset": form.cu})


PASSING = {
    ("go1.15.15", "go1.2", "amd64"): "stack",
    ("go1.16.15", "go1.16", "amd64"): "stack",
    ("go1.16.15 X:regabi", "go1.16", "amd64"): "",
    ("go1.17.13", "go1.16", "amd64"): "registers",
    ("go1.17.13 X:noregabi", "go1.16", "amd64"): "",
    ("go1.17.13", "go1.16", "arm64"): "",
    ("go1.18.10", "go1.18", "arm64"): "registers",
    ("unknown", "go1.2", "amd64"): "stack",
    ("unknown", "go1.16", "amd64"): "",
    ("unknown", "go1.18", "amd64"): "registers",
    ("go1.99", "go1.20", "arm64"): "registers",
    ("go1.27.3", "go1.20", "riscv64"): "",
}


@pytest.mark.parametrize(("file", "how"), PASSING.items(), ids=map(" ".join, PASSING))
def test_how_functions_get_their_arguments(file: tuple[str, str, str], how: str) -> None:
    assert release.passing(*file) == how


def _age(magic: int) -> int:
    """How new a magic is among those of `PCLNTABS`; those of other releases come first."""
    known = [form.magic for form in PCLNTABS.values()]
    return known.index(magic) if magic in known else -1
