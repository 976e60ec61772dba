"""The bar that shows how far a long check is: on a terminal, on standard error, and nowhere else."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

import recorded
from gopluck.facts import manifest

STANDIN = str(Path(__file__).with_name("standin.py"))
SLOW = [f"loads-slow-{number}.so" for number in range(4)]


def on_a_terminal(*args: str, environment: dict[str, str] | None = None, status: int = 0) -> tuple[bytes, bytes]:
    """Standard output (a pipe) and what a terminal on standard error was sent."""
    ours, theirs = pty.openpty()
    env = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "COLUMNS")}
    with subprocess.Popen(
        [sys.executable, *([] if args[0] == "-m" else [STANDIN]), *args],
        env={**env, "TERM": "xterm", **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        seen = b""
        while True:
            try:
                data = os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
            if not data:
                break
            seen += data
        stdout = process.stdout.read() if process.stdout else b""
    os.close(ours)
    assert process.returncode == status
    return stdout, seen


def test_on_a_terminal_a_long_check_shows_how_far_it_is_and_then_nothing() -> None:
    stdout, seen = on_a_terminal("check", "host", *SLOW)
    assert stdout.decode().splitlines()[0].endswith("loads-slow-0.so  will load (103 of 103 packages match)")
    assert b"/4" in seen
    assert b"loads-slow-3.so" in seen
    assert seen.rstrip().endswith(b"\x1b[2K")  # the line is erased


@pytest.mark.parametrize(
    ("args", "environment"),
    [
        (["check", "host", "loads.so", "loads-2.so"], {}),
        (["check", "-q", "host", *SLOW], {}),
        (["check", "host", *SLOW], {"TERM": "dumb"}),
    ],
    ids=["a short one", "quiet", "a dumb terminal"],
)
def test_no_bar(args: list[str], environment: dict[str, str]) -> None:
    assert on_a_terminal(*args, environment=environment)[1] == b""


def test_in_a_pipe_there_is_no_bar() -> None:
    done = subprocess.run([sys.executable, STANDIN, "check", "host", *SLOW], capture_output=True, check=True)
    assert done.stderr == b""


@pytest.mark.parametrize(("seconds", "quiet", "seen"), [(2, (), True), (0, (), False), (2, ("-q",), False)])
def test_align_shows_what_the_go_command_does(tmp_path: Path, seconds: int, quiet: tuple[str, ...], seen: bool) -> None:
    found = next(one for one in recorded.sets(recorded.RECORDED / "modules.json.xz") if one.name.endswith("@1.27.3"))
    (tmp_path / "host.json").write_text(manifest.dumps(found.host))
    for name, text in {"go.mod": "module example.com/x\n", "main.go": "package main\n"}.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "go").write_text(f"#!/bin/sh\nsleep {seconds}\nexit 1\n")
    (tmp_path / "go").chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.defpath}", "PYTHONPATH": os.pathsep.join(sys.path)}
    command = ("-m", "gopluck", "align", str(tmp_path / "host.json"), str(tmp_path), *quiet)
    _, shown = on_a_terminal(*command, environment=environment, status=3)
    assert (b"asking the go command for go1.27.3" in shown) is seen
    if seen:
        assert b"0:00:01" in shown
        assert shown.rstrip().endswith(b"\x1b[2K")  # the line is erased
