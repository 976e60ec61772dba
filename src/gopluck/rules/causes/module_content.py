"""`module-content`: the same module, without a version that pins its code, was compiled from other code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gopluck.builds.build import Build
from gopluck.builds.paths import Why
from gopluck.builds.source import Use
from gopluck.rules.model import Comparison, Difference, Rule, Trait, go_issue, go_source


def differs(comparison: Comparison) -> Iterator[Difference]:
    """By functions that begin at other lines, and checksums that differ; else where nothing pins the code: a checkout,
    a folder, a vendor folder.
    """
    provider, plugin = comparison.builds
    certain: dict[str, list[str]] = {}
    possible: dict[str, list[str]] = {}
    moved: dict[str, str] = {}
    # Of a module that only a replacement gives other code, the replacement is the reason.
    replaced = {found.package for found in comparison.paths.by(Why.REPLACED) if not found.certain}
    for path in comparison.mismatched:
        use = _same_module(comparison, path) if path not in replaced else None
        if use is None:
            continue
        sums = [_checksum(build, path) for build in comparison.builds]
        found = comparison.moved(path)
        if found:
            moved.setdefault(use.path, found)
        if found or (all(sums) and sums[0] != sums[1]):
            certain.setdefault(use.path, []).append(path)
        elif not all(sums):
            possible.setdefault(use.path, []).append(path)
    for module in certain:
        first, second = origin(provider, module), origin(plugin, module)
        yield Difference(
            f"the code of {module} differs: {moved.get(module) or _sides(comparison, first, second)}",
            tuple(certain[module]),
            tuple(possible.get(module, ())),
            evidence={"host": first, "plugin": second},
            fix=_fix(module),
            headline=f"the code of {module} differs",
        )
    for (first, second), modules in _alike(comparison, [one for one in possible if one not in certain]).items():
        names = _listed(modules)
        yield Difference(
            f"the code of {names} differs: {_sides(comparison, first, second)}",
            (),
            tuple(path for module in modules for path in possible[module]),
            evidence={"host": first, "plugin": second},
            fix=_fix(names),
            doubt=f"the code of {names} may differ, too: {_sides(comparison, first, second)}",
            headline=f"the code of {names} differs",
        )


def _alike(comparison: Comparison, modules: Sequence[str]) -> Mapping[tuple[str, str], list[str]]:
    """Modules by where both sides take them from; those that one side takes by their versions go together."""
    out: dict[tuple[str, str], list[str]] = {}
    for module in modules:
        sides = [origin(build, module) for build in comparison.builds]
        if sides[0] != sides[1]:
            sides = [
                VERSION if _checksum(build, module) else side
                for build, side in zip(comparison.builds, sides, strict=True)
            ]
        out.setdefault((sides[0], sides[1]), []).append(module)
    return out


VERSION = "its version in the module cache"


def _listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, or `a, b and 3 more`."""
    if len(names) <= 2:
        return " and ".join(names)
    return f"{names[0]}, {names[1]} and {len(names) - 2} more"


def _fix(names: str) -> str:
    return f"Build host and plugin with the same code of {names}: the same commit, without local edits."


def _same_module(comparison: Comparison, path: str) -> Use | None:
    """The module of a package, when both sides take it from what has one name and version there."""
    one, two = comparison.provider.use(path), comparison.plugin.use(path)
    if path in (comparison.provider.tested, comparison.plugin.tested) or one is None or two is None:
        return None
    if (one.path, one.version) != (two.path, two.version):
        return None
    return one if one.effective == two.effective or (one.is_folder and two.is_folder) else None


def _checksum(build: Build, path: str) -> str:
    use = build.use(path)
    return use.checksum if use else ""


def _sides(comparison: Comparison, first: str, second: str) -> str:
    if first != second:
        return f"it comes from {first} in {comparison.provider.name}, from {second} in {comparison.plugin.name}"
    return f"on both sides it comes from {first}, without a version or checksum"


def origin(build: Build, module: str) -> str:
    """Where a build has the code of a module from, in words."""
    use = build.modules.get(module)
    if use is None:
        return "an unknown place"
    if use.is_main:
        return f"{use.version} ({use.sum})" if use.sum else "the checkout"
    if use.replace is not None and use.is_folder:
        return f"the folder {use.replace.path}"
    checksum = _checksum(build, module)
    if not checksum and build.vendored:
        return "the vendor folder"
    return f"{use.described} ({checksum})" if checksum else use.described


RULE = Rule(
    slug="module-content",
    rank=130,
    title="The same module was compiled from other code.",
    meaning="Path, version and flags agree, but the code of the package is not pinned by a version (a checkout, a "
    "replacement by a folder, a vendor folder), or the recorded checksums differ. What is left is the code itself.",
    why="A comment line that moves others, a new declaration, or another body of a function that can be inlined or is "
    "generic changes a package's hash. An edit inside another function does not, unless a parameter comes to escape "
    "(or, before Go 1.27, a go statement is added; or, with Go 1.15, 1.18 and 1.19, the last function gets another "
    "number of lines): then the plugin loads, and two codes run side by side.",
    example="The shared package was edited in the host's checkout after the plugin was built.",
    fix="Build host and plugin from the same commit, without local edits; better, give shared packages a module with "
    "versions.",
    links=(go_source("cmd/compile/internal/noder/unified.go"), go_issue(31278)),
    differs=differs,
    nearer=True,
    traits=frozenset({Trait.UNPINNED_CODE}),
)
