"""Gives each plugin its findings, and each mismatched package its causes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import NamedTuple

from gopluck.facts.model import Binary
from gopluck.replay.process import Mismatch, OpenRequest, Outcome
from gopluck.report.model import Finding, MismatchedPackage, Packages
from gopluck.rules.builds import STD, Build, alike, is_std
from gopluck.rules.conflicts_with_loaded_plugin import rebuilt
from gopluck.rules.model import Comparison, Difference, Evidence, Opened
from gopluck.rules.paths import place_agrees
from gopluck.rules.registry import ALL, CAUSES, endangering, explaining, rule, unmattering

DEPENDENCY_CHANGED = "dependency-changed"
WIDE = frozenset({"go-version", "experiment", "compiler-flags", "instrumentation", "pgo", "trimpath"})
"""Differences in how everything was built; the others belong to a module or a few packages, and go on from there."""
OWN_WORDS = frozenset({"pluginpath-override"})
"""Loading rules that explain why a package differs, without a difference between the builds."""


class Explanation(NamedTuple):
    """Why one `plugin.Open` ends as it does."""

    packages: Packages = Packages()
    findings: tuple[Finding, ...] = ()


def explain(host: Binary, requests: Sequence[OpenRequest], outcomes: Sequence[Outcome]) -> tuple[Explanation, ...]:
    """The explanation of each Open, in order. `outcomes` are those of one process (`replay`)."""
    out: list[Explanation] = []
    earlier: list[Opened] = []
    for position, (request, outcome) in enumerate(zip(requests, outcomes, strict=True), 1):
        if outcome.why == "previous-failure" and outcome.other:
            # The cached error of the first Open of that path: its reasons are the reasons.
            out.append(out[outcome.other - 1])
        elif request.binary is None or outcome.why in ("not-reached", "cached"):
            out.append(Explanation())
        else:
            evidence = Evidence(host, request.binary, request.name, position, outcome, tuple(earlier))
            out.append(explain_one(evidence))
        earlier.append(Opened(position, request.name, request.binary, outcome))
    return tuple(out)


def explain_one(evidence: Evidence) -> Explanation:
    """The explanation of one Open."""
    endings = [finding for one in explaining(evidence.outcome) if one.ends for finding in one.ends(evidence)]
    named = {path for finding in endings if finding.rule in OWN_WORDS for path in finding.packages}
    attributions = [_attribute(comparison) for comparison in _comparisons(evidence, named)]
    differences = [finding for attribution in attributions for finding in attribution.findings()]
    builds = {0: Build(evidence.host, "the host"), -1: Build(evidence.plugin, "the plugin")}
    for mismatch in evidence.outcome.mismatches:
        if mismatch.provider not in builds:
            builds[mismatch.provider] = Build(evidence.provider(mismatch), "an earlier plugin")
    packages = tuple(
        _package(mismatch, Comparison(builds[mismatch.provider], builds[-1], ()), endings, attributions)
        for mismatch in evidence.outcome.mismatches
    )
    differences += _harmless(evidence)
    dangers = endangering(evidence.outcome, evidence.host, evidence.plugin)
    risks = [finding for one in dangers if one.risks for finding in one.risks(evidence)]
    findings = _ordered([*_merged(endings, differences), *risks])
    return Explanation(Packages(evidence.outcome.compared, packages), findings)


def _harmless(evidence: Evidence) -> list[Finding]:
    """Differences between host and plugin that never matter."""
    host, plugin = evidence.host.go, evidence.plugin.go
    if host is None or plugin is None or plugin.kind != "plugin":
        return []
    return [finding for one in unmattering(host, plugin) if one.harmless for finding in one.harmless(evidence)]


def compare(provider: Build, other: Build, mismatched: Sequence[str]) -> Explanation:
    """Why packages differ between two builds that both define them: two builds of one host.

    `mismatched`: the packages, in link order. What `Explanation` calls the plugin is `other`.
    """
    both = {build: build.binary.go.link_hashes if build.binary.go else {} for build in (provider, other)}
    shared = frozenset(both[provider]) & frozenset(both[other])
    comparison = Comparison(provider, other, tuple(mismatched), shared, is_host=False)
    attribution = _attribute(comparison)
    packages = tuple(
        _package(Mismatch(path, both[other][path], both[provider][path], 0), comparison, (), [attribution])
        for path in mismatched
    )
    return Explanation(Packages(len(shared), packages), _ordered(attribution.findings()))


def wanted_code(host: Binary, requests: Sequence[OpenRequest], outcomes: Sequence[Outcome]) -> frozenset[str]:
    """The packages whose functions the rules would compare (`facts.read.with_code`)."""
    from gopluck.rules import module_content

    wanted: set[str] = set()
    earlier: list[Opened] = []
    for position, (request, outcome) in enumerate(zip(requests, outcomes, strict=True), 1):
        if request.binary is not None and outcome.mismatches:
            evidence = Evidence(host, request.binary, request.name, position, outcome, tuple(earlier))
            wanted.update(*(module_content.wanted(comparison) for comparison in _comparisons(evidence, frozenset())))
        earlier.append(Opened(position, request.name, request.binary, outcome))
    return frozenset(wanted)


# -- the builds that are compared ------------------------------------------------------------------------------------


def _comparisons(evidence: Evidence, named: Set[str]) -> Iterator[Comparison]:
    """Host and plugin, and each earlier plugin that provides a package with it; not another build of itself.

    `named`: packages that differ for a reason that is already known.
    """
    plugin = Build(evidence.plugin, "the plugin")
    if evidence.plugin.go is None or evidence.plugin.go.kind != "plugin" or evidence.host.go is None:
        return
    groups: dict[int, list[str]] = {0: []}
    for mismatch in evidence.outcome.mismatches:
        if mismatch.path not in named:
            groups.setdefault(mismatch.provider, []).append(mismatch.path)
    mine = {package.path for package in evidence.plugin.go.pkghashes}
    for position, packages in groups.items():
        if position == 0:
            provider = Build(evidence.host, "the host")
        else:
            opened = evidence.opened(position)
            if opened is None or opened.binary is None or rebuilt(evidence, position):
                continue
            provider = Build(opened.binary, opened.title)
        shared = frozenset(provider.binary.go.link_hashes if provider.binary.go else ()) & mine
        if packages or (evidence.outcome.compared and not position):
            yield Comparison(provider, plugin, tuple(packages), shared, position == 0)


# -- causes of packages ------------------------------------------------------------------------------------------------


class _Attribution(NamedTuple):
    """The differences between two builds, and what each package owes to them."""

    comparison: Comparison
    differences: tuple[Difference, ...]
    own: Mapping[str, tuple[int, ...]]
    """The differences (by index) that can have changed a package themselves."""
    via: Mapping[str, tuple[str, ...]]
    """The packages before it through which it may have changed: the nearest for each difference."""

    def causes(self, package: str) -> tuple[str, ...]:
        """The slugs, strongest first."""
        slugs = dict.fromkeys(self.differences[index].rule for index in self.own.get(package, ()))
        if self.via.get(package):
            slugs[DEPENDENCY_CHANGED] = None
        return tuple(slugs)

    def findings(self) -> Iterator[Finding]:
        """Each difference as a cause with its packages, a risk that cannot be excluded, or harmless."""
        members: dict[int, list[str]] = {}
        followers: dict[int, list[str]] = {}
        for path in self.comparison.mismatched:
            for index in self.own.get(path, ()):
                members.setdefault(index, []).append(path)
            if not self.own.get(path):
                for index in {index for root in self.via[path] for index in self.own[root]}:
                    followers.setdefault(index, []).append(path)
        for index, difference in enumerate(self.differences):
            evidence = dict(difference.evidence)
            if index in members:
                message = difference.message + _followed(followers.get(index, ()))
                yield Finding(difference.rule, "cause", message, tuple(members[index]), evidence, difference.fix)
            elif (difference.doubt or difference.harmless) and self._behind(difference):
                message = f"{difference.doubt or difference.message}: that is seen only when the other causes are gone"
                yield Finding(difference.rule, "risk", message, (), evidence, difference.fix)
            elif difference.harmless and self.comparison.is_host:
                yield Finding(difference.rule, "harmless", difference.harmless, (), evidence)

    def _behind(self, difference: Difference) -> bool:
        """Whether it may have changed a package that has known causes already, itself or through others."""
        last = len(self.differences) - 1
        hidden = {last} if self.differences[last].rule == "unexplained" else set()
        return any(
            set(self.own.get(path, ())).union(*(self.own[root] for root in self.via.get(path, ()))) - hidden
            for path in difference.candidates
        )


def _followed(packages: Sequence[str]) -> str:
    """What may differ only through a difference's packages, in words."""
    if not packages:
        return ""
    more = packages[0] if len(packages) == 1 else f"{len(packages)} more packages"
    return f"; {more} can differ through what it changes"


def _attribute(comparison: Comparison) -> _Attribution:
    """Give each package, in link order, the differences that can have changed it; through others where none can."""
    # Where all packages match and the builds are alike no rule has anything to say; importing them takes its time.
    slugs = CAUSES if comparison.mismatched or not alike(*comparison.builds) else ()
    differences = [difference for one in map(rule, slugs) if one.differs for difference in one.differs(comparison)]
    direct: dict[str, list[int]] = {}
    general: dict[str, list[int]] = {}
    for index, difference in enumerate(differences):
        for path in difference.packages:
            direct.setdefault(path, []).append(index)
        for path in difference.candidates:
            (direct if difference.specific else general).setdefault(path, []).append(index)
    rest = len(differences)
    """Stands for what is not explained."""
    roots = _Roots()
    own: dict[str, tuple[int, ...]] = {}
    via: dict[str, tuple[str, ...]] = {}
    seen: set[tuple[str | None, int]] = set()
    for path in comparison.mismatched:
        mine = direct.get(path, [])
        before = roots.before(path)
        if mine:
            # Differences of its own kind that go on from packages before it; how all was built does not go on.
            before = {
                index: root
                for index, root in before.items()
                if index not in mine and index != rest and differences[index].rule not in WIDE
            }
        else:
            mine = general.get(path, [])
            if mine and not place_agrees(comparison, path):
                mine = []
            # Code that nothing pins is the nearer reason: tags and the like stay a risk beside it.
            mine = [index for index in mine if differences[index].rule == "module-content"] or mine
            module = _module(comparison, path) if mine else None
            if before:
                # What explains one package of a module without evidence by package explains its others, too.
                mine = [index for index in mine if module != STD and (module, index) in seen]
            seen.update((module, index) for index in mine if module is not None)
            mine = mine or ([] if before else [rest])
        own[path] = tuple(mine)
        via[path] = tuple(dict.fromkeys(before.values()))
        roots.add(path, mine)
    unknown = [path for path, indexes in own.items() if rest in indexes]
    if unknown:
        from gopluck.rules import unexplained

        differences.append(unexplained.difference(comparison, unknown))
    return _Attribution(comparison, tuple(differences), own, via)


class _Roots:
    """The nearest package with each difference, for what can import it: the standard library imports only itself."""

    def __init__(self) -> None:
        self._any: dict[int, str] = {}
        self._std: dict[int, str] = {}

    def before(self, package: str) -> dict[int, str]:
        """The packages that this one may import, by difference."""
        return self._std if is_std(package) else self._any

    def add(self, package: str, indexes: Sequence[int]) -> None:
        """Note the differences of a package. The dictionaries that were given out stay as they were."""
        if indexes:
            new = dict.fromkeys(indexes, package)
            self._any = {**self._any, **new}
            if is_std(package):
                self._std = {**self._std, **new}


def _module(comparison: Comparison, package: str) -> str | None:
    for build in comparison.builds:
        used = build.use(package)
        if used is not None:
            return used.path
    return STD if is_std(package) else None


def _package(
    mismatch: Mismatch, builds: Comparison, endings: Sequence[Finding], attributions: Sequence[_Attribution]
) -> MismatchedPackage:
    provider, plugin = builds.builds
    path = mismatch.path
    causes = tuple(finding.rule for finding in endings if finding.packages and path in finding.packages)
    via: tuple[str, ...] = ()
    for attribution in attributions:
        if attribution.comparison.provider.binary is provider.binary:
            causes += attribution.causes(path)
            via = attribution.via.get(path, ())
    if not causes:
        causes = tuple(finding.rule for finding in endings if finding.rule == "already-loaded")
    return MismatchedPackage(
        path,
        mismatch.found,
        mismatch.expected,
        provider.binary.path,
        _module(builds, path),
        provider.directory(path),
        plugin.directory(path),
        causes,
        via,
    )


# -- findings ----------------------------------------------------------------------------------------------------------


def _merged(endings: list[Finding], differences: list[Finding]) -> Iterator[Finding]:
    """One finding where the way an Open ended and the packages that differ have the same reason."""
    for ending in endings:
        same = next((other for other in differences if (other.rule, other.role) == (ending.rule, "cause")), None)
        packages = ending.packages or (same.packages if same else ())
        yield Finding(ending.rule, ending.role, ending.message, packages, ending.evidence, ending.fix)
    rules = {ending.rule for ending in endings}
    yield from (other for other in differences if other.rule not in rules)


ROLES = ("cause", "risk", "harmless")


def _ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Causes first; rules in the order of the table; the finding with most packages first."""
    strength = {slug: index for index, slug in enumerate(ALL)}
    ordered = sorted(
        findings, key=lambda finding: (ROLES.index(finding.role), strength[finding.rule], -len(finding.packages))
    )
    return tuple(ordered)
