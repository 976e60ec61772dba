"""Facts as plain JSON values and back: the form in which the oracle's recorded sets keep them.

An internal form that follows the records of `model.py` field by field; what teams publish is the host manifest
(`manifest.py`), a documented format of its own.
"""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence, Set
from functools import cache
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")


def to_json(value: Any) -> Any:
    """A record of `model.py` as JSON values; fields that hold their default are left out."""
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        defaults: Mapping[str, Any] = getattr(value, "_field_defaults", {})
        return {
            name: to_json(item)
            for name, item in zip(getattr(value, "_fields", ()), value, strict=True)
            if name not in defaults or item != defaults[name]
        }
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Set):
        return sorted(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [to_json(item) for item in value]
    if isinstance(value, Mapping):
        return {key: to_json(item) for key, item in value.items()}
    return value


def from_json(kind: type[T], value: Any) -> T:
    """The record `kind` from `to_json`'s values; fields that it does not have are left out.

    Raises `KeyError`, `TypeError` or `ValueError` on others.
    """
    return _decode(kind, value)  # type: ignore[no-any-return]


@cache
def _hints(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _decode(kind: Any, value: Any) -> Any:
    origin = get_origin(kind)
    if origin is types.UnionType:
        chosen = [item for item in get_args(kind) if item is not types.NoneType]
        return None if value is None else _decode(chosen[0], value)
    if isinstance(kind, type) and hasattr(kind, "_fields"):
        hints = _hints(kind)
        return kind(**{name: _decode(hints[name], item) for name, item in value.items() if name in hints})
    if origin is Sequence:
        return tuple(_decode(get_args(kind)[0], item) for item in value)
    if origin is tuple:
        args = get_args(kind)
        if len(args) == 2 and args[1] is Ellipsis:
            return tuple(_decode(args[0], item) for item in value)
        return tuple(_decode(arg, item) for arg, item in zip(args, value, strict=True))
    if origin in (frozenset, Set):
        return frozenset(value or ())  # a library's own symbols were once null
    if origin is Mapping:
        item = get_args(kind)[1]
        return dict(value) if item is str else {key: _decode(item, one) for key, one in value.items()}
    if kind is bytes:
        return bytes.fromhex(value)
    return value
