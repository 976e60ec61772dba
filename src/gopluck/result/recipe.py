"""`Recipe` and its parts: what to type so that a plugin fits its host, as data."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gopluck.record import NamedTuple

NOTHING: Mapping[str, str] = MappingProxyType({})


class Edit(NamedTuple):
    """One change of go.mod (or go.work), done in the folder of the plugin's main package."""

    kind: str
    """`require`, `droprequire`, `exclude`, `dropexclude`, `replace`, `dropreplace`, `dropgodebug`, `droptool`,
    `dropignore`, `go` (which takes the toolchain line away), `module` (its own path): `go mod edit`. `use`: the folder
    becomes a workspace together with another module. `init`: the folder becomes a module of its own. `vendor`: the
    vendor folder is made anew. `lower`: this version is required, and every other one that anything asks for is
    excluded. `get`: `go get`, all of them at once, after the other edits."""
    module: str = ""
    """The module's path; for `init` the path of the new module."""
    version: str = ""
    """The module's version; for `go` the release."""
    to: str = ""
    """What replaces the module (`path@version` or a folder), or the folder that `use` adds."""
    reason: str = ""
    """Why, in one sentence."""
    when: str = ""
    """The condition under which it is needed, where no file tells whether it is; empty: always."""
    root: str = ""
    """For `use`: the folder of the plugin's own go.mod, seen from that of its package main (`../..`); empty: that."""


class Input(NamedTuple):
    """Something that the recipe needs and that no file tells: it has to be had from the host's owner."""

    name: str
    """The shell variable that stands for it in the commands (`HOST_CHECKOUT`); empty where its path is known."""
    what: str
    """What it is, in words."""
    path: str = ""
    """The absolute path at which it has to be."""


NOT_REPEATED = "a setting is left out of the commands, because it holds more than gopluck repeats: you have to decide"
"""Why a recipe with `left_out` is not known to make a plugin load."""


class LeftOut(NamedTuple):
    """A setting of a file that the recipe does not repeat, because it holds more than Go needs there."""

    setting: str
    """`CGO_CFLAGS`, `-gcflags`, `the version of example.com/lib`."""
    value: str
    """As it was read: not to be trusted, nor typed."""


class Recipe(NamedTuple):
    """What to type so that one plugin loads into one host; or, when that is in vain, what the host's owner types."""

    possible: bool
    """Whether the plugin's side alone can make it load."""
    side: str
    """`plugin` or `host`: who has to act, and so whose commands these are."""
    why_not: str | None = None
    """Why nothing on the plugin's side helps."""
    go: str = ""
    """The Go release to build with (`go1.25.5`); empty when it is not recorded or not released."""
    env: Mapping[str, str] = NOTHING
    """Variables of the go command, GOTOOLCHAIN among them. They count for the edits, too."""
    flags: tuple[str, ...] = ()
    """Flags of `go build`, unquoted, without -buildmode and -o."""
    go_mod: tuple[Edit, ...] = ()
    """Edits, in order, before the build."""
    build: tuple[str, ...] = ()
    """The words of the build line, unquoted, without the environment. Run in the folder of the main package; or, where
    they are those of `gopluck build`, wherever HOST is."""
    directory: str = ""
    """The folder in which the commands have to run where it matters; empty: that of the plugin's main package."""
    inputs: tuple[Input, ...] = ()
    notes: tuple[str, ...] = ()
    """What else is worth to know, a sentence each."""
    left_out: tuple[LeftOut, ...] = ()
    """What of the files is not repeated; the user has to decide about it."""
    untold: bool = False
    """Whether no file tells what would have to be repeated, so that something may help all the same."""
    inside: Recipe | None = None
    """How a package main inside the host's checkout is built, where that loads and the go command alone builds no
    module of its own that does."""
    gopluck: tuple[str, ...] = ()
    """The words of the command that builds the plugin from its source, whose folder follows; empty where none does."""


NOTHING_TO_TYPE = Recipe(True, "plugin")
"""For those who only want to know."""
