"""`gopluck.check` of real files where it reads of the host only what it takes to need, and files that stand for others.

What Go says to the samples is in `expected.json`; a host that opens itself was really run when these were written.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

import gopluck
from fixtures.samples import archive
from gopluck.errors import MalformedFile
from test_dlopen import Object

SAMPLES = archive.unpack().resolve()


def said(host: Path, *plugins: Path) -> list[tuple[str, str | None]]:
    """(verdict, error) of each plugin."""
    return [(one.verdict, one.error) for one in gopluck.check(host, plugins).plugins]


@pytest.mark.parametrize(
    ("name", "what"), [("gateway", "executable"), ("gateway-pie", "position-independent executable")]
)
def test_a_host_is_no_plugin_of_its_own_and_no_library_that_is_there_already(name: str, what: str) -> None:
    host = SAMPLES / name
    refused = ("fails", f'plugin.Open("{host}"): {host}: cannot dynamically load {what}')
    assert said(host, host) == [refused]
    assert said(host, SAMPLES / "auth.so", host, SAMPLES / "auth.so") == [("loads", None), refused, ("loads", None)]


def test_a_go_plugin_that_a_library_needs_is_compared_with_all_packages_of_the_host(tmp_path: Path) -> None:
    for file, needed in (("fits.so", "auth.so"), ("refused.so", "auth-trimpath.so")):
        shutil.copy(SAMPLES / needed, tmp_path)
        (tmp_path / file).write_bytes(Object(needed=(needed,), runpath="$ORIGIN").link())
    host = SAMPLES / "gateway"
    short = f'plugin.Open("{tmp_path}/refused"): '
    reason = "plugin was built with a different version of package internal/goarch"
    assert said(host, SAMPLES / "auth-trimpath.so")[0][1] == f'plugin.Open("{SAMPLES}/auth-trimpath"): {reason}'
    assert said(host, tmp_path / "fits.so") == [("loads", None)]
    assert said(host, tmp_path / "refused.so") == [("fails", short + reason)]
    assert said(host, tmp_path / "fits.so", tmp_path / "auth.so") == [
        ("loads", None),
        ("fails", f'plugin.Open("{tmp_path}/auth"): plugin already loaded'),
    ]


def test_a_dynamic_section_without_a_symbol_table_is_damage(tmp_path: Path) -> None:
    file = tmp_path / "zeros.so"
    file.write_bytes((SAMPLES / "auth.so").read_bytes()[:4096])
    with file.open("r+b") as out:
        out.truncate(1 << 36)  # a hole: the dynamic section is all zeros, of which ld.so dies
    with pytest.raises(MalformedFile, match="names no symbol table"):
        gopluck.check(SAMPLES / "gateway", [file])


@pytest.mark.parametrize("independent", [True, False])
def test_plugins_that_cannot_be_read_do_not_keep_others_from_being_checked(tmp_path: Path, independent: bool) -> None:
    host, gone, pipe, zeros = SAMPLES / "gateway", tmp_path / "gone.so", tmp_path / "pipe.so", tmp_path / "zeros.so"
    os.mkfifo(pipe)
    zeros.write_bytes((SAMPLES / "auth.so").read_bytes()[:4096])
    with zeros.open("r+b") as out:
        out.truncate(1 << 36)
    plugins = [gone, zeros, SAMPLES / "auth.so", pipe, SAMPLES / "auth-newer-module.so"]
    report = gopluck.check(host, plugins, independent=independent, strict=False)
    assert [(one.verdict, one.unreadable) for one in report.plugins] == [
        ("unknown", "No such file or directory"),
        ("unknown", "its dynamic section names no symbol table"),
        ("loads", None),
        ("unknown", "is not a regular file"),
        ("fails", None),
    ]
    assert [one.position for one in report.plugins] == [1 if independent else place for place in range(1, 6)]
    assert report.unreadable == tuple(report.plugins[index] for index in (0, 1, 3))
    found = gopluck.diff(host, host, [gone, SAMPLES / "auth.so"], strict=False)
    assert [(one.action, one.new.unreadable) for one in found.plugins] == [
        ("unknown", "No such file or directory"),
        ("keep", None),
    ]
