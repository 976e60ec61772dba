"""`read(path)`: the facts of one file, by the decoders of `elf` and `golang`.

A damaged file still has facts: `damage` says what is wrong, and what could be read before is kept, because `dlopen`
may refuse the file for a reason that is plain all the same.
"""

from __future__ import annotations

import os
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Literal

from gopluck.elf.dynamic import Dynamic
from gopluck.elf.image import Image, open_image, open_regular, read_at
from gopluck.elf.relocations import Relocations
from gopluck.errors import MalformedFile, UnreadableFile
from gopluck.facts.elffacts import read_elf, read_skeleton
from gopluck.facts.fileformat import sniff
from gopluck.facts.model import Binary, CFunction, Elf, FunctionCode, Go, Identity, ModuledataFacts
from gopluck.golang import buildinfo, cgo, kind, layouts, linkhash, pclntab, types, version
from gopluck.golang.moduledata import Moduledata, read_moduledata

HEAD = 4096
"""Bytes from the start of a file that tell its format."""

MAX_VERSION = 128
"""Bytes of a Go version text."""

UPX = b"UPX!"
"""The magic of UPX's `l_info`, right behind the program headers of a packed file."""


def read(
    path: str,
    *,
    evidence: bool = True,
    exports: bool = True,
    only: frozenset[str] | None = None,
    known: Container[str] = (),
) -> Binary:
    """The facts of a file. Raises `UnreadableFile`, and `MalformedFile` for a damaged manifest.

    `evidence=False` leaves out what only an explanation needs (`Go.sources`, `Go.compile_flags`, `Go.covered`);
    `with_evidence` adds it later. `exports=False` leaves out `Elf.c_exports`. `only`: the packages whose link hashes
    are wanted (all by default; of a plugin always those that it expects). `known`: packages whose link hashes are not
    wanted of a plugin, because the only process that it is opened in has them from the host.
    """
    fd, size = open_regular(path)
    try:
        identity = _identity(path, fd)
        head = read_at(path, fd, 0, HEAD)
        if head.lstrip()[:1] == b"{":
            from gopluck.facts import manifest

            if manifest.is_manifest(head) and size <= manifest.MAX_SIZE:
                text = read_at(path, fd, 0, size).decode("utf-8", "replace")
                return manifest.parse(text, path, identity)
    finally:
        os.close(fd)
    form = sniff(head, size)
    binary = Binary(path, size, identity, form, packed=form == "elf" and UPX in head)
    if form != "elf":
        return binary
    try:
        image = open_image(path)
    except MalformedFile as error:
        # The header cannot be used, but the dynamic linker still says what is wrong with it.
        wide = {1: 32, 2: 64}.get(head[4], 0) if len(head) > 5 else 0
        order = {1: "little", 2: "big"}.get(head[5], "unknown") if len(head) > 5 else "unknown"
        bare = Elf(head[:64], elf_class=wide, byte_order=order, machine=0, type=0, goarch="unknown")
        return binary._replace(elf=bare, damage=_reason(error, path))
    with image:
        return _read_image(image, binary, evidence, exports, only, known)


def with_evidence(binary: Binary, *, only: frozenset[str] | None = None, flags: bool = True) -> Binary:
    """The same facts with what an explanation needs; the file is read again for it.

    `only`: the packages whose sources are wanted. `flags=False` leaves out the compile flags: they are looked at only
    where both sides have them.
    """
    if binary.go is None or binary.format != "elf" or binary.go.sources:
        return binary
    try:
        with open_image(binary.path) as image:
            return binary._replace(go=_evidence(image, Dynamic(image), binary.go, only, flags))
    except MalformedFile:
        return binary


def with_hashes(binary: Binary, packages: Iterable[str]) -> Binary:
    """The same facts with the link hashes of these packages, too; the file is read again for it."""
    wanted = frozenset(packages)
    if binary.go is None or binary.format != "elf" or not wanted:
        return binary
    try:
        with open_image(binary.path) as image:
            found = linkhash.read_link_hashes(image, Dynamic(image), wanted)
    except MalformedFile:
        return binary
    return binary._replace(go=binary.go._replace(link_hashes={**binary.go.link_hashes, **found}))


class Everything:
    """A collection that holds whatever is looked for."""

    def __contains__(self, item: object) -> bool:
        return True


def with_declared(binary: Binary, names: Iterable[str]) -> Binary:
    """The same facts with what these names are in a plugin's main package; the file is read again for it."""
    from gopluck.golang.declared import declared

    if binary.go is None or binary.go.moduledata is None or binary.format != "elf":
        return binary
    try:
        with open_image(binary.path) as image:
            dynamic = Dynamic(image)
            tables = pclntab.find_pclntabs(image)
            headers = [table.address for table in tables]
            release = binary.go.moduledata.layout
            module = read_moduledata(image, dynamic, Relocations(image, dynamic), release, headers)
            found = declared(image, dynamic, tables, module, names) if module else {}
    except (MalformedFile, UnreadableFile):
        return binary
    return binary._replace(go=binary.go._replace(declared=found))


def with_code(
    binary: Binary,
    packages: frozenset[str],
    *,
    lines: bool = True,
    like: Mapping[str, Iterable[str]] | None = None,
) -> Binary:
    """The same facts with the lines of the functions of these packages; unchanged for other files.

    `lines=False` leaves out all but the first line of each. `like`: only functions of these names are wanted; they are
    looked up where the file exports any of them.
    """
    if binary.go is None or binary.format != "elf" or not packages or binary.go.code is not None:
        return binary
    from gopluck.golang.code import read_code, read_like

    try:
        with open_image(binary.path) as image:
            tables = pclntab.find_pclntabs(image)
            text = _text_address(binary.go.moduledata, image)
            code = read_like(image, Dynamic(image), tables, text, like, lines=lines) if like and text else {}
            if not code:
                wanted = packages if like is None else packages.intersection(like)
                code = read_code(image, tables, wanted, lines=lines)
    except (MalformedFile, UnreadableFile):
        return binary
    return binary._replace(go=binary.go._replace(code=code))


def with_last_lines(binary: Binary, shared: Mapping[str, Mapping[str, FunctionCode]]) -> Binary:
    """The same facts with the lines of the last function of each source file, of those that another file has, too.

    A function that is longer moves those behind it, so that only the last has to be looked at for its own length.
    """
    go = binary.go
    if go is None or binary.format != "elf" or not go.code:
        return binary
    from gopluck.golang.code import read_like

    last = {
        package: [name for name in _last_of_each_file(functions, shared.get(package, {})) if not functions[name].lines]
        for package, functions in go.code.items()
    }
    if not any(last.values()):
        return binary
    try:
        with open_image(binary.path) as image:
            text = _text_address(go.moduledata, image)
            found = read_like(image, Dynamic(image), pclntab.find_pclntabs(image), text, last, lines=True)
    except (MalformedFile, UnreadableFile):
        return binary
    code = {package: {**functions, **found.get(package, {})} for package, functions in go.code.items()}
    return binary._replace(go=go._replace(code=code))


def _last_of_each_file(functions: Mapping[str, FunctionCode], shared: Mapping[str, FunctionCode]) -> list[str]:
    last: dict[str, str] = {}
    for name, function in functions.items():
        if name not in shared:
            continue
        if function.file not in last or functions[last[function.file]].start < function.start:
            last[function.file] = name
    return list(last.values())


def _text_address(module: ModuledataFacts | None, image: Image) -> int:
    """`runtime.text`, as the module data has it; 0 when it is not known."""
    if module is None:
        return 0
    at, size = layouts.layout(module.layout, image.word_size)["text"], image.word_size
    order: Literal["little", "big"] = "little" if image.header.byte_order == "<" else "big"
    return int.from_bytes(module.memory[0].data[at : at + size], order)


def with_sources(binary: Binary, only: frozenset[str]) -> Binary:
    """The same facts with the source directories of these packages; the file is read again for it."""
    from gopluck.golang.sources import read_sources

    if binary.go is None or binary.format != "elf" or binary.go.sources:
        return binary
    try:
        with open_image(binary.path) as image:
            found = read_sources(image, pclntab.find_pclntabs(image), only, only, binary.go.build_info)
    except (MalformedFile, UnreadableFile):
        return binary
    return binary._replace(go=binary.go._replace(sources=found))


def with_c_defined(binary: Binary, functions: Iterable[CFunction]) -> Binary:
    """The same facts with those of another file's C functions that this one defines, too; the file is read again."""
    if binary.elf is None or binary.format != "elf":
        return binary
    try:
        with open_image(binary.path) as image:
            found = cgo.defined(Dynamic(image), functions)
    except (MalformedFile, UnreadableFile):
        return binary
    return binary._replace(elf=binary.elf._replace(c_defined=found))


def _identity(path: str, fd: int) -> Identity:
    found = os.fstat(fd)
    return Identity(os.path.realpath(path), f"{found.st_dev}:{found.st_ino}")


def _reason(error: MalformedFile, path: str) -> str:
    return str(error).removeprefix(f"{path}: ")


def _read_image(
    image: Image, binary: Binary, evidence: bool, exports: bool, only: frozenset[str] | None, known: Container[str]
) -> Binary:
    try:
        binary = binary._replace(elf=read_skeleton(image))
        dynamic = Dynamic(image)
        binary = binary._replace(elf=read_elf(image, dynamic, exports=exports))
        relocations = Relocations(image, dynamic)
        go = _read_go(image, dynamic, relocations, only, known)
        if go is not None and evidence:
            go = _evidence(image, dynamic, go, None, flags=True)
        if go is not None and go.kind == "plugin" and binary.elf is not None:
            functions = cgo.own_functions(dynamic, relocations)
            binary = binary._replace(elf=binary.elf._replace(c_functions=functions))
        return binary._replace(go=go)
    except MalformedFile as error:
        return binary._replace(damage=_reason(error, binary.path))


def _read_go(
    image: Image, dynamic: Dynamic, relocations: Relocations, only: frozenset[str] | None, known: Container[str]
) -> Go | None:
    info = buildinfo.read_build_info(image, relocations)
    tables = pclntab.find_pclntabs(image)
    if info is None and not tables:
        return None
    text = info.go_version if info else _build_version(image, dynamic, relocations)
    release, module = _module(image, dynamic, relocations, text, tables)
    pkghashes = module.pkghashes if module else ()
    wanted = None
    if only is not None:
        wanted = only.union(package.path for package in pkghashes if package.path not in known)
    last = dynamic.symbol("runtime.lastmoduledatap")
    pluginpath = module.pluginpath if module else ""
    exported = types.exported_symbols(image, module, release) if module and release else ()
    what = kind.kind_of(image, dynamic, info, pluginpath, tables)
    return Go(
        kind=what,
        version=text,
        build_info=info,
        plugin_support=pclntab.plugin_support(image, dynamic, tables) if what != "plugin" else "none",
        exports_moduledata=last is not None,
        joins_module_list=last is not None and relocations.takes(last),
        pluginpath=pluginpath,
        pkghashes=pkghashes,
        link_hashes=linkhash.read_link_hashes(image, dynamic, wanted),
        exported=exported,
        missing_symbols=types.missing_symbols(dynamic, module, exported) if module else (),
        moduledata=ModuledataFacts(module.layout.name, module.address, (module.memory,)) if module else None,
    )


def _build_version(image: Image, dynamic: Dynamic, relocations: Relocations) -> str:
    """`runtime.buildVersion` of a host that exports it, where the build info was removed; else empty."""
    symbol = dynamic.symbol("runtime.buildVersion")
    try:
        text = relocations.text(symbol.value, MAX_VERSION).decode("utf-8", "replace") if symbol else ""
    except MalformedFile:
        return ""
    return text if text.isprintable() else ""


def _module(
    image: Image, dynamic: Dynamic, relocations: Relocations, text: str, tables: tuple[pclntab.Pclntab, ...]
) -> tuple[tuple[int, int] | None, Moduledata | None]:
    """The release and the `moduledata`, by the Go version `text`.

    Without one the pclntab tells the releases that it can be, and the only layout among theirs that fits is the file's:
    the release then is the first of those that have the layout. Plugins and the hosts that can load them tell its size,
    too, in the symbol `runtime.firstmoduledata` (of a plugin: its empty twin).
    """
    headers = [table.address for table in tables]
    release = version.minor(text)
    if text:
        known = layouts.RELEASES.get(release) if release else None
        return release, read_moduledata(image, dynamic, relocations, known, headers) if known else None
    found: dict[str, tuple[tuple[int, int], Moduledata | None]] = {}
    for candidate in version.PCLNTAB_RELEASES.get(tables[0].form, ()) if tables else ():
        layout = layouts.RELEASES[candidate]
        if layout not in found:
            found[layout] = candidate, read_moduledata(image, dynamic, relocations, layout, headers)
    symbol = dynamic.symbol("runtime.firstmoduledata")
    sizes = {symbol.size} if symbol else {layouts.layout(name, image.word_size).size for name in found}
    fitting = [(candidate, one) for candidate, one in found.values() if one is not None and one.layout.size in sizes]
    return fitting[0] if len(fitting) == 1 else (None, None)


def _evidence(image: Image, dynamic: Dynamic, go: Go, only: frozenset[str] | None, flags: bool) -> Go:
    from gopluck.golang import dwarf
    from gopluck.golang.coverage import covered_packages
    from gopluck.golang.sources import read_sources

    tables = pclntab.find_pclntabs(image)
    names = linkhash.read_packages(dynamic)
    wanted = names.union(package.path for package in go.pkghashes) if only is None else only
    return go._replace(
        packages=names,
        sources=read_sources(image, tables, wanted, only, go.build_info),
        compile_flags=dwarf.compile_flags(image) if flags else None,
        covered=covered_packages(image, dynamic, tables),
        tested=_tested(image, tables, go),
    )


def _tested(image: Image, tables: Sequence[pclntab.Pclntab], go: Go) -> str:
    """The package under test of a test binary whose build info has no path: the only one that has tests of its own."""
    if go.kind != "test" or (go.build_info is not None and go.build_info.path):
        return ""
    from gopluck.golang.sources import STD, package_of

    found = {package_of(name) for name in kind.test_functions(image, tables)}
    own = [path for path in found if path.partition("/")[0] not in STD and not path.endswith("_test")]
    return own[0] if len(own) == 1 else ""
