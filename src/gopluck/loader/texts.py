"""The error texts of glibc and musl as data: each with its place in the C library's source, and what it says is wrong.

Not among them, because no file decides them: `CPU ISA level is lower than required`, memory that is not there, and what
a security policy forbids.
"""

from __future__ import annotations

from gopluck.facts.model import Go
from gopluck.golang import release
from gopluck.loader.answer import DlopenResult, Failure, Refused, Status
from gopluck.loader.libc import Kind, Libc, Version
from gopluck.record import NamedTuple


class Text(NamedTuple):
    """An error text of a C library. `since` and `until`: the first and the last release that have it."""

    key: str
    template: str
    source: str
    failure: Failure = Failure.FORM
    """What it says is wrong."""
    since: Version | None = None
    until: Version | None = None

    def is_in(self, version: Version | None) -> bool:
        """Whether a release has it; the newest, where it is not known which one."""
        if version is None:
            return self.until is None
        return (self.since is None or version >= self.since) and (self.until is None or version <= self.until)


LOAD, OPEN, MAP = "elf/dl-load.c", "elf/dl-load.c, open_verify", "elf/dl-load.c, _dl_map_object"
LOOKUP, VERSIONS = "elf/dl-lookup.c, _dl_lookup_symbol_x", "elf/dl-version.c, match_symbol"

GLIBC = (
    Text("too-short", "{path}: file too short", OPEN, Failure.NOT_ELF),
    Text("magic", "{path}: invalid ELF header", OPEN, Failure.NOT_ELF),
    Text("class", "{name}: wrong ELF class: ELFCLASS{other}", MAP, Failure.MACHINE),
    Text("data", "{path}: ELF file data encoding not {order}-endian", OPEN, Failure.MACHINE),
    Text("ident-version", "{path}: ELF file version ident does not match current one", OPEN),
    Text("osabi", "{path}: ELF file OS ABI invalid", OPEN),
    Text("abi-version", "{path}: ELF file ABI version invalid", OPEN),
    Text("padding", "{path}: nonzero padding in e_ident", OPEN),
    Text("version", "{path}: ELF file version does not match current one", OPEN),
    Text("machine", "{name}: cannot open shared object file: No such file or directory", MAP, Failure.MACHINE),
    Text("type", "{path}: only ET_DYN and ET_EXEC can be loaded", OPEN, Failure.NOT_A_LIBRARY),
    Text("phentsize", "{path}: ELF file's phentsize not the expected size", OPEN),
    Text("directory", "{path}: cannot read file data: Is a directory", OPEN, Failure.NOT_ELF),
    Text("phdrs", "{path}: cannot read file data{reason}", OPEN),
    Text("align", "{name}: ELF load command alignment not page-aligned", LOAD, until=(2, 34)),
    Text("offset", "{name}: ELF load command address/offset not page-aligned", LOAD, since=(2, 35)),
    Text("offset", "{name}: ELF load command address/offset not properly aligned", LOAD, until=(2, 34)),
    Text("no-load", "{name}: object file has no loadable segments", LOAD, Failure.NOT_A_LIBRARY),
    Text("executable", "{name}: cannot dynamically load executable", LOAD, Failure.NOT_A_LIBRARY),
    Text("no-dynamic", "{name}: object file has no dynamic section", LOAD, Failure.NOT_A_LIBRARY),
    Text("map", "{name}: failed to map segment from shared object", "elf/dl-map-segments.h"),
    Text(
        "pie",
        "{name}: cannot dynamically load position-independent executable",
        LOAD,
        Failure.NOT_A_LIBRARY,
        since=(2, 30),
    ),
    Text("noopen", "{name}: shared object cannot be dlopen()ed", LOAD, Failure.NOT_A_LIBRARY),
    Text(
        "execstack",
        "{name}: cannot enable executable stack as shared object requires: Invalid argument",
        LOAD,
        since=(2, 41),
    ),
    Text("missing", "{name}: cannot open shared object file: No such file or directory", MAP, Failure.LIBRARY),
    Text("symbol-version", "{library}: version `{version}' not found (required by {path})", VERSIONS),
    Text("relr", "{path}: DT_RELR without GLIBC_ABI_DT_RELR dependency", "elf/dl-version.c", since=(2, 36)),
    Text(
        "tls-block",
        "{path}: cannot allocate memory in static TLS block",
        "elf/dl-reloc.c, _dl_allocate_static_tls",
        Failure.STATIC_TLS,
    ),
    Text("undefined", "{path}: undefined symbol: {symbol}", LOOKUP, Failure.SYMBOL),
    Text("undefined-version", "{path}: undefined symbol: {symbol}, version {version}", LOOKUP, Failure.SYMBOL),
)
"""glibc's texts, newest first; without `since` and `until` they are the same from 2.17 to 2.42."""

MAP_LIBRARY, RELOCATE = "ldso/dynlink.c, map_library", "ldso/dynlink.c, do_relocs"

MUSL = (
    Text("static", "Dynamic loading not supported", "src/ldso/dlopen.c, stub_dlopen", Failure.STATIC_HOST),
    Text("format", "Error loading shared library {path}: Exec format error", MAP_LIBRARY, Failure.NOT_ELF),
    Text(
        "directory",
        "Error loading shared library {path}: Is a directory",
        "ldso/dynlink.c, load_library",
        Failure.NOT_ELF,
    ),
    Text("busy", "Error loading shared library {path}: Resource busy", MAP_LIBRARY, Failure.NOT_A_LIBRARY),
    Text("memory", "Error loading shared library {path}: Out of memory", MAP_LIBRARY),
    Text(
        "needed",
        "Error loading shared library {name}: {reason} (needed by {path})",
        "ldso/dynlink.c, load_direct_deps",
        Failure.LIBRARY,
    ),
    Text("undefined", "Error relocating {path}: {symbol}: symbol not found", RELOCATE, Failure.SYMBOL),
    Text(
        "initial-exec",
        "Error relocating {path}: {symbol}: initial-exec TLS resolves to dynamic definition in {owner}",
        RELOCATE,
        Failure.STATIC_TLS,
    ),
    Text("relocation", "Error relocating {path}: unsupported relocation type {number}", RELOCATE, Failure.MACHINE),
)
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

GUARDED = ("x_crosscall2_ptr", "_cgo_yield")
"""The C variables of `runtime/cgo` that every cgo build has, and `-asan` guards in host and plugin: that of
`gcc_libinit.c` (since Go 1.21), before that the one of `gcc_util.c`. libasan names the first that both define."""

ASSERTION = (
    "Inconsistency detected by ld.so: dl-lookup.c: check_match: Assertion `version->filename == NULL || "
    "! _dl_name_match_p (version->filename, map)' failed!"
)
"""glibc `elf/dl-lookup.c`, `check_match`; a line number stands in it."""


def answer(refused: Refused, libc: Libc) -> DlopenResult:
    """What `dlerror()` says of a refusal in this C library, and whether that is certain."""
    rows = [row for row in (MUSL if libc.musl else GLIBC) if row.key == refused.key]
    row = next((row for row in rows if row.is_in(libc.version)), rows[0])
    sure = libc.kind != Kind.UNKNOWN and (libc.version is not None or (row.since is None and row.until is None))
    return DlopenResult(
        Status.ERROR,
        row.template.format(**refused.fields),
        refused.exact and sure,
        failure=refused.failure or row.failure,
        evidence={**refused.evidence, "source": row.source},
    )


def has_check(key: str, version: Version | None) -> bool:
    """Whether this glibc has the check behind a text at all."""
    return any(row.key == key and row.is_in(version) for row in GLIBC)


def last_words(text: str, host: Go | None) -> str:
    """What a host says of the signal that kills it, by its release; else the text itself."""
    row = release.of(host.version) if text in (SIGBUS, SIGSEGV) and host else None
    return (row.signal if row is not None else "") or text
