"""`Alignment`: the result of `gopluck align`."""

from __future__ import annotations

from gopluck.record import NamedTuple
from gopluck.result.check import Finding
from gopluck.result.recipe import Recipe
from gopluck.result.verdict import Fit


class Departure(NamedTuple):
    """A copy of a module whose code is not the published one, as compiling that showed."""

    side: str
    """Whose copy: `host` or `plugin`."""
    module: str
    version: str
    packages: tuple[str, ...]
    """Those that differ, and import none that does."""
    copy: bool = False
    """Whether the plugin has a copy of its own, too."""


class Tried(NamedTuple):
    """A build that was compiled to see whether it fits."""

    what: str
    """In words."""
    mismatched: int | None
    """How many packages did not match; None where the go command refused it."""
    reason: str = ""
    """Why it was refused, or did not compile."""


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
    tried: tuple[Tried, ...] = ()
    """What was compiled, in order, where files did not tell what fits."""
    before: str = ""
    """The text of go.mod."""
    after: str = ""
    """The same after the edits; equal to `before` when there are none."""
