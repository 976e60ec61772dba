"""docs/how-go-loads-plugins.md: what it names stands in Go's sources, and what it shows is what the commands print.

`python -m fixtures.tour` renews the page and the index of names. The sources of two releases are read in each run, with
`--full` those of all.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from fixtures.oracle.toolchains import MINORS as PINNED
from fixtures.oracle.toolchains import OLD, goroot
from fixtures.tour import edits, example, page
from fixtures.tour.sources import MINORS, RELEASES, found, members, minor, span, struct

TEXT = page.PAGE.read_text()
ROWS = page.rows(TEXT)
WHY = "run: python -m fixtures.tour"
ALWAYS = (PINNED[0], PINNED[-1])


@pytest.fixture(params=RELEASES)
def release(request: pytest.FixtureRequest) -> str:
    """A release whose sources are here."""
    chosen: str = request.param
    if chosen not in ALWAYS and not (request.config.getoption("--full") and chosen in {*PINNED, *OLD}):
        pytest.skip("read with --full")
    return chosen


def test_every_pinned_release_is_on_the_tour() -> None:
    assert {*PINNED, *OLD} <= set(RELEASES)
    assert [release for release in RELEASES if release not in TEXT] == [], WHY


def test_every_row_says_what_the_index_says() -> None:
    assert len(ROWS) >= 100
    assert {(row.file, row.name): row.releases for row in ROWS} == {
        (file, name): releases for file, names in page.index().items() for name, releases in names.items()
    }, WHY
    tables = TEXT.partition("## Release by release")[0]
    assert len(re.findall(r"^\| 1\.[\d.–, ]+ \|", tables, re.MULTILINE)) == len(ROWS), "a row that is not read as one"


def test_the_index_says_what_the_sources_say(release: str) -> None:
    root = goroot(release)
    expected = {row: minor(release) in members(row.releases) for row in ROWS}
    assert {row: found(root, row.file, row.name) for row in ROWS} == expected, WHY


def test_every_release_has_a_row_for_each_part_of_the_way() -> None:
    """No release is left out where a thing has several names."""
    for subject in (
        r"cmd/compile/.*/export\.go",
        r"cmd/compile/.*(iexport|unified)\.go",
        r".*(genhash: sha1|(iexport|WriteExports|DumpTo): .*New)",
        r".*pkghashbytes\.\"",
        r".*plugin\.tabs\"",
        r".*(dumptabs|WriteTabs|WritePluginTable)",
        r".*gentext",
        r".*(itablinks|addModuleItabs)$",
        r".*(absFilename|trimFilename)",
        r".*(symIdx|lsymIdx)",
        r".*(caninl|CanInline)",
        r".*(open: \.\.inittask|\(\*Link\)\.inittasks)",
    ):
        named = [members(row.releases) for row in ROWS if re.match(subject, f"{row.file} {row.name}")]
        assert frozenset().union(*named) == frozenset(MINORS), subject


def test_the_text_names_nothing_that_no_row_has() -> None:
    prose = re.sub(r"^(```.*?^```|\|.*?)$", "", TEXT, flags=re.MULTILINE | re.DOTALL)
    named = re.findall(r"`([\w./]+\.(?:go|s)|\w+\(\))`", prose)
    known = {row.file for row in ROWS} | {f"{re.split(r'[.·]', row.name.partition(':')[0])[-1]}()" for row in ROWS}
    assert len(named) >= 5
    assert {name for name in named if not name.endswith("greet.go")} <= known


def test_module_data_changes_where_the_page_says(request: pytest.FixtureRequest) -> None:
    if not request.config.getoption("--full"):
        pytest.skip("reads the sources of all releases")
    fields = [struct(goroot(release), "runtime/symtab.go", "moduledata") for release in RELEASES]
    changed = [MINORS[number] for number in range(1, len(MINORS)) if fields[number - 1] != fields[number]]
    rows = re.findall(r"^\| (1\.\d+) \| (.*) \|$", TEXT.partition("## Release by release")[2], re.MULTILINE)
    assert changed == [release for release, words in rows if "`moduledata`" in words]


def test_the_table_of_differences_is_what_the_compiler_does(release: str) -> None:
    table = page.differences(TEXT)
    tried = edits.outcomes([release])
    assert {what: marks[minor(release)] for what, marks in table.items()} == {
        what: marks[release] for what, marks in tried.items()
    }, WHY


def test_the_sessions_show_real_output() -> None:
    if not all(shutil.which(program) for program in ("cc", "readelf", "objdump", "nm", "ar")):
        pytest.skip("no C compiler or no binutils here")
    commands = page.commands(TEXT)
    assert len(commands) >= 20
    outputs = example.outputs([command for command, _ in commands])
    shown = {command: example.masked(text) for command, text in commands}
    assert {c: example.masked(text) for (c, _), text in zip(commands, outputs, strict=True)} == shown, WHY


SOURCE = """\
package ld

type moduledata struct {
	pcHeader *pcHeader
	text, etext uintptr

	pkghashes []modulehash
}

const text = "go:link.pkghash."

func (ctxt *Link) loadlib() {
	genhash()
}

func (gcToolchain) ld() error {
	return nil
}

func genhash[T any](x T) {
	sha1.New()
}
"""

FOUND = {
    "genhash": True,
    "genhas": False,
    "loadlib": False,
    "(*Link).loadlib": True,
    "(Link).loadlib": False,
    "(gcToolchain).ld": True,
    "text": True,
    "moduledata": True,
    "moduledata.etext": True,
    "moduledata.pkghashes": True,
    "moduledata.modulehash": False,
    '"go:link.pkghash."': True,
    '"go.link.pkghash."': False,
    "genhash: sha1.New": True,
    "(*Link).loadlib: genhash": True,
    "(*Link).loadlib: sha1.New": False,
}


@pytest.mark.parametrize("name", FOUND)
def test_a_name_is_found_where_it_is_declared_only(name: str, tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.go").write_text(SOURCE)
    assert found(tmp_path, "a.go", name) == FOUND[name]
    assert not found(tmp_path, "b.go", name)


def test_spans_are_read_as_they_are_written() -> None:
    for releases in (MINORS, MINORS[:1], MINORS[2:5], (*MINORS[:3], MINORS[-1]), MINORS[::2]):
        assert members(span(releases)) == frozenset(releases)
    assert span(("1.20", "1.19", "1.15", "1.16")) == "1.15–1.16, 1.19–1.20"
