"""The host manifest: a small JSON document that stands in for a host binary (`docs/manifest.md`).

A format of its own with a version, not a dump of `Binary`: what a plugin's load depends on, and the evidence that
explains a failure. `parse(dumps(host))` gives a `Binary` with which every check has the same verdict and text.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from gopluck.elf.constants import PF_X, PT_GNU_STACK, PT_TLS
from gopluck.elf.image import Segment
from gopluck.elf.symbols import Undefined
from gopluck.elf.versions import VersionNeed
from gopluck.errors import MalformedFile, Usage
from gopluck.facts.model import Binary, Elf, Go, Identity
from gopluck.facts.published import module_paths, without_paths
from gopluck.golang.layouts import MINIMUM_WINDOW_WORDS, is_layout
from gopluck.golang.records import AssertedType, BuildInfo, LookedUp, Memory, Module, ModuledataFacts

FORMAT = "gopluck-host-manifest"
VERSION = 1
MAX_SIZE = 8 << 20
"""Bytes of a manifest that are read at the most (that of telegraf, with 3,349 packages, would have some 500 KB)."""

MAX_VALUES = 1 << 19
"""Commas in one, strings included: each value in it takes more room than its text."""

MAX_NESTED = 1 << 17
"""Brackets and braces in one."""

_ADDRESS = 0x40_0000
"""Where a manifest's host has its `moduledata`: any address serves, since only its own fields are looked at there."""


def dumps(host: Binary, *, paths: bool = True) -> str:
    """The manifest of a host. The same host gives the same bytes. Raises `Usage` when the file is no Go host.

    `paths=False`: without the directories of the machine that built it (`without_paths`).
    """
    if host.damage is not None:
        raise MalformedFile(f"{host.path}: {host.damage}")
    go, elf = host.go, host.elf
    if go is None or elf is None or go.kind == "plugin":
        raise Usage(f"{host.path}: is not a Go host program: a manifest describes the program that opens the plugins")
    if go.obfuscated:
        raise Usage(f"{host.path}: is obfuscated (garble): nothing that a manifest has to say of it is certain")
    if not paths:
        go = without_paths(go)
    info = go.build_info
    document: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "paths": "keep" if paths else "drop",
        "go": {
            "version": go.version,
            "kind": go.kind,
            "plugin_support": go.plugin_support,
            "exports_moduledata": go.exports_moduledata,
            "moduledata_layout": go.moduledata.layout if go.moduledata else None,
        },
        "elf": _elf(elf),
        **_library(host),
        "build": _build(info) if info else None,
        "packages": dict(go.link_hashes),
        "sources": _sources(go),
        "compile_flags": _flags(go.compile_flags),
        "tested": go.tested,
        "covered": None if go.covered is None else sorted(go.covered),
        "lookups": None if go.lookups is None else [_lookup(one) for one in go.lookups],
    }
    text = _lines(document)
    if len(text) > MAX_SIZE:
        raise MalformedFile(f"{host.path}: its manifest would have {len(text)} bytes, and {MAX_SIZE} can be read")
    return text


def _elf(elf: Elf) -> dict[str, Any]:
    versions = {"version_definitions": list(elf.version_definitions)} if elf.version_definitions else {}
    return {
        "goarch": elf.goarch,
        "machine": elf.machine,
        "class": elf.elf_class,
        "byte_order": elf.byte_order,
        "type": elf.type,
        "interp": elf.interp,
        "needed": list(elf.needed),
        "rpath": elf.rpath,
        "runpath": elf.runpath,
        "version_needs": [[need.file, need.version, need.weak] for need in elf.version_needs],
        **versions,
        **({"executable_stack": True} if elf.executable_stack else {}),
        "sections": list(elf.sections),
        "tlsg": elf.tlsg,
        "tls": next((_block(s) for s in elf.segments if s.type == PT_TLS and s.memsz), None),
        "c_symbols": sorted(elf.c_exports or ()),
        "needs_symbols": [[one.name, one.version, one.file, one.weak] for one in elf.undefined],
    }


def _library(host: Binary) -> dict[str, Any]:
    """The library that holds the Go of a C program; nothing for another host."""
    if host.library is None or host.library.elf is None:
        return {}
    name = host.library.path.rpartition("/")[2]
    return {"library": {"name": name, "program_known": host.program_known, "elf": _elf(host.library.elf)}}


def is_manifest(head: bytes) -> bool:
    """Whether a file that starts like this claims to be a manifest."""
    return head.lstrip()[:1] == b"{" and FORMAT.encode() in head


def parse(data: bytes, path: str, identity: Identity) -> Binary:
    """The host that a manifest describes. Raises `MalformedFile` with what is wrong with it."""
    return _binary(_validated(data, path), len(data), path, identity)


def _validated(data: bytes, path: str) -> Mapping[str, Any]:
    """A document that is what the schema says: nothing looks at one that is not."""
    if data.count(b",") > MAX_VALUES or data.count(b"[") + data.count(b"{") > MAX_NESTED:
        raise MalformedFile(f"{path}: is a host manifest with more values than gopluck reads")
    try:
        document = json.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise MalformedFile(f"{path}: is not a JSON document: {error}") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise MalformedFile(f'{path}: is not a host manifest (no "format": "{FORMAT}")')
    version = document.get("version")
    if version != VERSION or isinstance(version, bool):
        raise MalformedFile(
            f"{path}: is a host manifest of version {repr(version)[:20]}; this gopluck reads version {VERSION}"
        )
    if _HALF.search(data) is not None and _HALVES.search(json.dumps(document, ensure_ascii=False)) is not None:
        raise MalformedFile(f"{path}: is a damaged host manifest: it has half of a character")
    from gopluck.facts.schema import manifest_error

    if (wrong := manifest_error(document)) is not None:
        raise MalformedFile(f"{path}: is a damaged host manifest: {wrong}")
    return document


_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
_HALVES = re.compile("[\ud800-\udc7f\udd00-\udfff]")
"""Surrogates without their other half, but those that stand for a byte that is no UTF-8 (`surrogateescape`)."""


def _binary(document: Mapping[str, Any], size: int, path: str, identity: Identity) -> Binary:
    go, elf = document["go"], _parse_elf(document["elf"])
    word = elf.elf_class // 8
    named = go["moduledata_layout"]
    layout = named if named is not None and is_layout(named, word) else None
    build = document["build"]
    info = _build_info(build, go["version"]) if build else None
    packages = document["packages"]
    return Binary(
        path=path,
        size=size,
        identity=identity,
        format="manifest",
        elf=elf,
        go=Go(
            kind=go["kind"],
            version=go["version"],
            build_info=info,
            plugin_support=go["plugin_support"],
            exports_moduledata=go["exports_moduledata"],
            joins_module_list=False,
            pluginpath="",
            pkghashes=(),
            link_hashes=packages,
            moduledata=(
                ModuledataFacts(layout, (Memory(_ADDRESS, bytes(MINIMUM_WINDOW_WORDS * word), ()),)) if layout else None
            ),
            sources=_unpack_sources(document["sources"], packages, info),
            compile_flags=_unpack_flags(document["compile_flags"], packages),
            tested=document.get("tested", ""),
            covered=None if document.get("covered") is None else frozenset(document["covered"]),
            lookups=_parse_lookups(document.get("lookups")),
        ),
        library=_parse_library(document.get("library")),
        program_known=document.get("library", {}).get("program_known", True),
    )


def _parse_elf(elf: Mapping[str, Any]) -> Elf:
    return Elf(
        head=b"",
        elf_class=int(elf["class"]),
        byte_order=elf["byte_order"],
        machine=int(elf["machine"]),
        type=int(elf["type"]),
        goarch=elf["goarch"],
        interp=elf["interp"],
        dynamic=True,
        rpath=elf["rpath"],
        runpath=elf["runpath"],
        needed=tuple(elf["needed"]),
        version_needs=tuple(VersionNeed(*need) for need in elf["version_needs"]),
        version_definitions=tuple(elf.get("version_definitions", ())),
        tlsg=elf["tlsg"],
        segments=(*(_tls(elf["tls"]) if "tls" in elf else ()), *_stack(elf.get("executable_stack", False))),
        sections=tuple(elf["sections"]),
        undefined=tuple(Undefined(name, weak, version, file) for name, version, file, weak in elf["needs_symbols"]),
        c_exports=frozenset(elf["c_symbols"]),
    )


def _parse_library(library: Mapping[str, Any] | None) -> Binary | None:
    name = library["name"] if library else ""
    return Binary(name, 0, Identity(name, ""), "elf", _parse_elf(library["elf"])) if library else None


# -- lookups -------------------------------------------------------------------------------------------------------


def _lookup(one: LookedUp) -> dict[str, Any]:
    return {
        "name": one.name or None,
        "function": one.function,
        "types": [{"type": asserted.type, "interface": asserted.interface or None} for asserted in one.types],
    }


def _parse_lookups(rows: Sequence[Mapping[str, Any]] | None) -> tuple[LookedUp, ...] | None:
    if rows is None:
        return None
    return tuple(
        LookedUp(
            row["name"] or "",
            row["function"],
            tuple(AssertedType(asserted["type"], asserted["interface"] or "") for asserted in row["types"]),
        )
        for row in rows
    )


def _block(tls: Segment) -> list[int]:
    return [tls.memsz, tls.align, tls.vaddr % max(tls.align, 1)]


def _tls(block: list[int] | None) -> tuple[Segment, ...]:
    """The host's thread-local storage; an empty segment says that there is none."""
    size, align, first = block or (0, 1, 0)
    return (Segment(PT_TLS, 0, 0, first, 0, size, align),)


def _stack(executable: bool) -> tuple[Segment, ...]:
    """The header with which a host asks for an executable stack. Nobody looks at another one."""
    return (Segment(PT_GNU_STACK, PF_X, 0, 0, 0, 0, 0),) if executable else ()


# -- build info ------------------------------------------------------------------------------------------------


def _build(info: BuildInfo) -> dict[str, Any]:
    return {
        "path": info.path,
        "main": _module(info.main) if info.main else None,
        "modules": [_module(module) for module in info.deps],
        "settings": [list(pair) for pair in info.settings],
        "dropped": sorted(info.dropped),
    }


def _module(module: Module) -> dict[str, Any]:
    out: dict[str, Any] = {"path": module.path, "version": module.version}
    if module.sum:
        out["sum"] = module.sum
    if module.replace:
        out["replace"] = _module(module.replace)
    return out


def _build_info(build: Mapping[str, Any], version: str) -> BuildInfo:
    return BuildInfo(
        go_version=version,
        path=build["path"],
        main=_parse_module(build["main"]) if build["main"] is not None else None,
        deps=tuple(map(_parse_module, build["modules"])),
        settings=tuple((key, value) for key, value in build["settings"]),
        dropped=frozenset(build["dropped"]),
    )


def _parse_module(value: Mapping[str, Any]) -> Module:
    replace = _parse_module(value["replace"]) if "replace" in value else None
    return Module(value["path"], value["version"], value.get("sum", ""), replace)


# -- source directories: one root for the standard library and each module, and what does not follow from them -----


def _sources(go: Go) -> dict[str, Any]:
    modules = module_paths(go.build_info)
    owners = {package: modules.longest(package) for package in (*go.sources, *go.link_hashes)}
    roots: dict[str, Counter[str]] = {}
    for package, directory in go.sources.items():
        owner = owners[package]
        rest = _rest(package, owner)
        if directory.endswith(rest):
            roots.setdefault(owner, Counter())[directory[: len(directory) - len(rest)]] += 1
    chosen = {owner: min(found, key=lambda root: (-found[root], root)) for owner, found in roots.items()}
    other = {
        package: directory
        for package, directory in go.sources.items()
        if chosen.get(owners[package], "\0") + _rest(package, owners[package]) != directory
    }
    # Packages without functions have no directory; nor has any of a module whose root is not known.
    without = sorted(p for p in go.link_hashes if p not in go.sources and owners[p] in chosen)
    return {
        "standard_library": chosen.pop("", None),
        "modules": dict(sorted(chosen.items())),
        "other": dict(sorted(other.items())),
        "unknown": without,
        "extra": sorted(package for package in go.sources if package not in go.link_hashes and package not in other),
    }


def _unpack_sources(value: Mapping[str, Any], packages: Mapping[str, str], info: BuildInfo | None) -> dict[str, str]:
    modules = module_paths(info)
    roots = dict(value["modules"])
    if value["standard_library"] is not None:
        roots[""] = value["standard_library"]
    other: dict[str, str] = value["other"]
    unknown = set(value["unknown"])
    out: dict[str, str] = {}
    for package in [*packages, *value["extra"]]:
        owner = modules.longest(package)
        if package in other:
            out[package] = other[package]
        elif package not in unknown and owner in roots:
            out[package] = roots[owner] + _rest(package, owner)
    return out | other


def _rest(package: str, owner: str) -> str:
    """What follows the root of the owner in the package's directory."""
    return package[len(owner) :] if owner else package


# -- compile flags ---------------------------------------------------------------------------------------------


def _flags(flags: Mapping[str, str] | None) -> dict[str, Any] | None:
    """The most frequent flags, and the packages that were compiled with others."""
    if flags is None:
        return None
    usual = min(Counter(flags.values()).items(), key=lambda item: (-item[1], item[0]), default=("", 0))[0]
    return {"usual": usual, "other": {name: text for name, text in sorted(flags.items()) if text != usual}}


def _unpack_flags(value: Mapping[str, Any] | None, packages: Mapping[str, str]) -> dict[str, str] | None:
    if value is None:
        return None
    other: dict[str, str] = value["other"]
    return dict.fromkeys(packages, value["usual"]) | other


# -- JSON ------------------------------------------------------------------------------------------------------


def _lines(document: Mapping[str, Any]) -> str:
    """JSON with one line for each field, module and package, so that two manifests can be compared with `diff`."""
    parts = []
    for key, value in document.items():
        if isinstance(value, dict) and value:
            rows = (f"{json.dumps(name)}:{_row(item)}" for name, item in value.items())
            parts.append(f"{json.dumps(key)}:{{\n" + ",\n".join(rows) + "\n}")
        else:
            parts.append(f"{json.dumps(key)}:{_row(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _row(value: Any) -> str:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n" + ",\n".join(_row(item) for item in value) + "]"
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True)
