"""Systems that were asked once: what a set's process found, as JSON keeps it, and the recorder that writes it down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gopluck.facts import codec
from gopluck.facts.model import Binary
from gopluck.loader.library import Absent, Found, Library, System, Unknown, Wanted

SCHEMA = 1
"""Version of the JSON of a recorded system."""


class RecordedSystem:
    """Libraries by name, as JSON keeps them. What was not asked for when it was recorded is unknown."""

    def __init__(self, libraries: Mapping[str, Found] | None = None) -> None:
        self.libraries = dict(libraries or {})

    def find(self, wanted: Wanted) -> Found:
        """See `System.find`."""
        return self.libraries.get(wanted.name, Unknown("the libraries of that process were not recorded"))


class Recorder:
    """A system that remembers what was asked of another one."""

    def __init__(self, system: System) -> None:
        self._system = system
        self.asked: dict[str, Found] = {}

    def find(self, wanted: Wanted) -> Found:
        """See `System.find`."""
        found = self._system.find(wanted)
        self.asked[wanted.name] = found
        return found


def to_json(libraries: Mapping[str, Found], symbols: Iterable[str] | None = None) -> dict[str, Any]:
    """Libraries by name (`Recorder.asked`, `RecordedSystem.libraries`) as plain JSON values.

    `symbols`: the names that will be looked for; exports of other names are left out.
    """
    names = None if symbols is None else frozenset(symbols)
    return {"schema_version": SCHEMA, "libraries": {name: _to_json(found, names) for name, found in libraries.items()}}


def from_json(document: Mapping[str, Any]) -> RecordedSystem:
    """The system of `to_json`'s values. Raises `ValueError`, `KeyError` or `TypeError` on others."""
    if document["schema_version"] != SCHEMA:
        raise ValueError(f"a recorded system of version {document['schema_version']!r}")
    return RecordedSystem({name: _from_json(value) for name, value in document["libraries"].items()})


def _to_json(found: Found, names: frozenset[str] | None) -> Any:
    match found:
        case Absent(wrong_class):
            return {"absent": "wrong-class" if wrong_class else "missing"}
        case Unknown(reason):
            return {"unknown": reason}
        case Library(binary, exports, versioned, maker):
            kept = sorted(item for item in exports if names is None or item.partition("@")[0] in names)
            return {"binary": codec.to_json(binary), "exports": kept, "versioned": versioned, "maker": maker}


def _from_json(value: Mapping[str, Any]) -> Found:
    if "absent" in value:
        return Absent(value["absent"] == "wrong-class")
    if "unknown" in value:
        return Unknown(str(value["unknown"]))
    binary = codec.from_json(Binary, value["binary"])
    return Library(binary, frozenset(value["exports"]), bool(value["versioned"]), value.get("maker"))
