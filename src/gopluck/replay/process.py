"""One host process: `plugin.Open` of several plugins in order, and what each leaves behind.

Mirrors `plugin/plugin_dlopen.go`, `open`: the cache by real path, `pluginsMu`, `dlopen`, the runtime's checks, `dlsym`.
Nothing is ever `dlclose`d, so a refused plugin keeps its place in the global scope and in the module list.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gopluck.facts.model import Binary, Go
from gopluck.golang.release import of as release_of
from gopluck.loader.answer import DlopenResult, Status
from gopluck.loader.dlopen import binds, dlopen
from gopluck.loader.libc import Kind, libc_of
from gopluck.record import NamedTuple
from gopluck.replay.ends import End
from gopluck.replay.memory import PLACEMENTS, Placement
from gopluck.replay.runtime import ModuleInit, Runtime
from gopluck.result.verdict import Effect, Stage, Verdict

if TYPE_CHECKING:
    from gopluck.loader.library import System

NOT_IMPLEMENTED = "plugin: not implemented"
FOREIGN = {"mach-o": "a Mach-O file, built for macOS", "pe": "a Windows program"}
"""Formats in which Go hosts exist, but whose loading is not replayed."""

IN_C = ("c-archive", "c-shared")
MUSL = (
    "Go in a C program reads arguments that musl does not pass to it, and dies at start unless Go was patched "
    "(golang/go #13492)"
)
"""`runtime/os_linux.go`, sysargs; measured with 1.27.3 and musl 1.2.3: SIGSEGV before `main`, linked and loaded."""
OBFUSCATED = "is obfuscated (garble): its release, its packages' names and its module data are not what Go writes"

REALPATH_FAILED = "realpath failed"
PREVIOUS_FAILURE = " (previous failure)"


class OpenRequest(NamedTuple):
    """One call of `plugin.Open`. `binary` is None when the file does not exist."""

    name: str
    """What the host passes."""
    binary: Binary | None

    @property
    def title(self) -> str:
        """How messages call it: by the file that was read, where there is one."""
        return self.binary.path if self.binary else self.name


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
    """`found`, `missing`, `type` (found, with another type than wanted), `unknown` (nothing tells)."""
    wanted: str = ""
    """The type that it should have; empty when any will do."""
    kind: str = ""
    """`func` or `var`."""
    type: str | None = None
    """Its own type. `Lookup` returns a pointer to a variable."""
    boxed: bool = False
    """Whether the symbol is a variable that is an interface itself."""
    lacks: tuple[str, ...] = ()
    """Where an interface is wanted: its methods that what `Lookup` returns does not have."""
    panic: str = ""
    """What Go prints where a host asserts the wanted type, as far as that is certain."""
    why: str = ""
    """Of `unknown`: why, and what would settle it."""


class Outcome(NamedTuple):
    """How one `plugin.Open` ends.

    `why` names the step. `other` is the position of an earlier plugin that it collides
    with or that the runtime looked at instead of this one (0: the host).
    """

    verdict: Verdict
    stage: Stage | None = None
    effect: Effect | None = None
    error: str | None = None
    exact: bool = True
    why: End = End.LOADS
    compared: int = 0
    mismatches: tuple[Mismatch, ...] = ()
    other: int | None = None
    note: str | None = None
    dlopen: DlopenResult | None = None
    lookups: tuple[Lookup, ...] = ()
    matched: tuple[str, ...] = ()
    """The packages that are compared and do not differ."""


class _Cached(NamedTuple):
    """An entry of the `plugins` map: `error` of a refused one, else whether it ever finished loading."""

    error: str | None
    finished: bool


class _State:
    """What one process remembers."""

    def __init__(self, host: Binary, placement: Placement) -> None:
        known = host.go is not None and host.go.moduledata is not None and host.elf is not None
        self.runtime = Runtime(host.holder, placement) if known else None
        self.loaded: list[tuple[int, Binary]] = []
        self.scope = [(0, host.holder)]
        """The file with the host's Go (0), then each plugin with the Go plugins that it needs, in the scope's order."""
        self.brought: list[Binary] = []
        """Those Go plugins that came as libraries."""
        self.versions = libc_of(host).kind != Kind.MUSL
        """Whether the C library minds symbol versions: musl does not."""
        self.cache: dict[str, _Cached] = {}
        self.lost = 0
        """Bytes of the static TLS area that refused files left unused, at the most."""
        self.mutex_held = False
        self.ended: str | None = None
        """Why no later `plugin.Open` is replayed, in one line."""
        self.ends_surely = True
        """Whether the process is certain to have ended there."""


def replay(host: Binary, requests: Sequence[OpenRequest], system: System) -> tuple[Outcome, ...]:
    """The outcome of each `plugin.Open`, in order, in one process of the host.

    Where a runtime reads the module data of another layout, addresses can decide: replayed with two load placements;
    where they disagree the outcome is chance in a real process too, and `unknown`.
    """
    first, second = PLACEMENTS[host.elf.elf_class // 8 if host.elf else 8]
    state = _State(host, first)
    outcomes = _replay(host, requests, system, state)
    if state.runtime is None or not state.runtime.foreign:
        return tuple(outcomes)
    others = _replay(host, requests, system, _State(host, second))
    return tuple(map(_agreed, outcomes, others))


def _agreed(one: Outcome, other: Outcome) -> Outcome:
    if one == other:
        return one
    note = "the outcome depends on the addresses at which the kernel loads the files"
    return one._replace(verdict=Verdict.UNKNOWN, stage=None, effect=None, error=None, why=End.FOREIGN_LAYOUT, note=note)


def _replay(host: Binary, requests: Sequence[OpenRequest], system: System, state: _State) -> list[Outcome]:
    out: list[Outcome] = []
    for position, request in enumerate(requests, 1):
        if state.ended is not None:
            reached = Verdict.NOT_REACHED if state.ends_surely else Verdict.UNKNOWN
            outcome = Outcome(reached, why=End.NOT_REACHED, note=state.ended)
        else:
            outcome = _open(host, state, position, request, system)
            if outcome.effect in (Effect.FATAL, Effect.HANG):
                what = "dies" if outcome.effect == Effect.FATAL else "hangs"
                state.ended = f"the process {what} at plugin {position}"
            elif outcome.verdict == Verdict.UNKNOWN:
                state.ended = f"what plugin {position} leaves behind is not known"
                state.ends_surely = False
        told = outcome.verdict in (Verdict.LOADS, Verdict.FAILS) and outcome.note is None
        out.append(outcome._replace(note=_unseen(host, request.binary)) if told else outcome)
    return out


def _unseen(*files: Binary | None) -> str | None:
    """What is to be said of files of a release that has no row: who told the layout of their module data."""
    told = {}
    for one in files:
        go = one.go if one is not None else None
        if go is not None and go.moduledata is not None and go.moduledata.told_by in TOLD_BY:
            told[go.version or "a release that is not recorded"] = go.moduledata.told_by
    return "; ".join(TOLD_BY[who].format(release) for release, who in told.items()) or None


TOLD_BY = {
    "DWARF": "{} is not known to this gopluck: the layout of its module data is what the file's DWARF says",
    "code": "{} is not known to this gopluck: the layout of its module data is one that size, content and code confirm",
}


def _open(host: Binary, state: _State, position: int, request: OpenRequest, system: System) -> Outcome:
    """`open` of `plugin/plugin_dlopen.go`, step by step."""
    plugin = request.binary
    if (ended := _plugin_package(host)) is not None:
        return ended
    if plugin is None:
        text = _prefix(request.name) + REALPATH_FAILED
        return Outcome(Verdict.FAILS, Stage.REALPATH, Effect.ERROR, text, why=End.REALPATH)
    if (ended := _plugins_map(state, plugin, request.name)) is not None:
        return ended
    opened = [binary for _, binary in state.loaded]
    found = dlopen(plugin, host, opened, system, libc_of(host), state.brought, state.lost)
    state.lost += found.lost
    if found.status not in (Status.LOADED, Status.SAME):
        ended = _plugin_open_failed(found, request.name, host)
        return _compared(state, plugin, ended) if found.status == Status.ERROR else ended
    if state.runtime is None:
        return Outcome(Verdict.UNKNOWN, Stage.RUNTIME, why=End.UNKNOWN_LAYOUT, note=_no_layout("host", host))
    if found.status == Status.LOADED and (ended := _constructors(state, state.runtime, position, plugin, found)):
        return ended
    return _last_module_init(state, state.runtime, plugin, request.name, found)


def _plugin_package(host: Binary) -> Outcome | None:
    """How every Open of a host ends that has no working package plugin (`plugin/plugin_stubs.go`)."""
    go = host.go
    if go is None:
        what = "is packed" if host.packed else f"is {FOREIGN.get(host.format, f'a {host.format} file')}"
        return Outcome(Verdict.UNKNOWN, why=End.UNKNOWN_FORMAT, note=f"the host {what}")
    if go.kind in IN_C and libc_of(host).musl:
        return Outcome(Verdict.UNKNOWN, why=End.NOT_STARTED, note=MUSL)
    if go.obfuscated:
        return Outcome(Verdict.UNKNOWN, why=End.OBFUSCATED, note=f"the host {OBFUSCATED}")
    if go.plugin_support == "none":
        note = "the host does not import package plugin: it opens no plugins"
        return Outcome(Verdict.FAILS, why=End.NO_PLUGIN_PACKAGE, note=note)
    if go.plugin_support == "stub":
        return Outcome(Verdict.FAILS, Stage.RUNTIME, Effect.ERROR, NOT_IMPLEMENTED, why=End.NOT_IMPLEMENTED)
    return None


def _plugins_map(state: _State, plugin: Binary, name: str) -> Outcome | None:
    """How an Open ends before `dlopen`: `pluginsMu` is held, or the `plugins` map has this real path."""
    if state.mutex_held:
        held = "an earlier panic left pluginsMu locked"
        return Outcome(Verdict.FAILS, Stage.RUNTIME, Effect.HANG, why=End.MUTEX_HELD, note=held)
    same = plugin.identity.realpath
    cached = state.cache.get(same)
    if cached is None:
        return None
    first = next((position for position, binary in state.loaded if binary.identity.realpath == same), None)
    if cached.error is not None:
        text = _prefix(name) + cached.error + PREVIOUS_FAILURE
        return Outcome(Verdict.FAILS, Stage.RUNTIME, Effect.ERROR, text, why=End.PREVIOUS_FAILURE, other=first)
    if not cached.finished:
        open_ = "an earlier Open of this file never finished"
        return Outcome(Verdict.FAILS, Stage.SYMBOLS, Effect.HANG, why=End.NEVER_LOADED, other=first, note=open_)
    return Outcome(Verdict.LOADS, why=End.CACHED, other=first)


def _plugin_open_failed(found: DlopenResult, name: str, host: Binary) -> Outcome:
    """How an Open ends where `dlopen` gives no handle (`pluginOpen`)."""
    if found.status == Status.UNKNOWN:
        return Outcome(Verdict.UNKNOWN, Stage.DLOPEN, None, None, False, End.DLOPEN, note=found.text, dlopen=found)
    text = found.text or ""
    if found.status == Status.ABORT:
        from gopluck.loader.texts import last_words

        text = last_words(text, host.holder.go)
        return Outcome(Verdict.FAILS, Stage.DLOPEN, Effect.FATAL, text, found.exact, End.DLOPEN, dlopen=found)
    sure = found.exact or libc_of(host).kind != Kind.MUSL
    note = None if sure else "a name or number in this text is not certain"
    text = _prefix(name) + text
    return Outcome(Verdict.FAILS, Stage.DLOPEN, Effect.ERROR, text, found.exact, End.DLOPEN, note=note, dlopen=found)


def _compared(state: _State, plugin: Binary, ended: Outcome) -> Outcome:
    """With the packages of a plugin that the loader refuses: those that differ would keep it from loading next."""
    known = [one.elf.goarch for one in (plugin, state.scope[0][1]) if one.elf is not None]
    if plugin.go is None or plugin.go.kind != "plugin" or len(set(known)) != 1:
        return ended
    matched, mismatches = _compare(plugin, _seen(state, plugin))
    return ended._replace(compared=len(matched) + len(mismatches), matched=matched, mismatches=mismatches)


def _constructors(
    state: _State, runtime: Runtime, position: int, plugin: Binary, found: DlopenResult
) -> Outcome | None:
    """`addmoduledata` of the new Go files; how the Open ends where the layout of one is not known."""
    brought = [library.binary for library in found.needed_loaded if library.binary.go is not None]
    new = [plugin, *brought]
    state.loaded.append((position, plugin))
    state.brought += brought
    state.scope += [(position, one) for one in new]
    if any(one.go is not None and one.go.obfuscated for one in new):
        return Outcome(Verdict.UNKNOWN, Stage.RUNTIME, why=End.OBFUSCATED, note=f"the plugin {OBFUSCATED}")
    # Constructors run in the reverse order: those of what is needed first.
    for one in reversed(new):
        if one.go is None or one.go.kind != "plugin":
            continue
        if one.go.moduledata is None:
            return Outcome(Verdict.UNKNOWN, Stage.RUNTIME, why=End.UNKNOWN_LAYOUT, note=_no_layout("plugin", one))
        joins = one.go.joins_module_list and (not state.versions or binds(one, state.scope[0][1]))
        runtime.construct(one, one.go.moduledata, joins)
    return None


def _last_module_init(state: _State, runtime: Runtime, plugin: Binary, name: str, found: DlopenResult) -> Outcome:
    """`lastmoduleinit` (`runtime/plugin.go`), and what the `plugins` map and `pluginsMu` are like after it."""
    result = runtime.last_module_init(lambda module: [go for _, go in _seen(state, module)])
    matched, mismatches = _compare(plugin, _seen(state, plugin)) if found.status == Status.LOADED else ((), ())
    short = _prefix(name.removesuffix(".so") or name)
    base = Outcome(
        Verdict.FAILS,
        Stage.RUNTIME,
        result.effect,
        exact=result.exact,
        why=result.why,
        compared=len(matched) + len(mismatches),
        matched=matched,
        mismatches=mismatches,
        dlopen=found,
        other=_other(state, plugin, result),
    )
    if not result.known:
        return base._replace(verdict=Verdict.UNKNOWN, effect=None, note=result.text)
    if result.effect in (Effect.PANIC, Effect.FATAL):
        state.mutex_held = result.effect == Effect.PANIC
        return base._replace(error=result.text)
    if result.effect == Effect.ERROR:
        state.cache[plugin.identity.realpath] = _Cached(result.text, False)
        return base._replace(error=short + result.text)
    return _symbols(state, plugin, result.module or plugin, short, base)


def _prefix(name: str) -> str:
    """What stands before every error of `plugin.Open`."""
    return f'plugin.Open("{name}"): '


def _seen(state: _State, plugin: Binary) -> list[tuple[int, Go]]:
    """The Go files of the global scope that a plugin's Go symbols can be taken from, in order."""
    return [
        (position, one.go)
        for position, one in state.scope
        if one.go is not None and (not state.versions or binds(plugin, one))
    ]


def _symbols(state: _State, plugin: Binary, module: Binary, short: str, base: Outcome) -> Outcome:
    """`dlsym` of each symbol that the accepted module exports, in the random order of a Go map."""
    missing = module.go.missing_symbols if module.go else ()
    state.cache[plugin.identity.realpath] = _Cached(None, not missing)
    if not missing:
        return base._replace(verdict=Verdict.LOADS, stage=None, effect=None, why=End.LOADS)
    pluginpath = module.go.pluginpath if module.go else ""
    text = (
        f"could not find symbol {missing[0]}: {plugin.identity.realpath}: undefined symbol: {pluginpath}.{missing[0]}"
    )
    note = None if len(missing) == 1 else f"Go names any one of {len(missing)} symbols, by chance"
    return base._replace(
        stage=Stage.SYMBOLS,
        effect=Effect.ERROR,
        error=short + text,
        exact=len(missing) == 1,
        why=End.MISSING_SYMBOL,
        note=note,
    )


def _compare(plugin: Binary, scope: Sequence[tuple[int, Go]]) -> tuple[tuple[str, ...], tuple[Mismatch, ...]]:
    """The packages of the plugin that the process has from elsewhere: those that match, and those that differ."""
    matched, out = [], []
    for package in plugin.go.pkghashes if plugin.go else ():
        for position, go in scope:
            found = go.link_hashes.get(package.path)
            if found is None:
                continue
            if go is not plugin.go:
                if found == package.linktimehash:
                    matched.append(package.path)
                else:
                    out.append(Mismatch(package.path, package.linktimehash, found, position))
            break
    return tuple(matched), tuple(out)


def _other(state: _State, plugin: Binary, result: ModuleInit) -> int | None:
    """The earlier plugin that the outcome is about, when it is not this one."""
    about = result.other if result.other is not None else result.module
    if about is None or about is plugin:
        return None
    return next((position for position, binary in state.scope if binary is about), 0)


def _no_layout(side: str, binary: Binary) -> str:
    version = binary.go.version if binary.go else ""
    if release_of(version) is not None:
        return f"the module data of the {side} was not found: was a section removed, or the file packed?"
    release = version or "a Go release that is not recorded"
    return f"the {side} was built with {release}, whose module layout is not known to this gopluck"
