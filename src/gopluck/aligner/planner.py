"""What `gopluck check` would print for the plugin that is planned: one planner answers where no edit of go.mod does."""

from __future__ import annotations

from pathlib import Path

from gopluck.aligner.fit import Checked, explanation
from gopluck.builds.build import Build
from gopluck.remedy.building import built
from gopluck.remedy.quote import Placeholder
from gopluck.remedy.recipe import Failure, recipe
from gopluck.result.recipe import Recipe
from gopluck.result.verdict import Verdict

APART = ("init", "use")
"""Edits that are not made on a copy of go.mod: another module, a workspace."""


def beyond(host: Build, checked: Checked, name: str, *, compiling: bool) -> Recipe | None:
    """The recipe of a check of the plugin, as if it had been built as `name`, where it needs what is not at hand.

    That is the host's checkout, or another build of the host. What it tells of versions was tried here, in vain; so was
    what `gopluck build` would try, if that was compiled.
    """
    outcome, found = explanation(host, checked)
    if outcome.verdict != Verdict.FAILS:
        return None
    planned = recipe(
        Failure(host.binary, checked.plugin.binary, name, outcome, found.findings, found.packages.mismatched)
    )
    with_cgo = any(one.cgo for one in checked.listed if one.path in checked.mismatched)
    if not compiling and not with_cgo and planned.inside is not None:
        return built(host.binary, checked.plugin.binary, outcome, planned)
    folders = [edit.to for edit in planned.go_mod if edit.to]
    needs = any(isinstance(one, Placeholder) or (one.startswith("/") and not Path(one).exists()) for one in folders)
    apart = any(one.kind in APART for one in planned.go_mod)
    return planned if needs or apart or (planned.side == "host" and planned.build) else None
