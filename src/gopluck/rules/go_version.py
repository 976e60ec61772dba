"""`go-version`: host and plugin were built with different Go releases."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.report.model import Finding
from gopluck.rules.builds import Build
from gopluck.rules.commands import build_command, plugin_command
from gopluck.rules.model import Comparison, Difference, Evidence, Link, Rule


def differs(comparison: Comparison) -> Iterator[Difference]:
    """By the release that each file records, else by the layout of its module data."""
    provider, plugin = comparison.builds
    if not (provider.release and plugin.release):
        if not provider.layout or not plugin.layout or provider.layout == plugin.layout:
            return
    elif provider.release == plugin.release:
        return
    message = f"{provider.name} was built with {provider.built_with}, {plugin.name} with {plugin.built_with}"
    yield Difference(
        "go-version",
        message,
        comparison.mismatched,
        evidence={"host": provider.built_with, "plugin": plugin.built_with},
        fix=build_command(comparison),
        harmless=f"{message}: no package that both have differs",
    )


def ends(evidence: Evidence) -> Iterator[Finding]:
    """A plugin whose module the host's runtime reads with another layout."""
    host, plugin = Build(evidence.host, "the host"), Build(evidence.plugin, "the plugin")
    outcome = evidence.outcome
    if outcome.why not in LAYOUT_ENDS or not other_layout(evidence):
        return
    words = {
        "foreign-layout": "the host reads the plugin's module data with the layout of its own release, and follows "
        "words that are no pointers",
        "no-module-data": "their module data is laid out differently, so the host does not see the plugin's module",
    }
    seen = words.get(outcome.why, "their module data is laid out differently, so the host looks at an earlier plugin")
    yield Finding(
        "go-version",
        "cause",
        f"the host was built with {host.built_with}, the plugin with {plugin.built_with}: {seen}",
        evidence={"host": host.built_with, "plugin": plugin.built_with},
        fix=plugin_command(host, evidence.plugin.path),
    )


LAYOUT_ENDS = ("no-module-data", "foreign-layout", "typemap-set", "empty-pluginpath", "overlap", "same-pluginpath")
"""Ends that a foreign layout brings about."""


def other_layout(evidence: Evidence) -> bool:
    """Whether the plugin's runtime lays its module data out in another way than the host's."""
    host, plugin = Build(evidence.host, "").layout, Build(evidence.plugin, "").layout
    return bool(host and plugin) and host != plugin


RULE = Rule(
    slug="go-version",
    title="Host and plugin were built with different Go releases.",
    meaning="The two files record different releases. Packages of the standard library, and what is compiled against "
    "them, have other hashes; or the releases lay out their module data differently, so that the host's runtime does "
    "not find the plugin at all.",
    why="A plugin shares the host's runtime and standard library. Between minor releases both always differ, and with "
    "them the structure `moduledata` through which the runtime finds a plugin: the host then ends with `fatal error: "
    "runtime: no plugin module data`, with `plugin already loaded` for an innocent plugin, or with a nil dereference. "
    "Patch releases of one minor release differ only in the packages that were patched: such a plugin loads when it "
    "shares none of those with the host.",
    example="A host built with go1.25.5 refuses a plugin built with go1.25.4 that uses net/http at crypto/x509, and "
    "loads one that uses only fmt, time and encoding/json.",
    fix="Build the plugin with exactly the host's release: `GOTOOLCHAIN=go1.25.5 go build -buildmode=plugin …`. The "
    "go and toolchain lines of the plugin's go.mod, and of its dependencies, must not ask for a later one.",
    links=(
        Link("src/runtime/plugin.go, plugin_lastmoduleinit", "https://go.dev/src/runtime/plugin.go"),
        Link("src/runtime/symtab.go, moduledata", "https://go.dev/src/runtime/symtab.go"),
        Link("golang/go #63290", "https://github.com/golang/go/issues/63290"),
    ),
    differs=differs,
    ends=ends,
)
