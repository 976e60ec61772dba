"""The schemas of the documents that gopluck reads, and what validates them.

`fastjsonschema` makes a Python function of a schema: that takes 40 ms, imported only where a manifest is read.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

MAX_MESSAGE = 200
"""Characters of a message: it can name a property of the document."""


def manifest_error(document: Any) -> str | None:
    """Why a document is no host manifest of version 1, in one line; None when it is one."""
    from fastjsonschema import JsonSchemaValueException

    try:
        _validator()(document)
    except JsonSchemaValueException as error:
        # What the library calls the document, `data`, says nothing to who wrote it.
        field = error.message.removeprefix("data").removeprefix(".")
        return field.strip()[:MAX_MESSAGE]
    return None


@cache
def _validator() -> Callable[[Any], object]:
    import json
    from pkgutil import get_data

    import fastjsonschema

    schema = json.loads(get_data(__name__, "manifest-v1.json") or b"")
    validate: Callable[[Any], object] = fastjsonschema.compile(schema, use_default=False)
    return validate
