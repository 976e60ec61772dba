"""go.mod, go.work, go.sum and vendor/modules.txt as values (`golang.org/x/mod/modfile`, `cmd/go/internal/modload`).

Two ways to a `GoMod`: `from_json` of what `go mod edit -json` prints, and `parse` for machines without Go. Both give
the same value. Nothing here writes: edits are done by `go mod edit`, which keeps comments.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from gopluck.errors import MalformedFile


class Require(NamedTuple):
    """A `require` line."""

    path: str
    version: str
    indirect: bool = False


class Replace(NamedTuple):
    """A `replace` line. An empty `version`: every version. An empty `new_version`: `new` is a folder."""

    path: str
    version: str
    new: str
    new_version: str = ""

    @property
    def old(self) -> str:
        """`path` or `path@version`, as `go mod edit -dropreplace` wants it."""
        return f"{self.path}@{self.version}" if self.version else self.path

    @property
    def target(self) -> str:
        """`path@version` or a folder, as `go mod edit -replace` wants it."""
        return f"{self.new}@{self.new_version}" if self.new_version else self.new


class GoMod(NamedTuple):
    """A go.mod: the directives that decide which module versions a build takes."""

    module: str
    go: str = ""
    """The release of the `go` line without the word go; empty when there is none."""
    toolchain: str = ""
    requires: tuple[Require, ...] = ()
    excludes: tuple[tuple[str, str], ...] = ()
    replaces: tuple[Replace, ...] = ()

    def replacement(self, path: str, version: str) -> Replace | None:
        """The replacement of a module version: the line with this version wins over the one without."""
        for wanted in (version, ""):
            for one in self.replaces:
                if one.path == path and one.version == wanted:
                    return one
        return None

    def required(self, path: str) -> str:
        """The version that is required of a module; empty when it is not required."""
        return next((one.version for one in self.requires if one.path == path), "")


class GoWork(NamedTuple):
    """A go.work."""

    go: str = ""
    toolchain: str = ""
    uses: tuple[str, ...] = ()
    replaces: tuple[Replace, ...] = ()


class Vendored(NamedTuple):
    """A module of vendor/modules.txt."""

    path: str
    version: str
    explicit: bool
    """Whether go.mod requires it by a line of its own."""


def parse(text: str, path: str) -> GoMod:
    """A go.mod. Raises `MalformedFile` for one that Go would refuse to read, naming `path` and the line."""
    out = GoMod("")
    for number, verb, words, comment in _directives(text, path):
        try:
            match verb, words:
                case "module", [module]:
                    out = out._replace(module=module)
                case "go", [release]:
                    out = out._replace(go=release)
                case "toolchain", [name]:
                    out = out._replace(toolchain=name)
                case "require", [module, version]:
                    indirect = re.match(r"indirect(\s*;|\s*$)", comment) is not None
                    out = out._replace(requires=(*out.requires, Require(module, version, indirect)))
                case "exclude", [module, version]:
                    out = out._replace(excludes=(*out.excludes, (module, version)))
                case "replace", _:
                    out = out._replace(replaces=(*out.replaces, _replace(words)))
                case (("module" | "go" | "toolchain" | "require" | "exclude"), _):
                    raise ValueError(f"{verb} with {len(words)} words")
        except ValueError as error:
            raise MalformedFile(f"{path}:{number}: {error}") from None
    if not out.module:
        raise MalformedFile(f"{path}: has no module line")
    return out


def parse_work(text: str, path: str) -> GoWork:
    """A go.work. Raises `MalformedFile`."""
    out = GoWork()
    for number, verb, words, _ in _directives(text, path):
        try:
            match verb, words:
                case "go", [release]:
                    out = out._replace(go=release)
                case "toolchain", [name]:
                    out = out._replace(toolchain=name)
                case "use", [folder]:
                    out = out._replace(uses=(*out.uses, folder))
                case "replace", _:
                    out = out._replace(replaces=(*out.replaces, _replace(words)))
                case (("go" | "toolchain" | "use"), _):
                    raise ValueError(f"{verb} with {len(words)} words")
        except ValueError as error:
            raise MalformedFile(f"{path}:{number}: {error}") from None
    return out


def from_json(text: str, path: str) -> GoMod:
    """What `go mod edit -json` printed. Raises `MalformedFile`."""
    try:
        value: dict[str, Any] = json.loads(text)
        return GoMod(
            module=value["Module"]["Path"],
            go=value.get("Go") or "",
            toolchain=value.get("Toolchain") or "",
            requires=tuple(
                Require(one["Path"], one["Version"], bool(one.get("Indirect"))) for one in value.get("Require") or ()
            ),
            excludes=tuple((one["Path"], one["Version"]) for one in value.get("Exclude") or ()),
            replaces=tuple(
                Replace(
                    one["Old"]["Path"], one["Old"].get("Version", ""), one["New"]["Path"], one["New"].get("Version", "")
                )
                for one in value.get("Replace") or ()
            ),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise MalformedFile(f"{path}: `go mod edit -json` gave something else: {error}") from None


def parse_sum(text: str) -> dict[tuple[str, str], str]:
    """The checksum (`h1:…`) of each module version in a go.sum, without the lines for go.mod files alone."""
    out = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) == 3 and not words[1].endswith("/go.mod"):
            out[words[0], words[1]] = words[2]
    return out


def parse_vendor(text: str) -> tuple[Vendored, ...]:
    """The modules of a vendor/modules.txt."""
    out: list[Vendored] = []
    for line in text.splitlines():
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
    r'\s*(?:(?P<comment>//.*)|"(?P<quoted>(?:[^"\\]|\\.)*)"|`(?P<raw>[^`]*)`|(?P<word>[^\s()`",]+|[(),]))'
)


def _directives(text: str, path: str) -> Iterator[tuple[int, str, list[str], str]]:
    """Line number, verb, words, and the comment after them, of each directive; blocks are taken apart."""
    block = ""
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        words, comment = _words(line, f"{path}:{number}")
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
        yield number, words[0], words[1:], comment
    if block:
        raise MalformedFile(f"{path}: the block `{block} (` has no end")


def _words(line: str, where: str) -> tuple[list[str], str]:
    words: list[str] = []
    at = 0
    while at < len(line.rstrip()):
        match = _WORD.match(line, at)
        if match is None:
            raise MalformedFile(f"{where}: {line.strip()!r} is no line of a go.mod")
        at = match.end()
        if match["comment"] is not None:
            return words, match["comment"][2:].strip()
        if match["quoted"] is not None:
            words.append(re.sub(r"\\(.)", r"\1", match["quoted"]))
        else:
            words.append(match["raw"] if match["raw"] is not None else match["word"])
    return words, ""


def _replace(words: list[str]) -> Replace:
    if "=>" not in words:
        raise ValueError("replace without =>")
    arrow = words.index("=>")
    old, new = words[:arrow], words[arrow + 1 :]
    if len(old) not in (1, 2) or len(new) not in (1, 2):
        raise ValueError("replace wants: module [version] => module version, or a folder")
    return Replace(old[0], old[1] if len(old) == 2 else "", new[0], new[1] if len(new) == 2 else "")
