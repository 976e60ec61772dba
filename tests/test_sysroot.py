"""`--sysroot` and `--library-path`: the samples in the root of a container, with real loaders and libraries of C."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import gopluck
from fixtures.samples.archive import unpack
from gopluck.errors import Usage
from test_dlopen import Object

LOADER = "lib64/ld-linux-x86-64.so.2"
NEEDS = Object(needed=("libx.so.1",)).link()
LIBX = Object(soname="libx.so.1").link()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A container's root: the sample host, a C plugin that needs libx.so.1, and something that passes for ld.so."""
    folder = tmp_path / "root"
    for name in ("srv", "lib64", "usr/lib64", "opt"):
        (folder / name).mkdir(parents=True)
    shutil.copy(unpack() / "gateway", folder / "srv/gateway")
    shutil.copy(unpack() / "auth.so", folder / "srv/auth.so")
    (folder / "srv/needs.so").write_bytes(NEEDS)
    (folder / LOADER).write_bytes(Object(soname="ld-linux-x86-64.so.2").link())
    (folder / "usr/lib64/libc.so.6").write_bytes(Object(soname="libc.so.6").link())
    return folder


def checked(root: Path, *words: str) -> tuple[int, str, str | None]:
    """Exit status, stage, and Go's text."""
    command = [sys.executable, "-m", "gopluck", "check", "root/srv/gateway", "root/srv/needs.so", "--format", "json"]
    done = subprocess.run([*command, *words], cwd=root.parent, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    plugin = json.loads(done.stdout)["plugins"][0]
    return done.returncode, plugin["stage"], plugin["error"]


NOT_FOUND = 'plugin.Open("root/srv/needs.so"): libx.so.1: cannot open shared object file: No such file or directory'
FOUND = "fatal error: runtime: no plugin module data"
"""A C library, once it is loaded."""


@pytest.mark.parametrize(
    ("library", "words", "expected"),
    [
        ("", ["--sysroot", "root"], (1, "dlopen", NOT_FOUND)),
        ("usr/lib64", ["--sysroot", "root"], (1, "runtime", FOUND)),
        ("usr/lib64", ["--sysroot", "root/"], (1, "runtime", FOUND)),
        ("opt", ["--sysroot", "root"], (1, "dlopen", NOT_FOUND)),
        ("opt", ["--sysroot", "root", "--library-path", "/nowhere:/opt"], (1, "runtime", FOUND)),
        ("opt", ["--sysroot", "root", "--library-path", "/root/opt"], (1, "dlopen", NOT_FOUND)),
        ("usr/lib64", [], (1, "dlopen", NOT_FOUND)),
    ],
)
def test_libraries_are_those_of_the_root(
    root: Path, library: str, words: list[str], expected: tuple[int, str, str]
) -> None:
    if library:
        (root / library / "libx.so.1").write_bytes(LIBX)
    assert checked(root, *words) == expected


def test_a_file_below_the_root_is_named_as_the_process_sees_it(root: Path) -> None:
    (root / "srv/text.so").write_text("no library\n" * 9)
    report = gopluck.check(root / "srv/gateway", [root / "srv/text.so"], names=["text.so"], sysroot=root)
    assert report.plugins[0].error == 'plugin.Open("text.so"): /srv/text.so: invalid ELF header'
    assert report.plugins[0].path == os.fspath(root / "srv/text.so")
    report = gopluck.check(root / "srv/gateway", [root / "srv/text.so"], names=["text.so"])
    assert report.plugins[0].error == f'plugin.Open("text.so"): {root}/srv/text.so: invalid ELF header'


def test_a_plugin_that_needs_nothing_more_loads_into_a_root_without_libraries(root: Path) -> None:
    (root / LOADER).unlink()
    assert gopluck.check(root / "srv/gateway", [root / "srv/auth.so"], sysroot=root).verdict == "loads"
    assert gopluck.check(root / "srv/gateway", [root / "srv/needs.so"], sysroot=root).verdict == "unknown"


def test_a_link_inside_the_root_is_followed_and_one_that_leads_out_is_refused(root: Path) -> None:
    inside, out = root / "srv/inside.so", root / "srv/out.so"
    inside.symlink_to("auth.so")
    out.symlink_to(unpack() / "auth.so")
    assert gopluck.check(root / "srv/gateway", [inside], sysroot=root).verdict == "loads"
    with pytest.raises(Usage, match="is a link that leads out of"):
        gopluck.check(root / "srv/gateway", [out], sysroot=root)


def test_a_root_that_is_no_directory_is_an_input_error(root: Path) -> None:
    with pytest.raises(Usage, match="is not a directory"):
        gopluck.check(root / "srv/gateway", [root / "srv/auth.so"], sysroot=root / "srv/gateway")
