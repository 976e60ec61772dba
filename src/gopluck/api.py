"""The Python API: `read` a file, `check` plugins for a host, `diff` two builds of a host."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from os import PathLike, fspath
from os.path import isdir, realpath
from typing import TYPE_CHECKING, TypeAlias

from gopluck.elf.image import allow_open_files
from gopluck.errors import GopluckError, MalformedFile, UnreadableFile, Usage
from gopluck.facts.model import Binary
from gopluck.facts.read import read as _read
from gopluck.facts.read import read_whole
from gopluck.loader.lazy import Libraries
from gopluck.replay.process import FOREIGN, OpenRequest, Outcome, replay
from gopluck.result.check import Ignore, PluginResult, Report
from gopluck.result.verdict import Verdict

if TYPE_CHECKING:
    from gopluck.builds.build import Build
    from gopluck.images.image import Image
    from gopluck.loader.library import System
    from gopluck.loader.sysroot import Root
    from gopluck.replay.lookup import Symbol
    from gopluck.result.diff import HostDiff
    from gopluck.result.recipe import Recipe

Path = str | PathLike[str]
Host: TypeAlias = "Path | Binary | Image"
Progress = Callable[[str], object]


def silent(path: str) -> None:
    """Nobody looks."""


def read(path: Path | Image) -> Binary:
    """The facts of a host, a plugin, or a host manifest; of a container image the host in it.

    Raises `UnreadableFile` when it cannot be opened, `MalformedFile` when a manifest is damaged. A damaged ELF file
    gives a `Binary` whose `damage` says what is wrong.
    """
    return read_whole(_read(fspath(path)) if isinstance(path, str | PathLike) else path.host())


def read_host(host: Host, root: Root | None = None, system: System | None = None) -> Binary:
    """The facts of a host, its manifest, or the one in an image; `root`: as it lies in a container's root.

    `system`: where the library is looked for that holds the Go of a C program. Raises as `read`, and `Usage` for a file
    that is not a Go program.
    """
    if isinstance(host, str | PathLike):
        found = _read_in(fspath(host), root)
    else:
        found = host if isinstance(host, Binary) else host.host()
    if found.damage is not None:
        raise MalformedFile(f"{found.path}: {found.damage}")
    if found.format in FOREIGN or found.packed:
        return found  # beyond gopluck, which gives `unknown`
    if found.format != "elf" and found.format != "manifest":
        raise Usage(f"{found.path}: is not a program: HOST is the Go program that opens the plugins, or its manifest")
    if found.go is not None and found.go.kind == "plugin":
        raise Usage(f"{found.path}: is a plugin library, not a host. Usage: gopluck check HOST PLUGIN...")
    return completed(found, system or system_of(host))


def open_image(path: Path, *, host_path: str | None = None, platform: str | None = None) -> Image:
    """A container image on disk (an OCI layout folder, an OCI or `docker save` archive, `-`), to be given as a host.

    `host_path`: the host in it (default: what the image starts). `platform`: `OS/ARCH`, where it holds several images.
    It is read when a host is needed, and raises `GopluckError` then.
    """
    from gopluck.images.image import Image

    return Image(path, host_path, platform)


def check(
    host: Host,
    plugins: Path | Sequence[Path],
    *,
    independent: bool = False,
    names: Sequence[str] | None = None,
    symbols: Sequence[str] = (),
    sysroot: Path | None = None,
    library_path: Sequence[str] = (),
    system: System | None = None,
    baseline: str = "host",
    ignore: Sequence[Ignore | str] = (),
    progress: Progress = silent,
    strict: bool = True,
) -> Report:
    """Whether `plugin.Open` succeeds for each plugin, in order, in one process of the host. A path is one plugin.

    `independent`: each in a process of its own. `names`: what the host passes to `plugin.Open`, one for each plugin
    (default: the path as given). `symbols`: `NAME` or `NAME:TYPE` that `Lookup` has to find in each. `baseline`: the
    side that stays as it is, `host` or `plugin`; a remedy is for the other. `ignore`: risks that are accepted, each an
    `Ignore` or a rule's slug; findings say so (`accepted`). `progress`: called with the path of each plugin before it
    is read.

    Needed libraries are those of this machine; with `sysroot` those of a container's root, in which then also the
    files lie that are below it; others count as lying there under the path that they have here. Nothing else outside
    of the root is looked at, as after chroot(2). `library_path`: the directories of the host's LD_LIBRARY_PATH.
    A host in an `Image` has that as its root, plugins `image:/path` lie in it, too, and where no `library_path` is
    given, the image's LD_LIBRARY_PATH counts. `system`: another source of libraries. `strict`: whether a plugin that
    cannot be read is an error; else its result says so (`unreadable`), and its process goes on without it.

    Raises `UnreadableFile` and `MalformedFile` for a file that gives no verdict, `Usage` when `names` does not fit,
    for a type in `symbols` that is none, for a `sysroot` that is no directory, and for a rule in `ignore` that is not
    about a risk.
    """
    image, paths = _image(host), _paths(plugins)
    root = _root(sysroot) if image is None else image
    if image is not None and sysroot is not None:
        raise Usage(f"{image.name}: is a container image, and so the root of its host: there is no other sysroot")
    if system is None:
        system = system_of(host) if image is not None and not library_path else Libraries(root, library_path)
    opened = paths if image is None else [image.inside(path) or path for path in paths]
    paths = paths if image is None else [image.shown(path) for path in paths]
    if names is not None and len(names) != len(paths):
        raise Usage(f"{len(names)} names for {len(paths)} plugins")
    calls = list(zip(names or opened, paths, strict=True))
    processes = [[call] for call in calls] if independent else [calls]
    if baseline not in ("host", "plugin"):
        raise Usage(f"the baseline is host or plugin, not {baseline}")
    ignores = _ignores(ignore)
    session = _Session(read_host(host, root, system), system, _symbols(symbols), baseline, progress, root, strict)
    results = [result for process in processes for result in session.replayed(*session.read(process))]
    unused: tuple[Ignore, ...] = ()
    if ignores:
        from gopluck.explainer.accept import accept

        results, unused = accept(results, ignores)
    from gopluck.explainer.engine import summary

    return Report(summary(session.host), tuple(results), unused)


def diff(
    old: Host,
    new: Host,
    plugins: Path | Sequence[Path] = (),
    *,
    system: System | None = None,
    progress: Progress = silent,
    strict: bool = True,
) -> HostDiff:
    """What changed from one build of a host to the next, and which plugins must be rebuilt for it.

    Hosts are binaries, manifests or images. Each plugin is checked in a process of its own. `system`, `progress`,
    `strict`, and what is raised, are as for `check`.
    """
    from gopluck.explainer.hosts import compare_hosts
    from gopluck.result.diff import PluginChange

    systems = [system or system_of(host) for host in (old, new)]
    hosts = [read_host(host, system=one) for host, one in zip((old, new), systems, strict=True)]
    changes = compare_hosts(*hosts)
    sessions = [
        _Session(host, system, progress=progress, strict=strict) for host, system in zip(hosts, systems, strict=True)
    ]
    found = []
    for path in _paths(plugins):
        requests = sessions[0].read([(path, path)])
        before, after = (session.replayed(*requests)[0] for session in sessions)
        found.append(PluginChange(path, _action(before.verdict, after.verdict), before, after))
    return changes._replace(plugins=tuple(found))


def _paths(plugins: Path | Sequence[Path]) -> list[str]:
    return [fspath(plugin) for plugin in ([plugins] if isinstance(plugins, str | PathLike) else plugins)]


def system_of(host: Host) -> System:
    """The libraries of this machine, or of the image in which the host lies."""
    image = _image(host)
    return Libraries() if image is None else Libraries(image, image.library_path)


def _action(old: str, new: str) -> str:
    """What the verdicts of one plugin with the old and the new host ask for."""
    if new == "loads" or "unknown" in (old, new):
        return "keep" if new == "loads" else "unknown"
    return "rebuild" if old == "loads" else "unfit"


class _Session:
    """A host, and the processes that are replayed with it."""

    def __init__(
        self,
        host: Binary,
        system: System,
        symbols: Sequence[Symbol] = (),
        baseline: str = "host",
        progress: Progress = silent,
        root: Root | None = None,
        strict: bool = True,
    ) -> None:
        self.host = host
        self.system = system
        self.symbols = symbols
        self.baseline = baseline
        """The side that remedies leave as it is."""
        self.progress = progress
        self.root = root
        self.strict = strict

    def read(self, calls: Sequence[tuple[str, str]]) -> tuple[list[OpenRequest], dict[int, PluginResult]]:
        """The plugins of one process, for each (name, path); by index what is said of those that cannot be read."""
        allow_open_files(len(calls))
        out, unreadable = [], {}
        known: dict[str, str] = {}
        for index, (name, path) in enumerate(calls):
            self.progress(path)
            try:
                binary = _read_in(path, self.root)
            except GopluckError as error:
                told = type(error)(f"{error}{_where(path)}") if self.root is None else error
                if self.strict:
                    raise told from None
                binary, unreadable[index] = None, _unreadable(path, index, told)
            if binary is not None and name != path:
                # Whatever file lies under this name, Go's cache knows it by the name.
                identity = binary.identity._replace(realpath=known.setdefault(name, binary.identity.realpath))
                binary = binary._replace(identity=identity)
            out.append(OpenRequest(name, binary))
        return out, unreadable

    def replayed(self, requests: list[OpenRequest], unreadable: dict[int, PluginResult]) -> list[PluginResult]:
        """The results of one process, in which files that cannot be read are not there."""
        try:
            results = self.results(requests)
        except (UnreadableFile, MalformedFile):
            if self.strict:
                raise
            damaged = {**unreadable, **self._damaged(requests)}
            if len(damaged) == len(unreadable):
                raise
            kept = [
                request._replace(binary=None) if index in damaged else request for index, request in enumerate(requests)
            ]
            return self.replayed(kept, damaged)
        return [unreadable.get(index, result) for index, result in enumerate(results)]

    def _damaged(self, requests: Sequence[OpenRequest]) -> dict[int, PluginResult]:
        """The plugins that give no verdict even alone: damage may show only where a replay meets it."""
        out = {}
        for index, request in enumerate(requests):
            try:
                self.results([request])
            except (UnreadableFile, MalformedFile) as error:
                out[index] = _unreadable(request.title, index, error)
        return out

    def results(self, requests: Sequence[OpenRequest]) -> list[PluginResult]:
        """The results of one process."""
        outcomes = replay(self.host, requests, self.system)
        for request, outcome in zip(requests, outcomes, strict=True):
            # A damaged file that even `dlopen` gives no verdict on is an input error, not a result.
            if request.binary and request.binary.damage is not None and outcome.verdict == Verdict.UNKNOWN:
                raise MalformedFile(f"{request.binary.path}: {request.binary.damage}")
        if self.symbols:
            from gopluck.replay.lookup import look_up

            outcomes = look_up(requests, outcomes, self.symbols, self.host)
        return results_of(self.host, requests, outcomes, self.baseline, self.build)

    @cached_property
    def build(self) -> Build:
        """The host as a build: what is found out about it serves for all plugins."""
        from gopluck.builds.build import Build

        return Build(self.host, "the host")


def _where(path: str) -> str:
    """Why there is no file under a name, in words: what plugin.Open would call `realpath failed`."""
    from pathlib import Path

    file = Path(path)
    if file.exists():
        return ""
    if file.is_symlink():
        return f" (a link to {file.readlink()}, which leads nowhere)"
    return "" if file.is_absolute() else " (plugin.Open looks in the working directory of the host)"


def _unreadable(path: str, index: int, error: GopluckError) -> PluginResult:
    """What is said of a plugin whose file cannot be read."""
    why = str(error).removeprefix(f"{path}: ")
    return PluginResult(path, index + 1, Verdict.UNKNOWN, None, None, None, True, note=why, unreadable=why)


def _symbols(texts: Sequence[str]) -> list[Symbol]:
    if not texts:
        return []
    from gopluck.replay.lookup import given

    return [given(text, f"{text}:") for text in texts]


def _ignores(ignore: Sequence[Ignore | str]) -> list[Ignore]:
    if not ignore:
        return []
    from gopluck.explainer.accept import ignores

    return ignores(ignore)


def _root(sysroot: Path | None) -> Root | None:
    if sysroot is None:
        return None
    path = fspath(sysroot)
    if not isdir(path):  # noqa: PTH112 (pathlib costs time at every start)
        raise Usage(f"{path}: is not a directory: --sysroot takes the root of a container's files")
    from gopluck.loader.sysroot import Directory

    return Directory(realpath(path)) if realpath(path) != "/" else None


def _read_in(path: str, root: Root | None) -> Binary:
    """A file's facts, as the process sees it."""
    return _read(path) if root is None else root.read(path)


def _image(host: Host) -> Image | None:
    """The image in which a host lies."""
    return None if isinstance(host, str | PathLike | Binary) else host


def completed(host: Binary, system: System) -> Binary:
    """As `loader.chost.with_library`, which is imported only where it has something to do."""
    if host.go is None or host.go.kind == "c-shared":
        from gopluck.loader.chost import with_library

        return with_library(host, system)
    return host


def results_of(
    host: Binary,
    requests: Sequence[OpenRequest],
    outcomes: Sequence[Outcome],
    baseline: str = "host",
    build: Build | None = None,
) -> list[PluginResult]:
    """What is said of each Open of a process that was replayed. `build`: the host's, where there is one already."""
    from gopluck.explainer.engine import explain

    explanations = explain(host, requests, outcomes, build)
    remedies: Sequence[Recipe | None] = [None] * len(requests)
    found = [explanation.findings for explanation in explanations]
    if any(outcome.verdict == Verdict.FAILS for outcome in outcomes):
        from gopluck.remedy.lines import with_words
        from gopluck.remedy.recipe import recipes

        remedies = recipes(host, requests, outcomes, explanations, baseline, build)
        found = list(map(with_words, found, remedies))
    return [
        PluginResult(
            path=request.title,
            image_path=request.binary.image.path if request.binary and request.binary.image else None,
            position=position,
            verdict=outcome.verdict,
            stage=outcome.stage,
            effect=outcome.effect,
            error=outcome.error,
            error_exact=outcome.exact,
            packages=explanation.packages,
            findings=findings,
            note=outcome.note,
            remedy=remedy,
        )
        for position, (request, outcome, explanation, findings, remedy) in enumerate(
            zip(requests, outcomes, explanations, found, remedies, strict=True), 1
        )
    ]
