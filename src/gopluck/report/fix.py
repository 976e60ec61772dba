"""The block of a fix: commands, and comments that begin with `# `. A shell takes it whole, or line by line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gopluck.record import NamedTuple
from gopluck.remedy.lines import Line, comment, lines
from gopluck.remedy.quote import sh
from gopluck.result.check import of_role, risks
from gopluck.result.recipe import Recipe
from gopluck.result.verdict import Fit, Role, Verdict

if TYPE_CHECKING:
    from gopluck.report.groups import Group
    from gopluck.result.align import Alignment

LONGEST_SHOWN = 200
"""Letters of a value that is only shown."""


class Block(NamedTuple):
    """Lines to paste, and what they are: `fix`, `host` (its owner's), `next`, `build`, `try`; empty: they go on."""

    label: str
    lines: tuple[Line, ...]


def blocks(group: Group) -> Iterator[Block]:
    """What to do about some plugins: one block; or why nothing on their side helps, and the host's block."""
    plugin, recipe = group.first, group.remedy
    if recipe is None:
        loads = plugin.verdict == Verdict.LOADS
        found = risks(plugin.findings) if loads else of_role(plugin.findings, Role.CAUSE)
        advice = dict.fromkeys(finding.fix for finding in found if finding.fix)
        yield Block("next" if plugin.verdict == Verdict.UNKNOWN else "fix", tuple(map(comment, advice)))
        return
    label = "host" if recipe.side == "host" else "fix"
    if not recipe.possible:
        label = "" if recipe.side == "plugin" or not recipe.build else "host"
        search = (_searching(recipe),) if recipe.gopluck and label else ()
        yield Block("fix", (comment(_why_not(recipe)), *search, *_inside(recipe.inside)))
    whose = f"the {recipe.side}'s" if len(group.plugins) == 1 or recipe.side == "host" else "each plugin's"
    where = f"the folder of {whose} package main"
    if recipe.gopluck and recipe.build[: len(recipe.gopluck)] == recipe.gopluck:
        yield Block(label, tuple(fix_lines(recipe, "")))
        return
    if recipe.gopluck and label != "host":
        by_hand = "Or by hand" if recipe.directory else "Or by hand, in DIR"
        made = comment(f"{_command(recipe)} does this, where DIR is {where}. {by_hand}:")
        yield Block(label, (made, *fix_lines(recipe, "")))
        return
    yield Block(label, tuple(fix_lines(recipe, where)))


def _command(recipe: Recipe) -> str:
    return " ".join((*map(sh, recipe.gopluck), "DIR"))


def _searching(recipe: Recipe) -> Line:
    """What compiles candidates where no file tells."""
    return comment(f"{_command(recipe)} compiles the plugin's source in DIR, and looks for a build that loads.")


def of_alignment(alignment: Alignment) -> tuple[Block, ...]:
    """The edits and the build that make a module fit; or, where no edit does, what the host's owner types."""
    recipe = alignment.recipe
    if not recipe.possible and not recipe.left_out:
        inside = tuple(_inside(recipe.inside))
        host = tuple(fix_lines(recipe, "the folder of the host's package main")) if recipe.build else ()
        return tuple(Block(label, block) for label, block in (("fix", inside), ("host", host)) if block)
    where = "" if alignment.folder == "." else alignment.folder
    label = "build" if alignment.verdict == Fit.FITS else "fix"
    return (Block(label, tuple(fix_lines(recipe._replace(notes=()), where))),)


def _why_not(recipe: Recipe) -> str:
    why = recipe.why_not or "no reason is known"
    if recipe.left_out:
        return f"{why[:1].upper()}{why[1:]}."
    if recipe.side == "plugin" and recipe.build:
        return f"{why}."
    if recipe.inside is not None:
        return f"As a module of its own the plugin cannot fit: {why}"
    if recipe.untold:
        return f"gopluck cannot name a command for the plugin's side: {why}"
    return f"Nothing on the plugin's side helps: {why}" if recipe.side == "host" else f"No command helps: {why}"


def _inside(recipe: Recipe | None) -> Iterator[Line]:
    """What to type where a package of the host's own module loads."""
    if recipe is not None:
        place = f"{recipe.directory}/{recipe.build[-1].removeprefix('./')}"
        yield comment(
            f"Inside the host's checkout it can, with the modules that are there: move package main to {place}"
        )
        yield from lines(recipe)


def fix_lines(recipe: Recipe, where: str) -> Iterator[Line]:
    """What to type, with what has to be known about it as comments. `where`: the folder to type it in, in words."""
    for left in recipe.left_out:
        yield comment(f"Left out: {left.setting} = {shortened(left.value)}")
    for one in recipe.inputs:
        if one.name:
            yield comment(f"{one.name} must be {one.what}")
    commands = lines(recipe)
    if commands and where and not recipe.directory:
        yield comment(f"In {where}:")
    yield from commands
    for one in recipe.inputs:
        if not one.name:
            yield comment(f"{one.path} must be {one.what}" if one.path else f"It needs {one.what}")
    yield from map(comment, recipe.notes)


def shortened(value: str) -> str:
    """A value that is only shown, cut where it is too long to be read."""
    return value if len(value) <= LONGEST_SHOWN else f"{value[:LONGEST_SHOWN]}… ({len(value)} letters)"
