"""What the dynamic linker does with any file at all, check by check, with the texts of glibc and musl.

The checks are made in the order of glibc (`elf/dl-load.c`: `open_verify`, `_dl_map_object_from_fd`; `elf/dl-deps.c`;
`elf/dl-version.c`; `elf/dl-reloc.c`) and of musl (`ldso/dynlink.c`: `map_library`, `load_deps`, `do_relocs`). The texts
are data: `GLIBC` and `MUSL`, each with the place in the C library that it comes from and the releases that have it.

Not decided, because no file says it: `cannot allocate memory in static TLS block` (how much of it is used), `CPU ISA
level is lower than required`, memory that is not there, and what a security policy forbids.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

from gopluck.elf import constants as c
from gopluck.elf.dynamic import Undefined
from gopluck.elf.image import Segment
from gopluck.facts.elffacts import TLSG
from gopluck.facts.model import Binary, Elf
from gopluck.facts.system import Absent, Found, Library, System, Unknown, Wanted
from gopluck.replay.dlopen import DlopenResult, Libc, Version

PAGE = 4096
ADDRESS_SPACE = 1 << 47
"""Bytes that no mapping can span (x86-64's user half; others are of that order)."""


class Text(NamedTuple):
    """An error text of a C library. `since` and `until`: the first and the last release that have it."""

    template: str
    source: str
    since: Version | None = None
    until: Version | None = None


GLIBC: Mapping[str, tuple[Text, ...]] = {
    "too-short": (Text("{path}: file too short", "elf/dl-load.c, open_verify"),),
    "magic": (Text("{path}: invalid ELF header", "elf/dl-load.c, open_verify"),),
    "class": (Text("{name}: wrong ELF class: ELFCLASS{other}", "elf/dl-load.c, _dl_map_object"),),
    "data": (Text("{path}: ELF file data encoding not {order}-endian", "elf/dl-load.c, open_verify"),),
    "ident-version": (Text("{path}: ELF file version ident does not match current one", "elf/dl-load.c, open_verify"),),
    "osabi": (Text("{path}: ELF file OS ABI invalid", "elf/dl-load.c, open_verify"),),
    "abi-version": (Text("{path}: ELF file ABI version invalid", "elf/dl-load.c, open_verify"),),
    "padding": (Text("{path}: nonzero padding in e_ident", "elf/dl-load.c, open_verify"),),
    "version": (Text("{path}: ELF file version does not match current one", "elf/dl-load.c, open_verify"),),
    "machine": (
        Text("{name}: cannot open shared object file: No such file or directory", "elf/dl-load.c, _dl_map_object"),
    ),
    "type": (Text("{path}: only ET_DYN and ET_EXEC can be loaded", "elf/dl-load.c, open_verify"),),
    "phentsize": (Text("{path}: ELF file's phentsize not the expected size", "elf/dl-load.c, open_verify"),),
    "directory": (Text("{path}: cannot read file data: Is a directory", "elf/dl-load.c, open_verify"),),
    "phdrs": (Text("{path}: cannot read file data{reason}", "elf/dl-load.c, open_verify"),),
    "align": (Text("{name}: ELF load command alignment not page-aligned", "elf/dl-load.c", until=(2, 34)),),
    "offset": (
        Text("{name}: ELF load command address/offset not page-aligned", "elf/dl-load.c", since=(2, 35)),
        Text("{name}: ELF load command address/offset not properly aligned", "elf/dl-load.c", until=(2, 34)),
    ),
    "no-load": (Text("{name}: object file has no loadable segments", "elf/dl-load.c"),),
    "executable": (Text("{name}: cannot dynamically load executable", "elf/dl-load.c"),),
    "no-dynamic": (Text("{name}: object file has no dynamic section", "elf/dl-load.c"),),
    "map": (Text("{name}: failed to map segment from shared object", "elf/dl-map-segments.h"),),
    "pie": (Text("{name}: cannot dynamically load position-independent executable", "elf/dl-load.c", since=(2, 30)),),
    "noopen": (Text("{name}: shared object cannot be dlopen()ed", "elf/dl-load.c"),),
    "execstack": (
        Text(
            "{name}: cannot enable executable stack as shared object requires: Invalid argument",
            "elf/dl-load.c",
            since=(2, 41),
        ),
    ),
    "missing": (
        Text("{name}: cannot open shared object file: No such file or directory", "elf/dl-load.c, _dl_map_object"),
    ),
    "symbol-version": (
        Text("{library}: version `{version}' not found (required by {path})", "elf/dl-version.c, match_symbol"),
    ),
    "relr": (Text("{path}: DT_RELR without GLIBC_ABI_DT_RELR dependency", "elf/dl-version.c", since=(2, 36)),),
    "undefined": (Text("{path}: undefined symbol: {symbol}", "elf/dl-lookup.c, _dl_lookup_symbol_x"),),
    "undefined-version": (
        Text("{path}: undefined symbol: {symbol}, version {version}", "elf/dl-lookup.c, _dl_lookup_symbol_x"),
    ),
}
"""glibc's texts, newest first; without `since` and `until` they are the same from 2.17 to 2.42."""

MUSL: Mapping[str, tuple[Text, ...]] = {
    "static": (Text("Dynamic loading not supported", "src/ldso/dlopen.c, stub_dlopen"),),
    "format": (Text("Error loading shared library {path}: Exec format error", "ldso/dynlink.c, map_library"),),
    "directory": (Text("Error loading shared library {path}: Is a directory", "ldso/dynlink.c, load_library"),),
    "busy": (Text("Error loading shared library {path}: Resource busy", "ldso/dynlink.c, map_library"),),
    "memory": (Text("Error loading shared library {path}: Out of memory", "ldso/dynlink.c, map_library"),),
    "needed": (
        Text("Error loading shared library {name}: {reason} (needed by {path})", "ldso/dynlink.c, load_direct_deps"),
    ),
    "undefined": (Text("Error relocating {path}: {symbol}: symbol not found", "ldso/dynlink.c, do_relocs"),),
    "initial-exec": (
        Text(
            "Error relocating {path}: {symbol}: initial-exec TLS resolves to dynamic definition in {path}",
            "ldso/dynlink.c, do_relocs",
        ),
    ),
    "relocation": (Text("Error relocating {path}: unsupported relocation type {number}", "ldso/dynlink.c, do_relocs"),),
}
"""musl's texts, the same from 1.1.20 to 1.2.5."""

SIGBUS = "SIGBUS: bus error"
"""The first line that a Go process prints when it touches a page beyond the end of a mapped file."""

ASAN = (
    "ASan runtime does not come first in initial library list; you should either link runtime to your application "
    "or manually preload it with LD_PRELOAD."
)
"""compiler-rt `lib/asan/asan_linux.cpp`, `AsanCheckDynamicRTPrereqs`; the process number stands before it."""

ASAN_BUS = "ERROR: AddressSanitizer: BUS on unknown address"
"""compiler-rt `lib/asan/asan_errors.cpp`, `ErrorDeadlySignal`; addresses follow."""

SIGSEGV = "SIGSEGV: segmentation violation"
"""The first line that a Go process prints when C code touches memory that is not there."""

ODR = "ERROR: AddressSanitizer: odr-violation (ADDRESS):"
"""compiler-rt `lib/asan/asan_globals.cpp`; gcc's libasan has `detect_odr_violation=2` as its default."""

GUARDED = "x_crosscall2_ptr"
"""The C variable of `runtime/cgo` (`gcc_libinit.c`) that every cgo build has: `-asan` guards it in host and plugin."""

ASSERTION = (
    "Inconsistency detected by ld.so: dl-lookup.c: check_match: Assertion `version->filename == NULL || "
    "! _dl_name_match_p (version->filename, map)' failed!"
)
"""glibc `elf/dl-lookup.c`, `check_match`; a line number stands in it."""

RULES = {
    "too-short": "not-elf",
    "magic": "not-elf",
    "directory": "not-elf",
    "format": "not-elf",
    "class": "machine-mismatch",
    "data": "machine-mismatch",
    "machine": "machine-mismatch",
    "relocation": "machine-mismatch",
    "type": "not-a-plugin",
    "executable": "not-a-plugin",
    "no-dynamic": "not-a-plugin",
    "no-load": "not-a-plugin",
    "pie": "not-a-plugin",
    "noopen": "not-a-plugin",
    "busy": "not-a-plugin",
    "missing": "missing-library",
    "needed": "missing-library",
    "undefined": "undefined-symbol",
    "undefined-version": "undefined-symbol",
    "initial-exec": "libc-mismatch",
    "static": "static-host",
}
"""The rule that explains a text; `unsupported-format` for the others."""


def load(plugin: Binary, host: Binary, loaded: Sequence[Binary], system: System, libc: Libc) -> DlopenResult:
    """`replay.dlopen.dlopen` for any file, check by check."""
    if host.elf is None:
        return DlopenResult("unknown", "the host is no ELF file")
    if libc.static and libc.kind == "musl":
        return _Failure("static", {}).result(MUSL, libc)
    process = _Process.of(host, host.elf, loaded, system, libc)
    if any(_same(plugin, known, libc) for known in process.objects[1:]):
        return DlopenResult("same")
    try:
        return process.load(plugin)
    except _Failure as failure:
        return failure.result(MUSL if libc.kind == "musl" else GLIBC, process.libc)
    except _End as end:
        return end.result


class _End(Exception):
    """Ends a replay with a result that is no error text of the C library."""

    def __init__(self, result: DlopenResult) -> None:
        self.result = result


class _Failure(Exception):
    """Ends a replay with a text of `GLIBC` or `MUSL`."""

    def __init__(
        self,
        key: str,
        fields: Mapping[str, str],
        evidence: Mapping[str, str] | None = None,
        rule: str | None = None,
        exact: bool = True,
    ) -> None:
        self.key = key
        self.fields = fields
        self.rule = rule or RULES.get(key, "unsupported-format")
        self.exact = exact
        self.evidence = evidence or {}

    def result(self, texts: Mapping[str, tuple[Text, ...]], libc: Libc) -> DlopenResult:
        rows = texts[self.key]
        fitting = [row for row in rows if _in_release(row, libc.version)]
        row = fitting[0] if fitting else rows[0]
        sure = libc.kind != "unknown" and (libc.version is not None or (row.since is None and row.until is None))
        evidence = {**self.evidence, "source": row.source}
        return DlopenResult(
            "error", row.template.format(**self.fields), self.exact and sure, rule=self.rule, evidence=evidence
        )


def _in_release(row: Text, version: Version | None) -> bool:
    if version is None:
        return row.until is None
    return (row.since is None or version >= row.since) and (row.until is None or version <= row.until)


class _Object(NamedTuple):
    """Something in the process. Without `elf` only its names are known."""

    path: str
    names: frozenset[str]
    inode: str = ""
    elf: Elf | None = None
    exports: frozenset[str] = frozenset()
    versioned: bool = True
    chain: tuple[str, ...] = ()
    """`DT_RPATH` directories of those that loaded it (musl: also `DT_RUNPATH`)."""
    library: Library | None = None


def _same(plugin: Binary, known: _Object, libc: Libc) -> bool:
    if known.inode and known.inode == plugin.identity.inode:
        return True
    return libc.kind != "musl" and known.path == plugin.identity.realpath


class _Process:
    """The objects of a process in the order of its global scope."""

    def __init__(self, host: Elf, libc: Libc, system: System, objects: list[_Object]) -> None:
        self.host = host
        self.libc = libc
        self.system = system
        self.objects = objects
        self.assumed: str | None = None
        self._loader: _Object | None = None
        """The dynamic linker itself, which is there from the start under its soname, wherever it lies."""

    @classmethod
    def of(cls, host: Binary, elf: Elf, loaded: Sequence[Binary], system: System, libc: Libc) -> _Process:
        process = cls(elf, libc, system, [])
        if elf.interp is not None:
            process._loader = process._found(elf.interp, process._object(host, elf))
        process._enter(host, elf)
        if process._loader is not None and process._loader not in process.objects:
            process.objects.append(process._loader)
        for plugin in loaded:
            if plugin.elf is not None:
                process._enter(plugin, plugin.elf)
        return process

    def _enter(self, binary: Binary, elf: Elf) -> None:
        """Put a file that did load into the scope, with what it needs; what is not found is there all the same."""
        queue = [self._object(binary, elf)]
        self.objects.append(queue[0])
        for parent in queue:
            for name in parent.elf.needed if parent.elf else ():
                if self._named(name) is None:
                    queue.append(self._attach(name, parent))

    def _attach(self, name: str, parent: _Object) -> _Object:
        if self._loader is not None and name in self._loader.names:
            self.objects.append(self._loader)
            return self._loader
        child = self._found(name, parent)
        same = next((known for known in self.objects if known.inode and known.inode == child.inode), None)
        if same is not None:
            merged = same._replace(names=same.names | child.names)
            self.objects[self.objects.index(same)] = merged
            return merged._replace(elf=None)
        self.objects.append(child)
        self._learn(child)
        return child

    def _found(self, name: str, parent: _Object) -> _Object:
        """What a name leads to; only its names are known when that is not known."""
        found = self._find(name, parent)
        if isinstance(found, Library) and found.binary.elf is not None:
            return self._library(name, found, parent)
        return _Object(name, frozenset({name, name.rpartition("/")[2]}))

    def _learn(self, known: _Object) -> None:
        """glibc's release is the highest version that its `libc.so.6` defines; Debian has a directory of its own."""
        if self.libc.kind == "glibc" and "libc.so.6" in known.names and known.elf is not None:
            versions = [v for v in map(_glibc_version, known.elf.version_definitions) if v is not None]
            maker = known.library.maker if known.library is not None else None
            debian = None if maker is None else maker.startswith(("Debian ", "Ubuntu "))
            self.libc = self.libc._replace(version=max(versions, default=None), debian=debian)

    # -- objects -----------------------------------------------------------------------------------------------

    def _object(self, binary: Binary, elf: Elf) -> _Object:
        path = binary.identity.realpath or binary.path
        names = {path, elf.soname} if elf.soname and self.libc.kind != "musl" else {path}
        first = self.objects[0].chain if self.objects else ()
        chain = _paths(elf, _directory(path), self.libc.kind == "musl") + first
        return _Object(
            path, frozenset(names), binary.identity.inode, elf, elf.c_exports or frozenset(), elf.versioned, chain
        )

    def _library(self, name: str, library: Library, parent: _Object) -> _Object:
        binary = library.binary
        elf = binary.elf
        names = {name, binary.path}
        musl = self.libc.kind == "musl"
        if elf is not None and elf.soname and not musl:
            names.add(elf.soname)
        own = _paths(elf, _directory(binary.path), musl) if elf is not None else ()
        chain = own + parent.chain
        exports, inode = library.exports, binary.identity.inode
        return _Object(binary.path, frozenset(names), inode, elf, exports, library.versioned, chain, library)

    def _named(self, name: str) -> _Object | None:
        if self.libc.kind == "musl" and _MUSL_RESERVED.match(name):
            name = self.host.interp or name
        return next((known for known in self.objects if name in known.names), None)

    def _find(self, name: str, parent: _Object) -> Found:
        musl = self.libc.kind == "musl"
        runpath: tuple[str, ...] = ()
        rpath = parent.chain
        if not musl and parent.elf is not None and parent.elf.runpath is not None:
            rpath, runpath = (), _expand(parent.elf.runpath, _directory(parent.path))
        return self.system.find(Wanted(name, self.host, musl, rpath, runpath))

    # -- loading -----------------------------------------------------------------------------------------------

    def load(self, plugin: Binary) -> DlopenResult:
        """Raises `_Failure` or `_End` when it does not load."""
        musl = self.libc.kind == "musl"
        path = plugin.identity.realpath
        check = _musl_file if musl else _glibc_file
        check(plugin, path, path, self.host, self.libc)
        elf = plugin.elf
        assert elf is not None
        if plugin.damage is not None:
            raise _End(DlopenResult("unknown", plugin.damage, rule="unsupported-format"))
        new = self._map(self._object(plugin, elf))
        if musl:
            for known in new:
                self._relocate_musl(known, new)
        else:
            for known in new:
                self._check_versions(known, new)
            for known in reversed(new):
                self._relocate_glibc(known, new)
        self._check_asan(new)
        self._check_thread(plugin)
        libraries = tuple(known.library for known in new if known.library is not None)
        return DlopenResult("loaded", needed_loaded=libraries, assumed=self.assumed)

    def _map(self, first: _Object) -> list[_Object]:
        """The plugin and the libraries that come with it, breadth first (`elf/dl-deps.c`; musl's `load_deps`)."""
        new = [first]
        for parent in new:
            for name in parent.elf.needed if parent.elf else ():
                if self._named(name) or any(name in known.names for known in new):
                    continue
                child = self._map_one(name, parent)
                if not any(child.inode == known.inode for known in (*self.objects, *new)):
                    new.append(child)
        return new

    def _map_one(self, name: str, parent: _Object) -> _Object:
        musl = self.libc.kind == "musl"
        found = self._find(name, parent)
        mixed = "libc-mismatch" if _other_libc(name, self.libc) else None
        evidence = {"library": name, "needed_by": parent.path}
        if isinstance(found, Unknown):
            raise _End(
                DlopenResult(
                    "unknown",
                    f"{_base(parent.path)} needs {name}, and {found.reason}",
                    rule=mixed or "missing-library",
                    evidence=evidence,
                )
            )
        if isinstance(found, Absent):
            if musl:
                fields = {"name": name, "path": parent.path, "reason": "No such file or directory"}
                raise _Failure("needed", fields, evidence, mixed)
            if found.wrong_class:
                other = "64" if self.host.elf_class == 32 else "32"
                raise _Failure("class", {"name": name, "other": other}, evidence, mixed or "missing-library")
            raise _Failure("missing", {"name": name}, evidence, mixed)
        try:
            check = _musl_file if musl else _glibc_file
            check(found.binary, found.binary.path, name, self.host, self.libc)
        except _Failure as failure:
            failure.rule = mixed or "missing-library"
            failure.evidence = {**evidence, "found": found.binary.path}
            if musl:
                reason = {"format": "Exec format error", "busy": "Resource busy", "memory": "Out of memory"}
                fields = {"name": name, "path": parent.path, "reason": reason[failure.key]}
                raise _Failure("needed", fields, failure.evidence, failure.rule, failure.exact) from None
            raise
        if found.binary.elf is None or found.binary.damage is not None:
            text = f"{found.binary.path}: {found.binary.damage or 'cannot be read'}"
            raise _End(DlopenResult("unknown", text, rule="missing-library", evidence=evidence))
        return self._library(name, found, parent)

    # -- versions (elf/dl-version.c) -----------------------------------------------------------------------------

    def _check_versions(self, known: _Object, new: Sequence[_Object]) -> None:
        elf = known.elf
        if elf is None:
            return
        for need in elf.version_needs:
            library = self._named(need.file) or next((other for other in new if need.file in other.names), None)
            if library is None or need.weak:
                continue
            if library.elf is None:
                self._assume_version(known, need.file, need.version)
            elif library.elf.version_definitions and need.version not in library.elf.version_definitions:
                fields = {"library": library.path, "version": need.version, "path": known.path}
                rule = "libc-too-old" if need.version.startswith("GLIBC_") else "missing-library"
                available = _highest(library.elf.version_definitions) or library.elf.version_definitions[-1]
                evidence = {"library": library.path, "version": need.version, "available": available}
                raise _Failure("symbol-version", fields, {**evidence, "needed_by": known.path}, rule)
        marked = any(need.version == "GLIBC_ABI_DT_RELR" for need in elf.version_needs)
        libc = any(name.startswith("libc.so.") for name in elf.needed)
        if elf.relr and elf.version_needs and libc and not marked and self._has("relr"):
            raise _Failure("relr", {"path": known.path})

    def _has(self, key: str) -> bool:
        """Whether this glibc has the check behind a text at all."""
        return any(_in_release(row, self.libc.version) for row in GLIBC[key])

    def _assume_version(self, known: _Object, file: str, version: str) -> None:
        """A version of a library that is not known is there when the host itself needs it, or a later one of glibc."""
        mine = [need.version for need in self.host.version_needs if need.file == file]
        if version in mine:
            return
        wanted = _glibc_version(version)
        highest = max(filter(None, map(_glibc_version, mine)), default=None)
        if wanted is not None and highest is not None and wanted <= highest:
            return
        text = f"{_base(known.path)} needs {version} of {file}, and what the host finds there is not known"
        evidence = {"library": file, "version": version, "needed_by": known.path}
        raise _End(DlopenResult("unknown", text, rule="libc-too-old", evidence=evidence))

    # -- symbols -------------------------------------------------------------------------------------------------

    def _relocate_glibc(self, known: _Object, new: Sequence[_Object]) -> None:
        for symbol in known.elf.undefined if known.elf else ():
            if symbol.weak or self._defined(symbol, known, (*self.objects, *new)):
                continue
            fields = {"path": known.path, "symbol": symbol.name, "version": symbol.version}
            key = "undefined-version" if symbol.version else "undefined"
            raise _Failure(key, fields, _looked_for(symbol, known), _sanitizer(symbol.name))

    def _relocate_musl(self, known: _Object, new: Sequence[_Object]) -> None:
        elf = known.elf
        if elf is None:
            return
        if elf.machine != self.host.machine and elf.first_relocation is not None:
            fields = {"path": known.path, "number": str(elf.first_relocation)}
            raise _Failure("relocation", fields, exact=False)
        for index, symbol in enumerate((*elf.undefined, None)):
            if index == elf.initial_exec_after and elf.initial_exec is not None and not self._has_tls(elf.initial_exec):
                fields = {"path": known.path, "symbol": elf.initial_exec}
                # A Go host defines the symbol, unless it keeps its symbols to itself.
                own = elf.initial_exec == TLSG and "libc.so.6" not in elf.needed
                rule = "host-not-exporting" if own else None
                raise _Failure("initial-exec", fields, {"symbol": elf.initial_exec}, rule, bool(elf.initial_exec))
            if symbol is None or symbol.weak or self._defined(symbol, known, (*self.objects, *new)):
                continue
            rule = "libc-mismatch" if symbol.version.startswith("GLIBC_") else None
            fields = {"path": known.path, "symbol": symbol.name}
            raise _Failure("undefined", fields, _looked_for(symbol, known), rule)

    def _has_tls(self, name: str) -> bool:
        """Whether the host, whose TLS is static, defines the symbol (`ldso/dynlink.c`, `do_relocs`)."""
        return name == TLSG and self.host.tlsg

    def _defined(self, symbol: Undefined, by: _Object, scope: Sequence[_Object]) -> bool:
        """Whether an object in the scope defines it (`elf/dl-lookup.c`, `do_lookup_x`)."""
        unknown: list[str] = []
        asked = False
        for known in scope:
            if known is by:
                continue
            asked |= known.elf is not None and symbol.file in known.names
            if known.elf is None:
                unknown.append(known.path)
            elif self._matches(symbol, known):
                return True
            elif known.library is None and not symbol.name.isidentifier():
                unknown.append(known.path)
        if not unknown or asked:
            return False
        if not self._expected(symbol):
            text = f"{_base(by.path)} needs the symbol {symbol.name}, and those of {unknown[0]} are not known"
            raise _End(DlopenResult("unknown", text, rule="undefined-symbol", evidence=_looked_for(symbol, by)))
        self.assumed = f"the symbols of {', '.join(dict.fromkeys(unknown))} are not known and taken to be there"
        return True

    def _expected(self, symbol: Undefined) -> bool:
        """Whether a library that is not known has a symbol, as far as the names go.

        The host needs it too, or it is bound to a version that was found to be there (musl: to none).
        """
        if any(symbol.name == mine.name and not mine.weak for mine in self.host.undefined):
            return True
        if self.libc.kind == "musl":
            return symbol.name.isidentifier() and not symbol.version
        return bool(symbol.version)

    def _matches(self, symbol: Undefined, known: _Object) -> bool:
        name, exports = symbol.name, known.exports
        if known.library is None or not known.versioned:
            if name not in exports:
                return False
            if self.libc.kind != "musl" and known.library and symbol.version and symbol.file in known.names:
                evidence = {"symbol": name, "version": symbol.version, "library": known.path}
                raise _End(DlopenResult("abort", ASSERTION, False, rule="missing-library", evidence=evidence))
            return True
        if name in exports:
            return True
        definitions = known.elf.version_definitions[1:] if known.elf else ()
        if self.libc.kind == "musl":
            return any(f"{name}@@{version}" in exports for version in definitions)
        if symbol.version:
            return f"{name}@@{symbol.version}" in exports or f"{name}@{symbol.version}" in exports
        return any(f"{name}@@{v}" in exports for v in definitions) or f"{name}@{(*definitions, '')[0]}" in exports

    # -- the rest ------------------------------------------------------------------------------------------------

    def _check_asan(self, new: Sequence[_Object]) -> None:
        """The constructor of libasan ends the process when it was not there from the start; a static one goes on."""
        for known in () if self.libc.static else new:
            if _base(known.path).startswith("libasan.so"):
                evidence = {"library": known.path}
                raise _End(DlopenResult("abort", ASAN, False, rule="sanitizer-runtime", evidence=evidence))
        plugin = new[0]
        if plugin.elf is not None and any(name.startswith("libasan.so") for name in plugin.elf.needed):
            for known in self.objects:
                if GUARDED in known.exports and GUARDED in plugin.exports and known.library is None:
                    evidence = {"symbol": GUARDED, "first": known.path}
                    raise _End(DlopenResult("abort", ODR, False, rule="sanitizer-runtime", evidence=evidence))

    def _check_thread(self, plugin: Binary) -> None:
        """A static process gets a second C library, which is not fit to start the thread of a c-shared library's Go.

        `runtime/cgo/gcc_libinit.c`, `x_cgo_sys_thread_create`; measured with glibc 2.36.
        """
        if self.libc.static and plugin.go is not None and plugin.go.kind == "c-shared":
            raise _End(DlopenResult("abort", SIGSEGV, False, rule="static-host"))


_MUSL_RESERVED = re.compile(r"lib(c|pthread|rt|m|dl|util|xnet)\.")
"""Names that musl takes for itself (`ldso/dynlink.c`, `load_library`)."""


def _other_libc(name: str, libc: Libc) -> bool:
    """Whether only the other C library has this file."""
    if libc.kind == "musl":
        return name.startswith("ld-linux")
    return name == "libc.so" or name.startswith(("libc.musl-", "ld-musl-"))


def _looked_for(symbol: Undefined, by: _Object) -> Mapping[str, str]:
    row = {"symbol": symbol.name, "version": symbol.version, "library": symbol.file, "needed_by": by.path}
    return {key: value for key, value in row.items() if value}


def _base(path: str) -> str:
    return path.rpartition("/")[2]


def _directory(path: str) -> str:
    return path.rpartition("/")[0]


def _sanitizer(symbol: str) -> str | None:
    return "sanitizer-runtime" if symbol.startswith(("__asan_", "__msan_", "__tsan_")) else None


def _glibc_version(text: str) -> Version | None:
    match = re.fullmatch(r"GLIBC_(\d+)\.(\d+)(\.\d+)*", text)
    return (int(match[1]), int(match[2])) if match else None


def _highest(definitions: Sequence[str]) -> str | None:
    known = [(version, text) for text in definitions if (version := _glibc_version(text)) is not None]
    return max(known)[1] if known else None


def _expand(paths: str, origin: str) -> tuple[str, ...]:
    """The directories of a search path (`fillin_rpath`). Tokens other than `$ORIGIN` are left out."""
    expanded = (item.replace("${ORIGIN}", origin).replace("$ORIGIN", origin) for item in paths.split(":"))
    return tuple(item for item in expanded if item and "$" not in item)


def _paths(elf: Elf, origin: str, musl: bool) -> tuple[str, ...]:
    """The directories that an object's `DT_RPATH` brings to what it loads. musl treats `DT_RUNPATH` in the same way."""
    if musl:
        return _expand(elf.runpath or elf.rpath or "", origin)
    return _expand(elf.rpath, origin) if elf.rpath is not None and elf.runpath is None else ()


# -- the file itself: glibc ------------------------------------------------------------------------------------------


class _Head(NamedTuple):
    """The ELF header as a loader of the host's class reads it."""

    ident: bytes
    type: int
    machine: int
    version: int
    phoff: int
    phentsize: int
    phnum: int

    @classmethod
    def of(cls, elf: Elf) -> _Head:
        wide, order = elf.elf_class == 64, "<" if elf.byte_order == "little" else ">"
        row = struct.unpack_from(order + ("HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH"), elf.head, 16)
        return cls(elf.head[:16], row[0], row[1], row[2], row[4], row[8], row[9])


OSABI_SYSV, OSABI_GNU, OSABI_ARM_AEABI = 0, 3, 64
ABI_MAX = {c.EM_X86_64: 4, c.EM_386: 4, c.EM_PPC64: 4, c.EM_RISCV: 4}
"""`LIBC_ABI_MAX` (`libc-abis`): 4 where `IFUNC` counts, else 3."""


def _osabi_fits(head: _Head) -> bool:
    return head.ident[7] in (OSABI_SYSV, OSABI_GNU) or (head.machine == c.EM_ARM and head.ident[7] == OSABI_ARM_AEABI)


def _abi_version_fits(head: _Head) -> bool:
    version = head.ident[8]
    return version == 0 or (head.ident[7] == OSABI_GNU and version < ABI_MAX.get(head.machine, 3))


_Check = Callable[[_Head, Elf, Elf], bool]

OPEN_VERIFY: tuple[tuple[str, _Check], ...] = (
    ("class", lambda head, elf, host: elf.elf_class == host.elf_class),
    ("data", lambda head, elf, host: elf.byte_order == host.byte_order),
    ("ident-version", lambda head, elf, host: head.ident[6] == 1),
    ("osabi", lambda head, elf, host: _osabi_fits(head)),
    ("abi-version", lambda head, elf, host: _abi_version_fits(head)),
    ("padding", lambda head, elf, host: not any(head.ident[9:])),
    ("version", lambda head, elf, host: head.version == 1),
    ("machine", lambda head, elf, host: head.machine == host.machine),
    ("type", lambda head, elf, host: head.type in (c.ET_DYN, c.ET_EXEC)),
    ("phentsize", lambda head, elf, host: head.phentsize == (56 if host.elf_class == 64 else 32)),
    ("phdrs", lambda head, elf, host: len(elf.segments) == head.phnum),
)
"""`open_verify` in its order: the key of the text, and what has to hold for (header, file, host)."""


IDENT = ("data", "ident-version", "osabi", "abi-version", "padding")
"""Checks before which Debian's glibc passes a file of another machine (measured with 2.36-9+deb12u14)."""


def _glibc_file(binary: Binary, path: str, name: str, host: Elf, libc: Libc) -> None:
    """Raises `_Failure` for the first thing that glibc finds wrong with a file, `_End` when the process dies of it."""
    fields = {"path": path, "name": name, "other": "32" if host.elf_class == 64 else "64", "order": host.byte_order}
    if binary.format == "directory":
        raise _Failure("directory", fields, {"format": binary.format})
    if binary.size < (64 if host.elf_class == 64 else 52):
        raise _Failure("too-short", fields, {"format": binary.format})
    if binary.format != "elf":
        raise _Failure("magic", fields, {"format": binary.format})
    elf = binary.elf
    if elf is None or len(elf.head) < 52:
        raise _End(DlopenResult("unknown", binary.damage or "the ELF header cannot be read", rule="unsupported-format"))
    head = _Head.of(elf)
    fields["reason"] = ": Invalid argument" if head.phoff >> (host.elf_class - 1) else ""
    wrong = next((key for key, fits in OPEN_VERIFY if not fits(head, elf, host)), None)
    if wrong is not None:
        evidence = {"plugin": elf.goarch, "host": host.goarch}
        machine = int.from_bytes(elf.head[18:20], _order(host))
        if wrong in IDENT and machine != host.machine and libc.debian is not False:
            raise _Failure("machine", fields, evidence, exact=libc.debian is True)
        raise _Failure(wrong, fields, evidence)
    for key in _map_object(elf, head, libc.version):
        raise _Failure(key, fields)
    _check_cut(binary, elf, host)
    if elf.flags_1 & c.DF_1_PIE and any(_in_release(row, libc.version) for row in GLIBC["pie"]):
        raise _Failure("pie", fields)
    if elf.flags_1 & c.DF_1_NOOPEN:
        raise _Failure("noopen", fields)
    stack = next((s.flags for s in elf.segments if s.type == c.PT_GNU_STACK), None)
    if stack is not None and stack & c.PF_X and libc.version is not None and libc.version >= (2, 41):
        raise _Failure("execstack", fields)


def _map_object(elf: Elf, head: _Head, version: Version | None) -> Iterator[str]:
    """What `_dl_map_object_from_fd` finds wrong with the program headers, in its order."""
    old = version is not None and version < (2, 35)
    for segment in (s for s in elf.segments if s.type == c.PT_LOAD):
        if old and segment.align & (PAGE - 1):
            yield "align"
        step = segment.align if old and segment.align else PAGE
        if (segment.vaddr - segment.offset) & (step - 1):
            yield "offset"
    loads = [s for s in elf.segments if s.type == c.PT_LOAD]
    dynamic = [s for s in elf.segments if s.type == c.PT_DYNAMIC]
    if not loads:
        yield "no-load"
    if head.type != c.ET_DYN:
        yield "executable"
    if not dynamic or any(s.filesz == 0 for s in dynamic):
        yield "no-dynamic"
    if loads and _span(loads) >= ADDRESS_SPACE:
        yield "map"


def _order(elf: Elf) -> Literal["little", "big"]:
    return "little" if elf.byte_order == "little" else "big"


def _span(loads: Sequence[Segment]) -> int:
    return loads[-1].vaddr + loads[-1].memsz - loads[0].vaddr


def _check_cut(binary: Binary, elf: Elf, host: Elf) -> None:
    """A segment beyond the end of the file is mapped, and the process dies (SIGBUS) where it touches such a page.

    It always touches the dynamic section, and the page where `.bss` begins (`_dl_map_segments` clears its rest).
    """
    if not _plausible(elf):
        text = "its program headers contradict each other"
        raise _End(DlopenResult("unknown", text, rule="unsupported-format"))
    end = (binary.size + PAGE - 1) & -PAGE
    if all(segment.offset + segment.filesz <= end for segment in elf.segments if segment.type == c.PT_LOAD):
        return
    missing = max(s.offset + s.filesz for s in elf.segments if s.type == c.PT_LOAD) - binary.size
    evidence = {"missing_bytes": str(missing)}
    if any(_touched(segment) > end for segment in elf.segments):
        asan = any(name.startswith("libasan.so") for name in host.needed)
        text = ASAN_BUS if asan else SIGBUS
        raise _End(DlopenResult("abort", text, not asan, rule="unsupported-format", evidence=evidence))
    text = f"the file is cut: {missing} bytes that it maps are missing"
    raise _End(DlopenResult("unknown", text, rule="unsupported-format", evidence=evidence))


PT_GNU_RELRO = 0x6474E552


def _plausible(elf: Elf) -> bool:
    """Whether the segments lie as every linker lays them: what `mmap` makes of others is not replayed."""
    loads = [s for s in elf.segments if s.type == c.PT_LOAD]
    inner = [s for s in elf.segments if s.type in (c.PT_DYNAMIC, c.PT_TLS, PT_GNU_RELRO)]
    ordered = all(low.vaddr + low.memsz <= high.vaddr for low, high in pairwise(loads))
    ends = [(s.vaddr & -PAGE, (s.vaddr + s.memsz + PAGE - 1) & -PAGE) for s in loads]
    held = (any(low <= s.vaddr and s.vaddr + s.memsz <= high for low, high in ends) for s in inner if s.filesz)
    return ordered and all(s.filesz <= s.memsz for s in loads) and all(held)


def _touched(segment: Segment) -> int:
    """The end of what a loader is sure to touch of a segment, as an offset into the file."""
    end = segment.offset + segment.filesz
    if segment.type == c.PT_DYNAMIC:
        return end
    cleared = segment.memsz > segment.filesz and (segment.vaddr + segment.filesz) % PAGE
    return end if segment.type == c.PT_LOAD and cleared else 0


# -- the file itself: musl -------------------------------------------------------------------------------------------


def _musl_file(binary: Binary, path: str, name: str, host: Elf, libc: Libc) -> None:
    """Raises `_Failure` for what musl finds wrong with a file; it looks at neither class, byte order nor machine."""
    fields = {"path": path}
    elf = binary.elf
    if binary.format == "directory":
        raise _Failure("directory", fields, {"format": binary.format})
    if binary.size < (64 if host.elf_class == 64 else 52) or binary.format != "elf":
        raise _Failure("format", fields, {"format": binary.format})
    if elf is None or len(elf.head) < 52 or elf.elf_class == 0 or elf.byte_order == "unknown":
        raise _End(DlopenResult("unknown", binary.damage or "the ELF header cannot be read", rule="unsupported-format"))
    if (elf.elf_class, elf.byte_order) != (host.elf_class, host.byte_order):
        # Read with the wrong layout its header has no usable program headers; another byte order no usable type.
        same_order = elf.byte_order == host.byte_order
        evidence = {"plugin": elf.goarch, "host": host.goarch}
        raise _Failure("format", fields, evidence, "machine-mismatch", not same_order)
    head = _Head.of(elf)
    loads = [s for s in elf.segments if s.type == c.PT_LOAD]
    if head.type not in (c.ET_DYN, c.ET_EXEC):
        raise _Failure("format", fields, rule="not-a-plugin")
    if head.phnum and not elf.segments:
        raise _Failure("format", fields, rule="unsupported-format")
    if not any(s.type == c.PT_DYNAMIC for s in elf.segments):
        raise _Failure("format", fields, rule="not-a-plugin")
    if not loads or _span(loads) >= ADDRESS_SPACE:
        raise _Failure("memory", fields, rule="not-a-plugin")
    if head.type == c.ET_EXEC and host.type == c.ET_EXEC and loads[0].vaddr:
        raise _Failure("busy", fields)
    _check_cut(binary, elf, host)
