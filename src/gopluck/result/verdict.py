"""The words of every answer, as they stand in the JSON documents."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """What becomes of one `plugin.Open`."""

    LOADS = "loads"
    FAILS = "fails"
    NOT_REACHED = "not-reached"
    UNKNOWN = "unknown"


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
    PANIC = "panic"
    FATAL = "fatal"
    HANG = "hang"


class Role(StrEnum):
    """What a finding is."""

    CAUSE = "cause"
    RISK = "risk"
    HARMLESS = "harmless"


class Fit(StrEnum):
    """Whether a plugin's module fits a host."""

    FITS = "fits"
    DIFFERS = "differs"
    UNKNOWN = "unknown"
