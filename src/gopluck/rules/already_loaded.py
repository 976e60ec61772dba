"""`already-loaded`: a plugin with the same pluginpath, or the same file, is in the process."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.report.model import Finding
from gopluck.rules.endings import cause, name
from gopluck.rules.model import Evidence, Link, Opened, Rule

UNNAMED = "plugin/unnamed-"


def ends(evidence: Evidence) -> Iterator[Finding]:
    """By the pluginpath, or because `dlopen` found the file loaded."""
    outcome = evidence.outcome
    if outcome.verdict == "loads" or outcome.dlopen is None:
        return
    first = evidence.first
    if outcome.dlopen.status == "same" and first is not None:
        refused = first.outcome.verdict != "loads"
        yield cause(
            "already-loaded",
            f"{name(evidence)} is the same file as {first.title} (a hard link), which "
            + ("was refused" if refused else "is loaded")
            + ": the dynamic linker does not load it again",
            "Open a file under one path only; copies need a pluginpath of their own.",
            pluginpath=evidence.plugin.go.pluginpath if evidence.plugin.go else "",
        )
        return
    if outcome.why != "same-pluginpath" or evidence.plugin.go is None:
        return
    other = evidence.opened(outcome.other)
    if other is None or other.binary is None or other.binary.go is None:
        return
    if other.binary.go.pluginpath != evidence.plugin.go.pluginpath:
        return
    yield cause(
        "already-loaded",
        f"{other.title} has the same pluginpath, {evidence.plugin.go.pluginpath}: {_how(evidence, other)}",
        _fix(evidence),
        pluginpath=evidence.plugin.go.pluginpath,
        first=other.title,
    )


def _how(evidence: Evidence, other: Opened) -> str:
    one, two = other.binary, evidence.plugin
    if one is None or one.go is None or two.go is None:
        return "two builds of one package"
    if two.go.pluginpath.startswith(UNNAMED):
        return "both were built from the same file list, which the path is a hash of"
    if one.size == two.size and one.go.build_info == two.go.build_info and one.go.pkghashes == two.go.pkghashes:
        return "one is a copy of the other"
    return "two builds of one package"


def _fix(evidence: Evidence) -> str:
    return (
        "Open one of them only. The pluginpath is the import path of the plugin's main package: two plugins need two "
        "packages (restart the host to load a new build)."
    )


RULE = Rule(
    slug="already-loaded",
    title="A plugin with this pluginpath is already in the process.",
    meaning="An earlier plugin has the same pluginpath, or is the very same file under another name.",
    why="The pluginpath (the import path of the plugin's main package; for a list of files a hash) names a plugin in "
    "the process. Go caches plugins by real path, so the same path twice is fine, but a copy, or another build of the "
    "same package, is not. Nothing is ever unloaded.",
    example="A host reloads auth.so by copying it to auth-2.so; two plugins were both built with `go build "
    "-buildmode=plugin main.go` from equal files.",
    fix="Give each plugin a main package with an import path of its own. To replace a plugin by a new build, restart "
    "the host.",
    links=(
        Link("src/runtime/plugin.go, plugin_lastmoduleinit", "https://go.dev/src/runtime/plugin.go"),
        Link("golang/go #29055", "https://github.com/golang/go/issues/29055"),
    ),
    ends=ends,
)
