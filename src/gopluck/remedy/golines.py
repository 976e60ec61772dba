"""The `go` and `toolchain` lines of go.mod and go.work, against the release that the host was built with."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.golang import version
from gopluck.remedy.gomod import GoMod
from gopluck.remedy.model import Edit
from gopluck.remedy.project import Project
from gopluck.report.model import Finding


def newer_than(line: str, release: str) -> bool:
    """Whether a `go` line (`1.28`, `1.27.4`) asks for more than a release (`go1.27.3`).

    `go 1.27` is the language, which every release of 1.27 and its candidates have; `go 1.27.0` is the release.
    """
    wanted, had = version.order(f"go{line}"), version.order(release)
    if wanted is None or had is None:
        return False
    return wanted[:2] > had[:2] if line.count(".") == 1 else wanted > had


def go_line_edit(mod: GoMod, release: str) -> Edit | None:
    """The edit that lets the host's release read go.mod; None when it does already."""
    if not mod.go or not newer_than(mod.go, release):
        return None
    return Edit("go", version=release.removeprefix("go"), reason=f"the host was built with {release}")


def go_line_findings(project: Project, release: str) -> Iterator[Finding]:
    """The go lines that the host's release refuses."""
    lines = [("go.mod", project.mod.go, "go mod edit")]
    if project.work is not None:
        lines.append((project.workspace, project.work.go, "go work edit"))
    for file, line, command in lines:
        if line and newer_than(line, release):
            yield Finding(
                "go-version",
                "cause",
                f"{file} asks for go {line} or later, the host was built with {release}",
                evidence={"host": release, "plugin": f"go {line}"},
                fix=f"{command} -go={release.removeprefix('go')}",
            )


def toolchain_notes(project: Project, release: str) -> Iterator[str]:
    """The toolchain lines that name another release: GOTOOLCHAIN in the build command wins over them."""
    lines = [("go.mod", project.mod.toolchain)]
    if project.work is not None:
        lines.append((project.workspace, project.work.toolchain))
    for file, name in lines:
        if name and name not in (release, "default"):
            yield f"{file} says toolchain {name}: GOTOOLCHAIN={release} in the build command wins over it."
