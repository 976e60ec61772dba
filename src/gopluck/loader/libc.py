"""`Libc`: which C library a host's process has, and how its releases are numbered."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gopluck.facts.model import Binary
from gopluck.record import NamedTuple, StrEnum

Version = tuple[int, int]


class Kind(StrEnum):
    """The C libraries whose loaders are replayed."""

    GLIBC = "glibc"
    MUSL = "musl"
    UNKNOWN = "unknown"
    """Its texts are taken to be glibc's, but not exact."""


LOADERS = ("ld-linux", "ld64", "ld.so", *(f"ld-{digit}" for digit in range(10)))
"""How the names of glibc's dynamic linkers begin: of old releases with the number of glibc."""


class Libc(NamedTuple):
    """The host's C library. `version`: glibc's release where its `libc.so.6` is known."""

    kind: Kind
    static: bool = False
    version: Version | None = None
    debian: bool | None = None
    """Whether it is Debian's or Ubuntu's, which looks at the machine before the rest of `e_ident`; None: not known."""

    @property
    def musl(self) -> bool:
        """Whether it is musl."""
        return self.kind == Kind.MUSL


def libc_of(host: Binary) -> Libc:
    """The C library of a host, by its `PT_INTERP`; of a static one by the sections that only glibc has."""
    elf = host.elf
    if elf is None:
        return Libc(Kind.UNKNOWN)
    if elf.interp is None:
        glibc = any(name.startswith("__libc_") for name in elf.sections)
        return Libc(Kind.GLIBC if glibc else Kind.MUSL if elf.sections else Kind.UNKNOWN, static=True)
    name = elf.interp.rpartition("/")[2]
    if name.startswith("ld-musl-"):
        return Libc(Kind.MUSL)
    return Libc(Kind.GLIBC if name.startswith(LOADERS) else Kind.UNKNOWN)


def only_in_the_other(name: str, libc: Libc) -> bool:
    """Whether a file of this name belongs to the C library that the host does not have."""
    if libc.musl:
        return name.startswith("ld-linux")
    return name == "libc.so" or name.startswith(("libc.musl-", "ld-musl-"))


def glibc_version(text: str) -> Version | None:
    """The release in a symbol version of glibc's (`GLIBC_2.34`); None for any other."""
    match = re.fullmatch(r"GLIBC_([0-9]{1,9})\.([0-9]{1,9})(\.[0-9]+)*", text)
    return (int(match[1]), int(match[2])) if match else None


def highest(definitions: Sequence[str]) -> str | None:
    """The symbol version of the highest release of glibc among those that a library defines."""
    known = [(version, text) for text in definitions if (version := glibc_version(text)) is not None]
    return max(known)[1] if known else None
