"""The result of a check for people: the verdict, what Go would print, what differs, why, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gopluck.report import findings as shared
from gopluck.report.fix import blocks, shortened
from gopluck.report.groups import Group, groups
from gopluck.report.interface import QUIET, View
from gopluck.report.sentences import SHORT, about_host, accepted, reason, sentence, state, tally
from gopluck.result.check import MismatchedPackage, PluginResult, Report, of_role, risks
from gopluck.result.verdict import Effect, Role, Stage, Verdict

if TYPE_CHECKING:
    from gopluck.report.sheet import Sheet

AFTERMATH = {
    (Stage.RUNTIME, Effect.PANIC): "A host that recovers from the panic hangs in its next plugin.Open.",
    (Stage.SYMBOLS, Effect.ERROR): "A host that opens this path again hangs.",
}
"""What the failure leaves behind in the process."""

OTHER_WORDING = "(the wording depends on the host's C library, which is not known here)"

ROWS = 10
"""Plugins that have a row of the table each, without `-v`; of more, each group has one."""


def render(report: Report, view: View) -> str:
    """The document; empty when quiet and everything loads (`view.risks`: without a risk that counts)."""
    plugins, host = report.plugins, report.host.path
    if view.verbosity == QUIET:
        plugins = tuple(one for one in plugins if one.verdict != Verdict.LOADS or (view.risks and risks(one.findings)))
        if not plugins:
            return ""
    from gopluck.report.sheet import Sheet

    sheet = Sheet(view)
    if view.verbosity == QUIET:
        for plugin in plugins:
            _verdict(sheet, Group((plugin,)), host)
        return sheet.document()
    if len(plugins) == 1:
        with sheet.section():
            section(sheet, Group(plugins), host)
    else:
        _many(sheet, plugins, host)
    if text := about_host(report.host):
        sheet.gap()
        sheet.paragraph(text)
    sheet.gap()
    if len(plugins) != 1:
        shared.tally(sheet, *tally(plugins, host))
    told = (finding for plugin in plugins for finding in plugin.findings)
    shared.more(sheet, (finding.rule for finding in told if sheet.verbose or finding.role != Role.HARMLESS))
    return sheet.document()


def _risks(sheet: Sheet, plugin: PluginResult) -> None:
    """What is dangerous about a plugin that loads, in short: `-v` shows evidence and fix."""
    for one in (*risks(plugin.findings), *risks(plugin.findings, accepted=True)):
        words = accepted(one.acceptance) if one.acceptance else ""
        sheet.risk(one.message, one.rule, words, known=one.accepted)


# -- many plugins ------------------------------------------------------------------------------------------------------


def _many(sheet: Sheet, plugins: Sequence[PluginResult], host: str) -> None:
    """A table, and a block for each group that has more to say than its row."""
    found = groups(plugins)
    rows = [Group((one,)) for one in plugins] if sheet.verbose or len(plugins) <= ROWS else found
    with sheet.section():
        _table(sheet, rows)
    for group in found:
        if _has_block(sheet, group.first):
            sheet.gap()
            with sheet.section():
                section(sheet, group, host)


def _has_block(sheet: Sheet, plugin: PluginResult) -> bool:
    """Whether there is more to say of it than its row of the table does."""
    if plugin.unreadable is not None or plugin.verdict == Verdict.NOT_REACHED:
        return False
    return plugin.verdict != Verdict.LOADS or (sheet.verbose and bool(plugin.findings))


def _table(sheet: Sheet, rows: Sequence[Group]) -> None:
    names = [row.subject for row in rows]
    widest = max((wide for name in names if (wide := len(name)) <= sheet.width // 2 - 4), default=0)
    for row, name in zip(rows, names, strict=True):
        plugin = row.first
        words = (SHORT.get(state(plugin), "will load" if plugin.verdict == Verdict.LOADS else ""), reason(plugin))
        text = ": ".join(filter(None, words))
        if len(row.plugins) == 1 and (matching := _matching(plugin)):
            text += f"  ({matching})"
        sheet.entry(state(plugin), name, text or "will not load", widest + 4)
        if len(row.plugins) > 1 and not _has_block(sheet, plugin):
            sheet.names("", row.paths, shared.SHOWN_PLUGINS, column=widest + 4)
        if plugin.verdict == Verdict.LOADS:
            _risks(sheet, plugin)


# -- one group ---------------------------------------------------------------------------------------------------------


def _matching(plugin: PluginResult) -> str:
    compared = plugin.packages.compared
    return f"{compared} of {compared} packages match" if compared and plugin.verdict == Verdict.LOADS else ""


def _verdict(sheet: Sheet, group: Group, host: str, beside: str = "") -> None:
    """The first line: what happens, and why."""
    plugin, several = group.first, len(group.plugins) > 1
    values = {"plugin": group.subject, "host": host}
    if plugin.verdict == Verdict.LOADS and sheet.view.verbosity == QUIET:
        sheet.verdict("risk", sentence(plugin) + ", with a risk", values, reason=shortened(plugin.headline))
        return
    sheet.verdict(state(plugin), sentence(plugin, several=several), values, beside, reason(plugin))


def section(sheet: Sheet, group: Group, host: str) -> None:
    """The section about plugins that share everything that matters."""
    plugin = group.first
    _head(sheet, group, host)
    if plugin.verdict == Verdict.LOADS and not sheet.verbose:
        _risks(sheet, plugin)
        return
    sheet.gap()
    if plugin.verdict == Verdict.FAILS and plugin.stage != Stage.LOOKUP and plugin.packages.compared:
        _packages(sheet, group, host)
    sheet.gap()
    _reasons(sheet, group)
    sheet.gap()
    for block in blocks(group):
        sheet.pasted(block.label, block.lines)


def _head(sheet: Sheet, group: Group, host: str) -> None:
    """What happens."""
    plugin = group.first
    _verdict(sheet, group, host, _matching(plugin) if len(group.plugins) == 1 else "")
    if len(group.plugins) > 1:
        sheet.names("", group.paths, shared.SHOWN_PLUGINS, column=2, hint=True)
    if plugin.error:
        sheet.quote(plugin.error)
        if not plugin.error_exact and plugin.stage == Stage.DLOPEN and plugin.note is None:
            sheet.paragraph(OTHER_WORDING)
    if plugin.stage and plugin.effect and (aftermath := AFTERMATH.get((plugin.stage, plugin.effect))):
        sheet.paragraph(aftermath)
    if plugin.note and plugin.verdict not in (Verdict.UNKNOWN, Verdict.NOT_REACHED):
        sheet.paragraph(plugin.note)


def _packages(sheet: Sheet, group: Group, host: str) -> None:
    """What differs; of a group in its first plugin."""
    plugin = group.first
    packages = plugin.packages
    different = packages.mismatched
    some = len(different)
    within = f"in {plugin.path}, " if len(group.plugins) > 1 else ""
    if not different:
        sheet.row("what", f"all {packages.compared} shared packages match; the reason is another")
        return
    share = f"all {some}" if some == packages.compared > 1 else f"{some} of {packages.compared}"
    text = f"{within}{share} shared packages {'differs' if some == 1 else 'differ'}"
    if not packages.refused:
        text += "; Go ends before it compares them"
    elif some > 1:
        text += "; Go names only the first"
    sheet.row("what", text)
    if sheet.verbose:
        for package in different:
            _package(sheet, package, host)
    elif not within:
        _modules(sheet, different, host)


def _modules(sheet: Sheet, different: Sequence[MismatchedPackage], host: str) -> None:
    """The packages that differ, by module."""
    modules: dict[tuple[str, str], list[MismatchedPackage]] = {}
    for package in different:
        modules.setdefault((package.module or package.path, package.provider), []).append(package)
    shown = sheet.few(list(modules.values()), shared.SHOWN_GROUPS)
    for group in shown:
        shared.together(sheet, "", group)
        example = max(group, key=_telling)
        if _telling(example) == MOST or example.provider != host:
            _sides(sheet, example, host, example.host_dir, example.plugin_dir)
    shared.hidden(sheet, len(different) - sum(map(len, shown)), len(modules) - len(shown))


def _package(sheet: Sheet, package: MismatchedPackage, host: str) -> None:
    """Everything that is known about one package."""
    sheet.row("", shared.titled(package), package.causes)
    _sides(
        sheet,
        package,
        host,
        f"{package.host_hash}  {package.host_dir or shared.NO_DIRECTORY}",
        f"{package.plugin_hash}  {package.plugin_dir or shared.NO_DIRECTORY}",
    )
    shared.via(sheet, package)


def _sides(sheet: Sheet, package: MismatchedPackage, host: str, ours: str | None, theirs: str | None) -> None:
    if ours == theirs and package.provider == host:
        sheet.pairs(("both", ours or shared.NO_DIRECTORY))
    else:
        provider = "host" if package.provider == host else package.provider
        sheet.pairs((provider, ours or shared.NO_DIRECTORY), ("plugin", theirs or shared.NO_DIRECTORY))


MOST = 5


def _telling(package: MismatchedPackage) -> int:
    """How much the directories of a package tell: two that differ are the `MOST`."""
    both = bool(package.host_dir) + bool(package.plugin_dir)
    return both * 2 + (package.host_dir != package.plugin_dir)


def _reasons(sheet: Sheet, group: Group) -> None:
    """Why; of a group without the packages, which are those of its first plugin."""
    plugin = group.first
    causes = of_role(plugin.findings, Role.CAUSE)
    packages: int | None = len(plugin.packages.mismatched)
    if len(group.plugins) > 1 and not sheet.verbose:
        causes = [finding._replace(message=finding.short) for finding in causes]
        packages = None
    shared.by_rule(sheet, "why", causes, packages)
    shared.by_rule(sheet, "risk", risks(plugin.findings))
    shared.by_rule(sheet, "known", risks(plugin.findings, accepted=True))
    if sheet.verbose:
        shared.by_rule(sheet, "fine", of_role(plugin.findings, Role.HARMLESS))
