"""A stand-in for `gopluck.api`, so that the command line is tested without binaries; a program of its own, too.

A plugin's result follows from its name: `loads.so`, `fails.so`, `unknown.so`, `fatal.so`, `missing.so`, `bug.so`, …
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import reports as r
from gopluck import projects  # noqa: F401  # it keeps the api that is there when it is imported: the real one
from gopluck.errors import UnreadableFile
from gopluck.facts.model import Binary, Elf, Identity
from gopluck.result.check import PluginResult, Report
from gopluck.result.diff import HostDiff, PluginChange

RESULTS = {
    "loads": r.loads(),
    "risky": r.loads(findings=(r.CODE_SKEW,)),
    "fails": r.DIFFERENT,
    "unknown": r.UNKNOWN,
    "fatal": r.FATAL,
    "late": r.NOT_REACHED,
}


def check(
    host: str,
    plugins: Sequence[str],
    *,
    independent: bool = False,
    names: Any = None,
    baseline: str = "host",
    progress: Any = None,
    strict: bool = True,
    **_: Any,
) -> Report:
    """A report; the error of each plugin says how it was asked for. A plugin named `slow` takes a while."""
    for plugin in plugins:
        if progress is not None:
            progress(plugin)
        if Path(plugin).stem.startswith("loads-slow"):
            time.sleep(0.6)
    return Report(
        r.HOST._replace(path=str(host)),
        tuple(
            _result(plugin, 1 if independent else position, names and names[position - 1], strict)
            for position, plugin in enumerate(plugins, 1)
        ),
    )


def _result(plugin: str, position: int, name: str | None, strict: bool) -> PluginResult:
    kind = Path(plugin).stem.split("-")[0]
    if kind == "missing" and not strict:
        return r.UNREADABLE._replace(path=plugin, position=position)
    if kind == "missing":
        raise UnreadableFile(f"{plugin}: no such file")
    if kind == "bug":
        raise KeyError("something\nwith a line break")
    if kind == "interrupt":
        raise KeyboardInterrupt
    if kind == "named":
        return r.ALREADY._replace(path=plugin, position=position, error=f'plugin.Open("{name}"): plugin already loaded')
    return RESULTS[kind]._replace(path=plugin, position=position)


def diff(old: str, new: str, plugins: Sequence[str] = (), **_: Any) -> HostDiff:
    """No package changed; each plugin's action is its name."""
    found = [PluginChange(plugin, Path(plugin).stem, r.loads(plugin), r.loads(plugin)) for plugin in plugins]
    summary = r.HOST._replace(path=str(old))
    return HostDiff(summary, summary._replace(path=str(new)), 7, plugins=tuple(found))


def read(path: str) -> Binary:
    """An ELF file without Go, damaged when its name says so."""
    damage = "the section table lies outside the file" if "damaged" in path else None
    elf = Elf(b"\x7fELF", 64, "little", 62, 3, "amd64", needed=("libc.so.6",))
    return Binary(path, 1, Identity(path, "1:1"), "elf", elf, damage=damage)


def completed(host: Binary, _: str) -> Binary:
    """There are no libraries to be found."""
    return host


def install(modules: Any = sys.modules) -> None:
    """Take the place of `gopluck.api`."""
    api: Any = ModuleType("gopluck.api")
    api.check, api.diff, api.read, api.read_host = check, diff, read, read
    api.Path, api.Progress, api.silent = str, Any, print
    api.completed, api.system_of = completed, str
    modules["gopluck.api"] = api


if __name__ == "__main__":
    install()
    from gopluck.cli.entry import main

    main()
