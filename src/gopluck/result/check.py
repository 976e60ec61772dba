"""The result of a check as data: the fields of the JSON contract, version 1, under the same names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from gopluck.record import NamedTuple
from gopluck.result.verdict import Effect, Role, Stage, Verdict
from gopluck.site import rule_address

if TYPE_CHECKING:
    from datetime import date

    from gopluck.result.recipe import Recipe


class MismatchedPackage(NamedTuple):
    """A package whose hash the plugin expects otherwise than the process has it."""

    path: str
    """Its import path."""
    host_hash: str
    """The link-time hash that the process has, as hex."""
    plugin_hash: str
    """The one that the plugin expects."""
    provider: str
    """The file whose hash counts: the host, or an earlier plugin that defined the package first."""
    module: str | None = None
    """`std` for the standard library; None when it is not recorded."""
    host_dir: str | None = None
    """The source directory as the provider records it; None for a package without functions."""
    plugin_dir: str | None = None
    """The same of the plugin."""
    causes: tuple[str, ...] = ()
    """Slugs of the rules that can have changed its hash, strongest first: all of them have to go."""
    via: tuple[str, ...] = ()
    """With `dependency-changed`: the packages that may have changed it."""


class Packages(NamedTuple):
    """How the packages compare. `compared`: those that the plugin names and the process already has."""

    compared: int = 0
    mismatched: tuple[MismatchedPackage, ...] = ()
    refused: bool = False
    """Whether they are why Go refuses the plugin: it names the first of them."""
    matched: tuple[str, ...] = ()
    """The paths of those that are compared and do not differ."""


class Ignore(NamedTuple):
    """A risk that the user knows, and accepts."""

    rule: str
    plugin: str = ""
    """A glob: of the file's name, or, with a `/` in it, of its path. Empty: every plugin."""
    packages: tuple[str, ...] = ()
    """Import paths, or `example.com/greet/...`: the risk has to be about these alone. Empty: about any."""
    reason: str = ""
    until: date | None = None
    """The last day on which it is accepted."""
    where: str = ""
    """Where it stands, for messages: `gopluck.toml:7`, `--ignore`."""


class Acceptance(NamedTuple):
    """What the user said of a risk that he accepts."""

    reason: str = ""
    until: str = ""
    """The last day on which it holds, `2027-03-31`; empty: it does not end."""
    expired: bool = False
    """Whether that day is over, so that the risk counts again."""


class Finding(NamedTuple):
    """One reason, risk, or harmless difference."""

    rule: str
    """The rule's slug."""
    role: Role
    message: str
    """One line for people; its wording may change."""
    packages: tuple[str, ...] = ()
    """The import paths that it is about."""
    evidence: Mapping[str, Any] = MappingProxyType({})
    """`host` and `plugin`: what was compared."""
    fix: str = ""
    """What to do; empty when there is nothing to do."""
    headline: str = ""
    """The message in a few words; empty where it is short enough."""
    acceptance: Acceptance | None = None
    """Of a risk: what an `ignore` says of it."""

    @property
    def short(self) -> str:
        """The headline, or the message."""
        return self.headline or self.message

    @property
    def accepted(self) -> bool:
        """Whether it is a risk that does not count."""
        return self.acceptance is not None and not self.acceptance.expired

    @property
    def page(self) -> str:
        """The address of the page about the rule."""
        return rule_address(self.rule)


def of_role(findings: Iterable[Finding], role: Role) -> list[Finding]:
    """The findings that are causes, say."""
    return [finding for finding in findings if finding.role == role]


def risks(findings: Iterable[Finding], *, accepted: bool = False) -> list[Finding]:
    """The risks that count, or those that are accepted."""
    return [finding for finding in of_role(findings, Role.RISK) if finding.accepted == accepted]


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
    """The plugin, as it was given."""
    position: int
    """1 for the first plugin of its process."""
    verdict: Verdict
    stage: Stage | None
    """Where the load ends; None when it does not fail."""
    effect: Effect | None
    error: str | None
    """The text as Go prints it."""
    error_exact: bool
    """False where a part of the text is not certain: by a C library that is not known, or by chance."""
    packages: Packages = Packages()
    findings: tuple[Finding, ...] = ()
    """Why, and what else is worth knowing; the strongest first."""
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

        The strongest cause; where none is known Go's own text. A risk that is accepted is none.
        """
        if self.unreadable is not None:
            return self.unreadable
        if self.verdict in (Verdict.UNKNOWN, Verdict.NOT_REACHED) and self.note:
            return self.note
        found = risks(self.findings) if self.verdict == Verdict.LOADS else of_role(self.findings, Role.CAUSE)
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
    library: str | None = None
    """Of a C program whose Go lies in a shared library: that file."""
    note: str | None = None
    """What is taken for granted of a process of which only the library is known, in one line."""


class Report(NamedTuple):
    """The result of `gopluck.check`."""

    host: HostSummary
    plugins: tuple[PluginResult, ...]
    unused: tuple[Ignore, ...] = ()
    """What was to be ignored, and accepts nothing."""

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
