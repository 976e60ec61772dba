"""`go-version`: host and plugin were built with different Go releases."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.replay.ends import IN_THE_RUNTIME, End
from gopluck.rules.model import Comparison, Difference, Evidence, Rule, Told, Trait, go_issue, go_source, told


def differs(comparison: Comparison) -> Iterator[Difference]:
    """By the release that each file records, else by the layout of its module data."""
    provider, plugin = comparison.builds
    if not (provider.release and plugin.release):
        if not provider.layout or not plugin.layout or provider.layout == plugin.layout:
            return
    elif provider.release == plugin.release:
        return
    yield comparison.built_with(provider.built_with, plugin.built_with, FIX, comparison.mismatched)


def ends(evidence: Evidence) -> Iterator[Told]:
    """A plugin whose module the host's runtime reads with another layout."""
    if not evidence.other_layout:
        return
    words = {
        End.FOREIGN_LAYOUT: "the host reads the plugin's module data with the layout of its own release, and follows "
        "words that are no pointers",
        End.NO_MODULE_DATA: "their module data is laid out differently, so the host does not see the plugin's module",
    }
    other = "their module data is laid out differently, so the host looks at an earlier plugin"
    seen = words.get(evidence.outcome.why, other)
    host, plugin = (build.built_with for build in evidence.builds)
    releases = f"the host was built with {host}, the plugin with {plugin}"
    yield told(f"{releases}: {seen}", FIX, host=host, plugin=plugin)._replace(headline=releases)


FIX = "Build the plugin with the host's Go release."


RULE = Rule(
    slug="go-version",
    rank=10,
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
        go_source("runtime/plugin.go, plugin_lastmoduleinit"),
        go_source("runtime/symtab.go, moduledata"),
        go_issue(63290),
    ),
    differs=differs,
    ends=ends,
    explains=IN_THE_RUNTIME - {End.HASH},
    compiled=True,
    traits=frozenset({Trait.GO_RELEASE}),
)
