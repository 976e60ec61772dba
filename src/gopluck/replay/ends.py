"""`End`: the step at which one `plugin.Open` ends."""

from __future__ import annotations

from gopluck.record import StrEnum


class End(StrEnum):
    """The step of `plugin.Open` that decides (`plugin/plugin_dlopen.go`, open; `runtime/plugin.go`)."""

    LOADS = "loads"
    CACHED = "cached"
    REALPATH = "realpath"
    NOT_IMPLEMENTED = "not-implemented"
    NO_PLUGIN_PACKAGE = "no-plugin-package"
    DLOPEN = "dlopen"
    PREVIOUS_FAILURE = "previous-failure"
    MUTEX_HELD = "mutex-held"
    NEVER_LOADED = "never-loaded"
    NOT_REACHED = "not-reached"
    NO_MODULE_DATA = "no-module-data"
    EMPTY_PLUGINPATH = "empty-pluginpath"
    OVERLAP = "overlap"
    TYPEMAP_SET = "typemap-set"
    SAME_PLUGINPATH = "same-pluginpath"
    HASH = "hash"
    FOREIGN_LAYOUT = "foreign-layout"
    MISSING_SYMBOL = "missing-symbol"
    UNKNOWN_LAYOUT = "unknown-layout"
    UNKNOWN_FORMAT = "unknown-format"
    NOT_STARTED = "not-started"
    OBFUSCATED = "renamed-names"
    LOOKUP = "lookup"


IN_THE_RUNTIME = frozenset(
    {
        End.NO_MODULE_DATA,
        End.EMPTY_PLUGINPATH,
        End.OVERLAP,
        End.TYPEMAP_SET,
        End.SAME_PLUGINPATH,
        End.HASH,
        End.FOREIGN_LAYOUT,
    }
)
"""The ends of `plugin_lastmoduleinit`."""
