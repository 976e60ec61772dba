"""What the Go runtime does with a plugin that `dlopen` has loaded: the module list and its checks.

Mirrors `runtime·addmoduledata` (`runtime/asm_*.s`), `plugin_lastmoduleinit` (`runtime/plugin.go`), and `modulesinit`
and `typelinksinit` (`runtime/symtab.go`, `runtime/type.go`), with the writes of the plugin's release and the reads of
the host's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gopluck.elf.constants import ET_DYN
from gopluck.facts.model import Binary, Go, order
from gopluck.golang.layouts import Layout, layout
from gopluck.golang.records import ModuledataFacts
from gopluck.record import NamedTuple
from gopluck.replay.ends import End
from gopluck.replay.memory import FaultError, Memory, Module, NilDereferenceError, Placement, UnknownMemoryError
from gopluck.result.verdict import Effect

NO_MODULE_DATA = "fatal error: runtime: no plugin module data"
EMPTY_PLUGINPATH = "fatal error: runtime: plugin has empty pluginpath"
OVERLAP = "fatal error: plugin: new module data overlaps with previous moduledata"
ALREADY_LOADED = "plugin already loaded"
DIFFERENT_VERSION = "plugin was built with a different version of package "
FAULT = "fatal error: fault"
NIL_DEREFERENCE = "panic: runtime error: invalid memory address or nil pointer dereference"

_SET = 1
"""Stands for any non-nil pointer that the runtime itself allocates (a map)."""


class ModuleInit(NamedTuple):
    """How `lastmoduleinit` ends.

    `effect`: what the host gets, None where the module is accepted; `text` is the runtime's own words, or why the end
    is not `known`; `module` is the binary whose module it looked at; `other` the binary already in the list that it
    collides with.
    """

    effect: Effect | None
    text: str
    why: End
    module: Binary | None = None
    other: Binary | None = None
    known: bool = True
    exact: bool = True
    """Whether the text is certain."""


Scope = Callable[[Binary], Sequence[Go]]


class Runtime:
    """The runtime of one host process. State: the module list, as bytes, and the slice of active modules."""

    def __init__(self, host: Binary, placement: Placement) -> None:
        go, elf = host.go, host.elf
        if go is None or elf is None or go.moduledata is None:
            raise ValueError("a host without moduledata cannot be replayed")
        self.memory = Memory(elf.elf_class // 8, order(elf), placement)
        self.layout: Layout = layout(go.moduledata.layout, elf.elf_class // 8)
        self.first = self.memory.load(host, go.moduledata, position_independent=elf.type == ET_DYN)
        self.last = self.first.address if go.exports_moduledata else None
        """`runtime.lastmoduledatap`; None when the host keeps it to itself."""
        self._active = [self.first.address]

    def construct(self, plugin: Binary, facts: ModuledataFacts, joins: bool) -> None:
        """The plugin's constructor, `addmoduledata`: chain its module behind the last one, with *its own* offsets.

        `joins`: whether the plugin takes `runtime.lastmoduledatap` from the host.
        """
        module = self.memory.load(plugin, facts, position_independent=True)
        if self.last is None or not joins:
            return
        own = self.memory.layout_of(module)
        self.memory.put_word(self.last + own["next"], module.address)
        self.last = module.address

    def last_module_init(self, scope: Scope) -> ModuleInit:
        """`plugin_lastmoduleinit`. `scope`: the Go files that a module's symbols are taken from, in order."""
        try:
            return self._last_module_init(scope)
        except NilDereferenceError:
            return ModuleInit(Effect.PANIC, NIL_DEREFERENCE, End.FOREIGN_LAYOUT)
        except FaultError as fault:
            return ModuleInit(Effect.FATAL, FAULT, End.FOREIGN_LAYOUT, exact=fault.exact)
        except UnknownMemoryError as address:
            return ModuleInit(
                None, f"the runtime would read {address}, which is not kept", End.FOREIGN_LAYOUT, known=False
            )

    def _last_module_init(self, scope: Scope) -> ModuleInit:
        address = self._last_good()
        if address is None:
            return ModuleInit(Effect.FATAL, NO_MODULE_DATA, End.NO_MODULE_DATA)
        module = self.memory.module_at(address)
        if module is None:
            raise UnknownMemoryError(f"{address:#x}")
        looked_at = module.binary
        if self._word(address, "pluginpath", 1) == 0:
            return ModuleInit(Effect.FATAL, EMPTY_PLUGINPATH, End.EMPTY_PLUGINPATH, looked_at)
        if self._word(address, "typemap"):
            return ModuleInit(Effect.ERROR, ALREADY_LOADED, End.TYPEMAP_SET, looked_at)
        for active in self._active:
            other = self.memory.module_at(active)
            if self._same_pluginpath(active, address):
                self.memory.put_byte(address + self.layout["bad"], 1)
                return ModuleInit(
                    Effect.ERROR, ALREADY_LOADED, End.SAME_PLUGINPATH, looked_at, other.binary if other else None
                )
            if self._overlaps(active, address):
                return ModuleInit(Effect.FATAL, OVERLAP, End.OVERLAP, looked_at, other.binary if other else None)
        package = self._first_mismatch(module, scope)
        if package is not None:
            self.memory.put_byte(address + self.layout["bad"], 1)
            return ModuleInit(Effect.ERROR, DIFFERENT_VERSION + package, End.HASH, looked_at)
        self._accept()
        return ModuleInit(None, "", End.LOADS, looked_at)

    @property
    def foreign(self) -> bool:
        """Whether a module is laid out otherwise than the host's."""
        return any(self.memory.layout_of(module) != self.layout for module in self.memory.modules)

    # -- reads with the host's offsets ---------------------------------------------------------------------------

    def _word(self, address: int, field: str, index: int = 0) -> int:
        return self.memory.word(address + self.layout[field] + index * self.memory.word_size)

    def _chain(self) -> list[int]:
        """The module list from `firstmoduledata`, by `next`."""
        out = [self.first.address]
        while (following := self._word(out[-1], "next")) != 0:
            if following in out:
                raise UnknownMemoryError("a module list that runs in a circle")
            out.append(following)
        return out

    def _is_bad(self, address: int) -> bool:
        return self.memory.byte(address + self.layout["bad"]) != 0

    def _last_good(self) -> int | None:
        """The last module of the list, unless it is bad: the loop forgets what it had at each bad one."""
        chain = self._chain()[1:]
        return chain[-1] if chain and not self._is_bad(chain[-1]) else None

    def _same_pluginpath(self, one: int, other: int) -> bool:
        if self._word(one, "pluginpath", 1) != self._word(other, "pluginpath", 1):
            return False
        if self._word(one, "pluginpath") == self._word(other, "pluginpath"):
            return True
        return self._pluginpath(one) == self._pluginpath(other)

    def _pluginpath(self, address: int) -> str:
        """The string as the host reads it: the decoded one where the two releases agree on its place."""
        module = self.memory.module_at(address)
        if module is None or not self._agrees(module, "pluginpath"):
            # Other words are taken for the string: its first byte is read where they say.
            self.memory.byte(self._word(address, "pluginpath"))
            raise UnknownMemoryError(f"{address:#x}")
        return module.binary.go.pluginpath if module.binary.go else ""

    def _agrees(self, module: Module, field: str) -> bool:
        return self.memory.layout_of(module)[field] == self.layout[field]

    def _overlaps(self, one: int, other: int) -> bool:
        """`inRange` of text, bss, data and types."""
        for low, high in (("text", "etext"), ("bss", "ebss"), ("data", "edata"), ("types", "etypes")):
            start, end = self._word(one, low), self._word(one, high)
            if any(start <= self._word(other, field) <= end for field in (low, high)):
                return True
        return False

    def _first_mismatch(self, module: Module, scope: Scope) -> str | None:
        if not self._agrees(module, "pkghashes"):
            count = self._word(module.address, "pkghashes", 1)
            if count == 0:
                raise UnknownMemoryError("package hashes that the host takes for none")
            self._follow(self._word(module.address, "pkghashes"))
            raise UnknownMemoryError("package hashes in a foreign layout")
        go = module.binary.go
        files = scope(module.binary)
        for package in go.pkghashes if go else ():
            provider = next((g for g in files if package.path in g.link_hashes), None)
            if provider is not None and provider.link_hashes[package.path] != package.linktimehash:
                return package.path
        return None

    def _follow(self, element: int) -> None:
        """Raise what the loop meets: it copies the first element, and reads the string that its last word points at."""
        size = self.memory.word_size
        length, runtimehash = (self.memory.word(element + index * size) for index in (3, 4))
        try:
            self.memory.word(runtimehash + size)
        except UnknownMemoryError:
            if length < 1 << 48:
                raise
            # No string is as long, so the hash differs from whatever is there, and then the process dies of the name
            # of the package, which is as long.
            raise FaultError(exact=False) from None

    # -- what an accepted module changes -------------------------------------------------------------------------

    def _accept(self) -> None:
        """`modulesinit`, and the map that `typelinksinit` gives each plugin; what else they set nothing here reads."""
        self._active = [address for address in self._chain() if not self._is_bad(address)]
        for address in self._active[1:]:
            self.memory.put_word(address + self.layout["typemap"], _SET)
