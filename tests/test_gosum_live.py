"""What `gopluck align HOST --go-sum` prints is typed, and what it builds really loads."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

import aligned
from fixtures.oracle import proxy

SETS = ("modules/greet-v1.2.0/*/plugin-only*", "modules/indirect/*/plugin-only*")
"""Plugins whose go.mod asks for more than the host has, directly and through another module."""


@pytest.fixture(scope="module", autouse=True)
def _proxy() -> None:
    if shutil.which("cc") is None:
        pytest.skip("no C compiler (cc) here: cgo cannot build plugins")
    proxy.publish()


def tidy(one: aligned.Sources) -> Path:
    """The go.sum of a plugin's module, as Go writes it."""
    root = next(folder for folder in (one.folder, *one.folder.parents) if (folder / "go.mod").is_file())
    words = [f"{one.environ['GOROOT']}/bin/go", "mod", "tidy"]
    subprocess.run(words, cwd=root, env={**one.environ, "GOFLAGS": "-mod=mod"}, check=True, capture_output=True)
    return root / "go.sum"


def compared(one: aligned.Sources, go_sum: Path) -> tuple[int, list[str]]:
    """The status, and the lines to type."""
    words = ("align", str(one.host), "--go-sum", str(go_sum), "--format", "json")
    done = aligned.gopluck(*words, cwd=one.folder, env=one.environ)
    return done.returncode, json.loads(done.stdout)["remedy"]["run"]


def test_what_is_printed_really_loads() -> None:
    chosen = aligned.sets(SETS, full=False)
    for scenario in chosen:
        assert aligned.truth(scenario)[0] == "error", scenario.name
        with aligned.sources(scenario) as one:
            go_sum = tidy(one)
            status, lines = compared(one, go_sum)
            assert status == 1
            assert " go get " in lines[0]
            assert aligned.really_load(one.host, one.run(lines)) == ("ok", ""), scenario.name
            tidy(one)
            assert compared(one, go_sum)[0] == 0
    assert len(chosen) == 8
