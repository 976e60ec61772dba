"""The command with which a fix begins really builds a plugin that loads."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path

import pytest

import aligned
import pasted
from fixtures.oracle import build, proxy
from fixtures.scenarios.kit import NEWEST

CURED = (
    "flags/trimpath/plugin-only",
    "flags/trimpath/host-only",
    "modules/greet-v1.2.0/trimmed/plugin-only",
    "modules/replaced-by-other-fork/untrimmed/plugin-only",
    "modules/vendored/untrimmed/host-only",
    "traps/required-by-version/trimmed",
    "traps/replaced-by-folder/trimmed",
    "traps/inside-another-checkout/untrimmed",
)


@pytest.fixture(scope="module", autouse=True)
def _proxy() -> None:
    if shutil.which("cc") is None:
        pytest.skip("no C compiler (cc) here: cgo cannot build plugins")
    proxy.publish()


@pytest.mark.parametrize("name", CURED)
def test_the_command_builds_a_plugin_that_loads(name: str, tmp_path: Path) -> None:
    (scenario,) = aligned.sets((f"{name}@{NEWEST}",), full=False)
    plugin = build.build(scenario.artifacts[1])
    assert aligned.really_load(build.build(scenario.host), plugin)[0] == "error"
    with aligned.sources(scenario) as one:
        words = ("check", str(one.host), str(plugin))
        text = aligned.gopluck(*words, cwd=one.folder, env=one.environ).stdout
        document = json.loads(aligned.gopluck(*words, "--format", "json", cwd=one.folder, env=one.environ).stdout)
        command = document["plugins"][0]["remedy"]["gopluck"]
        assert command == ["gopluck", "build", str(one.host)]
        said = " ".join(line.lstrip("# ").removesuffix(" \\") for line in pasted.block_of(text).splitlines())
        does = f"{shlex.join(command)} DIR does this, where DIR is the folder of the plugin’s package main."
        searches = f"{shlex.join(command)} DIR compiles the plugin’s source in DIR"
        assert does in said or searches in said or f'{shlex.join(command)} "$PLUGIN_SOURCE" -o' in said
        output = tmp_path / "x.so"
        done = aligned.gopluck(*command[1:], ".", "-o", str(output), cwd=one.folder, env=one.environ)
        assert done.returncode == 0, done.stdout
        assert aligned.really_load(one.host, output) == ("ok", "")
