"""The one table of rules, in the order in which causes are named: the strongest first.

A rule is imported when it is asked for: most checks need few, and 40 files cost time at every start.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module

from gopluck.facts.model import Binary, Go
from gopluck.replay.process import Outcome
from gopluck.rules.model import Rule

LOADING = (
    "not-elf",
    "not-go",
    "not-a-plugin",
    "unsupported-format",
    "machine-mismatch",
    "host-without-plugin-support",
    "host-without-cgo",
    "host-not-exporting",
    "static-host",
    "missing-library",
    "undefined-symbol",
    "libc-too-old",
    "libc-mismatch",
    "sanitizer-runtime",
    "already-loaded",
    "conflicts-with-loaded-plugin",
    "broken-by-earlier-plugin",
    "pluginpath-override",
)
"""The file cannot be loaded, or the runtime refuses it, whatever its packages are."""

CAUSES = (
    "go-version",
    "experiment",
    "fips",
    "compiler-flags",
    "instrumentation",
    "test-variant",
    "pgo",
    "trimpath",
    "build-tags",
    "cgo-flags",
    "module-version",
    "module-replaced",
    "module-content",
    "vendor-path",
    "module-cache-path",
    "main-module-path",
    "host-main-module",
    "dependency-changed",
    "unexplained",
)
"""Why a package differs between two builds."""

HARMLESS = ("linker-flags", "vcs-stamp", "pie-host", "goroot")
"""Differences that are never the reason. A cause that does not matter in a set is called harmless there, too."""

RECORDED: Mapping[str, Sequence[str]] = {
    "linker-flags": ("-ldflags",),
    "vcs-stamp": ("vcs", "vcs.revision", "vcs.modified"),
}
"""The build settings without which one of them has nothing to say."""
LOOKUP = ("symbol-missing", "symbol-type")
"""The plugin loads, and lacks what the host looks up in it."""

RISKS = ("untrimmed-host", "cpu-level", "code-skew", "c-symbol-clash", "stripped", "godebug")
"""It loads, and is dangerous all the same."""

SETTLED: Mapping[str, Sequence[str]] = {
    "cpu-level": ("GOAMD64", "GOARM64", "GO386", "GOARM", "GOPPC64", "GORISCV64"),
    "godebug": ("DefaultGODEBUG",),
}
"""The build settings that say whether one of them can be there at all."""

BY_STEP: Mapping[str, Sequence[str]] = {
    "not-implemented": ("host-without-cgo",),
    "no-plugin-package": ("host-without-plugin-support",),
    "missing-symbol": ("pluginpath-override",),
    "unknown-layout": ("unsupported-format", "static-host"),
    "unknown-format": ("unsupported-format",),
    "mutex-held": ("broken-by-earlier-plugin",),
    "never-loaded": ("broken-by-earlier-plugin",),
    "lookup": LOOKUP,
}
"""The rules that can explain an end (`Outcome.why`) before or after the runtime's checks."""

RUNTIME = (
    "not-go",
    "not-a-plugin",
    "host-not-exporting",
    "static-host",
    "already-loaded",
    "conflicts-with-loaded-plugin",
    "broken-by-earlier-plugin",
    "pluginpath-override",
    "go-version",
)
"""Those that can explain an end in the runtime's checks."""


ALL = (*LOADING, *CAUSES, *LOOKUP, *RISKS, *HARMLESS)
"""Every slug, in the order of findings."""


def rule(slug: str) -> Rule:
    """The rule with this slug. Raises `KeyError` when there is none."""
    if slug not in ALL:
        raise KeyError(slug)
    found = import_module(f"gopluck.rules.{slug.replace('-', '_')}").RULE
    assert isinstance(found, Rule)
    return found


def registry() -> Mapping[str, Rule]:
    """Every rule by its slug."""
    return {slug: rule(slug) for slug in ALL}


def explaining(outcome: Outcome) -> Iterator[Rule]:
    """The rules that can explain how an Open ended."""
    if outcome.verdict == "loads":
        return
    if outcome.why == "dlopen":
        named = outcome.dlopen.rule if outcome.dlopen else None
        slugs: Sequence[str] = (named,) if named else ()
    else:
        slugs = BY_STEP.get(outcome.why, RUNTIME)
    yield from map(rule, slugs)


def unmattering(host: Go, plugin: Go) -> Iterator[Rule]:
    """The rules of `HARMLESS` that can have something to say. The others are not even imported."""
    infos = [go.build_info for go in (host, plugin)]
    for slug, keys in (*RECORDED.items(), ("cpu-level", SETTLED["cpu-level"])):
        one, two = ([info.setting(key) if info else None for key in keys] for info in infos)
        if one != two:
            yield rule(slug)
    if host.kind == "pie":
        yield rule("pie-host")
    if host.sources and plugin.sources:
        yield rule("goroot")


def endangering(outcome: Outcome, host: Binary, plugin: Binary) -> Iterator[Rule]:
    """The rules that can name a risk of a plugin that loads. The others are not even imported."""
    if outcome.verdict != "loads" and outcome.why != "lookup":
        return
    if outcome.lookups:
        yield rule("symbol-type")
    infos = [one.go.build_info if one.go else None for one in (host, plugin)]
    differing = {
        slug
        for slug, keys in SETTLED.items()
        if len({tuple(info.setting(key) if info else None for key in keys) for info in infos}) > 1
    }
    if host.go is not None and host.go.sources:
        yield rule("untrimmed-host")
    if "cpu-level" in differing:
        yield rule("cpu-level")
    if plugin.go is not None and plugin.go.code:
        yield rule("code-skew")
    if plugin.elf is not None and plugin.elf.c_functions:
        yield rule("c-symbol-clash")
    if not all(info and info.settings for info in infos):
        yield rule("stripped")
    if "godebug" in differing:
        yield rule("godebug")
