"""docs/mutants.md is current, and what it explains is still there."""

from __future__ import annotations

import pytest

from fixtures.survivors import EXPLAINED, PAGE, ROOT, Survivor, page


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == page(), "run: python -m fixtures.survivors"


@pytest.mark.parametrize("survivor", EXPLAINED, ids=lambda one: one.after)
def test_each_explained_line_is_still_in_its_file(survivor: Survivor) -> None:
    assert survivor.before in [line.strip() for line in (ROOT / survivor.file).read_text().splitlines()]
