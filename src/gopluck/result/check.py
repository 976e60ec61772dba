"""The result of a check as data: the fields of the JSON contract, version 1, under the same names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from gopluck.record import NamedTuple
from gopluck.result.verdict import Effect, Role, Stage, Verdict

if TYPE_CHECKING:
    from gopluck.result.recipe import Recipe


class MismatchedPackage(NamedTuple):
    """A package whose hash the plugin expects otherwise than the process has it."""

    path: str
    host_hash: str
    plugin_hash: str
    provider: str
    """The file whose hash counts: the host, or an earlier plugin that defined the package first."""
    module: str | None = None
    host_dir: str | None = None
    plugin_dir: str | None = None
    causes: tuple[str, ...] = ()
    via: tuple[str, ...] = ()


class Packages(NamedTuple):
    """How the packages compare. `compared`: those that the plugin names and the process already has."""

    compared: int = 0
    mismatched: tuple[MismatchedPackage, ...] = ()
    refused: bool = False
    """Whether they are why Go refuses the plugin: it names the first of them."""
    matched: tuple[str, ...] = ()
    """The paths of those that are compared and do not differ."""


class Finding(NamedTuple):
    """One reason, risk, or harmless difference."""

    rule: str
    role: Role
    message: str
    packages: tuple[str, ...] = ()
    evidence: Mapping[str, Any] = MappingProxyType({})
    """`host` and `plugin`: what was compared."""
    fix: str = ""
    headline: str = ""
    """The message in a few words; empty where it is short enough."""

    @property
    def short(self) -> str:
        """The headline, or the message."""
        return self.headline or self.message

    @property
    def page(self) -> str:
        """The page about the rule, as a path in the source tree."""
        return f"docs/rules/{self.rule}.md"


def of_role(findings: Iterable[Finding], role: Role) -> list[Finding]:
    """The findings that are causes, say."""
    return [finding for finding in findings if finding.role == role]


def others(findings: Sequence[Finding]) -> str:
    """How many more reasons there are than the first, to stand behind it; empty for none."""
    more = len({finding.short for finding in findings}) - 1
    return f" (and {more} more)" if more else ""


class RulePage(NamedTuple):
    """What a rule says, for people."""

    slug: str
    title: str
    group: str
    """The heading under which it is listed."""
    sections: tuple[tuple[str, str], ...]
    """Heading and text; backticks mark what is code."""
    links: tuple[tuple[str, str], ...]
    """Title and address; the address may be empty."""


class PluginResult(NamedTuple):
    """What `plugin.Open` of one plugin does."""

    path: str
    position: int
    """1 for the first plugin of its process."""
    verdict: Verdict
    stage: Stage | None
    effect: Effect | None
    error: str | None
    """The text as Go prints it."""
    error_exact: bool
    """False where the text depends on a C library that is not known."""
    packages: Packages = Packages()
    findings: tuple[Finding, ...] = ()
    note: str | None = None
    """Why the verdict is `unknown` or `not-reached`, in one line."""
    remedy: Recipe | None = None
    """What to type; None where nothing fails, or where it cannot be determined or is not reached."""
    unreadable: str | None = None
    """Why the file cannot be read, so that nothing is known of it: the verdict is `unknown`."""
    image_path: str | None = None
    """The file's path in the container image that it lies in."""

    @property
    def headline(self) -> str:
        """Why it does not load, or what is dangerous about it, in one line; empty where there is nothing to say.

        The strongest cause; where none is known Go's own text.
        """
        if self.unreadable is not None:
            return self.unreadable
        if self.verdict in (Verdict.UNKNOWN, Verdict.NOT_REACHED) and self.note:
            return self.note
        found = of_role(self.findings, Role.RISK if self.verdict == Verdict.LOADS else Role.CAUSE)
        if found:
            return found[0].short + others(found)
        return re.sub(OPENING, "", self.error or self.note or "")


OPENING = r'^plugin\.Open\("[^"]*"\): |^fatal error: |^panic: '
"""How Go begins the texts of its errors; the rest is the reason."""


class HostSummary(NamedTuple):
    """The host as the report shows it."""

    path: str
    kind: str
    """A `Go.kind`, or `manifest`."""
    go_version: str
    goos: str
    goarch: str
    main_module: str | None
    image: Mapping[str, str] | None = None
    """The container image that it lies in: `name`, `digest`, `platform`, and its `path` in there."""


class Report(NamedTuple):
    """The result of `gopluck.check`."""

    host: HostSummary
    plugins: tuple[PluginResult, ...]

    @property
    def unreadable(self) -> tuple[PluginResult, ...]:
        """The plugins whose files cannot be read."""
        return tuple(plugin for plugin in self.plugins if plugin.unreadable is not None)

    @property
    def verdict(self) -> Verdict:
        """`fails` if any plugin fails or is not reached, else `unknown` if any is, else `loads`."""
        verdicts = {plugin.verdict for plugin in self.plugins}
        if verdicts & {Verdict.FAILS, Verdict.NOT_REACHED}:
            return Verdict.FAILS
        return Verdict.UNKNOWN if Verdict.UNKNOWN in verdicts else Verdict.LOADS
