"""Completion in real shells on a terminal, and the man page."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

import gopluck
from fixtures import man
from fixtures.samples.archive import unpack
from gopluck.cli.completion import SHELLS
from gopluck.cli.main import COMMANDS, main

PATIENCE = 60
"""Seconds by the clock for an answer."""

BASH = shutil.which("bash")


def script(shell: str) -> str:
    done = CliRunner().invoke(main, ["completion", shell])
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a host, a plugin and a directory, and a `gopluck` in it that is this one."""
    place = tmp_path_factory.mktemp("completion")
    for name in ("gateway", "auth.so"):
        shutil.copy(unpack() / name, place)
    (place / "plugins").mkdir()
    (place / "bin").mkdir()
    program = place / "bin" / "gopluck"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m gopluck "$@"\n')
    program.chmod(0o755)
    (place / "rc").write_text(
        "PS1='> '\nbind 'set bell-style none'\nbind 'set enable-bracketed-paste off'\n" + script("bash")
    )
    return place


class Terminal:
    """A shell that somebody types into."""

    def __init__(self, folder: Path) -> None:
        assert BASH is not None
        path = f"{folder / 'bin'}:{os.environ['PATH']}"
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            environ = {**os.environ, "PATH": path, "TERM": "dumb", "PYTHONPATH": os.pathsep.join(sys.path)}
            os.execve(BASH, ["bash", "--noprofile", "--rcfile", "rc", "-i"], environ)

    def until(self, pattern: str) -> str:
        """What is shown, up to something."""
        seen = ""
        while not (found := re.search(pattern, seen)):
            ready, _, _ = select.select([self.fd], [], [], PATIENCE)
            assert ready, seen
            seen += os.read(self.fd, 4096).decode()
        return found[0]

    def type(self, text: str) -> None:
        os.write(self.fd, text.encode())


@pytest.fixture
def terminal(folder: Path) -> Iterator[Terminal]:
    if BASH is None:
        pytest.skip("there is no bash")
    shell = Terminal(folder)
    shell.until("> ")
    yield shell
    os.close(shell.fd)
    os.waitpid(shell.pid, 0)


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("gopluck che", "gopluck check "),
        ("gopluck check gate", "gopluck check gateway "),
        ("gopluck check gateway au", "gopluck check gateway auth.so "),
        ("gopluck check gateway --sysroot plug", "gopluck check gateway --sysroot plugins/"),
        ("gopluck check gateway auth.so --indep", "gopluck check gateway auth.so --independent "),
        ("gopluck check gateway auth.so --format sar", "gopluck check gateway auth.so --format sarif "),
        ("gopluck check gateway auth.so --symbol Allo", "gopluck check gateway auth.so --symbol Allow "),
        ("gopluck build gateway plug", "gopluck build gateway plugins/"),
        ("gopluck inspect auth.so -o gate", "gopluck inspect auth.so -o gateway "),
        ("gopluck explain trimp", "gopluck explain trimpath "),
        ("gopluck completion fi", "gopluck completion fish "),
    ],
)
def test_bash_completes(typed: str, completed: str, terminal: Terminal) -> None:
    terminal.type(typed + "\t")
    terminal.until(re.escape(completed))


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_takes_its_script(shell: str, tmp_path: Path) -> None:
    assert "_GOPLUCK_COMPLETE" in script(shell)
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell}")
    (tmp_path / "script").write_text(script(shell))
    subprocess.run([shell, "-n", tmp_path / "script"], check=True)


def test_a_name_that_a_shell_would_act_on_is_not_completed(monkeypatch: pytest.MonkeyPatch) -> None:
    from gopluck.cli.complete import symbols
    from gopluck.golang.records import ExportedSymbol

    binary = gopluck.read(unpack() / "auth.so")
    assert binary.go is not None
    names = ("Allow", "$(id)", "A;id", "A\nid", "Á", "-x", "A*")
    exported = tuple(ExportedSymbol(name, "func", None) for name in names)
    shown = binary._replace(go=binary.go._replace(exported=exported))
    monkeypatch.setattr("gopluck.api.read", lambda path: shown)
    context = main.make_context("gopluck", ["check"], resilient_parsing=True)
    context.params["plugins"] = ("auth.so",)
    assert symbols(context, main.params[0], "") == ["Allow"]


def test_what_cannot_be_read_has_no_symbols(tmp_path: Path) -> None:
    from gopluck.cli.complete import symbols

    context = main.make_context("gopluck", ["check"], resilient_parsing=True)
    context.params["plugins"] = (str(tmp_path / "none.so"), str(tmp_path))
    assert symbols(context, main.params[0], "") == []


def test_the_man_page_is_that_of_the_commands() -> None:
    assert man.PAGE.read_text() == man.page(), "run: python -m fixtures.man"
    assert all(f'.SS "gopluck {name}' in man.page() for name in COMMANDS)


def test_the_man_page_is_read_without_a_warning() -> None:
    if shutil.which("groff") is None:
        pytest.skip("there is no groff")
    command = ["groff", "-man", "-Tutf8", "-ww", "-z", str(man.PAGE)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
