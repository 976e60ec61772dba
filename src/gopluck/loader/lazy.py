"""The libraries of this machine or of a root, which nobody has looked for yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gopluck.loader.library import Found, System, Wanted
    from gopluck.loader.sysroot import Root


class Libraries:
    """`LiveSystem`, made when the first library is asked for: most plugins need none that the host has not."""

    def __init__(self, sysroot: Root | None = None, library_path: Sequence[str] = ()) -> None:
        self._live: System | None = None
        self._sysroot = sysroot
        self._library_path = tuple(library_path)

    def find(self, wanted: Wanted) -> Found:
        """See `System.find`."""
        if self._live is None:
            from gopluck.loader.search import LiveSystem

            self._live = LiveSystem(self._sysroot, self._library_path)
        return self._live.find(wanted)


def directories(library_path: str) -> list[str]:
    """Those of an `LD_LIBRARY_PATH`, separated as `ld.so` separates them; an empty one is the current."""
    return [one or "." for one in library_path.replace(";", ":").split(":")] if library_path else []
