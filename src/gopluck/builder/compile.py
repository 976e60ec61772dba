"""Builds a plugin as its alignment says, by the go command of the host's release; the user's files stay as they are.

Edits of go.mod, and what the go command adds to go.sum, go to copies (`-modfile`, in a workspace `-overlay`). The
plugin is built into a folder of its own, so that a file that does not load replaces nothing.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from gopluck.aligner.align import NOT_HAD
from gopluck.aligner.fit import NO_COMPILER
from gopluck.aligner.gocommand import GoCommand, find, settings
from gopluck.aligner.imports import VARIABLES, Plan
from gopluck.aligner.project import Project
from gopluck.aligner.trial import copied, leading_to
from gopluck.errors import Usage
from gopluck.golang.release import minor
from gopluck.record import NamedTuple
from gopluck.remedy.lines import edit_flags
from gopluck.remedy.quote import Placeholder, sh
from gopluck.result.align import Alignment
from gopluck.result.build import followed
from gopluck.result.recipe import Edit
from gopluck.result.verdict import Fit, Verdict


class Refused(NamedTuple):
    """Why nothing is built."""

    verdict: Verdict
    reason: str


class Compiled(NamedTuple):
    """How `go build` ended."""

    command: tuple[str, ...]
    """Its words, unquoted; copies are named as they were."""
    status: int
    said: str

    @property
    def verdict(self) -> Verdict:
        """What is known where it ended with an error: what is lacking here says nothing about the fit.

        A C compiler for another machine, or one that does not know a flag, fails at the first package that needs one.
        """
        blamed = {line for line in self.said.splitlines() if line.startswith("# ")}
        lacking = NOT_HAD.search(self.said) or NO_COMPILER.search(self.said) or blamed == {"# runtime/cgo"}
        return Verdict.UNKNOWN if lacking else Verdict.FAILS


def refusal(alignment: Alignment) -> Refused | None:
    """Why the recipe of an alignment cannot be followed here. Raises `Usage` without a go command."""
    recipe = alignment.recipe
    if alignment.basis == "go.mod":
        raise _without_go(alignment, alignment.reason.partition("; ")[0])
    if not recipe.possible:
        # What the recipe leaves out is the user's to decide; without that the verdict is the alignment's.
        known = alignment.verdict == Fit.DIFFERS and not recipe.left_out and not recipe.untold
        return Refused(Verdict.FAILS if known else Verdict.UNKNOWN, recipe.why_not or alignment.reason)
    for name, _, path in (flag.partition("=") for flag in recipe.flags):
        if name == "-pgo" and path != "off" and not Path(path).is_file():
            where = "which no file names" if path.startswith("$") else f"and {path} is not here"
            what = f"it needs the profile that the host was built with, {where}"
            return Refused(Verdict.UNKNOWN, f"{what}: put it beside the plugin's package main, as default.pgo")
    if missing := [one for one in recipe.inputs if one.name]:
        why = "; ".join(f"it needs {one.what}, and no file names it" for one in missing)
        return Refused(_without(alignment, any(one.to for one in recipe.go_mod)), why)
    if cache := recipe.env.get("GOMODCACHE"):
        # The go command runs programs from its module cache: only the user leads it to one.
        why = "the host was built without -trimpath, so the path of its module cache is part of every package"
        return Refused(Verdict.FAILS, f"{why}. Run it as: GOMODCACHE={sh(cache)} gopluck build …")
    if any(edit.kind == "init" for edit in recipe.go_mod):
        why = "its folder has to become a module of its own: gopluck align prints how"
        return Refused(_without(alignment, code=True), why)
    if absent := [edit.to for edit in recipe.go_mod if edit.to.startswith("/") and not Path(edit.to).exists()]:
        return Refused(_without(alignment, code=True), f"the host's code is not here: {', '.join(absent)}")
    return None


def _without(alignment: Alignment, code: bool) -> Verdict:
    """The verdict without something that the recipe needs. `code`: it is the host's code, so what is here differs."""
    known = code and alignment.verdict == Fit.DIFFERS and not alignment.recipe.untold
    return Verdict.FAILS if known else Verdict.UNKNOWN


def _without_go(alignment: Alignment, why: str) -> Usage:
    return Usage(f"gopluck build needs the go command of {alignment.release or 'the host'}: {why}")


class Builder(NamedTuple):
    """A project, the go command that builds it, and what it is built with."""

    alignment: Alignment
    project: Project
    go: GoCommand
    variables: Mapping[str, str]
    """`go env`."""

    @classmethod
    def of(cls, alignment: Alignment, environ: Mapping[str, str]) -> Builder:
        """What follows the recipe of an alignment. Raises `Usage`, `GoFailed`."""
        project = Project.read(alignment.folder, environ)
        go = find(alignment.release, project.absolute, {**environ, **alignment.recipe.env})
        if isinstance(go, str):
            raise _without_go(alignment, go)
        variables = settings(go, *VARIABLES)
        return cls(alignment, project.within(variables["GOWORK"]), go, variables)

    def with_environ(self, **values: str) -> Builder:
        """The same with more variables set, in the recipe, too."""
        recipe = self.alignment.recipe
        alignment = self.alignment._replace(recipe=recipe._replace(env={**recipe.env, **values}))
        return self._replace(alignment=alignment, go=self.go.with_environ(**values))

    @property
    def edits(self) -> tuple[Edit, ...]:
        """The edits of go.mod."""
        return followed(self.alignment.recipe)

    @property
    def copies(self) -> bool:
        """Whether the go command would write to go.mod or go.sum, or edits have to be seen: it gets a copy then."""
        options = Plan(self.go, self.alignment.recipe.flags, self.variables).options
        if "-modfile" in options:
            return False
        # Before Go 1.16 -mod=mod is what a build does by itself.
        return bool(self.edits) or options.get("-mod") == "mod" or (minor(self.alignment.release) or (1, 16)) < (1, 16)

    def compile(self, target: Path, *, kept: bool = False) -> Compiled:
        """Build into `target`. `kept`: go.mod has the edits already, and what Go completes in it and go.sum stays."""
        words = ("build", "-buildmode=plugin", *self.alignment.recipe.flags)
        with tempfile.TemporaryDirectory(prefix="gopluck-") as folder:
            more: tuple[str, ...] = ()
            if not kept and self.copies:
                copied(self.project, self.go, self.edits, folder)
                more = (leading_to(self.project, folder),)
            done = self.go.run(*words, *more, "-o", str(target), ".")
        return Compiled(("go", *words, "-o", target.name, "."), done.status, done.said)

    def script(self, host: str, output: str) -> str:
        """What `compile` and the check after it do, as lines for a shell. `host`, `output`: absolute paths."""
        recipe, project = self.alignment.recipe, self.project
        if project.workspace and self.edits:
            raise Usage("--print: in a workspace the edits are an overlay of go.mod: use gopluck align --diff")
        words = ["go", "build", "-buildmode=plugin", *map(sh, recipe.flags)]
        lines = ["set -eu", f"cd {sh(project.absolute)}"]
        if self.copies:
            sums = sh(str(Path(project.root, "go.sum")))
            lines += [
                "copy=$(mktemp -d)",
                "trap 'rm -rf \"$copy\"' EXIT",
                f'cp {sh(project.go_mod)} "$copy/go.mod"',
                f'if [ -f {sums} ]; then cp {sums} "$copy/go.sum"; fi',
            ]
            words.append('-modfile="$copy/go.mod"')
        lines += [f"export {name}={sh(value)}" for name, value in recipe.env.items()]
        if self.edits:
            flags = edit_flags(self.edits, toolchain=bool(project.mod.toolchain))
            if any(isinstance(flag, Placeholder) for flag in flags):
                raise Usage("--print: an edit needs a path that no file names")
            lines.append(" ".join(["GOTOOLCHAIN=local go mod edit", *map(sh, flags), '"$copy/go.mod"']))
        words += ["-o", sh(output), "."]
        lines += [" ".join(words), f"gopluck check {sh(host)} {sh(output)}"]
        return "\n".join(("#!/bin/sh", *lines)) + "\n"
