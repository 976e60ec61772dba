"""`Binary` and its parts: everything that later steps need of a file, whatever the file is.

What is small is here at once. The collections of evidence (`Mapping`, `Set`) of an ELF file read when they are asked,
and keep what they found (`facts.details`); those of a manifest or a recorded set are plain data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from types import MappingProxyType
from typing import Any, Literal

from gopluck.elf.constants import PF_X, PT_GNU_STACK
from gopluck.elf.image import Segment
from gopluck.elf.symbols import TlsUse, Undefined
from gopluck.elf.versions import VersionNeed
from gopluck.golang.records import (
    BuildInfo,
    CFunction,
    ExportedSymbol,
    FunctionCode,
    LookedUp,
    ModuledataFacts,
    NamedType,
    PackageHash,
    SymbolType,
)
from gopluck.record import NamedTuple

ELSEWHERE = ".../"
"""Stands in a manifest for the folder that holds a replacement which go.mod names by its absolute path."""

EMPTY: Mapping[str, str] = MappingProxyType({})
EMPTY_TYPES: Mapping[str, Any] = MappingProxyType({})


class Go(NamedTuple):
    """What makes the file a Go binary."""

    kind: str
    """`exe`, `pie`, `test`, `plugin`, `c-archive` (in a C program), `c-shared`, or `unknown`."""
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
    """The hash (hex) of each package whose `go:link.pkghashbytes.P` the file defines in `.dynsym`, in link order."""
    exported: tuple[ExportedSymbol, ...] = ()
    missing_symbols: tuple[str, ...] = ()
    """Exported symbols that `dlsym` would not find (`-ldflags=-pluginpath=X`), in `ptab` order."""
    moduledata: ModuledataFacts | None = None
    sources: Mapping[str, str] = EMPTY
    """The source directory of each package that has functions, as pclntab records it."""
    compile_flags: Mapping[str, str] | None = None
    """The compile flags of each package (`DW_AT_producer`), or None when there is no DWARF."""
    declared: Mapping[str, str] = EMPTY
    """What names of the main package are that a lookup did not find (`golang.declared`)."""
    covered: frozenset[str] | None = None
    """The packages that -cover instrumented; None when that is not known."""
    code: Mapping[str, Mapping[str, FunctionCode]] | None = None
    """The functions of each package by their name in it (`Hello`, `(*Decoder).Deeper`); None where none are known."""
    tested: str = ""
    """Of a test binary without a recorded path (Go 1.21): the package under test, where its own tests are linked."""
    symbol_types: Mapping[str, SymbolType] = EMPTY_TYPES
    """The types of what `Lookup` returns, by symbol; empty where the file is not there."""
    named_types: Mapping[str, tuple[NamedType, ...]] = EMPTY_TYPES
    """The types of a name, `PATH.Name` or `package.Name`; None where they cannot be known."""
    lookups: Sequence[LookedUp] | None = None
    """The names that a program passes to `Lookup`, one without a name where it is computed; None: not known."""
    compiler: str = ""
    """The release that compiled the first package (`DW_AT_producer`), of a file that does not record its version:
    plugins do since Go 1.21."""
    build_id: str = ""
    """What the go command calls this very build (`go tool buildid`); empty where it is not recorded."""

    @property
    def obfuscated(self) -> bool:
        """Whether garble built it: it calls the release `unknown`, drops the rest of the build info, and renames."""
        return self.version == "unknown" and not (self.build_info and self.build_info.settings)


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
    c_exports: Set[str] = frozenset()
    """Defined dynamic symbols whose name is a C identifier (Go's own have a `.` or `:`)."""
    c_functions: tuple[CFunction, ...] | None = None
    """Of a plugin's own C functions those that its Go code calls by name (`golang.cgo`); None: not looked at."""
    sections: tuple[str, ...] = ()
    """Section names (empty when the section table was stripped)."""
    relr: bool = False
    """Whether it has `DT_RELR` relocations (glibc 2.36 and later load them only with `GLIBC_ABI_DT_RELR`)."""
    versioned: bool = False
    """Whether it has a table of symbol versions (`DT_VERSYM`)."""
    static_tls: tuple[TlsUse, ...] = ()
    """What its relocations want to have in the static TLS area, in their order; Go's own `runtime.tlsg` among it."""
    first_relocation: int | None = None
    """The type of the first relocation in musl's order (`DT_JMPREL`, `DT_REL`, `DT_RELA`)."""
    tlsg: bool = False
    """Whether it defines the TLS symbol `runtime.tlsg`, as Go hosts do: plugins then use the host's."""

    @property
    def executable_stack(self) -> bool:
        """Whether its `PT_GNU_STACK` asks for an executable stack."""
        flags = next((one.flags for one in self.segments if one.type == PT_GNU_STACK), 0)
        return bool(flags & PF_X)


def order(elf: Elf) -> Literal["little", "big"]:
    """The byte order of a file, as `int.from_bytes` spells it."""
    return "big" if elf.byte_order == "big" else "little"


class Identity(NamedTuple):
    """What makes two paths one file: for the plugin cache (`realpath`) and for `ld.so` (device and inode)."""

    realpath: str
    inode: str
    """`DEVICE:INODE`, compared only for equality."""


class InImage(NamedTuple):
    """Where a file lies that a container image holds."""

    name: str
    """The image, as it was given; `-` for standard input."""
    digest: str
    """Of its manifest (an archive of `docker save`: of its configuration), or empty."""
    platform: str
    """`linux/amd64`, or empty."""
    path: str
    """In the image, with the links that lead to the file."""


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
    image: InImage | None = None
    """The container image that it lies in."""
    library: Binary | None = None
    """Of a C program whose Go lies in a shared library: that one, without `go`, which is here."""
    program_known: bool = True
    """With `library`: False where that was named itself, so that the rest stands for a program that nobody named."""

    @property
    def holder(self) -> Binary:
        """The file that holds its Go runtime: itself, or its library."""
        return self if self.library is None else self.library._replace(go=self.go)
