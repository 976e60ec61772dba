"""The words of every answer, as they stand in the JSON documents."""

from __future__ import annotations

from gopluck.record import StrEnum


class Verdict(StrEnum):
    """What becomes of one `plugin.Open`."""

    LOADS = "loads"
    FAILS = "fails"
    NOT_REACHED = "not-reached"
    """The process has ended before."""
    UNKNOWN = "unknown"
    """It cannot be determined; `note` says why."""


class Stage(StrEnum):
    """Where a load ends, in the order of `plugin.Open`."""

    REALPATH = "realpath"
    DLOPEN = "dlopen"
    RUNTIME = "runtime"
    SYMBOLS = "symbols"
    LOOKUP = "lookup"


class Effect(StrEnum):
    """What the host gets of a load that fails."""

    ERROR = "error"
    """An error value."""
    PANIC = "panic"
    """A panic, which it may recover from; then the next Open hangs."""
    FATAL = "fatal"
    """The process dies."""
    HANG = "hang"
    """Open never returns."""


class Role(StrEnum):
    """What a finding is."""

    CAUSE = "cause"
    """It has to go before the plugin loads."""
    RISK = "risk"
    """The plugin loads, but is dangerous; of one that fails, a difference that may have to go as well."""
    HARMLESS = "harmless"
    """People would suspect it, and it does not matter."""


class Fit(StrEnum):
    """Whether a plugin's module fits a host."""

    FITS = "fits"
    DIFFERS = "differs"
    UNKNOWN = "unknown"
