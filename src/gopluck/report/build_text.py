"""What came of a build, for people: the plugin and how it was built, or why there is none."""

from __future__ import annotations

from gopluck.remedy.lines import Line, assignments, lines
from gopluck.remedy.quote import sh
from gopluck.report import align_text
from gopluck.report.groups import Group
from gopluck.report.interface import QUIET, View
from gopluck.report.sentences import fit_reason
from gopluck.report.sheet import Sheet
from gopluck.report.text import section
from gopluck.result.build import Built, Step, followed
from gopluck.result.check import of_role
from gopluck.result.recipe import Recipe
from gopluck.result.verdict import Role, Verdict

VERDICTS = {
    (Step.ALIGN, Verdict.FAILS): "{output} is not built: no build of {folder} fits {host}",
    (Step.ALIGN, Verdict.UNKNOWN): "{output} is not built: whether {folder} can fit {host} cannot be determined",
    (Step.COMPILE, Verdict.FAILS): "{output} is not built: {folder} does not compile as {host} needs it",
    (Step.COMPILE, Verdict.UNKNOWN): "{output} is not built: the go command lacks a module or a C compiler here",
    (Step.CHECK, Verdict.LOADS): "{output} is built, and will load into {host}",
    (Step.CHECK, Verdict.FAILS): "{output} is not written: what was built will not load into {host}",
    (Step.CHECK, Verdict.UNKNOWN): "{output} is not written: what was built may or may not load into {host}",
}

NOT_KNOWN = (
    "{output} is not written: what was built will not load into {host}, and whether another build would is not known"
)
"""Of a file that fails where no other build could be tried."""

LINES = 20
"""Lines of the go command that are shown without -v."""


def render(built: Built, view: View) -> str:
    """The document; empty when quiet and the plugin is built."""
    if view.verbosity == QUIET and built.verdict == Verdict.LOADS:
        return ""
    sheet, alignment = Sheet(view), built.alignment
    values = {"output": built.output, "folder": alignment.folder, "host": alignment.host}
    why = fit_reason(alignment) if built.step == Step.ALIGN else ""
    fails = built.checked is not None and built.checked.verdict == Verdict.FAILS and built.verdict == Verdict.UNKNOWN
    template = NOT_KNOWN if fails else VERDICTS[built.step, built.verdict]
    sheet.verdict(built.verdict, template, values, reason=built.reason if fails else why)
    if view.verbosity == QUIET:
        return sheet.document()
    if built.step == Step.ALIGN:
        told = {why, alignment.reason, alignment.recipe.why_not, *(finding.message for finding in alignment.findings)}
        if built.reason not in told:
            sheet.paragraph(built.reason)
        align_text.body(sheet, alignment)
        return sheet.document()
    if built.checked is not None and built.verdict == Verdict.LOADS:
        compared = built.checked.packages.compared
        sheet.paragraph(f"{compared} of {compared} shared packages match")
        for finding in of_role(built.checked.findings, Role.RISK):
            sheet.risk(finding.message, finding.rule)
    _command(sheet, built)
    if built.step == Step.COMPILE:
        sheet.gap()
        said = built.reason.splitlines()
        shown = sheet.few(said, LINES)
        for line in shown:
            sheet.line("  ", line)
        sheet.rest(len(said) - len(shown), "lines")
    elif built.checked is not None and built.verdict != Verdict.LOADS:
        sheet.gap()
        again = built.checked.remedy
        checked = built.checked._replace(remedy=again and again._replace(gopluck=()))
        section(sheet, Group((checked,)), alignment.host)
    return sheet.document()


def _command(sheet: Sheet, built: Built) -> None:
    """What ran, and on which go.mod."""
    recipe = built.alignment.recipe
    sheet.gap()
    sheet.pasted("ran", [Line((*assignments(recipe.env), *map(sh, built.command)))])
    if edits := followed(recipe):
        sheet.gap()
        sheet.pasted("edits", lines(Recipe(True, "plugin", go_mod=edits)))
        sheet.text("They are in go.mod." if built.kept else "They are in a copy of go.mod; --write keeps them.")
    sheet.gap()
    sheet.rows("note", dict.fromkeys((*built.alignment.notes, *recipe.notes)))
