"""How a module fits a host, for people: the verdict, what differs and why, and what to type."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.remedy.alignment import Alignment
from gopluck.report.clean import clean, clean_lines
from gopluck.report.interface import NORMAL, QUIET, View
from gopluck.report.layout import Layout, count, is_command
from gopluck.report.model import Finding

INDENT, COLUMN = 2, 8
SHOWN_NAMES = 3
SHOWN_FINE = 3
"""Harmless differences that are shown without `-v`."""

MARKS = {"fits": "loads", "differs": "fails", "unknown": "unknown"}
STYLES = {"fits": "good", "differs": "bad", "unknown": "open"}
VENDOR = "go mod vendor"
"""The fix that goes before the build."""
BASIS = {
    "hashes": "{shared} compiled: each has the host's hash",
    "paths": "{shared} compared by path, version and checksum",
    "go.mod": "compared by go.mod alone: weaker",
}


def render(alignment: Alignment, view: View) -> str:
    """The document; empty when quiet and everything fits."""
    layout = Layout(view)
    if view.verbosity == QUIET:
        lines = (
            []
            if alignment.verdict == "fits"
            else [layout.paint(_verdict(alignment, layout), STYLES[alignment.verdict])]
        )
    else:
        lines = list(_Document(alignment, layout).lines())
    return "".join(line.rstrip() + "\n" for line in lines)


def _verdict(alignment: Alignment, layout: Layout) -> str:
    mark = layout.mark(MARKS[alignment.verdict])
    who = f"{clean(alignment.module)} ({clean(alignment.folder)})"
    host = clean(alignment.host)
    if alignment.verdict == "fits":
        return f"{mark} {who} fits {host}"
    if alignment.verdict == "differs":
        return f"{mark} {who} does not fit {host}"
    return f"{mark} whether {who} fits {host} cannot be determined"


class _Document:
    """The whole text."""

    def __init__(self, alignment: Alignment, layout: Layout) -> None:
        self.alignment = alignment
        self.layout = layout
        self.verbose = layout.view.verbosity > NORMAL

    def lines(self) -> Iterator[str]:
        """All of them: blocks with a blank line between."""
        alignment = self.alignment
        yield self.layout.paint(_verdict(alignment, self.layout), STYLES[alignment.verdict])
        if alignment.shared and (alignment.verdict == "fits" or self.verbose):
            shared = f"{count(len(alignment.shared), 'shared package')}"
            for line in self.layout.prose(BASIS[alignment.basis].format(shared=shared), INDENT):
                yield " " * INDENT + line
        for block in (self._why(), self._fine(), self._notes(), self._fix()):
            lines = list(block)
            if lines:
                yield ""
                yield from lines

    def _why(self) -> Iterator[str]:
        label = "why"
        for finding in self._findings("cause"):
            yield from self._labelled(label, finding.message, finding.rule)
            yield from self._packages(finding)
            label = "and"
        for finding in self._findings("risk"):
            yield from self._labelled("risk", finding.message, finding.rule)
            yield from self._packages(finding)
        if self.alignment.reason:
            yield from self._labelled(label, self.alignment.reason)

    def _packages(self, finding: Finding) -> Iterator[str]:
        names = tuple(clean(path) for path in finding.packages)
        if len(names) > 1 or (names and names[0] not in finding.message):
            heading = [
                f"{count(len(names), 'package')}:",
                *self.layout.listed(names, None if self.verbose else SHOWN_NAMES),
            ]
            for line in self.layout.fold(" ".join(heading).split(), COLUMN):
                yield " " * COLUMN + line

    def _fine(self) -> Iterator[str]:
        found = list(self._findings("harmless"))
        shown = found if self.verbose or len(found) <= SHOWN_FINE + 1 else found[:SHOWN_FINE]
        label = "fine"
        for finding in shown:
            yield from self._labelled(label, finding.message, finding.rule)
            label = ""
        if len(shown) < len(found):
            yield from self._labelled(
                "", f"and {len(found) - len(shown)} more differences that do not matter (-v shows all)"
            )

    def _notes(self) -> Iterator[str]:
        label = "note"
        for note in dict.fromkeys((*self.alignment.notes, *self.alignment.recipe.notes)):
            yield from self._labelled(label, note)
            label = ""

    def _fix(self) -> Iterator[str]:
        alignment, recipe = self.alignment, self.alignment.recipe
        if not recipe.possible:
            why = recipe.why_not or ""
            said = why == alignment.reason or any(why == one.message for one in alignment.findings)
            yield from self._labelled("but", "no edit of go.mod settles it" + (f": {why}" if why and not said else ""))
            # What helps against a version was tried.
            causes = [one for one in alignment.findings if one.role == "cause" and one.rule != "module-version"]
            label = "try"
            for line in dict.fromkeys(line for one in causes for line in clean_lines(one.fix)):
                yield from self._labelled(label, line, style="command" if is_command(line) else "")
                label = ""
            return
        label = "build" if alignment.verdict == "fits" else "fix"
        for one in recipe.inputs:
            yield from self._labelled(label, f"{one.path or '$' + one.name} has to be {one.what}")
            label = ""
        vendor = [one.fix for one in alignment.findings if one.role == "cause" and one.fix == VENDOR]
        for command in (*recipe.run[:-1], *vendor, *recipe.run[-1:]):
            for line in self.layout.continued(clean(command), COLUMN):
                start = " " * INDENT + self.layout.paint(label, "label") + " " * (COLUMN - INDENT - len(label))
                yield start + self.layout.paint(line, "command")
                label = ""

    def _findings(self, role: str) -> Iterator[Finding]:
        return (finding for finding in self.alignment.findings if finding.role == role)

    def _labelled(self, label: str, text: str, slug: str = "", style: str = "") -> Iterator[str]:
        yield from self.layout.labelled(label, clean(text), INDENT, COLUMN, slug, style)
