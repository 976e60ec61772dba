"""Fits a plugin's module to a host without Go: by go.mod, go.work and vendor/modules.txt alone.

Weaker than `align`: go.mod does not say which packages are imported, and not in every case which version a build
selects. So "fits" is never said; "differs" only where a source file of the plugin imports a package that the host has,
and go.mod asks for more than the host's version (a build selects that version or a higher one).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from gopluck.remedy import gomod
from gopluck.remedy.alignment import Alignment
from gopluck.remedy.baseline import baseline
from gopluck.remedy.golines import go_line_edit, go_line_findings
from gopluck.remedy.gomod import Replace
from gopluck.remedy.model import Edit, Recipe
from gopluck.remedy.project import Project, plugin_name
from gopluck.report.model import Finding
from gopluck.rules.builds import Build, Use
from gopluck.rules.module_version import order

HINT = "go.mod alone was compared: it does not say what is imported, nor always which version a build selects"


class Wanted(NamedTuple):
    """What go.mod asks for of a module, replacements included."""

    path: str
    version: str
    replace: Replace | None

    @property
    def effective(self) -> tuple[str, str]:
        """As `Use.effective`."""
        return (self.path, self.version) if self.replace is None else (self.replace.new, self.replace.new_version)

    @property
    def described(self) -> str:
        """As `Use.described`."""
        return self.version if self.replace is None else f"{self.version} => {' '.join(self.effective)}".rstrip()


def by_go_mod(host: Build, project: Project, reason: str) -> Alignment:
    """The alignment, as far as the files tell. `reason`: why there is no Go."""
    imports = imported(project.absolute)
    findings: list[Finding] = [*go_line_findings(project, host.release), *_vendor(project)]
    edits = [edit] if (edit := go_line_edit(project.mod, host.release)) else []
    for wanted in required(project):
        theirs = host.modules.get(wanted.path)
        if theirs is None or theirs.is_main or not _differ(theirs, wanted, bool(host.trimmed)):
            continue
        packages = _both(host, wanted.path, imports)
        certain = bool(packages) and _above(wanted, theirs)
        findings.append(_finding(theirs, wanted, packages, certain))
        edits += _edits(theirs, wanted)
    found = baseline(host)
    env = dict(found.env)
    if not any(one.path in host.modules for one in project.mod.requires):
        env.pop("GOMODCACHE", None)
    flags = (*found.flags, "-mod=mod") if edits and not project.workspace else found.flags
    whole = found._replace(env=env, flags=flags)
    command = whole.line(plugin_name(project))
    differs = any(finding.role == "cause" for finding in findings)
    return Alignment(
        host=host.binary.path,
        release=host.release,
        folder=project.folder,
        go_mod=project.go_mod,
        module=project.mod.module,
        verdict="differs" if differs else "unknown",
        basis="go.mod",
        checked=f"{whole.assignments} {command}".strip(),
        reason=f"{reason}; {HINT}",
        findings=tuple(findings),
        notes=found.notes,
        recipe=Recipe(
            possible=True,
            side="plugin",
            go=found.go,
            env=env,
            flags=flags,
            go_mod=tuple(edits),
            command=command,
            inputs=found.inputs if "GOMODCACHE" in env else (),
            notes=("These edits were not tried: there is no Go here.",) if edits else (),
        ),
        before=project.text,
        after=project.text,
    )


def required(project: Project) -> Iterator[Wanted]:
    """What go.mod requires, with its own and the workspace's replacements."""
    others = project.work.replaces if project.work else ()
    for one in project.mod.requires:
        work = next((two for two in others if two.path == one.path and two.version in ("", one.version)), None)
        yield Wanted(one.path, one.version, work or project.mod.replacement(one.path, one.version))


def _differ(theirs: Use, wanted: Wanted, trimmed: bool) -> bool:
    """Whether the host's module and this one are compiled under another path or from other code."""
    if theirs.version != wanted.version and (trimmed or theirs.effective != wanted.effective):
        return True
    return theirs.effective != wanted.effective


def _above(wanted: Wanted, theirs: Use) -> bool:
    """Whether a build is certain to select more than the host has: selection only goes up."""
    if wanted.replace is not None or theirs.replace is not None:
        return False
    mine, hosts = order(wanted.version), order(theirs.version)
    return bool(mine and hosts) and mine > hosts


def _finding(theirs: Use, wanted: Wanted, packages: tuple[str, ...], certain: bool) -> Finding:
    rule = "module-replaced" if theirs.replace or wanted.replace else "module-version"
    message = f"{wanted.path} is {theirs.described} in the host, {wanted.described} in go.mod"
    if not packages:
        message += "; whether the plugin uses a package of it that the host has is not known without Go"
    elif not certain:
        message += "; which one a build takes is not known without Go"
    return Finding(
        rule,
        "cause" if certain else "risk",
        message,
        packages,
        {"host": f"{wanted.path} {theirs.described}", "plugin": f"{wanted.path} {wanted.described}"},
        " && ".join(edit.command for edit in _edits(theirs, wanted)),
    )


def _edits(theirs: Use, wanted: Wanted) -> tuple[Edit, ...]:
    out: list[Edit] = []
    if theirs.version and theirs.version != wanted.version:
        reason = f"the host has {theirs.version}"
        out.append(Edit("require", wanted.path, theirs.version, reason=reason))
        if order(wanted.version) > order(theirs.version):
            out.append(Edit("exclude", wanted.path, wanted.version, reason="so that no other module brings it back"))
    if theirs.effective == wanted.effective or (theirs.replace is None and wanted.replace is None):
        return tuple(out)
    if theirs.replace is None and wanted.replace is not None:
        reason = "the host does not replace it"
        return (*out, Edit("dropreplace", wanted.replace.path, wanted.replace.version, reason=reason))
    if not theirs.is_folder:
        reason = f"the host has {theirs.described}"
        return (*out, Edit("replace", wanted.path, to="@".join(theirs.effective), reason=reason))
    return tuple(out)


def _vendor(project: Project) -> Iterator[Finding]:
    """A vendor folder that the go command would refuse."""
    try:
        text = Path(project.root, "vendor/modules.txt").read_text(errors="replace")
    except OSError:
        return
    if why := gomod.stale(project.mod, gomod.parse_vendor(text)):
        yield Finding(
            "vendor-path", "cause", f"vendor/modules.txt does not agree with go.mod: {why}", fix="go mod vendor"
        )


def _both(host: Build, module: str, imports: Mapping[str, str]) -> tuple[str, ...]:
    """The packages of a module that the plugin's own files import, and that the host has."""
    theirs = host.binary.go.link_hashes if host.binary.go else {}
    return tuple(sorted(path for path in imports if path in theirs and (path + "/").startswith(module + "/")))


_IMPORTS = re.compile(r'^import\s*(?:\((?P<block>[^)]*)\)|(?:[\w.]+\s+)?(?P<one>"[^"\n]+"|`[^`\n]+`))', re.MULTILINE)
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_CONDITION = re.compile(r"^//(go:build| \+build) ", re.MULTILINE)


def imported(folder: str) -> dict[str, str]:
    """The packages that the Go files of a folder import on every machine, each with a file that does.

    Tests, files with build constraints, and files that are for one system (`x_windows.go`) are left out.
    """
    out: dict[str, str] = {}
    for file in sorted(Path(folder).glob("*.go")):
        if file.name.startswith(("_", ".")) or "_" in file.name:
            continue
        text = file.read_text(errors="replace")
        if _CONDITION.search(text):
            continue
        for match in _IMPORTS.finditer(_COMMENT.sub("", text)):
            for path in re.findall(r'["`]([^"`\n]+)["`]', match["block"] or match["one"]):
                out.setdefault(path, file.name)
    return out
