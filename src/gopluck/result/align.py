"""`Alignment`: the result of `gopluck align`."""

from __future__ import annotations

from gopluck.record import NamedTuple
from gopluck.result.check import Finding
from gopluck.result.recipe import Recipe
from gopluck.result.verdict import Fit


class Alignment(NamedTuple):
    """Whether a plugin's module fits a host, and what makes it fit."""

    host: str
    """The path of the host or its manifest."""
    release: str
    """The host's Go release."""
    folder: str
    """The folder of the plugin's main package, as it was given."""
    go_mod: str
    """The path of its go.mod, or of the go.sum that alone was compared."""
    module: str
    """Its path; empty where only a go.sum is known."""
    verdict: Fit
    """`fits`, `differs` or `unknown`."""
    basis: str
    """What the verdict rests on: `hashes` of compiled packages, `paths` and versions that `go list` gave, `go.mod`
    alone (without a go command of the host's release: weaker), or `go.sum` alone (weaker still)."""
    checked: str
    """The build that was checked, as a line for a shell."""
    reason: str = ""
    """Why the verdict is `unknown`, or rests on less than hashes; or why the plugin does not build."""
    shared: tuple[str, ...] = ()
    """The packages that both sides have, dependencies first; empty where that is not known."""
    mismatched: tuple[str, ...] = ()
    """Those that would not match."""
    findings: tuple[Finding, ...] = ()
    """The differences, by the rules of `gopluck check`."""
    notes: tuple[str, ...] = ()
    recipe: Recipe = Recipe(False, "plugin")
    before: str = ""
    """The text of go.mod."""
    after: str = ""
    """The same after the edits; equal to `before` when there are none."""
