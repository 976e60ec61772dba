"""What the README claims is true. Its commands, output and links: `test_docs`; its stories: `test_stories`."""

from __future__ import annotations

import re

import recorded
from documented import ROOT

README = (ROOT / "README.md").read_text()


def test_the_number_of_recorded_sets_is_right() -> None:
    total = sum(len(recorded.family(path)["sets"]) for path in recorded.families())
    claimed = re.search(r"all of the ([\d,]+) recorded sets", README)
    assert claimed is not None
    assert int(claimed[1].replace(",", "")) == total


def test_a_newcomer_is_told_what_it_does_not_run_on() -> None:
    assert "**Linux only**" in README
    assert len(README.splitlines()) < 150, "what a newcomer does not need stands in docs/"
