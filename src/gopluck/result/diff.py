"""The result of a diff of two hosts as data: the fields of its JSON contract, version 1, under the same names."""

from __future__ import annotations

from gopluck.record import NamedTuple
from gopluck.result.check import Finding, HostSummary, PluginResult


class ChangedPackage(NamedTuple):
    """A package that both hosts have, with different hashes."""

    path: str
    module: str | None
    """`std` for the standard library; None when it is not known."""
    importable: bool
    """Whether a plugin of another module may link it, directly or through others."""
    old_hash: str
    new_hash: str
    old_dir: str | None = None
    new_dir: str | None = None
    causes: tuple[str, ...] = ()
    """Rule slugs, strongest first."""
    via: tuple[str, ...] = ()
    """With `dependency-changed`: the packages that may have changed it."""


class OneSided(NamedTuple):
    """A package that only one of the hosts has."""

    path: str
    module: str | None
    version: str | None
    """Of its module; None for the standard library and the main module."""
    importable: bool


class HostChange(NamedTuple):
    """Something about the new host that keeps every plugin of the old one out, whatever its packages are."""

    rule: str
    message: str


class PluginChange(NamedTuple):
    """What the new host means for one plugin, in a process of its own."""

    path: str
    action: str
    """`keep`: it loads into the new host. `rebuild`: it loads into the old host, and not into the new one. `unfit`: it
    did not load into the old host either. `unknown`: it cannot be determined."""
    old: PluginResult
    new: PluginResult


class HostDiff(NamedTuple):
    """The result of `gopluck.diff`."""

    old: HostSummary
    new: HostSummary
    compared: int
    """Packages that both hosts have."""
    changed: tuple[ChangedPackage, ...] = ()
    """Those whose hash changed; in link order, like the next two."""
    added: tuple[OneSided, ...] = ()
    removed: tuple[OneSided, ...] = ()
    breaks: tuple[HostChange, ...] = ()
    findings: tuple[Finding, ...] = ()
    """Why packages changed; `evidence` has `old` and `new`."""
    plugins: tuple[PluginChange, ...] = ()
    note: str | None = None
    """Why the packages could not be compared, in one line."""

    @property
    def verdict(self) -> str:
        """`breaking`, `unknown` or `compatible`.

        `breaking`: a package that plugins can import changed, the new host keeps every plugin out, or a given plugin
        must be rebuilt. `unknown`: none of these, and something cannot be determined.
        """
        actions = {plugin.action for plugin in self.plugins}
        if self.breaks or any(package.importable for package in self.changed) or "rebuild" in actions:
            return "breaking"
        return "unknown" if self.note is not None or "unknown" in actions else "compatible"
