"""`diff` says "rebuild" for exactly those plugins that a real load of the new host refuses.

OLD is a recorded host into which the very plugin was really loaded, NEW the host of any other recorded set with that
plugin; what is expected follows from the two real outcomes, so nothing is typed in.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import pytest

import recorded
from gopluck import api
from gopluck.facts.model import Binary
from gopluck.loader.library import Found, System, Wanted
from gopluck.result.diff import HostDiff
from recorded import SCORED, SILENT, declared


class Load(NamedTuple):
    """A plugin that was opened first in a process: how it really ended does not depend on other plugins."""

    name: str
    host: Binary
    plugin: Binary
    key: str
    """The plugin's ID in the recorded files."""
    truth: tuple[str, str]
    system: System

    @property
    def loads(self) -> bool:
        return self.truth[0] == "ok"


@cache
def loads() -> Mapping[str, tuple[Load, ...]]:
    """All of them, by plugin."""
    out: dict[str, list[Load]] = defaultdict(list)
    for path in recorded.families():
        # There the hosts are the same, and the libraries around them differ.
        for one in recorded.sets(path) if not path.name.startswith("sysroots") else ():
            key, plugin = one.raw["opens"][0]["binary"], one.requests[0].binary
            if key is not None and plugin is not None and not recorded.beyond(one) and not apart(one):
                host = in_link_order(one.host, plugin)
                out[key].append(Load(one.name, host, plugin, key, one.truth[0], one.system))
    return {key: tuple(found) for key, found in sorted(out.items())}


def apart(one: recorded.Set) -> bool:
    """Whether more than the two hosts decides: a library beside the plugin, or versions of the plugin's Go symbols."""
    return one.raw["family"] == "hunt" and ("-needs-" in one.name or "/symver/both/" in one.name)


def in_link_order(host: Binary, plugin: Binary) -> Binary:
    """The recorded files sort packages by name; `gopluck.read` gives them in link order, as far as the plugin does."""
    if host.go is None or plugin.go is None:
        return host
    hashes = host.go.link_hashes
    order = dict.fromkeys(package.path for package in plugin.go.pkghashes if package.path in hashes)
    return host._replace(go=host.go._replace(link_hashes={path: hashes[path] for path in [*order, *hashes]}))


def pairs() -> Iterator[tuple[Load, Load]]:
    """(old, new) of one plugin: each recorded load as NEW, with an OLD that takes the plugin, and one that does not."""
    for found in loads().values():
        for new in found:
            others = [old for old in found if old.name != new.name]
            for wanted in (True, False):
                near = [old for old in others if old.loads == wanted]
                # Of those, the one of the same family and release, whose name is most alike.
                old = max(near, key=lambda old: (_alike(old.name, new.name), old.name), default=None)
                if old is not None:
                    yield old, new


def _alike(one: str, two: str) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))


class Systems:
    """The recorded libraries of two processes."""

    def __init__(self, old: Load, new: Load) -> None:
        self.old, self.new = old, new

    def find(self, wanted: Wanted) -> Found:
        return (self.old if wanted.host is self.old.host.elf else self.new).system.find(wanted)


EXPECTED = {
    (True, True): "keep",
    (False, True): "keep",
    (True, False): "rebuild",
    (False, False): "unfit",
}
"""By whether the plugin really loads into the old and into the new host."""


def diff(old: Load, new: Load, monkeypatch: pytest.MonkeyPatch) -> HostDiff:
    """`gopluck.diff` of recorded files."""
    files = {new.plugin.path: new.plugin}
    monkeypatch.setattr(api, "_read", lambda path, **_: files[path])
    return api.diff(old.host, new.host, [new.plugin.path], system=Systems(old, new))


def test_rebuild_is_said_of_exactly_the_plugins_that_the_new_host_really_refuses(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    score: Counter[str] = Counter()
    misses = []
    for old, new in pairs():
        found = diff(old, new, monkeypatch).plugins[0]
        expected = EXPECTED[old.loads, new.loads]
        family = new.name.partition("/")[0]
        score[f"{family}: {expected}"] += 1
        if found.action != expected or (expected == "rebuild" and not said(found.new, new)):
            misses.append(f"{old.name} -> {new.name}: {found.action}, not {expected} ({new.truth}, {found.new.error})")
    with capsys.disabled():
        total = sum(score.values())
        print(f"\ndiff: {total - len(misses)} of {total} pairs of hosts as Go said")
        for name, number in sorted(score.items()):
            print(f"  {name}: {number}")
    assert not misses, "\n".join(misses)


UNRECORDED = {"traps/test-host/cover@1.21.13"}
"""Go 1.21 does not record -cover, and two test binaries both link runtime/coverage."""


def test_no_cause_is_named_that_was_not_built_into_the_new_host(capsys: pytest.CaptureFixture[str]) -> None:
    """OLD is the host without a difference, from the same tree; every difference of NEW is on the host's side."""
    raw = {one.name: one for path in recorded.families() for one in recorded.sets(path)}
    score: Counter[str] = Counter()
    wrong = []
    for found in loads().values():
        bases = [load for load in found if load.loads and not raw[load.name].raw["differences"]]
        for new in found:
            kinds = raw[new.name].raw["differences"]
            near = [base for base in bases if _tree(raw[base.name]) == _tree(raw[new.name])]
            if not near or not kinds or any(one["side"] != "host" for one in kinds):
                continue
            if not new.name.startswith(SCORED) or new.name in UNRECORDED:
                continue
            old = max(near, key=lambda base: (_alike(base.name, new.name), base.name))
            causes = {one.rule for one in api.diff(old.host, new.host).findings if one.role == "cause"}
            score["silent" if causes & SILENT else "named" if causes else "nothing changed"] += 1
            if causes - SILENT - declared(raw[new.name]):
                wrong.append((old.name, new.name, sorted(causes)))
    with capsys.disabled():
        print(f"\ncauses between two hosts: {dict(score)}", end=" ")
    assert not wrong


def _tree(one: recorded.Set) -> tuple[str, bool]:
    """What a host was built from, and whether it is a test binary."""
    tree: str = one.raw["host"].rpartition("-")[0]
    return tree, one.host.go is not None and one.host.go.kind == "test"


def said(result: Any, load: Load) -> bool:
    """Whether the text is Go's, where there is one text."""
    error = (result.error or "").removeprefix("panic: ")
    return not result.error_exact or error == load.truth[1].removeprefix("==PID==")


def test_without_a_plugin_nothing_that_would_be_refused_is_called_compatible(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    score: Counter[str] = Counter()
    missed = []
    for old, new in pairs():
        if not old.loads:
            continue
        monkeypatch.undo()
        found = api.diff(old.host, new.host)
        score[f"{found.verdict}, and Go {'loads' if new.loads else 'refuses'} the plugin"] += 1
        # What a plugin wants of the static TLS area is its own: no two hosts tell it.
        static_tls = "static TLS" in str(new.truth)
        if not new.loads and found.verdict == "compatible" and not static_tls:
            missed.append(f"{old.name} -> {new.name}: {new.truth}, added {[one.path for one in found.added]}")
    with capsys.disabled():
        for name, number in sorted(score.items()):
            print(f"\n  {number} pairs {name}", end="")
    assert not missed, "\n".join(missed)
