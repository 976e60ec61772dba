"""On every recorded set that loads although something differs, that difference is called harmless, and nothing else."""

from __future__ import annotations

from collections import Counter
from fnmatch import fnmatch
from pathlib import Path

import pytest

from gopluck.explainer.engine import explain
from gopluck.replay.process import replay
from recorded import Set, beyond, families, sets

CALLED = {
    "ldflags": {"linker-flags"},
    "linker": {"linker-flags"},
    "vcs": {"vcs-stamp"},
    "pie": {"pie-host"},
    "goamd64": {"cpu-level"},
    "pluginpath-override": {"linker-flags"},
}
"""What a scenario's word for a difference is called; a slug is called by itself."""

SETTINGS = {"compiler-flags", "ldflags", "cgo-flags", "build-tags", "goamd64", "vcs", "module-replaced"}
"""What only the build info of both sides tells."""

SILENT = (
    ("-trimpath leaves out C flags, linker flags and directories", "*singles/*/trimmed/*", {"*"}),
    ("-trimpath leaves out directories", "*/trimmed/*", {"vendor-path"}),
    ("-trimpath leaves out directories", "*-trimmed/*", {"module-cache-path", "vendor-path"}),
    ("another checkout, and no path shows it", "*/inside-another-checkout/trimmed*", {"host-main-module"}),
    ("the tool that ran the compiler is recorded nowhere", "*", {"toolexec"}),
    ("code that changes no hash is a risk", "*", {"module-content"}),
    ("a file's symbols and debug information are a risk to explanations", "*", {"stripped"}),
    ("which release's behaviour counts is a risk", "*", {"godebug"}),
    ("what is left of the static TLS area is a risk", "*", {"static-tls-room"}),
    ("the CPU that is needed is a risk", "*/plugin-only*", {"goamd64"}),
    ("what is excluded is in no file", "modules/pulled-up-excluded/*", {"module-version"}),
    ("a module of which no package is linked is in no file", "*/required-and-unused/*", {"module-version"}),
    ("a module of which no package is linked is in no file", "*/unused-module*", {"module-version"}),
    ("plugins have settings since Go 1.21", "old/*", SETTINGS),
)
"""Why nothing is said: reason, names of sets, kinds of difference."""

RECORDED_ANYWAY = ("build-tags", "compiler-flags", "module-replaced", "module-version")
"""What -trimpath does not leave out."""

ALSO = (
    ("traps/test-host/*", "test-variant"),
    ("modules/*replaced-back/untrimmed*", "module-version"),
    ("modules/*replaced-back/untrimmed*", "module-replaced"),
    ("tls/*library/*", "cgo-flags"),
    ("arches/host-pie*", "pie-host"),
    ("links/host-pie*", "pie-host"),
    ("links/host-pie-packed-relocations/*", "linker-flags"),
    ("hunt/*/pie-host*", "pie-host"),
)
"""What else people would suspect in a set, and is there."""

INSTEAD = (("*/replaced-by-folder/untrimmed*", "host-main-module", {"module-replaced"}),)
"""What a difference is called where its own rule has nothing to say."""


OTHERWISE = ("pgo", "go-version", "vcs")
"""What differs although both sides have it: another path, release, or commit; and -cover, which reaches each's own."""


def loading() -> list[Path]:
    return [path for path in families() if any(_single(one) for one in sets(path))]


def _single(one: Set) -> bool:
    if one.raw["family"] in ("risks", "lookups", "old-lookups", "fallback"):
        return False  # there the difference is dangerous
    return len(one.requests) == 1 and len(one.raw["differences"]) == 1 and one.truth[0][0] == "ok" and not beyond(one)


def expected(one: Set) -> set[str]:
    """The slugs of what differs in a set, as far as its files record it."""
    (difference,) = one.raw["differences"]
    kind = difference["kind"]
    if difference["side"] == "both" and kind not in OTHERWISE and not fnmatch(one.name, "*/cover-main/*"):
        return set()
    for pattern, of, slugs in INSTEAD:
        if fnmatch(one.name, pattern) and of == kind:
            return set(slugs)
    for _, pattern, kinds in SILENT:
        if fnmatch(one.name, pattern) and (kind in kinds or ("*" in kinds and kind not in RECORDED_ANYWAY)):
            return set()
    return CALLED.get(kind, {kind})


@pytest.mark.parametrize("path", loading(), ids=lambda path: path.name.partition(".")[0])
def test_the_difference_is_called_harmless_and_nothing_else(path: Path) -> None:
    score: Counter[str] = Counter()
    wrong = []
    for one in filter(_single, sets(path)):
        outcomes = replay(one.host, one.requests, one.system)
        findings = explain(one.host, one.requests, outcomes)[0].findings
        harmless = {finding.rule for finding in findings if finding.role == "harmless"}
        causes = {finding.rule for finding in findings if finding.role == "cause"}
        also = {slug for pattern, slug in ALSO if fnmatch(one.name, pattern)}
        score["named" if harmless else "silent"] += 1
        if causes or harmless - also != expected(one) - also:
            named = f"harmless {sorted(harmless)}, causes {sorted(causes)}"
            wrong.append(f"{one.name}: {named}, expected is harmless {sorted(expected(one))}")
    print(path.name, dict(score))
    assert wrong == [], "what else is there has a row in ALSO, a word for a rule one in CALLED, silence one in SILENT"


def test_every_reason_to_be_silent_is_needed() -> None:
    quiet = [one for path in loading() for one in sets(path) if _single(one)]
    unneeded = [
        (reason, pattern)
        for reason, pattern, kinds in SILENT
        if not any(
            fnmatch(one.name, pattern) and ("*" in kinds or one.raw["differences"][0]["kind"] in kinds) for one in quiet
        )
    ]
    assert not unneeded


def test_linker_flags_are_named_beside_other_causes() -> None:
    untrimmed = 0
    missing = []
    for path in families():
        for one in sets(path) if path.name.startswith("multi") else ():
            kinds = {difference["kind"] for difference in one.raw["differences"]}
            if "ldflags" not in kinds or "trimpath" in kinds or "/trimmed@" in one.name or one.truth[0][0] == "ok":
                continue
            findings = explain(one.host, one.requests, replay(one.host, one.requests, one.system))[0].findings
            untrimmed += 1
            if ("linker-flags", "harmless") not in {(finding.rule, finding.role) for finding in findings}:
                missing.append(one.name)
    assert not missing
    assert untrimmed > 0


REFUSED = (
    ("links/host-pie/other-module@1.27.3", {"module-version"}, {"pie-host"}),
    ("links/host-pie/trimpath@1.27.3", {"trimpath"}, {"pie-host"}),
    ("links/host-pie-packed-relocations/other-module@1.27.3", {"module-version"}, {"pie-host"}),
    ("field/neugram-ng-157/race-test@1.27.3", {"instrumentation"}, {"test-variant"}),
)
"""Sets that fail for another reason: the causes, and what is called harmless."""


@pytest.mark.parametrize(("name", "causes", "harmless"), REFUSED, ids=[name for name, _, _ in REFUSED])
def test_it_is_named_where_a_load_fails_for_another_reason(name: str, causes: set[str], harmless: set[str]) -> None:
    path = next(path for path in families() if path.name == f"{name.partition('/')[0]}.json.xz")
    one = next(one for one in sets(path) if one.name == name)
    findings = explain(one.host, one.requests, replay(one.host, one.requests, one.system))[0].findings
    assert {finding.rule for finding in findings if finding.role == "cause"} == causes
    assert {finding.rule for finding in findings if finding.role == "harmless"} == harmless
