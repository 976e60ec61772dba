"""go.mod, go.work, go.sum and vendor/modules.txt as values (`golang.org/x/mod/modfile`, `cmd/go/internal/modload`).

Two ways to a `GoMod`: `from_json` of what `go mod edit -json` prints, and `parse` for machines without Go. Both give
the same value. Nothing here writes: edits are done by `go mod edit`, which keeps comments.
"""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Any

from gopluck.errors import MalformedFile
from gopluck.record import NamedTuple

MAX_SHOWN = 60
"""Characters of a word or line of a file that an error shows."""


class Require(NamedTuple):
    """A `require` line."""

    path: str
    version: str


class Replace(NamedTuple):
    """A `replace` line. An empty `version`: every version. An empty `new_version`: `new` is a folder."""

    path: str
    version: str
    new: str
    new_version: str = ""


class GoMod(NamedTuple):
    """A go.mod: the directives that decide which module versions a build takes."""

    module: str
    go: str = ""
    """The release of the `go` line without the word go; empty when there is none."""
    toolchain: str = ""
    requires: tuple[Require, ...] = ()
    replaces: tuple[Replace, ...] = ()
    excludes: tuple[Require, ...] = ()
    """Versions that count as not required, whoever asks for them."""

    def required(self, path: str) -> str:
        """The version that is required of a module; empty when it is not required."""
        return next((one.version for one in self.requires if one.path == path), "")


def by_version(replaces: Iterable[Replace]) -> Mapping[tuple[str, str], Replace]:
    """The first replacement of each module and version (empty: of every version)."""
    out: dict[tuple[str, str], Replace] = {}
    for one in replaces:
        out.setdefault((one.path, one.version), one)
    return out


def replacement(known: Mapping[tuple[str, str], Replace], path: str, version: str) -> Replace | None:
    """The replacement of a module version."""
    return known.get((path, version)) or known.get((path, ""))


class GoWork(NamedTuple):
    """A go.work."""

    go: str = ""
    toolchain: str = ""
    replaces: tuple[Replace, ...] = ()


class Vendored(NamedTuple):
    """A module of vendor/modules.txt."""

    path: str
    version: str
    explicit: bool
    """Whether go.mod requires it by a line of its own."""


def parse(text: str, path: str) -> GoMod:
    """A go.mod. Raises `MalformedFile` for one that Go would refuse to read, naming `path` and the line."""
    found, replaces = _parsed(text, path, {"module": 1, "go": 1, "toolchain": 1, "require": 2, "exclude": 2})
    module, go, toolchain = (_last(found, verb) for verb in ("module", "go", "toolchain"))
    if not module:
        raise MalformedFile(f"{path}: has no module line")
    return GoMod(module, go, toolchain, _versions(found["require"]), replaces, _versions(found["exclude"]))


def _versions(found: Iterable[Sequence[str]]) -> tuple[Require, ...]:
    return tuple(Require(*words) for words in found)


def directives(text: str, path: str, verbs: Container[str]) -> tuple[tuple[str, str], ...]:
    """The verb and the first word of each directive of these verbs. Raises `MalformedFile`."""
    return tuple((verb, words[0] if words else "") for _, verb, words in _directives(text, path) if verb in verbs)


def without(text: str, path: str, verbs: Container[str]) -> str:
    """A go.mod without the directives of these verbs. Raises `MalformedFile`."""
    kept: list[str] = []
    inside = False
    for number, line in enumerate(text.split("\n"), 1):
        words = _words(line.removesuffix("\r"), f"{path}:{number}")
        if inside:
            inside = words != [")"]
        elif words and words[0] in verbs:
            inside = words[1:] == ["("]
        else:
            kept.append(line)
    return "\n".join(kept)


def parse_work(text: str, path: str) -> GoWork:
    """A go.work. Raises `MalformedFile`."""
    found, replaces = _parsed(text, path, {"go": 1, "toolchain": 1, "use": 1})
    return GoWork(_last(found, "go"), _last(found, "toolchain"), replaces)


_Found = Mapping[str, list[list[str]]]
"""By verb: the words behind it."""


def _last(found: _Found, verb: str) -> str:
    return found[verb][-1][0] if found[verb] else ""


def _parsed(text: str, path: str, lengths: Mapping[str, int]) -> tuple[_Found, tuple[Replace, ...]]:
    """The directives, and the replacements. `lengths`: how many words each verb has of those that are looked at."""
    found: dict[str, list[list[str]]] = {verb: [] for verb in lengths}
    replaces: list[Replace] = []
    for number, verb, words in _directives(text, path):
        try:
            if verb == "replace":
                replaces.append(_replace(words))
            elif verb in lengths:
                if len(words) != lengths[verb]:
                    raise ValueError(f"{verb} with {len(words)} words")
                found[verb].append(words)
        except ValueError as error:
            raise MalformedFile(f"{path}:{number}: {error}") from None
    return found, tuple(replaces)


def from_json(text: str, path: str) -> GoMod:
    """What `go mod edit -json` printed. Raises `MalformedFile`."""
    try:
        value: dict[str, Any] = json.loads(text)
        return GoMod(
            module=value["Module"]["Path"],
            go=value.get("Go") or "",
            toolchain=value.get("Toolchain") or "",
            requires=tuple(Require(one["Path"], one["Version"]) for one in value.get("Require") or ()),
            replaces=tuple(
                Replace(
                    one["Old"]["Path"], one["Old"].get("Version", ""), one["New"]["Path"], one["New"].get("Version", "")
                )
                for one in value.get("Replace") or ()
            ),
            excludes=tuple(Require(one["Path"], one["Version"]) for one in value.get("Exclude") or ()),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise MalformedFile(f"{path}: `go mod edit -json` gave something else: {error}") from None


def parse_sum(text: str) -> dict[tuple[str, str], str]:
    """The checksum (`h1:…`) of each module version in a go.sum, without the lines for go.mod files alone."""
    out = {}
    for line in _lines(text):
        words = line.split()
        if len(words) == 3 and not words[1].endswith("/go.mod"):
            out[words[0], words[1]] = words[2]
    return out


def parse_vendor(text: str) -> tuple[Vendored, ...]:
    """The modules of a vendor/modules.txt."""
    out: list[Vendored] = []
    for line in _lines(text):
        if line.startswith("## ") and out:
            explicit = "explicit" in re.split(r"[;\s]+", line[3:])
            out[-1] = out[-1]._replace(explicit=explicit or out[-1].explicit)
        elif line.startswith("# "):
            words = line[2:].split(" ")
            # Below them stand replacements of modules that nothing is taken from: `# path => target`.
            version = words[1] if len(words) > 1 and words[1] != "=>" else ""
            if version:
                out.append(Vendored(words[0], version, False))
    return tuple(out)


def stale(module: GoMod, vendored: tuple[Vendored, ...]) -> str | None:
    """Why Go would call a vendor folder inconsistent with go.mod (`modload.checkVendorConsistency`), or None.

    Replacements are not compared here: the go command does, where it is there.
    """
    listed = {one.path: one for one in vendored}
    for required in module.requires:
        found = listed.get(required.path)
        if found is None or not found.explicit:
            return f"{required.path}@{required.version} is required in go.mod, but not marked in vendor/modules.txt"
        if found.version != required.version:
            return f"{required.path} is {required.version} in go.mod, {found.version} in vendor/modules.txt"
    wanted = {one.path for one in module.requires}
    for one in vendored:
        if one.explicit and one.path not in wanted:
            return f"{one.path}@{one.version} is marked in vendor/modules.txt, but not required in go.mod"
    return None


# -- the syntax: lines of words, blocks in parentheses, comments, strings -------------------------------------------

_WORD = re.compile(
    r'\s*(?:(?P<comment>//.*)|"(?P<quoted>[^"\\]*(?:\\.[^"\\]*)*)"|`(?P<raw>[^`]*)`|(?P<word>[^\s()`",]+|[(),]))'
)


def _directives(text: str, path: str) -> Iterator[tuple[int, str, list[str]]]:
    """Line number, verb and words of each directive; blocks are taken apart."""
    block = ""
    for number, line in enumerate(_lines(text.removeprefix("\ufeff")), 1):
        words = _words(line, f"{path}:{number}")
        if not words:
            continue
        if block:
            if words == [")"]:
                block = ""
                continue
            words = [block, *words]
        elif words[-1] == "(" and len(words) == 2:
            block = words[0]
            continue
        elif words[1:] == ["(", ")"]:
            continue
        yield number, words[0], words[1:]
    if block:
        raise MalformedFile(f"{path}: the block `{block[:MAX_SHOWN]} (` has no end")


def _lines(text: str) -> list[str]:
    """The lines as Go sees them: other characters that end one in Python do not."""
    return text.replace("\r\n", "\n").split("\n")


def _words(line: str, where: str) -> list[str]:
    """The words of a line, up to a comment."""
    words: list[str] = []
    at, end = 0, len(line.rstrip())
    while at < end:
        match = _WORD.match(line, at)
        if match is None:
            raise MalformedFile(f"{where}: {line.strip()[:MAX_SHOWN]!r} is not a line of a go.mod")
        at = match.end()
        if match["comment"] is not None:
            break
        if match["quoted"] is not None:
            quoted = match["quoted"]
            words.append(re.sub(r"\\(.)", r"\1", quoted) if "\\" in quoted else quoted)
        else:
            words.append(match["raw"] if match["raw"] is not None else match["word"])
    return words


def _replace(words: list[str]) -> Replace:
    if "=>" not in words:
        raise ValueError("replace without =>")
    arrow = words.index("=>")
    old, new = words[:arrow], words[arrow + 1 :]
    if len(old) not in (1, 2) or len(new) not in (1, 2):
        raise ValueError("replace wants: module [version] => module version, or a folder")
    return Replace(old[0], old[1] if len(old) == 2 else "", new[0], new[1] if len(new) == 2 else "")
