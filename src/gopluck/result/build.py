"""`Built`: the result of `gopluck build`."""

from __future__ import annotations

from enum import StrEnum

from gopluck.record import NamedTuple
from gopluck.result.align import Alignment
from gopluck.result.check import PluginResult
from gopluck.result.recipe import Edit, Recipe
from gopluck.result.verdict import Verdict


class Step(StrEnum):
    """The last step that was done, in their order."""

    ALIGN = "align"
    """Nothing was built: no build of this source fits, or something is missing."""
    COMPILE = "compile"
    """The go command refused."""
    CHECK = "check"
    """The plugin was built, and checked against the host."""


def followed(recipe: Recipe) -> tuple[Edit, ...]:
    """The edits of go.mod that a build makes. The vendor folder is not made anew: -mod=mod leaves it aside."""
    return tuple(edit for edit in recipe.go_mod if edit.kind != "vendor" and not edit.when)


class Built(NamedTuple):
    """Whether a plugin was built that the host loads."""

    alignment: Alignment
    """How its module fitted the host, before anything was built, and the recipe that was followed."""
    output: str
    """The file that was asked for. It is written when the verdict is `loads`, and only then."""
    verdict: Verdict
    """`loads`, `fails` or `unknown`."""
    step: Step
    command: tuple[str, ...] = ()
    """The words of the go command that ran, unquoted, without the environment; empty where none did."""
    reason: str = ""
    """Why nothing was built, or what the go command said."""
    kept: bool = False
    """Whether go.mod was edited where it lies (`--write`)."""
    checked: PluginResult | None = None
    """What `gopluck check` says about the file."""
