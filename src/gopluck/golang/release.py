"""What differs between Go releases, in one row for each: a new release is a new row.

A row names the forms that its compiler and linker write: of `runtime.moduledata` (a key of `layouts.LAYOUTS`), of the
pclntab (a key of `PCLNTABS`), of object files, of link hashes; and what it added to the standard library.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from gopluck.record import NamedTuple

_RELEASE = re.compile(r"go([0-9]+)\.([0-9]+)(?:\.([0-9]+))?(?:(beta|rc)([0-9]+))?")

MAX_VERSION = 256
"""Bytes of a version text, with all its experiments."""

MAX_DIGITS = 9
"""Digits of one number of a version; a text with more names no release."""

_DROPPED = {"droptoolchain": (1, 21), "dropgodebug": (1, 23), "droptool": (1, 24), "dropignore": (1, 25)}
"""By the flag of `go mod edit` that takes one away (a toolchain line: `-toolchain=none`)."""

DIRECTIVES = {flag.removeprefix("drop"): first for flag, first in _DROPPED.items()}
"""The first release that knows a directive of go.mod (`golang.org/x/mod/modfile`, `File.add`): others refuse it."""

TOOLCHAIN_LINE = DIRECTIVES["toolchain"]
"""Since when go.mod can have a toolchain line, and `go mod edit` has a flag for it."""


def minor(version: str) -> tuple[int, int] | None:
    """(1, 25) of `go1.25.5`, `go1.25rc1`, `go1.25.5 X:noswissmap` or a vendor's `go1.25.5-acme`; None for others."""
    match = _matched(version)
    return (int(match[1]), int(match[2])) if match else None


def order(version: str) -> tuple[int, ...] | None:
    """A key by which releases sort: betas and candidates before the release, patches by number."""
    match = _matched(version)
    if match is None:
        return None
    stage = {"beta": 0, "rc": 1, None: 2}[match[4]]
    return int(match[1]), int(match[2]), int(match[3] or 0), stage, int(match[5] or 0)


def go_line(release: str) -> str:
    """The go line that asks for a release (`go1.27.3`): `1.27.3`; before Go 1.21 it has two numbers, `1.20`."""
    found = minor(release)
    return f"{found[0]}.{found[1]}" if found is not None and found < (1, 21) else release.removeprefix("go")


def before(version: str, release: tuple[int, int]) -> bool:
    """Whether a version is older than the first of a minor release; what is no version of Go's counts as older."""
    return (minor(version) or (0, 0)) < release


def _matched(version: str) -> re.Match[str] | None:
    match = _RELEASE.match(version)
    return match if match and all(len(part) <= MAX_DIGITS for part in match.groups() if part) else None


class Inlined(NamedTuple):
    """A `runtime.inlinedCall` (`runtime/symtabinl.go`, up to Go 1.20 `runtime/symtab.go`), in bytes."""

    size: int
    name: int
    """Where the name of the function is (`nameOff`, `func_`)."""
    parent: int
    """Where `parentPc` is."""


class PclntabForm(NamedTuple):
    """A form of the pclntab (`internal/abi/symtab.go`, `debug/gosym`), under the release that introduced it."""

    magic: int
    """`abi.PCLnTabMagic`."""
    header: int
    """Words (nfunc, nfiles, textStart) before the offsets of the header."""
    wide_functab: bool
    """Whether functab holds pairs of machine words, not of 32-bit words."""
    cu: int | None
    """Where `_func` keeps `cuOffset`, in 32-bit words after the entry; None where it does not."""
    start_line: int | None
    """The same of `startLine`."""
    fields: int
    """32-bit words of `_func` after the entry; the offsets of its pcdata follow."""
    tree: int
    """`abi.FUNCDATA_InlTree`."""
    inlined: Inlined


_BEFORE_START_LINE = Inlined(size=20, name=12, parent=16)
_INLINED = Inlined(size=16, name=4, parent=8)

PCLNTABS: Mapping[str, PclntabForm] = {
    "go1.2": PclntabForm(
        magic=0xFFFFFFFB,
        header=1,
        wide_functab=True,
        cu=None,
        start_line=None,
        fields=8,
        tree=4,
        inlined=_BEFORE_START_LINE,
    ),
    "go1.16": PclntabForm(
        magic=0xFFFFFFFA,
        header=2,
        wide_functab=True,
        cu=7,
        start_line=None,
        fields=9,
        tree=3,
        inlined=_BEFORE_START_LINE,
    ),
    "go1.18": PclntabForm(
        magic=0xFFFFFFF0,
        header=3,
        wide_functab=False,
        cu=7,
        start_line=None,
        fields=9,
        tree=3,
        inlined=_BEFORE_START_LINE,
    ),
    "go1.20": PclntabForm(
        magic=0xFFFFFFF1, header=3, wide_functab=False, cu=7, start_line=8, fields=10, tree=3, inlined=_INLINED
    ),
}


class Release(NamedTuple):
    """One row."""

    number: tuple[int, int]
    moduledata: str
    pclntab: str
    link_prefix: str
    """What the name of a link hash's symbol begins with (`ld/symtab.go`, `symtab`)."""
    object_magic: bytes
    """`goobj.Magic`: the fingerprint of a package follows it. In 1.15 that is not yet the link hash."""
    std: str
    """The folders of `GOROOT/src` that are new in it, where packages of the standard library lie."""
    registers: str = "amd64 arm64"
    """Of the machines whose code is read: those whose functions get their arguments in registers (`ABIInternal`)."""
    stack: str = ""
    """Those whose functions get them on the stack (`ABI0`)."""
    signal: str = ""
    """What a process says that dies of a signal in C code; else it names the signal (`signal_unix.go`, `sighandler`:
    since 1.21 it does not try to panic where no goroutine runs)."""


_FIRST = (
    "archive bufio builtin bytes compress container context crypto database debug encoding errors expvar flag fmt go "
    "hash html image index internal io log math mime net os path plugin reflect regexp runtime sort strconv strings "
    "sync syscall testing text time unicode unsafe vendor"
)

_THROWN = "fatal error: unexpected signal during runtime execution"

RELEASES = (
    Release((1, 15), "go1.2", "go1.2", "go.link.pkghashbytes.", b"\0go115ld", _FIRST, "", "amd64", _THROWN),
    Release((1, 16), "go1.16", "go1.16", "go.link.pkghashbytes.", b"\0go116ld", "embed", "", "amd64", _THROWN),
    Release((1, 17), "go1.16", "go1.16", "go.link.pkghashbytes.", b"\0go117ld", "", "amd64", signal=_THROWN),
    Release((1, 18), "go1.18", "go1.18", "go.link.pkghashbytes.", b"\0go118ld", "", signal=_THROWN),
    Release((1, 19), "go1.18", "go1.18", "go.link.pkghashbytes.", b"\0go118ld", "", signal=_THROWN),
    Release((1, 20), "go1.20", "go1.20", "go:link.pkghashbytes.", b"\0go120ld", "arena", signal=_THROWN),
    Release((1, 21), "go1.21", "go1.20", "go:link.pkghashbytes.", b"\0go120ld", "cmp maps slices"),
    Release((1, 22), "go1.21", "go1.20", "go:link.pkghashbytes.", b"\0go120ld", "iter"),
    Release((1, 23), "go1.23", "go1.20", "go:link.pkghashbytes.", b"\0go120ld", "structs unique"),
    Release((1, 24), "go1.23", "go1.20", "go:link.pkghashbytes.", b"\0go120ld", "weak"),
    Release((1, 25), "go1.23", "go1.20", "go:link.pkghashbytes.", b"\0go120ld", ""),
    Release((1, 26), "go1.26", "go1.20", "go:link.pkghashbytes.", b"\0go120ld", "simd"),
    Release((1, 27), "go1.27", "go1.20", "go:link.pkghashbytes.", b"\0go120ld", "uuid"),
)
"""The releases whose loads were tested against real ones."""

STD = frozenset(" ".join(release.std for release in RELEASES).split())
"""The first path elements of the standard library's packages."""

LINK_PREFIXES = tuple(dict.fromkeys(release.link_prefix for release in reversed(RELEASES)))
"""The newest first."""

_BY_NUMBER = {release.number: release for release in RELEASES}


def of(version: str) -> Release | None:
    """The row of a version (`go1.25.5`); None for releases that are not known."""
    number = minor(version)
    return _BY_NUMBER.get(number) if number is not None else None


def with_pclntab(form: str) -> tuple[Release, ...]:
    """The releases with a form of the pclntab, for files that do not tell theirs: up to Go 1.20 no plugin does."""
    return tuple(release for release in RELEASES if release.pclntab == form)


def passing(version: str, pclntab: str, goarch: str) -> str:
    """How functions get their arguments, `registers` or `stack`; empty where that is not known.

    A release that has no row is taken for one like those with its form of the pclntab. An experiment (`noregabi`) can
    turn registers off.
    """
    row = of(version)
    rows = with_pclntab(pclntab) if row is None else (row,)
    if "regabi" in version or not rows:
        return ""
    for how in ("registers", "stack"):
        if all(goarch in getattr(one, how).split() for one in rows):
            return how
    return ""
