"""The interface of a renderer, and the table of formats: a new format is one file and one row here.

A renderer is a module with one function, `render(result, view) -> str`: a whole document that ends in a newline, or
nothing at all. It does no input or output.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gopluck.facts.model import Binary, Go
    from gopluck.remedy.alignment import Alignment
    from gopluck.report.diff_model import HostDiff
    from gopluck.report.model import Report, RulePage

QUIET, NORMAL, VERBOSE = -1, 0, 1

CHECK_FORMATS = {"text": "gopluck.report.text", "json": "gopluck.report.json"}
ALIGN_FORMATS = {"text": "gopluck.report.align_text", "json": "gopluck.report.align_json"}
DIFF_FORMATS = {"text": "gopluck.report.diff_text", "json": "gopluck.report.diff_json"}
INSPECT_FORMATS = {"text": "gopluck.report.inspect_text", "json": "gopluck.report.inspect_json"}
EXPLAIN_FORMATS = {"text": "gopluck.report.explain_text", "json": "gopluck.report.explain_json"}


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


class ReportRenderer(Protocol):
    """Renders the result of a check."""

    def __call__(self, report: Report, view: View) -> str:
        """The document."""


class DiffRenderer(Protocol):
    """Renders the result of a diff of two hosts."""

    def __call__(self, diff: HostDiff, view: View) -> str:
        """The document."""


class AlignmentRenderer(Protocol):
    """Renders how a module fits a host."""

    def __call__(self, alignment: Alignment, view: View) -> str:
        """The document."""


class BinaryRenderer(Protocol):
    """Renders the facts of a file."""

    def __call__(self, binary: Binary, view: View) -> str:
        """The document."""


class RulesRenderer(Protocol):
    """Renders what rules mean."""

    def __call__(self, pages: Sequence[RulePage], view: View, *, listed: bool = False) -> str:
        """The document. `listed`: one line for each rule, where the format has such a form."""


def report_renderer(name: str) -> ReportRenderer:
    """The renderer of a check's result for a key of `CHECK_FORMATS`. Imports that format only."""
    return cast(ReportRenderer, import_module(CHECK_FORMATS[name]).render)


def diff_renderer(name: str) -> DiffRenderer:
    """The renderer of a diff's result for a key of `DIFF_FORMATS`. Imports that format only."""
    return cast(DiffRenderer, import_module(DIFF_FORMATS[name]).render)


def alignment_renderer(name: str) -> AlignmentRenderer:
    """The renderer of an alignment for a key of `ALIGN_FORMATS`. Imports that format only."""
    return cast(AlignmentRenderer, import_module(ALIGN_FORMATS[name]).render)


def binary_renderer(name: str) -> BinaryRenderer:
    """The renderer of a file's facts for a key of `INSPECT_FORMATS`. Imports that format only."""
    return cast(BinaryRenderer, import_module(INSPECT_FORMATS[name]).render)


def rules_renderer(name: str) -> RulesRenderer:
    """The renderer of rules for a key of `EXPLAIN_FORMATS`. Imports that format only."""
    return cast(RulesRenderer, import_module(EXPLAIN_FORMATS[name]).render)


def go_packages(go: Go) -> list[tuple[str, str]]:
    """(path, hash) of each package: what a plugin expects, in the runtime's order; what a host has, by name."""
    if go.pkghashes:
        return [(package.path, package.linktimehash) for package in go.pkghashes]
    return sorted(go.link_hashes.items())
