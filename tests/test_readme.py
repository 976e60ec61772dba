"""The README shows real output: each `$ gopluck …` in it is run on the samples and compared.

`PYTHONPATH=. python tests/test_readme.py` writes the output anew.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures.samples.archive import unpack

FILE = Path(__file__).parent.parent / "README.md"
README = FILE.read_text()
BLOCK = re.compile(r"^\$ gopluck (.*)\n((?:(?!\$ |```).*\n)*)", re.MULTILINE)
BLOCKS = BLOCK.findall(README)


def output(arguments: str) -> str:
    """What the command prints in a pipe, in the folder of the samples."""
    environment = {**os.environ, "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-m", "gopluck", *arguments.split()]
    done = subprocess.run(command, cwd=unpack(), env=environment, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.stdout


def test_the_readme_shows_something() -> None:
    assert len(BLOCKS) >= 3


@pytest.mark.parametrize(("arguments", "shown"), BLOCKS, ids=[arguments for arguments, _ in BLOCKS])
def test_the_readme_shows_real_output(arguments: str, shown: str) -> None:
    assert output(arguments).strip() == shown.strip()


def test_the_number_of_recorded_sets_is_right() -> None:
    import recorded

    total = sum(len(recorded.family(path)["sets"]) for path in recorded.families())
    claimed = re.search(r"all of the ([\d,]+) recorded sets", README)
    assert claimed is not None
    assert int(claimed[1].replace(",", "")) == total


def _renewed(block: re.Match[str]) -> str:
    shown = block[2]
    return f"$ gopluck {block[1]}\n{output(block[1]).rstrip()}{shown[len(shown.rstrip()) :]}"


if __name__ == "__main__":
    FILE.write_text(BLOCK.sub(_renewed, README))
