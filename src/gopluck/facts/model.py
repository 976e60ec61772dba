"""`Binary` and its parts: everything that later steps need of a file, tied to no open file."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from gopluck.elf.dynamic import Undefined, VersionNeed
from gopluck.elf.image import Segment

ELSEWHERE = ".../"
"""Stands in a manifest for the folder that holds a replacement which go.mod names by its absolute path."""

EMPTY: Mapping[str, str] = MappingProxyType({})


class Module(NamedTuple):
    """A module line of the build info (`runtime/debug.Module`). `version` is `(devel)` or empty for a checkout."""

    path: str
    version: str
    sum: str = ""
    replace: Module | None = None


class BuildInfo(NamedTuple):
    """What `go version -m` prints (`runtime/debug.BuildInfo`)."""

    go_version: str
    path: str = ""
    """The main package's import path."""
    main: Module | None = None
    deps: tuple[Module, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    """Build settings in order, unquoted; empty before Go 1.18."""
    dropped: frozenset[str] = frozenset()
    """Settings that were left out of a manifest because they name directories."""

    def setting(self, key: str) -> str | None:
        """The value of a build setting, or None when it is not recorded."""
        return next((value for name, value in self.settings if name == key), None)


class PackageHash(NamedTuple):
    """An entry of `moduledata.pkghashes`: the package and the link-time hash that the plugin expects, as hex."""

    path: str
    linktimehash: str


class ExportedSymbol(NamedTuple):
    """A function or variable that `Lookup` of the plugin finds (`ptab`), with its Go type as source text.

    A variable's type is the variable's own (`Lookup` returns a pointer to it). None: it could not be decoded.
    """

    name: str
    kind: str
    """`func` or `var`."""
    type: str | None


class FunctionCode(NamedTuple):
    """A function or method that is written in a source file."""

    file: str
    """The file's name without its directory."""
    start: int
    """The line of its `func`."""
    lines: tuple[int, ...]
    """The lines of its own code relative to `start`, in the order of the machine code, none twice in a row."""


class Memory(NamedTuple):
    """A piece of the file's memory at load bias 0, after relocation."""

    address: int
    data: bytes
    pointers: tuple[int, ...]
    """Offsets in `data` of the words that the load bias is added to."""
    symbols: tuple[tuple[int, str, int], ...] = ()
    """(offset, symbol, addend) of words that the loader takes from a symbol, which another file may define first."""


class ModuledataFacts(NamedTuple):
    """`moduledata` of one Go module as it lies in memory after relocation (`runtime/symtab.go`)."""

    layout: str
    """The release layout (`golang.layouts`) that its own runtime uses."""
    address: int
    memory: tuple[Memory, ...]
    """The moduledata window first, then what a runtime with another layout would follow pointers to."""


class Go(NamedTuple):
    """What makes the file a Go binary."""

    kind: str
    """`exe`, `pie`, `test`, `plugin`, `c-shared`, or `unknown`."""
    version: str
    """`go1.27.3`, or empty when it is not recorded."""
    build_info: BuildInfo | None
    plugin_support: str
    """`dlopen` (package plugin with cgo), `stub` (without cgo: never works), `none` (does not import plugin)."""
    exports_moduledata: bool
    """Whether `runtime.lastmoduledatap` is in `.dynsym`, so that plugins can add themselves to the module list."""
    joins_module_list: bool
    """Whether a plugin takes `runtime.lastmoduledatap` from the global scope (not when linked `-Bsymbolic`)."""
    pluginpath: str
    pkghashes: tuple[PackageHash, ...]
    """A plugin's expectations, in the order in which the runtime compares them."""
    link_hashes: Mapping[str, str]
    """The hash (hex) of each package whose `go:link.pkghashbytes.P` the file defines in `.dynsym`, in link order.

    A check reads of it only what the plugins name.
    """
    exported: tuple[ExportedSymbol, ...] = ()
    missing_symbols: tuple[str, ...] = ()
    """Exported symbols that `dlsym` would not find (`-ldflags=-pluginpath=X`), in `ptab` order."""
    moduledata: ModuledataFacts | None = None
    packages: frozenset[str] = frozenset()
    """The packages that the file has a hash of; evidence."""
    sources: Mapping[str, str] = EMPTY
    """The source directory of each package that has functions, as pclntab records it."""
    compile_flags: Mapping[str, str] | None = None
    """The compile flags of each package (`DW_AT_producer`), or None when there is no DWARF."""
    declared: Mapping[str, str] = EMPTY
    """What names of the main package are that a lookup did not find (`golang.declared`); read when one fails."""
    covered: frozenset[str] | None = None
    """The packages that -cover instrumented; evidence, None when it was not read."""
    code: Mapping[str, Mapping[str, FunctionCode]] | None = None
    """The functions of the packages for which they were asked (`with_code`), by their name in the package (`Hello`,
    `(*Decoder).Deeper`); evidence."""
    tested: str = ""
    """Of a test binary without a recorded path (Go 1.21): the package under test, where its own tests are linked."""


class CFunction(NamedTuple):
    """A C function that a file defines and exports."""

    name: str
    packages: tuple[str, ...]
    """cgo's marks (12 hexadecimal digits) of the packages whose Go code calls it, or defines it for C."""


class Elf(NamedTuple):
    """What the dynamic linker reads of the file."""

    head: bytes
    """The first 64 bytes (fewer when the file is shorter)."""
    elf_class: int
    byte_order: str
    """`little` or `big`."""
    machine: int
    type: int
    goarch: str
    """What Go calls the machine; `machine-N` when Go has no name for it."""
    segments: tuple[Segment, ...] = ()
    interp: str | None = None
    dynamic: bool = False
    flags: int = 0
    """`DT_FLAGS`."""
    flags_1: int = 0
    """`DT_FLAGS_1` (`DF_1_PIE`, `DF_1_NOOPEN`, …)."""
    soname: str | None = None
    rpath: str | None = None
    runpath: str | None = None
    needed: tuple[str, ...] = ()
    version_needs: tuple[VersionNeed, ...] = ()
    version_definitions: tuple[str, ...] = ()
    undefined: tuple[Undefined, ...] = ()
    c_exports: frozenset[str] | None = frozenset()
    """Defined dynamic symbols whose name is a C identifier (Go's own have a `.` or `:`); None: not looked at."""
    c_functions: tuple[CFunction, ...] | None = None
    """Of a plugin's own C functions those that its Go code calls by name (`golang.cgo`); None: not looked at."""
    c_defined: tuple[CFunction, ...] | None = None
    """The C functions that it defines, of those that were looked for; None: see `c_exports`."""
    sections: tuple[str, ...] = ()
    """Section names (empty when the section table was stripped)."""
    relr: bool = False
    """Whether it has `DT_RELR` relocations (glibc 2.36 and later load them only with `GLIBC_ABI_DT_RELR`)."""
    versioned: bool = False
    """Whether it has a table of symbol versions (`DT_VERSYM`)."""
    initial_exec: str | None = None
    """The first symbol of the file itself that an initial-exec TLS relocation needs: musl refuses it in `dlopen`."""
    initial_exec_after: int = 0
    """How many of `undefined` are looked up before it."""
    first_relocation: int | None = None
    """The type of the first relocation in musl's order (`DT_JMPREL`, `DT_REL`, `DT_RELA`)."""
    tlsg: bool = False
    """Whether it defines the TLS symbol `runtime.tlsg`, as Go hosts do: plugins then use the host's."""


class Identity(NamedTuple):
    """What makes two paths one file: for the plugin cache (`realpath`) and for `ld.so` (device and inode)."""

    realpath: str
    inode: str
    """`DEVICE:INODE`, compared only for equality."""


class Binary(NamedTuple):
    """The facts of one file. `elf` is None when it is not ELF, `go` when it is no Go binary."""

    path: str
    size: int
    identity: Identity
    format: str
    """`elf`, `manifest`, `mach-o`, `pe`, `ar`, `empty`, `text`, `data`, or `directory`."""
    elf: Elf | None = None
    go: Go | None = None
    damage: str | None = None
    """Why the file is damaged although its ELF header is good (one line), or None."""
    packed: bool = False
    """Whether UPX packed it, so that nothing in it can be read."""
