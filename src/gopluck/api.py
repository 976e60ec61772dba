"""The Python API: `read` a file, `check` plugins against a host, `diff` two builds of a host."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from os import PathLike, fspath
from os.path import isdir, realpath
from typing import TYPE_CHECKING

from gopluck.errors import MalformedFile, Usage
from gopluck.facts.model import Binary, FunctionCode
from gopluck.facts.read import (
    Everything,
    with_c_defined,
    with_code,
    with_declared,
    with_evidence,
    with_hashes,
    with_last_lines,
    with_sources,
)
from gopluck.facts.read import read as _read
from gopluck.replay.process import OpenRequest, Outcome, replay
from gopluck.report.model import HostSummary, PluginResult, Report

if TYPE_CHECKING:
    from gopluck.facts.system import Found, System, Wanted
    from gopluck.remedy.model import Recipe
    from gopluck.replay.lookup import Symbol
    from gopluck.report.diff_model import HostDiff
    from gopluck.rules.engine import Explanation

Path = str | PathLike[str]
Progress = Callable[[str], object]


def _silent(path: str) -> None:
    """Nobody looks."""


def read(path: Path) -> Binary:
    """The facts of a host, a plugin, or a host manifest.

    Raises `UnreadableFile` when it cannot be opened, `MalformedFile` when a manifest is damaged. A damaged ELF file
    gives a `Binary` whose `damage` says what is wrong.
    """
    return _read(fspath(path))


def read_host(path: Path) -> Binary:
    """The facts of a host or its manifest. Raises as `read`, and `Usage` for a file that is no Go program."""
    host = read(path)
    _refuse_host(host)
    return host


def check(
    host: Path | Binary,
    plugins: Sequence[Path],
    *,
    independent: bool = False,
    names: Sequence[str] | None = None,
    symbols: Sequence[str] = (),
    sysroot: Path | None = None,
    library_path: Sequence[str] = (),
    system: System | None = None,
    baseline: str = "host",
    progress: Progress = _silent,
) -> Report:
    """Whether `plugin.Open` succeeds for each plugin, in order, in one process of the host.

    `independent`: each in a process of its own. `names`: what the host passes to `plugin.Open`, one for each plugin
    (default: the path as given). `symbols`: `NAME` or `NAME:TYPE` that `Lookup` has to find in each. `baseline`: the
    side that stays as it is, `host` or `plugin`; a remedy is for the other. `progress`: called with the path of each
    plugin before it is read.

    Needed libraries are those of this machine; with `sysroot` those of a container's root, in which then also the
    files lie that are below it. `library_path`: the directories of the host's LD_LIBRARY_PATH. `system`: another
    source of libraries.

    Raises `UnreadableFile` and `MalformedFile` for a file that gives no verdict, `Usage` when `names` does not fit,
    for a type in `symbols` that is none, and for a `sysroot` that is no directory.
    """
    root = _root(sysroot)
    if system is None:
        system = _Libraries(root, library_path)
    paths = [fspath(plugin) for plugin in plugins]
    if names is not None and len(names) != len(paths):
        raise Usage(f"{len(names)} names for {len(paths)} plugins")
    calls = list(zip(names or paths, paths, strict=True))
    processes = [[call] for call in calls] if independent else [calls]
    if baseline not in ("host", "plugin"):
        raise Usage(f"the baseline is host or plugin, not {baseline}")
    session = _Session(host, system, _symbols(symbols), len(processes) == 1, baseline, progress, root)
    results = [result for process in processes for result in session.run(process)]
    return Report(_summary(session.host), tuple(results))


def diff(
    old: Path | Binary,
    new: Path | Binary,
    plugins: Sequence[Path] = (),
    *,
    system: System | None = None,
    progress: Progress = _silent,
) -> HostDiff:
    """What changed from one build of a host to the next, and which plugins have to be rebuilt for it.

    Hosts are binaries or manifests. Each plugin is checked in a process of its own. `system`, `progress`, and what is
    raised, are as for `check`.
    """
    from gopluck.report.diff_model import HostDiff, PluginChange
    from gopluck.rules.hosts import compare_hosts

    hosts = [_whole(host) for host in (old, new)]
    changes = compare_hosts(*hosts)
    system = system or _Libraries()
    sessions = [_Session(host, system, (), alone=False, progress=progress) for host in hosts]
    found = []
    known = set.intersection(*(set(_hashes(host)) for host in hosts))
    for path in [fspath(plugin) for plugin in plugins]:
        requests = sessions[0].read([(path, path)], known)
        before, after = (session.results(requests)[0] for session in sessions)
        found.append(PluginChange(path, _action(before.verdict, after.verdict), before, after))
    return HostDiff(
        _summary(hosts[0]),
        _summary(hosts[1]),
        changes.compared,
        changes.changed,
        changes.added,
        changes.removed,
        changes.breaks,
        changes.causes,
        tuple(found),
        changes.note,
    )


def _whole(host: Path | Binary) -> Binary:
    """A host with all its hashes, and the evidence."""
    binary = host if isinstance(host, Binary) else _read(fspath(host), exports=False)
    _refuse_host(binary)
    return binary


def _action(old: str, new: str) -> str:
    """What the verdicts of one plugin with the old and the new host ask for."""
    if new == "loads":
        return "keep"
    if "unknown" in (old, new):
        return "unknown"
    return "rebuild" if old == "loads" else "unfit"


class _Session:
    """A host, read once, and the processes that are replayed with it."""

    def __init__(
        self,
        host: Path | Binary,
        system: System,
        symbols: Sequence[Symbol],
        alone: bool,
        baseline: str = "host",
        progress: Progress = _silent,
        root: str | None = None,
    ) -> None:
        self._host = host if isinstance(host, Binary) else None
        self._path = "" if isinstance(host, Binary) else fspath(host)
        self.system = system
        self.symbols = symbols
        self.root = root
        self.alone = alone
        """Whether there is one process only: then only what its plugins name is read of the host."""
        self.baseline = baseline
        """The side that remedies leave as it is."""
        self.progress = progress
        self._sources: Mapping[str, str] | None = None
        self._code: dict[str, dict[str, FunctionCode]] = {}
        self._asked: dict[str, set[str]] = {}
        """The functions that were looked for in the host, by package; `_code` has those that are there."""

    @property
    def host(self) -> Binary:
        """The host's facts, as far as they were needed."""
        return self._host if self._host is not None else self._read_host(frozenset())

    def _read_host(self, named: frozenset[str]) -> Binary:
        if self._host is None:
            only = named if self.alone else None
            self._host = _placed(_read(self._path, evidence=False, exports=False, only=only), self.root)
        _refuse_host(self._host)
        return self._host

    def run(self, calls: Sequence[tuple[str, str]]) -> list[PluginResult]:
        """The results of one process, for each (name, path)."""
        if self._host is None and not self.alone:
            self._read_host(frozenset())
        return self.results(self.read(calls))

    def read(self, calls: Sequence[tuple[str, str]], known: Container[str] | None = None) -> list[OpenRequest]:
        """The plugins of one process, for each (name, path). `known`: packages that every host has."""
        if known is None:
            # Where there is one plugin only, its own hash of a package that the host has is never looked at.
            known = (Everything() if self._host is None else _hashes(self._host)) if len(calls) == 1 else ()
        out = []
        for name, path in calls:
            self.progress(path)
            binary = _read(path, evidence=False, exports=False, only=frozenset(), known=known)
            out.append(OpenRequest(name, _placed(binary, self.root)))
        return out

    def results(self, requests: Sequence[OpenRequest]) -> list[PluginResult]:
        """The results of one process."""
        unread = self._host is None and len(requests) == 1
        host = self._read_host(_expected(requests))
        if unread:
            wanted = _expected(requests).difference(_hashes(host))
            requests = [OpenRequest(one.name, one.binary and with_hashes(one.binary, wanted)) for one in requests]
        outcomes = replay(host, requests, self.system)
        if any(outcome.dlopen and outcome.dlopen.status not in ("loaded", "same") for outcome in outcomes):
            # Only a symbol that no library has makes it worth reading the C symbols of a large host.
            host = self._host = _with_exports(host)
            requests = [OpenRequest(one.name, one.binary and _with_exports(one.binary)) for one in requests]
            outcomes = replay(host, requests, self.system)
        partial = self.alone and self._path != ""
        if partial and any(library.binary.go for one in outcomes if one.dlopen for library in one.dlopen.needed_loaded):
            # A Go plugin that comes as a library names packages that no request does.
            host = self._host = _read(host.path, evidence=False)._replace(identity=host.identity)
            outcomes = replay(host, requests, self.system)
        _refuse_damage(requests, outcomes)
        if self.symbols:
            requests, outcomes = _look_up(requests, outcomes, self.symbols)
        if any(outcome.verdict == "fails" for outcome in outcomes):
            differing = frozenset(mismatch.path for outcome in outcomes for mismatch in outcome.mismatches)
            shared = differing.union(host.go.link_hashes, ["main"]) if self.alone and host.go else None
            requests = [
                OpenRequest(one.name, one.binary and with_evidence(one.binary, only=_with_main(shared, one.binary)))
                for one in requests
            ]
            flags = any(one.binary and one.binary.go and one.binary.go.compile_flags for one in requests)
            host = self._host = with_evidence(host, only=shared, flags=flags or not self.alone)
            host, requests = self._for_risks(host, requests, outcomes)
            host, requests, explanations = _explained(host, requests, outcomes)
            return _results(host, requests, outcomes, self.baseline, explanations)
        host, requests = self._for_risks(host, list(requests), outcomes)
        return _results(host, requests, outcomes, self.baseline)

    def _for_risks(
        self, host: Binary, requests: list[OpenRequest], outcomes: Sequence[Outcome]
    ) -> tuple[Binary, list[OpenRequest]]:
        """The files with what a plugin's risks are judged by, where what is known does not exclude them."""
        loading = [
            one.binary
            for one, outcome in zip(requests, outcomes, strict=True)
            if one.binary and (outcome.verdict == "loads" or outcome.why == "lookup")
        ]
        if all(outcome.verdict != "fails" for outcome in outcomes):
            # Beside a plugin that fails the functions of other packages are wanted.
            host, requests = self._with_loaded_code(host, requests, outcomes)
        functions = {one for plugin in loading if plugin.elf for one in plugin.elf.c_functions or ()}
        if functions:
            host = with_c_defined(host, functions)
            if len(requests) > 1:
                requests = [
                    one._replace(binary=one.binary and with_c_defined(one.binary, functions)) for one in requests
                ]
        info = host.go.build_info if host.go else None
        if loading and info and info.settings and info.setting("-trimpath") != "true":
            host = self._with_sources(host, loading)
        return host, requests

    def _with_loaded_code(
        self, host: Binary, requests: list[OpenRequest], outcomes: Sequence[Outcome]
    ) -> tuple[Binary, list[OpenRequest]]:
        """The facts with the functions of shared packages whose source may differ, for plugins that load."""
        from gopluck.rules.code_skew import wanted

        packages = [
            wanted(host, one.binary) if one.binary and outcome.verdict == "loads" else frozenset[str]()
            for one, outcome in zip(requests, outcomes, strict=True)
        ]
        if not any(packages):
            return host, requests
        requests = [
            one._replace(binary=with_code(one.binary, mine, lines=False)) if one.binary else one
            for one, mine in zip(requests, packages, strict=True)
        ]
        named: dict[str, set[str]] = {}
        for one in requests:
            for package, functions in (one.binary.go.code or {}).items() if one.binary and one.binary.go else ():
                named.setdefault(package, set()).update(functions)
        host = self._with_host_code(host, named)
        shared = (host.go.code if host.go else None) or {}
        requests = [one._replace(binary=one.binary and with_last_lines(one.binary, shared)) for one in requests]
        return host, requests

    def _with_host_code(self, host: Binary, named: Mapping[str, set[str]]) -> Binary:
        """The host with these functions of it; each is read once for all processes."""
        if host.go is None or host.go.code is not None:
            return host
        unread = {package: names - self._asked.get(package, set()) for package, names in named.items()}
        unread = {package: names for package, names in unread.items() if names}
        if unread:
            found = with_code(host, frozenset(unread), lines=False, like=unread).go
            for package, names in unread.items():
                self._asked.setdefault(package, set()).update(names)
                self._code.setdefault(package, {}).update((found.code if found and found.code else {}).get(package, {}))
        code = {package: {name: self._code[package][name] for name in names if name in self._code[package]}
                for package, names in named.items()}  # fmt: skip
        host = with_last_lines(host._replace(go=host.go._replace(code=code)), code)
        for package, functions in (host.go.code if host.go and host.go.code else {}).items():
            self._code[package].update(functions)
        return host

    def _with_sources(self, host: Binary, plugins: Sequence[Binary]) -> Binary:
        """The host with the directories of the packages of modules that plugins share with it: read once for all."""
        if host.go is None or host.go.sources:
            return host
        if self._sources is None:
            named = {package.path for plugin in plugins if plugin.go for package in plugin.go.pkghashes}
            shared = named.intersection(host.go.link_hashes) if self.alone else host.go.link_hashes
            found = with_sources(host, frozenset(path for path in shared if "." in path.partition("/")[0])).go
            self._sources = found.sources if found else {}
        return host._replace(go=host.go._replace(sources=self._sources))


EACH_FILE = 8
"""Functions of one source file that are compared: those that begin behind a line that was added begin elsewhere."""


def _spread(functions: Mapping[str, FunctionCode]) -> Iterator[str]:
    """Some functions of each source file of a package, the last one among them."""
    files: dict[str, list[str]] = {}
    for name in sorted(functions, key=lambda name: -functions[name].start):
        files.setdefault(functions[name].file, []).append(name)
    for names in files.values():
        yield from names[:: -(-len(names) // EACH_FILE)]


def _hashes(host: Binary) -> Mapping[str, str]:
    return host.go.link_hashes if host.go else {}


def _explained(
    host: Binary, requests: list[OpenRequest], outcomes: Sequence[Outcome]
) -> tuple[Binary, list[OpenRequest], tuple[Explanation, ...]]:
    """The facts with the functions that the rules would compare, and the explanations."""
    from gopluck.rules.engine import explain, wanted_code

    wanted = wanted_code(host, requests, outcomes)
    if wanted and host.size > LARGE:
        explanations = explain(host, requests, outcomes)
        differing = (package for one in explanations for package in one.packages.mismatched)
        wanted &= {package.path for package in differing if not OPEN.isdisjoint(package.causes)}
        if not wanted:
            return host, requests, explanations
    if wanted:
        host, requests = _with_code(host, requests, wanted)
    return host, requests, explain(host, requests, outcomes)


LARGE = 64 << 20
"""Bytes of a host whose functions are looked up only for packages that nothing else explains."""

OPEN = frozenset({"unexplained", "module-content"})
"""Causes that functions at other lines can decide."""


def _with_code(host: Binary, requests: list[OpenRequest], wanted: frozenset[str]) -> tuple[Binary, list[OpenRequest]]:
    """The facts with the functions of these packages."""
    requests = [OpenRequest(one.name, one.binary and with_code(one.binary, wanted, lines=False)) for one in requests]
    names: dict[str, dict[str, None]] = {}
    for one in requests:
        for package, functions in (one.binary.go.code or {}).items() if one.binary and one.binary.go else ():
            names.setdefault(package, {}).update(dict.fromkeys(_spread(functions)))
    return with_code(host, wanted, lines=False, like=names), requests


def _expected(requests: Sequence[OpenRequest]) -> frozenset[str]:
    """The packages that the plugins name."""
    return frozenset(
        package.path for one in requests if one.binary and one.binary.go for package in one.binary.go.pkghashes
    )


def _symbols(texts: Sequence[str]) -> list[Symbol]:
    if not texts:
        return []
    from gopluck.golang.typetext import NotATypeError
    from gopluck.replay.lookup import parse

    out: list[Symbol] = []
    for text in texts:
        try:
            out.append(parse(text))
        except NotATypeError as error:
            raise Usage(f"{text}: is no symbol: {error}") from None
    return out


def _look_up(
    requests: Sequence[OpenRequest], outcomes: Sequence[Outcome], symbols: Sequence[Symbol]
) -> tuple[list[OpenRequest], tuple[Outcome, ...]]:
    """The outcomes with the lookups, and the requests with what the names are that were not found."""
    from gopluck.replay.lookup import look_up, missing_names

    looked = look_up(requests, outcomes, symbols)
    named = [
        one._replace(binary=with_declared(one.binary, names)) if one.binary and names else one
        for one, names in zip(requests, map(missing_names, looked), strict=True)
    ]
    return named, looked


def _root(sysroot: Path | None) -> str | None:
    if sysroot is None:
        return None
    path = fspath(sysroot)
    if not isdir(path):  # noqa: PTH112 (pathlib costs time at every start)
        raise Usage(f"{path}: is no directory: --sysroot takes the root of a container's files")
    return realpath(path)


def _placed(binary: Binary, root: str | None) -> Binary:
    """A file below the root under the path that it has there. Raises `Usage` for a link that leads out of the root."""
    if root is None:
        return binary
    inside = root.rstrip("/") + "/"
    path = binary.identity.realpath
    if path.startswith(inside):
        return binary._replace(identity=binary.identity._replace(realpath=path[len(inside) - 1 :]))
    folder, _, name = binary.path.rpartition("/")
    if (realpath(folder or ".") + "/" + name).startswith(inside):
        raise Usage(f"{binary.path}: is a link that leads out of {root}: name the file that it stands for there")
    return binary


def _with_main(packages: frozenset[str] | None, plugin: Binary) -> frozenset[str] | None:
    """The packages, and the plugin's main package: no other file has that, and would be searched for it to the end."""
    return packages.union([plugin.go.pluginpath]) if packages is not None and plugin.go else packages


class _Libraries:
    """`LiveSystem`, made when the first library is asked for: most plugins need none that the host has not."""

    def __init__(self, sysroot: str | None = None, library_path: Sequence[str] = ()) -> None:
        self._live: System | None = None
        self._sysroot = sysroot
        self._library_path = tuple(library_path)

    def find(self, wanted: Wanted) -> Found:
        """See `System.find`."""
        if self._live is None:
            from gopluck.facts.system import LiveSystem

            self._live = LiveSystem(self._sysroot, self._library_path)
        return self._live.find(wanted)


def _with_exports(binary: Binary) -> Binary:
    if binary.elf is None or binary.elf.c_exports is not None:
        return binary
    return _read(binary.path, evidence=False)._replace(identity=binary.identity)


UNDECIDED = {"mach-o": "a Mach-O file", "pe": "a Windows program"}
"""Formats in which Go hosts exist, but whose loading gopluck does not replay."""


def _refuse_host(host: Binary) -> None:
    """A host of which nothing can be said is an input error; one that is only beyond gopluck gives `unknown`."""
    if host.damage is not None:
        raise MalformedFile(f"{host.path}: {host.damage}")
    if host.format in UNDECIDED or host.packed:
        return
    if host.format != "elf" and host.format != "manifest":
        raise Usage(f"{host.path}: is no program: HOST is the Go program that opens the plugins, or its manifest")
    if host.go is None:
        raise Usage(f"{host.path}: is no Go program: it has neither build info nor a pclntab")
    if host.go.kind in ("plugin", "c-shared"):
        raise Usage(f"{host.path}: is a {host.go.kind} library, no host: the order is HOST PLUGIN...")


def _refuse_damage(requests: Sequence[OpenRequest], outcomes: Sequence[Outcome]) -> None:
    """A damaged file that even `dlopen` gives no verdict on is an input error, not a result."""
    for request, outcome in zip(requests, outcomes, strict=True):
        binary = request.binary
        if binary is not None and binary.damage is not None and outcome.verdict == "unknown":
            raise MalformedFile(f"{binary.path}: {binary.damage}")


def _results(
    host: Binary,
    requests: Sequence[OpenRequest],
    outcomes: Sequence[Outcome],
    baseline: str = "host",
    explanations: Sequence[Explanation] | None = None,
) -> list[PluginResult]:
    from gopluck.rules.engine import explain

    explanations = explain(host, requests, outcomes) if explanations is None else explanations
    remedies: Sequence[Recipe | None] = [None] * len(requests)
    if any(outcome.verdict == "fails" for outcome in outcomes):
        from gopluck.remedy.recipe import recipes

        remedies = recipes(host, requests, outcomes, explanations, baseline)
    return [
        PluginResult(
            path=request.binary.path if request.binary else request.name,
            position=position,
            verdict=outcome.verdict,
            stage=outcome.stage,
            effect=outcome.effect,
            error=outcome.error,
            error_exact=outcome.exact,
            packages=explanation.packages,
            findings=explanation.findings,
            note=outcome.note,
            remedy=remedy,
        )
        for position, (request, outcome, explanation, remedy) in enumerate(
            zip(requests, outcomes, explanations, remedies, strict=True), 1
        )
    ]


def _summary(host: Binary) -> HostSummary:
    go, elf = host.go, host.elf
    main = go.build_info.main if go and go.build_info else None
    return HostSummary(
        path=host.path,
        kind="manifest" if host.format == "manifest" else go.kind if go else host.format,
        go_version=go.version if go else "",
        goos="linux",
        goarch=elf.goarch if elf else "",
        main_module=main.path if main else None,
    )
