"""`broken-by-earlier-plugin`: what an earlier Open left behind makes this one fail."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.builds.build import Build
from gopluck.loader.answer import Status
from gopluck.replay.ends import IN_THE_RUNTIME, End
from gopluck.rules.model import Evidence, Opened, Owner, Rule, Told, go_issue, go_source, told

RESTART = "Restart the host, without {} before {}."


def ends(evidence: Evidence) -> Iterator[Told]:
    """By what was opened before: a refused build of the same plugin, a plugin of another release, a lost lock."""
    yield from _repaired(evidence)
    yield from _locked(evidence)
    yield from _list_broken(evidence)


def _repaired(evidence: Evidence) -> Iterator[Told]:
    if evidence.outcome.why != End.HASH or evidence.outcome.other is not None:
        return
    for other, packages in evidence.conflicts():
        if evidence.rebuilt(other):
            yield told(
                f"{other.title} is another build of this plugin: it was refused, but its packages are still in the "
                "process",
                RESTART.format(other.title, evidence.file),
                packages,
                host=other.title,
                plugin=evidence.plugin.path,
            )._replace(headline=f"{other.title} is another build of this plugin, and was refused")


def _locked(evidence: Evidence) -> Iterator[Told]:
    why = evidence.outcome.why
    if why == End.MUTEX_HELD:
        culprit = next((opened for opened in evidence.earlier if opened.outcome.effect == "panic"), None)
        said = "panicked while it held the lock of package plugin: no later plugin.Open returns"
    elif why == End.NEVER_LOADED:
        culprit = evidence.opened(evidence.outcome.other)
        said = "never finished loading: a second plugin.Open of that path waits for ever"
    else:
        return
    title = culprit.title if culprit else "an earlier plugin"
    same = culprit is not None and culprit.title == evidence.plugin.path
    short = "an earlier Open of this path never finished: another one waits for ever" if same else ""
    yield told(f"{title} {said}", RESTART.format(title, evidence.file), first=title)._replace(headline=short)


def _list_broken(evidence: Evidence) -> Iterator[Told]:
    """The runtime looked at another module than this plugin's, and not for a reason in this plugin."""
    plugin, outcome = evidence.plugin.go, evidence.outcome
    if plugin is None or plugin.kind != "plugin" or not plugin.joins_module_list or evidence.other_layout:
        return
    if outcome.dlopen is None or outcome.dlopen.status != Status.LOADED:
        return
    host = evidence.host
    if host.go is None or not host.go.exports_moduledata:
        return
    missed = outcome.why in (End.NO_MODULE_DATA, End.TYPEMAP_SET, End.FOREIGN_LAYOUT) or (
        outcome.why == End.HASH and outcome.other is not None
    )
    culprit = _foreign(evidence)
    if not missed or culprit is None:
        return
    release = Build(culprit.binary, "").built_with if culprit.binary else "another release"
    yield told(
        f"{culprit.title}, built with {release}, has broken the list of modules: the host's runtime "
        "does not see this plugin, which is not to blame",
        RESTART.format(culprit.title, evidence.file),
        first=culprit.title,
    )._replace(headline=f"{culprit.title}, built with {release}, has broken the list of modules")


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
    rank=170,
    title="What an earlier plugin left in the process makes this one fail.",
    meaning="The plugin may be good: an earlier Open has broken the list of modules, left a refused build of the same "
    "plugin in the process, or never returned. What a refused plugin's own code does is not seen: its init functions "
    "do not run, unless the host calls plugin.Open inside an init function of its own and was built with Go 1.22 to "
    "1.25 (measured; golang/go #75102).",
    why="Nothing is ever unloaded. A refused build's symbols stay in the global scope, its own main package among "
    "them, so a repaired build is compared with the refused one. A plugin of another Go release writes the end of the "
    "module list where the host does not read it: every later plugin is invisible, and Go says `plugin already "
    "loaded`. After a recovered panic the lock of package plugin stays taken.",
    example="A host that retries: auth.so is refused, repaired, and opened again under another name in the same "
    "process.",
    fix="Restart the host. Check plugins before they reach it, so that the first Open succeeds.",
    links=(
        go_source("runtime/plugin.go, plugin_lastmoduleinit"),
        go_source("plugin/plugin_dlopen.go, open"),
        go_issue(32095),
        go_issue(75102),
    ),
    ends=ends,
    explains=IN_THE_RUNTIME | {End.MUTEX_HELD, End.NEVER_LOADED},
    owner=Owner(
        "this plugin is not to blame: what was opened before it has broken the process",
        "Restart the host without the earlier plugin, or with a build of that one that fits.",
        builds=False,
    ),
)
