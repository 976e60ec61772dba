"""Which failures `gopluck build` cures: it has the plugin's source, compiles, and knows the host alone."""

from __future__ import annotations

from gopluck.facts.model import Binary
from gopluck.remedy.grammar import seen
from gopluck.replay.process import Outcome
from gopluck.result.recipe import Recipe
from gopluck.result.verdict import Stage


def built(host: Binary, outcome: Outcome, found: Recipe) -> Recipe:
    """A recipe with the command that follows it, or that looks for what no file tells."""
    return found._replace(gopluck=("gopluck", "build", host.path)) if _cures(host, outcome, found) else found


def _cures(host: Binary, outcome: Outcome, found: Recipe) -> bool:
    """Not where an earlier plugin differs, a module needs another path, or a C compiler is for another system; and not
    for a host in an image, which takes several options to name."""
    if found.possible:
        open_ = found.side == "plugin"
    else:
        open_ = found.untold or found.inside is not None or (found.side == "plugin" and bool(found.build))
    if not open_ or found.left_out or "CC" in found.env or any(edit.kind == "module" for edit in found.go_mod):
        return False
    if any(one.provider for one in outcome.mismatches) or outcome.stage == Stage.LOOKUP:
        return False
    return host.image is None and not host.path.startswith("-") and seen(host.path)
