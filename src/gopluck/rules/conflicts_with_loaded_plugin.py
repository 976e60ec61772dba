"""`conflicts-with-loaded-plugin`: two plugins bring the same package, compiled differently."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.report.model import Finding
from gopluck.rules.model import Evidence, Link, Opened, Rule


def ends(evidence: Evidence) -> Iterator[Finding]:
    """By the provider of each mismatched package."""
    groups: dict[int, list[str]] = {}
    for mismatch in evidence.outcome.mismatches:
        if mismatch.provider > 0 and not rebuilt(evidence, mismatch.provider):
            groups.setdefault(mismatch.provider, []).append(mismatch.path)
    for position, packages in groups.items():
        other = evidence.opened(position)
        if other is None:
            continue
        refused = ", although it was refused" if other.outcome.verdict != "loads" else ""
        names = packages[0] if len(packages) == 1 else f"{packages[0]} and {len(packages) - 1} more"
        yield Finding(
            "conflicts-with-loaded-plugin",
            "cause",
            f"the process has {names} from {other.title}{refused}; the plugin was built with another",
            tuple(packages),
            {"host": other.title, "plugin": evidence.plugin.path},
            f"Build {other.title} and {evidence.plugin.path} with the same modules and flags, or load one of them in "
            "another process.",
        )


def rebuilt(evidence: Evidence, position: int) -> Opened | None:
    """An earlier Open of another build of this very plugin."""
    other = evidence.opened(position)
    if other is None or other.binary is None or other.binary.go is None or evidence.plugin.go is None:
        return None
    return other if other.binary.go.pluginpath == evidence.plugin.go.pluginpath else None


RULE = Rule(
    slug="conflicts-with-loaded-plugin",
    title="An earlier plugin has brought a package that this one was compiled against differently.",
    meaning="The host does not have the package; an earlier plugin does, with another hash. Each of the two fits the "
    "host alone.",
    why="The first file that defines a package defines it for the whole process, and nothing is unloaded: even a "
    "plugin that was refused leaves its packages behind.",
    example="Plugins a.so and b.so use different versions of a module that the host does not use.",
    fix="Agree on one version of every module that two plugins share; simplest is to let the host import it, too. The "
    "order of loading decides only which of the two fails.",
    links=(
        Link("src/runtime/plugin.go, plugin_lastmoduleinit", "https://go.dev/src/runtime/plugin.go"),
        Link("golang/go #27751", "https://github.com/golang/go/issues/27751"),
    ),
    ends=ends,
)
