"""The README shows real output: each `$ gopluck …` in it is run on the samples and compared."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures.samples.archive import unpack

README = (Path(__file__).parent.parent / "README.md").read_text()
BLOCKS = re.findall(r"^\$ gopluck (.*)\n((?:(?!\$ |```).*\n)*)", README, re.MULTILINE)


def test_the_readme_shows_something() -> None:
    assert len(BLOCKS) >= 3


@pytest.mark.parametrize(("arguments", "shown"), BLOCKS, ids=[arguments for arguments, _ in BLOCKS])
def test_the_readme_shows_real_output(arguments: str, shown: str) -> None:
    environment = {**os.environ, "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-m", "gopluck", *arguments.split()]
    done = subprocess.run(command, cwd=unpack(), env=environment, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.strip() == shown.strip()


def test_the_number_of_recorded_sets_is_right() -> None:
    import recorded

    total = sum(len(recorded.family(path)["sets"]) for path in recorded.families())
    claimed = re.search(r"all of the ([\d,]+) recorded sets", README)
    assert claimed is not None
    assert int(claimed[1].replace(",", "")) == total
