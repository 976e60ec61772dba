"""Options of the test run: `--full` rebuilds and really loads the whole table of scenarios.

`--ignore=tests/test_live.py` leaves out every file of tests that build and load (`test_*_live.py`), too.
"""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--full",
        action="store_true",
        help="build and really load every scenario with every pinned toolchain, not only the oldest and the newest",
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    ignored = {Path(path).name for path in config.getoption("ignore") or ()}
    return True if "test_live.py" in ignored and collection_path.name.endswith("_live.py") else None
