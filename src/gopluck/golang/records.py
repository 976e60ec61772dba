"""What the decoders here read out of a Go binary, as records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gopluck.record import NamedTuple

if TYPE_CHECKING:
    from gopluck.golang.typetree import Interface, Method, Named, Type


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


class SymbolType(NamedTuple):
    """The type of what `Lookup` of a symbol returns, as the plugin's type data has it (`golang.typedata`)."""

    type: Type
    """With the whole import path of each named type. Of a variable it is a pointer."""
    printed: str
    """As Go prints it."""
    methods: tuple[Method, ...]
    """Its method set. An unexported method has its package."""
    pkgpath: str
    """`rtype.pkgpath` of it: empty for most types without a name."""
    interface: Interface | None
    """Of a variable that is an interface: that."""


class NamedType(NamedTuple):
    """A named type of a file's type data."""

    type: Named
    printed: str
    """As Go prints it."""
    hash: int
    """`abi.Type.Hash`: tells types of other scopes from those of a package."""
    interface: Interface | None
    """Its methods, where it is an interface."""
    pointer_pkgpath: str | None
    """`rtype.pkgpath` of the pointer to it; None where the file does not have that type."""


class FunctionCode(NamedTuple):
    """A function or method that is written in a source file."""

    file: str
    """The file's name without its directory."""
    start: int
    """The line of its `func`."""
    lines: Sequence[int]
    """The lines of its own code relative to `start`, in the order of the machine code, none twice in a row."""


class AssertedType(NamedTuple):
    """A type that a program asserts of a value, with the whole import path of each named type."""

    type: str
    interface: str = ""
    """Of an interface: its methods, written out."""


class LookedUp(NamedTuple):
    """A name that a program passes to `Lookup` of a plugin (`golang.lookups`)."""

    name: str
    """Empty: it is computed while the program runs."""
    function: str
    """The function that looks it up, or the one that gives it to such a function."""
    types: tuple[AssertedType, ...] = ()
    """The types that it asserts of the symbol, each of which will do; empty when the code does not show any."""

    @property
    def caller(self) -> str:
        """The function for people: of its package's path the last element."""
        head, bracket, rest = self.function.partition("(")
        return head.rpartition("/")[2] + bracket + rest


class Memory(NamedTuple):
    """A piece of the file's memory at load bias 0, after relocation."""

    address: int
    data: bytes
    pointers: tuple[int, ...]
    """Offsets in `data` of the words that the load bias is added to."""


class ModuledataFacts(NamedTuple):
    """`moduledata` of one Go module as it lies in memory after relocation (`runtime/symtab.go`)."""

    layout: str
    """The release layout (`golang.layouts`) that its own runtime uses."""
    memory: tuple[Memory, ...]
    """The moduledata window first, then what a runtime with another layout would follow pointers to."""
    told_by: str = ""
    """What told the layout of a release that has no row: `DWARF` or `code`; empty for one that has."""


class CFunction(NamedTuple):
    """A C function that a file defines and exports."""

    name: str
    packages: tuple[str, ...]
    """cgo's marks (12 hexadecimal digits) of the packages whose Go code calls it, or defines it for C."""
