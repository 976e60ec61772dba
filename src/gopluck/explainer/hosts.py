"""What changed between two builds of a host, and what of it plugins can notice (`docs/diff.md`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from gopluck.builds.build import Build
from gopluck.builds.source import STD, is_std
from gopluck.builds.support import Lack, lack_of
from gopluck.explainer.engine import compare, summary
from gopluck.facts.model import Binary
from gopluck.golang.importpath import Roots
from gopluck.loader.answer import Failure
from gopluck.loader.libc import libc_of
from gopluck.result.check import Finding
from gopluck.result.diff import ChangedPackage, HostChange, HostDiff, OneSided
from gopluck.result.verdict import Role
from gopluck.rules import registry
from gopluck.rules.model import Trait

OLD, NEW = "the old host", "the new host"
"""How messages call the two."""


MAX_EXPLAINED = 3500
"""Packages that changed, of those whose reasons are looked for (telegraf has 3,349 packages)."""


def compare_hosts(old: Binary, new: Binary) -> HostDiff:
    """The changes from one build of a host to the next, in link order; both with all their link hashes and evidence."""
    one, two = Build(old, OLD), Build(new, NEW)
    hidden = " and ".join(build.name for build in (one, two) if build.binary.go and build.binary.go.obfuscated)
    if hidden:
        note = f"{hidden} {'are' if ' and ' in hidden else 'is'} obfuscated (garble), so packages cannot be compared"
        return HostDiff(summary(old), summary(new), 0, note=note)
    had, has = map(_hashes, (old, new))
    breaks = tuple(_breaks(old, new))
    if not had or not has:
        # A program that does not import package plugin defines none.
        without = " and ".join(build.name for build, hashes in ((one, had), (two, has)) if not hashes)
        note = f"{without} define{'s' if had or has else ''} no package hashes"
        return HostDiff(summary(old), summary(new), 0, breaks=breaks, note=note)
    before, after = importable(one), importable(two)
    differing = [path for path in has if had.get(path, has[path]) != has[path]]
    explained = compare(one, two, differing[:MAX_EXPLAINED])
    more = differing[MAX_EXPLAINED:]
    changed = tuple(
        ChangedPackage(
            one.path, one.module, one.path in before or one.path in after, one.host_hash, one.plugin_hash, *one[5:]
        )
        for one in explained.packages.mismatched
    )
    causes = (registry.named(Trait.UNEXPLAINED),)
    unexplained = (
        ChangedPackage(path, None, path in before or path in after, had[path], has[path], causes=causes)
        for path in more
    )
    return HostDiff(
        summary(old),
        summary(new),
        explained.packages.compared,
        (*changed, *unexplained),
        tuple(_one_sided(two, (path for path in has if path not in had), after)),
        tuple(_one_sided(one, (path for path in had if path not in has), before)),
        breaks,
        tuple(map(_of_hosts, (*explained.findings, *_too_many(more)))),
    )


def _too_many(packages: Sequence[str]) -> Iterator[Finding]:
    if packages:
        message = f"{len(packages)} more packages changed; why is looked for of the first {MAX_EXPLAINED} only"
        yield Finding(registry.named(Trait.UNEXPLAINED), Role.CAUSE, message, tuple(packages))


def _hashes(host: Binary) -> dict[str, str]:
    """The hashes of a host's packages but the main one, which no plugin has."""
    return {path: found for path, found in host.go.link_hashes.items() if path != "main"} if host.go else {}


def _one_sided(build: Build, packages: Iterable[str], plugins_can: frozenset[str]) -> Iterator[OneSided]:
    for path in packages:
        used = build.use(path)
        module = used.path if used is not None else STD if is_std(path) else None
        version = used.described if used is not None and not used.is_main else None
        yield OneSided(path, module, version, path in plugins_can)


def _of_hosts(finding: Finding) -> Finding:
    """A finding about two hosts: its fix would tell a plugin how to follow the first."""
    evidence = {{"host": "old", "plugin": "new"}.get(key, key): value for key, value in finding.evidence.items()}
    return finding._replace(evidence=evidence, fix="")


# -- what plugins can import -------------------------------------------------------------------------------------------


def importable(host: Build) -> frozenset[str]:
    """The packages of a host that a plugin of another module may link, directly or through others.

    All but the main package, the external tests of a test binary, and the `internal` packages of a module that none of
    its public packages can import: one that could comes behind it in link order.
    """
    paths = [path for path in _hashes(host.binary) if not (host.tested and path == f"{host.tested}_test")]
    inner = {path: root for path in paths if (root := _internal_root(path)) is not None}
    if not inner:
        return frozenset(paths)
    roots = Roots(inner.values())
    out: set[str] = set()
    seen: set[str] = set()
    """The roots in which a package of `out` lies."""
    for path in reversed(paths):
        root = inner.get(path)
        if root is None or root in seen or (is_std(path) and host.use(path) is None):
            out.add(path)
            seen.update(roots.above(path))
    return frozenset(out)


def _internal_root(path: str) -> str | None:
    """The folder below which a package may be imported (`load.disallowInternal`); None: everywhere."""
    if "internal" not in path:
        return None
    parts = path.split("/")
    last = max((index for index, part in enumerate(parts) if part == "internal"), default=None)
    return None if last is None else "/".join(parts[:last])


# -- what keeps every plugin out ---------------------------------------------------------------------------------------


def _breaks(old: Binary, new: Binary) -> Iterator[HostChange]:
    """What keeps all out that the old host let in. One that lets none in has nothing to lose."""
    if old.go is None or lack_of(old) is not None:
        return
    lack = lack_of(new)
    if lack is not None:
        yield HostChange(registry.lacking(lack).slug, MESSAGES[lack])
        return
    if old.elf and new.elf:
        sides = [f"{elf.goarch}, {elf.elf_class} bits, {elf.byte_order}-endian" for elf in (old.elf, new.elf)]
        if sides[0] != sides[1]:
            yield HostChange(
                registry.explaining(Failure.MACHINE).slug, f"{OLD} is for {sides[0]}, {NEW} for {sides[1]}"
            )
    libcs = [libc_of(host).kind for host in (old, new)]
    if libcs[0] != libcs[1] and "unknown" not in libcs:
        slug = registry.explaining(Failure.OTHER_LIBC).slug
        yield HostChange(slug, f"{OLD} is linked with {libcs[0]}, {NEW} with {libcs[1]}")
    layouts = [build.layout for build in (Build(old, OLD), Build(new, NEW))]
    if all(layouts) and layouts[0] != layouts[1]:
        text = f"module data has the layout of {layouts[0]} in {OLD}, of {layouts[1]} in {NEW}"
        yield HostChange(registry.named(Trait.GO_RELEASE), text)


MESSAGES: Mapping[Lack, str] = {
    Lack.PLUGIN_PACKAGE: f"{NEW} does not import package plugin: it opens no plugins",
    Lack.CGO: f"{NEW} was built without cgo: its package plugin is a stub",
    Lack.DYNAMIC_LINKER: f"{NEW} is statically linked: no plugin can join its module list",
    Lack.EXPORTS: f"{NEW} does not export Go's symbols (linked internally, as a C program without -rdynamic, or "
    "stripped of its dynamic symbols): no plugin can join its module list",
    Lack.PLAIN_MEMORY: f"{NEW} was built with -asan: AddressSanitizer ends the process when a plugin is opened",
}
"""What to say of a host that lacks something that every plugin needs."""
