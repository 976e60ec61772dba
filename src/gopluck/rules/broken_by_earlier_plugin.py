"""`broken-by-earlier-plugin`: what an earlier Open left behind makes this one fail."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.report.model import Finding
from gopluck.rules.builds import Build
from gopluck.rules.conflicts_with_loaded_plugin import rebuilt
from gopluck.rules.endings import cause, name
from gopluck.rules.go_version import other_layout
from gopluck.rules.model import Evidence, Link, Opened, Rule

RESTART = "Restart the host, without {} before {}."
RUNTIME = ("no-module-data", "typemap-set", "same-pluginpath", "hash", "foreign-layout", "overlap", "empty-pluginpath")


def ends(evidence: Evidence) -> Iterator[Finding]:
    """By what was opened before: a refused build of the same plugin, a plugin of another release, a lost lock."""
    yield from _repaired(evidence)
    yield from _locked(evidence)
    yield from _list_broken(evidence)


def _repaired(evidence: Evidence) -> Iterator[Finding]:
    groups: dict[int, list[str]] = {}
    for mismatch in evidence.outcome.mismatches:
        if mismatch.provider > 0 and rebuilt(evidence, mismatch.provider):
            groups.setdefault(mismatch.provider, []).append(mismatch.path)
    if evidence.outcome.why != "hash" or evidence.outcome.other is not None:
        return
    for position, packages in groups.items():
        other = evidence.opened(position)
        assert other is not None
        yield Finding(
            "broken-by-earlier-plugin",
            "cause",
            f"{other.title} is another build of this plugin: it was refused, but its packages are still in the process",
            tuple(packages),
            {"host": other.title, "plugin": evidence.plugin.path},
            RESTART.format(other.title, name(evidence)),
        )


def _locked(evidence: Evidence) -> Iterator[Finding]:
    why = evidence.outcome.why
    if why == "mutex-held":
        culprit = next((opened for opened in evidence.earlier if opened.outcome.effect == "panic"), None)
        said = "panicked while it held the lock of package plugin: no later plugin.Open returns"
    elif why == "never-loaded":
        culprit = evidence.opened(evidence.outcome.other)
        said = "never finished loading: a second plugin.Open of that path waits for ever"
    else:
        return
    title = culprit.title if culprit else "an earlier plugin"
    yield cause("broken-by-earlier-plugin", f"{title} {said}", RESTART.format(title, name(evidence)), first=title)


def _list_broken(evidence: Evidence) -> Iterator[Finding]:
    """The runtime looked at another module than this plugin's, and not for a reason in this plugin."""
    plugin, outcome = evidence.plugin.go, evidence.outcome
    if outcome.why not in RUNTIME or outcome.verdict == "loads":
        return
    if plugin is None or plugin.kind != "plugin" or not plugin.joins_module_list or other_layout(evidence):
        return
    if outcome.dlopen is None or outcome.dlopen.status != "loaded":
        return
    host = evidence.host
    if host.go is None or not host.go.exports_moduledata:
        return
    missed = outcome.why in ("no-module-data", "typemap-set", "foreign-layout") or (
        outcome.why == "hash" and outcome.other is not None
    )
    culprit = _foreign(evidence)
    if not missed or culprit is None:
        return
    release = Build(culprit.binary, "").built_with if culprit.binary else "another release"
    yield cause(
        "broken-by-earlier-plugin",
        f"{culprit.title}, built with {release}, has broken the list of modules: the host's runtime "
        "does not see this plugin, which is not to blame",
        RESTART.format(culprit.title, name(evidence)),
        first=culprit.title,
    )


def _foreign(evidence: Evidence) -> Opened | None:
    """The last plugin before this one whose release lays out module data in another way."""
    host = evidence.host.go
    layout = host.moduledata.layout if host and host.moduledata else None
    for opened in reversed(evidence.earlier):
        go = opened.binary.go if opened.binary else None
        if go is not None and go.moduledata is not None and go.kind == "plugin" and go.moduledata.layout != layout:
            return opened
    return None


RULE = Rule(
    slug="broken-by-earlier-plugin",
    title="What an earlier plugin left in the process makes this one fail.",
    meaning="The plugin may be good: an earlier Open has broken the list of modules, left a refused build of the same "
    "plugin in the process, or never returned.",
    why="Nothing is ever unloaded. A refused build's symbols stay in the global scope, its own main package among "
    "them, so a repaired build is compared with the refused one. A plugin of another Go release writes the end of the "
    "module list where the host does not read it: every later plugin is invisible, and Go says `plugin already "
    "loaded`. After a recovered panic the lock of package plugin stays taken.",
    example="A host that retries: auth.so is refused, repaired, and opened again under another name in the same "
    "process.",
    fix="Restart the host. Check plugins before they reach it, so that the first Open succeeds.",
    links=(
        Link("src/runtime/plugin.go, plugin_lastmoduleinit", "https://go.dev/src/runtime/plugin.go"),
        Link("src/plugin/plugin_dlopen.go, open", "https://go.dev/src/plugin/plugin_dlopen.go"),
        Link("golang/go #32095", "https://github.com/golang/go/issues/32095"),
    ),
    ends=ends,
)
