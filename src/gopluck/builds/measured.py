"""What was measured: tables that lie beside this module as JSON, written by programs of `fixtures/`, never by hand."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cache
from typing import Any

from gopluck.record import NamedTuple


class Difference(NamedTuple):
    """How loads ended with one difference between two builds."""

    rule: str
    """The slug of the rule that names it."""
    what: str
    """Backticks mark what is code."""
    results: Mapping[str, str]
    """By release how three loads ended, `x` for a failure and `.` for none: the difference on the host only, on the
    plugin only, on both."""


class Measured(NamedTuple):
    """What the recorded sets say about each difference between two builds: really built, really loaded."""

    releases: tuple[str, ...]
    """In order."""
    idle_compile_flags: tuple[str, ...]
    """Flags for all packages on one side that broke no load of a release that records build settings."""
    cgo_ldflags_reach_std: bool
    """Whether another number of words in CGO_LDFLAGS changed a package of the standard library (net, with cgo)."""
    differences: Mapping[str, Difference]


@cache
def measured() -> Measured:
    """`measured.json`, written by `fixtures/differences.py`, read once."""
    table = _table("measured.json")
    return Measured(
        tuple(table["releases"]),
        tuple(table["idle_compile_flags"]),
        table["cgo_ldflags_reach_std"],
        {name: Difference(**row) for name, row in table["differences"].items()},
    )


@cache
def std_tags() -> Mapping[str, list[str]]:
    """The packages of the standard library that a build tag reaches, by the tag (`fixtures/stdtags.py`)."""
    table: Mapping[str, list[str]] = _table("std_tags.json")
    return table


def _table(name: str) -> Any:
    """A table, from the folder or archive that the package is in (`importlib.resources` takes 30 ms to import)."""
    assert __spec__ is not None
    return json.loads(__spec__.loader.get_data(os.path.join(os.path.dirname(__file__), name)))  # type: ignore[union-attr]  # noqa: PTH118, PTH120
