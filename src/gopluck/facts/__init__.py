"""Facts of files: `read(path)` gives a `Binary`; `to_json` and `from_json` turn it into plain values and back.

The names are looked up when they are used, so that importing `gopluck.facts.model` alone stays cheap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gopluck.facts.codec import from_json, to_json
    from gopluck.facts.read import read

__all__ = ["from_json", "read", "to_json"]

_HOME = {"from_json": "codec", "to_json": "codec", "read": "read"}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
