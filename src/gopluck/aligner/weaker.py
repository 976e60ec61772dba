"""Fits a plugin's module to a host without Go: by go.mod, go.work and vendor/modules.txt alone.

Weaker than `align`: go.mod does not say which packages are imported, and not in every case which version a build
selects. So "fits" is never said; "differs" only where a source file of the plugin imports a package that the host has,
and go.mod asks for more than the host's version (a build selects that version or a higher one).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from gopluck.aligner import gomod
from gopluck.aligner.golines import go_line_findings, readable
from gopluck.aligner.gomod import GoMod, Replace, Require
from gopluck.aligner.project import MAX_LIST, MAX_SOURCE, Project, plugin_name, text_of
from gopluck.builds.build import Build
from gopluck.builds.source import Use
from gopluck.golang.records import Module
from gopluck.remedy.baseline import baseline
from gopluck.remedy.grammar import refused
from gopluck.remedy.lines import with_words
from gopluck.result.align import Alignment
from gopluck.result.check import Finding
from gopluck.result.recipe import Edit
from gopluck.result.verdict import Fit, Role
from gopluck.rules.causes.module_version import order
from gopluck.rules.model import Trait
from gopluck.rules.registry import named

HINT = "go.mod alone was compared: it does not say what is imported, nor always which version a build selects"


def by_go_mod(host: Build, project: Project, reason: str) -> Alignment:
    """The alignment, as far as the files tell. `reason`: why there is no Go."""
    imports = imported(project.absolute)
    stale = list(_vendor(project))
    findings: list[Finding] = [*go_line_findings(project, host.release), *stale]
    edits = [*readable(project, project.mod, host.release)]
    left_out = list(refused(edits))
    for wanted, replaced in required(project):
        theirs = host.modules.get(wanted.path)
        if theirs is None or theirs.is_main or not _differ(theirs, wanted, bool(host.trimmed)):
            continue
        packages = _both(host, wanted.path, imports)
        certain = bool(packages) and _above(wanted, theirs)
        findings.append(_finding(theirs, wanted, packages, certain))
        more = _edits(theirs, wanted, replaced, project.mod)
        unfit = list(refused(more))
        left_out += unfit
        edits += () if unfit else more
    edits += [Edit("vendor", reason="vendor/modules.txt does not agree with go.mod")] if stale else []
    found = baseline(host)
    if not any(one.path in host.modules for one in project.mod.requires):
        found = found.without_cache()
    left_out += found.left_out
    flags = (*found.flags, "-mod=mod") if edits and not project.workspace else found.flags
    name = plugin_name(project)
    differs = any(finding.role == Role.CAUSE for finding in findings)
    planned = found._replace(flags=flags, left_out=tuple(dict.fromkeys(left_out)))
    untried = ("These edits were not tried: there is no Go here.",) if edits else ()
    recipe = planned.recipe(name, go_mod=tuple(edits), notes=untried)
    return project.alignment(
        host,
        Fit.DIFFERS if differs else Fit.UNKNOWN,
        "go.mod",
        planned.line(name),
        reason=f"{reason}; {HINT}",
        findings=with_words(findings, recipe),
        notes=found.notes,
        recipe=recipe,
    )


def required(project: Project) -> Iterator[tuple[Use, Replace | None]]:
    """What go.mod requires, with the line of go.mod or go.work that replaces it."""
    work, own = map(gomod.by_version, (project.work.replaces if project.work else (), project.mod.replaces))
    for one in project.mod.requires:
        replaced = gomod.replacement(work, *one[:2]) or gomod.replacement(own, *one[:2])
        yield Use(one.path, one.version, replaced and Module(replaced.new, replaced.new_version)), replaced


def _differ(theirs: Use, wanted: Use, trimmed: bool) -> bool:
    """Whether the host's module and this one are compiled under another path or from other code."""
    return theirs.effective != wanted.effective or (trimmed and theirs.version != wanted.version)


def _above(wanted: Use, theirs: Use) -> bool:
    """Whether a build is certain to select more than the host has: selection only goes up."""
    if wanted.replace is not None or theirs.replace is not None:
        return False
    mine, hosts = order(wanted.version), order(theirs.version)
    return bool(mine and hosts) and mine > hosts


def _finding(theirs: Use, wanted: Use, packages: tuple[str, ...], certain: bool) -> Finding:
    replaced = theirs.replace or wanted.replace
    rule = named(Trait.MODULE_REPLACED if replaced else Trait.MODULE_VERSION)
    message = f"{wanted.path} is {theirs.described} in the host, {wanted.described} in go.mod"
    if not packages:
        message += "; whether the plugin uses a package of it that the host has is not known without Go"
    elif not certain:
        message += "; which one a build takes is not known without Go"
    return Finding(
        rule,
        Role.CAUSE if certain else Role.RISK,
        message,
        packages,
        {"host": f"{wanted.path} {theirs.described}", "plugin": f"{wanted.path} {wanted.described}"},
        f"Require {wanted.path} as the host does: {theirs.described}.",
    )


def _edits(theirs: Use, wanted: Use, replaced: Replace | None, mod: GoMod) -> tuple[Edit, ...]:
    out: list[Edit] = []
    if theirs.version and theirs.version != wanted.version:
        reason = f"the host has {theirs.version}"
        out.append(Edit("require", wanted.path, theirs.version, reason=reason))
        if Require(wanted.path, theirs.version) in mod.excludes:
            out.append(Edit("dropexclude", wanted.path, theirs.version, reason=reason))
        if order(wanted.version) > order(theirs.version):
            out.append(Edit("exclude", wanted.path, wanted.version, reason="so that no other module brings it back"))
    if theirs.replace is None and replaced is not None and theirs.effective != wanted.effective:
        reason = "the host does not replace it"
        out.append(Edit("dropreplace", replaced.path, replaced.version, reason=reason))
    elif theirs.replace is not None and theirs.effective != wanted.effective and not theirs.is_folder:
        reason = f"the host has {theirs.described}"
        out.append(Edit("replace", wanted.path, to="@".join(theirs.effective), reason=reason))
    return tuple(out)


def _vendor(project: Project) -> Iterator[Finding]:
    """A vendor folder that the go command would refuse."""
    text = text_of(f"{project.root}/vendor/modules.txt", MAX_LIST)
    if text is not None and (why := gomod.stale(project.mod, gomod.parse_vendor(text))):
        yield Finding(
            named(Trait.VENDORED),
            Role.CAUSE,
            f"vendor/modules.txt does not agree with go.mod: {why}",
            fix="Make the vendor folder anew.",
        )


def _both(host: Build, module: str, imports: set[str]) -> tuple[str, ...]:
    """The packages of a module that the plugin's own files import, and that the host has."""
    return tuple(sorted(path for path in imports if path in host.link_hashes and (path + "/").startswith(module + "/")))


_IMPORTS = re.compile(
    r'^import\s*(?:\((?P<block>[^)]*)(?:\)|\Z)|(?:[\w.]+\s+)?(?P<one>"[^"\n]+"|`[^`\n]+`))', re.MULTILINE
)
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)|//[^\n]*", re.DOTALL)
_CONDITION = re.compile(r"^//(go:build| \+build) ", re.MULTILINE)


def imported(folder: str) -> set[str]:
    """The packages that the Go files of a folder import on every machine.

    Tests, files with build constraints, and files that are for one system (`x_windows.go`) are left out.
    """
    out: set[str] = set()
    for file in Path(folder).glob("*.go"):
        if file.name.startswith(("_", ".")) or "_" in file.name:
            continue
        text = text_of(str(file), MAX_SOURCE)
        if text is None or _CONDITION.search(text):
            continue
        for match in _IMPORTS.finditer(_COMMENT.sub("", text)):
            out.update(re.findall(r'["`]([^"`\n]+)["`]', match["block"] or match["one"] or ""))
    return out
