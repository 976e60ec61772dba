"""What changed between two builds of a host, and what of it plugins can notice (`docs/diff.md`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from gopluck.facts.model import Binary
from gopluck.replay.dlopen import libc_of
from gopluck.report.diff_model import ChangedPackage, HostChange, OneSided
from gopluck.report.model import Finding
from gopluck.rules.builds import STD, Build, is_std
from gopluck.rules.engine import compare

OLD, NEW = "the old host", "the new host"
"""How messages call the two."""


class Changes(NamedTuple):
    """What `compare_hosts` found, in link order."""

    compared: int
    """Packages that both hosts have."""
    changed: tuple[ChangedPackage, ...]
    added: tuple[OneSided, ...]
    removed: tuple[OneSided, ...]
    causes: tuple[Finding, ...]
    """Why packages changed. `evidence` has `old` and `new`."""
    breaks: tuple[HostChange, ...]
    """Why no plugin loads into the new host that loaded into the old one, whatever its packages are."""
    note: str | None = None
    """Why the packages could not be compared."""


def compare_hosts(old: Binary, new: Binary) -> Changes:
    """The changes from one build of a host to the next; both with all their link hashes and evidence."""
    one, two = Build(old, OLD), Build(new, NEW)
    had, has = map(_hashes, (old, new))
    breaks = tuple(_breaks(old, new))
    if not had or not has:
        # A program that does not import package plugin defines none.
        without = " and ".join(build.name for build, hashes in ((one, had), (two, has)) if not hashes)
        return Changes(0, (), (), (), (), breaks, f"{without} define{'s' if had or has else ''} no package hashes")
    before, after = importable(one), importable(two)
    explained = compare(one, two, [path for path in has if had.get(path, has[path]) != has[path]])
    changed = tuple(
        ChangedPackage(
            package.path,
            package.module,
            package.path in before or package.path in after,
            package.host_hash,
            package.plugin_hash,
            package.host_dir,
            package.plugin_dir,
            package.causes,
            package.via,
        )
        for package in explained.packages.mismatched
    )
    return Changes(
        explained.packages.compared,
        changed,
        tuple(_one_sided(two, (path for path in has if path not in had), after)),
        tuple(_one_sided(one, (path for path in had if path not in has), before)),
        tuple(map(_of_hosts, explained.findings)),
        breaks,
    )


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
    out: set[str] = set()
    trees: set[str] = set()
    """The paths of the packages in `out`, and of every folder that they lie in."""
    for path in reversed(_hashes(host.binary)):
        if host.tested and path == f"{host.tested}_test":
            continue
        root = None if is_std(path) and host.use(path) is None else _internal_root(path)
        if root is None or root in trees:
            out.add(path)
            trees.update(_folders(path))
    return frozenset(out)


def _internal_root(path: str) -> str | None:
    """The folder below which a package may be imported (`load.disallowInternal`); None: everywhere."""
    parts = path.split("/")
    last = max((index for index, part in enumerate(parts) if part == "internal"), default=None)
    return None if last is None else "/".join(parts[:last])


def _folders(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path.rpartition("/")[0]


# -- what keeps every plugin out ---------------------------------------------------------------------------------------


def _breaks(old: Binary, new: Binary) -> Iterator[HostChange]:
    """What keeps all out that the old host let in. One that lets none in has nothing to lose."""
    if any(lacks(old) for _, lacks, _ in LACKS):
        return
    for rule, lacks, message in LACKS:
        if lacks(new):
            yield HostChange(rule, message)
            return
    if old.elf and new.elf:
        sides = [f"{elf.goarch}, {elf.elf_class} bits, {elf.byte_order}-endian" for elf in (old.elf, new.elf)]
        if sides[0] != sides[1]:
            yield HostChange("machine-mismatch", f"{OLD} is for {sides[0]}, {NEW} for {sides[1]}")
    libcs = [libc_of(host).kind for host in (old, new)]
    if libcs[0] != libcs[1] and "unknown" not in libcs:
        yield HostChange("libc-mismatch", f"{OLD} is linked with {libcs[0]}, {NEW} with {libcs[1]}")
    layouts = [build.layout for build in (Build(old, OLD), Build(new, NEW))]
    if all(layouts) and layouts[0] != layouts[1]:
        yield HostChange("go-version", f"module data has the layout of {layouts[0]} in {OLD}, of {layouts[1]} in {NEW}")


def _support(host: Binary) -> str:
    return host.go.plugin_support if host.go else "unknown"


def _joinable(host: Binary) -> bool:
    return host.go is None or host.go.exports_moduledata


def _static(host: Binary) -> bool:
    return host.elf is not None and host.elf.interp is None


LACKS: tuple[tuple[str, Callable[[Binary], bool], str], ...] = (
    (
        "host-without-plugin-support",
        lambda host: _support(host) == "none",
        f"{NEW} does not import package plugin: it opens no plugins",
    ),
    (
        "host-without-cgo",
        lambda host: _support(host) == "stub",
        f"{NEW} was built without cgo: its package plugin is a stub",
    ),
    (
        "static-host",
        lambda host: _static(host) and not _joinable(host),
        f"{NEW} is statically linked: no plugin can join its module list",
    ),
    (
        "host-not-exporting",
        lambda host: not _joinable(host),
        f"{NEW} does not export Go's symbols (linked internally, or stripped of its dynamic symbols): no plugin can "
        "join its module list",
    ),
)
"""Rule, whether a host lacks something that every plugin needs, and what to say of it."""
