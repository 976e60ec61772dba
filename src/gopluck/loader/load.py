"""`dlopen` of any file at all, check by check, in the order of the C library.

glibc `elf/dl-load.c`, `elf/dl-deps.c`, `elf/dl-version.c`, `elf/dl-reloc.c`; musl `ldso/dynlink.c` (`map_library`,
`load_deps`, `do_relocs`).
"""

from __future__ import annotations

from collections.abc import Sequence

from gopluck.facts.model import EMPTY, Binary, Elf
from gopluck.loader import glibc, musl
from gopluck.loader.answer import DlopenResult, Ended, Failure, Refused, Status, not_known, process_dies
from gopluck.loader.libc import Libc, glibc_version, highest, only_in_the_other
from gopluck.loader.library import Absent, Library, System, Unknown
from gopluck.loader.process import Object, Process, Scope, of_library
from gopluck.loader.relocation import relocate_glibc, relocate_musl
from gopluck.loader.statictls import StaticTls, needs_static
from gopluck.loader.texts import ASAN, GUARDED, ODR, SIGSEGV, answer, has_check


def load(
    plugin: Binary, host: Binary, loaded: Sequence[Binary], system: System, libc: Libc, lost: int = 0
) -> DlopenResult:
    """`loader.dlopen.dlopen` for any file."""
    if host.elf is None:
        return DlopenResult(Status.UNKNOWN, "the host is not an ELF file")
    if libc.static and libc.musl:
        return answer(Refused("static", {}), libc)
    process = Process.of(host, host.elf, loaded, system, libc)
    if any(known.is_file(plugin, libc) for known in process.objects[1:]):
        return DlopenResult(Status.SAME)
    process.lost = lost
    try:
        return _load(process, plugin)
    except Refused as refused:
        found = answer(refused, process.libc)._replace(lost=process.padding)
        if host.program_known or found.failure not in (Failure.SYMBOL, Failure.LIBRARY):
            return found
        what = f"{found.text}, unless the program that loads {host.path} has it: name the program as HOST"
        return found._replace(status=Status.UNKNOWN, text=what)
    except Ended as end:
        return end.result


def _load(process: Process, plugin: Binary) -> DlopenResult:
    """Raises `Refused` or `Ended` when it does not load."""
    path = plugin.identity.realpath
    check = musl.check_file if process.libc.musl else glibc.check_file
    check(plugin, path, path, process.host, process.libc)
    elf = plugin.elf
    assert elf is not None
    if plugin.damage is not None:
        raise not_known(plugin.damage, Failure.FORM)
    new = map_objects(process, process.object_of(plugin, elf))
    scope = Scope((*process.objects, *new), process.libc.musl)
    room = StaticTls(process, scope) if needs_static(new, process.host) else None
    if process.libc.musl:
        for known in new:
            relocate_musl(process, known, scope, room)
    else:
        for known in new:
            check_versions(process, known, new)
        for known in reversed(new):
            relocate_glibc(process, known, scope, room)
    _check_asan(process, new)
    _check_thread(process, plugin)
    libraries = tuple(known.library for known in new if known.library is not None)
    return DlopenResult(
        Status.LOADED,
        needed_loaded=libraries,
        evidence=room.taken() if room is not None and not process.libc.musl else EMPTY,
    )


# -- what the constructors of new objects make of the process ---------------------------------------------------------


def _check_asan(process: Process, new: Sequence[Object]) -> None:
    """The constructor of libasan ends the process when it was not there from the start; a static one goes on."""
    for known in () if process.libc.static else new:
        if known.base.startswith("libasan.so"):
            raise process_dies(ASAN, Failure.SANITIZER, {"library": known.path})
    plugin = new[0]
    if plugin.elf is None or not any(name.startswith("libasan.so") for name in plugin.elf.needed):
        return
    guarded = [name for name in GUARDED if name in plugin.exports]
    for known in process.objects:
        if known.library is None and (both := [name for name in guarded if name in known.exports]):
            raise process_dies(ODR, Failure.SANITIZER, {"symbol": both[0], "first": known.path})


def _check_thread(process: Process, plugin: Binary) -> None:
    """A static process gets a second C library, which is not fit to start the thread of a c-shared library's Go.

    `runtime/cgo/gcc_libinit.c`, `x_cgo_sys_thread_create`; measured with glibc 2.36.
    """
    if process.libc.static and plugin.go is not None and plugin.go.kind == "c-shared":
        raise process_dies(SIGSEGV, Failure.STATIC_HOST)


REASONS = {"format": "Exec format error", "busy": "Resource busy", "memory": "Out of memory"}
"""What musl says of a library that it cannot map."""


def map_objects(process: Process, first: Object) -> list[Object]:
    """What comes into the process. Raises `Refused` or `Ended`."""
    new = [first]
    names, inodes = set(first.names), {known.inode for known in (*process.objects, first)}
    for parent in new:
        for name in parent.elf.needed if parent.elf else ():
            if process.named(name) or name in names:
                continue
            child = _map_one(process, name, parent)
            if child.inode not in inodes:
                new.append(child)
                names |= child.names
                inodes.add(child.inode)
    return new


def _map_one(process: Process, name: str, parent: Object) -> Object:
    found = process.find(name, parent)
    mixed = Failure.OTHER_LIBC if only_in_the_other(name, process.libc) else None
    evidence = {"library": name, "needed_by": parent.path}
    if isinstance(found, Unknown):
        raise not_known(f"{parent.base} needs {name}, and {found.reason}", mixed or Failure.LIBRARY, evidence)
    if isinstance(found, Absent):
        raise _absent(process, name, parent, found, mixed)
    _check(process, name, parent, found, mixed)
    if found.binary.elf is None or found.binary.damage is not None:
        text = f"{found.binary.path}: {found.binary.damage or 'cannot be read'}"
        raise not_known(text, Failure.LIBRARY, evidence)
    return of_library(name, found, parent, process.libc)


def _absent(process: Process, name: str, parent: Object, found: Absent, mixed: Failure | None) -> Refused:
    """What the C library says of a name to which the search has no file."""
    evidence = {"library": name, "needed_by": parent.path}
    if process.libc.musl:
        fields = {"name": name, "path": parent.path, "reason": "No such file or directory"}
        return Refused("needed", fields, evidence, mixed)
    if found.wrong_class:
        other = "64" if process.host.elf_class == 32 else "32"
        return Refused("class", {"name": name, "other": other}, evidence, mixed or Failure.LIBRARY)
    return Refused("missing", {"name": name}, evidence, mixed)


def _check(process: Process, name: str, parent: Object, found: Library, mixed: Failure | None) -> None:
    """The checks of a library's own file; whatever is wrong with it, the failure is the library's."""
    check = musl.check_file if process.libc.musl else glibc.check_file
    try:
        check(found.binary, found.binary.path, name, process.host, process.libc)
    except Refused as refused:
        evidence = {"library": name, "needed_by": parent.path, "found": found.binary.path}
        key, fields = refused.key, refused.fields
        if process.libc.musl:
            key, fields = "needed", {"name": name, "path": parent.path, "reason": REASONS[refused.key]}
        raise Refused(key, fields, evidence, mixed or Failure.LIBRARY, refused.exact) from None


def check_versions(process: Process, known: Object, new: Sequence[Object]) -> None:
    """Raises `Refused` or `Ended` for a version that is not there (`_dl_check_map_versions`)."""
    elf = known.elf
    if elf is None:
        return
    files = {need.file for need in elf.version_needs if not need.weak}
    libraries = {
        file: process.named(file) or next((other for other in new if file in other.names), None) for file in files
    }
    defined = {
        file: frozenset(library.elf.version_definitions) if library and library.elf else frozenset[str]()
        for file, library in libraries.items()
    }
    for need in elf.version_needs:
        library = libraries.get(need.file)
        if library is None or need.weak:
            continue
        if library.elf is None:
            _assume(process, known, need.file, need.version)
        elif library.elf.version_definitions and need.version not in defined[need.file]:
            raise _missing(known, library, library.elf, need.version)
    _check_relr(process, known, elf)


def _missing(known: Object, library: Object, elf: Elf, version: str) -> Refused:
    fields = {"library": library.path, "version": version, "path": known.path}
    why = Failure.OLDER_LIBC if version.startswith("GLIBC_") else Failure.LIBRARY
    available = highest(elf.version_definitions) or elf.version_definitions[-1]
    evidence = {"library": library.path, "version": version, "available": available, "needed_by": known.path}
    return Refused("symbol-version", fields, evidence, why)


def _check_relr(process: Process, known: Object, elf: Elf) -> None:
    marked = any(need.version == "GLIBC_ABI_DT_RELR" for need in elf.version_needs)
    libc = any(name.startswith("libc.so.") for name in elf.needed)
    if elf.relr and elf.version_needs and libc and not marked and has_check("relr", process.libc.version):
        raise Refused("relr", {"path": known.path})


def _assume(process: Process, known: Object, file: str, version: str) -> None:
    """A version of a library that is not known is there when the host itself needs it, or a later one of glibc."""
    host_needs = process.host_versions.get(file, {})
    if version in host_needs:
        return
    wanted = glibc_version(version)
    latest = max(filter(None, host_needs.values()), default=None)
    if wanted is not None and latest is not None and wanted <= latest:
        return
    text = f"{known.base} needs {version} of {file}, and what the host finds there is not known"
    raise not_known(text, Failure.OLDER_LIBC, {"library": file, "version": version, "needed_by": known.path})
