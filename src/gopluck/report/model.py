"""The result of a check as data: the fields of the JSON contract, version 1, under the same names."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from gopluck.remedy.model import Recipe


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


class Finding(NamedTuple):
    """One reason, risk, or harmless difference."""

    rule: str
    role: str
    """`cause`, `risk` or `harmless`."""
    message: str
    packages: tuple[str, ...] = ()
    evidence: Mapping[str, Any] = MappingProxyType({})
    """`host` and `plugin`: what was compared."""
    fix: str = ""

    @property
    def page(self) -> str:
        """The page about the rule, as a path in the source tree."""
        return f"docs/rules/{self.rule}.md"


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
    verdict: str
    """`loads`, `fails`, `not-reached` or `unknown`."""
    stage: str | None
    """`realpath`, `dlopen`, `runtime`, `init`, `symbols`, `lookup`, or None."""
    effect: str | None
    """`error`, `panic`, `fatal`, `hang`, or None."""
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


class HostSummary(NamedTuple):
    """The host as the report shows it."""

    path: str
    kind: str
    """A `Go.kind`, or `manifest`."""
    go_version: str
    goos: str
    goarch: str
    main_module: str | None


class Report(NamedTuple):
    """The result of `gopluck.check`."""

    host: HostSummary
    plugins: tuple[PluginResult, ...]

    @property
    def verdict(self) -> str:
        """`fails` if any plugin fails or is not reached, else `unknown` if any is, else `loads`."""
        verdicts = {plugin.verdict for plugin in self.plugins}
        if verdicts & {"fails", "not-reached"}:
            return "fails"
        return "unknown" if "unknown" in verdicts else "loads"
