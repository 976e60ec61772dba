"""The one family of errors that gopluck raises; `cli.main` turns each into a line and an exit status."""

from __future__ import annotations


class GopluckError(Exception):
    """Something the user has to know in one line; `str()` is that line."""


class UnreadableFile(GopluckError):
    """A file cannot be opened or read, or is no regular file. Names the file."""


class MalformedFile(GopluckError):
    """A file is damaged: a header or table in it points outside the file, or contradicts itself."""


class Usage(GopluckError):
    """The command line asks for something that has no meaning."""
