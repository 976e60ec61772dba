"""The `go` and `toolchain` lines of go.mod and go.work, against the release that the host was built with."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.aligner import gomod
from gopluck.aligner.gomod import GoMod
from gopluck.aligner.project import Project
from gopluck.golang import release as releases
from gopluck.remedy import grammar
from gopluck.result.check import Finding
from gopluck.result.recipe import Edit
from gopluck.result.verdict import Role
from gopluck.rules.model import Trait
from gopluck.rules.registry import named

NAMED = {verb: grammar.import_path for verb in releases.DIRECTIVES if verb != "toolchain"} | {"ignore": grammar.folder}
"""What the directives name that an older release does not know. A toolchain line goes with the go line."""


def newer_than(line: str, release: str) -> bool:
    """Whether a `go` line (`1.28`, `1.27.4`) asks for more than a release (`go1.27.3`).

    `go 1.27` is the language, which every release of 1.27 and its candidates have; `go 1.27.0` is the release.
    """
    wanted, had = releases.order(f"go{line}"), releases.order(release)
    if wanted is None or had is None:
        return False
    return wanted[:2] > had[:2] if line.count(".") == 1 else wanted > had


def go_line_edit(mod: GoMod, release: str) -> Edit | None:
    """The edit that lets the host's release read go.mod; None when it does already."""
    if not mod.go or not newer_than(mod.go, release):
        return None
    return Edit("go", version=releases.go_line(release), reason=f"the host was built with {release}")


def readable(project: Project, mod: GoMod, release: str) -> tuple[Edit, ...]:
    """That edit, and those that take away what the release does not know."""
    reason = f"{release} does not know it"
    lowered = go_line_edit(mod, release)
    later = (Edit(f"drop{verb}", name, reason=reason) for verb, name in unknown(project, release))
    return *dict.fromkeys(later), *((lowered,) if lowered else ())


def unknown(project: Project, release: str) -> Iterator[tuple[str, str]]:
    """The directives of go.mod that a release refuses, and what each names: not where it is none that can be typed."""
    for verb, word in gomod.directives(project.text, project.go_mod, NAMED):
        name = word if verb == "ignore" else word.partition("=")[0]
        if releases.before(release, releases.DIRECTIVES[verb]) and NAMED[verb](name):
            yield verb, name


def go_line_findings(project: Project, release: str) -> Iterator[Finding]:
    """The go lines that the host's release refuses."""
    for file, (line, _) in _lines(project):
        if line and newer_than(line, release):
            yield Finding(
                named(Trait.GO_RELEASE),
                Role.CAUSE,
                f"{file} asks for go {line} or later, the host was built with {release}",
                evidence={"host": release, "plugin": f"go {line}"},
                fix=f"Lower the go line of {file} to {releases.go_line(release)}.",
            )

    for verb in dict.fromkeys(verb for verb, _ in unknown(project, release)):
        yield Finding(
            named(Trait.GO_RELEASE),
            Role.CAUSE,
            f"go.mod has the directive {verb}, which {release} does not know",
            evidence={"host": release, "plugin": f"{verb} in go.mod"},
            fix=f"Take the {verb} lines out of go.mod.",
        )


def toolchain_notes(project: Project, release: str) -> Iterator[str]:
    """The toolchain lines that name another release: GOTOOLCHAIN in the build command wins over them."""
    for file, (_, name) in _lines(project):
        if name and name not in (release, "default"):
            yield f"{file} says toolchain {name}: GOTOOLCHAIN={release} in the build command wins over it."


def _lines(project: Project) -> Iterator[tuple[str, tuple[str, str]]]:
    """The go and toolchain lines of each file."""
    yield "go.mod", (project.mod.go, project.mod.toolchain)
    if project.work is not None:
        yield project.workspace, (project.work.go, project.work.toolchain)
