"""A planned build, tried with go.mod edited: the go command works on copies, and nothing in the folder is written."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from gopluck.aligner import gomod
from gopluck.aligner.fit import Checked, check_plan
from gopluck.aligner.gocommand import GoCommand
from gopluck.aligner.imports import Plan
from gopluck.aligner.project import Project
from gopluck.builds.build import Build
from gopluck.record import NamedTuple
from gopluck.remedy.lines import LATER, edit_flags
from gopluck.result.recipe import Edit


class Trial(NamedTuple):
    """A host, a project, and the go command that ties them."""

    host: Build
    project: Project
    go: GoCommand

    def checked(
        self, plan: Plan, edits: Sequence[Edit], compiling: bool, caches: tuple[str, str] | None = None
    ) -> Checked:
        """A plan, checked. The go command works on a copy of go.mod and go.sum where it would write to them.

        Raises `GoFailed`.
        """
        options = plan.options
        if "-modfile" in options or not (edits or options.get("-mod") == "mod"):
            return check_plan(self.host, plan, compiling, caches)
        with tempfile.TemporaryDirectory(prefix="gopluck-") as folder:
            copied(self.project, self.go, edits, folder)
            return check_plan(
                self.host, plan._replace(flags=(*plan.flags, leading_to(self.project, folder))), compiling, caches
            )

    def after(self, edits: Sequence[Edit]) -> str:
        """The text of go.mod after the edits. Raises `GoFailed`."""
        if not edits:
            return self.project.text
        with tempfile.TemporaryDirectory(prefix="gopluck-") as folder:
            return Path(copied(self.project, self.go, edits, folder)).read_bytes().decode("utf-8", "surrogateescape")


def copied(project: Project, go: GoCommand, edits: Sequence[Edit], folder: str) -> str:
    """A copy of go.mod (and go.sum beside it) in a folder, with edits made by `go mod edit`. Raises `GoFailed`."""
    copy = Path(folder, "go.mod")
    shutil.copyfile(project.go_mod, copy)
    sums = Path(project.root, "go.sum")
    if sums.is_file():
        shutil.copyfile(sums, copy.with_suffix(".sum"))
    if later := {edit.kind.removeprefix("drop") for edit in edits if edit.kind in LATER}:
        # The go command that is here may be too old to read them.
        copy.write_bytes(gomod.without(project.text, project.go_mod, later).encode("utf-8", "surrogateescape"))
    if known := [edit for edit in edits if edit.kind not in LATER]:
        # The go command of an old host does not know each flag.
        local = go.with_environ(GOTOOLCHAIN="local")
        local.ask("mod", "edit", *edit_flags(known, toolchain=bool(project.mod.toolchain)), str(copy))
    return str(copy)


def leading_to(project: Project, folder: str) -> str:
    """The flag with which the go command takes the copy in a folder. A workspace takes no -modfile."""
    copy = Path(folder, "go.mod")
    if not project.workspace:
        return f"-modfile={copy}"
    overlay = Path(folder, "overlay.json")
    overlay.write_text(json.dumps({"Replace": {project.go_mod: str(copy)}}))
    return f"-overlay={overlay}"
