"""How a module fits a host, for people: the verdict, what differs and why, and what to type."""

from __future__ import annotations

from gopluck.remedy.lines import comment
from gopluck.report import findings as shared
from gopluck.report.fix import of_alignment
from gopluck.report.interface import QUIET, View
from gopluck.report.sentences import fit_reason, fit_sentence
from gopluck.report.sheet import Sheet
from gopluck.result.align import Alignment
from gopluck.result.check import of_role
from gopluck.result.verdict import Fit, Role
from gopluck.rules.model import Trait
from gopluck.rules.registry import with_trait

BASIS = {
    "hashes": "{shared} compiled: each has the host's hash",
    "compiled": "{shared} compiled, and compared by hash",
    "paths": "{shared} compared by path, version and checksum",
    "go.mod": "compared by go.mod alone: weaker",
}

NOTHING = "no edit of go.mod settles it"
UNTRIED = "whether an edit of go.mod settles it is not known"


def render(alignment: Alignment, view: View) -> str:
    """The document; empty when quiet and everything fits."""
    sheet = Sheet(view)
    if view.verbosity == QUIET and alignment.verdict == Fit.FITS:
        return ""
    sheet.verdict(alignment.verdict, fit_sentence(alignment), alignment._asdict(), reason=fit_reason(alignment))
    if view.verbosity == QUIET:
        return sheet.document()
    body(sheet, alignment)
    return sheet.document()


def body(sheet: Sheet, alignment: Alignment) -> None:
    """What comes after the verdict."""
    if alignment.shared and (alignment.verdict == Fit.FITS or sheet.verbose):
        compared = shared.count(len(alignment.shared), "shared package")
        differs = alignment.verdict == Fit.DIFFERS and alignment.mismatched
        differing = f"; {len(alignment.mismatched)} do not match" if differs else ""
        basis = "compiled" if differs and alignment.basis == "hashes" else alignment.basis
        sheet.paragraph(BASIS[basis].format(shared=compared) + differing)
    sheet.gap()
    label = shared.by_rule(sheet, "why", of_role(alignment.findings, Role.CAUSE), 0)
    shared.by_rule(sheet, "risk", of_role(alignment.findings, Role.RISK), 0)
    if alignment.reason and alignment.reason != fit_reason(alignment):
        sheet.row("but" if alignment.verdict == Fit.FITS else label, alignment.reason)
    sheet.gap()
    shared.by_rule(sheet, "fine", of_role(alignment.findings, Role.HARMLESS))
    sheet.gap()
    sheet.rows("note", dict.fromkeys((*alignment.notes, *alignment.recipe.notes)))
    sheet.gap()
    _fix(sheet, alignment)


def _fix(sheet: Sheet, alignment: Alignment) -> None:
    blocks, recipe = of_alignment(alignment), alignment.recipe
    # Of an unknown one without findings the reason says what is missing, so that nothing is known of edits.
    known = alignment.verdict != Fit.UNKNOWN or alignment.findings
    if not recipe.possible and not recipe.left_out and known:
        said = {alignment.reason, *(finding.message for finding in alignment.findings)}
        untried = recipe.untold and recipe.side == "plugin"
        why = f": {recipe.why_not}" if recipe.why_not and recipe.why_not not in said else ""
        sheet.row("but", (UNTRIED if untried else NOTHING) + why)
    for block in blocks:
        sheet.pasted(block.label, block.lines)
    if not blocks and not recipe.possible:
        tried = with_trait(Trait.MODULE_VERSION)
        causes = (finding for finding in of_role(alignment.findings, Role.CAUSE) if finding.rule not in tried)
        sheet.pasted("try", map(comment, dict.fromkeys(finding.fix for finding in causes if finding.fix)))
