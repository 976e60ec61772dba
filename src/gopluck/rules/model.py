"""`Rule`: one reason, whole: its texts, when it is asked, what it weighs, what it says, and who has to act.

A rule weighs the `Evidence` of one `plugin.Open`, or the `Comparison` of two builds.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

from gopluck.builds.build import Build
from gopluck.builds.paths import PathDifferences
from gopluck.builds.source import Use
from gopluck.facts.model import Binary, Identity
from gopluck.golang.records import FunctionCode
from gopluck.loader.answer import Failure, Status
from gopluck.record import NamedTuple, StrEnum, auto
from gopluck.replay.ends import End
from gopluck.replay.process import Mismatch, Outcome

if TYPE_CHECKING:
    from gopluck.builds.support import Lack

NOTHING: Mapping[str, object] = MappingProxyType({})


class Opened(NamedTuple):
    """One `plugin.Open` that the process has tried."""

    position: int
    title: str
    """How messages call it."""
    binary: Binary | None
    outcome: Outcome


class Evidence:
    """What the rules weigh for one plugin: the files, how its Open ended, and what was opened before.

    `build`: the host as a build, where there is one already.
    """

    def __init__(
        self,
        host: Binary,
        plugin: Binary,
        outcome: Outcome,
        earlier: tuple[Opened, ...] = (),
        build: Build | None = None,
    ) -> None:
        self.host = host
        self.plugin = plugin
        self.outcome = outcome
        self.earlier = earlier
        self.builds = build or Build(host, "the host"), Build(plugin, "the plugin")
        """Host and plugin."""

    @property
    def file(self) -> str:
        """The plugin's file name."""
        return self.plugin.path.rpartition("/")[2]

    def provider(self, mismatch: Mismatch) -> Binary:
        """The file whose definition of the package counts."""
        opened = self.opened(mismatch.provider)
        return opened.binary if opened and opened.binary else self.host

    def opened(self, position: int | None) -> Opened | None:
        """An earlier Open by its position; None for the host and for none."""
        return next((opened for opened in self.earlier if opened.position == position), None)

    def mapped(self) -> Iterator[Binary]:
        """The plugins that earlier Opens have brought into the process, refused ones too."""
        for one in self.earlier:
            if one.binary is not None and one.outcome.dlopen is not None and one.outcome.dlopen.status == Status.LOADED:
                yield one.binary

    @property
    def first(self) -> Opened | None:
        """The Open whose file `dlopen` took this one for."""
        inode = self.plugin.identity.inode
        known = (one for one in self.earlier if one.outcome.dlopen is not None)
        return next((one for one in known if one.binary and one.binary.identity.inode == inode), None)

    @property
    def needing(self) -> Opened | None:
        """The Open whose file brought this one into the process, as a library that it needs."""
        return next((one for one in self.earlier if _brought(one, self.plugin.identity)), None)

    def conflicts(self) -> Iterator[tuple[Opened, list[str]]]:
        """Each earlier Open that brought packages which this plugin expects otherwise, with those."""
        groups: dict[int, list[str]] = {}
        for mismatch in self.outcome.mismatches:
            groups.setdefault(mismatch.provider, []).append(mismatch.path)
        for position, packages in groups.items():
            if opened := self.opened(position):
                yield opened, packages

    def rebuilt(self, other: Opened) -> bool:
        """Whether an earlier Open was one of another build of this very plugin."""
        earlier, own = other.binary.go if other.binary else None, self.plugin.go
        return earlier is not None and own is not None and earlier.pluginpath == own.pluginpath

    @property
    def other_layout(self) -> bool:
        """Whether the plugin's runtime lays its module data out in another way than the host's."""
        host, plugin = (build.layout for build in self.builds)
        return bool(host and plugin) and host != plugin


def _brought(opened: Opened, file: Identity) -> bool:
    libraries = opened.outcome.dlopen.needed_loaded if opened.outcome.dlopen is not None else ()
    known = (library.binary.identity for library in libraries)
    return any(one.inode == file.inode or one.realpath == file.realpath for one in known)


class Comparison:
    """Two builds that should agree: the one that defines packages, and the plugin that expects them otherwise."""

    def __init__(
        self,
        provider: Build,
        plugin: Build,
        mismatched: tuple[str, ...],
        shared: frozenset[str] = frozenset(),
        is_host: bool = True,
        functions: bool = True,
    ) -> None:
        self.provider = provider
        self.plugin = plugin
        self.mismatched = mismatched
        """The packages that differ between the two, in link order (a package's imports come before it)."""
        self.shared = shared
        """The packages that both have."""
        self.is_host = is_host
        """Whether the provider is the host (else an earlier plugin)."""
        self._functions = functions

    def functions(self, package: str) -> Iterator[tuple[str, FunctionCode, FunctionCode]]:
        """Name, and both sides, of each function of a package that both have; nothing for two hosts: they have many."""
        return self.provider.shared_code(package, self.plugin) if self._functions else iter(())

    def moved(self, package: str) -> str:
        """A function of it that begins at another line of the same file, in words; empty when there is none."""
        for name, here, there in self.functions(package):
            if here.file == there.file and here.start != there.start:
                where = f"{package.rpartition('/')[2]}.{name} is at {here.file}:{here.start} in {self.provider.name}"
                return f"{where}, at {there.file}:{there.start} in {self.plugin.name}"
        return ""

    @property
    def builds(self) -> tuple[Build, Build]:
        """Provider and plugin."""
        return self.provider, self.plugin

    def built_with(
        self, host: str, plugin: str, fix: str, packages: Iterable[str] = (), candidates: Iterable[str] = ()
    ) -> Difference:
        """What the two sides were built with, in words, where it differs."""
        message = f"{self.provider.name} was built with {host}, {self.plugin.name} with {plugin}"
        harmless = f"{message}: no package that both have differs"
        sides = {"host": host, "plugin": plugin}
        return Difference(message, tuple(packages), tuple(candidates), evidence=sides, fix=fix, harmless=harmless)

    def elsewhere(self, known: Container[str]) -> Iterator[tuple[str, Use, Use]]:
        """Modules that both have, none of whose packages differs, but those that are known."""
        for module, one in self.provider.modules.items():
            two = self.plugin.modules.get(module)
            if two is not None and module not in known and module not in self.paths.modules:
                yield module, one, two

    def idle(self, module: str, one: Use, two: Use) -> Difference:
        """A module that is not the same on both sides, none of whose packages differs."""
        what = f"{module} is {one.described} in {self.provider.name}, {two.described} in {self.plugin.name}"
        sides = {"host": f"{module} {one.described}", "plugin": f"{module} {two.described}"}
        return Difference("", evidence=sides, harmless=f"{what}: no package of it that both have differs")

    @cached_property
    def paths(self) -> PathDifferences:
        """Where the two builds took the packages from."""
        return PathDifferences(self.provider, self.plugin, self.mismatched, self.shared, self.is_host)


class Link(NamedTuple):
    """Where a rule's facts can be read: a file and function of Go's source, or a public report."""

    title: str
    url: str = ""


def go_source(place: str) -> Link:
    """A file of Go's source, and a function in it: `runtime/plugin.go, plugin_lastmoduleinit`."""
    return Link(f"src/{place}", f"https://go.dev/src/{place.partition(',')[0]}")


def go_issue(number: int) -> Link:
    """An issue of Go's own."""
    return Link(f"golang/go #{number}", f"https://github.com/golang/go/issues/{number}")


class Told(NamedTuple):
    """What a rule says about one Open: a finding without its name."""

    message: str
    packages: tuple[str, ...]
    evidence: Mapping[str, object]
    """`host` and `plugin`: what was compared."""
    fix: str
    """What to do, as a sentence; commands are the recipe's."""
    headline: str = ""
    """The reason in a few words, without the plugin's name, where the message says more than that."""


def told(message: str, fix: str = "", packages: Iterable[str] = (), **evidence: object) -> Told:
    """What a rule says about one Open, with what was compared."""
    return Told(message, tuple(packages), evidence, fix)


class Difference(NamedTuple):
    """Something in which two builds differ, and the packages whose hash it can change."""

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
    headline: str = ""
    """The reason in a few words, without the plugin's name, where the message says more than that."""


EXTERNAL = "-ldflags=-linkmode=external"
"""What lets a host export Go's symbols."""


class Owner(NamedTuple):
    """Who has to act for a cause that no build of the plugin removes, and what."""

    why: str
    """Why a new build of the plugin does not help."""
    todo: str = ""
    side: str = "host"
    flags: tuple[str, ...] = ()
    """Added to the host's own build line."""
    builds: bool = True
    """Whether the host has to be built anew."""
    in_c: Mapping[str, str] = MappingProxyType({})
    """By `Go.kind`: what the owner of a C program with Go in it does instead."""


class Trait(StrEnum):
    """What others than the rule itself have to know of a cause, without knowing the rule."""

    GO_RELEASE = auto()
    MODULE_VERSION = auto()
    MODULE_REPLACED = auto()
    VENDORED = auto()
    UNPINNED_CODE = auto()
    """The code differs, and no version says which."""
    GO_INSTALLATION = auto()
    """The standard library's own code differs, under one release."""
    INSTRUMENTED = auto()
    OTHER_LIBC = auto()
    OWN_LDFLAGS = auto()
    """It lies in the plugin's own -ldflags."""
    OTHER_TAGS = auto()
    FOLLOWS = auto()
    """A package differs only because one that it imports does."""
    UNEXPLAINED = auto()


Explain = Callable[[Evidence], Iterator[Told]]
Compare = Callable[[Comparison], Iterator[Difference]]
Words = Callable[[Evidence, Mapping[str, str]], tuple[str, str] | tuple[str, str, str]]
"""(message, fix) from the evidence that the loader collected; the headline, where it is another text."""


def by_failure(words: Words) -> Explain:
    """What a rule says of a failure of the loader."""

    def ends(evidence: Evidence) -> Iterator[Told]:
        found = evidence.outcome.dlopen
        if found is not None and evidence.outcome.why == End.DLOPEN:
            message, fix, *headline = words(evidence, found.evidence)
            yield told(message, fix, **found.evidence)._replace(headline="".join(headline))

    return ends


class Rule(NamedTuple):
    """One reason. The folder of its file is its kind."""

    slug: str
    rank: int
    """Rules of a kind are named in this order: the strongest first."""
    title: str
    """One sentence, as a fact."""
    meaning: str
    """What the finding says."""
    why: str
    """Why Go refuses (or allows) it."""
    example: str
    fix: str
    links: tuple[Link, ...] = ()
    explains: frozenset[End] = frozenset()
    """The ends of which `ends` is asked."""
    failures: frozenset[Failure] = frozenset()
    """The failures of `dlopen` of which `ends` is asked."""
    ends: Explain | None = None
    """Explains an Open by the step at which it ended."""
    differs: Compare | None = None
    """Explains packages that differ between two builds."""
    rest: Callable[[Comparison, tuple[str, ...]], Difference] | None = None
    """Takes the packages that nothing explains."""
    harmless: Explain | None = None
    """Names a difference that people would suspect and that never matters."""
    risks: Explain | None = None
    """Names what is dangerous about a plugin that loads."""
    whole: bool = False
    """Whether the difference is one of how everything was built: then it does not go on from package to package. Where
    it names each package that differs, that goes without saying."""
    compiled: bool = False
    """Whether only a compiled package tells if the difference matters (`align` asks)."""
    nearer: bool = False
    """Whether it is the nearer reason where others are possible, too."""
    settles: bool = False
    """Whether it explains why its packages differ, without a difference between the builds."""
    general: bool = False
    """Whether it is the cause of packages that nothing else is named for."""
    lack: Lack | None = None
    """What a host lacks, into which then nothing loads."""
    owner: Owner | None = None
    traits: frozenset[Trait] = frozenset()
