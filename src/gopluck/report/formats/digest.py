"""What every format but text and JSON shows: any result as a list of items, each with its level, reasons and commands.

Every string here is cleaned (`clean`): one line, of which nothing is hidden. What it may mean in the syntax of a format
is for the format to see to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from textwrap import wrap
from typing import TYPE_CHECKING

from gopluck.clean import clean
from gopluck.record import NamedTuple
from gopluck.report import sentences as said
from gopluck.report.fix import Block, blocks, of_alignment
from gopluck.report.groups import Group, changes, groups, subject
from gopluck.report.interface import View
from gopluck.result.align import Alignment
from gopluck.result.check import Finding, MismatchedPackage, Report, of_role, risks
from gopluck.result.diff import ChangedPackage, HostDiff, PluginChange
from gopluck.result.verdict import Fit, Role, Verdict

if TYPE_CHECKING:
    from gopluck.remedy.lines import Line

WIDTH = 90
"""Columns of folded commands."""

Result = Report | HostDiff | Alignment
Package = MismatchedPackage | ChangedPackage


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


LEVELS = {
    **dict.fromkeys((Verdict.LOADS, Fit.FITS, "keep", "compatible"), Level.OK),
    **dict.fromkeys((Verdict.UNKNOWN, Fit.UNKNOWN, "unfit"), Level.WARNING),
    **dict.fromkeys((Verdict.FAILS, Verdict.NOT_REACHED, Fit.DIFFERS, "rebuild", "breaking"), Level.ERROR),
    **dict.fromkeys((said.UNREADABLE, said.LOOKUP), Level.ERROR),
}
"""By state: a verdict of any command, or what is to be done."""


class Reason(NamedTuple):
    """A cause, or a risk."""

    rule: str
    role: Role
    text: str
    short: str
    packages: tuple[str, ...]
    acceptance: str = ""
    """Of a risk that somebody accepts: until when, and why."""


class Fix(NamedTuple):
    """Lines to paste, and what they are (`report.fix.Block`)."""

    label: str
    lines: tuple[str, ...]
    folded: tuple[str, ...]
    """The same in lines that are not long."""


class Item(NamedTuple):
    """Plugins that share everything (or one of them), a new build of a host, or a module."""

    state: str
    level: Level
    paths: tuple[str, ...]
    """The files, as they were given."""
    title: str
    """What becomes of it: `auth.so will not load into gateway`."""
    reason: str
    """Why, in one line; may be empty."""
    error: str = ""
    """What Go prints, of the first."""
    notes: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    """Causes, then risks that count."""
    accepted: tuple[Reason, ...] = ()
    """Risks that do not count."""
    fixes: tuple[Fix, ...] = ()
    compared: int = 0
    """Packages that were compared, of the first."""
    packages: tuple[Package, ...] = ()
    """Those that differ."""
    matched: tuple[str, ...] = ()
    """The paths of those that do not, where they are known."""

    @property
    def sentence(self) -> str:
        """What becomes of it, and why."""
        return f"{self.title}: {self.reason}" if self.reason else self.title

    @property
    def row(self) -> str:
        """What a row of a table says of it."""
        return ": ".join(filter(None, (said.SHORT.get(self.state), self.reason))) or self.title

    @property
    def line(self) -> str:
        """The sentence, and the names of the rules behind it."""
        return f"{self.sentence} [{', '.join(self.rules)}]" if self.rules else self.sentence

    @property
    def rules(self) -> tuple[str, ...]:
        """The names of the rules, the strongest first."""
        return tuple(dict.fromkeys(reason.rule for reason in self.reasons))


class Digest(NamedTuple):
    """A result."""

    command: str
    against: str
    """The host."""
    summary: str
    """How it went, in one sentence."""
    level: Level
    """The worst of the items."""
    groups: tuple[Item, ...]
    """What shares everything is one item."""
    entries: tuple[Item, ...]
    """An item for each plugin; the host, or the module, is one as well."""


def digest(result: Result, view: View) -> Digest:
    """A result of `check`, `diff` or `align`."""
    if isinstance(result, Report):
        return _check(result, view)
    return _diff(result) if isinstance(result, HostDiff) else _align(result)


def worst(items: Iterable[Item]) -> Level:
    """The level of all items together."""
    levels = {item.level for item in items}
    return next((level for level in (Level.ERROR, Level.WARNING) if level in levels), Level.OK)


def facts(item: Item) -> Iterator[str]:
    """What there is to say below its `line`, a line each: Go's text, the notes, the reasons, what to type."""
    if item.error:
        yield f"Go: {item.error}"
    yield from item.notes
    for reason in (*item.reasons, *item.accepted):
        if reason.text != item.reason:
            yield f"{'risk' if reason.role == Role.RISK else 'why'}: {reason.text} [{reason.rule}]"
        if reason.acceptance:
            yield f"{reason.rule}: {reason.acceptance}"
    for fix in item.fixes:
        if fix.label:
            yield f"{fix.label}:"
        yield from (f"  {line}" for line in fix.lines)


class Issue(NamedTuple):
    """What a format with an entry for each reason says."""

    rule: str
    """The rule's slug, or the state where no rule gives the reason."""
    text: str
    level: Level
    acceptance: str = ""
    """Of a risk that is accepted, and whose level is `ok`."""


def issues(item: Item) -> Iterator[Issue]:
    """One for each reason; of an item without a known one, one with its state; then the risks that are accepted."""
    if item.level != Level.OK:
        found = [(reason.rule, reason.short, reason.role) for reason in item.reasons]
        for rule, text, role in found or [(item.state, item.reason, Role.CAUSE)]:
            beside = role == Role.RISK and item.level == Level.ERROR and len(found) > 1
            yield Issue(rule, text, Level.WARNING if beside else item.level)
    for one in item.accepted:
        yield Issue(one.rule, one.short, Level.OK, one.acceptance)


def some(names: Sequence[str], most: int) -> tuple[str, ...]:
    """The first names, and how many more there are; one more than `most` takes no more room than to say so."""
    if len(names) <= most + 1:
        return tuple(names)
    return (*names[:most], f"and {len(names) - most} more")


# -- the results -------------------------------------------------------------------------------------------------------


def _check(report: Report, view: View) -> Digest:
    host = report.host.path
    found = groups(report.plugins)
    about = tuple(filter(None, [clean(said.about_host(report.host))]))
    grouped = tuple(_plugins(group, host, view, about) for group in found)
    entries = grouped
    if any(len(group.plugins) > 1 for group in found):
        entries = tuple(_plugins(Group((plugin,)), host, view, about) for plugin in report.plugins)
    if len(report.plugins) == 1:
        summary = grouped[0].sentence
    else:
        summary = clean(", ".join(filter(None, said.tally(report.plugins, host))))
    return Digest("check", clean(host), summary, worst(grouped), grouped, entries)


def _plugins(group: Group, host: str, view: View, about: tuple[str, ...]) -> Item:
    """Plugins of a check. `about`: what has to be known of the host."""
    plugin = group.first
    title = said.sentence(plugin, several=len(group.plugins) > 1)
    state = said.state(plugin)
    level, reason = LEVELS[state], said.reason(plugin)
    if plugin.verdict == Verdict.LOADS and (found := risks(plugin.findings)):
        level = Level.ERROR if view.risks else Level.WARNING
        title, reason = f"{title}, with a risk", found[0].short
    elif plugin.verdict == Verdict.LOADS and risks(plugin.findings, accepted=True):
        title = f"{title}, with a risk that is accepted"
    item = _item(state, level, group, title.format(plugin=group.subject, host=host), reason)
    return item._replace(notes=(*item.notes, *about))


def _item(state: str, level: Level, group: Group, title: str, reason: str) -> Item:
    plugin = group.first
    note = plugin.note if plugin.note and plugin.note not in reason else ""
    packages, several = plugin.packages, len(group.plugins) > 1
    fixes = () if plugin.verdict == Verdict.LOADS and level == Level.OK else tuple(_fixes(blocks(group)))
    return Item(
        state,
        level,
        tuple(map(clean, group.paths)),
        clean(title),
        clean(reason),
        clean(plugin.error or ""),
        tuple(map(clean, filter(None, [note]))),
        tuple(_reasons(_told(plugin.findings), several=several)),
        tuple(_reasons(risks(plugin.findings, accepted=True), several=several)),
        fixes,
        packages.compared,
        packages.mismatched,
        packages.matched,
    )


def _told(findings: Sequence[Finding]) -> list[Finding]:
    """The causes, then the risks that count."""
    return [*of_role(findings, Role.CAUSE), *risks(findings)]


def _reasons(findings: Iterable[Finding], *, several: bool = False) -> Iterator[Reason]:
    """Causes and risks. `several`: of more than one plugin, so without the name and the packages of one."""
    for one in findings:
        short = clean(one.short)
        text, packages = (short, ()) if several else (clean(one.message), tuple(map(clean, one.packages)))
        words = clean(said.accepted(one.acceptance)) if one.acceptance else ""
        yield Reason(one.rule, one.role, text, short, packages, words)


def _fixes(found: Iterable[Block]) -> Iterator[Fix]:
    """The blocks; one without a label goes on with the one before it."""
    out: list[Block] = []
    for block in found:
        if out and not block.label:
            out[-1] = Block(out[-1].label, (*out[-1].lines, *block.lines))
        else:
            out.append(block)
    for block in out:
        if block.lines:
            short = [row for line in block.lines for row in _short(line)]
            yield Fix(block.label, tuple(clean(line.text) for line in block.lines), tuple(map(clean, short)))


def _short(line: Line) -> list[str]:
    if line.comment:
        return [f"# {row}" for row in wrap(line.words[0], WIDTH - 2, break_long_words=False, break_on_hyphens=False)]
    return line.folded(WIDTH)


def _diff(diff: HostDiff) -> Digest:
    values = {"old": diff.old.path, "new": diff.new.path}
    breaks = tuple(Reason(one.rule, Role.CAUSE, clean(one.message), clean(one.message), ()) for one in diff.breaks)
    host = Item(
        diff.verdict,
        LEVELS[diff.verdict],
        (clean(diff.new.path),),
        clean(said.diff_sentence(diff).format(**values)),
        clean(said.diff_reason(diff)),
        notes=tuple(map(clean, _changed(diff))),
        reasons=(*breaks, *_reasons(_told(diff.findings))),
        compared=diff.compared,
        packages=diff.changed,
    )
    found = changes(diff.plugins)
    grouped = (host, *(_change(group, diff) for group in found))
    entries = (host, *(_change([plugin], diff) for plugin in diff.plugins))
    return Digest("diff", clean(diff.new.path), host.sentence, worst(grouped), grouped, entries)


def _changed(diff: HostDiff) -> Iterator[str]:
    """What else there is to say about a new build of a host."""
    if diff.note and diff.note not in said.diff_reason(diff):
        yield diff.note
    if diff.compared:
        reached = sum(package.importable for package in diff.changed)
        yield f"{reached} of {diff.compared} packages changed that plugins can import"
        if others := len(diff.changed) - reached:
            yield f"{others} more changed that no plugin of another module can import"
    for what, packages in (("added", diff.added), ("removed", diff.removed)):
        if names := [package.path for package in packages if package.importable]:
            yield f"{what}: {', '.join(some(names, 5))}"


def _change(group: Sequence[PluginChange], diff: HostDiff) -> Item:
    """Plugins of a diff."""
    change = group[0]
    title = said.change_sentence(change, several=len(group) > 1)
    title = title.format(plugin=subject([one.path for one in group]), old=diff.old.path, new=diff.new.path)
    state = said.change_state(change)
    results = Group(tuple(one.old if state == "unfit" else one.new for one in group))
    item = _item(state, LEVELS[state], results, title, said.change_reason(change))
    return item if item.level == Level.ERROR else item._replace(fixes=())


def _align(alignment: Alignment) -> Digest:
    reason = said.fit_reason(alignment)
    more = () if not alignment.reason or alignment.reason in reason else (alignment.reason,)
    item = Item(
        alignment.verdict,
        LEVELS[alignment.verdict],
        (clean(alignment.go_mod),),
        clean(said.fit_sentence(alignment).format(**alignment._asdict())),
        clean(reason),
        notes=tuple(map(clean, dict.fromkeys((*more, *alignment.notes, *alignment.recipe.notes)))),
        reasons=tuple(_reasons(_told(alignment.findings))),
        fixes=tuple(_fixes(of_alignment(alignment))),
        compared=len(alignment.shared),
    )
    return Digest("align", clean(alignment.host), item.sentence, item.level, (item,), (item,))
