"""The result of a check for people: the verdict, what Go would print, what differs, why, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from gopluck.report.clean import clean, clean_lines
from gopluck.report.interface import NORMAL, QUIET, View
from gopluck.report.layout import STYLES, Layout, count, is_command
from gopluck.report.model import Finding, MismatchedPackage, PluginResult, Report

if TYPE_CHECKING:
    from gopluck.remedy.model import Recipe

INDENT = 2
COLUMN = 8
"""Where the text after a label (`what`, `why`, `fix`) begins."""
SHOWN_GROUPS = 4
SHOWN_NAMES = 3
SHOWN_FINDINGS = 4
"""Without `-v`: modules of a plugin, packages of a module, findings of a rule."""
HINT = "(-v shows all)"

ENDINGS = {"fatal": "the process dies", "panic": "plugin.Open panics", "hang": "plugin.Open never returns"}
"""What comes with the verdict when the host gets no error value."""

AFTERMATH = {
    ("runtime", "panic"): "A host that recovers from the panic hangs in its next plugin.Open.",
    ("init", "panic"): "A host that recovers from the panic hangs when it opens this path again.",
    ("symbols", "error"): "A host that opens this path again hangs.",
}
"""By stage and effect: what the failure leaves behind in the process."""

STANDARD_LIBRARY = "standard library"

NOT_TOLD = frozenset({"unexplained", "module-content"})
"""Causes of which no file tells what would have to be repeated."""


def render(report: Report, view: View) -> str:
    """The document; empty when quiet and everything loads."""
    layout = Layout(view)
    if view.verbosity == QUIET:
        lines = [
            layout.paint(verdict, STYLES[plugin.verdict])
            for plugin in report.plugins
            if plugin.verdict != "loads"
            for verdict in [" ".join(_verdict(plugin, report, layout))]
        ]
    else:
        lines = list(_document(report, layout))
    return "".join(line.rstrip() + "\n" for line in lines)


def _document(report: Report, layout: Layout) -> Iterator[str]:
    apart = False
    for index, plugin in enumerate(report.plugins):
        section = _Section(plugin, report, layout)
        lines = list(section.lines())
        if index and (apart or len(lines) > 1):
            yield ""
        apart = len(lines) > 1
        yield from lines
    if len(report.plugins) > 1:
        yield ""
        yield from layout.prose(_summary(report), 0)
    if more := _more(report, layout):
        if len(report.plugins) == 1:
            yield ""
        yield layout.paint(more, "dim")


def _summary(report: Report) -> str:
    verdicts = [plugin.verdict for plugin in report.plugins]
    total = len(verdicts)
    lacking = sum(plugin.stage == "lookup" and plugin.verdict == "fails" for plugin in report.plugins)
    out = f"{verdicts.count('loads') + lacking} of {total} plugins will load"
    if lacking:
        out += f", {lacking} of them {'fails' if lacking == 1 else 'fail'} a lookup"
    if unreached := verdicts.count("not-reached"):
        out += f", {unreached} {'is' if unreached == 1 else 'are'} not reached"
    if unknown := verdicts.count("unknown"):
        out += f", {unknown} cannot be determined"
    return out + "."


def _more(report: Report, layout: Layout) -> str:
    """The command that explains the rules that were shown, as many as fit in a line; empty when there are none."""
    slugs = dict.fromkeys(
        clean(finding.rule)
        for plugin in report.plugins
        for finding in plugin.findings
        if finding.role != "harmless" or layout.view.verbosity > NORMAL
    )
    return more(slugs, layout) if slugs else ""


def more(slugs: Iterable[str], layout: Layout) -> str:
    """`More: gopluck explain …` with as many rules as fit in the line, but at least one."""
    words = ["More: gopluck explain", *slugs]
    while len(words) > 2 and len(" ".join(words)) > layout.width:
        words.pop()
    return " ".join(words)


def _verdict(plugin: PluginResult, report: Report, layout: Layout) -> list[str]:
    """The first line of a plugin as atoms, so that a path with a space stays whole."""
    path, host = clean(plugin.path), clean(report.host.path)
    start = f"{layout.mark(plugin.verdict)} {path}"
    if plugin.verdict == "loads":
        return [start, "will", "load", "into", host]
    if plugin.verdict == "not-reached":
        return [start, "is", "not", "reached"]
    if plugin.verdict == "unknown":
        return [start, "may", "or", "may", "not", "load", "into", host]
    if plugin.stage == "lookup":
        return [start, "will", "load", "into", host + ",", "but", "a", "lookup", "fails"]
    ending = ENDINGS.get(plugin.effect or "")
    return [start, "will", "not", "load", "into", host + (":" if ending else ""), *(ending or "").split()]


class _Section:
    """The lines about one plugin."""

    def __init__(self, plugin: PluginResult, report: Report, layout: Layout) -> None:
        self.plugin = plugin
        self.host = report.host.path
        self.layout = layout
        self.verbose = layout.view.verbosity > NORMAL
        self.hinted = False
        self.verdict = _verdict(plugin, report, layout)

    def lines(self) -> Iterator[str]:
        """All of them, without the blank lines around the section."""
        yield from self._head()
        if self.plugin.verdict == "loads" and not self.verbose:
            yield from self._risks()
            return
        for block in (self._packages(), self._reasons(), self._fixes()):
            lines = list(block)
            if lines:
                yield ""
                yield from lines

    # -- the head: what happens ----------------------------------------------------------------------------

    def _head(self) -> Iterator[str]:
        plugin, layout = self.plugin, self.layout
        style = STYLES[plugin.verdict]
        packages = plugin.packages
        matching = ""
        if plugin.verdict == "loads" and packages.compared:
            matching = f"{packages.compared} of {packages.compared} packages match"
        folded = layout.fold(self.verdict, 0) if layout.view.fold_quotes else [" ".join(self.verdict)]
        for line in folded[:-1]:
            yield layout.paint(line, style)
        last = layout.paint(folded[-1], style)
        if matching and len(folded[-1]) + 3 + len(matching) <= layout.width:
            yield f"{last}  ({matching})"
            matching = ""
        else:
            yield last
        if matching:
            yield f"{' ' * INDENT}{matching}"
        if plugin.error:
            for error in plugin.error.split("\n"):
                for line in layout.quote(clean(error), INDENT):
                    yield " " * INDENT + layout.paint(line, "error")
            if not plugin.error_exact:
                yield from self._plain("(the wording depends on the host's C library, which is not known here)")
        if aftermath := AFTERMATH.get((plugin.stage or "", plugin.effect or "")):
            yield from self._plain(aftermath)
        if plugin.note and plugin.verdict != "unknown":
            yield from self._plain(clean(plugin.note))

    def _plain(self, text: str) -> Iterator[str]:
        for line in self.layout.prose(text, INDENT):
            yield " " * INDENT + line

    # -- what: the packages --------------------------------------------------------------------------------

    def _packages(self) -> Iterator[str]:
        packages = self.plugin.packages
        different = packages.mismatched
        if self.plugin.verdict != "fails" or self.plugin.stage == "lookup" or not packages.compared:
            return
        if not different:
            yield from self._labelled("what", f"all {packages.compared} shared packages match; the reason is another")
            return
        some = len(different)
        share = f"all {some}" if some == packages.compared > 1 else f"{some} of {packages.compared}"
        text = f"{share} shared packages {'differs' if some == 1 else 'differ'}"
        if "different version of package" not in (self.plugin.error or ""):
            text += "; Go ends before it compares them"
        elif some > 1:
            text += "; Go names only the first"
        yield from self._labelled("what", text)
        if self.verbose:
            for package in different:
                yield from self._package(package)
            return
        groups = _grouped(different)
        for group in groups[:SHOWN_GROUPS]:
            yield from self._group(group)
        hidden = sum(len(group) for group in groups[SHOWN_GROUPS:])
        if hidden:
            modules = count(len(groups) - SHOWN_GROUPS, "more module")
            yield from self._text(f"and {count(hidden, 'package')} of {modules} {HINT}")

    def _group(self, group: list[MismatchedPackage]) -> Iterator[str]:
        """Packages of one module: some names, and the directories of one that shows the difference."""
        module = _module(group[0])
        if len(group) == 1:
            path = clean(group[0].path)
            heading = [path] if module in (None, group[0].path) else [path, f"({clean(module or '')})"]
        else:
            names = tuple(clean(package.path) for package in group)
            heading = [*f"{clean(module or '')}, {len(group)} packages:".split(), *self._listed(names)]
            if self.layout.hides(names, SHOWN_NAMES) and not self.hinted:
                self.hinted = True
                heading.append(HINT)
        for line in self.layout.fold(heading, COLUMN):
            yield " " * COLUMN + line
        example = max(group, key=_telling)
        if _telling(example) == MOST or example.provider != self.host:
            yield from self._sides(example, example.host_dir, example.plugin_dir)

    def _package(self, package: MismatchedPackage) -> Iterator[str]:
        """Everything that is known about one package."""
        module = _module(package)
        heading = clean(package.path)
        if module not in (None, package.path):
            heading += f" ({clean(module or '')})"
        yield " " * COLUMN + self._aligned(heading, COLUMN, clean(", ".join(package.causes)))
        yield from self._sides(
            package,
            f"{package.host_hash}  {package.host_dir or '(no directory recorded)'}",
            f"{package.plugin_hash}  {package.plugin_dir or '(no directory recorded)'}",
        )
        if package.via:
            for line in self.layout.fold(["via", *self.layout.listed(tuple(map(clean, package.via)))], COLUMN + 2):
                yield " " * (COLUMN + 2) + line

    def _sides(self, package: MismatchedPackage, host: str | None, plugin: str | None) -> Iterator[str]:
        if host == plugin and package.provider == self.host:
            sides = [("both", host)]
        else:
            provider = "host" if package.provider == self.host else clean(package.provider)
            sides = [(provider, host), ("plugin", plugin)]
        wide = max(len("plugin"), *(len(side) for side, _ in sides))
        for side, value in sides:
            label = self.layout.paint(f"{side:{wide}}", "dim")
            yield f"{' ' * (COLUMN + 2)}{label}  {clean(value) if value else '(no directory recorded)'}"

    # -- why, and what to do -------------------------------------------------------------------------------

    def _reasons(self) -> Iterator[str]:
        plugin = self.plugin
        label = "why"
        if plugin.verdict == "unknown" and plugin.note:
            yield from self._labelled(label, clean(plugin.note))
            label = "and"
        for group in _by_rule(finding for finding in plugin.findings if finding.role == "cause"):
            yield from self._findings(label, group)
            label = "and"
        for role, name in (("risk", "risk"), *([("harmless", "fine")] if self.verbose else [])):
            for group in _by_rule(finding for finding in plugin.findings if finding.role == role):
                yield from self._findings(name, group)

    def _risks(self) -> Iterator[str]:
        """The risks of a plugin that loads, in short: `-v` shows evidence and fix."""
        indent = INDENT + 2
        for finding in (finding for finding in self.plugin.findings if finding.role == "risk"):
            slug = clean(finding.rule)
            lines = self.layout.prose(clean(finding.message), indent, room=len(slug) + 2)
            start = " " * INDENT + self.layout.paint(self.layout.warning, "open") + " "
            for index, line in enumerate(lines):
                yield start + self._aligned(line, indent, slug) if index == 0 else " " * indent + line

    def _findings(self, label: str, group: list[Finding]) -> Iterator[str]:
        """The findings of one rule; its slug stands once, at the right."""
        slug = clean(group[0].rule)
        shown = group if self.verbose or len(group) <= SHOWN_FINDINGS + 1 else group[:SHOWN_FINDINGS]
        for finding in shown:
            yield from self._labelled(label, clean(finding.message), slug)
            label = slug = ""
            if finding.role == "cause":
                yield from self._affected(finding)
            if self.verbose:
                yield from self._evidence(finding)
        if len(shown) < len(group):
            yield from self._text(f"and {len(group) - len(shown)} more of this kind {HINT}")

    def _affected(self, finding: Finding) -> Iterator[str]:
        names = tuple(clean(path) for path in finding.packages)
        total = len(self.plugin.packages.mismatched)
        if not names or (len(names) == total == 1):
            return
        if len(names) == total:
            yield from self._text("both packages" if total == 2 else f"all {total} packages")
        elif len(names) == 1:
            if names[0] not in finding.message:
                yield from self._text(names[0])
        else:
            for line in self.layout.fold([f"{len(names)} packages:", *self._listed(names)], COLUMN):
                yield " " * COLUMN + line

    def _evidence(self, finding: Finding) -> Iterator[str]:
        for side, value in finding.evidence.items():
            shown = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value or "-")
            yield f"{' ' * (COLUMN + 2)}{self.layout.paint(f'{clean(side):6}', 'dim')}  {clean(shown)}"

    def _fixes(self) -> Iterator[str]:
        if self.plugin.remedy is not None:
            yield from self._remedy(self.plugin.remedy)
            return
        role = "risk" if self.plugin.verdict == "loads" else "cause"
        fixes = dict.fromkeys(
            line for finding in self.plugin.findings if finding.role == role for line in clean_lines(finding.fix)
        )
        label = "next" if self.plugin.verdict == "unknown" else "fix"
        for fix in fixes:
            yield from self._labelled(label, fix, style="command" if is_command(fix) else "")
            label = ""

    def _remedy(self, recipe: Recipe) -> Iterator[str]:
        """One block to paste; or why nothing on the plugin's side helps, and the host's block."""
        label = "fix"
        if not recipe.possible:
            text = "nothing on the plugin's side helps: " if recipe.side == "host" else "no command helps: "
            if any(one.role == "cause" and one.rule in NOT_TOLD for one in self.plugin.findings):
                text = "no command for the plugin's side is known: "
            yield from self._labelled(label, text + clean(recipe.why_not or "no reason is known"))
            label = "host" if recipe.side == "host" and recipe.run else ""
        elif recipe.side == "host":
            label = "host"
        named = [f"${one.name} has to be {one.what}" for one in recipe.inputs if one.name]
        placed = [
            f"{one.path} has to be {one.what}" if one.path else f"It needs {one.what}"
            for one in recipe.inputs
            if not one.name
        ]
        for text in named:
            yield from self._labelled(label, clean(text))
            label = ""
        if recipe.run and not recipe.directory:
            yield from self._pasted(label, f"# where package main of the {recipe.side} is")
            label = ""
        for line in recipe.run:
            yield from self._pasted(label, clean(line))
            label = ""
        for text in (*placed, *recipe.notes):
            yield from self._labelled(label, clean(text))
            label = ""

    def _pasted(self, label: str, line: str) -> Iterator[str]:
        """A shell line; one that is too long goes on behind a backslash, so that it can still be pasted."""
        comment, _, command = line.partition(": ") if line.startswith("# ") else ("", "", "")
        lines = (
            [comment + ":", f"# {command}"] if command else list(self.layout.continued(line, COLUMN)) if line else []
        )
        for text in lines:
            yield from self._raw(label, text, "command")
            label = ""

    # -- lines ---------------------------------------------------------------------------------------------

    def _labelled(self, label: str, text: str, slug: str = "", style: str = "") -> Iterator[str]:
        """Text after a label; a rule's slug at the right end of its first line, or below where there is no room."""
        yield from self.layout.labelled(label, text, INDENT, COLUMN, slug, style)

    def _raw(self, label: str, text: str, style: str) -> Iterator[str]:
        """A line after a label, as it is."""
        start = " " * INDENT + self.layout.paint(label, "label") + " " * (COLUMN - INDENT - len(label))
        yield start + self.layout.paint(text, style)

    def _text(self, text: str) -> Iterator[str]:
        for line in self.layout.prose(text, COLUMN):
            yield " " * COLUMN + line

    def _aligned(self, text: str, indent: int, right: str) -> str:
        return self.layout.aligned(text, indent, right)

    def _listed(self, names: tuple[str, ...]) -> Iterator[str]:
        return self.layout.listed(names, None if self.verbose else SHOWN_NAMES)


def _module(package: MismatchedPackage) -> str | None:
    return STANDARD_LIBRARY if package.module == "std" else package.module


def _grouped(packages: Iterable[MismatchedPackage]) -> list[list[MismatchedPackage]]:
    """The packages by module and by the file that provides them, in the order of their first package."""
    groups: dict[tuple[str, str], list[MismatchedPackage]] = {}
    for package in packages:
        groups.setdefault((_module(package) or package.path, package.provider), []).append(package)
    return list(groups.values())


def _by_rule(findings: Iterable[Finding]) -> list[list[Finding]]:
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.rule, []).append(finding)
    return list(groups.values())


def _telling(package: MismatchedPackage) -> int:
    """How much the directories of a package tell: two that differ are the `MOST`."""
    both = bool(package.host_dir) + bool(package.plugin_dir)
    return both * 2 + (package.host_dir != package.plugin_dir)


MOST = 5
