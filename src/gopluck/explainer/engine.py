"""Gives each plugin its findings, and each mismatched package its causes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set

from gopluck.builds.build import Build
from gopluck.builds.source import STD, is_std
from gopluck.clean import clean
from gopluck.facts.model import Binary, Identity
from gopluck.record import NamedTuple
from gopluck.replay.ends import IN_THE_RUNTIME, End
from gopluck.replay.process import Mismatch, OpenRequest, Outcome
from gopluck.result.check import Finding, HostSummary, MismatchedPackage, Packages
from gopluck.result.verdict import Role, Verdict
from gopluck.rules import registry
from gopluck.rules.model import Comparison, Difference, Evidence, Explain, Opened, Rule, Trait
from gopluck.rules.registry import Kind

MAX_ROOTS = 8
"""Differences of which the nearest package is kept; all together are seldom more than ten."""


def summary(host: Binary) -> HostSummary:
    """The host as reports show it."""
    go, elf = host.go, host.elf
    main = go.build_info.main if go and go.build_info else None
    summed = HostSummary(
        path=host.path,
        kind="manifest" if host.format == "manifest" else go.kind if go else host.format,
        go_version=go.version if go else "",
        goos="linux",
        goarch=elf.goarch if elf else "",
        main_module=main.path if main else None,
        image=host.image._asdict() if host.image else None,
    )
    if host.library is None:
        return summed
    if host.program_known:
        return summed._replace(library=host.library.path)
    from gopluck.loader.chost import assumed

    return summed._replace(note=assumed(host.library.path))


class Explanation(NamedTuple):
    """Why one `plugin.Open` ends as it does."""

    packages: Packages = Packages()
    findings: tuple[Finding, ...] = ()


def explain(
    host: Binary, requests: Sequence[OpenRequest], outcomes: Sequence[Outcome], build: Build | None = None
) -> tuple[Explanation, ...]:
    """The explanation of each Open, in order. `outcomes` are those of one process (`replay`), `build` is the host's."""
    out: list[Explanation] = []
    earlier: list[Opened] = []
    for position, (request, outcome) in enumerate(zip(requests, outcomes, strict=True), 1):
        if outcome.why == End.PREVIOUS_FAILURE and outcome.other:
            # The cached error of the first Open of that path: its reasons are the reasons.
            out.append(out[outcome.other - 1])
        elif outcome.why == End.REALPATH:
            nothing = Binary(request.name, 0, Identity("", ""), "missing")
            out.append(explain_one(Evidence(host, nothing, outcome, tuple(earlier))))
        elif request.binary is None or outcome.why == End.NOT_REACHED:
            out.append(Explanation())
        elif outcome.why == End.CACHED:
            evidence = Evidence(host, request.binary, outcome, tuple(earlier), build)
            cached = (rule for rule in registry.rules(Kind.RISK) if End.CACHED in rule.explains)
            out.append(Explanation(findings=tuple(_findings(cached, Role.RISK, lambda rule: rule.risks, evidence))))
        else:
            evidence = Evidence(host, request.binary, outcome, tuple(earlier), build)
            out.append(explain_one(evidence))
        earlier.append(Opened(position, request.title, request.binary, outcome))
    return tuple(out)


def explain_one(evidence: Evidence) -> Explanation:
    """The explanation of one Open."""
    endings = list(_findings(_explaining(evidence.outcome), Role.CAUSE, lambda rule: rule.ends, evidence))
    settled = {path for one in endings if registry.rule(one.rule).settles for path in one.packages}
    attributions = [_attribute(comparison) for comparison in _comparisons(evidence, settled)]
    differences = [finding for attribution in attributions for finding in attribution.findings()]
    host, plugin = evidence.builds
    providers = {0: host}
    for mismatch in evidence.outcome.mismatches:
        if mismatch.provider not in providers:
            providers[mismatch.provider] = Build(evidence.provider(mismatch), "an earlier plugin")
    ended = [(finding.rule, frozenset(finding.packages)) for finding in endings]
    packages = tuple(
        _package(mismatch, (providers[mismatch.provider], plugin), ended, attributions)
        for mismatch in evidence.outcome.mismatches
    )
    findings = _ordered([*_merged(endings, differences), *_harmless(evidence), *_risks(evidence)])
    outcome = evidence.outcome
    return Explanation(Packages(outcome.compared, packages, outcome.why == End.HASH, outcome.matched), findings)


def _findings(
    rules: Iterable[Rule], role: Role, asked: Callable[[Rule], Explain | None], evidence: Evidence
) -> Iterator[Finding]:
    """What rules say, those that can be asked so."""
    for rule in rules:
        if (explain := asked(rule)) is not None:
            for told in explain(evidence):
                yield Finding(
                    rule.slug, role, told.message, told.packages, told.evidence, clean(told.fix), told.headline
                )


def _explaining(outcome: Outcome) -> Iterator[Rule]:
    """The rules that can explain how an Open ended."""
    if outcome.verdict == Verdict.LOADS:
        return
    failure = outcome.dlopen.failure if outcome.why == End.DLOPEN and outcome.dlopen else None
    # Not those that cannot: each is a file that would be imported.
    before = [] if outcome.why in IN_THE_RUNTIME else [Kind.LOADING]
    after = [Kind.LOOKUP] if outcome.why == End.LOOKUP else []
    for kind in (*before, Kind.RUNTIME, Kind.CAUSE, *after):
        for one in registry.rules(kind):
            if outcome.why in one.explains or (failure is not None and failure in one.failures):
                yield one


def _harmless(evidence: Evidence) -> Iterator[Finding]:
    """Differences between host and plugin that never matter."""
    host, plugin = evidence.host.go, evidence.plugin.go
    if host is not None and plugin is not None and plugin.kind == "plugin":
        yield from _findings(registry.asked(Kind.HARMLESS), Role.HARMLESS, lambda rule: rule.harmless, evidence)


def _risks(evidence: Evidence) -> Iterator[Finding]:
    """What is dangerous about a plugin that loads."""
    outcome = evidence.outcome
    if outcome.verdict == Verdict.LOADS or outcome.why == End.LOOKUP:
        for kind in (Kind.LOOKUP, Kind.RISK) if outcome.lookups else (Kind.RISK,):
            yield from _findings(registry.rules(kind), Role.RISK, lambda rule: rule.risks, evidence)


def compare(provider: Build, other: Build, mismatched: Sequence[str]) -> Explanation:
    """Why packages differ between two builds that both define them: two builds of one host.

    `mismatched`: the packages, in link order. What `Explanation` calls the plugin is `other`.
    """
    both = {build: build.binary.go.link_hashes if build.binary.go else {} for build in (provider, other)}
    shared = frozenset(both[provider]) & frozenset(both[other])
    comparison = Comparison(provider, other, tuple(mismatched), shared, is_host=False, functions=False)
    attribution = _attribute(comparison)
    packages = tuple(
        _package(Mismatch(path, both[other][path], both[provider][path], 0), comparison.builds, (), [attribution])
        for path in mismatched
    )
    return Explanation(Packages(len(shared), packages), _ordered(attribution.findings()))


# -- the builds that are compared ------------------------------------------------------------------------------------


def _comparisons(evidence: Evidence, named: Set[str]) -> Iterator[Comparison]:
    """Host and plugin, and each earlier plugin that provides a package with it; not another build of itself.

    `named`: packages that differ for a reason that is already known.
    """
    host, plugin = evidence.builds
    if evidence.plugin.go is None or evidence.plugin.go.kind != "plugin" or evidence.host.go is None:
        return
    groups: dict[int, list[str]] = {0: []}
    for mismatch in evidence.outcome.mismatches:
        if mismatch.path not in named:
            groups.setdefault(mismatch.provider, []).append(mismatch.path)
    mine = {package.path for package in evidence.plugin.go.pkghashes}
    for position, packages in groups.items():
        if position == 0:
            provider = host
        else:
            opened = evidence.opened(position)
            if opened is None or opened.binary is None or evidence.rebuilt(opened):
                continue
            provider = Build(opened.binary, opened.title)
        hashes = provider.binary.go.link_hashes if provider.binary.go else {}
        shared = frozenset(path for path in mine if path in hashes)
        if packages or (evidence.outcome.compared and not position):
            yield Comparison(provider, plugin, tuple(packages), shared, position == 0)


# -- causes of packages ------------------------------------------------------------------------------------------------


class _Found(NamedTuple):
    """A difference, and the rule that found it."""

    rule: Rule
    difference: Difference


class _Attribution(NamedTuple):
    """The differences between two builds, and what each package owes to them."""

    comparison: Comparison
    found: tuple[_Found, ...]
    own: Mapping[str, tuple[int, ...]]
    """The differences (by index) that can have changed a package themselves."""
    via: Mapping[str, tuple[str, ...]]
    """The packages before it through which it may have changed: the nearest for each difference."""

    def causes(self, package: str) -> tuple[str, ...]:
        """The slugs, strongest first."""
        slugs = dict.fromkeys(self.found[index].rule.slug for index in self.own.get(package, ()))
        if self.via.get(package):
            slugs[registry.named(Trait.FOLLOWS)] = None
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
        for index, (rule, difference) in enumerate(self.found):
            evidence = dict(difference.evidence)
            if index in members:
                message = difference.message
                if through := followers.get(index):
                    more = through[0] if len(through) == 1 else f"{len(through)} more packages"
                    message += f"; {more} can differ through what it changes"
                packages = tuple(members[index])
                short = difference.headline or difference.message
                yield Finding(rule.slug, Role.CAUSE, message, packages, evidence, clean(difference.fix), short)
            elif (difference.doubt or difference.harmless) and self._behind(difference):
                message = f"{difference.doubt or difference.message}. Fix the causes above first, then check again"
                yield Finding(rule.slug, Role.RISK, message, (), evidence, clean(difference.fix))
            elif difference.harmless and self.comparison.is_host:
                yield Finding(rule.slug, Role.HARMLESS, difference.harmless, (), evidence)

    def _behind(self, difference: Difference) -> bool:
        """Whether it may have changed a package that has known causes already, itself or through others."""
        last = len(self.found) - 1
        hidden = {last} if self.found[last].rule.rest else set()
        return any(
            set(self.own.get(path, ())).union(*(self.own[root] for root in self.via.get(path, ()))) - hidden
            for path in difference.candidates
        )


def _attribute(comparison: Comparison) -> _Attribution:
    """Give each package, in link order, the differences that can have changed it; through others where none can."""
    causes = registry.rules(Kind.CAUSE)
    found = [_Found(one, difference) for one in causes if one.differs for difference in one.differs(comparison)]
    direct: dict[str, list[int]] = {}
    general: dict[str, list[int]] = {}
    for index, (_, difference) in enumerate(found):
        for path in difference.packages:
            direct.setdefault(path, []).append(index)
        for path in difference.candidates:
            (direct if difference.specific else general).setdefault(path, []).append(index)
    rest = len(found)
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
                if index not in mine and index != rest and not found[index].rule.whole
            }
        else:
            mine = general.get(path, [])
            if mine and not comparison.paths.agree(path):
                mine = []
            # Code that nothing pins is the nearer reason: tags and the like stay a risk beside it.
            mine = [index for index in mine if found[index].rule.nearer] or mine
            module = _module(comparison.builds, path) if mine else None
            if before:
                # What explains one package of a module without evidence by package explains its others, too.
                mine = [index for index in mine if module != STD and (module, index) in seen]
            seen.update((module, index) for index in mine if module is not None)
            mine = mine or ([] if before else [rest])
        own[path] = tuple(mine)
        via[path] = tuple(dict.fromkeys(before.values()))
        roots.add(path, mine)
    unknown = tuple(path for path, indexes in own.items() if rest in indexes)
    if unknown:
        found += [_Found(one, one.rest(comparison, unknown)) for one in causes if one.rest]
    return _Attribution(comparison, tuple(found), own, via)


class _Roots:
    """The nearest package with each difference, for what can import it: the standard library imports only itself.

    Of the first `MAX_ROOTS` differences: each package after them would name a package for each difference.
    """

    def __init__(self) -> None:
        self._any: dict[int, str] = {}
        self._std: dict[int, str] = {}

    def before(self, package: str) -> dict[int, str]:
        """The packages that this one may import, by difference."""
        return self._std if is_std(package) else self._any

    def add(self, package: str, indexes: Sequence[int]) -> None:
        """Note the differences of a package. The dictionaries that were given out stay as they were."""
        self._any = self._with(self._any, indexes, package)
        if is_std(package):
            self._std = self._with(self._std, indexes, package)

    def _with(self, known: dict[int, str], indexes: Sequence[int], package: str) -> dict[int, str]:
        new = {index: package for index in indexes if index in known}
        more = [index for index in indexes if index not in known][: MAX_ROOTS - len(known)]
        return {**known, **new, **dict.fromkeys(more, package)} if new or more else known


def _module(builds: tuple[Build, Build], package: str) -> str | None:
    for build in builds:
        used = build.use(package)
        if used is not None:
            return used.path
    return STD if is_std(package) else None


def _package(
    mismatch: Mismatch,
    builds: tuple[Build, Build],
    endings: Sequence[tuple[str, Set[str]]],
    attributions: Sequence[_Attribution],
) -> MismatchedPackage:
    """A package that differs. `endings`: the rules that explain how the Open ended, each with its packages."""
    provider, plugin = builds
    path = mismatch.path
    causes = tuple(rule for rule, packages in endings if path in packages)
    via: tuple[str, ...] = ()
    for attribution in attributions:
        if attribution.comparison.provider.binary is provider.binary:
            causes += attribution.causes(path)
            via = attribution.via.get(path, ())
    if not causes:
        causes = tuple(rule for rule, _ in endings if registry.rule(rule).general)
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
        same = next((other for other in differences if (other.rule, other.role) == (ending.rule, Role.CAUSE)), None)
        yield ending._replace(packages=ending.packages or (same.packages if same else ()))
    rules = {ending.rule for ending in endings}
    yield from (other for other in differences if other.rule not in rules)


def _ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Causes first; rules in the order of the registry; the finding with most packages first."""
    roles = list(Role)
    return tuple(
        sorted(findings, key=lambda one: (roles.index(one.role), *registry.strength(one.rule), -len(one.packages)))
    )
