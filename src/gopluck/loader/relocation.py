"""Relocation with RTLD_NOW: every symbol that an object needs must be found in the scope (`process.Scope`).

glibc `elf/dl-reloc.c`, `elf/dl-lookup.c`; musl's `do_relocs`, `find_sym`.
"""

from __future__ import annotations

from collections.abc import Mapping

from gopluck.elf.symbols import TlsUse, Undefined
from gopluck.facts.elffacts import TLSG
from gopluck.loader.answer import Failure, Refused, not_known, process_dies
from gopluck.loader.process import Object, Process, Scope
from gopluck.loader.statictls import StaticTls
from gopluck.loader.texts import ASSERTION


def relocate_glibc(process: Process, known: Object, scope: Scope, room: StaticTls | None = None) -> None:
    """Raises `Refused` or `Ended` for a symbol that is nowhere, or TLS for which the static area has no room."""
    elf = known.elf
    if elf is None:
        return
    uses = list(elf.static_tls) if room is not None else []
    for index, symbol in enumerate((*elf.undefined, None)):
        while uses and room is not None and (uses[0].before <= index or symbol is None):
            room.use(uses.pop(0), known)
        if symbol is None or symbol.weak or _defined(process, symbol, known, scope):
            continue
        fields = {"path": known.path, "symbol": symbol.name, "version": symbol.version}
        key = "undefined-version" if symbol.version else "undefined"
        raise Refused(key, fields, _looked_for(symbol, known), _sanitizer(symbol.name))


def relocate_musl(process: Process, known: Object, scope: Scope, room: StaticTls | None = None) -> None:
    """Raises `Refused` or `Ended` for a relocation that musl does not do."""
    elf = known.elf
    if elf is None:
        return
    if elf.machine != process.host.machine and elf.first_relocation is not None:
        fields = {"path": known.path, "number": str(elf.first_relocation)}
        raise Refused("relocation", fields, exact=False)
    uses = [use for use in elf.static_tls if not use.optional] if room is not None else []
    for index, symbol in enumerate((*elf.undefined, None)):
        while uses and room is not None and (uses[0].before <= index or symbol is None):
            _check_initial_exec(process, known, uses.pop(0), room)
        if symbol is None or symbol.weak or _defined(process, symbol, known, scope):
            continue
        why = Failure.OTHER_LIBC if symbol.version.startswith("GLIBC_") else None
        fields = {"path": known.path, "symbol": symbol.name}
        raise Refused("undefined", fields, _looked_for(symbol, known), why)


def _check_initial_exec(process: Process, known: Object, use: TlsUse, room: StaticTls) -> None:
    """musl has no static TLS for what comes later: an initial-exec relocation has to find a variable of the start."""
    owner = room.owner(use, known)
    if owner is None or room.is_placed(owner):
        return
    # A Go host defines the symbol, unless it keeps its symbols to itself; glibc's Go asks for one of its own.
    libc = "libc.so.6" in (known.elf.needed if known.elf else ())
    if use.name == TLSG:
        why = Failure.OTHER_LIBC if libc else Failure.HOST_EXPORTS_NOTHING
    else:
        why = Failure.OTHER_LIBC if libc else Failure.STATIC_TLS
    fields = {"path": known.path, "symbol": use.name, "owner": owner.path}
    raise Refused("initial-exec", fields, {"symbol": use.name, "library": owner.path}, why, bool(use.name))


def _defined(process: Process, symbol: Undefined, by: Object, scope: Scope) -> bool:
    """Whether an object in the scope defines it (`elf/dl-lookup.c`, `do_lookup_x`)."""
    known = scope.first(symbol, by)
    if known is not None:
        guarded = known.library is not None and not known.versioned and not process.libc.musl
        if guarded and symbol.version and symbol.file in known.names:
            evidence = {"symbol": symbol.name, "version": symbol.version, "library": known.path}
            raise process_dies(ASSERTION, Failure.LIBRARY, evidence)
        return True
    unknown = scope.unknown(by, symbol.name.isidentifier())
    if not unknown or scope.knows(symbol.file, by):
        return False
    if not _expected(process, symbol):
        text = f"{by.base} needs the symbol {symbol.name}, and those of {unknown[0]} are not known"
        raise not_known(text, Failure.SYMBOL, _looked_for(symbol, by))
    return True


def _expected(process: Process, symbol: Undefined) -> bool:
    """Whether a library that is not known has a symbol, as far as the names go.

    The host needs it too, or it is bound to a version that was found to be there (musl: to none).
    """
    if symbol.name in process.host_needs:
        return True
    if process.libc.musl:
        return symbol.name.isidentifier() and not symbol.version
    return bool(symbol.version)


def _looked_for(symbol: Undefined, by: Object) -> Mapping[str, str]:
    row = {"symbol": symbol.name, "version": symbol.version, "library": symbol.file, "needed_by": by.path}
    return {key: value for key, value in row.items() if value}


def _sanitizer(symbol: str) -> Failure | None:
    return Failure.SANITIZER if symbol.startswith(("__asan_", "__msan_", "__tsan_")) else None
