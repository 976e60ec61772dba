"""A plugin project that fits a host at once: its files as text, from templates, and how they are written.

Everything in it comes from the host's facts: the release, the environment and flags of its build (`baseline`), the
versions and checksums of its modules. The host's manifest lies in the project, so that it can be checked anywhere.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from gopluck.builds.build import Build
from gopluck.clean import clean
from gopluck.errors import GopluckError, Usage
from gopluck.facts import manifest
from gopluck.facts.model import Binary
from gopluck.golang import godebug
from gopluck.golang import release as releases
from gopluck.golang.records import Module
from gopluck.golang.release import minor as minor_of
from gopluck.loader.libc import libc_of
from gopluck.record import NamedTuple
from gopluck.remedy import grammar, quote
from gopluck.remedy.baseline import Baseline, baseline
from gopluck.remedy.host import host_refuses
from gopluck.remedy.quote import Placeholder
from gopluck.scaffold.entry import EXAMPLE, Symbol, declaration, entry_points, import_lines, imports, symbol
from gopluck.scaffold.own import Own, quoted
from gopluck.tree import write_all


class Pinned(NamedTuple):
    """A module of the host, as go.mod pins it."""

    path: str
    version: str
    sum: str = ""
    replace: Module | None = None
    note: str = ""
    """Why it cannot be required as it is; it then stands in a comment."""


def pins(host: Build, own: Own | None = None) -> Iterator[Pinned]:
    """Every module of the host, at its version; without those whose path or version Go would not take.

    `own`: where the host's checkout is.
    """
    for one in _pins(host, own.folder if own and not own.workspace else ""):
        path, release = (one.replace.path, one.replace.version) if one.replace else (one.path, one.version)
        fits = grammar.module_path(one.path) and (
            grammar.module_path(path) or (not release and grammar.directory(path))
        )
        if fits and all(map(grammar.module_version, filter(None, (one.version, release)))):
            yield one


def _pins(host: Build, checkout: str) -> Iterator[Pinned]:
    for use in sorted(host.modules.values()):
        if use.is_main:
            if use.sum and use.version:
                yield Pinned(use.path, use.version, use.sum)
        elif not use.version:
            yield Pinned(use.path, "", note="is a checkout of the host's workspace: it has no version")
        elif use.replace is None:
            yield Pinned(use.path, use.version, use.sum)
        elif use.is_folder and use.replace and checkout:
            # A replacement of the host's own go.mod counts there alone.
            folder = posixpath.normpath(posixpath.join(checkout, use.replace.path))
            yield Pinned(use.path, use.version, replace=Module(folder, ""))
        elif use.is_folder:
            given = use.replace.path if use.replace else ""
            shown = f"the folder {given}" if grammar.folder(given) or grammar.directory(given) else "a folder"
            yield Pinned(use.path, use.version, note=f"is replaced by {shown} in the host")
        else:
            replace = Module(*use.effective)
            yield Pinned(use.path, use.version, use.replace.sum, replace)


def sums(one: Pinned) -> Iterator[str]:
    """The go.sum line of the code that the host was compiled from."""
    if grammar.checksum(one.sum) and not one.note:
        path, release = (one.replace.path, one.replace.version) if one.replace else (one.path, one.version)
        yield f"{path} {release} {one.sum}"


FILES: Mapping[str, str] = {
    "go.mod": "go.mod.jinja",
    "go.work": "go.work.jinja",
    "go.sum": "go.sum.jinja",
    "main.go": "main.go.jinja",
    "Makefile": "Makefile.jinja",
    "Dockerfile": "Dockerfile.jinja",
    ".dockerignore": "dockerignore.jinja",
    ".github/workflows/plugin.yml": "plugin.yml.jinja",
    ".gitignore": "gitignore.jinja",
    "README.md": "README.md.jinja",
}
"""Each file of a project, and the template that it comes from."""

NEED_A_RELEASE = ("Dockerfile", ".dockerignore", ".github/workflows/plugin.yml")
"""Files that name the host's release: there is no image, and no action, for another toolchain."""

WORKFLOW = NEED_A_RELEASE[-1]

HOST = "host.json"
"""The host's manifest in the project."""


def project(host: Binary, module: str, symbols: Sequence[Symbol], own: Own | None = None) -> dict[str, str]:
    """The text of each file of a project, by its path. `own`: how it gets the host's own module.

    Without symbols it has those that the host's code looks up.

    Raises `Usage` when the module's path is none or the host's own, or a symbol's type names an unknown package;
    `GopluckError` when nothing loads into this host.
    """
    build = Build(host, "the host")
    if host.go is None or not host.go.version:
        raise GopluckError(f"{host.path}: does not tell which Go release it was built with")
    if refused := host_refuses(build):
        raise GopluckError(f"{host.path}: no plugin loads into it: {refused[0].message} ({refused[0].rule})")
    _refuse_module(module, build)
    given, comments = (list(symbols), []) if symbols else entry_points(host)
    left_out = dict(_without(build, own))
    values = _values(build, module, given if given or comments else [symbol(EXAMPLE)], own, comments)
    values["notes"] += map(quote.markdown, dict.fromkeys(filter(None, left_out.values())))
    return {HOST: manifest.dumps(host), **_rendered([path for path in FILES if path not in left_out], values)}


def _without(host: Build, own: Own | None) -> Iterator[tuple[str, str]]:
    """The files that a project has not, and why, in a sentence; an empty one where that need not be said."""
    if own is None or not (own.workspace and own.folder):
        yield "go.work", ""
    if own is not None and own.folder and not own.work:
        for path in NEED_A_RELEASE:
            yield path, "There is no Dockerfile and no workflow: they cannot name the folder of the host's module."
    elif own is not None and own.folder and own.within:
        yield WORKFLOW, "There is no workflow: GitHub reads those of the host's repository, in which this folder lies."
    if not grammar.release(host.release):
        for path in NEED_A_RELEASE:
            yield path, "There is no Dockerfile and no workflow: they need a Go release that can be named."


def _refuse_module(module: str, host: Build) -> None:
    # module.CheckPath, as far as it concerns a main module.
    if not re.fullmatch(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*", module):
        raise Usage(f"--module {module!r}: is not a module path")
    if module in host.modules or (host.binary.go and module in host.binary.go.link_hashes):
        raise Usage(f"--module {module}: is a module or package of the host; a plugin needs a path of its own")


def _rendered(paths: Sequence[str], values: Mapping[str, Any]) -> dict[str, str]:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    templates = Environment(
        loader=PackageLoader("gopluck.scaffold", "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    return {path: templates.get_template(FILES[path]).render(values) for path in paths}


def _values(
    host: Build, module: str, symbols: Sequence[Symbol], own: Own | None, comments: Sequence[str]
) -> dict[str, Any]:
    """What the templates are given."""
    base = baseline(host)
    names = imports(host, symbols)
    pinned = list(pins(host, own))
    line, directives = _godebug(host)
    direct = {use.path for path in names if (use := host.use(path)) is not None}
    main = host.main_module or ""
    cache = base.env.get("GOMODCACHE", "")
    return {
        "module": module,
        "plugin": posixpath.basename(re.sub(r"/v\d+$", "", module)) + ".so",
        "host": HOST,
        "host_module": main if grammar.module_path(main) else "the host",
        "release": base.go.removeprefix("go"),
        "own": own,
        "quoted": quoted,
        "lacking": quote.markdown(own.lacking) if own else "",
        "vendored": bool(host.vendored) and host.trimmed is False,
        "go_line": (own.go if own else "") or line,
        "directives": directives,
        "make_env": {name: quote.make(value) for name, value in base.env.items()},
        "docker_env": {name: quote.dockerfile(value) for name, value in base.env.items() if name != "GOTOOLCHAIN"},
        "make_flags": list(map(quote.make_word, base.flags)),
        "profile": any(isinstance(flag, Placeholder) for flag in base.flags),
        "cache": quote.markdown(cache),
        "make_cache": quote.yaml(_made(cache)) if cache.endswith("/pkg/mod") else "",
        "unknown_cache": host.trimmed is False and host.cache is None and bool(pinned) and not host.vendored,
        "trimmed": bool(host.trimmed),
        "notes": [
            quote.markdown(clean(note))
            for note in (*base.notes, *_left_out(base, sum(1 for _ in _pins(host, "")) - len(pinned)))
        ],
        "direct": [one for one in pinned if one.path in direct and not one.note],
        "indirect": [one for one in pinned if one.path not in direct and not one.note],
        "noted": [one for one in pinned if one.note],
        "replaced": [one for one in pinned if one.replace is not None and not one.note],
        "sums": sorted({line for one in pinned for line in sums(one)}),
        "imports": [group for group in import_lines(names) if group],
        "symbols": [*(declaration(one, names) for one in symbols), *comments],
        "musl": libc_of(host.binary).kind == "musl",
        "goarch": host.binary.elf.goarch if host.binary.elf else "",
    }


def go_line(release: str) -> str:
    """The go line for a release: since 1.21 it names the release, before that the language (`go 1.20`).

    Of a toolchain that is no release (`devel go1.28-abc`, `go1.27.3-acme`) it is the language.
    """
    found = re.search(r"go(1\.[0-9]{1,3})", release)
    if found is None:
        return "1.21"
    line = releases.go_line(release)
    return line if grammar.go_line(line) else found[1]


def _godebug(host: Build) -> tuple[str, tuple[str, ...]]:
    """The go line that gives the host's GODEBUG defaults, and the settings for //go:debug that it has besides."""
    defaults = host.setting("DefaultGODEBUG") or ""
    found, more = godebug.go_line(defaults, host.release)
    given = go_line(host.release)
    if found is not None and (minor_of(host.release) or (1, found)) != (1, found):
        given = f"1.{found}"
    if host.fips:
        more = tuple(one for one in more if not one.startswith("fips140="))  # GOFIPS140 gives it
    return given, tuple(filter(grammar.godebug, more))


def _made(cache: str) -> str:
    """The command that makes the folder of the host's module cache: that one folder, and nothing in it."""
    folder = quote.sh(cache)
    return f'sudo mkdir -p {folder} && sudo chown "$(id -u)" {folder}'


def _left_out(base: Baseline, modules: int) -> Iterator[str]:
    """What the project does not repeat of the host; `modules`: how many of them."""
    for one in base.left_out:
        yield f"Left out: {one.setting} of the host. It holds more than gopluck repeats: you have to decide about it."
    if modules:
        yield f"Left out: {modules} of the host's modules, whose paths or versions Go would not take."


def default_module(folder: str) -> str:
    """A module path from the name of the folder."""
    name = re.sub(r"[^a-z0-9._-]+", "-", Path(folder).resolve().name.lower()).strip("-._")
    return f"example.com/{name or 'plugin'}"


# -- on disk -----------------------------------------------------------------------------------------------------------


def refuse_host(host: Binary, folder: str, files: Mapping[str, str]) -> None:
    """Raise `Usage` when one of the files is the host; a project may be written anew from its own manifest."""
    for path in files:
        with suppress(OSError):
            if Path(folder, path).samefile(host.path) and (path != HOST or host.format != "manifest"):
                raise Usage(f"{folder}: {path} is HOST itself; nothing is written")


def write(folder: str, files: Mapping[str, str], *, force: bool) -> None:
    """Write the files below a folder, all or none, as `tree.write_all` does."""
    write_all(folder, {path: text.encode("utf-8", "backslashreplace") for path, text in files.items()}, force=force)
