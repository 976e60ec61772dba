"""What the README claims is true. Its commands, output and links: `test_docs`; its stories: `test_stories`."""

from __future__ import annotations

import re

import pytest

import recorded
from documented import ROOT
from gopluck.golang.release import RELEASES

README = (ROOT / "README.md").read_text()


def test_the_numbers_of_recorded_sets_are_right() -> None:
    sets = [one for path in recorded.families() for one in recorded.sets(path)]
    claimed = re.search(r"all of the ([\d,]+) recorded sets .*?; the exceptions are (\d+) sets", README, re.DOTALL)
    assert claimed is not None
    found = f"{len(sets):,}", str(sum(recorded.beyond(one) is not None for one in sets))
    assert claimed.groups() == found, f"sets and exceptions are {found}, README says {claimed.groups()}"


@pytest.mark.parametrize("page", ["README.md", "docs/index.md", "docs/how-go-loads-plugins.md"])
def test_the_releases_are_those_that_have_a_row(page: str) -> None:
    first, last = (f"1.{one.number[1]}" for one in (RELEASES[0], RELEASES[-1]))
    assert re.findall(r"Go (1\.\d+ to 1\.\d+)", (ROOT / page).read_text())[:1] == [f"{first} to {last}"]


def test_a_newcomer_is_told_what_it_does_not_run_on() -> None:
    assert "**Linux only**" in README
    assert len(README.splitlines()) < 150, "what a newcomer does not need stands in docs/"
