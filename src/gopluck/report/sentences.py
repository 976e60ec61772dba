"""The first line about a plugin, whatever shows it: what becomes of it, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gopluck.report.fix import shortened
from gopluck.result.check import Acceptance, HostSummary, PluginResult, of_role, others
from gopluck.result.verdict import Effect, Fit, Role, Stage, Verdict

if TYPE_CHECKING:
    from gopluck.result.align import Alignment
    from gopluck.result.diff import HostDiff, PluginChange

UNREADABLE = "unreadable"
"""The state of a plugin whose file cannot be read; the others are their verdicts."""

LOOKUP = "lookup"
"""The state of a plugin that loads, and lacks what is looked up in it."""

STATES = {
    Verdict.LOADS: "{plugin} will load into {host}",
    Verdict.FAILS: "{plugin} will not load into {host}",
    Verdict.NOT_REACHED: "{plugin} is not reached",
    Verdict.UNKNOWN: "whether {plugin} will load into {host} cannot be determined",
    UNREADABLE: "{plugin} cannot be read",
    LOOKUP: "{plugin} will load into {host}, but a lookup fails",
}
"""By state."""

SHORT = {
    Verdict.NOT_REACHED: "is not reached",
    Verdict.UNKNOWN: "cannot be determined",
    UNREADABLE: "cannot be read",
    LOOKUP: "will load, but a lookup fails",
    "rebuild": "must be rebuilt",
    "unfit": "did not load before",
}
"""What a row of a table says besides the reason, by state."""

SEVERAL = {
    **STATES,
    Verdict.NOT_REACHED: "{plugin} are not reached",
}
"""The same of more than one plugin."""

ENDINGS = {
    Effect.FATAL: " and the process dies",
    Effect.PANIC: " and plugin.Open panics",
    Effect.HANG: " and plugin.Open never returns",
}
"""What comes with the verdict when the host gets no error value."""


def about_host(host: HostSummary) -> str:
    """What has to be known of a C program as a host; empty for others."""
    return f"The Go runtime is in {host.library}." if host.library else f"Note: {host.note}." if host.note else ""


def state(plugin: PluginResult) -> str:
    """`unreadable`, `lookup`, or the verdict."""
    if plugin.unreadable is not None:
        return UNREADABLE
    return LOOKUP if plugin.verdict == Verdict.FAILS and plugin.stage == Stage.LOOKUP else plugin.verdict


def sentence(plugin: PluginResult, *, several: bool = False) -> str:
    """What becomes of a plugin, with places for `plugin` and `host`. `several`: of more than one."""
    text = (SEVERAL if several else STATES)[state(plugin)]
    return text + (ENDINGS.get(plugin.effect, "") if plugin.effect and state(plugin) == Verdict.FAILS else "")


def reason(plugin: PluginResult) -> str:
    """Why, cut where it is too long to be read; empty of a plugin that loads."""
    return "" if plugin.verdict == Verdict.LOADS else shortened(plugin.headline)


def accepted(acceptance: Acceptance) -> str:
    """What is said of a risk that is accepted, or was until a day that is over."""
    until = f" until {acceptance.until}" if acceptance.until else ""
    words = f"accepted{until}" + (", which has passed: it counts again" if acceptance.expired else "")
    if not acceptance.reason:
        return words
    return f"{words} ({acceptance.reason})" if acceptance.expired else f"{words}: {acceptance.reason}"


def tally(plugins: Sequence[PluginResult], host: str) -> tuple[str, ...]:
    """How many plugins ended how: the parts of a sentence, some of them empty."""
    states = [state(plugin) for plugin in plugins]
    lacking, unread = states.count(LOOKUP), states.count(UNREADABLE)
    unreached, unknown = states.count(Verdict.NOT_REACHED), states.count(Verdict.UNKNOWN)
    return (
        f"{states.count(Verdict.LOADS) + lacking} of {len(plugins)} plugins will load into {host}",
        f"{lacking} of them {'fails' if lacking == 1 else 'fail'} a lookup" if lacking else "",
        f"{unreached} {'is' if unreached == 1 else 'are'} not reached" if unreached else "",
        f"{unknown} cannot be determined" if unknown else "",
        f"{unread} cannot be read" if unread else "",
    )


# -- two builds of a host ----------------------------------------------------------------------------------------------

DIFFS = {
    "unknown": "whether plugins of {old} fit {new} cannot be determined",
    "compatible": "plugins of {old} fit {new}",
    "breaking": "plugins of {old} must be rebuilt for {new}",
}
NO_PLUGIN_FITS = "no plugin of {old} fits {new}"

CHANGES = {
    "keep": ("{plugin} loads into {new}", "{plugin} load into {new}"),
    "rebuild": ("{plugin} must be rebuilt", "{plugin} must be rebuilt"),
    "unfit": ("{plugin} did not load into {old} either", "{plugin} did not load into {old} either"),
    "unknown": (
        "whether {plugin} loads into {new} cannot be determined",
        "whether {plugin} load into {new} cannot be determined",
    ),
    UNREADABLE: ("{plugin} cannot be read", "{plugin} cannot be read"),
}
"""By state: of one plugin, of several."""


def diff_sentence(diff: HostDiff) -> str:
    """What a new build of a host means, with places for `old` and `new`."""
    if diff.breaks:
        return NO_PLUGIN_FITS
    if diff.verdict == "breaking" and not any(package.importable for package in diff.changed):
        return f"{to_rebuild(diff)} for {{new}}"
    return DIFFS[diff.verdict]


def diff_reason(diff: HostDiff) -> str:
    """Why; empty where the host itself is not the reason."""
    if diff.breaks:
        return shortened(diff.breaks[0].message)
    if diff.verdict == "unknown":
        return shortened(diff.note or "")
    causes = of_role(diff.findings, Role.CAUSE)
    if not causes or not any(package.importable for package in diff.changed):
        return ""
    return shortened(causes[0].short) + others(causes)


def to_rebuild(diff: HostDiff) -> str:
    """How many of the plugins must be rebuilt."""
    some, all_ = sum(plugin.action == "rebuild" for plugin in diff.plugins), len(diff.plugins)
    return f"{some} of {all_} plugin{'s' if all_ > 1 else ''} must be rebuilt"


def change_state(change: PluginChange) -> str:
    """`unreadable`, or what is to be done."""
    return UNREADABLE if change.new.unreadable is not None else change.action


def change_sentence(change: PluginChange, *, several: bool) -> str:
    """What a new host means for a plugin, with places for `plugin`, `old` and `new`."""
    text = CHANGES[change_state(change)][several]
    if change.action == "keep" and change.old.verdict != Verdict.LOADS:
        return f"{text} now"
    return text.replace("{new}", "{old}") if _unknown_in_old(change) else text


def change_reason(change: PluginChange) -> str:
    """Why a plugin must be rebuilt, or cannot be judged."""
    with_old = change.action == "unfit" or _unknown_in_old(change)
    return "" if change.action == "keep" else shortened((change.old if with_old else change.new).headline)


def _unknown_in_old(change: PluginChange) -> bool:
    return change.action == "unknown" and change.new.verdict != Verdict.UNKNOWN


# -- a module and a host -----------------------------------------------------------------------------------------------

FITS = {
    Fit.FITS: "{module} ({folder}) fits {host}",
    Fit.DIFFERS: "{module} ({folder}) does not fit {host}",
    Fit.UNKNOWN: "whether {module} ({folder}) fits {host} cannot be determined",
}


AGREES = {
    Fit.FITS: "{go_mod} agrees with {host}",
    Fit.DIFFERS: "{go_mod} does not agree with {host}",
    Fit.UNKNOWN: "whether {go_mod} agrees with {host} cannot be determined",
}
"""The same of a go.sum, which alone never says that a module fits."""


def fit_sentence(alignment: Alignment) -> str:
    """Whether a module, or a go.sum, fits a host, with places for the fields of the alignment."""
    return (FITS if alignment.module else AGREES)[alignment.verdict]


def fit_reason(alignment: Alignment) -> str:
    """Why a module does not fit."""
    if alignment.verdict == Fit.FITS:
        return ""
    causes = of_role(alignment.findings, Role.CAUSE)
    if alignment.verdict == Fit.UNKNOWN or not causes:
        return shortened(alignment.reason)
    return shortened(causes[0].short) + others(causes)
