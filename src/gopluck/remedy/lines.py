"""A recipe as lines to type: the commands of its edits and of its build, quoted for a shell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from gopluck.golang.release import DIRECTIVES, TOOLCHAIN_LINE, before
from gopluck.record import NamedTuple
from gopluck.remedy import quote
from gopluck.remedy.quote import Placeholder, sh
from gopluck.result.check import Finding
from gopluck.result.recipe import Edit, Recipe
from gopluck.result.verdict import Role

LATER = tuple(f"drop{directive}" for directive in DIRECTIVES if directive != "toolchain")
"""The kinds of edits that only a newer go command makes: an older one refuses the file in which they are needed. A
toolchain line goes with the go line."""

GO_MOD = ("require", "droprequire", "exclude", "dropexclude", "replace", "dropreplace", "module", *LATER)
"""The kinds of edits of which one `go mod edit` can make several."""

BREAK = r"'?-|[A-Z_]+=|(?:go|do)$|\S+@\S*\)$"
"""Words of a command before which it may be folded: none of them, alone on a line, is a command that a file names."""


class Line(NamedTuple):
    """A line to type, or to read."""

    words: tuple[str, ...]
    """Quoted for a shell; of a comment its one text, without the `#`."""
    comment: bool = False

    @property
    def text(self) -> str:
        """The line, unfolded."""
        return f"# {self.words[0]}" if self.comment else " ".join(self.words)

    @property
    def parts(self) -> list[str]:
        """The words of a command in parts that stay together when it is folded with a backslash."""
        out: list[str] = []
        last = ""
        for word in self.words:
            if out and (last == "-o" or not re.match(BREAK, word)):
                out[-1] += f" {word}"
            else:
                out.append(word)
            last = word
        return out

    def folded(self, width: int) -> list[str]:
        """A command in lines of a width, where its parts are not longer."""
        lines = [""]
        for part in self.parts:
            if lines[-1] and len(lines[-1]) + len(part) + 3 > width:
                lines[-1] += " \\"
                lines.append("  ")
            lines[-1] += part if not lines[-1].strip() else f" {part}"
        return lines


def comment(text: str) -> Line:
    """A line to read: our own words, and values of which none is trusted."""
    return Line((quote.comment(text),), True)


def edit_words(edit: Edit) -> tuple[str, ...]:
    """The arguments for the go command, unquoted: `mod edit -require=example.com/lib@v1.0.0`.

    None of them for `lower`, which is a loop.
    """
    if edit.kind == "lower":
        return ()
    at = f"{edit.module}@{edit.version}" if edit.module and edit.version else edit.module or edit.version
    if edit.kind == "use":
        return ("work", "init", edit.root or ".", edit.to)
    if edit.kind == "init":
        return ("mod", "init", edit.module)
    if edit.kind == "vendor":
        return ("mod", "vendor")
    if edit.kind == "get":
        return ("get", at)
    if edit.kind == "replace":
        word = f"-replace={at}={edit.to}"
        return ("mod", "edit", Placeholder(word) if isinstance(edit.to, Placeholder) else word)
    if edit.kind == "go":
        # Such a go command does not know the flag, and a go.mod that nobody has read may have no such line.
        unknown = edit.when and before(f"go{at}", TOOLCHAIN_LINE)
        return ("mod", "edit", f"-go={at}", *(() if unknown else ("-toolchain=none",)))
    return ("mod", "edit", f"-{edit.kind}={at}")


def edit_flags(edits: Iterable[Edit], *, toolchain: bool) -> list[str]:
    """The flags of one `go mod edit` that makes these edits. `toolchain`: whether go.mod has a toolchain line."""
    words = [word for edit in edits for word in edit_words(edit)[2:]]
    return words if toolchain else [word for word in words if not word.startswith("-toolchain=")]


def edit_line(edit: Edit) -> Line:
    """The shell command that makes one edit."""
    if edit.kind != "lower":
        return Line(("go", *map(sh, edit_words(edit))))
    module, at = sh(edit.module), sh(f"{edit.module}@{edit.version}")
    graph = ("for", "at", "in", "$(GOWORK=off", "GOFLAGS=-mod=mod", "go", "mod", "graph);", "do", "case", "$at", "in")
    each = (f"{at})", ";;", f"{module}@*)", "go", "mod", "edit", "-exclude=$at;;", "esac;", "done")
    return Line(("go", "mod", "edit", f"-require={at};", *graph, *each))


def build_command(recipe: Recipe) -> str:
    """The build line, quoted for a shell, without the environment; empty where nothing has to be built."""
    return " ".join(map(sh, recipe.build))


def lines(recipe: Recipe) -> tuple[Line, ...]:
    """Every line to type, in order: first those that the user completes. An edit with a condition is a comment."""
    named = [Line((f"{one.name}=/path/to/it  # complete this line",)) for one in recipe.inputs if one.name]
    folder = [Line(("cd", sh(recipe.directory)))] if recipe.directory else []
    build = [Line((*assignments(recipe.env), *map(sh, recipe.build)))] if recipe.build else []
    return (*named, *folder, *_edits(recipe), *build)


def _edits(recipe: Recipe) -> Iterator[Line]:
    flags: list[str] = []
    """Those of one `go mod edit` for several edits."""
    asked = [sh(edit_words(edit)[1]) for edit in recipe.go_mod if edit.kind == "get"]
    for edit in recipe.go_mod:
        if edit.kind == "get":
            continue
        if edit.kind in GO_MOD and not edit.when:
            flags.extend(map(sh, edit_words(edit)[2:]))
            continue
        if flags:
            yield Line(("go", "mod", "edit", *flags))
            flags = []
        if edit.when:
            yield comment(f"if {edit.when}: {edit_line(edit).text}")
        elif edit.kind in ("use", "init"):
            # The go line of a new go.work or go.mod is that of the release that writes it. Where a go.work lies above,
            # go work init would refuse.
            release = {"GOTOOLCHAIN": recipe.go} if recipe.go else {}
            own = {"GOWORK": "off"} if edit.kind == "use" else {}
            yield Line((*assignments({**release, **own}), *edit_line(edit).words))
        else:
            yield edit_line(edit)
    if flags:
        yield Line(("go", "mod", "edit", *flags))
    if asked:
        # All at once: one after the other, each would be free to move those before it.
        yield Line((*assignments({"GOTOOLCHAIN": recipe.go} if recipe.go else {}), "go", "get", *asked))


def run(recipe: Recipe) -> tuple[str, ...]:
    """The lines as text."""
    return tuple(line.text for line in lines(recipe))


def assignments(env: Mapping[str, str]) -> tuple[str, ...]:
    """The environment as it stands before a command, quoted for a shell."""
    return tuple(f"{name}={sh(value)}" for name, value in env.items())


def with_words(findings: Iterable[Finding], recipe: Recipe | None) -> tuple[Finding, ...]:
    """Findings whose causes have the recipe as their fix: there is one answer to what has to be typed."""
    if recipe is None or not recipe.possible:
        return tuple(findings)
    words = "\n".join(run(recipe))
    return tuple(one._replace(fix=words) if one.role == Role.CAUSE else one for one in findings)
