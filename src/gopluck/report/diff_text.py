"""The result of a diff of two hosts for people: the verdict, why packages changed, which, and what plugins need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from gopluck.report.clean import clean
from gopluck.report.diff_model import ChangedPackage, HostDiff, OneSided, PluginChange
from gopluck.report.interface import NORMAL, QUIET, View
from gopluck.report.layout import Layout, count
from gopluck.report.model import Finding
from gopluck.report.text import HINT, INDENT, SHOWN_FINDINGS, SHOWN_GROUPS, SHOWN_NAMES, STANDARD_LIBRARY, more

COLUMN = 11
"""Where the text after a label (`why`, `changed`) begins."""

MARKS = {"compatible": "loads", "breaking": "fails", "unknown": "unknown"}
STYLES = {"compatible": "good", "breaking": "bad", "unknown": "open"}
ACTIONS = {"keep": "loads", "rebuild": "fails", "unfit": "not-reached", "unknown": "unknown"}
ACTION_STYLES = {"keep": "good", "rebuild": "bad", "unfit": "open", "unknown": "open"}

ADDED = "A plugin that brings its own copy of one of these has to match the host's now."
REMOVED = "Plugins bring these themselves now: two in one process may conflict."

Package = TypeVar("Package", ChangedPackage, OneSided)


def render(diff: HostDiff, view: View) -> str:
    """The document; empty when quiet and nothing breaks."""
    layout = Layout(view)
    lines = _quiet(diff, layout) if view.verbosity == QUIET else _Document(diff, layout).lines()
    return "".join(line.rstrip() + "\n" for line in lines)


def _quiet(diff: HostDiff, layout: Layout) -> Iterator[str]:
    if diff.verdict == "compatible":
        return
    yield layout.paint(_verdict(diff, layout), STYLES[diff.verdict])
    for plugin in diff.plugins:
        if plugin.action in ("rebuild", "unknown"):
            yield layout.paint(" ".join(_plugin_verdict(plugin, diff, layout)), ACTION_STYLES[plugin.action])


def _verdict(diff: HostDiff, layout: Layout) -> str:
    old, new = clean(diff.old.path), clean(diff.new.path)
    start = layout.mark(MARKS[diff.verdict])
    if diff.verdict == "unknown":
        return f"{start} whether plugins of {old} fit {new} cannot be determined"
    if diff.verdict == "compatible":
        return f"{start} plugins of {old} fit {new}"
    if diff.breaks:
        return f"{start} no plugin of {old} fits {new}"
    if any(package.importable for package in diff.changed):
        return f"{start} plugins of {old} have to be rebuilt for {new}"
    some = sum(plugin.action == "rebuild" for plugin in diff.plugins)
    of = f"{some} of {count(len(diff.plugins), 'plugin')}"
    return f"{start} {of} {'has' if some == 1 else 'have'} to be rebuilt for {new}"


def _plugin_verdict(plugin: PluginChange, diff: HostDiff, layout: Layout) -> list[str]:
    """The line of a plugin as atoms, so that a path with a space stays whole."""
    start = f"{layout.mark(ACTIONS[plugin.action])} {clean(plugin.path)}"
    old, new = clean(diff.old.path), clean(diff.new.path)
    if plugin.action == "keep":
        return [start, "loads", "into", new, *([] if plugin.old.verdict == "loads" else ["now"])]
    if plugin.action == "rebuild":
        return [start, "has", "to", "be", "rebuilt"]
    if plugin.action == "unfit":
        return [start, "did", "not", "load", "into", old, "either"]
    which = new if plugin.new.verdict == "unknown" else old
    return [start, "may", "or", "may", "not", "load", "into", which]


class _Document:
    """The whole text."""

    def __init__(self, diff: HostDiff, layout: Layout) -> None:
        self.diff = diff
        self.layout = layout
        self.verbose = layout.view.verbosity > NORMAL
        self.hinted = False

    def lines(self) -> Iterator[str]:
        """All of them."""
        yield from self._head()
        for block in (self._reasons(), self._changed(), self._one_sided(), self._plugins()):
            lines = list(block)
            if lines:
                yield ""
                yield from lines
        rules = [*(one.rule for one in self.diff.breaks), *(one.rule for one in self.diff.findings)]
        slugs = dict.fromkeys(map(clean, rules))
        if slugs:
            yield ""
            yield more(slugs, self.layout)

    def _head(self) -> Iterator[str]:
        diff = self.diff
        yield self.layout.paint(_verdict(diff, self.layout), STYLES[diff.verdict])
        if diff.note is not None:
            yield from self._plain(clean(diff.note))
            return
        changed = sum(package.importable for package in diff.changed)
        others = len(diff.changed) - changed
        if not diff.changed:
            yield from self._plain(f"all {count(diff.compared, 'package')} that both have match")
        elif changed:
            yield from self._plain(
                f"{changed} of {count(diff.compared, 'package')} changed: a plugin that links "
                f"{'it' if changed == 1 else 'one of them'} is refused"
            )
        if others:
            of = "more" if changed else f"of {count(diff.compared, 'package')}"
            yield from self._plain(f"{others} {of} changed that no plugin of another module can import")

    # -- why -----------------------------------------------------------------------------------------------

    def _reasons(self) -> Iterator[str]:
        label = "why"
        for change in self.diff.breaks:
            yield from self._labelled(label, clean(change.message), clean(change.rule))
            label = "and"
        groups: dict[str, list[Finding]] = {}
        for finding in self.diff.findings:
            if finding.role == "cause":
                groups.setdefault(finding.rule, []).append(finding)
        for group in groups.values():
            yield from self._findings(label, group)
            label = "and"

    def _findings(self, label: str, group: Sequence[Finding]) -> Iterator[str]:
        """The findings of one rule; its slug stands once, at the right."""
        slug = clean(group[0].rule)
        shown = group if self.verbose or len(group) <= SHOWN_FINDINGS + 1 else group[:SHOWN_FINDINGS]
        for finding in shown:
            yield from self._labelled(label, clean(finding.message), slug)
            label = slug = ""
            if finding.packages and len(self.diff.changed) > 1:
                if len(finding.packages) == len(self.diff.changed):
                    yield from self._text("both packages" if len(finding.packages) == 2 else "all that changed")
                else:
                    yield from self._names([count(len(finding.packages), "package") + ":"], finding.packages)
            if self.verbose:
                for side, value in finding.evidence.items():
                    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value or "-")
                    yield f"{' ' * (COLUMN + 2)}{self.layout.paint(f'{clean(side):4}', 'dim')}  {clean(text)}"
        if len(shown) < len(group):
            yield from self._text(f"and {len(group) - len(shown)} more of this kind {HINT}")

    # -- which packages ------------------------------------------------------------------------------------

    def _changed(self) -> Iterator[str]:
        for label, packages in (
            ("changed", [package for package in self.diff.changed if package.importable]),
            ("internal", [package for package in self.diff.changed if not package.importable]),
        ):
            if self.verbose:
                for package in packages:
                    yield from self._package(label, package)
                    label = ""
            else:
                yield from self._groups(label, packages)

    def _package(self, label: str, package: ChangedPackage) -> Iterator[str]:
        """Everything that is known about one package."""
        module = _module(package)
        heading = clean(package.path)
        if module not in (None, package.path):
            heading += f" ({clean(module or '')})"
        yield from self._labelled(label, heading, clean(", ".join(package.causes)))
        for side, value, directory in (
            ("old", package.old_hash, package.old_dir),
            ("new", package.new_hash, package.new_dir),
        ):
            shown = clean(directory) if directory else "(no directory recorded)"
            yield f"{' ' * (COLUMN + 2)}{self.layout.paint(side, 'dim')}  {value}  {shown}"
        if package.via:
            for line in self.layout.fold(["via", *self.layout.listed(tuple(map(clean, package.via)))], COLUMN + 2):
                yield " " * (COLUMN + 2) + line

    def _one_sided(self) -> Iterator[str]:
        for label, packages, note in (
            ("added", self.diff.added, ADDED),
            ("removed", self.diff.removed, REMOVED),
        ):
            chosen = [package for package in packages if package.importable]
            if chosen:
                yield from self._groups(label, chosen)
                yield from self._text(note)

    def _groups(self, label: str, packages: Sequence[Package]) -> Iterator[str]:
        """Packages by module: how many, and some names."""
        groups: dict[str | None, list[Package]] = {}
        for package in packages:
            groups.setdefault(_module(package) or package.path, []).append(package)
        shown = len(groups) if self.verbose or len(groups) <= SHOWN_GROUPS + 1 else SHOWN_GROUPS
        for module, members in list(groups.items())[:shown]:
            names = [package.path for package in members]
            if names == [module]:
                lines = self._labelled(label, clean(names[0]))
            else:
                lines = self._names([f"{clean(module or '')},", f"{count(len(names), 'package')}:"], names, label)
            yield from lines
            label = ""
        hidden = sum(len(members) for members in list(groups.values())[shown:])
        if hidden:
            yield from self._text(f"and {count(hidden, 'package')} of {len(groups) - shown} more modules {HINT}")

    # -- plugins -------------------------------------------------------------------------------------------

    def _plugins(self) -> Iterator[str]:
        plugins = self.diff.plugins
        for plugin in plugins:
            atoms = _plugin_verdict(plugin, self.diff, self.layout)
            folded = self.layout.fold(atoms, 0) if self.layout.view.fold_quotes else [" ".join(atoms)]
            for line in folded:
                yield self.layout.paint(line, ACTION_STYLES[plugin.action])
            if plugin.action == "rebuild" or (plugin.action == "unfit" and self.verbose):
                for error in (plugin.new.error or plugin.new.note or "").split("\n"):
                    for line in self.layout.quote(clean(error), INDENT):
                        yield " " * INDENT + self.layout.paint(line, "error")
            if plugin.action == "unknown":
                yield from self._plain(clean(plugin.new.note or plugin.old.note or ""))
        if len(plugins) > 1:
            actions = [plugin.action for plugin in plugins]
            rebuild = actions.count("rebuild")
            out = f"{rebuild} of {len(plugins)} plugins {'has' if rebuild == 1 else 'have'} to be rebuilt"
            if unfit := actions.count("unfit"):
                out += f", {unfit} did not load before"
            if unknown := actions.count("unknown"):
                out += f", {unknown} cannot be determined"
            yield ""
            yield from self.layout.prose(out + ".", 0)

    # -- lines ---------------------------------------------------------------------------------------------

    def _names(self, heading: Iterable[str], names: Sequence[str], label: str = "") -> Iterator[str]:
        """A heading and an enumeration, after a label."""
        cleaned = tuple(map(clean, names))
        atoms = [*heading, *self.layout.listed(cleaned, None if self.verbose else SHOWN_NAMES)]
        if not self.verbose and self.layout.hides(cleaned, SHOWN_NAMES) and not self.hinted:
            self.hinted = True
            atoms.append(HINT)
        start = " " * INDENT + self.layout.paint(label, "label") + " " * (COLUMN - INDENT - len(label))
        for line in self.layout.fold(atoms, COLUMN):
            yield start + line
            start = " " * COLUMN

    def _labelled(self, label: str, text: str, slug: str = "") -> Iterator[str]:
        yield from self.layout.labelled(label, text, INDENT, COLUMN, slug)

    def _text(self, text: str) -> Iterator[str]:
        for line in self.layout.prose(text, COLUMN):
            yield " " * COLUMN + line

    def _plain(self, text: str) -> Iterator[str]:
        for line in self.layout.prose(text, INDENT):
            yield " " * INDENT + line


def _module(package: ChangedPackage | OneSided) -> str | None:
    return STANDARD_LIBRARY if package.module == "std" else package.module
