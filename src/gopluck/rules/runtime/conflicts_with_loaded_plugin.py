"""`conflicts-with-loaded-plugin`: two plugins bring the same package, compiled differently."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.clean import first_of
from gopluck.replay.ends import IN_THE_RUNTIME
from gopluck.result.verdict import Verdict
from gopluck.rules.model import Evidence, Rule, Told, go_issue, go_source, told


def ends(evidence: Evidence) -> Iterator[Told]:
    """By the provider of each mismatched package."""
    for other, packages in evidence.conflicts():
        if evidence.rebuilt(other):
            continue
        refused = ", although it was refused" if other.outcome.verdict != Verdict.LOADS else ""
        names = first_of(packages)
        yield told(
            f"the process has {names} from {other.title}{refused}; the plugin was built with another",
            f"Build {other.title} and {evidence.plugin.path} with the same modules and flags, or load one of them in "
            "another process.",
            packages,
            host=other.title,
            plugin=evidence.plugin.path,
        )._replace(headline=f"the process has another {names} from {other.title}")


RULE = Rule(
    slug="conflicts-with-loaded-plugin",
    rank=160,
    title="An earlier plugin has brought a package that this one was compiled against differently.",
    meaning="The host does not have the package; an earlier plugin does, with another hash. Each of the two fits the "
    "host alone.",
    why="The first file that defines a package defines it for the whole process, and nothing is unloaded: even a "
    "plugin that was refused leaves its packages behind.",
    example="Plugins a.so and b.so use different versions of a module that the host does not use.",
    fix="Agree on one version of every module that two plugins share; simplest is to let the host import it, too. The "
    "order of loading decides only which of the two fails.",
    links=(go_source("runtime/plugin.go, plugin_lastmoduleinit"), go_issue(27751)),
    ends=ends,
    explains=IN_THE_RUNTIME,
)
