"""The facts of a file for machines: JSON, version 1 (`docs/json.md`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gopluck.facts.model import Binary, Elf, Go
from gopluck.golang.records import LookedUp, Module
from gopluck.report.interface import View, go_packages, library_versions
from gopluck.report.json import TOOL, dumps

SCHEMA_VERSION = 1


def render(binary: Binary, view: View) -> str:
    """One JSON document. Every field is always there; what is not known, or not in the file, is null or empty."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "tool": TOOL,
        "path": binary.path,
        "image": binary.image._asdict() if binary.image else None,
        "library": binary.library.path if binary.library and binary.program_known else None,
        "size": binary.size,
        "format": binary.format,
        "damage": binary.damage,
        "elf": _elf(binary.elf) if binary.elf else None,
        "go": _go(binary.go) if binary.go else None,
    }
    return dumps(document)


def _elf(elf: Elf) -> dict[str, Any]:
    versions = library_versions(elf)
    return {
        "class": elf.elf_class,
        "byte_order": elf.byte_order,
        "machine": elf.machine,
        "goarch": elf.goarch,
        "interpreter": elf.interp,
        "dynamic": elf.dynamic,
        "soname": elf.soname,
        "rpath": elf.rpath,
        "runpath": elf.runpath,
        "libraries": [{"name": name, "versions": versions.get(name, [])} for name in elf.needed],
    }


def _go(go: Go) -> dict[str, Any]:
    info = go.build_info
    return {
        "kind": go.kind,
        "version": go.version,
        "plugin_support": go.plugin_support,
        "exports_moduledata": go.exports_moduledata,
        "joins_module_list": go.joins_module_list,
        "moduledata_layout": go.moduledata.layout if go.moduledata else None,
        "pluginpath": go.pluginpath or None,
        "main_package": info.path if info else None,
        "main_module": _module(info.main) if info and info.main else None,
        "modules": [_module(module) for module in info.deps] if info else [],
        "settings": dict(info.settings) if info else {},
        "packages": [
            {
                "path": path,
                "hash": hashed,
                "dir": go.sources.get(path),
                "compile_flags": (go.compile_flags or {}).get(path),
            }
            for path, hashed in go_packages(go)
        ],
        "symbols": [symbol._asdict() for symbol in go.exported],
        "missing_symbols": go.missing_symbols,
        "lookups": _lookups(go.lookups) if go.lookups is not None else None,
    }


def _lookups(lookups: Sequence[LookedUp]) -> dict[str, Any]:
    computed = [one.function for one in lookups if not one.name]
    return {
        "complete": not computed,
        "symbols": [
            {"name": one.name, "function": one.function, "types": [asserted.type for asserted in one.types]}
            for one in lookups
            if one.name
        ],
        "computed_in": computed,
    }


def _module(module: Module) -> dict[str, Any]:
    return module._asdict() | {"replace": _module(module.replace) if module.replace else None}
