"""The objects of a process (`Object`) in the order of its global scope, and where a name that one needs leads to.

What the program and the plugins before have loaded is there: nothing of it is checked again (`elf/dl-deps.c`; musl's
`load_deps`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from functools import cached_property
from itertools import pairwise

from gopluck.elf.symbols import Undefined
from gopluck.facts.model import Binary, Elf
from gopluck.loader.libc import Kind, Libc, Version, glibc_version
from gopluck.loader.library import MAX_FOLDERS, Found, Library, System, Wanted
from gopluck.loader.musl import RESERVED
from gopluck.record import NamedTuple


class Object(NamedTuple):
    """Something in the process. Without `elf` only its names are known."""

    path: str
    names: frozenset[str]
    inode: str = ""
    elf: Elf | None = None
    exports: Set[str] = frozenset()
    versioned: bool = True
    chain: tuple[str, ...] = ()
    """`DT_RPATH` directories of those that loaded it (musl: also `DT_RUNPATH`)."""
    library: Library | None = None

    @property
    def base(self) -> str:
        """Its file's name."""
        return self.path.rpartition("/")[2]

    def is_file(self, plugin: Binary, libc: Libc) -> bool:
        """Whether the C library takes a file for this very object."""
        if self.inode and self.inode == plugin.identity.inode:
            return True
        return not libc.musl and self.path == plugin.identity.realpath


def nameless(name: str) -> Object:
    """What a needed name leads to, where the file is not known."""
    return Object(name, frozenset({name, name.rpartition("/")[2]}))


def of_binary(binary: Binary, elf: Elf, libc: Libc, chain: tuple[str, ...]) -> Object:
    """The program or a plugin. `chain`: the search path of the program."""
    path = binary.identity.realpath or binary.path
    known = Object(path, frozenset({path}), binary.identity.inode, elf, elf.c_exports, elf.versioned, chain)
    return _with_own(known, libc)


def of_library(name: str, library: Library, parent: Object, libc: Libc) -> Object:
    """A library that the search has found for a name that `parent` needs."""
    binary = library.binary
    names, inode = frozenset({name, binary.path}), binary.identity.inode
    known = Object(binary.path, names, inode, binary.elf, library.exports, library.versioned, parent.chain, library)
    return _with_own(known, libc)


def _with_own(known: Object, libc: Libc) -> Object:
    """An object with its soname, which musl does not look at, and its own search path before that of its loaders."""
    elf = known.elf
    if elf is None:
        return known
    names = known.names | {elf.soname} if elf.soname and not libc.musl else known.names
    return known._replace(names=names, chain=_joined(_paths(elf, directory(known.path), libc.musl), known.chain))


def directory(path: str) -> str:
    """The folder of a file: what `$ORIGIN` stands for."""
    return path.rpartition("/")[0]


def expand(paths: str, origin: str) -> tuple[str, ...]:
    """The directories of a search path (`fillin_rpath`). Tokens other than `$ORIGIN` are left out."""
    expanded = (item.replace("${ORIGIN}", origin).replace("$ORIGIN", origin) for item in paths.split(":"))
    return tuple(item for item in expanded if item and "$" not in item)


def _joined(own: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    """Two search paths, one after the other; each directory once, and no more than are searched."""
    return tuple(dict.fromkeys((*own, *others)))[: MAX_FOLDERS + 1] if others else own


def _paths(elf: Elf, origin: str, musl: bool) -> tuple[str, ...]:
    """The directories that an object's `DT_RPATH` brings to what it loads. musl treats `DT_RUNPATH` in the same way."""
    if musl:
        return expand(elf.runpath or elf.rpath or "", origin)
    return expand(elf.rpath, origin) if elf.rpath is not None and elf.runpath is None else ()


def _names(library: Binary) -> set[str]:
    """The names by which a library is needed."""
    own = {library.elf.soname} if library.elf and library.elf.soname else set()
    return {library.path, library.path.rpartition("/")[2], *own}


class Process:
    """A process of the host before the next `dlopen`."""

    def __init__(self, host: Elf, libc: Libc, system: System) -> None:
        self.host = host
        self.known: tuple[Elf, ...] = (host,)
        """The program, and the library that holds its Go: what they need is there, since they run."""
        self.libc = libc
        self.system = system
        self.objects: list[Object] = []
        self.started = 0
        """How many of them were there from the start; the others follow, those of each plugin together."""
        self._ends: list[int] = []
        self.lost = 0
        """Bytes of the static TLS area that refused files left unused, at the most."""
        self.padding = 0
        """What a refusal now would add to that."""
        self._places: dict[str, int] = {}
        """The first of the objects that has a name."""
        self._library: Binary | None = None
        """Of a C program: the library that holds its Go."""
        self._caller: Object | None = None
        """That library in the process: it calls `dlopen`."""
        self._loader: Object | None = None
        """The dynamic linker itself, which is there from the start under its soname, wherever it lies."""

    @classmethod
    def of(cls, host: Binary, elf: Elf, loaded: Sequence[Binary], system: System, libc: Libc) -> Process:
        """The process of a host in which `loaded` were loaded, in this order."""
        process = cls(elf, libc, system)
        if host.library is not None and host.library.elf is not None:
            process._library = host.library
            process.known = (elf, host.library.elf)
        if elf.interp is not None:
            process._loader = process._reached(elf.interp, process.object_of(host, elf))
        elif libc.kind == Kind.GLIBC:
            # It can only work with the libraries of the release that it was linked with.
            process._learn(process._reached("libc.so.6", process.object_of(host, elf)))
        process._enter(host, elf)
        if process._loader is not None and not any(known is process._loader for known in process.objects):
            process._append(process._loader)
        if process._library is not None and process._caller is None:
            # What leads to it is not known here.
            caller = process.object_of(process._library, process.known[-1])
            process._enter(process._library, process.known[-1])
            process._caller = caller
        process.started = len(process.objects)
        for plugin in loaded:
            if plugin.elf is not None:
                process._enter(plugin, plugin.elf)
                process._ends.append(len(process.objects))
        return process

    # -- what the replay asks ------------------------------------------------------------------------------------

    def object_of(self, binary: Binary, elf: Elf) -> Object:
        """A program or a plugin as an object of this process."""
        loader = self._caller if self._caller is not None and not self.libc.musl else next(iter(self.objects), None)
        return of_binary(binary, elf, self.libc, loader.chain if loader is not None else ())

    def named(self, name: str) -> Object | None:
        """The object that already has a name."""
        if self.libc.musl and RESERVED.match(name):
            name = self.host.interp or name
        place = self._places.get(name)
        return None if place is None else self.objects[place]

    def find(self, name: str, parent: Object) -> Found:
        """What the search gives for a name that `parent` needs."""
        rpath = parent.chain
        runpath: tuple[str, ...] = ()
        if not self.libc.musl and parent.elf is not None and parent.elf.runpath is not None:
            rpath, runpath = (), expand(parent.elf.runpath, directory(parent.path))
        return self.system.find(Wanted(name, self.host, self.libc.musl, rpath, runpath))

    @property
    def groups(self) -> list[list[Object]]:
        """What came with each plugin."""
        return [self.objects[first:end] for first, end in pairwise((self.started, *self._ends))]

    @cached_property
    def host_needs(self) -> frozenset[str]:
        """The symbols that the host needs: they are there."""
        return frozenset(one.name for elf in self.known for one in elf.undefined if not one.weak)

    @cached_property
    def host_versions(self) -> Mapping[str, Mapping[str, Version | None]]:
        """The versions that the host needs of each file, with those that are releases of glibc."""
        out: dict[str, dict[str, Version | None]] = {}
        for need in (need for elf in self.known for need in elf.version_needs):
            out.setdefault(need.file, {})[need.version] = glibc_version(need.version)
        return out

    # -- how it came to be ---------------------------------------------------------------------------------------

    def _enter(self, binary: Binary, elf: Elf) -> None:
        """Put a file that did load into the scope, with what it needs; what is not found is there all the same."""
        queue = [self.object_of(binary, elf)]
        self._append(queue[0])
        for parent in queue:
            for name in parent.elf.needed if parent.elf else ():
                if self.named(name) is None:
                    queue.append(self._attach(name, parent))

    def _append(self, new: Object, place: int | None = None) -> None:
        """Put an object at the end, or another one at a place."""
        if place is None:
            place = len(self.objects)
            self.objects.append(new)
        self.objects[place] = new
        for name in new.names:
            self._places[name] = min(place, self._places.get(name, place))

    def _attach(self, name: str, parent: Object) -> Object:
        if self._loader is not None and name in self._loader.names:
            self._append(self._loader)
            return self._loader
        child = self._reached(name, parent)
        place = next((at for at, known in enumerate(self.objects) if known.inode and known.inode == child.inode), None)
        if place is not None:
            same = self.objects[place]
            merged = same._replace(names=same.names | child.names)
            self._append(merged, place)
            return merged._replace(elf=None)
        self._append(child)
        self._learn(child)
        return child

    def _reached(self, name: str, parent: Object) -> Object:
        """What a name leads to; only its names are known when that is not known."""
        library = self._library
        if library is not None and library.elf is not None and name in _names(library):
            self._caller = of_binary(library, library.elf, self.libc, parent.chain)
            return self._caller._replace(names=self._caller.names | {name})
        found = self.find(name, parent)
        if isinstance(found, Library) and found.binary.elf is not None:
            return of_library(name, found, parent, self.libc)
        return nameless(name)

    def _learn(self, known: Object) -> None:
        """glibc's release is the highest version that its `libc.so.6` defines; Debian has a directory of its own."""
        if self.libc.kind == Kind.GLIBC and "libc.so.6" in known.names and known.elf is not None:
            versions = [v for v in map(glibc_version, known.elf.version_definitions) if v is not None]
            maker = known.library.maker if known.library is not None else None
            debian = None if maker is None else maker.startswith(("Debian ", "Ubuntu "))
            self.libc = self.libc._replace(version=max(versions, default=None), debian=debian)


class Scope:
    """The objects in which a symbol is looked for, in their order, and which of them define what."""

    def __init__(self, objects: Sequence[Object], musl: bool) -> None:
        self.objects = objects
        self.musl = musl
        self._places: dict[str, list[int]] = {}
        """The objects that define a name, which has its version behind an `@`."""
        self._versions: dict[str, list[str]] = {}
        """The names with a version, by those without."""
        self._files: dict[str, list[Object]] = {}
        self._fitting: dict[tuple[str, str], list[int]] = {}
        self._unknown: dict[tuple[int, bool], tuple[str, ...]] = {}
        self._asked = [at for at, known in enumerate(objects) if known.elf is not None and known.library is None]
        """The hosts and plugins: their symbols have no versions, and are looked up one by one."""
        for place, known in enumerate(objects):
            for name in known.exports if known.elf is not None and known.library is not None else ():
                self._places.setdefault(name, []).append(place)
            for name in known.names if known.elf is not None else ():
                self._files.setdefault(name, []).append(known)
        for name in self._places:
            if "@" in name:
                self._versions.setdefault(name.partition("@")[0], []).append(name)
        self._own = [tuple(known.elf.version_definitions[1:]) if known.elf is not None else () for known in objects]
        self._own_set = [frozenset(own) for own in self._own]

    def first(self, symbol: Undefined, by: Object) -> Object | None:
        """The first object but `by` in which a symbol is found."""
        key = symbol.name, "" if self.musl else symbol.version
        if key not in self._fitting:
            self._fitting[key] = sorted(self._fit(*key))
        return next((self.objects[at] for at in self._fitting[key] if self.objects[at] is not by), None)

    def _fit(self, name: str, version: str) -> set[int]:
        """The places of the objects that define a name in a version that fits (`elf/dl-lookup.c`, `check_match`)."""
        out = {at for at in self._asked if name in self.objects[at].exports}.union(self._places.get(name, ()))
        if version:
            return out.union(self._places.get(f"{name}@@{version}", ()), self._places.get(f"{name}@{version}", ()))
        for found in self._versions.get(name, ()):
            default = found.startswith("@@", len(name))
            own = found[len(name) + 1 + default :]
            for at in self._places[found]:
                # glibc takes the first version of an object where it is hidden, too.
                if own in self._own_set[at] if default else not self.musl and self._own[at][:1] == (own,):
                    out.add(at)
        return out

    def unknown(self, by: Object, c_name: bool) -> tuple[str, ...]:
        """The paths of the objects but `by` of which it is not known whether they define a name. `c_name`: one of C."""
        key = id(by), c_name
        if key not in self._unknown:
            others = (known for known in self.objects if known is not by)
            asked = (one.path for one in others if one.elf is None or (one.library is None and not c_name))
            self._unknown[key] = tuple(dict.fromkeys(asked))
        return self._unknown[key]

    def knows(self, file: str, by: Object) -> bool:
        """Whether the file that a version is asked from is an object that is known."""
        return any(known is not by for known in self._files.get(file, ()))
