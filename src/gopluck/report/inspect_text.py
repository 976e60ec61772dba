"""The facts of a file for people."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.facts.model import Binary, BuildInfo, Elf, Go, Module
from gopluck.report.clean import clean
from gopluck.report.interface import NORMAL, View, go_packages
from gopluck.report.layout import Layout

INDENT = 2
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
    return "".join(line.rstrip() + "\n" for line in _Page(binary, Layout(view)).lines())


class _Page:
    """The lines about one file."""

    def __init__(self, binary: Binary, layout: Layout) -> None:
        self.binary = binary
        self.layout = layout
        self.verbose = layout.view.verbosity > NORMAL

    def lines(self) -> Iterator[str]:
        binary, go, elf = self.binary, self.binary.go, self.binary.elf
        what = KINDS.get(go.kind, go.kind) if go else FORMATS.get(binary.format, binary.format)
        if binary.format == "manifest":
            what = f"host manifest of a {what}"
        yield self.layout.paint(f"{clean(binary.path)}: {clean(what)}", "error")
        if binary.damage:
            yield from self._labelled("damaged", binary.damage)
        if go:
            yield from self._go(go, elf)
        if elf:
            yield from self._elf(elf)

    def _go(self, go: Go, elf: Elf | None) -> Iterator[str]:
        info = go.build_info
        yield from self._labelled("go", " ".join(filter(None, [go.version or "(not recorded)", _target(go, elf)])))
        if info and info.path:
            yield from self._labelled("main", info.path)
        if info and info.main:
            yield from self._labelled("module", _module(info.main))
        if go.pluginpath:
            yield from self._labelled("pluginpath", go.pluginpath)
        if go.kind == "plugin" and not go.joins_module_list:
            yield from self._labelled("loading", "does not join the host's module list (linked -Bsymbolic)")
        if go.kind != "plugin":
            support = SUPPORT.get(go.plugin_support, go.plugin_support)
            if go.plugin_support == "dlopen" and not go.exports_moduledata:
                support = "cannot be opened: runtime.lastmoduledatap is not exported (internal or static linking)"
            yield from self._labelled("plugins", support)
        if info and info.settings:
            yield from self._list("settings", self._settings(info), everything=True)
        if info and info.deps:
            yield from self._list("modules", [_module(module) for module in info.deps])
        if go.exported or go.kind == "plugin":
            symbols = [_symbol(symbol.name, symbol.kind, symbol.type) for symbol in go.exported]
            yield from self._list("symbols", symbols or ["none"], everything=True)
        if go.missing_symbols:
            yield from self._list("not found", list(go.missing_symbols), everything=True)
        yield from self._packages(go)

    def _settings(self, info: BuildInfo) -> list[str]:
        """The settings; without `-v` those that say something, and long ones cut."""
        room = self.layout.width - COLUMN
        settings = [f"{key}={value}" for key, value in info.settings if value or self.verbose]
        return [
            text if self.verbose or len(text) <= room else f"{text[: room - 20]}... (-v shows all)" for text in settings
        ]

    def _packages(self, go: Go) -> Iterator[str]:
        packages = go_packages(go)
        if not packages:
            if go.kind != "unknown":
                yield from self._labelled("packages", "none has a link hash")
            return
        yield from self._labelled(
            "packages", f"{len(packages)} {'expected of the host' if go.pkghashes else 'with a link hash'}"
        )
        shown = packages if self._all(len(packages)) else packages[:SHOWN]
        for path, hashed in shown:
            yield f"{' ' * COLUMN}{self.layout.paint(clean(hashed), 'dim')}  {clean(path)}"
            if (where := go.sources.get(path)) and where != path:
                yield f"{' ' * (COLUMN + len(hashed) + 2)}{self.layout.paint('from', 'dim')} {clean(where)}"
            if self.verbose and go.compile_flags and (flags := go.compile_flags.get(path)):
                yield f"{' ' * (COLUMN + len(hashed) + 2)}{self.layout.paint('flags', 'dim')} {clean(flags)}"
        yield from self._hidden(len(packages) - len(shown))

    def _elf(self, elf: Elf) -> Iterator[str]:
        yield from self._labelled("machine", f"{elf.goarch}, {elf.elf_class}-bit, {elf.byte_order}-endian")
        linked = elf.interp or ("dynamic, no interpreter" if elf.dynamic else "static")
        yield from self._labelled("loader", linked)
        versions: dict[str, list[str]] = {}
        for need in elf.version_needs:
            versions.setdefault(need.file, []).append(need.version)
        libraries = [f"{name} ({', '.join(versions[name])})" if name in versions else name for name in elf.needed]
        if libraries:
            yield from self._list("libraries", libraries, everything=True)

    def _list(self, label: str, entries: list[str], *, everything: bool = False) -> Iterator[str]:
        shown = entries if everything or self._all(len(entries)) else entries[:SHOWN]
        for entry in shown:
            yield from self._labelled(label, entry)
            label = ""
        yield from self._hidden(len(entries) - len(shown))

    def _all(self, total: int) -> bool:
        return self.verbose or total <= SHOWN + 1

    def _hidden(self, number: int) -> Iterator[str]:
        if number > 0:
            yield f"{' ' * COLUMN}and {number} more (-v shows all)"

    def _labelled(self, label: str, text: str) -> Iterator[str]:
        start = " " * INDENT + self.layout.paint(label, "label") + " " * (COLUMN - INDENT - len(label))
        for line in self.layout.prose(clean(text), COLUMN, hang=2):
            yield start + line
            start = " " * COLUMN


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
    if kind == "func" and type_.startswith("func("):
        return f"func {name}{type_[len('func') :]}"
    return f"{kind} {name} {type_}"
