"""gopluck reads a Go host and Go plugins, without running them, and says whether the plugins load, and if not, why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gopluck.api import check, diff, read

__version__ = "0.1.0"
__all__ = ["__version__", "check", "diff", "read"]


def __getattr__(name: str) -> Any:
    """`check`, `diff` and `read` are imported when they are used: `gopluck --help` does not pay for them."""
    if name not in ("check", "diff", "read"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import gopluck.api

    return getattr(gopluck.api, name)
