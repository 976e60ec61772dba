"""What a host can do at all: the one table of what keeps every plugin out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gopluck.facts.model import Binary, Elf, Go
from gopluck.record import StrEnum


class Lack(StrEnum):
    """Why a host opens no plugin, whatever it is."""

    PLUGIN_PACKAGE = "plugin-package"
    CGO = "cgo"
    DYNAMIC_LINKER = "dynamic-linker"
    EXPORTS = "exports"
    PLAIN_MEMORY = "plain-memory"
    """Built with -asan: without it a plugin's packages differ, with it AddressSanitizer ends the process."""


LACKS: Mapping[Lack, Callable[[Go, Elf | None], bool]] = {
    Lack.PLUGIN_PACKAGE: lambda go, elf: go.plugin_support == "none",
    Lack.CGO: lambda go, elf: go.plugin_support == "stub",
    Lack.DYNAMIC_LINKER: lambda go, elf: elf is not None and elf.interp is None and not go.exports_moduledata,
    Lack.EXPORTS: lambda go, elf: not go.exports_moduledata,
    Lack.PLAIN_MEMORY: lambda go, elf: asan(go),
}
"""How each is seen, the most basic first."""


def asan(go: Go) -> bool:
    """Whether a Go binary was built with -asan."""
    info = go.build_info
    return (info is not None and info.setting("-asan") == "true") or "runtime/asan" in go.link_hashes


def lack_of(host: Binary) -> Lack | None:
    """What keeps every plugin out of a host; None when nothing does, or when nothing is known of it."""
    go = host.go
    known = go is not None and not go.obfuscated
    return next((lack for lack, seen in LACKS.items() if go is not None and known and seen(go, host.elf)), None)
