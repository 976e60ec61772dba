"""Options of the test run: `--full` rebuilds and really loads the whole table of scenarios."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--full",
        action="store_true",
        help="build and really load every scenario with every pinned toolchain, not only the oldest and the newest",
    )
