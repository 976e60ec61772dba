"""The search for needed libraries on this machine or below a container's root, as glibc and musl make it.

glibc `elf/dl-load.c` (`_dl_map_new_object`, `open_path`), musl `ldso/dynlink.c` (`load_library`, `path_open`). Nothing
here judges a file that was found: `glibc.py` and `musl.py` do.
"""

# Paths under a root are text here.
# ruff: noqa: PTH112

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gopluck import machine
from gopluck.elf import constants as c
from gopluck.elf.image import open_regular, read_at
from gopluck.errors import GopluckError
from gopluck.facts.model import Binary, Elf, order
from gopluck.loader.ldcache import MAX_SIZE, parse_cache, system_directories
from gopluck.loader.library import MAX_FOLDERS, Absent, Found, Library, Unknown, Wanted, read_library
from gopluck.loader.sysroot import Root

MUSL_PATH = ("/lib", "/usr/local/lib", "/usr/lib")
"""`sys_path` of musl's `load_library` where there is no `/etc/ld-musl-ARCH.path`."""

MAX_CONFIG = 1 << 20
MAX_LOADER = 1 << 22
"""Bytes of `ld.so` that are searched (it has some 200 KB)."""

MAX_TRIES = 1 << 13
"""Paths at which libraries are looked for, in all."""

MAX_SYMBOLS = 1 << 18
"""Dynamic symbols of all libraries that are read (those of LLVM have some 50,000 each)."""

MAX_LIBRARIES = 512
"""Files that are read (a desktop program has some 200)."""

MAX_GO = 4
"""Go libraries whose facts are read: a process has one, or two."""


class LiveSystem:
    """The libraries of this machine, or of a container's root.

    They are known only when the host could run there: its interpreter exists under the root. `library_path` are the
    directories of `LD_LIBRARY_PATH`; the variable itself is never read.
    """

    def __init__(self, sysroot: Root | None = None, library_path: Sequence[str] = ()) -> None:
        self.root = sysroot
        self.library_path = tuple(library_path)
        self._found: dict[tuple[object, ...], Found] = {}
        self._files: dict[str, Library] = {}
        self._folders: dict[str, str | None] = {}
        self._tries = 0
        self._symbols = 0
        self._compiled_in: tuple[str, ...] | None = None
        self._cache: Mapping[str, tuple[str, ...]] | None = None

    def find(self, wanted: Wanted) -> Found:
        """See `System.find`. A file that is found but cannot be read counts as absent."""
        key = (wanted.name, wanted.musl, wanted.rpath, wanted.runpath, wanted.host.interp, _machine(wanted.host))
        found = self._found.get(key)
        if found is None:
            try:
                found = self._find(wanted)
            except _TooMuch as error:
                found = Unknown(str(error))
            self._found[key] = found
        return found

    def _find(self, wanted: Wanted) -> Found:
        reason = self._foreign(wanted.host)
        if reason is not None:
            return Unknown(reason)
        if wanted.name == wanted.host.interp:
            return self._open(wanted.name) or Absent()
        wrong_class = False
        for path, cached in self._candidates(wanted):
            library = self._open(path)
            if library is None:
                continue
            skip = None if wanted.musl else _skipped(library.binary, wanted.host, cached)
            wrong_class |= skip == "class"
            if skip is None:
                return library
        return Absent(wrong_class)

    def _foreign(self, host: Elf) -> str | None:
        """Why the libraries of the host's process are not known, or None. A static host is taken for this machine's."""
        where = self.root.where if self.root else "on this machine"
        interpreter = "/proc/self/exe" if host.interp is None and self.root is None else host.interp
        if interpreter is None or _machine_of(self._open(interpreter)) == _machine(host):
            return None
        return f"the libraries of {host.goarch} are not known: {host.interp or 'its C library'} is not {where}"

    def _candidates(self, wanted: Wanted) -> Iterator[tuple[str, bool]]:
        """(path, whether `ldconfig` has listed it) in the order of the search."""
        if "/" in wanted.name:
            yield wanted.name, False
            return
        if wanted.musl:
            own = (*self.library_path, *wanted.rpath, *wanted.runpath)
            yield from self._in((*own, *self._musl_path(wanted.host)), wanted.name)
        else:
            yield from self._in((*wanted.rpath, *self.library_path, *wanted.runpath), wanted.name)
            yield from ((path, True) for path in self._cached(wanted))
            yield from self._in(self._default(wanted.host), wanted.name)

    def _in(self, directories: Iterable[str], name: str) -> Iterator[tuple[str, bool]]:
        """The name in each of the directories that there are; in one that two names lead to, by the first."""
        seen: set[str] = set()
        for directory in directories:
            local = self._folder(directory)
            if local is not None and local not in seen:
                seen.add(local)
                yield f"{directory.rstrip('/')}/{name}", False

    def _folder(self, directory: str) -> str | None:
        if directory not in self._folders:
            if len(self._folders) == MAX_FOLDERS:
                raise _TooMuch(f"the search paths have more than {MAX_FOLDERS} directories")
            if self.root is not None:
                self._folders[directory] = self.root.folder(directory)
            else:
                local = f"{directory}/"
                self._folders[directory] = os.path.realpath(local) if os.path.isdir(local) else None
        return self._folders[directory]

    def _default(self, host: Elf) -> tuple[str, ...]:
        """The directories that are compiled into `ld.so` (`elf/dl-load.c`, `system_dirs`), read from it.

        Where that is not possible: Debian's, where they exist, else those of the others.
        """
        if self._compiled_in is None:
            self._compiled_in = system_directories(self._bytes(host.interp, MAX_LOADER) if host.interp else b"")
        if self._compiled_in:
            return self._compiled_in
        wide = "64" if host.elf_class == 64 else ""
        known = machine.named(host.goarch)
        triplet = known.multiarch if known else ""
        if triplet and self._folder(f"/lib/{triplet}") is not None:
            return f"/lib/{triplet}", f"/usr/lib/{triplet}", "/lib", "/usr/lib"
        return tuple(dict.fromkeys((f"/lib{wide}", f"/usr/lib{wide}", "/lib", "/usr/lib")))

    def _cached(self, wanted: Wanted) -> tuple[str, ...]:
        """Where `ldconfig` found a library."""
        if self._cache is None:
            self._cache = parse_cache(self._bytes("/etc/ld.so.cache", MAX_SIZE), order(wanted.host))
        return self._cache.get(wanted.name, ())

    def _musl_path(self, host: Elf) -> tuple[str, ...]:
        known = machine.named(host.goarch)
        text = self._bytes(f"/etc/ld-musl-{known.musl}.path", MAX_CONFIG).decode("utf-8", "replace") if known else ""
        return tuple(text.replace("\n", ":").strip(":").split(":")) if text else MUSL_PATH

    def _bytes(self, path: str, limit: int) -> bytes:
        """A file under the root; empty when there is none."""
        local = self._local(path)
        if local is None:
            return b""
        try:
            fd, size = open_regular(local)
        except GopluckError:
            return b""
        try:
            return read_at(local, fd, 0, min(size, limit))
        finally:
            os.close(fd)

    def _local(self, path: str) -> str | None:
        """The path on this machine of a path that the process would open; None: there is nothing."""
        return self.root.file(path) if self.root is not None else path

    def _open(self, path: str) -> Library | None:
        self._tries += 1
        if self._tries > MAX_TRIES:
            raise _TooMuch(f"the libraries are looked for at more than {MAX_TRIES} paths")
        place = self.root.resolved(path) if self.root is not None else path
        library = self._files.get(place) if place is not None else None
        if library is None:
            local = self._local(path)
            if local is None or place is None:
                return None
            if len(self._files) == MAX_LIBRARIES:
                raise _TooMuch(f"there are more than {MAX_LIBRARIES} libraries")
            if sum(one.binary.go is not None for one in self._files.values()) == MAX_GO:
                raise _TooMuch(f"there are more than {MAX_GO - 1} Go libraries")
            try:
                library, symbols = read_library(local, path, most=MAX_SYMBOLS - self._symbols)
            except GopluckError:
                return None
            self._symbols += symbols
            if self.root is not None:
                identity = library.binary.identity._replace(realpath=place)
                library = library._replace(binary=library.binary._replace(identity=identity))
            self._files[place] = library
        return library


class _TooMuch(Exception):
    """More is looked for than gopluck looks for."""


def _machine(elf: Elf) -> tuple[int, str, int]:
    return elf.elf_class, elf.byte_order, elf.machine


def _machine_of(library: Library | None) -> tuple[int, str, int] | None:
    return _machine(library.binary.elf) if library is not None and library.binary.elf is not None else None


def _skipped(binary: Binary, host: Elf, cached: bool) -> str | None:
    """Why glibc's search passes a file (`class`, `machine`, `cache`), or None when it stops there (`open_verify`)."""
    elf = binary.elf
    if elf is None:
        return "cache" if cached else None
    if elf.elf_class != host.elf_class:
        return "class"
    if elf.machine != host.machine:
        return "machine"
    if cached and (elf.type != c.ET_DYN or _machine(elf) != _machine(host)):
        return "cache"
    return None
