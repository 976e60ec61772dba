"""One host process: `plugin.Open` of several plugins in order, and what each leaves behind.

Mirrors `plugin/plugin_dlopen.go`, `open`: the cache by real path, `pluginsMu`, `dlopen`, the runtime's checks, `dlsym`.
Nothing is ever `dlclose`d, so a refused plugin keeps its place in the global scope and in the module list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from gopluck.facts.model import Binary, Go
from gopluck.golang import layouts, version
from gopluck.replay.dlopen import DlopenResult, dlopen, libc_of
from gopluck.replay.memory import PLACEMENTS, Placement
from gopluck.replay.runtime import ModuleInit, Runtime

if TYPE_CHECKING:
    from gopluck.facts.system import System

NOT_IMPLEMENTED = "plugin: not implemented"
REALPATH_FAILED = "realpath failed"
PREVIOUS_FAILURE = " (previous failure)"


class OpenRequest(NamedTuple):
    """One call of `plugin.Open`. `binary` is None when the file does not exist."""

    name: str
    """What the host passes."""
    binary: Binary | None


class Mismatch(NamedTuple):
    """A package whose hash in the process is not what the plugin expects."""

    path: str
    expected: str
    found: str
    provider: int
    """Position of the plugin that defined the package first, from 1; 0 is the host."""


class Lookup(NamedTuple):
    """What `Lookup` of one symbol finds (`replay.lookup`)."""

    name: str
    status: str
    """`found`, `missing`, `type` (found, with another type than wanted), `unknown` (its type cannot be read)."""
    wanted: str = ""
    """The type that it should have; empty when any will do."""
    kind: str = ""
    """`func` or `var`."""
    type: str | None = None
    """Its own type. `Lookup` returns a pointer to a variable."""


class Outcome(NamedTuple):
    """How one `plugin.Open` ends.

    `why` names the step: `loads cached realpath not-implemented no-plugin-package dlopen previous-failure mutex-held
    never-loaded not-reached no-module-data empty-pluginpath overlap typemap-set same-pluginpath hash foreign-layout
    missing-symbol unknown-layout unknown-format lookup`. `other` is the position of an earlier plugin that it collides
    with or that the runtime looked at instead of this one (0: the host).
    """

    verdict: str
    stage: str | None = None
    effect: str | None = None
    error: str | None = None
    exact: bool = True
    why: str = "loads"
    compared: int = 0
    mismatches: tuple[Mismatch, ...] = ()
    other: int | None = None
    note: str | None = None
    dlopen: DlopenResult | None = None
    lookups: tuple[Lookup, ...] = ()


@dataclass(slots=True)
class _Cached:
    """An entry of the `plugins` map: `error` of a refused one, else whether it ever finished loading."""

    error: str | None
    finished: bool


@dataclass(slots=True)
class _State:
    """What one process remembers."""

    runtime: Runtime | None
    loaded: list[tuple[int, Binary]] = field(default_factory=list)
    scope: list[tuple[int, Binary]] = field(default_factory=list)
    """The host (0), each plugin, and the Go plugins that it needs as libraries, in the order of the global scope."""
    brought: list[Binary] = field(default_factory=list)
    """Those Go plugins that came as libraries."""
    versions: bool = True
    """Whether the C library minds symbol versions: musl does not."""
    cache: dict[str, _Cached] = field(default_factory=dict)
    mutex_held: bool = False
    ended: str | None = None


def replay(host: Binary, requests: Sequence[OpenRequest], system: System) -> tuple[Outcome, ...]:
    """The outcome of each `plugin.Open`, in order, in one process of the host.

    Replayed with two load placements; where they disagree the outcome is chance in a real process too, and `unknown`.
    """
    word_size = host.elf.elf_class // 8 if host.elf else 8
    runs = [_replay(host, requests, system, placement) for placement in PLACEMENTS[word_size]]
    return tuple(_agreed(outcomes) for outcomes in zip(*runs, strict=True))


def _agreed(outcomes: tuple[Outcome, ...]) -> Outcome:
    first = outcomes[0]
    if all(outcome == first for outcome in outcomes[1:]):
        return first
    return first._replace(
        verdict="unknown",
        stage=None,
        effect=None,
        error=None,
        why="foreign-layout",
        note="the outcome depends on the addresses at which the kernel loads the files",
    )


def _replay(host: Binary, requests: Sequence[OpenRequest], system: System, placement: Placement) -> list[Outcome]:
    state = _State(_runtime(host, placement), scope=[(0, host)], versions=libc_of(host).kind != "musl")
    out: list[Outcome] = []
    for position, request in enumerate(requests, 1):
        if state.ended is not None:
            outcome = Outcome("not-reached", why="not-reached", note=state.ended)
        else:
            outcome = _open(host, state, position, request, system)
            if outcome.effect in ("fatal", "hang"):
                what = "dies" if outcome.effect == "fatal" else "hangs"
                state.ended = f"the process {what} at plugin {position}"
            elif outcome.verdict == "unknown":
                state.ended = f"what plugin {position} leaves behind is not known"
        out.append(outcome)
    return [
        outcome._replace(verdict="unknown")
        if outcome.why == "not-reached" and outcome.note and outcome.note.endswith("not known")
        else outcome
        for outcome in out
    ]


def _runtime(host: Binary, placement: Placement) -> Runtime | None:
    if host.go is None or host.go.moduledata is None or host.elf is None:
        return None
    return Runtime(host, placement)


def _open(host: Binary, state: _State, position: int, request: OpenRequest, system: System) -> Outcome:
    full = f'plugin.Open("{request.name}"): '
    short = f'plugin.Open("{_without_so(request.name)}"): '
    go = host.go
    if go is None:
        what = "is packed" if host.packed else f"is a {host.format} file"
        return Outcome("unknown", why="unknown-format", note=f"the host {what}, which gopluck does not look into")
    if go.plugin_support == "none":
        return Outcome(
            "fails", why="no-plugin-package", note="the host does not import package plugin: it opens no plugins"
        )
    if go.plugin_support == "stub":
        return Outcome("fails", "runtime", "error", NOT_IMPLEMENTED, why="not-implemented")
    plugin = request.binary
    if plugin is None:
        return Outcome("fails", "realpath", "error", full + REALPATH_FAILED, why="realpath")
    if state.mutex_held:
        return Outcome(
            "fails", "runtime", "hang", None, why="mutex-held", note="an earlier panic left pluginsMu locked"
        )
    cached = state.cache.get(plugin.identity.realpath)
    if cached is not None:
        if cached.error is not None:
            return Outcome(
                "fails",
                "runtime",
                "error",
                full + cached.error + PREVIOUS_FAILURE,
                why="previous-failure",
                other=_first_position(state, plugin),
            )
        if not cached.finished:
            return Outcome(
                "fails",
                "symbols",
                "hang",
                None,
                why="never-loaded",
                other=_first_position(state, plugin),
                note="an earlier Open of this file never finished",
            )
        return Outcome("loads", why="cached", other=_first_position(state, plugin))

    opened = [binary for _, binary in state.loaded]
    found = dlopen(plugin, host, opened, system, libc_of(host), state.brought)
    if found.status == "unknown":
        return Outcome("unknown", "dlopen", None, None, False, "dlopen", note=found.text, dlopen=found)
    if found.status == "abort":
        return Outcome("fails", "dlopen", "fatal", found.text, found.exact, "dlopen", dlopen=found)
    if found.status == "error":
        return Outcome("fails", "dlopen", "error", full + (found.text or ""), found.exact, "dlopen", dlopen=found)

    if state.runtime is None:
        return Outcome("unknown", "runtime", why="unknown-layout", note=_no_layout("host", host))
    if found.status == "loaded":
        brought = [library.binary for library in found.needed_loaded if library.binary.go is not None]
        new = [plugin, *brought]
        state.loaded.append((position, plugin))
        state.brought += brought
        state.scope += [(position, one) for one in new]
        # Constructors run in the reverse order: those of what is needed first.
        for one in reversed(new):
            if one.go is None or one.go.kind != "plugin":
                continue
            if one.go.moduledata is None:
                return Outcome("unknown", "runtime", why="unknown-layout", note=_no_layout("plugin", one))
            joins = one.go.joins_module_list and (not state.versions or _binds(one, host))
            state.runtime.construct(one, one.go.moduledata, joins)
    result = state.runtime.last_module_init(lambda module: [go for _, go in _seen(state, module)])
    compared, mismatches = _compare(plugin, _seen(state, plugin)) if found.status == "loaded" else (0, ())
    base = Outcome(
        "fails",
        "runtime",
        result.effect,
        None,
        why=result.why,
        compared=compared,
        mismatches=mismatches,
        dlopen=found,
        other=_other(state, plugin, result),
    )
    if result.effect == "unknown":
        return base._replace(verdict="unknown", effect=None, note=result.text)
    if result.effect == "panic":
        state.mutex_held = True
        return base._replace(error=result.text)
    if result.effect == "fatal":
        return base._replace(error=result.text)
    if result.effect == "error":
        state.cache[plugin.identity.realpath] = _Cached(result.text, False)
        return base._replace(error=short + result.text)
    return _symbols(state, plugin, result.module or plugin, short, base)


def _binds(plugin: Binary, other: Binary) -> bool:
    """Whether a plugin's Go symbols can be taken from another file (`elf/dl-lookup.c`, `check_match`).

    Only a linker that was told so gives versions to them (`--default-symver`, a version script): a file then takes none
    from another that has versions, but not this one. The first version names the file itself.
    """
    mine, theirs = ((one.elf.version_definitions[1:] if one.elf else ()) for one in (plugin, other))
    return not mine or not theirs or not set(mine).isdisjoint(theirs)


def _seen(state: _State, plugin: Binary) -> list[tuple[int, Go]]:
    """The Go files of the global scope that a plugin's Go symbols can be taken from, in order."""
    return [
        (position, one.go)
        for position, one in state.scope
        if one.go is not None and (not state.versions or _binds(plugin, one))
    ]


def _symbols(state: _State, plugin: Binary, module: Binary, short: str, base: Outcome) -> Outcome:
    """`dlsym` of each symbol that the accepted module exports, in the random order of a Go map."""
    missing = module.go.missing_symbols if module.go else ()
    state.cache[plugin.identity.realpath] = _Cached(None, not missing)
    if not missing:
        return base._replace(verdict="loads", stage=None, effect=None, why="loads")
    pluginpath = module.go.pluginpath if module.go else ""
    text = (
        f"could not find symbol {missing[0]}: {plugin.identity.realpath}: undefined symbol: {pluginpath}.{missing[0]}"
    )
    note = None if len(missing) == 1 else f"Go names any one of {len(missing)} symbols, by chance"
    return base._replace(
        stage="symbols",
        effect="error",
        error=short + text,
        exact=len(missing) == 1,
        why="missing-symbol",
        note=note,
    )


def _compare(plugin: Binary, scope: Sequence[tuple[int, Go]]) -> tuple[int, tuple[Mismatch, ...]]:
    """Every package of the plugin that the process has from elsewhere, and those that differ."""
    compared, out = 0, []
    for package in plugin.go.pkghashes if plugin.go else ():
        for position, go in scope:
            found = go.link_hashes.get(package.path)
            if found is None:
                continue
            if go is not plugin.go:
                compared += 1
                if found != package.linktimehash:
                    out.append(Mismatch(package.path, package.linktimehash, found, position))
            break
    return compared, tuple(out)


def _other(state: _State, plugin: Binary, result: ModuleInit) -> int | None:
    """The earlier plugin that the outcome is about, when it is not this one."""
    about = result.other if result.other is not None else result.module
    if about is None or about is plugin:
        return None
    return next((position for position, binary in state.scope if binary is about), 0)


def _first_position(state: _State, plugin: Binary) -> int | None:
    same = plugin.identity.realpath
    return next((position for position, binary in state.loaded if binary.identity.realpath == same), None)


def _no_layout(side: str, binary: Binary) -> str:
    if binary.go and version.minor(binary.go.version) in layouts.RELEASES:
        return f"the module data of the {side} was not found: was a section removed, or the file packed?"
    release = binary.go.version if binary.go and binary.go.version else "a Go release that is not recorded"
    return f"the {side} was built with {release}, whose module layout is not known to this gopluck"


def _without_so(name: str) -> str:
    return name[:-3] if len(name) > 3 and name.endswith(".so") else name
