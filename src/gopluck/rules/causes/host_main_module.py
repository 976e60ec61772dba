"""`host-main-module`: the plugin imports a package of the host's own main module."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.builds.build import Build
from gopluck.builds.paths import Why
from gopluck.rules.model import Comparison, Difference, Link, Rule, go_source


def differs(comparison: Comparison) -> Iterator[Difference]:
    """By the module lists, and the directories of the packages on both sides."""
    if not comparison.is_host:
        return
    found = list(comparison.paths.by(Why.HOST_MODULE))
    if not found:
        return
    provider = comparison.provider
    module, one, two = found[0].key, found[0].provider, found[0].plugin
    packages = tuple(difference.package for difference in found)
    imported = packages[0] if len(packages) == 1 else f"packages of {module}"
    headline = f"the plugin imports {imported}, of the host's own module"
    yield Difference(
        f"{headline}: compiled from {one} for the host, from {two} for the plugin",
        packages,
        evidence={"host": one, "plugin": two},
        fix=fix(provider, module, packages[0]),
        headline=headline,
    )


def fix(host: Build, module: str, package: str) -> str:
    """Which of go.work, building inside the host's module, replace and a version matches this host."""
    source = host.source(package)
    main = host.modules.get(module)
    if main is not None and main.sum:
        # Installed as module@version: the path holds the version.
        how = "with" if host.trimmed else "without"
        return (
            f"This host was installed as {module}@{main.version}, {how} -trimpath: require that version, and build the "
            f"plugin {how} -trimpath. A workspace, replace, or a plugin inside the host's module do not match it."
        )
    if host.trimmed:
        return (
            "This host was built in its own checkout with -trimpath. A workspace with that checkout matches it, and so "
            f"does a plugin inside the host's module; replace, and {module} by version, do not."
        )
    root = source.directory.removesuffix(package.removeprefix(module)) if source else ""
    if host.vendored:
        return (
            f"This host was built in {root or 'its own checkout'} without -trimpath, from its vendor folder. A plugin "
            "inside the host's module, built there, matches it. A workspace and replace by that directory match only "
            f"what imports no vendored module. {module} by version does not match it."
        )
    where = f"in {root}" if root.startswith("/") else "in its own checkout"
    return (
        f"This host was built {where} without -trimpath. A workspace with that very directory matches it, and so do "
        f"replace by that directory and a plugin inside the host's module, but {module} by version does not."
    )


RULE = Rule(
    slug="host-main-module",
    rank=170,
    title="The plugin imports a package of the host's own main module, and got another one.",
    meaning="A package lies in the module that is the host's main module, and the plugin compiled it under another "
    "path.",
    why="A main module has no version: its packages' path is the checkout's directory, or with -trimpath the bare "
    "module path. As a dependency the same module is `module@version` or a directory of the module cache, so a plugin "
    "that requires the host's module by version never matches a host built from its own checkout.",
    example="The plugin's go.mod has `require example.com/gateway v1.4.0`; the gateway was built with `go build .` in "
    "its repository.",
    fix="For a host built in its checkout: build the plugin in a go.work together with that checkout, or as a package "
    "inside the host's module; both match trimmed and untrimmed. Where the host was built from its vendor folder "
    "without -trimpath, only the package inside matches. `replace example.com/host => ../host` matches only "
    "an untrimmed host, and only with the same directory. A host built with `go install -trimpath "
    "example.com/host@v1.0.0` matches a plugin that requires that version, with -trimpath. Best of all, keep what "
    "plugins import in a module of its own.",
    links=(go_source("cmd/go/internal/work/gc.go, trimpath"), Link("Workspaces", "https://go.dev/ref/mod#workspaces")),
    differs=differs,
)
