"""The go line that a host's DefaultGODEBUG shows: by the pinned releases' own tables, and by recorded hosts."""

from __future__ import annotations

import re

import pytest

from fixtures.oracle.toolchains import MINORS, goroot
from gopluck.golang.godebug import CHANGED, go_line

INFO = re.compile(r'\{Name: "(\w+)",.* Changed: (\d+), Old: "(\d)"')
WITH_TABLE = [version for version in MINORS if int(version.split(".")[1]) >= 21]
"""The releases that derive the settings from the go line."""


def table(version: str) -> dict[str, tuple[int, str]]:
    """The settings of a release whose default changed: when, and the old value."""
    text = (goroot(version) / "src/internal/godebugs/table.go").read_text()
    return {name: (int(changed), old) for name, changed, old in INFO.findall(text)}


def chosen(request: pytest.FixtureRequest) -> list[str]:
    """The releases of this run."""
    return WITH_TABLE if request.config.getoption("--full") else [WITH_TABLE[0], WITH_TABLE[-1]]


def test_the_table_has_what_the_releases_have(request: pytest.FixtureRequest) -> None:
    known = {word for words in CHANGED.values() for word in words.split()}
    for version in chosen(request):
        for name, (changed, old) in table(version).items():
            assert f"{name}={old}" in CHANGED[changed].split()
            assert f"{name}={old}" in known


def test_each_go_line_is_found_again(request: pytest.FixtureRequest) -> None:
    for version in chosen(request):
        settings = table(version)
        latest = int(version.split(".")[1])

        def defaults(line: int, *more: str, settings: dict[str, tuple[int, str]] = settings) -> str:
            old = [f"{name}={old}" for name, (changed, old) in settings.items() if line < changed]
            return ",".join(sorted({*old, *more}))

        for line in range(18, latest + 1):
            found, more = go_line(defaults(line, "madvdontneed=1"), f"go{version}")
            assert found is not None
            assert defaults(found) == defaults(line)
            assert more == ("madvdontneed=1",)
        assert go_line("panicnil=1", f"go{version}") == ((20, ()) if latest == 21 else (latest, ("panicnil=1",)))


def test_what_no_release_says() -> None:
    assert go_line("panicnil=1", "devel") == (None, ("panicnil=1",))
    assert go_line("", "go1.27.3") == (27, ())
    assert go_line("", "go1.99.3") == (99, ())
