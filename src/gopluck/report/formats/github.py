"""Annotations for GitHub Actions: workflow commands (`::error file=…,title=…::message`), one for each cause.

GitHub shows ten errors and ten warnings of a step, so plugins that share everything share one. Nothing but these
commands is printed, and no value in one of them ends it or begins another.
"""

from __future__ import annotations

from gopluck.clean import inert
from gopluck.report.formats.digest import Item, Level, Result, digest, facts, some
from gopluck.report.interface import View

SHOWN = 20
"""Plugins that one annotation names."""


def render(result: Result, view: View) -> str:
    """The commands; nothing where all is well."""
    found = digest(result, view).groups
    return "".join(f"{_command(item)}\n" for item in found if item.level != Level.OK or item.accepted)


def _command(item: Item) -> str:
    lines = [item.line, *facts(item)]
    if len(item.paths) > 1:
        lines.insert(1, ", ".join(some(item.paths, SHOWN)))
    message = "\n".join(map(inert, lines))
    name = item.paths[0].removeprefix("./")
    level = "notice" if item.level == Level.OK else item.level
    return f"::{level} file={_property(name)},title={_property(item.title)}::{_data(message)}"


def _data(text: str) -> str:
    """A message, as the runner reads it back (`actions/toolkit`, `escapeData`)."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """A property, as the runner reads it back (`escapeProperty`)."""
    return _data(inert(text)).replace(":", "%3A").replace(",", "%2C")
