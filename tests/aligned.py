"""Runs the real `gopluck align` on the sources of oracle sets, before anything of them is built; and really loads."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, NamedTuple

from fixtures.oracle import build, trees
from fixtures.oracle.load import load, loaded
from fixtures.oracle.locks import alone
from fixtures.oracle.model import GoBuild, Scenario
from fixtures.oracle.paths import TREES
from fixtures.oracle.toolchains import MINORS, NEWEST
from fixtures.scenarios import SCENARIOS

SOURCE = Path(__file__).parent.parent / "src"


class Aligned(NamedTuple):
    """What the command said."""

    status: int
    document: Mapping[str, Any]
    stderr: str


class Sources(NamedTuple):
    """The plugin's sources of a set, as they are before anything was built."""

    scenario: Scenario
    plugin: GoBuild
    folder: Path
    """That of the main package."""
    environ: Mapping[str, str]
    flags: str

    @property
    def host(self) -> Path:
        """The host, built."""
        return build.build(self.scenario.host)

    def align(self, *arguments: str) -> Aligned:
        """Run `gopluck align HOST DIR` in the environment of the set's own build."""
        done = gopluck("align", str(self.host), ".", "--format", "json", *arguments, cwd=self.folder, env=self.environ)
        return Aligned(done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr)

    def run(self, lines: list[str]) -> Path:
        """Type the lines that a recipe printed; the file that they built. Raises when one fails."""
        for old in self.folder.glob("*.so"):
            old.unlink()
        script = "\n".join(["set -e", *lines])
        done = subprocess.run(["bash", "-c", script], cwd=self.folder, env=dict(self.environ), capture_output=True)
        assert done.returncode == 0, f"{self.scenario.name}\n{script}\n{done.stderr.decode()}"
        (built,) = self.folder.glob("*.so")
        return built


def gopluck(*arguments: str, cwd: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """The command line program, run with this Python."""
    environment = {**env, "PYTHONPATH": str(SOURCE), "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-m", "gopluck", *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def sets(globs: tuple[str, ...], *, full: bool) -> list[Scenario]:
    """The sets with one plugin that matches a glob; of the oldest and the newest toolchain unless `full`."""
    few = {MINORS[0], NEWEST}
    return [
        one
        for one in SCENARIOS
        if any(fnmatch(one.name, glob) for glob in globs)
        and len(one.opens) == 1
        and isinstance(one.places[0].artifact, GoBuild)
        and (full or few.issuperset(one.toolchains))
    ]


@contextmanager
def sources(scenario: Scenario) -> Iterator[Sources]:
    """The plugin's tree, written anew, with nobody else in it; and gone afterwards."""
    plugin = scenario.places[0].artifact
    assert isinstance(plugin, GoBuild)
    build.build(scenario.host)
    environ = build.go_environment(plugin)
    program = f"{environ['GOROOT']}/bin/go"

    def prepare(arguments: list[str], folder: Path) -> None:
        more = {"GOWORK": "off", "GOFLAGS": "-mod=mod"}
        subprocess.run([program, *arguments], cwd=folder, env=environ | more, check=True, capture_output=True)

    place = trees.place(plugin.tree)
    folder = TREES / plugin.toolchain / place

    def remove() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.with_name(folder.name + ".ready").unlink(missing_ok=True)

    with alone(f"{plugin.toolchain}/{place}"):
        remove()
        try:
            tree = trees.write(plugin.tree, plugin.toolchain, prepare)
            environ = {name: value.replace("{tree}", str(tree)) for name, value in environ.items()}
            flags = " ".join(shlex.quote(word.replace("{tree}", str(tree))) for word in plugin.flags)
            yield Sources(scenario, plugin, tree / plugin.dir / plugin.target[0], environ, flags)
        finally:
            remove()


def truth(scenario: Scenario) -> tuple[str, str]:
    """What Go said when the set was really loaded: result and text."""
    for artifact in scenario.artifacts:
        build.build(artifact)
    kept = loaded(scenario) or load(scenario)
    return kept["outcome"][0]["result"], kept["outcome"][0]["text"]


def really_load(host: Path, plugin: Path) -> tuple[str, str]:
    """Result and text of loading a plugin into a host of the oracle."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(plugin, Path(folder) / "p.so")
        command = [str(host), "-wait=20s", "p.so"]
        environ = {"PATH": os.defpath, "HOME": folder, "LC_ALL": "C"}
        done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=120)
    said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return (said[0]["result"], said[0]["text"]) if said else ("fatal", done.stderr[-300:])
