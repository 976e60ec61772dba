"""The one place that quotes: a value as it stands in a shell, a comment to paste, a Makefile, YAML, or a Dockerfile.

What is quoted has passed its grammar (`grammar.py`); a control character, which no quoting makes harmless everywhere,
is refused here once more. What is only shown in a comment has passed none: it is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from gopluck.clean import clean


class Placeholder(str):
    """A word with a shell variable (`-replace=example.com/x=$HOST_CHECKOUT/x`) that stands for what no file tells.

    The variable's name is our own; what is before and after it is quoted as every word.
    """

    __slots__ = ()


_BARE = r"(?a)[\w@%+=:,./-]+"
"""What a shell takes as it is."""
_APOSTROPHE = r"(?<=\w)'(?=\w)"
_PLAIN = r"(?<!\S)\([\w .,/@%-]*\)(?=[\s.,:]|$)"
"""Words in parentheses, as a sentence has them."""
_ACTIVE = rf"(?P<plain>{_PLAIN})|[\\'\"`$;&|<>!()]"


def comment(text: str) -> str:
    """A line of text to stand behind `# ` in what is pasted.

    Not every shell takes that for a comment: zsh, typed into, takes `#` for the name of a command, and expands what
    follows. So the text has no character that would be more than a letter there.
    """
    return re.sub(_ACTIVE, lambda match: match["plain"] or f"\\{match[0]}", re.sub(_APOSTROPHE, "’", clean(text)))


def sh(word: str) -> str:
    """A word for a POSIX shell: bare, or in single quotes. Only a `Placeholder` begins with a variable."""
    if isinstance(word, Placeholder):
        return _around(word, sh, '"${}"')
    _refuse(word)
    return word if re.fullmatch(_BARE, word) else "'" + word.replace("'", "'\\''") + "'"


def _around(word: Placeholder, quoted: Callable[[str], str], variable: str) -> str:
    before, name, after = re.split(r"\$([A-Z_]+)", word, maxsplit=1)
    return (quoted(before) if before else "") + variable.format(name) + (quoted(after) if after else "")


def make(text: str) -> str:
    """The value of a variable of a Makefile."""
    _refuse(text)
    return text.replace("$", "$$").replace("#", "\\#")


def make_word(word: str) -> str:
    """A word for a shell in the value of a variable of a Makefile. A `Placeholder`'s variable is one of make's."""
    if isinstance(word, Placeholder):
        return _around(word, make_word, '"$({})"')
    return make(sh(word))


def yaml(text: str) -> str:
    """A YAML scalar in double quotes: YAML reads JSON's strings."""
    import json

    _refuse(text)
    return json.dumps(text, ensure_ascii=False)


def dockerfile(text: str) -> str:
    """The value of an ENV instruction, in double quotes."""
    _refuse(text)
    return '"' + re.sub(r'([\\"$])', r"\\\1", text) + '"'


def markdown(text: str) -> str:
    """A line of prose; what Markdown or HTML would read as more stands behind a backslash."""
    _refuse(text)
    return re.sub(r"([\\`*_{}\[\]<>#!|~])", r"\\\1", text)


def _refuse(text: str) -> None:
    if clean(text) != text:
        raise ValueError(f"{text!r} cannot be quoted")
