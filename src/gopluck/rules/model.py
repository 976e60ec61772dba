"""`Rule` and what its functions are given: the evidence of one `plugin.Open`, the comparison of two builds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from gopluck.facts.model import Binary
from gopluck.replay.process import Mismatch, Outcome
from gopluck.report.model import Finding
from gopluck.rules.builds import Build


class Link(NamedTuple):
    """Where a rule's facts can be read: a file and function of Go's source, or a public report."""

    title: str
    url: str = ""


class Opened(NamedTuple):
    """One `plugin.Open` that the process has tried."""

    position: int
    name: str
    binary: Binary | None
    outcome: Outcome

    @property
    def title(self) -> str:
        """How messages call it."""
        return self.binary.path if self.binary else self.name


class Evidence(NamedTuple):
    """What the rules weigh for one plugin: the files, how its Open ended, and what was opened before."""

    host: Binary
    plugin: Binary
    name: str
    """What the host passes to `plugin.Open`."""
    position: int
    outcome: Outcome
    earlier: tuple[Opened, ...] = ()

    def provider(self, mismatch: Mismatch) -> Binary:
        """The file whose definition of the package counts."""
        return self.host if mismatch.provider == 0 else self._earlier(mismatch.provider)

    def opened(self, position: int | None) -> Opened | None:
        """An earlier Open by its position; None for the host and for none."""
        return next((opened for opened in self.earlier if opened.position == position), None)

    def _earlier(self, position: int) -> Binary:
        opened = self.opened(position)
        return opened.binary if opened and opened.binary else self.host

    @property
    def first(self) -> Opened | None:
        """The Open whose file `dlopen` took this one for."""
        same = [
            opened
            for opened in self.earlier
            if opened.binary is not None
            and opened.binary.identity.inode == self.plugin.identity.inode
            and opened.outcome.dlopen is not None
        ]
        return same[0] if same else None


class Comparison(NamedTuple):
    """Two builds that should agree: the one that defines packages, and the plugin that expects them otherwise."""

    provider: Build
    plugin: Build
    mismatched: tuple[str, ...]
    """The packages that differ between the two, in link order (a package's imports come before it)."""
    shared: frozenset[str] = frozenset()
    """The packages that both have."""
    is_host: bool = True
    """Whether the provider is the host (else an earlier plugin)."""

    @property
    def builds(self) -> tuple[Build, Build]:
        """Provider and plugin."""
        return self.provider, self.plugin


NOTHING: Mapping[str, object] = MappingProxyType({})


class Difference(NamedTuple):
    """Something in which two builds differ, and the packages whose hash it can change."""

    rule: str
    message: str
    packages: tuple[str, ...] = ()
    """Mismatched packages that it is able to change by itself, by the evidence of this very package."""
    candidates: tuple[str, ...] = ()
    """Mismatched packages that it may have changed: it is named where nothing else explains one."""
    specific: bool = False
    """Whether the candidates are tied to it by evidence of their own (their module), not merely not excluded."""
    evidence: Mapping[str, object] = NOTHING
    fix: str = ""
    harmless: str = ""
    """The sentence for the case that it touches no mismatched package."""
    doubt: str = ""
    """The sentence for the case that it may have touched packages that other differences explain already."""


Explain = Callable[[Evidence], Iterator[Finding]]
Compare = Callable[[Comparison], Iterator[Difference]]


class Rule(NamedTuple):
    """One reason: the text of `gopluck explain`, and the functions that recognise it."""

    slug: str
    title: str
    """One sentence, as a fact."""
    meaning: str
    """What the finding says."""
    why: str
    """Why Go refuses (or allows) it."""
    example: str
    fix: str
    links: tuple[Link, ...] = ()
    ends: Explain | None = None
    """Explains an Open by the step at which it ended."""
    differs: Compare | None = None
    """Explains packages that differ between two builds."""
    harmless: Explain | None = None
    """Names a difference that people would suspect and that never matters."""
    risks: Explain | None = None
    """Names what is dangerous about a plugin that loads."""
