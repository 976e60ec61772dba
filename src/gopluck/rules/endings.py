"""What the loading rules share: recognising the rule that the replay of `dlopen` named."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from gopluck.report.model import Finding
from gopluck.rules.builds import Build
from gopluck.rules.commands import plugin_command
from gopluck.rules.model import Evidence, Explain

Words = Callable[[Evidence, Mapping[str, str]], tuple[str, str]]
"""(message, fix) from the evidence that `dlopen` collected."""


def by_dlopen(slug: str, words: Words) -> Explain:
    """The finding of a rule that the replay of `dlopen` has named."""

    def ends(evidence: Evidence) -> Iterator[Finding]:
        found = evidence.outcome.dlopen
        if found is None or found.rule != slug or evidence.outcome.why != "dlopen":
            return
        message, fix = words(evidence, found.evidence)
        yield cause(slug, message, fix, **found.evidence)

    return ends


def cause(slug: str, message: str, fix: str, **evidence: str) -> Finding:
    """A finding about the way an Open ended."""
    return Finding(slug, "cause", message, (), dict(evidence), fix)


def name(evidence: Evidence) -> str:
    """The plugin's file name."""
    return evidence.plugin.path.rpartition("/")[2]


def rebuild(evidence: Evidence) -> str:
    """The command that builds the plugin for this host."""
    return plugin_command(Build(evidence.host, "the host"), evidence.plugin.path)


def host_command(flags: str = "") -> str:
    """The command that builds a host which can open plugins."""
    return " ".join(filter(None, ["CGO_ENABLED=1 go build", flags, "."]))
