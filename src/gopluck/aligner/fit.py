"""How one planned build of a plugin would fit a host: by the paths of its packages, and by their hashes.

A package that both sides have must have been compiled under the host's path, from the host's code; everything else may
differ. Paths and versions tell what cannot fit. What may fit is compiled (not linked), because a compiled package has
the very hash that the runtime will compare (`golang.goobj`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from gopluck.aligner.gocommand import last_line
from gopluck.aligner.imports import Listed, Plan, compiled_under, hashes, packages, planned
from gopluck.aligner.project import MAX_SOURCE, text_of
from gopluck.builds.build import Build
from gopluck.builds.source import Use
from gopluck.clean import first_of
from gopluck.errors import Usage
from gopluck.explainer.engine import Explanation, explain_one
from gopluck.golang.release import before
from gopluck.record import NamedTuple
from gopluck.replay.ends import End
from gopluck.replay.process import Mismatch, Outcome
from gopluck.result.check import Finding
from gopluck.result.verdict import Effect, Fit, Role, Stage, Verdict
from gopluck.rules.model import Comparison, Evidence
from gopluck.rules.registry import Kind, rules


class Checked(NamedTuple):
    """How a planned build would fit."""

    plan: Plan
    listed: tuple[Listed, ...]
    plugin: Build
    shared: tuple[str, ...]
    mismatched: tuple[str, ...]
    basis: str
    reason: str = ""
    broken: bool = False
    """Whether it does not compile; `reason` says why."""
    doubtful: tuple[str, ...] = ()
    """Packages of which the paths agree, and whose code nothing pins; only where nothing was compiled."""

    @property
    def verdict(self) -> Fit:
        """`fits`, `differs`, or `unknown`."""
        if self.mismatched or self.broken:
            return Fit.DIFFERS
        return Fit.UNKNOWN if self.doubtful else Fit.FITS


LISTS_COVER = (1, 21)
"""The first release whose `go list -export` compiles for -cover (`cmd/go/internal/list/list.go`, `runList`)."""


def check_plan(host: Build, plan: Plan, compiling: bool, caches: tuple[str, str] | None = None) -> Checked:
    """Whether a plugin built like this would find its packages in the host. Raises `GoFailed`, `Usage`.

    `caches`: the module cache here, and the host's, which will be in its place when the plugin is built.
    """
    theirs = host.link_hashes
    listed = packages(plan.go, plan.words)
    if listed[-1].name != "main":
        raise Usage(f"{plan.go.folder}: is package {listed[-1].name}, not main: a plugin is a main package")
    shared = tuple(one.path for one in listed if one.path in theirs and one.path != "unsafe")
    moved = tuple(one if caches is None else _moved(one, caches) for one in listed)
    mismatched = tuple(_differing(host, plan, moved))
    basis, reason, broken = "paths", "", False
    mine: Mapping[str, str] = {}
    if not compiling:
        reason = "nothing was compiled"
    elif caches is not None and any(one != other for one, other in zip(listed, moved, strict=True)):
        reason = f"the packages were not compiled: the host's module cache {caches[1]} is not used without GOMODCACHE"
    elif "-cover" in plan.flags and before(host.release, LISTS_COVER):
        reason = f"the go list of {host.release} does not compile for -cover"
    elif not mismatched:
        compiled = packages(plan.go, plan.words, compile_=True)
        mine = hashes(compiled)
        lacking = [one for one in compiled if one.path != "unsafe" and one.path not in mine]
        if lacking:
            reason, broken = _why_not_compiled(lacking)
        elif all(len(mine[path]) == len(theirs[path]) for path in shared):
            basis = "hashes"
            mismatched = tuple(path for path in shared if mine[path] != theirs[path])
        else:
            reason = "a host of this release has hashes that a compiled package does not show"
    plugin = Build(planned(plan, moved, mine), "the plugin")
    doubtful: tuple[str, ...] = ()
    if basis == "paths" and not mismatched and not broken:
        built = tuple(built_otherwise(host, plugin, shared))
        unpinned = tuple(_unpinned(host, plugin, shared))
        doubtful = shared if built else unpinned
        named = [f"nothing pins the code of {first_of(unpinned, 3)}"] if unpinned else []
        reason = "; ".join([*filter(None, [reason]), *built, *named])
    return Checked(plan, listed, plugin, shared, mismatched, basis, reason, broken, doubtful)


def built_otherwise(host: Build, plugin: Build, shared: tuple[str, ...]) -> Iterator[str]:
    """Differences in how the two are built, of which only a compiled package tells whether they matter."""
    comparison = Comparison(host, plugin, shared, frozenset(shared))
    for one in rules(Kind.CAUSE):
        for difference in one.differs(comparison) if one.differs and one.compiled else ():
            if difference.packages or difference.candidates:
                yield difference.message


def _moved(one: Listed, caches: tuple[str, str]) -> Listed:
    here, there = caches
    below = one.directory.removeprefix(here + "/")
    return one if below == one.directory else one._replace(directory=f"{there}/{below}")


NO_COMPILER = re.compile(r"C compiler .* not found|exec: \"[^\"]*\": executable file not found")
"""What the go command says where there is no C compiler."""


def _why_not_compiled(lacking: Sequence[Listed]) -> tuple[str, bool]:
    """Why packages were not compiled, and whether that is the fault of their code: not where Go itself fails."""
    said = next((one.error for one in lacking if one.error), "")
    if NO_COMPILER.search(said) or any(one.standard for one in lacking):
        return f"the packages could not be compiled here: {last_line(said)}", False
    lines = [line.strip() for line in said.splitlines() if line.strip() and not line.startswith("#")]
    return f"it does not compile: {lines[0] if lines else lacking[0].path}", True


def _differing(host: Build, plan: Plan, listed: Sequence[Listed]) -> Iterator[str]:
    """The shared packages that are going to be compiled under another path than the host's: their hash differs."""
    for one in listed:
        if one.path not in host.link_hashes or one.path == "unsafe" or host.trimmed is None:
            continue
        if one.standard:
            if host.trimmed != plan.trimmed:
                yield one.path
            continue
        source = host.source(one.path)
        if source is None:
            if _other_version(host.use(one.path), one) and _declares(one):
                yield one.path
            continue
        trimmed = source.kind == "trimmed"
        path = compiled_under(one, plan)
        if (trimmed != plan.trimmed or path != source.directory) and _declares(one):
            yield one.path


def _other_version(theirs: Use | None, one: Listed) -> bool:
    """Whether two module versions differ, neither of which is replaced. Of two modules, where one was split."""
    if theirs is None or one.module is None or theirs.replace is not None or one.module.replace is not None:
        return False
    both = bool(theirs.version and one.module.version)
    return both and (theirs.path, theirs.version) != (one.module.path, one.module.version)


_DECLARATION = re.compile(r"^(?:func|type|var|const|import)\b", re.MULTILINE)


def _declares(one: Listed) -> bool:
    """Whether a package has a declaration, so that its path is in its export data."""
    texts = [text_of(f"{one.directory}/{name}", MAX_SOURCE) for name in one.files]
    return any(text is None or _DECLARATION.search(text) for text in texts)


def _unpinned(host: Build, plugin: Build, shared: Sequence[str]) -> Iterator[str]:
    """Packages whose code is not known to be the host's: no checksum on both sides says so."""
    for path in shared:
        one, two = host.use(path), plugin.use(path)
        if one is None and two is None:
            continue
        if one is None or two is None or not one.checksum or one.checksum != two.checksum:
            yield path


def explained(host: Build, checked: Checked) -> tuple[Finding, ...]:
    """The findings of the rules, for the plugin as if it had been built."""
    return tuple(one for one in explanation(host, checked)[1].findings if one.role != Role.RISK)


def explanation(host: Build, checked: Checked) -> tuple[Outcome, Explanation]:
    """How the plugin would end if it had been built, and why."""
    go = checked.plugin.binary.go
    assert go is not None
    mine = {package.path: package.linktimehash for package in go.pkghashes}
    mismatches = tuple(Mismatch(path, mine[path], host.link_hashes[path], 0) for path in checked.mismatched)
    outcome = Outcome(
        Verdict.FAILS, Stage.RUNTIME, Effect.ERROR, why=End.HASH, compared=len(checked.shared), mismatches=mismatches
    )
    if not mismatches:
        outcome = Outcome(Verdict.LOADS, compared=len(checked.shared))
    return outcome, explain_one(Evidence(host.binary, checked.plugin.binary, outcome))
