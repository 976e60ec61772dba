"""`replaced-file`: another file lies under the path of an open plugin; Open gives the one that was there first."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.replay.ends import End
from gopluck.rules.model import Evidence, Rule, Told, go_issue, go_source, told


def risks(evidence: Evidence) -> Iterator[Told]:
    """By the files of both Opens of the path."""
    if evidence.outcome.why != End.CACHED:
        return
    first = evidence.opened(evidence.outcome.other)
    if first is None or first.binary is None or first.binary.identity.inode == evidence.plugin.identity.inode:
        return
    yield told(
        f"Open {first.position} loaded {first.title} from this path: this Open gives the host that plugin again, and "
        f"nothing of {evidence.file} is loaded",
        "Give each build a path and a module path of its own, or restart the host.",
        host=first.title,
        plugin=evidence.plugin.path,
    )


RULE = Rule(
    slug="replaced-file",
    rank=70,
    title="The file of a plugin that is open was replaced: Open gives the old code.",
    meaning="The process has opened this path before, and another file lay there. The second Open succeeds and gives "
    "the first plugin. gopluck takes two plugins with one `--as NAME` for files that lay there one after the other. "
    "When a symbolic link is switched instead, Go sees two paths.",
    why="Go keeps plugins by the path behind all links, and looks at that list before it opens the file.",
    example="A host watches plugins/auth.so and opens it again after each build: no error, and the old functions.",
    fix="Restart the host, or build each version with a module path of its own into a file of its own.",
    links=(go_source("plugin/plugin_dlopen.go, open"), go_issue(17980), go_issue(33230)),
    explains=frozenset({End.CACHED}),
    risks=risks,
)
