"""Findings and packages, as every document for people shows them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from gopluck.report.interface import HINT
from gopluck.report.sentences import accepted

if TYPE_CHECKING:
    from gopluck.report.sheet import Sheet
    from gopluck.result.check import Finding, MismatchedPackage
    from gopluck.result.diff import ChangedPackage, OneSided

    Package = MismatchedPackage | ChangedPackage | OneSided

SHOWN_GROUPS = 4
SHOWN_NAMES = 3
SHOWN_FINDINGS = 4
SHOWN_PLUGINS = 5
"""Without `-v`: modules, packages of a module, findings of a rule, plugins that share everything."""

NO_DIRECTORY = "(no directory recorded)"


def by_rule(sheet: Sheet, label: str, findings: Iterable[Finding], packages: int | None = None) -> str:
    """Findings, those of a rule together; the label of what comes next.

    `packages`: how many there are to explain; None where it is not said which ones a finding is about.
    """
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.rule, []).append(finding)
    for group in groups.values():
        _one_rule(sheet, label, group, packages)
        label = "and" if label == "why" else label
    return label


def _one_rule(sheet: Sheet, label: str, group: Sequence[Finding], packages: int | None) -> None:
    """The findings of one rule; its name stands once, at the right."""
    rules: tuple[str, ...] = (group[0].rule,)
    shown = sheet.few(group, SHOWN_FINDINGS)
    for finding in shown:
        sheet.row(label, finding.message, rules)
        label, rules = "", ()
        if finding.acceptance:
            sheet.text(accepted(finding.acceptance))
        if packages is not None:
            _explained(sheet, finding.packages, packages)
        if sheet.verbose and finding.evidence:
            sheet.pairs(*((side, _value(value)) for side, value in finding.evidence.items()))
    sheet.rest(len(group) - len(shown), "of this kind")


def _value(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value or "-")


def _explained(sheet: Sheet, names: Sequence[str], packages: int) -> None:
    """The packages that a finding explains."""
    if not names or len(names) == packages == 1:
        return
    if len(names) == packages:
        sheet.text("both packages" if packages == 2 else f"all {packages} packages")
    else:
        sheet.names(f"{count(len(names), 'package')}:", names, SHOWN_NAMES)


def module_name(package: Package) -> str | None:
    """The module of a package, in words."""
    return "standard library" if package.module == "std" else package.module


def titled(package: Package) -> list[str]:
    """A package and its module, where that is another word."""
    module = module_name(package)
    return [package.path] if module in (None, package.path) else [package.path, f"({module})"]


def together(sheet: Sheet, label: str, packages: Sequence[Package]) -> None:
    """Packages of one module: some of their names."""
    if len(packages) == 1:
        sheet.row(label, titled(packages[0]), hang=2)
    else:
        heading = f"{module_name(packages[0]) or ''}, {len(packages)} packages:"
        sheet.names(heading, [package.path for package in packages], SHOWN_NAMES, label=label, hint=True)


def hidden(sheet: Sheet, packages: int, modules: int) -> None:
    """What is not shown, if anything."""
    if packages:
        sheet.text(f"and {count(packages, 'package')} of {count(modules, 'more module')} {HINT}")


def via(sheet: Sheet, package: MismatchedPackage | ChangedPackage) -> None:
    """The packages through which one may have changed, if that is known."""
    if package.via:
        sheet.names("via", package.via, len(package.via), column=sheet.column + 2)


def tally(sheet: Sheet, *parts: str) -> None:
    """How many plugins ended how, as a sentence of those parts that there are."""
    sheet.gap()
    sheet.paragraph(f"{', '.join(filter(None, parts))}.", indent=0)


def more(sheet: Sheet, rules: Iterable[str]) -> None:
    """`More: gopluck explain …` with as many rules as fit in the line, but at least one; nothing without rules."""
    words = ["More: gopluck explain", *dict.fromkeys(rules)]
    while len(words) > 2 and len(" ".join(words)) > sheet.width:
        words.pop()
    if len(words) > 1:
        sheet.line((" ".join(words), "dim"))


def count(number: int, noun: str) -> str:
    """`1 package`, `2 packages`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
