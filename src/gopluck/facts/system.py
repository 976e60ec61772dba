"""Where needed libraries come from: this machine, a container's root, or what was recorded.

The search is that of `elf/dl-load.c` (`_dl_map_new_object`, `open_path`) and of musl's `ldso/dynlink.c`
(`load_library`, `path_open`). Nothing here judges a file that was found: `replay.dlopen` does.
"""

# Paths under a root are text here, with links resolved by hand.
# ruff: noqa: PTH110, PTH112, PTH115

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

from gopluck.elf import constants as c
from gopluck.elf.dynamic import Dynamic
from gopluck.elf.image import Image, open_image, open_regular, read_at
from gopluck.errors import GopluckError, MalformedFile
from gopluck.facts import codec
from gopluck.facts.elffacts import SymbolTable, read_elf, read_skeleton
from gopluck.facts.fileformat import sniff
from gopluck.facts.ldcache import MAX_SIZE, parse_cache
from gopluck.facts.model import Binary, Elf, Go, Identity

SCHEMA = 1
"""Version of the JSON of a recorded system."""

MULTIARCH = {
    "386": "i386-linux-gnu",
    "amd64": "x86_64-linux-gnu",
    "arm": "arm-linux-gnueabihf",
    "arm64": "aarch64-linux-gnu",
    "loong64": "loongarch64-linux-gnu",
    "ppc64le": "powerpc64le-linux-gnu",
    "riscv64": "riscv64-linux-gnu",
    "s390x": "s390x-linux-gnu",
}
"""Debian's directory of each machine (`dpkg-architecture -q DEB_HOST_MULTIARCH`), by what Go calls it."""

MUSL_ARCH = {
    "386": "i386",
    "amd64": "x86_64",
    "arm": "armhf",
    "arm64": "aarch64",
    "ppc64le": "powerpc64le",
    "riscv64": "riscv64",
    "s390x": "s390x",
}
"""`LDSO_ARCH` of musl's `configure`."""

MUSL_PATH = ("/lib", "/usr/local/lib", "/usr/lib")
"""`sys_path` of musl's `load_library` where there is no `/etc/ld-musl-ARCH.path`."""

MAX_LINKS = 40
MAX_CONFIG = 1 << 20
MAX_LOADER = 1 << 22
"""Bytes of `ld.so` that are searched (it has some 200 KB)."""


class Library(NamedTuple):
    """A file that the search found. `binary.elf.c_exports` is empty: `exports` holds all its symbols.

    `exports`: `NAME` of the base version, `NAME@@VERSION` of a default version, `NAME@VERSION` of one that only a
    reference to that version finds.
    """

    binary: Binary
    exports: frozenset[str] = frozenset()
    versioned: bool = False
    """Whether `ld.so` has a version for each of its symbols (`l_versyms`)."""
    maker: str | None = None
    """Who built a glibc, as its banner says it (`Debian GLIBC 2.36-9+deb12u14`); None for other libraries."""


class Absent(NamedTuple):
    """The search found no file. `wrong_class`: it passed one of the other ELF class on its way."""

    wrong_class: bool = False


class Unknown(NamedTuple):
    """Nothing is known of the libraries that the process would find."""

    reason: str


Found = Library | Absent | Unknown


class Wanted(NamedTuple):
    """A name that an object needs, and the search path that it brings with it."""

    name: str
    """As in `DT_NEEDED`."""
    host: Elf
    """The main program: its machine, and the C library that its interpreter belongs to."""
    musl: bool
    rpath: tuple[str, ...] = ()
    """`DT_RPATH` directories of the object and of those that loaded it, `$ORIGIN` expanded; empty with `DT_RUNPATH`."""
    runpath: tuple[str, ...] = ()
    """`DT_RUNPATH` directories of the object, `$ORIGIN` expanded."""


class System(Protocol):
    """Finds needed libraries."""

    def find(self, wanted: Wanted) -> Found:
        """What the dynamic linker of the host would open for a name."""
        ...


class LiveSystem:
    """The libraries of this machine, or of a container's root.

    They are known only when the host could run there: its interpreter exists under the root. `library_path` are the
    directories of `LD_LIBRARY_PATH`; the variable itself is never read.
    """

    def __init__(self, sysroot: str | None = None, library_path: Sequence[str] = ()) -> None:
        self.sysroot = os.path.realpath(sysroot) if sysroot else ""
        self.library_path = tuple(library_path)
        self._found: dict[Wanted, Found] = {}
        self._files: dict[str, Library] = {}
        self._compiled_in: tuple[str, ...] | None = None
        self._cache: Mapping[str, tuple[str, ...]] | None = None

    def find(self, wanted: Wanted) -> Found:
        """See `System.find`. A file that is found but cannot be read counts as absent."""
        found = self._found.get(wanted)
        if found is None:
            found = self._found[wanted] = self._find(wanted)
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
        where = f"under {self.sysroot}" if self.sysroot else "on this machine"
        interpreter = "/proc/self/exe" if host.interp is None and not self.sysroot else host.interp
        if interpreter is None or _machine_of(self._open(interpreter)) == _machine(host):
            return None
        return f"the libraries of {host.goarch} are not known: {host.interp or 'its C library'} is not {where}"

    def _candidates(self, wanted: Wanted) -> Iterator[tuple[str, bool]]:
        """(path, whether `ldconfig` has listed it) in the order of the search."""
        if "/" in wanted.name:
            yield wanted.name, False
            return
        if wanted.musl:
            yield from _in(self.library_path, wanted.name)
            yield from _in((*wanted.rpath, *wanted.runpath), wanted.name)
            yield from _in(self._musl_path(wanted.host), wanted.name)
        else:
            yield from _in((*wanted.rpath, *self.library_path, *wanted.runpath), wanted.name)
            yield from ((path, True) for path in self._cached(wanted))
            yield from _in(self._default(wanted.host), wanted.name)

    def _default(self, host: Elf) -> tuple[str, ...]:
        """The directories that are compiled into `ld.so` (`elf/dl-load.c`, `system_dirs`), read from it.

        Where that is not possible: Debian's, where they exist, else those of the others.
        """
        if self._compiled_in is None:
            found = _SYSTEM_DIRS.search(self._bytes(host.interp, MAX_LOADER)) if host.interp else None
            text = found[0].decode() if found else ""
            self._compiled_in = tuple(directory.rstrip("/") for directory in text.split("\0") if directory)
        if self._compiled_in:
            return self._compiled_in
        wide = "64" if host.elf_class == 64 else ""
        triplet = MULTIARCH.get(host.goarch)
        if triplet and os.path.isdir(self._local(f"/lib/{triplet}") or ""):
            return f"/lib/{triplet}", f"/usr/lib/{triplet}", "/lib", "/usr/lib"
        return tuple(dict.fromkeys((f"/lib{wide}", f"/usr/lib{wide}", "/lib", "/usr/lib")))

    def _cached(self, wanted: Wanted) -> tuple[str, ...]:
        """Where `ldconfig` found a library."""
        if self._cache is None:
            order: Literal["little", "big"] = "big" if wanted.host.byte_order == "big" else "little"
            self._cache = parse_cache(self._bytes("/etc/ld.so.cache", MAX_SIZE), order)
        return self._cache.get(wanted.name, ())

    def _musl_path(self, host: Elf) -> tuple[str, ...]:
        text = self._bytes(f"/etc/ld-musl-{MUSL_ARCH.get(host.goarch, '')}.path", MAX_CONFIG).decode("utf-8", "replace")
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
        """The path on this machine of a path under the root; symbolic links stay inside. None: it does not exist.

        A directory that `$ORIGIN` of a plugin outside the root stands for is taken as it is.
        """
        if not self.sysroot:
            return path
        if path == self.sysroot or path.startswith(self.sysroot + "/"):
            path = path[len(self.sysroot) :]
        parts, at, links = path.split("/")[::-1], "", 0
        while parts:
            part = parts.pop()
            if part in ("", "."):
                continue
            if part == "..":
                at = at.rpartition("/")[0]
                continue
            try:
                found = os.lstat(f"{self.sysroot}{at}/{part}")
                if not stat.S_ISLNK(found.st_mode):
                    at = f"{at}/{part}"
                    continue
                target = os.readlink(f"{self.sysroot}{at}/{part}")
            except OSError:
                return path if os.path.exists(path) and not path.startswith(_SYSTEM) else None
            links += 1
            if links > MAX_LINKS:
                return None
            at = "" if target.startswith("/") else at
            parts.extend(target.split("/")[::-1])
        return self.sysroot + at

    def _open(self, path: str) -> Library | None:
        local = self._local(path)
        if local is None:
            return None
        library = self._files.get(local)
        if library is None:
            try:
                library = read_library(local, path)
            except GopluckError:
                return None
            self._files[local] = library
        return library


_SYSTEM_DIRS = re.compile(rb"(?:/[\w./+-]*lib[\w./+-]*/\0){2,8}")
"""Directories one after the other, each with a slash at its end, as the array lies in `ld.so`."""

_SYSTEM = ("/lib", "/usr", "/etc", "/opt", "/var")
"""Directories that are looked for under the root only."""


def _in(directories: Iterable[str], name: str) -> Iterator[tuple[str, bool]]:
    for directory in directories:
        yield f"{directory.rstrip('/') or ''}/{name}", False


class RecordedSystem:
    """Libraries by name, as JSON keeps them. What was not asked for when it was recorded is unknown."""

    def __init__(self, libraries: Mapping[str, Found] | None = None) -> None:
        self.libraries = dict(libraries or {})

    def find(self, wanted: Wanted) -> Found:
        """See `System.find`."""
        return self.libraries.get(wanted.name, Unknown("the libraries of that process were not recorded"))


class Recorder:
    """A system that remembers what was asked of another one."""

    def __init__(self, system: System) -> None:
        self._system = system
        self.asked: dict[str, Found] = {}

    def find(self, wanted: Wanted) -> Found:
        """See `System.find`."""
        found = self._system.find(wanted)
        self.asked[wanted.name] = found
        return found


def to_json(libraries: Mapping[str, Found], symbols: Iterable[str] | None = None) -> dict[str, Any]:
    """Libraries by name (`Recorder.asked`, `RecordedSystem.libraries`) as plain JSON values.

    `symbols`: the names that will be looked for; exports of other names are left out.
    """
    names = None if symbols is None else frozenset(symbols)
    return {"schema_version": SCHEMA, "libraries": {name: _to_json(found, names) for name, found in libraries.items()}}


def from_json(document: Mapping[str, Any]) -> RecordedSystem:
    """The system of `to_json`'s values. Raises `ValueError`, `KeyError` or `TypeError` on others."""
    if document["schema_version"] != SCHEMA:
        raise ValueError(f"a recorded system of version {document['schema_version']!r}")
    return RecordedSystem({name: _from_json(value) for name, value in document["libraries"].items()})


def _to_json(found: Found, names: frozenset[str] | None) -> Any:
    match found:
        case Absent(wrong_class):
            return {"absent": "wrong-class" if wrong_class else "missing"}
        case Unknown(reason):
            return {"unknown": reason}
        case Library(binary, exports, versioned, maker):
            kept = sorted(item for item in exports if names is None or item.partition("@")[0] in names)
            return {"binary": codec.to_json(binary), "exports": kept, "versioned": versioned, "maker": maker}


def _from_json(value: Mapping[str, Any]) -> Found:
    if "absent" in value:
        return Absent(value["absent"] == "wrong-class")
    if "unknown" in value:
        return Unknown(str(value["unknown"]))
    binary = codec.from_json(Binary, value["binary"])
    return Library(binary, frozenset(value["exports"]), bool(value["versioned"]), value.get("maker"))


def read_library(path: str, shown: str | None = None) -> Library:
    """The facts of a library. `shown`: the path that the dynamic linker would name.

    A library can be a Go plugin, too: its constructor then adds a module to the list, although nobody opened it.
    Raises `UnreadableFile`. A file that is damaged or no ELF file gives facts all the same.
    """
    fd, size = open_regular(path)
    try:
        head = read_at(path, fd, 0, 512)
        status = os.fstat(fd)
    finally:
        os.close(fd)
    identity = Identity(os.path.realpath(path), f"{status.st_dev}:{status.st_ino}")
    binary = Binary(shown or path, size, identity, sniff(head, size))
    if binary.format != "elf":
        return Library(binary)
    try:
        with open_image(path) as image:
            binary = binary._replace(elf=read_skeleton(image)._replace(sections=()))
            dynamic = Dynamic(image)
            elf = read_elf(image, dynamic, exports=False)._replace(sections=())
            exports = frozenset(_export(*row) for row in SymbolTable(image, dynamic).definitions())
            versioned = c.DT_VERSYM in dynamic.tags and bool(elf.version_needs or elf.version_definitions)
            maker = _maker(image) if path.rpartition("/")[2].startswith("libc.so.6") else None
            go = _go(path) if dynamic.symbol(MODULE_LIST) is not None else None
            return Library(binary._replace(elf=elf, go=go), exports, versioned, maker)
    except MalformedFile as error:
        return Library(binary._replace(damage=str(error).removeprefix(f"{path}: ")))


MODULE_LIST = "runtime.lastmoduledatap"
"""A dynamic symbol of every Go plugin, and of no C library."""


def _go(path: str) -> Go | None:
    from gopluck.facts.read import read

    return read(path, evidence=False, exports=False).go


def _maker(image: Image) -> str | None:
    """The text in brackets of `GNU C Library (…) stable release version …` (glibc's `version.c`)."""
    for segment in image.loads:
        for chunk in image.chunks(segment.offset, segment.filesz, 256):
            found = re.search(rb"GNU C Library \(([^)\0]{1,200})\)", chunk)
            if found:
                return found[1].decode("utf-8", "replace")
    return None


def _export(name: str, version: str, hidden: bool) -> str:
    if not version:
        return name
    return f"{name}@{version}" if hidden else f"{name}@@{version}"


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
