"""Releases that nobody has seen yet: each row is taken away in turn, and the files themselves tell the layout.

With DWARF the module data, and so every verdict, is what it is with the row; without DWARF it is that, or not known.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import gopluck
from fixtures.layouts import RELEASES, builds
from fixtures.oracle import build, proxy
from fixtures.oracle.toolchains import MINORS
from gopluck.errors import MalformedFile
from gopluck.facts.manifest import dumps
from gopluck.facts.read import read
from gopluck.golang import dwarf, layouts, release
from gopluck.golang.records import ModuledataFacts

FEW = (MINORS[0], MINORS[-1])


@pytest.fixture(autouse=True)
def _kept() -> Iterator[None]:
    """The rows and layouts are there again afterwards."""
    rows, numbers, known = release.RELEASES, dict(release._BY_NUMBER), dict(layouts.LAYOUTS)
    yield
    know(rows, known)
    assert numbers == release._BY_NUMBER


def know(rows: tuple[release.Release, ...], forms: Mapping[str, str]) -> None:
    """These rows and layouts, and no others."""
    layouts.layout.cache_clear()
    vars(release).update(RELEASES=rows, _BY_NUMBER={one.number: one for one in rows})
    assert isinstance(layouts.LAYOUTS, dict)
    layouts.LAYOUTS.clear()
    layouts.LAYOUTS.update(forms)


ROWS, FORMS = release.RELEASES, dict(layouts.LAYOUTS)


def take_away(version: str, *, layout: bool) -> None:
    """The row of a release; `layout`: and every row that has its layout, and that."""
    (gone,) = (one for one in ROWS if one.number == release.minor(f"go{version}"))
    rows = tuple(one for one in ROWS if one != gone and not (layout and one.moduledata == gone.moduledata))
    know(rows, {name: text for name, text in FORMS.items() if not (layout and name == gone.moduledata)})


def module(path: Path) -> ModuledataFacts | None:
    """The module data of a file."""
    go = read(str(path)).go
    return go.moduledata if go is not None else None


def alike(one: ModuledataFacts | None, other: ModuledataFacts | None, offsets: dict[str, int]) -> bool:
    """Whether two are the same to a replay. `offsets`: those of the first."""
    if one is None or other is None or one.memory != other.memory:
        return False
    return dict(layouts.layout(other.layout, 8)) == offsets


@pytest.fixture(params=RELEASES)
def version(request: pytest.FixtureRequest) -> str:
    """A release whose files are built."""
    if shutil.which("cc") is None:
        pytest.skip("no C compiler (cc) here: cgo cannot build plugins")
    found: str = request.param
    if found not in FEW and not request.config.getoption("--full"):
        pytest.skip("only with --full")
    proxy.publish()
    return found


@pytest.mark.parametrize("kind", ["host", "plugin"])
def test_a_file_tells_its_layout_by_its_dwarf(version: str, kind: str) -> None:
    path = build.build(builds(version)[kind])
    before = module(path)
    assert before is not None
    assert not before.told_by
    offsets = dict(layouts.layout(before.layout, 8))
    for layout in (False, True):
        take_away(version, layout=layout)
        found = module(path)
        assert alike(before, found, offsets)
        # Before Go 1.21 a plugin does not tell its release, and the other rows of its pclntab's form are tried first.
        assert found is not None
        assert found.told_by == "DWARF" or not layout
        assert layout == found.layout.startswith("@")


@pytest.mark.parametrize("kind", ["host", "plugin"])
def test_without_dwarf_nothing_wrong_is_believed(version: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = build.build(builds(version)[kind])
    before = module(path)
    assert before is not None
    offsets = dict(layouts.layout(before.layout, 8))
    monkeypatch.setattr(dwarf, "struct", lambda *_: None)
    for layout in (False, True):
        take_away(version, layout=layout)
        found = module(path)
        assert found is None or alike(before, found, offsets)
        if found is not None and found.told_by:
            assert (found.told_by, layout) == ("code", False)
    # As if gopluck were of the time before that release: it knows the older ones only.
    rows = tuple(one for one in ROWS if one.number < (release.minor(f"go{version}") or (0, 0)))
    know(rows, {name: text for name, text in FORMS.items() if name in {one.moduledata for one in rows}})
    found = module(path)
    assert found is None or alike(before, found, offsets)


def test_a_check_and_a_manifest_say_what_they_rest_on(tmp_path: Path) -> None:
    if shutil.which("cc") is None:
        pytest.skip("no C compiler (cc) here: cgo cannot build plugins")
    proxy.publish()
    newest = MINORS[-1]
    host, plugin = (build.build(builds(newest)[kind]) for kind in ("host", "plugin"))
    known = gopluck.check(host, plugin).plugins[0]
    take_away(newest, layout=True)
    found = gopluck.check(host, plugin).plugins[0]
    assert (found.verdict, found.error, found.packages) == (known.verdict, known.error, known.packages)
    assert found.note == (
        f"go{newest} is not known to this gopluck: the layout of its module data is what the file's DWARF says"
    )
    manifest = tmp_path / "host.json"
    manifest.write_text(dumps(read(str(host))))
    again = gopluck.check(manifest, plugin).plugins[0]
    assert (again.verdict, again.error, again.packages) == (known.verdict, known.error, known.packages)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "@",
        "go1.99",
        "@584",
        "@584 next=8",
        f"@9999 {' '.join(f'{field}=8' for field in sorted(layouts.NEEDED))}",
        f"@64 {' '.join(f'{field}=64' for field in sorted(layouts.NEEDED))}",
        f"@584 {' '.join(f'{field}=-8' for field in sorted(layouts.NEEDED))}",
        f"@584 {' '.join(f'{field}=8' for field in sorted(layouts.NEEDED))}\n",
    ],
)
def test_a_hostile_layout_is_none(name: str) -> None:
    assert not layouts.is_layout(name, 8)


@pytest.mark.parametrize("seed", range(60))
def test_damaged_dwarf_tells_less_and_raises_nothing(tmp_path: Path, seed: int) -> None:
    if shutil.which("cc") is None:
        pytest.skip("no C compiler (cc) here: cgo cannot build plugins")
    proxy.publish()
    from tinyelf import open_image

    data = bytearray(build.build(builds(MINORS[-1])["plugin"]).read_bytes())
    with open_image(str(build.build(builds(MINORS[-1])["plugin"]))) as image:
        section = image.sections[".debug_abbrev" if seed % 2 else ".debug_info"]
    for step in range(1 + seed % 7):
        data[section.offset + (seed * 7919 + step * 104_729) % section.size] ^= 0xFF >> (seed % 8)
    path = tmp_path / "p.so"
    path.write_bytes(data)
    with open_image(str(path)) as image:
        try:
            found = dwarf.struct(image, b"runtime", b"runtime.moduledata")
        except MalformedFile:
            return
    assert found is None or all(isinstance(at, int) for at in found[1].values())
