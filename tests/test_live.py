"""The live part: build with the pinned toolchains, really load, and compare with what gopluck says of the same files.

`make test` takes the oldest and the newest toolchain and a part of the table; `--full` (`make test-all`) all of it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import recorded
from fixtures import layouts, stdtags
from fixtures.oracle.toolchains import MINORS
from gopluck.replay.process import replay

ROOT = Path(__file__).parent.parent

PART = (
    "toolchains/*",
    "symbols/*",
    "sessions/*",
    "badfiles/*@1.27.3",
    "links/host-*/same@*",
    "links/stripped/both/*",
    "flags/trimpath/*",
    "flags/stripped/*",
    "flags/gcflags-all-N-l/*",
    "flags/ldflags-s-w/*",
    "flags/gomodcache/*",
    "modules/greet-v1.1.0/*",
    "modules/pulled-up-*",
    "modules/vendored*@1.27.3",
    "content/inlinable-body/*",
    "content/body-out-of-line/*",
    "content/comment-line/*",
    "tls/size/*",
    "tls/two/*",
    "process/code-skew/*",
    "traps/workspace/*",
    "traps/required-by-version/*",
    "traps/test-host/external-tests@*",
)
"""The scenarios of `make test`: each kind of thing that the replay knows, and few combinations of compile flags."""

REPAIRED = (
    "flags/trimpath/*",
    "flags/gcflags-all-N-l/*",
    "flags/gomodcache/*",
    "links/host-*/same@*",
    "modules/greet-v1.1.0/*",
    "modules/pulled-up-by-another/*",
    "modules/vendored/*@1.27.3",
    "content/inlinable-body/*",
    "traps/required-by-version/*",
    "traps/replaced-by-folder/*",
    "traps/inside-another-checkout/*",
    "traps/installed-by-version-plugin-inside/*",
    "toolchains/*",
    "repairs/chain/*",
    "repairs/known-cache*/*@1.27.3",
    "repairs/goflags-trimpath/*",
    "repairs/workspace/*",
    "multi/*gcflags-dep-l*",
    "multi/*words-v1.1.0*@1.27.3",
)
"""The refused sets whose recipe `make test` carries out: several differences among them, and few compile flags."""


@pytest.fixture(scope="module")
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recorded files of sets that were built and loaded just now."""
    if shutil.which("cc") is None:
        pytest.skip("no C compiler (cc) here: cgo cannot build plugins")
    full = request.config.getoption("--full")
    chosen = [] if full else [word for glob in PART for word in ("--only", glob)]
    if not full:
        chosen += ["--toolchains", "oldest,newest"]
    subprocess.run([sys.executable, "-m", "fixtures.oracle", "load", *chosen], cwd=ROOT, check=True)
    target = tmp_path_factory.mktemp("live")
    subprocess.run(
        [sys.executable, "-m", "fixtures.oracle", "record", *chosen, "--into", str(target)], cwd=ROOT, check=True
    )
    return target


def test_gopluck_says_what_go_just_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    misses: list[str] = []
    total = 0
    for path in sorted(folder.glob("*.json.xz")):
        for one in recorded.sets(path):
            total += 1
            found = recorded.disagreement(one, replay(one.host, one.requests, one.system))
            misses += [found] if found else []
    with capsys.disabled():
        print(f"\nreally loaded: {total - len(misses)} of {total} sets as Go said", end=" ")
    assert not misses, "\n".join(misses)
    assert total >= 100


def test_the_tags_of_the_standard_library_are_those_of_its_sources(
    folder: Path, request: pytest.FixtureRequest
) -> None:
    table = json.loads(stdtags.TABLE.read_text())
    if request.config.getoption("--full"):
        assert stdtags.text(stdtags.table()) == stdtags.TABLE.read_text(), "run: python -m fixtures.stdtags"
    for tag, packages in stdtags.table((MINORS[0], MINORS[-1])).items():
        assert set(packages) <= set(table[tag]), f"{tag}: run: python -m fixtures.stdtags"


def test_the_layouts_are_those_that_the_compilers_write(folder: Path, request: pytest.FixtureRequest) -> None:
    full = request.config.getoption("--full")
    versions, kinds = (layouts.RELEASES, layouts.KINDS) if full else ((MINORS[0], MINORS[-1]), layouts.KINDS[:2])
    kept = json.loads(layouts.TABLE.read_text())
    found = json.loads(layouts.text(layouts.table(versions, kinds)))
    wanted = {version: {kind: kept[version][kind] for kind in kinds} for version in versions}
    assert found == wanted, "run: python -m fixtures.layouts"


def test_what_gopluck_prints_makes_the_plugin_load(
    request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    if shutil.which("cc") is None:
        pytest.skip("no C compiler (cc) here: cgo cannot build plugins")
    chosen = [word for glob in REPAIRED for word in ("--only", glob)] + ["--toolchains", "oldest,newest"]
    chosen = [] if request.config.getoption("--full") else chosen
    command = [sys.executable, "-m", "fixtures.oracle.repair", *chosen]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    misses = [line for line in done.stdout.splitlines() if line.startswith(("MISS", "NOT BUILT", "BROKEN"))]
    with capsys.disabled():
        print("\n" + "\n".join(done.stdout.splitlines()[-3:]), end=" ")
    assert not misses, "\n".join(misses)
    assert done.returncode == 0
    assert done.stdout.count("ok repaired") >= 40
