"""The interface of a renderer, and the table of them: a new format is one file and one row here.

A renderer is a module with one function, `render(result, view) -> str`: a whole document that ends in a newline, or
nothing at all. It does no input or output.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from gopluck.record import NamedTuple

if TYPE_CHECKING:
    from gopluck.facts.model import Elf, Go

QUIET, NORMAL, VERBOSE = -1, 0, 1
HINT = "(-v shows all)"

DIGESTED = ("concise", "github", "gitlab", "junit", "sarif", "markdown", "html")
"""Formats that show any result by what `formats.digest` makes of it: each a module of `formats`."""

FORMATS = ("text", "json", *DIGESTED)
"""The formats of `check`, `diff` and `align`."""

COMMANDS = frozenset({"github"})
"""Formats whose lines are commands to a CI system. They see to it themselves that no value of a file becomes one."""

RENDERERS = {
    ("check", "text"): "text",
    ("check", "json"): "json",
    ("build", "text"): "build_text",
    ("build", "json"): "build_json",
    ("align", "text"): "align_text",
    ("align", "json"): "align_json",
    ("diff", "text"): "diff_text",
    ("diff", "json"): "diff_json",
    **{(command, name): f"formats.{name}" for command in ("check", "diff", "align") for name in DIGESTED},
    ("inspect", "text"): "inspect_text",
    ("inspect", "json"): "inspect_json",
    ("explain", "text"): "explain_text",
    ("explain", "json"): "explain_json",
    ("explain", "markdown"): "explain_markdown",
}
"""By command and format: the module."""


class View(NamedTuple):
    """Where the text will be seen. Renderers for machines ignore it."""

    width: int = 80
    """Columns."""
    fold_quotes: bool = False
    """Whether a text that people search for (the verdict, what Go prints) may be folded at `width`.

    True on a terminal; false in a pipe or a file, where `grep` has to find it in one line.
    """
    color: bool = False
    unicode: bool = True
    verbosity: int = NORMAL
    risks: bool = False
    """Whether a plugin that loads counts as failing when it has a risk."""
    pages: str = ""
    """The address of the folder with a page for each rule, where the terminal can open it; empty: no links."""


def renderer(command: str, format_: str) -> Callable[..., str]:
    """What renders a command's result (`RENDERERS`). Imports that format only."""
    render: Callable[..., str] = import_module(f"{__package__}.{RENDERERS[command, format_]}").render
    return render


def library_versions(elf: Elf) -> Mapping[str, list[str]]:
    """The symbol versions that a file needs, by library."""
    versions: dict[str, list[str]] = {}
    for need in elf.version_needs:
        versions.setdefault(need.file, []).append(need.version)
    return versions


def go_packages(go: Go) -> list[tuple[str, str]]:
    """(path, hash) of each package: what a plugin expects, in the runtime's order; what a host has, by name."""
    if go.pkghashes:
        return [(package.path, package.linktimehash) for package in go.pkghashes]
    return sorted(go.link_hashes.items())
