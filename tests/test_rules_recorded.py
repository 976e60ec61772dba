"""The causes of every recorded set: the difference that was built in, and never another one.

Where the files hold no evidence of it (no function of a module is linked, so no directory is on record; Go 1.21 does
not record -cover) a package is `unexplained`; that is counted, and nothing else is let pass.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from gopluck.replay.process import replay
from gopluck.rules.engine import Explanation, explain
from recorded import Set, families, sets

SILENT = {"unexplained", "dependency-changed"}

ALSO = {
    # An -asan plugin ends in dlopen before any package is compared.
    "instrumentation": {"sanitizer-runtime"},
    # -Bsymbolic keeps a plugin out of the module list.
    "linker": {"not-a-plugin"},
}
"""Slugs that are right where a scenario declares another."""

BY_NAME = {"other-module": "module-version", "trimpath": "trimpath"}
"""What the last part of a name says where the scenario does not declare it."""

SCORED = ("flags", "modules", "content", "toolchains", "traps", "links", "symbols")
"""Families whose every set has one host, one plugin, and declared differences."""


def explanations(recorded: Set) -> tuple[Explanation, ...]:
    """What the rules say to one set."""
    return explain(recorded.host, recorded.requests, replay(recorded.host, recorded.requests, recorded.system))


def named(explanation: Explanation) -> set[str]:
    """The causes among the findings."""
    return {finding.rule for finding in explanation.findings if finding.role == "cause"}


def declared(recorded: Set) -> set[str]:
    """The differences that were built in, and what they may be called."""
    kinds = {difference["kind"] for difference in recorded.raw.get("differences", ())}
    kinds |= {slug for word, slug in BY_NAME.items() if f"/{word}@" in recorded.name}
    return kinds | {slug for kind in kinds for slug in ALSO.get(kind, ())}


def scored() -> list[Path]:
    return [path for path in families() if path.name.startswith(SCORED)]


@pytest.mark.parametrize("path", scored(), ids=lambda path: path.name.partition(".")[0])
def test_no_cause_is_named_that_was_not_built_in(path: Path) -> None:
    score: Counter[str] = Counter()
    wrong = []
    for recorded in sets(path):
        found = set[str]().union(*map(named, explanations(recorded)))
        score["silent" if found & SILENT else "named" if found else "nothing to name"] += 1
        if found - SILENT - declared(recorded):
            wrong.append((recorded.name, sorted(found)))
    print(path.name, dict(score))
    assert not wrong


@pytest.mark.parametrize("path", families(), ids=lambda path: path.name.partition(".")[0])
def test_every_mismatched_package_has_a_cause_that_a_finding_names(path: Path) -> None:
    for recorded in sets(path):
        for explanation in explanations(recorded):
            findings = {finding.rule for finding in explanation.findings if finding.role == "cause"}
            for package in explanation.packages.mismatched:
                causes = set(package.causes)
                assert causes, (recorded.name, package)
                assert causes - {"dependency-changed"} <= findings, (recorded.name, package)
                assert bool(package.via) == ("dependency-changed" in causes), (recorded.name, package)
                assert causes != {"dependency-changed"} or set(package.via) <= _explained(explanation), recorded.name


def _explained(explanation: Explanation) -> set[str]:
    """The packages with a cause of their own."""
    return {p.path for p in explanation.packages.mismatched if set(p.causes) - {"dependency-changed"}}
