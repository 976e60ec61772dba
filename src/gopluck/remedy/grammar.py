"""What a value of a file must look like to stand in a command, an environment, or a file that is written.

Each grammar is what Go itself accepts there, made narrower where that could carry more than a value: no `$`, backtick,
backslash or control character fits into any of them, and no flag that names a program to run or a file to write. A
value that does not fit is shown, and never repeated.

Sources: `golang.org/x/mod/module` (`CheckPath`, `CheckImportPath`, `Check`), `go/build/constraint` (tags),
`internal/buildcfg` (experiments), `crypto/internal/fips140` (snapshots); for flags see `flaglists.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from gopluck.builds.flags import CGO, CGO_LINK, CPU
from gopluck.clean import clean, inert
from gopluck.machine import GOARCHES
from gopluck.remedy.flaglists import LONGEST_LIST, c_flags, c_linker_flags, gcflags, ldflags
from gopluck.remedy.quote import Placeholder
from gopluck.result.recipe import Edit, LeftOut

Grammar = Callable[[str], bool]

LONGEST = 1024
"""Letters of a name, a path or a version."""


def _fits(pattern: str, longest: int = LONGEST, flags: re.RegexFlag = re.ASCII) -> Grammar:
    return lambda text: len(text) <= longest and re.fullmatch(pattern, text, flags) is not None and seen(text)


def seen(text: str) -> bool:
    """Whether a text is what one sees of it: no invisible letter, and nothing that a terminal or a CI system takes."""
    return clean(text) == text and inert(text) == text


def _list_of(one: Grammar) -> Grammar:
    return lambda text: len(text) <= LONGEST_LIST and all(map(one, text.split(",")))


# -- names -------------------------------------------------------------------------------------------------------------

release = _fits(r"go1\.[0-9]{1,3}(\.[0-9]{1,3}|rc[0-9]{1,2}|beta[0-9]{1,2})?")
"""What GOTOOLCHAIN can name: `go1.25.5`, `go1.27rc1`."""

go_line = _fits(r"1\.[0-9]{1,3}(\.[0-9]{1,3}|rc[0-9]{1,2}|beta[0-9]{1,2})?")
"""What a `go` line of go.mod can name."""

module_path = _fits(r"(?![.-])[\w.~-]*[\w~-](/(?!\.)[\w.~-]*[\w~-])*")
"""`github.com/acme/codec/v2`, or the path of a main module such as `plugin`."""

import_path = _fits(r"(?![.-])[\w.~+-]*[\w~+-](/(?!\.)[\w.~+-]*[\w~+-])*")

module_version = _fits(
    r"v[0-9]{1,19}\.[0-9]{1,19}\.[0-9]{1,19}(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+incompatible)?", 256
)
"""A canonical version (`module.CanonicalVersion`)."""

checksum = _fits(r"h1:[A-Za-z0-9+/]{43}=")
"""A hash of go.sum."""

tags = _list_of(_fits(r"\w[\w.]*", flags=re.UNICODE))

experiments = _list_of(_fits(r"[a-z][a-z0-9]*"))

fips = _fits(r"off|latest|inprocess|certified|v[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}(-[0-9a-f]{4,40})?")

goarch = GOARCHES.__contains__

godebug = _fits(r"[a-z][a-z0-9]{0,40}=[\w.+:/-]{1,60}")
"""What a `//go:debug` line can set (`ParseGoDebug`)."""

commit = _fits(r"[0-9a-f]{7,64}")
"""A `vcs.revision`."""


# -- places ------------------------------------------------------------------------------------------------------------

_PLACE = r"[\w.+@,:=%~!()\[\]# -]"
directory = _fits(rf"(?!/(dev|proc|sys)(/|$))(/(?!\.\.?(/|$)){_PLACE}+)+", 4096, re.UNICODE)
"""An absolute path without `.` and `..`, and not among devices and processes."""

_OTHERS = r"/(bin|boot|etc|lib\w*|run|sbin|usr(?!/local/.))(/.*)?|/(home|media|mnt|opt|root|srv|tmp|var|home/[^/]*)/?"
"""Folders of the system and of people."""


def module_cache(text: str) -> bool:
    """A GOMODCACHE: the go command fills it, and `go clean -modcache` removes it. So nothing that others need."""
    return directory(text) and not re.fullmatch(_OTHERS, text)


folder = _fits(rf"(\.\.?|(?![ -]){_PLACE}+)(/{_PLACE}+)*/?", 4096, re.UNICODE)
"""A relative path, as a replace directive names one."""

file_name = _fits(rf"(?![- .]){_PLACE}+", 255, re.UNICODE)


# -- what may stand where ----------------------------------------------------------------------------------------------


def _empty_or(one: Grammar) -> Grammar:
    return lambda text: not text or one(text)


_switch = frozenset({"", "true", "false"}).__contains__

ENVIRONMENT: Mapping[str, Grammar] = {
    "GOTOOLCHAIN": release,
    "GOEXPERIMENT": _empty_or(experiments),
    "GOFIPS140": fips,
    "GOOS": frozenset({"linux"}).__contains__,
    "GOARCH": goarch,
    **dict.fromkeys(CPU, _fits(r"[a-z0-9.,_]+")),
    "GOMODCACHE": module_cache,
    "GOWORK": frozenset({"", "off"}).__contains__,
    "CGO_ENABLED": frozenset({"0", "1"}).__contains__,
    "CC": _fits(r"[a-z0-9_-]+"),
    **dict.fromkeys(CGO, c_flags),
    CGO_LINK: c_linker_flags,
}
"""The variables that a recipe can set, and what each can hold."""

FLAGS: Mapping[str, Grammar] = {
    **dict.fromkeys(("-trimpath", "-race", "-msan", "-asan", "-cover"), _switch),
    "-coverpkg": _list_of(import_path),
    "-tags": _empty_or(tags),
    "-gcflags": gcflags,
    "-ldflags": ldflags,
    "-pgo": lambda text: text == "off" or directory(text),
    "-mod": frozenset({"mod", "readonly", "vendor"}).__contains__,
}
"""The flags of `go build` that a recipe can have, and what each can hold."""


def variable(name: str, value: str) -> bool:
    """Whether a recipe may set this variable to this value."""
    return name in ENVIRONMENT and seen(value) and ENVIRONMENT[name](value)


def flag(word: str) -> bool:
    """Whether a recipe may have this flag."""
    name, _, value = word.partition("=")
    return name in FLAGS and (isinstance(word, Placeholder) or (seen(word) and FLAGS[name](value)))


def refused(edits: Iterable[Edit]) -> Iterator[LeftOut]:
    """What keeps edits from being made."""
    for edit in edits:
        if edit.module and not module_path(edit.module):
            yield LeftOut("the path of a module", edit.module)
        known = go_line if edit.kind == "go" else module_version
        if edit.version and not known(edit.version):
            yield LeftOut(f"the version of {edit.module}" if edit.module else "the go line", edit.version)
        if edit.to and not _target(edit.to):
            yield LeftOut(f"the replacement of {edit.module}", edit.to)


def _target(to: str) -> bool:
    """A folder, or another module's version."""
    if isinstance(to, Placeholder):
        return folder(to.partition("/")[2] or ".")
    if directory(to):
        return True
    path, _, version = to.partition("@")
    return module_version(version) and module_path(path)
