"""The result of a diff of two hosts for people: the verdict, why packages changed, which, and what plugins need."""

from __future__ import annotations

from collections.abc import Sequence

from gopluck.report import findings as shared
from gopluck.report.findings import count
from gopluck.report.groups import changes, subject
from gopluck.report.interface import QUIET, View
from gopluck.report.sentences import (
    UNREADABLE,
    change_reason,
    change_sentence,
    change_state,
    diff_reason,
    diff_sentence,
    to_rebuild,
)
from gopluck.report.sheet import Sheet
from gopluck.result.check import of_role
from gopluck.result.diff import ChangedPackage, HostDiff, OneSided, PluginChange
from gopluck.result.verdict import Role

COLUMN = 11
"""Where the text after a label (`why`, `changed`) begins."""

ADDED = "A plugin that brings its own copy of one of these has to match the host's now."
REMOVED = "Plugins bring these themselves now: two in one process may conflict."


def render(diff: HostDiff, view: View) -> str:
    """The document; empty when quiet and nothing breaks."""
    sheet = Sheet(view, COLUMN)
    if view.verbosity == QUIET:
        if diff.verdict != "compatible":
            _verdict(sheet, diff)
            for plugin in diff.plugins:
                if plugin.action in ("rebuild", "unknown"):
                    _action(sheet, diff, [plugin])
        return sheet.document()
    _verdict(sheet, diff)
    _head(sheet, diff)
    for block in (_reasons, _changed, _one_sided, _plugins):
        sheet.gap()
        block(sheet, diff)
    sheet.gap()
    shared.more(sheet, [*(one.rule for one in diff.breaks), *(one.rule for one in diff.findings)])
    return sheet.document()


def _verdict(sheet: Sheet, diff: HostDiff) -> None:
    values = {"old": diff.old.path, "new": diff.new.path}
    sheet.verdict(diff.verdict, diff_sentence(diff), values, reason=diff_reason(diff))


def _action(sheet: Sheet, diff: HostDiff, group: Sequence[PluginChange]) -> None:
    plugin = group[0]
    values = {"plugin": subject([one.path for one in group]), "old": diff.old.path, "new": diff.new.path}
    sentence = change_sentence(plugin, several=len(group) > 1)
    sheet.verdict(change_state(plugin), sentence, values, reason=change_reason(plugin))


def _head(sheet: Sheet, diff: HostDiff) -> None:
    if diff.note is not None:
        if diff.note != diff_reason(diff):
            sheet.paragraph(diff.note)
        return
    of_all = f"of {count(diff.compared, 'package')}"
    changed = sum(package.importable for package in diff.changed)
    others = len(diff.changed) - changed
    if not diff.changed:
        sheet.paragraph(f"all {count(diff.compared, 'package')} that both have match")
    elif changed:
        which = "it" if changed == 1 else "one of them"
        sheet.paragraph(f"{changed} {of_all} changed: a plugin that links {which} is refused")
    if others:
        more = "more" if changed else of_all
        sheet.paragraph(f"{others} {more} changed that no plugin of another module can import")


def _reasons(sheet: Sheet, diff: HostDiff) -> None:
    label = "why"
    for change in diff.breaks:
        sheet.row(label, change.message, (change.rule,))
        label = "and"
    shared.by_rule(sheet, label, of_role(diff.findings, Role.CAUSE), len(diff.changed))


def _changed(sheet: Sheet, diff: HostDiff) -> None:
    for label, packages in (
        ("changed", [package for package in diff.changed if package.importable]),
        ("internal", [package for package in diff.changed if not package.importable]),
    ):
        if not sheet.verbose:
            _groups(sheet, label, packages)
            continue
        for package in packages:
            sheet.row(label, shared.titled(package), package.causes)
            label = ""
            sheet.pairs(
                ("old", f"{package.old_hash}  {package.old_dir or shared.NO_DIRECTORY}"),
                ("new", f"{package.new_hash}  {package.new_dir or shared.NO_DIRECTORY}"),
            )
            shared.via(sheet, package)


def _one_sided(sheet: Sheet, diff: HostDiff) -> None:
    for label, packages, note in (("added", diff.added, ADDED), ("removed", diff.removed, REMOVED)):
        chosen = [package for package in packages if package.importable]
        if chosen:
            _groups(sheet, label, chosen)
            sheet.text(note)


def _groups(sheet: Sheet, label: str, packages: Sequence[ChangedPackage | OneSided]) -> None:
    """Packages by module: how many, and some names."""
    groups: dict[str, list[ChangedPackage | OneSided]] = {}
    for package in packages:
        groups.setdefault(package.module or package.path, []).append(package)
    shown = sheet.few(list(groups.values()), shared.SHOWN_GROUPS)
    for members in shown:
        shared.together(sheet, label, members)
        label = ""
    shared.hidden(sheet, len(packages) - sum(map(len, shown)), len(groups) - len(shown))


def _plugins(sheet: Sheet, diff: HostDiff) -> None:
    for group in changes(diff.plugins):
        _action(sheet, diff, group)
        if len(group) > 1:
            sheet.names("", [one.path for one in group], shared.SHOWN_PLUGINS, column=2, hint=True)
        plugin = group[0]
        said = plugin.action == "rebuild" or (plugin.action == "unfit" and sheet.verbose)
        if said and plugin.new.error:
            sheet.quote(plugin.new.error)
    if len(diff.plugins) > 1:
        states = [change_state(plugin) for plugin in diff.plugins]
        unfit, unknown, unread = (states.count(one) for one in ("unfit", "unknown", UNREADABLE))
        shared.tally(
            sheet,
            to_rebuild(diff),
            f"{unfit} did not load before" if unfit else "",
            f"{unknown} cannot be determined" if unknown else "",
            f"{unread} cannot be read" if unread else "",
        )
