"""Which failures `gopluck build` cures: it has the plugin's source, compiles, and knows the host alone."""

from __future__ import annotations

from gopluck.builds.build import Build
from gopluck.facts.model import Binary
from gopluck.remedy.grammar import seen
from gopluck.remedy.quote import Placeholder
from gopluck.replay.ends import End
from gopluck.replay.process import Outcome
from gopluck.result.recipe import Input, Recipe
from gopluck.result.verdict import Stage

SOURCE = Input("PLUGIN_SOURCE", "the folder of the plugin's package main")
"""What the command needs besides the host."""

UNEDITED = Input(
    "", "the host's vendor folder unedited: an edit leaves no trace in the file, but gopluck build finds it"
)
"""What it takes for granted until it has compiled."""

FROM_CGO = ("_Cfunc_", "_C2func_", "_cgo")
"""How the functions begin that cgo writes into a package."""


def built(host: Binary, plugin: Binary | None, outcome: Outcome, found: Recipe) -> Recipe:
    """A recipe with the command that follows it, or that looks for what no file tells.

    Where a vendor folder of the host is all that is in the way, that command is the recipe: it compiles modules as if
    they lay there, which nobody types.
    """
    if not _cures(host, outcome, found):
        return found
    words = ("gopluck", "build", host.path)
    if found.inside is None or found.untold or plugin is None or _generated(host, plugin, outcome):
        return found._replace(gopluck=words)
    *_, name, _ = found.inside.build
    line = (*words, Placeholder(f"${SOURCE.name}"), "-o", name)
    note = "It compiles the plugin's modules as if they lay in the host's vendor folder, which need not be here."
    return Recipe(
        True,
        "plugin",
        go=found.go,
        build=line,
        inputs=(SOURCE, UNEDITED),
        notes=(note,),
        inside=found.inside,
        gopluck=words,
    )


def _generated(host: Binary, plugin: Binary, outcome: Outcome) -> bool:
    """Whether a package that differs has files of cgo or of -cover: they lie in a folder of the go command, and no flag
    names it."""
    code, covered = Build(plugin, "").code, Build(host, "").covered or ()
    paths = [one.path for one in outcome.mismatches]
    return any(path in covered or any(name.startswith(FROM_CGO) for name in code(path)) for path in paths)


def _cures(host: Binary, outcome: Outcome, found: Recipe) -> bool:
    """Not where an earlier plugin differs or has the path; not for a host in an image, which takes several options."""
    if found.possible:
        open_ = found.side == "plugin"
    else:
        open_ = found.untold or found.inside is not None or (found.side == "plugin" and bool(found.build))
    if found.build[-1:] and found.build[-1].endswith(".go"):
        return False  # no folder is built
    if any(edit.kind == "init" for edit in found.go_mod):
        return False  # it makes no new module
    if not open_ or found.left_out or outcome.why == End.SAME_PLUGINPATH:
        return False
    if any(one.provider for one in outcome.mismatches) or outcome.stage == Stage.LOOKUP:
        return False
    return host.image is None and not host.path.startswith("-") and seen(host.path)
