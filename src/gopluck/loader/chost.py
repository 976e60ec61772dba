"""C programs that host Go: where the Go is, when it is not in the program's own file.

`ld.so` loads the library that holds it with the program (`DT_NEEDED`), or the program asks for it by `dlopen`. That
stands in no file, so the library itself is then named as HOST.
"""

from __future__ import annotations

from gopluck import machine
from gopluck.clean import first_of
from gopluck.errors import Usage
from gopluck.facts.model import Binary, Elf, Identity
from gopluck.loader.libc import Kind, Libc, libc_of, only_in_the_other
from gopluck.loader.library import System
from gopluck.loader.process import Process

SHOWN = 3
MAX_NAME = 100

UNNAMED = Identity("(program)", "")
"""Of a program that nobody named: it is no other file."""

NOT_GO = "{}: is not a Go program: it has neither build info nor a pclntab"
DLOPEN = ". If it is a C program that loads its Go library by dlopen, name the library as HOST"


def with_library(host: Binary, system: System) -> Binary:
    """A C program with the library that holds its Go; a Go library with what stands for a program that is linked to it.

    Other hosts as they are. Raises `Usage` for a program in which no Go is found.
    """
    elf, go = host.elf, host.go
    if elf is None or host.format != "elf" or host.library or host.damage is not None or host.packed:
        return host
    if go is None:
        return _with_needed(host, elf, system)
    return _named(host, elf) if go.kind == "c-shared" else host


def _named(host: Binary, elf: Elf) -> Binary:
    """A library that was named itself, as the first that a program needs of which nothing else is known."""
    known = machine.named(elf.goarch)
    musl = any(only_in_the_other(name, Libc(Kind.GLIBC)) for name in elf.needed)
    interp = None if known is None else f"/lib/ld-musl-{known.musl}.so.1" if musl else known.loader
    program = Elf(
        elf.head,
        elf.elf_class,
        elf.byte_order,
        elf.machine,
        elf.type,
        elf.goarch,
        interp=interp,
        dynamic=True,
        needed=(host.path.rpartition("/")[2],),
    )
    library = host._replace(go=None)
    return host._replace(elf=program, identity=UNNAMED, library=library, program_known=False)


def _with_needed(host: Binary, elf: Elf, system: System) -> Binary:
    """A program with the one Go library that `ld.so` loads with it and that opens plugins."""
    objects = Process.of(host, elf, (), system, libc_of(host)).objects if elf.interp is not None else []
    found = [one.library.binary for one in objects if one.library is not None and one.library.binary.go is not None]
    opening = [one for one in found if one.go and one.go.plugin_support != "none"]
    if len(opening) > 1:
        names = _names([one.path for one in opening])
        raise Usage(f"{host.path}: needs {names}, all with package plugin: name one as HOST")
    for one in opening or found[:1]:
        return host._replace(go=one.go, library=one._replace(go=None))
    missing = [one.path for one in objects[1:] if one.elf is None or (one.library and one.library.binary.damage)]
    more = f"; {_names(missing)}, which it needs, cannot be read here" if missing else ""
    raise Usage(NOT_GO.format(host.path) + more + DLOPEN)


def _names(paths: list[str]) -> str:
    return first_of([path[-MAX_NAME:] for path in paths], SHOWN)


def assumed(library: str) -> str:
    """What a check takes for granted of the program that loads a library, and that nobody named."""
    name = library.rpartition("/")[2]
    return (
        f"{name} is taken to be linked into its program, or loaded with RTLD_GLOBAL: with RTLD_LOCAL every Open ends "
        "with `fatal error: runtime: no plugin module data`"
    )
