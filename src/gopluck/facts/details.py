"""What is read of an ELF file when somebody asks: each answer once, from the file that stays open for it.

These collections look like those of a manifest or a recorded set, so that nobody who asks needs to know the source.
Evidence in a damaged file is left out, as far as it cannot be read; of what decides whether a plugin loads (link
hashes, C symbols) the damage is an error, `MalformedFile`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING, Any, TypeVar

from gopluck.elf.dynamic import Dynamic
from gopluck.elf.image import Image
from gopluck.errors import MalformedFile, UnreadableFile
from gopluck.golang import linkhash, release
from gopluck.golang.moduledata import Moduledata
from gopluck.golang.pclntab import Pclntab
from gopluck.golang.records import BuildInfo, FunctionCode, LookedUp, NamedType, SymbolType
from gopluck.record import NamedTuple

if TYPE_CHECKING:
    from gopluck.golang.code import Reader
    from gopluck.golang.places import Places
    from gopluck.golang.typedata import Descriptors

T = TypeVar("T")
V = TypeVar("V")


def read_or(default: T, reader: Callable[..., T], *arguments: Any) -> T:
    """What a reader of evidence finds, or the default where the file is damaged or gone."""
    try:
        return reader(*arguments)
    except (MalformedFile, UnreadableFile):
        return default


class GoFile(NamedTuple):
    """An open Go file, with what every reader of it begins with."""

    dynamic: Dynamic
    tables: tuple[Pclntab, ...]
    info: BuildInfo | None
    module: Moduledata | None

    @property
    def pluginpath(self) -> str:
        """The import path of a plugin's main package; empty for a program."""
        return self.module.pluginpath if self.module else ""


class _Asked(Mapping[str, V]):
    """A mapping whose entries are found one by one, each once, when somebody asks.

    `search`: the entry of a name, None where there is none. `names`: those that are tried, in order, when the mapping
    is gone through; without it those that were asked for.
    """

    def __init__(self, search: Callable[[str], V | None], names: Callable[[], Iterable[str]] | None = None) -> None:
        self._search = search
        self._names = names
        self._found: dict[str, V | None] = {}

    @cached_property
    def _all(self) -> Iterable[str]:
        return self._found if self._names is None else self._names()

    def get(self, name: str, default: Any = None) -> Any:
        """The entry of a name."""
        try:
            found = self._found[name]
        except KeyError:
            found = self._found[name] = self._search(name)
        return default if found is None else found

    def __getitem__(self, name: str) -> V:
        found: V | None = self.get(name)
        if found is None:
            raise KeyError(name)
        return found

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def __iter__(self) -> Iterator[str]:
        # In a damaged file a look-up does not find all that is there; ld.so would not, either.
        return filter(self.__contains__, self._all)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __bool__(self) -> bool:
        return any(True for _ in self)


def names(entries: Mapping[str, V]) -> Iterable[str]:
    """The names that may have an entry, in order, without looking one up."""
    return entries._all if isinstance(entries, _Asked) else entries


def link_hashes(file: GoFile) -> Mapping[str, str]:
    """`Go.link_hashes`: a package is looked up; all of them, in link order, only when they are gone through."""
    return _Asked(partial(linkhash.read_link_hash, file.dynamic), partial(linkhash.read_link_hashes, file.dynamic))


def sources(file: GoFile) -> Mapping[str, str]:
    """`Go.sources`: the directory of each package is found by itself, so that it does not depend on what else is asked.

    Gone through, it has the packages that the file has a hash of, and those that it expects of others.
    """

    @cache
    def places() -> Places:
        from gopluck.golang.places import Places

        return Places(file.dynamic.image, file.tables, file.info, file.pluginpath)

    def packages() -> Iterable[str]:
        none: frozenset[str] = frozenset()
        expected = file.module.pkghashes if file.module else ()
        named = read_or(none, linkhash.read_packages, file.dynamic).union(one.path for one in expected)
        return sorted(named or read_or(none, places().packages))

    return _Asked(lambda name: read_or("", places().of, name) or None, packages)


def compile_flags(image: Image) -> Mapping[str, str] | None:
    """`Go.compile_flags`: all are read when the first is asked for."""
    if not image.has_dwarf:
        return None

    @cache
    def flags() -> Mapping[str, str]:
        from gopluck.golang import dwarf

        return read_or(None, dwarf.compile_flags, image) or {}

    return _Asked(lambda package: flags().get(package), flags)


def compiler(image: Image) -> str:
    """`Go.compiler` of a file whose version is not recorded."""
    from gopluck.golang import dwarf

    return read_or(None, dwarf.producer_version, image) or ""


def declared(file: GoFile) -> Mapping[str, str]:
    """`Go.declared`: a name of the main package is searched for when it is asked for; gone through, it has those."""

    def search(name: str) -> str | None:
        from gopluck.golang.declared import declared

        return read_or(None, declared, file.dynamic, file.tables, file.module, name) if file.module else None

    return _Asked(search)


def types(file: GoFile) -> tuple[Mapping[str, SymbolType], Mapping[str, tuple[NamedType, ...]]]:
    """`Go.symbol_types` and `Go.named_types`, from one reader."""

    @cache
    def descriptors() -> Descriptors | None:
        from gopluck.golang.typedata import Descriptors

        return Descriptors(file.dynamic, file.module) if file.module else None

    def asked(what: str, name: str) -> Any:
        return read_or(None, getattr(descriptors(), what), name) if file.module else None

    return _Asked(partial(asked, "symbol")), _Asked(partial(asked, "named"))


class Lookups(Sequence[LookedUp]):
    """`Go.lookups` of a host: its code is looked at when somebody asks."""

    def __init__(self, file: GoFile, machine: tuple[str, str]) -> None:
        self._file = file
        self._machine = machine

    @cached_property
    def _all(self) -> tuple[LookedUp, ...]:
        from gopluck.golang import lookups

        file = self._file
        unread = (LookedUp(lookups.COMPUTED, ""),)
        return read_or(unread, lookups.read, file.dynamic, file.tables, file.module, self._machine)

    def __getitem__(self, index: Any) -> Any:
        return self._all[index]

    def __len__(self) -> int:
        return len(self._all)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._all == tuple(other)

    def __hash__(self) -> int:
        return hash(self._all)


def lookups(file: GoFile, version: str) -> Sequence[LookedUp] | None:
    """`Go.lookups` of a program that can open plugins; None where gopluck does not know the machine or the release."""
    known = file.dynamic.image.machine
    if known is None or file.module is None or not file.tables:
        return None
    passing = release.passing(version, file.tables[0].form, known.goarch)
    return Lookups(file, (known.goarch, passing)) if passing else None


class Code(Mapping[str, Mapping[str, FunctionCode]]):
    """`Go.code`: a package's functions. Gone through, it has those packages that were asked for and have some."""

    def __init__(self, file: GoFile, text: int) -> None:
        self._file = file
        self._text = text
        self._known: dict[str, Mapping[str, FunctionCode]] = {}

    @cached_property
    def _reader(self) -> Reader:
        from gopluck.golang.code import Reader

        file = self._file
        return Reader(file.dynamic, file.tables, self._text)

    def ask(self, packages: Iterable[str]) -> None:
        """Say which packages are going to be gone through: one search finds the names of them all."""
        unknown = [package for package in packages if package not in self._known]
        read_or(None, self._reader.prepare, unknown)

    def __getitem__(self, package: str) -> Mapping[str, FunctionCode]:
        if package not in self._known:
            reader = self._reader
            self._known[package] = (
                _Functions(reader, package) if reader.exported else read_or({}, reader.functions, package)
            )
        return self._known[package]

    def __iter__(self) -> Iterator[str]:
        return (package for package, functions in self._known.items() if functions)

    def __len__(self) -> int:
        return sum(map(bool, self._known.values()))


class _Functions(_Asked[FunctionCode]):
    """The functions and methods of one package, by their names in it (`Hello`, `(*Decoder).Deeper`)."""

    def __init__(self, reader: Reader, package: str) -> None:
        none: dict[str, FunctionCode] = {}
        self._some: Callable[..., dict[str, FunctionCode]] = partial(read_or, none, reader.functions, package)
        super().__init__(partial(_one, self._some))

    @cached_property
    def _all(self) -> Mapping[str, FunctionCode]:
        found = self._some(None)
        self._found |= found
        return found

    def ask(self, names: Iterable[str]) -> Mapping[str, FunctionCode | None]:
        """Find those of some names that are not known yet, at once."""
        if unknown := [name for name in names if name not in self._found]:
            self._found |= dict.fromkeys(unknown) | self._some(unknown)
        return self._found


def _one(some: Callable[[tuple[str]], Mapping[str, V]], name: str) -> V | None:
    return some((name,)).get(name)


def ask_packages(code: Mapping[str, Mapping[str, FunctionCode]], packages: Iterable[str]) -> None:
    """Say which packages are going to be gone through."""
    if isinstance(code, Code):
        code.ask(packages)


def all_functions(functions: Mapping[str, FunctionCode]) -> Mapping[str, FunctionCode]:
    """The functions of a package, to be gone through."""
    return functions._all if isinstance(functions, _Functions) else functions


def some_functions(
    functions: Mapping[str, FunctionCode], names: Iterable[str]
) -> Mapping[str, FunctionCode] | Mapping[str, FunctionCode | None]:
    """Those of some names, and others."""
    return functions.ask(names) if isinstance(functions, _Functions) else functions
