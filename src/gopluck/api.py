"""The Python API: `read` a file, `check` plugins against a host."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike, fspath
from typing import TYPE_CHECKING

from gopluck.errors import MalformedFile, Usage
from gopluck.facts.model import Binary
from gopluck.facts.read import read as _read
from gopluck.replay.process import OpenRequest, Outcome, replay
from gopluck.report.model import HostSummary, PluginResult, Report

if TYPE_CHECKING:
    from gopluck.facts.system import Found, System, Wanted

Path = str | PathLike[str]


def read(path: Path) -> Binary:
    """The facts of a host, a plugin, or a host manifest.

    Raises `UnreadableFile` when it cannot be opened, `MalformedFile` when a manifest is damaged. A damaged ELF file
    gives a `Binary` whose `damage` says what is wrong.
    """
    return _read(fspath(path))


def check(
    host: Path | Binary,
    plugins: Sequence[Path],
    *,
    independent: bool = False,
    names: Sequence[str] | None = None,
    system: System | None = None,
) -> Report:
    """Whether `plugin.Open` succeeds for each plugin, in order, in one process of the host.

    `independent`: each in a process of its own. `names`: what the host passes to `plugin.Open`, one for each plugin
    (default: the path as given). `system`: where needed libraries come from (default: this machine).

    Raises `UnreadableFile` and `MalformedFile` for a file that gives no verdict, `Usage` when `names` does not fit.
    """
    paths = [fspath(plugin) for plugin in plugins]
    if names is not None and len(names) != len(paths):
        raise Usage(f"{len(names)} names for {len(paths)} plugins")
    host_facts = host if isinstance(host, Binary) else _read(fspath(host), evidence=False, exports=False)
    _refuse_host(host_facts)
    opened = [
        OpenRequest(name, _read(path, evidence=False, exports=False))
        for name, path in zip(names or paths, paths, strict=True)
    ]
    if system is None:
        system = _ThisMachine()
    processes = [[request] for request in opened] if independent else [opened]
    results: list[PluginResult] = []
    for requests in processes:
        outcomes = replay(host_facts, requests, system)
        if any(outcome.dlopen and outcome.dlopen.status not in ("loaded", "same") for outcome in outcomes):
            # Only a symbol that no library has makes it worth reading the C symbols of a large host.
            host_facts = _with_exports(host_facts)
            requests = [OpenRequest(one.name, one.binary and _with_exports(one.binary)) for one in requests]
            outcomes = replay(host_facts, requests, system)
        _refuse_damage(requests, outcomes)
        results.extend(_explain(host_facts, requests, outcomes))
    return Report(_summary(host_facts), tuple(results))


class _ThisMachine:
    """`LiveSystem`, made when the first library is asked for: most plugins need none that the host has not."""

    def __init__(self) -> None:
        self._live: System | None = None

    def find(self, wanted: Wanted) -> Found:
        """See `System.find`."""
        if self._live is None:
            from gopluck.facts.system import LiveSystem

            self._live = LiveSystem()
        return self._live.find(wanted)


def _with_exports(binary: Binary) -> Binary:
    if binary.elf is None or binary.elf.c_exports is not None:
        return binary
    return _read(binary.path, evidence=False)


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
        if binary is not None and binary.damage is not None and outcome.stage != "dlopen":
            raise MalformedFile(f"{binary.path}: {binary.damage}")
        if binary is not None and binary.damage is not None and outcome.verdict == "unknown":
            raise MalformedFile(f"{binary.path}: {binary.damage}")


def _explain(host: Binary, requests: Sequence[OpenRequest], outcomes: Sequence[Outcome]) -> list[PluginResult]:
    from gopluck.facts.read import with_evidence
    from gopluck.rules.engine import explain

    if any(outcome.mismatches for outcome in outcomes):
        requests = [OpenRequest(one.name, one.binary and with_evidence(one.binary)) for one in requests]
        plugins = [one.binary.go for one in requests if one.binary and one.binary.go]
        shared = frozenset(package.path for go in plugins for package in go.pkghashes) | {"main"}
        host = with_evidence(host, only=shared, flags=any(go.compile_flags is not None for go in plugins))
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
        )
        for position, (request, outcome, explanation) in enumerate(
            zip(requests, outcomes, explain(host, requests, outcomes), strict=True), 1
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
        packages=len(go.link_hashes) if go else 0,
    )
