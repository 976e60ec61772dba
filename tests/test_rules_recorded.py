"""The causes of every recorded set of one host and one plugin: those that were built in, and never another one.

The truth is counterfactual where a set has several differences: each was also built alone, and a difference counts when
alone it changes the hash of a package that differs here. A set is *exact* when the findings with role `cause` are the
differences that count. Where the files do not hold the evidence (nothing of a module is linked, so no directory and no
function of it is on record; other code behind another compiler flag) gopluck has to say so: `unexplained` with what is
missing, or a finding with role `risk`. Those sets are counted apart, and nothing else is let pass.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from fixtures.oracle.codec import from_json
from gopluck.aligner.fit import built_otherwise
from gopluck.builds.build import Build
from gopluck.explainer.engine import Explanation, explain
from gopluck.facts.model import Binary
from gopluck.replay.ends import End
from gopluck.replay.process import replay
from gopluck.result.check import MismatchedPackage
from gopluck.rules.registry import registry
from recorded import CALLED, RECORDED, Set, families, family, sets

RULES = frozenset(registry())
VIA = "dependency-changed"
NOT_SEEN = ("not recorded", "has no", "cannot be compared")
"""What an `unexplained` finding says of missing evidence."""

DOUBTED = {"vendor-path": "module-cache-path"}
"""What a risk is called: directories that are not recorded may be a module cache's or a vendor folder's."""

ENDS_EARLIER = frozenset({"host-not-exporting", "host-without-cgo", "static-host"})
"""Hosts that end before a difference between packages counts."""

STILL_EARLIER = frozenset({"static-tls"})
"""What the dynamic linker of such a host refuses before that."""

HIDDEN = {
    # The host was built from a vendor folder: where its module cache lay is in no file.
    "mixed/04-vendored.host+tags-timetzdata.host+gopath.host/untrimmed@1.21.13": {"module-cache-path"},
}
"""Differences that are in neither file, and that nothing hints at."""


class Judged(NamedTuple):
    """One set, and what gopluck says to it."""

    name: str
    truth: frozenset[str]
    causes: frozenset[str]
    said: str
    """`exact`, `risk` (the rest is named as what cannot be seen), `unexplained` (with what is missing), or `wrong`."""
    explanation: Explanation
    alone: Mapping[str, frozenset[str]]
    """By kind: the packages that differ here and that this difference alone changes; only where it was built alone."""


def judge(one: Set, binaries: Mapping[str, Binary]) -> Judged:
    """Compare the findings of a set with what was built in."""
    outcomes = replay(one.host, one.requests, one.system)
    explanation = explain(one.host, one.requests, outcomes)[0]
    packages = frozenset(package.path for package in explanation.packages.mismatched)
    differences = one.raw["differences"]
    alone: dict[str, frozenset[str]] = {}
    for difference in differences:
        if "alone" in difference:
            kind = difference["kind"]
            alone[kind] = alone.get(kind, frozenset()) | (_changed(binaries, difference["alone"]) & packages)
    fails = outcomes[0].verdict != "loads"
    declared = {difference["kind"] for difference in differences if fails}
    if one.requests[0].binary is None:
        declared.add("realpath-failed")
    truth = {kind for kind in declared if alone.get(kind, packages) or not packages} - HIDDEN.get(one.name, set())
    if ENDS_EARLIER & truth:
        truth &= ENDS_EARLIER | STILL_EARLIER
    causes = {finding.rule for finding in explanation.findings if finding.role == "cause"}
    named = {kind for kind in truth if kind in causes or CALLED.get(kind, set()) & causes}
    extra = causes - truth - {slug for kind in truth for slug in CALLED.get(kind, ())}
    missing = {kind for kind in truth - named if kind in RULES}
    if len(differences) > 1 and not alone and named:
        missing = set()  # several differences, not built alone: which of them count is not known
    return Judged(one.name, frozenset(truth), frozenset(causes), _said(explanation, extra, missing), explanation, alone)


def _said(explanation: Explanation, extra: set[str], missing: set[str]) -> str:
    if not extra and not missing:
        return "exact"
    risks = {finding.rule for finding in explanation.findings if finding.role == "risk"}
    if not extra and {DOUBTED.get(kind, kind) for kind in missing} <= risks:
        return "risk"
    texts = [finding.message for finding in explanation.findings if finding.rule == "unexplained"]
    if extra <= {"unexplained"} and texts and any(word in texts[0] for word in NOT_SEEN):
        return "unexplained"
    return "wrong"


def _changed(binaries: Mapping[str, Binary], pair: Mapping[str, str]) -> frozenset[str]:
    """The packages whose hash differs between the two files of a pair."""
    host, plugin = binaries[pair["host"]].go, binaries[pair["plugin"]].go
    assert host is not None
    assert plugin is not None
    return frozenset(
        package.path
        for package in plugin.pkghashes
        if host.link_hashes.get(package.path, package.linktimehash) != package.linktimehash
    )


def judged(path: Path) -> list[Judged]:
    """All sets of a family with one plugin."""
    document: Mapping[str, Any] = family(path)
    binaries = {name: from_json(Binary, value) for name, value in document["binaries"].items()}
    return [judge(one, binaries) for one in sets(path) if len(one.requests) == 1]


@pytest.mark.parametrize("path", families(), ids=lambda path: path.name.partition(".")[0])
def test_the_causes_are_the_differences_that_were_built_in(path: Path) -> None:
    rows = judged(path)
    score = Counter(row.said for row in rows)
    print(path.name.partition(".")[0], dict(score))
    wrong = [
        f"{row.name}: built in was {sorted(row.truth)}, named is {sorted(row.causes)}"
        for row in rows
        if row.said == "wrong"
    ]
    assert wrong == []
    for row in rows:
        _check_packages(row)
    if path.name.startswith("used-"):
        assert score["exact"] == len(rows), "the files hold the evidence"
    if path.name.startswith("mixed"):
        _check_mixed(rows, score)


def _check_mixed(rows: list[Judged], score: Counter[str]) -> None:
    """Two or three differences at once: what each changes alone is among the causes of that package."""
    assert len(rows) >= 100
    assert not score["unexplained"]
    true = hit = named = right = 0
    for row in rows:
        packages = {package.path: package for package in row.explanation.packages.mismatched}
        for kind in row.truth & row.causes:
            true += len(row.alone[kind])
            hit += sum(_leads(packages, path, kind) for path in row.alone[kind])
        for package in packages.values():
            causes = set(package.causes) - {VIA}
            named += len(causes)
            right += sum(package.path in row.alone.get(kind, frozenset()) for kind in causes)
    print(f"packages: recall {hit} of {true}, precision {right} of {named} = {right / named:.0%}")
    assert hit == true


def _leads(packages: Mapping[str, MismatchedPackage], path: str, kind: str) -> bool:
    """Whether a package lists a cause, itself or through the packages in `via`."""
    waiting, seen = [path], set[str]()
    while waiting:
        package = packages[waiting.pop()]
        if kind in package.causes:
            return True
        seen.add(package.path)
        waiting += [other for other in package.via if other not in seen]
    return False


def _check_packages(row: Judged) -> None:
    """Every mismatched package has causes, each with a finding, and `via` leads to packages with causes."""
    packages = {package.path: package for package in row.explanation.packages.mismatched}
    own = {path for path, package in packages.items() if set(package.causes) - {VIA}}
    for package in packages.values():
        causes = set(package.causes)
        assert causes, (row.name, package)
        assert causes - {VIA} <= row.causes, (row.name, package)
        assert bool(package.via) == (VIA in causes), (row.name, package)
        assert set(package.via) <= own, (row.name, package)
        if len(row.truth) == 1 and row.said == "exact" and VIA in causes:
            kinds = row.causes & set().union(*(packages[path].causes for path in package.via), causes)
            assert kinds == row.causes - {"unexplained"} or not package.via, (row.name, package)


@pytest.mark.parametrize("path", families()[::4], ids=lambda path: path.name.partition(".")[0])
def test_every_cause_says_the_reason_in_a_line(path: Path) -> None:
    """Short, and without the plugin's name: it stands behind that, and for all plugins with the same reason."""
    for one in sets(path):
        explanations = explain(one.host, one.requests, replay(one.host, one.requests, one.system))
        for request, explanation in zip(one.requests, explanations, strict=True):
            own = f"{request.name.rpartition('/')[2]} "
            for finding in explanation.findings:
                if finding.role == "cause" and len({other.name for other in one.requests}) == 1:
                    assert len(finding.short) <= 200
                    assert not finding.short.startswith(own)
                    assert "\n" not in finding.short


BY_PLACE = {"module-version", "module-replaced", "module-content", "trimpath", "vendor-path", "module-cache-path"}
"""What versions and directories tell: align sees these without a compiler."""


@pytest.mark.parametrize("name", ["flags", "singles", "patches-1.27"])
def test_how_a_host_was_built_is_what_align_has_to_compile_for(name: str) -> None:
    """Each difference that Go refused, and that is none of places, is what align says where nothing was compiled."""
    wrong, judged = [], 0
    for one in sets(RECORDED / f"{name}.json.xz"):
        (request,), host = one.requests, one.host
        outcomes = replay(host, one.requests, one.system)
        plugin = request.binary
        if outcomes[0].why != End.HASH or plugin is None or plugin.go is None or host.go is None:
            continue
        shared = tuple(package.path for package in plugin.go.pkghashes if package.path in host.go.link_hashes)
        said = list(built_otherwise(Build(host, "the host"), Build(plugin, "the plugin"), shared))
        for finding in explain(host, one.requests, outcomes)[0].findings:
            if finding.role == "cause" and finding.rule != "unexplained":
                judged += 1
                named = any(finding.message.startswith(text) or text.startswith(finding.short) for text in said)
                if named == (finding.rule in BY_PLACE):
                    wrong.append((one.name, finding, said))
    assert (wrong, judged > 20) == ([], True)


@pytest.mark.parametrize("path", families(), ids=lambda path: path.name.partition(".")[0])
def test_every_failure_has_a_cause(path: Path) -> None:
    without = []
    for one in sets(path):
        outcomes = replay(one.host, one.requests, one.system)
        for request, outcome, told in zip(
            one.requests, outcomes, explain(one.host, one.requests, outcomes), strict=True
        ):
            causes = [finding for finding in told.findings if finding.role == "cause"]
            if outcome.verdict == "fails" and not causes:
                without.append((one.name, request.name))
    assert without == []
