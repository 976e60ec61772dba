"""The blocks that are printed for all recorded sets: shells take them, and they run nothing but what a fix may run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import pasted
import recorded
from gopluck.explainer.engine import explain
from gopluck.remedy.lines import run, with_words
from gopluck.remedy.recipe import recipes
from gopluck.replay.process import replay
from gopluck.report.interface import View
from gopluck.report.text import render
from gopluck.result.check import HostSummary, PluginResult, Report

WIDTHS = (40, 80, 200)

LINE = re.compile(r"# \S|(?:[A-Z][A-Z0-9_]*=\S* +)*(?:go|gopluck|cd) |[A-Z_]+=/path/to/it  # complete this line$")
"""A line of a block, with what stands behind a backslash."""


def reports(one: recorded.Set, follow: str) -> Report:
    """What a check of a recorded set says."""
    outcomes = replay(one.host, one.requests, one.system)
    explanations = explain(one.host, one.requests, outcomes)
    remedies = recipes(one.host, one.requests, outcomes, explanations, follow)
    return Report(
        HostSummary("host", "exe", "", "linux", "amd64", None),
        tuple(
            PluginResult(
                request.name,
                position,
                outcome.verdict,
                outcome.stage,
                outcome.effect,
                outcome.error,
                outcome.exact,
                explanation.packages,
                with_words(explanation.findings, remedy),
                outcome.note,
                remedy,
            )
            for position, (request, outcome, explanation, remedy) in enumerate(
                zip(one.requests, outcomes, explanations, remedies, strict=True), 1
            )
        ),
    )


@pytest.mark.parametrize("path", recorded.families(), ids=lambda path: path.name.partition(".")[0])
def test_shells_take_the_blocks_and_run_only_what_a_fix_may_run(path: Path, tmp_path: Path) -> None:
    found: dict[str, None] = {}
    for one in recorded.sets(path):
        for follow in ("host", "plugin"):
            report = reports(one, follow)
            for width in WIDTHS:
                for plugin in report.plugins:
                    text = render(report._replace(plugins=(plugin,)), View(width=width))
                    found |= dict.fromkeys(pasted.blocks_of(text))
            for plugin in report.plugins:
                found |= dict.fromkeys(["\n".join(run(plugin.remedy))] if plugin.remedy else [])
    blocks = [block for block in found if block]
    joined = [re.sub(r" \\\n *", " ", block) for block in blocks]
    assert [line for block in joined for line in block.splitlines() if not LINE.match(line)] == []
    assert [block for block in joined if pasted.unset(block)] == []
    for shell in pasted.SHELLS:
        assert pasted.parses(shell, blocks) == ""
        for way in (pasted.paste, pasted.type_lines):
            done = way(shell, blocks, tmp_path)
            assert (done.status, done.said) == (0, "")
            assert set(done.ran) <= set(pasted.ALLOWED)
            assert len(done.ran) >= sum("go build" in block for block in blocks)
    assert list(tmp_path.iterdir()) == []
    print(f"{path.name.partition('.')[0]}: {len(blocks)} blocks")


@pytest.mark.parametrize("family", ["sessions", "traps", "toolchains"])
def test_packages_are_why_go_refuses_a_plugin_where_go_says_so(family: str) -> None:
    path = recorded.RECORDED / f"{family}.json.xz"
    plugins = [plugin for one in recorded.sets(path) for plugin in reports(one, "host").plugins]
    said = [("different version of package" in (plugin.error or ""), plugin.packages.refused) for plugin in plugins]
    assert set(said) == {(False, False), (True, True)}
