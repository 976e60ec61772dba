"""What documents for people are drawn on: lines of rich's segments, folded so that no path and no command is broken.

Whatever is put on a sheet is cleaned (`clean`). Its rows are no table of rich: that breaks or crops a word which
is wider than its column, and a path has to stay whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import StringIO
from typing import TYPE_CHECKING, TypeVar

from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment, Segments
from rich.style import Style
from rich.text import Text
from rich.theme import Theme

from gopluck.clean import clean
from gopluck.record import NamedTuple
from gopluck.report.interface import HINT, NORMAL, QUIET, View
from gopluck.site import rule_address

if TYPE_CHECKING:
    from gopluck.remedy.lines import Line

INDENT = 2
"""Where labels begin, and lines without one."""

ATOM = re.compile(r"(?:`[^`]*`|\S)+")
"""What folding keeps whole: a word, or a stretch in backticks."""
GAP = "\ue000"
"""Stands for a blank that is no place to fold at; `clean` leaves none in a text."""

SLUG = re.compile(r"[a-z0-9-]+")

THEME = Theme(
    {
        "good": "bold green",
        "bad": "bold red",
        "open": "bold yellow",
        "strong": "bold",
        "command": "cyan",
        "dim": "dim",
    },
    inherit=False,
)


class Mark(NamedTuple):
    """The sign and the style of a verdict."""

    sign: str
    ascii: str
    style: str


GOOD, BAD, OPEN = Mark("✓", "+", "good"), Mark("✗", "x", "bad"), Mark("?", "?", "open")
APART, RISK = Mark("-", "-", "open"), Mark("⚠", "!", "open")
UNREAD = Mark("!", "!", "bad")

MARKS = {
    **dict.fromkeys(("loads", "fits", "compatible", "keep"), GOOD),
    **dict.fromkeys(("fails", "differs", "breaking", "rebuild", "lookup"), BAD),
    "unreadable": UNREAD,
    "risk": RISK,
    **dict.fromkeys(("not-reached", "unfit"), APART),
    "unknown": OPEN,
}
"""By the word of a verdict, of any command."""

Words = str | Sequence[str]
"""A text, or the atoms of one: folding keeps each of them whole."""
Part = str | Text | tuple[str | Text, str | Style]
"""A part of a line, with its style."""
Item = TypeVar("Item")


class Sheet:
    """One document, from its first line to its last. `column`: where the text after a label begins."""

    def __init__(self, view: View, column: int = 8) -> None:
        self.view = view
        self.column = column
        self.width = max(view.width, 40)
        self.verbose = view.verbosity > NORMAL
        self._console = Console(
            file=StringIO(),
            width=self.width,
            height=1,
            color_system="standard" if view.color else None,
            no_color=False,
            theme=THEME,
            legacy_windows=False,
            _environ={},
        )
        self._lines: list[list[Segment]] = []
        self._apart = False
        self._written = False
        self._hinted = False

    def document(self) -> str:
        """The whole text: lines without blanks at their ends."""
        self._flush()
        file = self._console.file
        assert isinstance(file, StringIO)
        return file.getvalue()

    def _flush(self) -> None:
        if self._lines:
            self._console.print(Segments([one for line in self._lines for one in line]), soft_wrap=True, end="")
            self._lines.clear()
            self._written = True

    # -- lines -------------------------------------------------------------------------------------------------

    def gap(self) -> None:
        """A blank line before the next line, if one comes, and something is before it."""
        self._apart = self._written or bool(self._lines)

    @contextmanager
    def section(self) -> Iterator[None]:
        """What stands apart from what is around it, if it is more than a line. It says once how to see all."""
        self._hinted = False
        apart = self._apart
        if apart:
            self._blank()
        self._flush()
        yield
        if len(self._lines) > 1:
            if self._written and not apart:
                self._lines.insert(0, [Segment.line()])
            self.gap()
        self._flush()

    def _blank(self) -> None:
        self._lines.append([Segment.line()])
        self._apart = False

    def line(self, *parts: Part) -> None:
        """One line, as it is. Blanks at its end are left out."""
        segments: list[Segment] = []
        for part in parts:
            text, named = part if isinstance(part, tuple) else (part, None)
            style = self._console.get_style(named) if named else None
            if isinstance(text, str):
                segments.append(Segment(clean(text), style))
            else:
                segments += Segment.apply_style(text.render(self._console), style)
        while segments and segments[-1].text[-1:] in ("", " "):
            text, style, _ = segments.pop()
            if text := text.rstrip():
                segments.append(Segment(text, style))
        if self._apart:
            self._blank()
        self._lines.append([*segments, Segment.line()])

    def verdict(self, word: str, sentence: str, values: Mapping[str, str], beside: str = "", reason: str = "") -> None:
        """The line of a verdict, with its sign. A value in it stays whole, blanks and all.

        `beside`: what follows in parentheses, or below for want of room. `reason`: why, after a colon.
        """
        mark = MARKS[word]
        atoms = [atom.format(**values) for atom in sentence.split()]
        atoms[0] = f"{self.sign(mark)} {atoms[0]}"
        if why := ATOM.findall(clean(reason)):
            atoms[-1] += ":"
            atoms += why
        folded = self.view.fold_quotes and self.view.verbosity != QUIET
        *lines, last = self.fold(atoms, self.width if folded else None, hang=2)
        for line in lines:
            self.line((line, mark.style))
        fits = beside and cell_len(str(last)) + cell_len(beside) + 4 <= self.width
        self.line((last, mark.style), f"  ({beside})" if fits else "")
        if beside and not fits:
            self.paragraph(beside)

    def sign(self, mark: Mark) -> str:
        """A sign that the destination can show."""
        return mark.sign if self.view.unicode else mark.ascii

    def entry(self, word: str, name: str, text: str, column: int) -> None:
        """A row of a table of verdicts: the sign, a name, and a text that begins in a column, or below a long name."""
        mark = MARKS[word]
        lines: Sequence[str | Text] = self.fold(text, self.width - column)
        shown = f"{self.sign(mark)} {clean(name)}"
        if cell_len(shown) + 2 > column and text:
            self.line((shown, mark.style))
        elif lines:
            self.line((shown, mark.style), " " * (column - cell_len(shown)), lines[0])
            lines = lines[1:]
        for line in lines:
            self.line(" " * column, line)

    def paragraph(self, text: Words | Text, indent: int = INDENT, hang: int = 0, style: str = "none") -> None:
        """A text, folded."""
        for line in self.fold(text, self.width - indent, hang):
            self.line(" " * indent, (line, style))

    def quote(self, text: str) -> None:
        """A text that people search for: folded on a terminal, whole elsewhere."""
        if self.view.fold_quotes:
            self.paragraph(text, hang=2, style="strong")
        else:
            self.line(" " * INDENT, (text, "strong"))

    def row(
        self,
        label: str,
        text: Words | Text,
        rules: Sequence[str] = (),
        *,
        hang: int = 0,
        column: int = 0,
        style: str = "strong",
    ) -> None:
        """A text after a label; the names of rules at the right end of its first line, or below for want of room.

        `column`: where the text begins, if not in the sheet's.
        """
        column = column or self.column
        room = self.width - column
        right = cell_len(", ".join(rules)) if rules else 0
        lines = self.fold(text, room - right - 2 if rules else room, hang)
        below = bool(rules) and cell_len(str(lines[0])) + 2 + right > room
        if below:
            lines = self.fold(text, room, hang)
        beside: Iterable[Part] = ()
        if rules and not below:
            beside = (" " * (room - cell_len(str(lines[0])) - right), *self._rules(rules))
        self.line(*_label(label, column, style), lines[0], *beside)
        for line in lines[1:]:
            self.line(" " * column, line)
        if below:
            self.line(" " * (self.width - right), *self._rules(rules))

    def rows(self, label: str, texts: Iterable[str], hang: int = 0) -> None:
        """Texts, the first of them after a label."""
        for text in texts:
            self.row(label, text, hang=hang)
            label = ""

    def risk(self, text: str, rule: str, words: str = "", *, known: bool = False) -> None:
        """A warning in short. `words`: what its acceptance says; `known`: whether that holds."""
        mark = APART if known else RISK
        self.row(self.sign(mark), text, (rule,), column=INDENT + 2, style=mark.style)
        if words:
            self.paragraph(words, indent=INDENT + 2)

    def text(self, text: str) -> None:
        """A text below another that has a label."""
        self.row("", text)

    def pairs(self, *pairs: tuple[str, str]) -> None:
        """Values below a text, each after its name."""
        wide = max(cell_len(name) for name, _ in pairs)
        for name, value in pairs:
            self.line(" " * (self.column + 2), (name.ljust(wide), "dim"), f"  {value}")

    def pasted(self, label: str, lines: Iterable[Line]) -> None:
        """Lines to paste: commands, folded with a backslash, and `# ` comments; a shell takes them at any width."""
        room = self.width - self.column - 2
        for line in lines:
            if line.comment:
                said = line.words[0] if self.view.unicode else line.words[0].replace("’", "\\'")
                shown = [f"# {text}" for text in self.fold(said, room)]
            else:
                shown = " \\\n".join(map(str, self.fold(line.parts, room, hang=2))).split("\n")
            for text in shown:
                self.line(*_label(label, self.column), (text, "dim" if line.comment else "command"))
                label = ""

    def _rules(self, rules: Sequence[str]) -> Iterator[Part]:
        """Names of rules; on a terminal that can open it, each with its page."""
        for index, slug in enumerate(rules):
            if index:
                yield (", ", "dim")
            linked = self.view.pages and SLUG.fullmatch(slug)
            yield (slug, Style(dim=True, link=rule_address(slug, self.view.pages)) if linked else "dim")

    # -- lists -------------------------------------------------------------------------------------------------

    def few(self, items: Sequence[Item], most: int) -> Sequence[Item]:
        """What is shown of a list; one more than `most` takes no more room than to say so."""
        return items if self.verbose or len(items) <= most + 1 else items[:most]

    def names(
        self, heading: str, names: Sequence[str], most: int, *, label: str = "", hint: bool = False, column: int = 0
    ) -> None:
        """An enumeration. `hint`: say how to see all of it, where that was not said before."""
        shown = self.few(names, most)
        atoms = [*filter(None, [heading]), *(f"{name}," for name in shown[:-1]), *shown[-1:]]
        if len(shown) < len(names):
            atoms.append(f"and {len(names) - len(shown)} more")
            if hint and not self._hinted:
                self._hinted = True
                atoms.append(HINT)
        self.row(label, atoms, hang=2, column=column)

    def rest(self, hidden: int, of: str = "") -> None:
        """How many entries of a list were not shown, if any, and how to see them."""
        if hidden:
            self.text(f"and {hidden} more{of and f' {of}'} {HINT}")

    # -- folding -----------------------------------------------------------------------------------------------

    def fold(self, text: Words | Text, room: int | None = None, hang: int = 0) -> Sequence[str | Text]:
        """The lines of a text in `room` columns, those after the first indented by `hang`; one line without a room.

        A word that is wider gets a line of its own, whole.
        """
        if isinstance(text, Text):
            return self._wrap(text, room, hang)
        atoms = ATOM.findall(clean(text)) if isinstance(text, str) else map(clean, text)
        whole = " ".join([atom.replace(" ", GAP) for atom in atoms])
        if room is None or cell_len(whole) <= room:
            return [whole.replace(GAP, " ")]
        return [line.plain for line in self._wrap(Text(whole, overflow="ignore"), room, hang)]

    def _wrap(self, text: Text, room: int | None, hang: int) -> list[Text]:
        lines = [text] if room is None else list(text.wrap(self._console, room))
        if hang and room and len(lines) > 1:
            first = len(lines[0].plain.rstrip()) + 1
            lines[1:] = text[first:].wrap(self._console, room - hang)
        for index, line in enumerate(lines):
            line.plain = line.plain.rstrip().replace(GAP, " ")
            line.pad_left(hang if index else 0)
        return lines


def _label(label: str, column: int, style: str = "strong") -> tuple[Part, ...]:
    """The line before what begins in a column."""
    return (" " * INDENT, (label, style), " " * (column - INDENT - cell_len(label))) if label else (" " * column,)
