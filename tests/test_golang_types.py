"""Exported symbols: the type that gopluck reads is the one that a host sees when it looks the symbol up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import recorded


def _asked(path: Path) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """(set, the plugin's facts, what Go answered) of each symbol that was really looked up."""
    document = recorded.family(path)
    return [
        (one["name"], document["binaries"][opened["binary"]].get("go") or {}, answer)
        for one in document["sets"]
        for opened, outcome in zip(one["opens"], one["outcome"], strict=False)
        for answer in outcome.get("lookups") or ()
    ]


FAMILIES = [path for path in recorded.families() if _asked(path)]


@pytest.mark.parametrize("path", FAMILIES, ids=lambda path: path.name.removesuffix(".json.xz"))
def test_types_read_as_reflect_prints_them(path: Path) -> None:
    wrong = []
    for name, go, answer in _asked(path):
        found = {one["name"]: one for one in go.get("exported", ())}.get(answer["symbol"])
        # Lookup gives a pointer to a variable.
        read = found and ("*" if found["kind"] == "var" else "") + found["type"]
        if (read or "") != answer["type"]:
            wrong.append((name, answer, found))
    assert wrong == []


@pytest.mark.parametrize("path", recorded.families(), ids=lambda path: path.name.removesuffix(".json.xz"))
def test_symbols_that_dlsym_does_not_find_are_named(path: Path) -> None:
    document = recorded.family(path)
    wrong = []
    for one in document["sets"]:
        for opened, outcome in zip(one["opens"], one["outcome"], strict=False):
            go = (document["binaries"].get(opened["binary"]) or {}).get("go") or {}
            missing = go.get("missing_symbols", ())
            _, found, rest = outcome["text"].partition("could not find symbol ")
            if found and rest.partition(":")[0] not in missing:
                wrong.append((one["name"], outcome["text"]))
            if outcome["result"] == "ok" and missing:
                wrong.append((one["name"], missing))
    assert wrong == []
