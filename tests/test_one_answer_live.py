"""`check` and `align` say the same of one plugin: where no edit can be tried, the planner of `check` answers for both.

That the lines of `check` load is what `fixtures/recorded/repairs.json` records.
"""

from __future__ import annotations

import json
import re
import shutil
from typing import Any

import pytest

import aligned
from fixtures.oracle import build, proxy
from fixtures.oracle.model import Scenario
from fixtures.scenarios.kit import NEWEST

ALIKE = (
    ("traps/required-by-version/trimmed", ("--no-compile",)),
    ("traps/replaced-by-folder/trimmed", ("--no-compile",)),
    ("modules/replaced-by-other-folder/untrimmed/host-only", ()),
    ("modules/replaced-by-other-folder/trimmed/host-only", ()),
    ("modules/vendored/untrimmed/host-only", ("--no-compile",)),
    ("flags/asan/host-only", ()),
)
"""Sets, and how `align` is asked: without compiling it looks for no build that fits all the same."""


@pytest.fixture(scope="module", autouse=True)
def _proxy() -> None:
    if shutil.which("cc") is None:
        pytest.skip("no C compiler (cc) here: cgo cannot build plugins")
    proxy.publish()


def told(document: dict[str, Any]) -> dict[str, Any]:
    """What is the same: all but the name of the file, and what the plugin's own environment need not have."""
    run = [re.sub(r" (-o \S+|GOWORK=off|GOMODCACHE=\S+)(?= |$)", "", line) for line in document["run"]]
    lines = [re.sub(r" -(trimpath|gcflags=all|asan)=(false)?(?= )", "", line) for line in run]
    kept = ("possible", "side", "why_not", "inputs", "directory")
    found = {"run": lines, **{name: document[name] for name in kept}}
    found["inputs"] = [one for one in found["inputs"] if one["name"]]  # what lies at a known place may be here
    return found


@pytest.mark.parametrize(("name", "asked"), ALIKE, ids=[name for name, _ in ALIKE])
def test_check_and_align_print_one_recipe(name: str, asked: tuple[str, ...]) -> None:
    (scenario,) = aligned.sets((f"{name}@{NEWEST}",), full=False)
    check, align = both(scenario, *asked)
    assert check["run"]
    assert told(align) == told(check)


def both(scenario: Scenario, *asked: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The remedies of `check` and `align`."""
    plugin = build.build(scenario.artifacts[1])
    with aligned.sources(scenario) as one:
        words = ("check", str(one.host), str(plugin), "--format", "json")
        document = json.loads(aligned.gopluck(*words, cwd=one.folder, env=one.environ).stdout)
        return document["plugins"][0]["remedy"], one.align(*asked).document["remedy"]
