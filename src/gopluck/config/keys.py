"""The keys of a gopluck.toml, one row each: what reads the file and what its JSON Schema says are the same table.

The schema is `schema/config-v1.json`; `fixtures/configschema.py` writes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from gopluck.config.model import Path
from gopluck.explainer.accept import why_not
from gopluck.record import NamedTuple
from gopluck.report.interface import FORMATS


class Wrong(Exception):
    """What a value has to be, and where it stands."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(why)
        self.path = path
        self.why = why


class Text(NamedTuple):
    """A text of a form. `expected`: that, in words."""

    pattern: str = r"[^\x00]+"
    expected: str = "a text that is not empty"

    def check(self, value: object, path: Path) -> object:
        """The value. Raises `Wrong`."""
        if not isinstance(value, str) or not re.fullmatch(self.pattern, value):
            raise Wrong(path, f"has to be {self.expected}, not {shown(value)}")
        return value


class Choice(NamedTuple):
    """One of some words."""

    words: tuple[str, ...]

    def check(self, value: object, path: Path) -> object:
        """The value. Raises `Wrong`."""
        if not isinstance(value, str) or value not in self.words:
            near = suggested(value, self.words) if isinstance(value, str) else ""
            raise Wrong(path, f"has to be {' or '.join(self.words)}, not {shown(value)}{near}")
        return value


class Risk(NamedTuple):
    """A rule whose findings can be accepted."""

    def check(self, value: object, path: Path) -> object:
        """The value. Raises `Wrong`."""
        if not isinstance(value, str):
            raise Wrong(path, f"has to be the name of a rule, not {shown(value)}")
        if why := why_not(value):
            raise Wrong(path, f"{shown(value)} {why}")
        return value


class Day(NamedTuple):
    """A date, as TOML writes it, with quotes or without."""

    def check(self, value: object, path: Path) -> object:
        """The value, as a `date`. Raises `Wrong`."""
        from datetime import date, datetime

        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        try:
            if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
                return date.fromisoformat(value)
        except ValueError:
            pass
        raise Wrong(path, f"has to be a day such as 2027-03-31, not {shown(value)}")


class Table(NamedTuple):
    """A table with these keys, and no other."""

    keys: Mapping[str, Key]
    required: tuple[str, ...] = ()

    def check(self, value: object, path: Path) -> dict[str, Any]:
        """The values. Raises `Wrong`."""
        if not isinstance(value, dict):
            raise Wrong(path, f"has to be a table, not {shown(value)}")
        for name in value:
            if name not in self.keys:
                raise Wrong((*path, name), f"is not a key of this file{suggested(name, self.keys)}")
        for name in self.required:
            if name not in value:
                raise Wrong(path, f"lacks the key {name}")
        return {name: self.keys[name].kind.check(one, (*path, name)) for name, one in value.items()}


class Output(NamedTuple):
    """A format alone, or with the file that it is written to. Only one goes to standard output."""

    def check(self, value: object, path: Path) -> object:
        """The format and the file, or None. Raises `Wrong`."""
        if isinstance(value, dict):
            found = OUTPUT.check(value, path)
            return found["format"], found["output"]
        return Choice(FORMATS).check(value, path), None


class Listed(NamedTuple):
    """A list."""

    of: Kind
    one_text: bool = False
    """Whether no more than one of its entries is a text."""

    def check(self, value: object, path: Path) -> object:
        """The values. Raises `Wrong`."""
        if not isinstance(value, list):
            raise Wrong(path, f"has to be a list, [ … ], not {shown(value)}")
        if self.one_text and sum(isinstance(one, str) for one in value) > 1:
            raise Wrong(path, 'only one goes to standard output: write {format = "…", output = "…"} for the others')
        return tuple(self.of.check(one, (*path, index)) for index, one in enumerate(value))


Kind = Text | Choice | Risk | Day | Table | Output | Listed


class Key(NamedTuple):
    """A key: what it is for, and what it takes."""

    what: str
    kind: Kind


FILE = Text(
    r"(?:\./)?[^/.\x00][^/\x00]*(?:/[^/.\x00][^/\x00]*)*", "a file below this one, without hidden folders or .."
)
REASON = Text(r"[^\x00]*[^\x00\s][^\x00]*", "a reason, in words")

OUTPUT = Table(
    {
        "format": Key("The format, as for --format.", Choice(FORMATS)),
        "output": Key("The file that it is written to, below the folder of gopluck.toml.", FILE),
    },
    ("format", "output"),
)

IGNORE = Table(
    {
        "rule": Key("The risk that is accepted: the name of its rule.", Risk()),
        "plugin": Key(
            "Of which plugins: a glob of the file's name, or, with a `/`, of its path from here. Without it: of all.",
            Text(),
        ),
        "packages": Key(
            "Import paths, or `example.com/greet/...`: the risk is accepted where it is about these alone.",
            Listed(Text()),
        ),
        "reason": Key("Why it is accepted. It is shown with the risk.", REASON),
        "until": Key("The last day on which it is accepted; then the risk counts again.", Day()),
    },
    ("rule", "reason"),
)

DOCUMENT = Table(
    {
        "host": Key("The host, or its manifest.", Text()),
        "plugins": Key("The plugins, in the order of their loading; a folder stands for its *.so.", Listed(Text())),
        "sysroot": Key("The root of the container in which the host runs, as --sysroot.", Text()),
        "library-path": Key("The directories of the LD_LIBRARY_PATH with which the host runs.", Listed(Text())),
        "symbols": Key("What Lookup has to find in each plugin, NAME or NAME:TYPE, as --symbol.", Listed(Text())),
        "formats": Key("What is written: a format, or one with its file.", Listed(Output(), one_text=True)),
        "fail-on": Key("`risk`: a risk that is not accepted makes the exit status 1, too.", Choice(("none", "risk"))),
        "ignore": Key("Risks that are known, and accepted.", Listed(IGNORE)),
    }
)


def suggested(word: str, words: Iterable[str]) -> str:
    """`: did you mean …?`, where one of the words is near."""
    from difflib import get_close_matches

    near = get_close_matches(word[:100], list(words), 1)
    return f": did you mean {near[0]}?" if near else ""


LONGEST = 60


def shown(value: object) -> str:
    """A value, in short."""
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    text = f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
