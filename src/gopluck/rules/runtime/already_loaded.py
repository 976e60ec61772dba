"""`already-loaded`: a plugin with the same pluginpath, or the same file, is in the process."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.builds.build import Build
from gopluck.facts.model import Binary
from gopluck.golang.importpath import UNNAMED
from gopluck.loader.answer import Status
from gopluck.replay.ends import IN_THE_RUNTIME, End
from gopluck.result.verdict import Verdict
from gopluck.rules.model import Evidence, Owner, Rule, Told, go_issue, go_source, told

OTHERS = "two builds of one package, or two plugins with one module path"


def ends(evidence: Evidence) -> Iterator[Told]:
    """By the pluginpath, or because `dlopen` found the file loaded."""
    outcome = evidence.outcome
    if outcome.dlopen is None:
        return
    first = evidence.first
    if outcome.dlopen.status == Status.SAME and first is not None:
        refused = first.outcome.verdict != Verdict.LOADS
        yield told(
            f"{evidence.file} is the same file as {first.title} (a hard link), which "
            + ("was refused" if refused else "is loaded")
            + ": the dynamic linker does not load it again",
            "Open a file under one path only; copies need a pluginpath of their own.",
            pluginpath=evidence.plugin.go.pluginpath if evidence.plugin.go else "",
        )._replace(headline=f"the plugin is the same file as {first.title}")
        return
    needing = evidence.needing if evidence.plugin.go is not None else None
    if outcome.dlopen.status == Status.SAME and needing is not None:
        yield told(
            f"{needing.title} needs {evidence.file} as a library, and brought it into the process: Go counts no plugin "
            "that it did not open itself",
            "Link nothing against a plugin. What two plugins share belongs in a package that both import.",
            first=needing.title,
        )._replace(headline=f"{needing.title} needs it as a library, and brought it")
        return
    other = evidence.opened(outcome.other) if outcome.why == End.SAME_PLUGINPATH else None
    if other is None or not evidence.rebuilt(other) or other.binary is None or evidence.plugin.go is None:
        return
    pluginpath = evidence.plugin.go.pluginpath
    yield told(
        f"{other.title} has the same pluginpath, {pluginpath}: {_how(other.binary, evidence.plugin)}",
        "Open one of them only. The pluginpath is the import path of the plugin's main package: two plugins need two "
        "packages (restart the host to load a new build).",
        pluginpath=pluginpath,
        first=other.title,
    )._replace(headline=f"{other.title} has the same pluginpath, {evidence.plugin.go.pluginpath}")


def _how(one: Binary, two: Binary) -> str:
    if two.go is not None and two.go.pluginpath.startswith(UNNAMED):
        return "both were built from the same file list, which the path is a hash of"
    sides = [
        (build.size, build.go and (build.go.build_id, build.go.build_info, build.go.pkghashes)) for build in (one, two)
    ]
    if sides[0] == sides[1]:
        return "one is a copy of the other"
    path = two.go.pluginpath if two.go else ""
    here, there = (Build(build, "").directory(path) or "" for build in (one, two))
    if here.startswith("/") and there.startswith("/"):
        one_folder = f"two builds of the package in {here}"
        return one_folder if here == there else f"two packages, one in {here}, one in {there}"
    symbols = [{symbol.name for symbol in build.go.exported} if build.go else set() for build in (one, two)]
    apart = all(symbols) and symbols[0].isdisjoint(symbols[1])
    return "two plugins with one module path, which export no symbol of the same name" if apart else OTHERS


RULE = Rule(
    slug="already-loaded",
    rank=150,
    title="A plugin with this pluginpath is already in the process.",
    meaning="An earlier plugin has the same pluginpath, is the very same file under another name, or needs the file as "
    "a library.",
    why="The pluginpath (the import path of the plugin's main package; for a list of files a hash) names a plugin in "
    "the process. Go caches plugins by real path, so the same path twice is fine, but a copy, or another build of the "
    "same package, is not. Nothing is ever unloaded.",
    example="A host reloads auth.so by copying it to auth-2.so; two plugins were both built with `go build "
    "-buildmode=plugin main.go` from equal files.",
    fix="Give each plugin a main package with an import path of its own (`go mod edit -module`). To replace a plugin "
    "by a new build, restart the host.",
    links=(go_source("runtime/plugin.go, plugin_lastmoduleinit"), go_issue(29055)),
    ends=ends,
    explains=IN_THE_RUNTIME,
    general=True,
    owner=Owner(
        "the process has a plugin of this pluginpath already, and never lets go of one",
        "Open one of the two only. Two plugins need main packages with two import paths, and a new build of the same "
        "plugin needs a new process.",
        builds=False,
    ),
)
