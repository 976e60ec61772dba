"""Each rule has a real set that triggers it, and a near miss that must not.

The sets that trigger a rule are found among the recorded ones: the rule names what was declared when the set was built.
The near misses are chosen by hand: something like it is there, and the rule has to keep silent, or to say harmless.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

import recorded
from gopluck.explainer.engine import Explanation, explain
from gopluck.replay.lookup import look_up, parse
from gopluck.replay.process import replay
from gopluck.rules.registry import Kind, kind_of, registry
from recorded import Set, families, sets
from test_rules_harmless import CALLED

RULES = registry()
PAGES = Path(__file__).parent.parent / "docs" / "rules"


def role(slug: str) -> str:
    """The role in which a rule speaks where it matters."""
    return {Kind.HARMLESS: "harmless", Kind.RISK: "risk"}.get(kind_of(slug), "cause")


class NearMiss(NamedTuple):
    """A set, and the causes that are named there instead (none: it loads). `symbols` are looked up as with --symbol."""

    slug: str
    name: str
    causes: frozenset[str] = frozenset()
    harmless: bool = False
    """Whether the rule itself calls the difference harmless."""
    symbols: tuple[str, ...] = ()


def near(slug: str, name: str, *causes: str, harmless: bool = False, symbols: tuple[str, ...] = ()) -> NearMiss:
    return NearMiss(slug, name, frozenset(causes), harmless, symbols)


NEAR_MISSES = (
    near("realpath-failed", "sessions/symlink@1.27.3"),
    near("obfuscated", "installs/moved-line/both@1.27.3"),
    near("go-installation", "installs/moved-line/both@1.27.3"),
    near("not-elf", "badfiles/c-library/alone@1.27.3", "not-go"),
    near("not-go", "badfiles/c-executable/alone@1.27.3", "not-a-plugin"),
    near("not-a-plugin", "badfiles/c-library/alone@1.27.3", "not-go"),
    near("unsupported-format", "links/no-section-headers/same@1.27.3"),
    near("machine-mismatch", "arches/loads/arm64@1.27.3"),
    near("host-without-plugin-support", "links/host-cgo-off/same@1.27.3", "host-without-cgo"),
    near("host-without-cgo", "rules/host-without-plugin-support@1.27.3", "host-without-plugin-support"),
    near("host-not-exporting", "links/host-external/same@1.27.3"),
    near("static-host", "links/host-internal/same@1.27.3", "host-not-exporting"),
    near("missing-library", "badfiles/library-by-runpath@1.27.3", "not-go"),
    near("undefined-symbol", "badfiles/c-weak-undefined/alone@1.27.3", "not-go"),
    near("libc-too-old", "badfiles/c-undefined-function/alone@1.27.3", "undefined-symbol"),
    near("libc-mismatch", "musl/loads@1.27.3"),
    near("static-tls", "tls/size/1696@1.27.3"),
    near("sanitizer-runtime", "flags/asan/host-only@1.27.3", "instrumentation"),
    near("already-loaded", "sessions/symlink@1.27.3"),
    near("conflicts-with-loaded-plugin", "sessions/two-good@1.27.3"),
    near("broken-by-earlier-plugin", "sessions/good-refused-good@1.27.3", "module-version"),
    near("pluginpath-override", "symbols/pluginpath-same@1.27.3"),
    near("go-version", "patches-1.25/small/1.25.5-opens-1.25.4", harmless=True),
    near("experiment", "flags/experiment-arenas/both@1.27.3"),
    near("fips", "flags/fips-latest/host-only@1.27.3", harmless=True),
    near("compiler-flags", "flags/gcflags-main-N-l/host-only@1.27.3", harmless=True),
    near("gcflags-trimpath", "trims/plugin@1.27.3", "compiler-flags"),
    near("instrumentation", "flags/cover-main/host-only@1.27.3", harmless=True),
    near("test-variant", "traps/test-host/external-tests@1.27.3", harmless=True),
    near("pgo", "flags/pgo/both@1.27.3", harmless=True),
    near("trimpath", "flags/trimpath/both@1.27.3"),
    near("build-tags", "flags/tags-unrelated/host-only@1.27.3", harmless=True),
    near("cgo-flags", "flags/cgo-cflags-O0/host-only@1.27.3", harmless=True),
    near("module-version", "modules/other-version-of-an-unshared-package/trimmed@1.27.3", harmless=True),
    near("module-replaced", "modules/replaced-by-same-fork/trimmed/plugin-only@1.27.3", harmless=True),
    near("module-content", "content/comment-same-length/folders-trimmed/plugin-only@1.27.3"),
    near("vendor-path", "modules/vendored/trimmed/plugin-only@1.27.3"),
    near("module-cache-path", "field/golang-go-27751/trimpath-for-both@1.27.3"),
    near("main-module-path", "rules/two-checkouts-trimmed@1.27.3"),
    near("host-main-module", "traps/workspace/trimmed@1.27.3"),
    near("dependency-changed", "flags/trimpath/plugin-only@1.27.3", "trimpath"),
    near("unexplained", "field/golang-go-27751/other-machine@1.27.3", "module-cache-path"),
    near("symbol-missing", "symbols/small@1.27.3", symbols=("Describe",)),
    near("symbol-type", "symbols/small@1.27.3", symbols=("Describe:func(string) (string, error)",)),
    near("untrimmed-host", "risks/untrimmed/usual-cache@1.27.3"),
    near("cpu-tags", "rules/cpu-tags/both@1.27.3"),
    near("cpu-level", "risks/cpu-level/both@1.27.3"),
    near("code-skew", "risks/code-skew/comment-at-end/plugin@1.27.3"),
    near("registers-twice", "twice/other-code@1.27.3"),
    near("static-tls-room", "tls/size/8@1.27.3"),
    near("executable-stack", "risks/executable-stack/host-too@1.27.3"),
    near("c-symbol-clash", "risks/c-clash/symbolic-functions@1.27.3"),
    near("replaced-file", "replaced/nothing@1.27.3"),
    near("stripped", "risks/stripped/strip-all@1.27.3"),
    near("godebug", "risks/godebug/both@1.27.3"),
    near("linker-flags", "symbols/pluginpath@1.27.3", "pluginpath-override"),
    near("vcs-stamp", "rules/one-commit@1.27.3"),
    near("pie-host", "links/host-external/same@1.27.3"),
    near("goroot", "patches-1.25/small/1.25.5-opens-1.25.4"),
    near("lookup-missing", "lookups/plain/right@1.27.3"),
    near("lookup-type", "lookups/plain/right@1.21.13"),
)

EVIDENCE_IS_GONE = {"unexplained"}
"""Rules that speak where a declared difference has left no trace."""


@cache
def by_name() -> dict[str, Set]:
    """Every recorded set."""
    return {one.name: one for path in families() for one in sets(path)}


def explained(one: Set, symbols: tuple[str, ...] = ()) -> tuple[Explanation, ...]:
    """What the rules say to a set, after these lookups."""
    outcomes = replay(one.host, one.requests, one.system)
    if symbols:
        outcomes = look_up(one.requests, outcomes, [parse(symbol) for symbol in symbols])
    return explain(one.host, one.requests, outcomes)


def named(explanations: tuple[Explanation, ...], wanted: str) -> set[str]:
    """The slugs of all findings in a role; with the causes of packages that are no findings."""
    found = {finding.rule for one in explanations for finding in one.findings if finding.role == wanted}
    if wanted == "cause":
        packages = [package for one in explanations for package in one.packages.mismatched]
        found |= {"dependency-changed" for package in packages if package.via}
    return found


def declared(one: Set) -> set[str]:
    """What was built into a set, under the names that rules may give it."""
    kinds = recorded.declared(one)
    return kinds.union(*(CALLED.get(kind, set()) for kind in kinds))


def triggers(slug: str) -> Iterator[str]:
    """The recorded sets that trigger a rule because of what was built into them."""
    for one in by_name().values():
        if kind_of(slug) == Kind.LOOKUP:
            if any(slug in named(explained(one, (symbol,)), role(slug)) for symbol in asked(one, slug)):
                yield one.name
        elif (slug in declared(one) or slug in OFTEN) and slug in named(explained(one), role(slug)):
            yield one.name


OFTEN = EVIDENCE_IS_GONE | {"dependency-changed", "unsupported-format"}
"""Rules that no scenario declares by name."""


def untriggered(slug: str) -> str:
    """What is named instead in the sets that were built for a rule, as far as there are some."""
    built = [one for one in by_name().values() if slug in declared(one)][:5]
    instead = {one.name: sorted(named(explained(one), role(slug))) for one in built}
    if not instead:
        return f"no recorded set has a Difference of the kind {slug}: add one to fixtures/scenarios, load and record it"
    return f"{slug} is not named in the sets that were built for it, but: {instead}"


def asked(one: Set, slug: str) -> Iterator[str]:
    """Lookups that Go refused, or whose type is another one."""
    for looked in one.raw["outcome"][0].get("lookups") or ():
        if slug == "symbol-missing" and looked["text"]:
            yield looked["symbol"]
        if slug == "symbol-type" and looked["type"]:
            yield f"{looked['symbol']}:chan<- struct{{}}"


def test_every_rule_has_a_near_miss_and_a_page() -> None:
    assert {miss.slug for miss in NEAR_MISSES} == set(RULES)
    assert {page.stem for page in PAGES.glob("*.md")} - {"README"} == set(RULES)


@pytest.mark.parametrize("slug", RULES)
def test_a_real_build_triggers_the_rule(slug: str) -> None:
    found = next(triggers(slug), None)
    assert found is not None, untriggered(slug)
    print(f"{slug}: {found}")


@pytest.mark.parametrize("miss", NEAR_MISSES, ids=[miss.slug for miss in NEAR_MISSES])
def test_a_near_miss_does_not(miss: NearMiss) -> None:
    one = by_name()[miss.name]
    explanations = explained(one, miss.symbols)
    assert named(explanations, "cause") == set(miss.causes)
    assert miss.slug not in named(explanations, role(miss.slug))
    assert (miss.slug in named(explanations, "harmless")) == miss.harmless
    if not miss.causes:
        assert {outcome for outcome, _ in one.truth} == {"ok"}, "a set without causes loads"
