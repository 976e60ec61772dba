"""What GitHub's runner takes for workflow commands, from its documented grammar, and nothing else it would.

A line `::NAME KEY=VALUE,KEY=VALUE::MESSAGE`, with blanks before it; in a message `%0A`, `%0D` and `%25` stand for what
they are, in a property `%3A` and `%2C` as well (`actions/runner`, `ActionCommand.TryParseV2`).
"""

from __future__ import annotations

import re
from typing import NamedTuple

LINE = re.compile(r"\s*::(?P<name>[^ :]+)(?: (?P<properties>[^:]*))?::(?P<message>.*)")
ESCAPES = {"%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ",", "%25": "%"}


class Command(NamedTuple):
    """One command."""

    name: str
    properties: dict[str, str]
    message: str


def commands(text: str) -> list[Command]:
    """The commands of a log, in order; of the older form (`##[name]`) there must be none."""
    assert not re.search(r"##\w*\[", text)
    found = []
    for line in re.split(r"\r\n|\r|\n", text):
        if match := LINE.fullmatch(line):
            pairs = [pair.partition("=") for pair in filter(None, (match["properties"] or "").split(","))]
            properties = {key.strip(): _unescaped(value, *ESCAPES) for key, _, value in pairs}
            found.append(Command(match["name"], properties, _unescaped(match["message"], "%0D", "%0A", "%25")))
        else:
            assert not line.strip().startswith("::"), line
    return found


def _unescaped(text: str, *escapes: str) -> str:
    for escape in escapes:
        text = text.replace(escape, ESCAPES[escape])
    return text
