"""`module-content`: the same module, without a version that pins its code, was compiled from other code."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.rules.builds import Build
from gopluck.rules.model import Comparison, Difference, Link, Rule


def differs(comparison: Comparison) -> Iterator[Difference]:
    """By checksums that differ; else where nothing pins the code: a checkout, a folder, a vendor folder."""
    provider, plugin = comparison.builds
    certain: dict[str, list[str]] = {}
    possible: dict[str, list[str]] = {}
    for path in comparison.mismatched:
        one, two = provider.use(path), plugin.use(path)
        if (
            path in (provider.tested, plugin.tested)
            or one is None
            or two is None
            or (one.path, one.version) != (two.path, two.version)
        ):
            continue
        if one.effective != two.effective and not (one.is_folder and two.is_folder):
            continue
        sums = [use.sum or (use.replace.sum if use.replace else "") for use in (one, two)]
        if all(sums) and sums[0] != sums[1]:
            certain.setdefault(one.path, []).append(path)
        elif not all(sums):
            possible.setdefault(one.path, []).append(path)
    for module in dict.fromkeys([*certain, *possible]):
        first, second = _from(provider, module), _from(plugin, module)
        yield Difference(
            "module-content",
            f"the code of {module} differs: it comes from {first} in {provider.name}, from {second} in {plugin.name}"
            if first != second
            else f"the code of {module} differs: on both sides it comes from {first}, whose content nothing pins",
            tuple(certain.get(module, ())),
            tuple(possible.get(module, ())),
            evidence={"host": first, "plugin": second},
            fix=f"Build host and plugin with the same code of {module}: the same commit, without local edits.",
        )


def _from(build: Build, module: str) -> str:
    use = build.modules.get(module)
    if use is None:
        return "an unknown place"
    if use.is_main:
        return f"{use.version} ({use.sum})" if use.sum else "the checkout"
    if use.replace is not None and use.is_folder:
        return f"the folder {use.replace.path}"
    checksum = use.sum or (use.replace.sum if use.replace else "")
    if not checksum and build.vendored:
        return "the vendor folder"
    return f"{use.described} ({checksum})" if checksum else use.described


RULE = Rule(
    slug="module-content",
    title="The same module was compiled from other code.",
    meaning="Path, version and flags agree, but the code of the package is not pinned by a version (a checkout, a "
    "replacement by a folder, a vendor folder), or the recorded checksums differ. What is left is the code itself.",
    why="A comment line that moves others, a new declaration, or another body of a function that can be inlined "
    "changes a package's hash. An edit inside a function that is not inlined does not: then the plugin loads, and two "
    "codes run side by side.",
    example="The shared package was edited in the host's checkout after the plugin was built.",
    fix="Build host and plugin from the same commit, without local edits; better, give shared packages a module with "
    "versions.",
    links=(
        Link("src/cmd/compile/internal/noder/unified.go", "https://go.dev/src/cmd/compile/internal/noder/unified.go"),
        Link("golang/go #31278", "https://github.com/golang/go/issues/31278"),
    ),
    differs=differs,
)
