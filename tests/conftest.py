"""Options of the test run: `--full` rebuilds and really loads the whole table of scenarios.

A run that `make` began hands its own state on (MAKELEVEL, MAKEFLAGS): every make of a test would then print
"Entering directory" and take the outer flags. A user's make does not begin so; the state is dropped here, for all.
"""

from __future__ import annotations

import os

import pytest

for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES", "MAKEFILES", "MAKE_TERMOUT", "MAKE_TERMERR"):
    os.environ.pop(name, None)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--full",
        action="store_true",
        help="build and really load every scenario with every pinned toolchain, not only the oldest and the newest",
    )
