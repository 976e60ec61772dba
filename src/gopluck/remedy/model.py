"""`Recipe` and its parts: what to type so that a plugin fits its host, as data."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from gopluck.rules.shell import quoted

NOTHING: Mapping[str, str] = MappingProxyType({})

GO_MOD = ("require", "exclude", "replace", "dropreplace")
"""The kinds of edits of which one `go mod edit` can make several."""


class Edit(NamedTuple):
    """One change of go.mod (or go.work), done in the folder of the plugin's main package."""

    kind: str
    """`require`, `exclude`, `replace`, `dropreplace`, `go` (which takes the toolchain line away): `go mod edit`. `use`:
    the folder becomes a workspace together with another module. `init`: the folder becomes a module of its own.
    `lower`: this version is required, and every other one that anything asks for is excluded."""
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

    @property
    def words(self) -> tuple[str, ...]:
        """The arguments for the go command, unquoted: `mod edit -require=example.com/lib@v1.0.0`; none for
        `lower`, which is a pipe."""
        if self.kind == "lower":
            return ()
        at = f"{self.module}@{self.version}" if self.module and self.version else self.module or self.version
        if self.kind == "use":
            return ("work", "init", ".", self.to)
        if self.kind == "init":
            return ("mod", "init", self.module)
        if self.kind == "replace":
            return ("mod", "edit", f"-replace={at}={self.to}")
        if self.kind == "go":
            return ("mod", "edit", f"-go={at}", "-toolchain=none")
        return ("mod", "edit", f"-{self.kind}={at}")

    @property
    def command(self) -> str:
        """The shell command that makes this one edit."""
        if self.kind == "lower":
            module, version = (part.replace(".", r"\.") for part in (self.module, self.version))
            at = f"{self.module}@{self.version}"
            return (
                f"go mod edit {quoted(f'-require={at}')} $(GOFLAGS=-mod=mod go mod graph | tr ' ' '\\n' | sort -u | "
                f"sed -n '\\|^{module}@{version}$|d; s|^{module}@|-exclude=&|p')"
            )
        return " ".join(["go", *map(quoted, self.words)])


class Input(NamedTuple):
    """Something that the recipe needs and that no file tells: it has to be had from the host's owner."""

    name: str
    """The shell variable that stands for it in the commands (`HOST_CHECKOUT`); empty where its path is known."""
    what: str
    """What it is, in words."""
    path: str = ""
    """The absolute path at which it has to be."""


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
    command: str = ""
    """The build line, quoted for a shell, without the environment. Run in the folder of the main package."""
    directory: str = ""
    """The folder in which the commands have to run where it matters; empty: that of the plugin's main package."""
    inputs: tuple[Input, ...] = ()
    notes: tuple[str, ...] = ()
    """What else is worth to know, a sentence each."""

    @property
    def run(self) -> tuple[str, ...]:
        """Every line to type, in order. An edit with a condition is a comment."""
        out: list[str] = []
        if self.directory:
            out.append(f"cd {quoted(self.directory)}")
        words: list[str] = []
        """Flags of one `go mod edit` for several edits."""
        for edit in self.go_mod:
            if edit.kind in GO_MOD and not edit.when:
                words.append(quoted(edit.words[2]))
                continue
            out += [f"go mod edit {' '.join(words)}"] if words else []
            words = []
            # The go line of a new go.work or go.mod is that of the release that writes it.
            release = f"GOTOOLCHAIN={self.go} " if self.go and edit.kind in ("use", "init") else ""
            out.append(f"# if {edit.when}: {edit.command}" if edit.when else release + edit.command)
        out += [f"go mod edit {' '.join(words)}"] if words else []
        if self.command:
            out.append(" ".join([*(f"{name}={quoted(value)}" for name, value in self.env.items()), self.command]))
        return tuple(out)


NOTHING_TO_TYPE = Recipe(True, "plugin")
"""For those who only want to know."""
