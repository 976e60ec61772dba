"""Gives each plugin its findings, and each mismatched package its causes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from typing import NamedTuple

from gopluck.facts.model import Binary
from gopluck.replay.process import Mismatch, OpenRequest, Outcome
from gopluck.report.model import Finding, MismatchedPackage, Packages
from gopluck.rules.builds import STD, Build, is_std
from gopluck.rules.conflicts_with_loaded_plugin import rebuilt
from gopluck.rules.model import Comparison, Difference, Evidence, Opened
from gopluck.rules.paths import place_agrees
from gopluck.rules.registry import CAUSES, LOADING, explaining, rule

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
    packages = tuple(_package(evidence, mismatch, endings, attributions) for mismatch in evidence.outcome.mismatches)
    return Explanation(Packages(evidence.outcome.compared, packages), _ordered(_merged(endings, differences)))


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
    own: dict[str, tuple[Difference, ...]]
    """The differences that can have changed a package themselves."""
    via: dict[str, tuple[str, ...]]
    """The packages before it through which it may have changed."""

    def causes(self, package: str) -> tuple[str, ...]:
        """The slugs, strongest first."""
        slugs = dict.fromkeys(difference.rule for difference in self.own.get(package, ()))
        if self.via.get(package):
            slugs[DEPENDENCY_CHANGED] = None
        return tuple(slugs)

    def findings(self) -> Iterator[Finding]:
        """Each difference as a cause with its packages, a risk that cannot be excluded, or harmless."""
        for difference in self.differences:
            packages = tuple(path for path in self.comparison.mismatched if difference in self.own.get(path, ()))
            if packages:
                message = difference.message + self._followed(packages)
                yield Finding(difference.rule, "cause", message, packages, dict(difference.evidence), difference.fix)
            elif difference.candidates and difference.harmless:
                message = f"{difference.message}: whether that matters here cannot be seen behind the other causes"
                yield Finding(difference.rule, "risk", message, (), dict(difference.evidence), difference.fix)
            elif difference.harmless and self.comparison.is_host:
                yield Finding(difference.rule, "harmless", difference.harmless, (), dict(difference.evidence))

    def _followed(self, packages: Sequence[str]) -> str:
        """What may differ only through these packages, in words."""
        through = [path for path, roots in self.via.items() if not self.own.get(path) and set(roots) & set(packages)]
        if not through:
            return ""
        what = through[0] if len(through) == 1 else f"{len(through)} packages"
        return f"; {what} may differ because of that"


def _attribute(comparison: Comparison) -> _Attribution:
    """Give each package, in link order, the differences that can have changed it; through others where none can."""
    differences = [difference for one in map(rule, CAUSES) if one.differs for difference in one.differs(comparison)]
    own: dict[str, tuple[Difference, ...]] = {}
    via: dict[str, tuple[str, ...]] = {}
    unknown: list[str] = []
    for path in comparison.mismatched:
        mine = tuple(
            difference
            for difference in differences
            if path in difference.packages or (difference.specific and path in difference.candidates)
        )
        roots = [other for other in (*own, *unknown) if _may_import(path, other)]
        if mine:
            roots = [other for other in roots if _spreads(own.get(other, ()), mine)]
        else:
            general = tuple(difference for difference in differences if path in difference.candidates)
            if general and not place_agrees(comparison, path):
                general = ()
            # Code that nothing pins is the nearer reason: tags and the like stay a risk beside it.
            general = tuple(one for one in general if one.rule == "module-content") or general
            mine = general if not roots else _continued(comparison, path, general, own, roots)
            if not mine and not roots:
                unknown.append(path)
        if mine:
            own[path] = mine
        via[path] = tuple(other for other in comparison.mismatched if other in roots)
    if unknown:
        from gopluck.rules import unexplained

        rest = unexplained.difference(comparison, unknown)
        differences.append(rest)
        own |= dict.fromkeys(unknown, (rest,))
    return _Attribution(comparison, tuple(differences), own, via)


def _may_import(package: str, other: str) -> bool:
    """Whether a package can import one before it in link order: the standard library imports only itself."""
    return is_std(other) or not is_std(package)


def _spreads(theirs: tuple[Difference, ...], mine: tuple[Difference, ...]) -> bool:
    """Whether a package before this one has a difference of its own kind that goes on from it."""
    return any(difference.rule not in WIDE and difference not in mine for difference in theirs)


def _continued(
    comparison: Comparison,
    path: str,
    general: tuple[Difference, ...],
    own: dict[str, tuple[Difference, ...]],
    roots: list[str],
) -> tuple[Difference, ...]:
    """A difference without evidence by package that explains one of a module explains the module's others, too."""
    module = _module(comparison, path)
    if module in (None, STD):
        return ()
    near = [other for other in roots if _module(comparison, other) == module]
    return tuple(difference for difference in general if any(difference in own.get(other, ()) for other in near))


def _module(comparison: Comparison, package: str) -> str | None:
    for build in comparison.builds:
        used = build.use(package)
        if used is not None:
            return used.path
    return STD if is_std(package) else None


def _package(
    evidence: Evidence, mismatch: Mismatch, endings: Sequence[Finding], attributions: Sequence[_Attribution]
) -> MismatchedPackage:
    provider = evidence.provider(mismatch)
    path = mismatch.path
    causes = tuple(finding.rule for finding in endings if path in finding.packages)
    via: tuple[str, ...] = ()
    for attribution in attributions:
        if attribution.comparison.provider.binary is provider:
            causes += attribution.causes(path)
            via = attribution.via.get(path, ())
    if not causes:
        causes = tuple(finding.rule for finding in endings if finding.rule == "already-loaded")
    one, two = Build(provider, "the host"), Build(evidence.plugin, "the plugin")
    return MismatchedPackage(
        path,
        mismatch.found,
        mismatch.expected,
        provider.path,
        _module(Comparison(one, two, ()), path),
        one.directory(path),
        two.directory(path),
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


def _ordered(findings: Iterator[Finding]) -> tuple[Finding, ...]:
    """Causes first; rules in the order of the table; the finding with most packages first."""
    strength = {slug: index for index, slug in enumerate((*LOADING, *CAUSES))}
    ordered = sorted(
        findings, key=lambda finding: (ROLES.index(finding.role), strength[finding.rule], -len(finding.packages))
    )
    return tuple(ordered)
