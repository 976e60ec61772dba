"""Lines for a terminal: colours, marks, and folding that never breaks a path or a command."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from gopluck.report.interface import View

ATOM = re.compile(r"(?:`[^`]*`|\S)+")
"""What folding keeps whole: a word, or a stretch in backticks."""

COMMAND = re.compile(r"(?:[A-Z_][A-Z0-9_]*=\S* +)*(?:go|gopluck|git|cd|cp|mv|rm|make|docker|env|export|apt-get|strip) ")
"""The beginning of a line that is a shell command."""

WORD = re.compile(r"""(?:-o )?(?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s'"\\])+""")
"""A word of a shell command with its quotes; `-o NAME` is one."""

SGR = {
    "good": "1;32",
    "bad": "1;31",
    "open": "1;33",
    "error": "1",
    "label": "1",
    "command": "36",
    "dim": "2",
}

MARKS = {"loads": ("✓", "+"), "fails": ("✗", "x"), "unknown": ("?", "?"), "not-reached": ("-", "-")}
RISK = ("⚠", "!")
STYLES = {"loads": "good", "fails": "bad", "unknown": "open", "not-reached": "open"}


class Layout:
    """How one document is drawn: a `View` with the means to follow it."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.width = max(view.width, 40)

    def paint(self, text: str, style: str) -> str:
        """The text in a style of `SGR`, or as it is where there are no colours."""
        return f"\x1b[{SGR[style]}m{text}\x1b[0m" if self.view.color and text else text

    def mark(self, verdict: str) -> str:
        """The sign of a verdict."""
        return MARKS[verdict][0 if self.view.unicode else 1]

    @property
    def warning(self) -> str:
        """The sign of a risk."""
        return RISK[0 if self.view.unicode else 1]

    def fold(self, atoms: Iterable[str], indent: int, hang: int = 2, room: int = 0) -> list[str]:
        """Atoms in lines of the width: the first after `indent` columns, the others indented `hang` more.

        `room`: columns that stay free at the right end. The indent itself is not written, the hang is. An atom that is
        longer than a line gets a line of its own, whole.
        """
        lines: list[str] = []
        line = ""
        for atom in atoms:
            pad = " " * hang if lines else ""
            if line and indent + len(pad) + len(line) + 1 + len(atom) > self.width - room:
                lines.append(pad + line)
                line = atom
            else:
                line = f"{line} {atom}" if line else atom
        if line:
            lines.append((" " * hang if lines else "") + line)
        return lines

    def quote(self, text: str, indent: int) -> list[str]:
        """A text that people search for: folded on a terminal, whole elsewhere."""
        return self.fold(atoms(text), indent) if self.view.fold_quotes else [text]

    def prose(self, text: str, indent: int, hang: int = 0, room: int = 0) -> list[str]:
        """A line of text, folded; a command stays whole."""
        return [text] if is_command(text) else self.fold(atoms(text), indent, hang, room)

    def aligned(self, text: str, indent: int, right: str) -> str:
        """A text that begins after `indent` columns, and another at the right end of the line."""
        if not right:
            return text
        gap = max(self.width - indent - len(text) - len(right), 2)
        return f"{text}{' ' * gap}{self.paint(right, 'dim')}"

    def labelled(
        self, label: str, text: str, indent: int, column: int, slug: str = "", style: str = ""
    ) -> Iterator[str]:
        """Lines of text from `column` on after a label at `indent`.

        A rule's slug stands at the right end of the first line, or below where there is no room.
        """
        lines = self.prose(text, column, room=len(slug) + 2 if slug else 0)
        beside = column + len(lines[0]) + 2 + len(slug) <= self.width if lines else False
        if not beside:
            lines = self.prose(text, column) or [""]
        start = " " * indent + self.paint(label, "label") + " " * (column - indent - len(label))
        for index, line in enumerate(lines):
            shown = self.paint(line, style) if style else line
            if index == 0:
                yield start + (self.aligned(shown, column, slug) if beside else shown)
            else:
                yield " " * column + shown
        if slug and not beside:
            yield " " * column + self.aligned("", column, slug)

    def continued(self, command: str, indent: int) -> Iterator[str]:
        """A shell command in lines of the width, each but the last with a backslash at its end.

        An argument that is longer than a line gets a line of its own, whole.
        """
        line = ""
        for word in WORD.findall(command):
            if line and indent + len(line) + len(word) + 3 > self.width:
                yield f"{line} \\"
                line = f"  {word}"
            else:
                line = f"{line} {word}" if line else word
        yield line

    def hides(self, names: tuple[str, ...], most: int) -> bool:
        """Whether a list is cut at `most`: one name more takes no more room than to say so."""
        return len(names) > most + 1

    def listed(self, names: tuple[str, ...], most: int | None = None) -> Iterator[str]:
        """The names as atoms of an enumeration: `a, b and 3 more`; at most `most` of them."""
        shown = names[:most] if most is not None and self.hides(names, most) else names
        rest = len(names) - len(shown)
        for index, name in enumerate(shown):
            yield name if index == len(shown) - 1 else name + ","
        if rest:
            yield f"and {rest} more"


def atoms(text: str) -> list[str]:
    """The parts of a text that folding keeps whole."""
    return ATOM.findall(text)


def is_command(line: str) -> bool:
    """Whether a line is a shell command, to be copied as it is."""
    return COMMAND.match(line) is not None


def count(number: int, noun: str) -> str:
    """`1 package`, `2 packages`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
