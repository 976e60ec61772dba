"""Words for a shell."""

from __future__ import annotations

import re
import shlex

_VARIABLE = re.compile(r"\$[A-Z][A-Z_]*")


def quoted(word: str) -> str:
    """A word for a shell. A variable that stands for something unknown (`$HOST_CHECKOUT`) stays one."""
    if _VARIABLE.search(word):
        return '"' + re.sub(r'([\\"`])', r"\\\1", word) + '"'
    return shlex.quote(word)
