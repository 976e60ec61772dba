"""A module path of its own for a plugin whose import path is taken in the process, by the host or another plugin."""

from __future__ import annotations

from gopluck.builds.build import Build
from gopluck.facts.model import Binary
from gopluck.remedy import grammar
from gopluck.replay.ends import End
from gopluck.replay.process import Outcome
from gopluck.result.recipe import Edit

IMPORTS = "Imports of the module's own packages have to follow its new path."
NEW_BUILD = "This is for two plugins. A new build of the same plugin needs a new process of the host instead."


def renamed(moved: Build, outcome: Outcome, other: Binary | None) -> tuple[Edit, ...]:
    """The edit that gives the module of a plugin another path; none where its path is not the reason.

    The pluginpath is the import path of package main (`cmd/go/internal/work/gc.go`, `pluginPath`), so it changes with
    the module's, unless -ldflags=-pluginpath or a list of files named it. `other`: the plugin that has the path; a copy
    of it is no plugin of its own.
    """
    go, info = moved.binary.go, moved.info
    if go is None or info is None or info.main is None or not go.pluginpath or info.path != go.pluginpath:
        return ()
    taken = any(one.path == go.pluginpath and one.provider == 0 for one in outcome.mismatches)
    if outcome.why != End.SAME_PLUGINPATH and not taken:
        return ()
    if (
        other is not None
        and other.go is not None
        and other.go.pkghashes == go.pkghashes
        and other.size == moved.binary.size
    ):
        return ()
    stem = moved.binary.path.rpartition("/")[2].removesuffix(".so")
    return (another_path(stem, info.main.path, go.pluginpath),)


def another_path(stem: str, module: str, taken: str) -> Edit:
    """The edit that gives a module another path. `stem`: its last element; `taken`: the import path that is taken."""
    path = f"example.com/{stem}"
    if not grammar.module_path(path) or path == module:
        path = "example.com/plugin-2"
    return Edit("module", path, reason=f"{taken} is taken; any other path will do")


def renaming_notes(moved: Build, outcome: Outcome) -> list[str]:
    """What has to be known about it."""
    go, module = moved.binary.go, moved.main_module
    own = go is not None and any(one.path.startswith(f"{module}/") for one in go.pkghashes)
    return [*([IMPORTS] if own else []), *([NEW_BUILD] if outcome.why == End.SAME_PLUGINPATH else [])]
