"""`untrimmed-host`: the plugin fits only because it was built with the directories of the host's build."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.builds.source import is_std
from gopluck.rules.model import Evidence, Link, Rule, Told, go_source, told

USUAL = "/go/pkg/mod"
"""The module cache of the official Go images: the same everywhere."""


def risks(evidence: Evidence) -> Iterator[Told]:
    """By the source directory of the shared packages that are not of the standard library."""
    host = evidence.builds[0]
    if host.trimmed is not False or evidence.plugin.go is None or evidence.host.go is None:
        return
    paths = (package.path for package in evidence.plugin.go.pkghashes)
    others = [path for path in paths if not is_std(path) and path != "main"]
    shared = [path for path in others if path in evidence.host.go.link_hashes]
    where = {path: host.source(path) for path in shared}
    known = ((path, source) for path, source in where.items() if source is not None and source.root != USUAL)
    bound = {path: source for path, source in known if source.directory.startswith("/")}
    if not bound:
        return
    path, source = next(iter(bound.items()))
    in_cache = source.kind == "cache" and source.root
    what = f"the module cache is {source.root}" if in_cache else f"{path} lies in {source.directory}"
    message = f"a plugin fits only where {what}: the host was built without -trimpath"
    yield told(message, "Build host and plugins with -trimpath.", bound, host=source.directory)


RULE = Rule(
    slug="untrimmed-host",
    rank=10,
    title="Only the directories of the host's own build make plugins fit.",
    meaning="The host was built without -trimpath, and it shares packages with the plugin whose hash contains the "
    "directory of their source. Both were built with the same directories, so this plugin loads. One that is built "
    "elsewhere, by another user or in a container, is refused.",
    why="Without -trimpath the compiler writes the full path of each source file into what it compiles, and the link "
    "hash covers that. The module cache lies in the user's home directory by default. `/go/pkg/mod`, the cache of the "
    "official images, is the same everywhere and is not named; nor is the standard library, whose directory does not "
    "count.",
    example="The host is built by a pipeline whose cache is `/home/runner/go/pkg/mod`; a plugin built on a laptop does "
    "not fit.",
    fix="Build the host and every plugin with -trimpath: then no directory counts.",
    links=(
        Link("cmd/go, -trimpath", "https://pkg.go.dev/cmd/go#hdr-Compile_packages_and_dependencies"),
        go_source("cmd/go/internal/work/gc.go, trimpath"),
    ),
    risks=risks,
)
