"""The facts of a file for people."""

from __future__ import annotations

from gopluck.facts.model import Binary, Elf, Go
from gopluck.golang.records import BuildInfo, Module
from gopluck.report.interface import HINT, View, go_packages, library_versions
from gopluck.report.sheet import Sheet

COLUMN = 13
"""Where the text after a label begins."""
SHOWN = 8
"""Entries of a list that are shown without `-v`."""

FORMATS = {
    "elf": "an ELF file, not built by Go",
    "mach-o": "a Mach-O file (macOS)",
    "pe": "a PE file (Windows)",
    "ar": "an ar archive",
    "empty": "an empty file",
    "text": "a text file",
    "data": "data",
}
KINDS = {
    "exe": "Go executable",
    "pie": "Go executable, position-independent",
    "test": "Go test binary",
    "plugin": "Go plugin",
    "c-archive": "C program with Go in it (c-archive)",
    "c-shared": "Go library for C (c-shared)",
    "unknown": "Go binary",
}
SUPPORT = {
    "dlopen": "can be opened (package plugin, with cgo)",
    "stub": "cannot be opened: built without cgo",
    "none": "cannot be opened: package plugin is not linked in",
}


def render(binary: Binary, view: View) -> str:
    """The document."""
    sheet = Sheet(view, COLUMN)
    go, elf = binary.go, binary.elf
    what = KINDS.get(go.kind, go.kind) if go else FORMATS.get(binary.format, binary.format)
    if binary.library and binary.program_known:
        what = f"C program, with its Go in {binary.library.path}"
    if binary.format == "manifest":
        what = f"host manifest of a {what}"
    sheet.line((f"{binary.path}: {what}", "strong"))
    if binary.damage:
        _rows(sheet, "damaged", binary.damage)
    if go:
        _go(sheet, go, elf)
        _packages(sheet, go)
    if elf:
        _elf(sheet, elf)
    return sheet.document()


def _go(sheet: Sheet, go: Go, elf: Elf | None) -> None:
    info = go.build_info
    _rows(sheet, "go", f"{go.version or go.compiler or '(not recorded)'} {_target(go, elf)}")
    if info and info.path:
        _rows(sheet, "main", info.path)
    if info and info.main:
        _rows(sheet, "module", _module(info.main))
    if go.pluginpath:
        _rows(sheet, "pluginpath", go.pluginpath)
    if go.kind == "plugin" and not go.joins_module_list:
        _rows(sheet, "loading", "does not join the host's module list (linked -Bsymbolic)")
    if go.kind != "plugin":
        support = SUPPORT.get(go.plugin_support, go.plugin_support)
        if go.obfuscated:
            support = "cannot be told: the file is obfuscated (garble)"
        if go.plugin_support == "dlopen" and not go.exports_moduledata:
            how = {"c-archive": "link with -rdynamic", "c-shared": "a version script?"}
            support = "cannot be opened: runtime.lastmoduledatap is not exported "
            support += f"({how.get(go.kind, 'internal or static linking')})"
        _rows(sheet, "plugins", support)
    _rows(sheet, "looks up", *_lookups(go))
    if info:
        _rows(sheet, "settings", *_settings(sheet, info))
        modules = [_module(module) for module in info.deps]
        shown = sheet.few(modules, SHOWN)
        _rows(sheet, "modules", *shown)
        sheet.rest(len(modules) - len(shown))
    symbols = [_symbol(symbol.name, symbol.kind, symbol.type) for symbol in go.exported]
    _rows(sheet, "symbols", *(symbols or (["none"] if go.kind == "plugin" else [])))
    _rows(sheet, "not found", *go.missing_symbols)


def _lookups(go: Go) -> list[str]:
    """What a host looks up in plugins, and where its code does not tell."""
    out = []
    for one in go.lookups or ():
        if one.name:
            types = " or ".join(asserted.type for asserted in one.types)
            out.append(f"{one.name}{' as ' if types else ''}{types}, in {one.caller}")
    computed = [one.caller or "its code" for one in go.lookups or () if not one.name]
    if computed:
        shown = ", ".join(computed[:SHOWN]) + (", …" if len(computed) > SHOWN else "")
        out.append(f"{'and ' if out else ''}names that its code does not tell, in {shown}")
    return out


def _settings(sheet: Sheet, info: BuildInfo) -> list[str]:
    """The settings; without `-v` those that say something, and long ones cut."""
    room = sheet.width - COLUMN
    settings = [f"{key}={value}" for key, value in info.settings if value or sheet.verbose]
    return [text if sheet.verbose or len(text) <= room else f"{text[: room - 20]}... {HINT}" for text in settings]


def _packages(sheet: Sheet, go: Go) -> None:
    packages = go_packages(go)
    if not packages:
        if go.kind != "unknown":
            _rows(sheet, "packages", "none has a link hash")
        return
    _rows(sheet, "packages", f"{len(packages)} {'expected of the host' if go.pkghashes else 'with a link hash'}")
    shown = sheet.few(packages, SHOWN)
    for path, hashed in shown:
        sheet.line(" " * COLUMN, (hashed, "dim"), f"  {path}")
        below = " " * (COLUMN + len(hashed) + 2)
        if (where := go.sources.get(path)) and where != path:
            sheet.line(below, ("from", "dim"), f" {where}")
        if sheet.verbose and go.compile_flags and (flags := go.compile_flags.get(path)):
            sheet.line(below, ("flags", "dim"), f" {flags}")
    sheet.rest(len(packages) - len(shown))


def _elf(sheet: Sheet, elf: Elf) -> None:
    _rows(sheet, "machine", f"{elf.goarch}, {elf.elf_class}-bit, {elf.byte_order}-endian")
    _rows(sheet, "loader", elf.interp or ("dynamic, no interpreter" if elf.dynamic else "static"))
    versions = library_versions(elf)
    named = [f"{name} ({', '.join(versions[name])})" if name in versions else name for name in elf.needed]
    _rows(sheet, "libraries", *named)


def _rows(sheet: Sheet, label: str, *texts: str) -> None:
    sheet.rows(label, texts, hang=2)


def _target(go: Go, elf: Elf | None) -> str:
    info = go.build_info
    goos = info.setting("GOOS") if info else None
    goarch = (info.setting("GOARCH") if info else None) or (elf.goarch if elf else None)
    return f"{goos}/{goarch}" if goos and goarch else goarch or ""


def _module(module: Module) -> str:
    text = f"{module.path} {module.version}".rstrip()
    return f"{text} => {_module(module.replace)}" if module.replace else text


def _symbol(name: str, kind: str, type_: str | None) -> str:
    if type_ is None:
        return f"{kind} {name} (type not decoded)"
    return f"func {name}{type_.removeprefix('func')}" if kind == "func" else f"{kind} {name} {type_}"
