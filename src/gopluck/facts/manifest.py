"""The host manifest: a small JSON document that stands in for a host binary (`docs/manifest.md`).

A format of its own with a version, not a dump of `Binary`: what a plugin's load depends on, and the evidence that
explains a failure. `parse(dumps(host))` gives a `Binary` with which every check has the same verdict and text.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from gopluck.elf.dynamic import Undefined, VersionNeed
from gopluck.errors import MalformedFile, Usage
from gopluck.facts.model import (
    ELSEWHERE,
    Binary,
    BuildInfo,
    Elf,
    Go,
    Identity,
    Memory,
    Module,
    ModuledataFacts,
)
from gopluck.golang.layouts import LAYOUTS, MINIMUM_WINDOW_WORDS

FORMAT = "gopluck-host-manifest"
VERSION = 1
MAX_SIZE = 4 << 20
"""Bytes of a manifest that are read at the most."""

_ADDRESS = 0x40_0000
"""Where a manifest's host has its `moduledata`: any address serves, since only its own fields are looked at there."""


GOROOT = "/GOROOT/src/"
"""Stands for the directory of the standard library where paths are dropped: which one it was changes no hash."""


def dumps(host: Binary, *, paths: bool = True) -> str:
    """The manifest of a host. The same host gives the same bytes. Raises `Usage` when the file is no Go host.

    `paths=False`: without the directories of the machine that built it (`without_paths`).
    """
    if host.damage is not None:
        raise MalformedFile(f"{host.path}: {host.damage}")
    go, elf = host.go, host.elf
    if go is None or elf is None or go.kind in ("plugin", "c-shared"):
        raise Usage(f"{host.path}: is no Go host program: a manifest describes the program that opens the plugins")
    if not paths:
        go = without_paths(go)
    info = go.build_info
    versions = {"version_definitions": list(elf.version_definitions)} if elf.version_definitions else {}
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
        "elf": {
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
            "sections": list(elf.sections),
            "tlsg": elf.tlsg,
            "c_symbols": sorted(elf.c_exports or ()),
            "needs_symbols": [[one.name, one.version, one.file, one.weak] for one in elf.undefined],
        },
        "build": _build(info) if info else None,
        "packages": dict(go.link_hashes),
        "sources": _sources(go),
        "compile_flags": _flags(go.compile_flags),
        "tested": go.tested,
        "covered": None if go.covered is None else sorted(go.covered),
    }
    return _lines(document)


def is_manifest(head: bytes) -> bool:
    """Whether a file that starts like this claims to be a manifest."""
    return head.lstrip()[:1] == b"{" and FORMAT.encode() in head


def parse(text: str, path: str, identity: Identity) -> Binary:
    """The host that a manifest describes. Raises `MalformedFile` with what is wrong with it."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MalformedFile(f"{path}: is no JSON document: {error}") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise MalformedFile(f'{path}: is no host manifest (no "format": "{FORMAT}")')
    if document.get("version") != VERSION:
        raise MalformedFile(
            f"{path}: is a host manifest of version {document.get('version')!r}; this gopluck reads version {VERSION}"
        )
    try:
        return _binary(document, len(text), path, identity)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"field {error} is missing" if isinstance(error, KeyError) else str(error)
        raise MalformedFile(f"{path}: is a damaged host manifest: {what}") from None


def _binary(document: Mapping[str, Any], size: int, path: str, identity: Identity) -> Binary:
    go, elf = document["go"], document["elf"]
    layout, word = go["moduledata_layout"], _int(elf["class"]) // 8
    if word not in (4, 8) or elf["byte_order"] not in ("little", "big"):
        raise ValueError(f"class {elf['class']!r} or byte order {elf['byte_order']!r}")
    if layout is not None and layout not in LAYOUTS:
        layout = None
    build = document["build"]
    info = _build_info(build, go["version"]) if build else None
    packages = {_str(name): _str(value) for name, value in document["packages"].items()}
    return Binary(
        path=path,
        size=size,
        identity=identity,
        format="manifest",
        elf=Elf(
            head=b"",
            elf_class=8 * word,
            byte_order=elf["byte_order"],
            machine=_int(elf["machine"]),
            type=_int(elf["type"]),
            goarch=_str(elf["goarch"]),
            interp=_opt(elf["interp"]),
            dynamic=True,
            rpath=_opt(elf["rpath"]),
            runpath=_opt(elf["runpath"]),
            needed=tuple(_str(name) for name in elf["needed"]),
            version_needs=tuple(VersionNeed(_str(f), _str(v), bool(weak)) for f, v, weak in elf["version_needs"]),
            version_definitions=tuple(_str(name) for name in elf.get("version_definitions", ())),
            tlsg=bool(elf["tlsg"]),
            sections=tuple(_str(name) for name in elf["sections"]),
            undefined=tuple(
                Undefined(_str(name), bool(weak), _str(version), _str(file))
                for name, version, file, weak in elf["needs_symbols"]
            ),
            c_exports=frozenset(_str(name) for name in elf["c_symbols"]),
        ),
        go=Go(
            kind=_str(go["kind"]),
            version=_str(go["version"]),
            build_info=info,
            plugin_support=_str(go["plugin_support"]),
            exports_moduledata=bool(go["exports_moduledata"]),
            joins_module_list=False,
            pluginpath="",
            pkghashes=(),
            link_hashes=packages,
            moduledata=(
                ModuledataFacts(layout, _ADDRESS, (Memory(_ADDRESS, bytes(MINIMUM_WINDOW_WORDS * word), ()),))
                if layout
                else None
            ),
            sources=_unpack_sources(document["sources"], packages, info),
            compile_flags=_unpack_flags(document["compile_flags"], packages),
            tested=_str(document.get("tested", "")),
            covered=_unpack_covered(document.get("covered")),
        ),
    )


# -- directories -----------------------------------------------------------------------------------------------

_ABSOLUTE = re.compile(r"(?<![\w.@~/-])/|(?<![\w./])-[A-Za-z_]+/")
"""Where an absolute path begins in a setting: not inside an import path, nor after `.` or `..`."""


def without_paths(go: Go) -> Go:
    """The facts of a Go binary without directories of the machine that built it.

    What says only that there was one stays: whether it was built with -trimpath, and which module is replaced by a
    folder. Nothing in it can be taken for another directory than it was.
    """
    info = go.build_info
    flags = go.compile_flags
    return go._replace(
        build_info=_info_without_paths(info) if info else None,
        sources={
            package: directory if not directory.startswith("/") else GOROOT + package
            for package, directory in go.sources.items()
            if not directory.startswith("/") or _in_goroot(package, directory, info)
        },
        compile_flags={
            package: " ".join(word for word in text.split(" ") if "/" not in word) for package, text in flags.items()
        }
        if flags is not None
        else None,
    )


def _in_goroot(package: str, directory: str, info: BuildInfo | None) -> bool:
    """Whether this is the place of a package of the standard library: no module holds it, and it lies in `…/src/P`."""
    return not _owner(package, _module_paths(info)) and directory.endswith(f"/src/{package}")


def _info_without_paths(info: BuildInfo) -> BuildInfo:
    dropped = frozenset(key for key, value in info.settings if _ABSOLUTE.search(value))
    return info._replace(
        main=_replaced_elsewhere(info.main) if info.main else None,
        deps=tuple(map(_replaced_elsewhere, info.deps)),
        settings=tuple((key, value) for key, value in info.settings if key not in dropped),
        dropped=info.dropped | dropped,
    )


def _replaced_elsewhere(module: Module) -> Module:
    if module.replace is None or not module.replace.path.startswith("/"):
        return module
    folder = module.replace.path.rstrip("/").rpartition("/")[2]
    return module._replace(replace=module.replace._replace(path=ELSEWHERE + folder))


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
        go_version=_str(version),
        path=_str(build["path"]),
        main=_parse_module(build["main"]) if build["main"] else None,
        deps=tuple(_parse_module(module) for module in build["modules"]),
        settings=tuple((_str(key), _str(value)) for key, value in build["settings"]),
        dropped=frozenset(map(_str, build["dropped"])),
    )


def _parse_module(value: Mapping[str, Any], depth: int = 0) -> Module:
    if depth > 1:
        raise ValueError("a replacement that is replaced")
    return Module(
        _str(value["path"]),
        _str(value["version"]),
        _str(value.get("sum", "")),
        _parse_module(value["replace"], depth + 1) if value.get("replace") else None,
    )


# -- source directories: one root for the standard library and each module, and what does not follow from them -----


def _sources(go: Go) -> dict[str, Any]:
    modules = _module_paths(go.build_info)
    roots: dict[str, Counter[str]] = {}
    for package, directory in go.sources.items():
        owner = _owner(package, modules)
        rest = _rest(package, owner)
        if directory.endswith(rest):
            roots.setdefault(owner, Counter())[directory[: len(directory) - len(rest)]] += 1
    chosen = {owner: min(found, key=lambda root: (-found[root], root)) for owner, found in roots.items()}
    other = {
        package: directory
        for package, directory in go.sources.items()
        if chosen.get(_owner(package, modules), "\0") + _rest(package, _owner(package, modules)) != directory
    }
    # Packages without functions have no directory; nor has any of a module whose root is not known.
    without = sorted(p for p in go.link_hashes if p not in go.sources and _owner(p, modules) in chosen)
    return {
        "standard_library": chosen.pop("", None),
        "modules": dict(sorted(chosen.items())),
        "other": dict(sorted(other.items())),
        "unknown": without,
        "extra": sorted(package for package in go.sources if package not in go.link_hashes and package not in other),
    }


def _unpack_sources(value: Mapping[str, Any], packages: Mapping[str, str], info: BuildInfo | None) -> dict[str, str]:
    modules = _module_paths(info)
    roots = {_str(owner): _str(root) for owner, root in value["modules"].items()}
    if value["standard_library"] is not None:
        roots[""] = _str(value["standard_library"])
    other = {_str(package): _str(directory) for package, directory in value["other"].items()}
    unknown = set(value["unknown"])
    out: dict[str, str] = {}
    for package in [*packages, *value["extra"]]:
        owner = _owner(package, modules)
        if package in other:
            out[package] = other[package]
        elif package not in unknown and owner in roots:
            out[package] = roots[owner] + _rest(package, owner)
    return out | other


def _module_paths(info: BuildInfo | None) -> frozenset[str]:
    if info is None:
        return frozenset()
    return frozenset(module.path for module in [*info.deps, *([info.main] if info.main else [])])


def _owner(package: str, modules: frozenset[str]) -> str:
    """The module that holds a package, by its longest path; empty for the standard library."""
    path = package
    while path:
        if path in modules:
            return path
        path = path.rpartition("/")[0]
    return ""


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
    usual = _str(value["usual"])
    return dict.fromkeys(packages, usual) | {_str(name): _str(text) for name, text in value["other"].items()}


def _unpack_covered(value: Any) -> frozenset[str] | None:
    return None if value is None else frozenset(_str(name) for name in value)


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


def _str(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a string")
    return value


def _opt(value: Any) -> str | None:
    return None if value is None else _str(value)


def _int(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{value!r} is not a number")
    return value
