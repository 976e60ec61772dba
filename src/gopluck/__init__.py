"""gopluck reads a Go host and Go plugins, without running them, and says whether the plugins load, and if not, why."""

TYPE_CHECKING = False
"""As in `typing`, whose import takes longer than everything else before `gopluck` can look after Ctrl-C."""

if TYPE_CHECKING:
    from gopluck.api import build, check, diff, open_image, read

__version__ = "0.1.0"
__all__ = ["__version__", "build", "check", "diff", "open_image", "read"]


def __getattr__(name: str) -> object:
    """What is given away is imported when it is used: `gopluck --help` does not pay for it."""
    if name.startswith("_") or name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import gopluck.api

    return getattr(gopluck.api, name)
