"""Reads a gopluck.toml. It is not trusted more than the command line: less, where it names files to be written."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from glob import escape
from typing import Any

from gopluck.config.keys import DOCUMENT, Wrong
from gopluck.config.lines import lines, longest_key, tokens
from gopluck.config.model import Config, Path, place
from gopluck.errors import MalformedFile, UnreadableFile, Usage
from gopluck.result.check import Ignore

LARGEST = 65536
"""Bytes of a file: some four hundred entries of `ignore`."""

LINK = "is a link that leads out of the folder of this file, or into a hidden one"

LONGEST_KEY = 100
"""Parts of a dotted key."""


def read(path: str) -> Config:
    """What a file says. Raises `UnreadableFile`, and `MalformedFile` or `Usage`, which name line and key."""
    text = _text(path)
    found = tokens(text)
    if longest_key(found) > LONGEST_KEY:
        raise MalformedFile(f"{path}: has a key of more than {LONGEST_KEY} parts")
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MalformedFile(_syntax(path, text, error)) from None
    except (RecursionError, ValueError):  # an integer of thousands of digits, a day that is none
        raise MalformedFile(f"{path}: is not TOML that can be read") from None
    where = lines(found)
    try:
        return _config(path, DOCUMENT.check(document, ()), where)
    except Wrong as wrong:
        raise Usage(f"{place(path, where, wrong.path)}: {wrong.why}") from None


def _text(path: str) -> str:
    try:
        with open(path, "rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise UnreadableFile(f"{path}: {error.strerror or error}") from None
    if len(data) > LARGEST:
        raise MalformedFile(f"{path}: is larger than {LARGEST} bytes")
    try:
        return data.decode().replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise MalformedFile(f"{path}:{line}: is not UTF-8") from None


def _syntax(path: str, text: str, error: tomllib.TOMLDecodeError) -> str:
    """`gopluck.toml:3: is not TOML: …`; the message ends with the place."""
    what, _, at = str(error).rpartition(" (at ")
    line = at.removeprefix("line ").partition(",")[0]
    if not line.isdigit():
        line = str(text.rstrip("\n").count("\n") + 1)
    return f"{path}:{line}: is not TOML: {what[:1].lower()}{what[1:]}"


def _config(path: str, document: Mapping[str, Any], where: Mapping[Path, int]) -> Config:
    folder = os.path.dirname(path)
    outputs = document.get("formats", ())
    for index, (_, output) in enumerate(outputs):
        if output is not None and not _below(folder, output):
            raise Wrong(("formats", index, "output"), LINK)
    config = Config(path, lines=where)
    return config._replace(
        host=_file(folder, document.get("host")),
        plugins=_files(folder, document.get("plugins", ())),
        sysroot=_file(folder, document.get("sysroot")),
        library_path=_files(folder, document.get("library-path", ())),
        symbols=document.get("symbols", ()),
        formats=tuple((format_, _file(folder, output)) for format_, output in outputs),
        fail_on=document.get("fail-on"),
        ignore=tuple(
            _ignore(folder, one, place(path, where, ("ignore", index)))
            for index, one in enumerate(document.get("ignore", ()))
        ),
    )


def _ignore(folder: str, one: Mapping[str, Any], where: str) -> Ignore:
    plugin = one.get("plugin", "")
    if "/" in plugin:
        plugin = os.path.join(escape(os.path.abspath(folder)), plugin)
    reason = " ".join(one["reason"].split())
    return Ignore(one["rule"], plugin, one.get("packages", ()), reason, one.get("until"), where)


def _file(folder: str, name: str | None) -> str | None:
    """A path as seen from the working directory."""
    return None if name is None else os.path.join(folder, name)


def _files(folder: str, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(os.path.join(folder, name) for name in names)


def _below(folder: str, output: str) -> bool:
    """Whether a file is really below a folder, and in no hidden one, whatever links are on the way."""
    root = os.path.realpath(folder or ".").rstrip("/") + "/"
    path = os.path.realpath(os.path.join(folder, output))
    return path.startswith(root) and "/." not in path.removeprefix(root[:-1])
