"""`read(path)`: the facts of one file, by the decoders of `elf` and `golang`; `sniff`: what it is by its first bytes.

A damaged file still has facts: `damage` says what is wrong, and what could be read before is kept, because `dlopen`
may refuse the file for a reason that is plain all the same.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from gopluck.elf.dynamic import Dynamic
from gopluck.elf.image import Image, image_of, open_regular, read_at
from gopluck.errors import MalformedFile
from gopluck.facts import details
from gopluck.facts.elffacts import read_elf, read_skeleton
from gopluck.facts.model import Binary, Elf, Go, Identity
from gopluck.golang import buildinfo, cgo, kind, layouts, pclntab, release, types
from gopluck.golang.coverage import covered_packages
from gopluck.golang.moduledata import Moduledata, read_moduledata
from gopluck.golang.records import BuildInfo, ModuledataFacts

_MAGIC = (
    (b"\x7fELF", "elf"),
    (b"\xfe\xed\xfa\xce", "mach-o"),
    (b"\xfe\xed\xfa\xcf", "mach-o"),
    (b"\xce\xfa\xed\xfe", "mach-o"),
    (b"\xcf\xfa\xed\xfe", "mach-o"),
    (b"\xca\xfe\xba\xbe", "mach-o"),
    (b"\xca\xfe\xba\xbf", "mach-o"),
    (b"MZ", "pe"),
    (b"!<arch>\n", "ar"),
    (b"!<thin>\n", "ar"),
)
"""`mach-o/loader.h`, `mach-o/fat.h`, PE's DOS stub, `ar.h`."""

_CONTROL = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b") | {127})


def sniff(head: bytes, size: int) -> str:
    """The format of a file: `elf`, `mach-o`, `pe`, `ar`, `empty`, `text` or `data`.

    `head` are its first bytes (64 are enough; more make `text` surer), `size` is its length in bytes. `elf` only says
    that the magic number is there.
    """
    if size == 0 or not head:
        return "empty"
    for magic, name in _MAGIC:
        if head.startswith(magic):
            # A Java class file shares the magic of a fat Mach-O; its version stands where a fat file counts its parts.
            if magic[:3] == b"\xca\xfe\xba" and int.from_bytes(head[4:8], "big") > 30:
                return "data"
            return name
    if head.translate(None, _CONTROL) != head:
        return "data"
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        # A character may be cut where the head ends.
        return "text" if error.start >= len(head) - 3 and len(head) < size else "data"
    return "text"


HEAD = 4096
"""Bytes from the start of a file that tell its format."""

UPX = b"UPX!"
"""The magic of UPX's `l_info`, right behind the program headers of a packed file."""


def read(path: str, content: str | None = None) -> Binary:
    """The facts of a file. Raises `UnreadableFile`, and `MalformedFile` for a damaged manifest.

    `content`: where its content is, if not at `path`, which is then only its name.

    What decides about loading is read now; evidence, and what few checks need, when it is asked for: the file stays
    open as long as its facts are there.
    """
    fd, size = open_regular(content or path)
    try:
        head = read_at(path, fd, 0, HEAD)
        form = sniff(head, size)
        binary = Binary(path, size, identity(content or path, fd), form, packed=form == "elf" and UPX in head)
        if form == "elf":
            image = image_of(path, fd, size)
            fd = -1
            return _read_image(image, binary)
        return _manifest(binary, fd, head) or binary
    except MalformedFile as error:
        if form != "elf":
            raise
        # The header cannot be used, but the dynamic linker still says what is wrong with it.
        wide = {1: 32, 2: 64}.get(head[4], 0) if len(head) > 5 else 0
        order = {1: "little", 2: "big"}.get(head[5], "unknown") if len(head) > 5 else "unknown"
        bare = Elf(head[:64], elf_class=wide, byte_order=order, machine=0, type=0, goarch="unknown")
        return binary._replace(elf=bare, damage=_reason(error, path))
    finally:
        if fd >= 0:
            os.close(fd)


def _manifest(binary: Binary, fd: int, head: bytes) -> Binary | None:
    """The facts of a host manifest; None for another file. Raises `MalformedFile`."""
    if head.lstrip()[:1] != b"{":
        return None
    from gopluck.facts import manifest

    if not manifest.is_manifest(head):
        return None
    path, size = binary.path, binary.size
    if size > manifest.MAX_SIZE:
        raise MalformedFile(f"{path}: is a host manifest of {size} bytes; gopluck reads up to {manifest.MAX_SIZE}")
    return manifest.parse(read_at(path, fd, 0, size), path, binary.identity)


def read_whole(binary: Binary) -> Binary:
    """The facts, with `damage` also where it lies in what a check would read only when it is needed."""
    try:
        whole = [binary.go.link_hashes if binary.go else (), binary.elf.c_exports if binary.elf else ()]
        sum(map(len, whole))
    except MalformedFile as error:
        return binary._replace(damage=binary.damage or _reason(error, binary.path))
    return binary


def _text_address(module: ModuledataFacts | None, image: Image) -> int:
    """`runtime.text`, as the module data has it; 0 when it is not known."""
    if module is None:
        return 0
    at, size = layouts.layout(module.layout, image.word_size)["text"], image.word_size
    return int.from_bytes(module.memory[0].data[at : at + size], image.order)


def identity(path: str, fd: int) -> Identity:
    """What tells the file that is open at a descriptor from others, whatever its path."""
    found = os.fstat(fd)
    return Identity(os.path.realpath(path), f"{found.st_dev}:{found.st_ino}")


def _reason(error: MalformedFile, path: str) -> str:
    return str(error).removeprefix(f"{path}: ")


def _read_image(image: Image, binary: Binary) -> Binary:
    try:
        elf = read_skeleton(image)
        binary = binary._replace(elf=elf)
        dynamic = Dynamic(image)
        elf = read_elf(elf, dynamic)
        binary = binary._replace(elf=elf)
        go = _read_go(dynamic)
        if go is not None and go.kind == "plugin":
            elf = elf._replace(c_functions=cgo.own_functions(dynamic))
        return binary._replace(elf=elf, go=go)
    except MalformedFile as error:
        return binary._replace(damage=_reason(error, binary.path))


def _read_go(dynamic: Dynamic) -> Go | None:
    image, relocations = dynamic.image, dynamic.relocations
    info = buildinfo.read_build_info(relocations)
    tables = pclntab.find_pclntabs(image)
    if info is None and not tables:
        return None
    text = info.go_version if info else _build_version(dynamic)
    module = _module(dynamic, text, tables)
    file = details.GoFile(dynamic, tables, info, module)
    last = dynamic.symbol("runtime.lastmoduledatap")
    exported = types.exported_symbols(image, module) if module else ()
    what = kind.kind_of(dynamic, info, file.pluginpath, tables)
    if what == "c-shared" and text == "unknown":
        what = "unknown"  # garble leaves nothing that tells a plugin from a library for C
    symbol_types, named_types = details.types(file)
    support = pclntab.plugin_support(dynamic, tables) if what != "plugin" else "none"
    facts = ModuledataFacts(module.layout.name, module.memory, module.told_by) if module else None
    return Go(
        kind=what,
        version=text,
        build_info=info,
        plugin_support=support,
        exports_moduledata=last is not None,
        joins_module_list=last is not None and relocations.takes(last),
        pluginpath=file.pluginpath,
        pkghashes=module.pkghashes if module else (),
        link_hashes=details.link_hashes(file),
        exported=exported,
        missing_symbols=types.missing_symbols(dynamic, module, exported) if module else (),
        moduledata=facts,
        sources=details.sources(file),
        compile_flags=details.compile_flags(image),
        declared=details.declared(file),
        covered=details.read_or(None, covered_packages, dynamic, tables),
        code=details.Code(file, _text_address(facts, image)),
        tested=details.read_or("", _tested, image, tables, what, info),
        symbol_types=symbol_types,
        named_types=named_types,
        lookups=details.lookups(file, text) if support == "dlopen" else None,
        compiler="" if text else details.compiler(image),
        build_id=_build_id(image) if what == "plugin" else "",
    )


MAX_BUILD_ID = 256


def _build_id(image: Image) -> str:
    """The note of `cmd/internal/buildid` (name `Go`, type 4), by its section."""
    section = image.sections.get(".note.go.buildid")
    data = image.pread(section.offset, 16 + MAX_BUILD_ID) if section is not None else b""
    size = int.from_bytes(data[4:8], image.order)
    text = data[16 : 16 + size].decode("latin-1") if data[12:16] == b"Go\0\0" and size <= MAX_BUILD_ID else ""
    return text if text.isprintable() else ""


def _build_version(dynamic: Dynamic) -> str:
    """`runtime.buildVersion` of a host that exports it, where the build info was removed; else empty."""
    symbol = dynamic.symbol("runtime.buildVersion")
    try:
        text = dynamic.relocations.text(symbol.value, release.MAX_VERSION).decode("utf-8", "replace") if symbol else ""
    except MalformedFile:
        return ""
    return text if text.isprintable() else ""


def _module(dynamic: Dynamic, text: str, tables: tuple[pclntab.Pclntab, ...]) -> Moduledata | None:
    """The `moduledata`, by the Go version `text`.

    Without one the pclntab tells the releases that it can be, and the only layout among theirs that fits is the file's.
    Plugins and the hosts that can load them tell its size, too, in the symbol `runtime.firstmoduledata` (of a plugin:
    its empty twin).
    """
    headers = [table.address for table in tables]
    if text:
        known = release.of(text)
        if known is not None:
            return read_moduledata(dynamic, known.moduledata, headers)
        return _unseen(dynamic, headers)
    names = dict.fromkeys(one.moduledata for one in release.with_pclntab(tables[0].form)) if tables else {}
    found = [read_moduledata(dynamic, name, headers) for name in names]
    symbol = dynamic.symbol("runtime.firstmoduledata")
    sizes = {symbol.size} if symbol else {layouts.layout(name, dynamic.image.word_size).size for name in names}
    fitting = [one for one in found if one is not None and one.layout.size in sizes]
    return fitting[0] if len(fitting) == 1 else _unseen(dynamic, headers)


def _unseen(dynamic: Dynamic, headers: Sequence[int]) -> Moduledata | None:
    """The `moduledata` of a release that has no row."""
    from gopluck.golang import unseen

    return unseen.by_dwarf(dynamic, headers) or unseen.by_code(dynamic, headers)


def _tested(image: Image, tables: Sequence[pclntab.Pclntab], what: str, info: BuildInfo | None) -> str:
    """The package under test of a test binary whose build info has no path: the only one that has tests of its own."""
    if what != "test" or (info is not None and info.path):
        return ""
    from gopluck.golang.sources import package_of

    found = {package_of(name) for name in kind.test_functions(image, tables)}
    own = [path for path in found if path.partition("/")[0] not in release.STD and not path.endswith("_test")]
    return own[0] if len(own) == 1 else ""
