"""Hostile hosts and modules, given to the real go command by `align` and `build`: nothing runs or is written."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import aligned
from fixtures.oracle import build, proxy
from fixtures.scenarios import kit
from gopluck.builds.build import Build
from gopluck.facts import manifest
from gopluck.remedy.baseline import baseline
from test_canary import TEXTS, Sandbox, module, recorded_set, with_all

BUILD_MODES = ((), ("--print",), ("--write",))
MODES = ((), ("--check",), ("--diff",), ("--write",), ("--no-compile",))


@pytest.fixture(scope="module", autouse=True)
def _proxy() -> None:
    if shutil.which("cc") is None:
        pytest.skip("no C compiler (cc) here: cgo cannot build plugins")
    proxy.publish()


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Sandbox]:
    made = Sandbox(tmp_path / "s")
    for folder in ("nest", "cwd"):
        (made.root / folder).mkdir(parents=True)
    yield made
    assert list((made.root / "nest").iterdir()) == []


def run(here: Sandbox, command: str, host: str, *arguments: str) -> int:
    """Run align or build with the pinned go command on the module in `cwd/plug`, which it may change by --write."""
    folder = here.cwd / "plug"
    environ = dict(build.go_environment(kit.plugin(kit.NEWEST)))
    environ = {
        name: value for name, value in environ.items() if name not in ("GOFLAGS", "GOTOOLCHAIN", "GOROOT", "GOWORK")
    }
    output = here.root / "out.so"
    output.unlink(missing_ok=True)
    before = here.snapshot()
    more = ("-o", str(output)) if command == "build" else ()
    done = aligned.gopluck(command, *arguments, *more, host, ".", cwd=folder, env=environ)
    assert done.returncode in (0, 1, 2, 3), done.stderr
    assert "this is a bug" not in done.stderr
    after = here.snapshot()
    written = {str(folder / "go.mod"), str(folder / "go.sum")} if "--write" in arguments else set()
    if more and done.returncode == 0:
        written.add(str(output))
    assert {name for name in after | before if after.get(name) != before.get(name)} <= written
    return done.returncode


def test_no_setting_of_a_host_runs_or_writes_anything(here: Sandbox) -> None:
    host = recorded_set(0).host
    groups: dict[tuple[object, ...], str] = {}
    for name, value in here.contents().items():
        hostile = with_all(host, value, modules=False)
        found = baseline(Build(hostile, "the host"))
        groups.setdefault((found.go, tuple(found.env.items()), found.flags, bool(found.left_out)), name)
    (here.cwd / "plug").mkdir()
    module(
        here.cwd / "plug",
        **{
            "go.mod": "module example.com/plug\n\ngo 1.21\n",
            "main.go": 'package main\n\nimport _ "fmt"\n\nfunc main() {}\n',
        },
    )
    wanted = [
        *groups.values(),
        "wrapper",
        "plain wrapper",
        "profile",
        "toolexec",
        "map of the linker",
        "output of the linker",
    ]
    statuses = []
    for name in dict.fromkeys(wanted):
        path = here.root / "host.json"
        path.write_text(manifest.dumps(with_all(host, here.contents()[name], modules=False)))
        statuses += [run(here, "align", str(path)), run(here, "build", str(path))]
    print(f"{len(here.contents())} hostile hosts in {len(groups)} groups, {len(statuses)} given to the go command")
    assert len(statuses) >= 12


def test_no_text_of_a_module_runs_or_writes_anything(here: Sandbox) -> None:
    path = here.root / "host.json"
    path.write_text(manifest.dumps(recorded_set(0).host))
    count = 0
    for index, files in enumerate(TEXTS.values()):
        for turn, value in enumerate([*here.contents().values()][index % 17 :: 17]):
            folder = here.cwd / "plug"
            shutil.rmtree(folder, ignore_errors=True)
            module(folder, **{"go.mod": "module example.com/plug\n\ngo 1.21\n", **files(value)})
            run(here, "align", str(path), *MODES[turn % len(MODES)])
            run(here, "build", str(path), *BUILD_MODES[turn % len(BUILD_MODES)])
            count += 1
    print(f"{count} hostile modules given to the go command")
    assert count > 50
