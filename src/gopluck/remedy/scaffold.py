"""A plugin project that fits a host at once: its files as text, from templates, and how they are written.

Everything in it comes from the host's facts: the release, the environment and flags of its build (`baseline`), the
versions and checksums of its modules. The host's manifest lies in the project, so that it can be checked anywhere.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from gopluck.errors import GopluckError, Usage
from gopluck.facts import manifest
from gopluck.facts.model import Binary
from gopluck.golang import version
from gopluck.remedy.align import host_refuses
from gopluck.remedy.baseline import baseline
from gopluck.remedy.gomod import Replace
from gopluck.remedy.gotype import GoType, parse, render
from gopluck.replay.dlopen import libc_of
from gopluck.rules.builds import Build, is_std
from gopluck.rules.commands import PROFILE
from gopluck.rules.shell import quoted

FILES: Mapping[str, str] = {
    "go.mod": "go.mod.jinja",
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

HOST = "host.json"
"""The host's manifest in the project."""

EXAMPLE = "Hello:func(name string) string"
"""The entry point of a project for which none was named."""


class Symbol(NamedTuple):
    """An entry point: what the host looks up."""

    name: str
    type: GoType


class Pinned(NamedTuple):
    """A module of the host, as go.mod pins it."""

    path: str
    version: str
    sum: str = ""
    replace: Replace | None = None
    note: str = ""
    """Why it cannot be required as it is; it then stands in a comment."""


def symbol(text: str) -> Symbol:
    """`NAME:TYPE` of the command line. Raises `Usage`."""
    name, colon, kind = text.partition(":")
    if not colon:
        raise Usage(f"--symbol {text!r}: wants NAME:TYPE, as in 'Allow:func(string) bool'")
    if not re.fullmatch(r"[^\W\d_]\w*", name) or not name[0].isupper():
        raise Usage(f"--symbol {text!r}: {name!r} is no exported name: it has to be an identifier with a capital first")
    try:
        return Symbol(name, parse(kind))
    except Usage as error:
        raise Usage(f"--symbol {text!r}: {error}") from None


def project(host: Binary, module: str, symbols: Sequence[Symbol]) -> dict[str, str]:
    """The text of each file of a project, by its path.

    Raises `Usage` when the module's path is none or the host's own, or a symbol's type names an unknown package;
    `GopluckError` when nothing loads into this host.
    """
    build = Build(host, "the host")
    if host.go is None or not host.go.version:
        raise GopluckError(f"{host.path}: does not tell which Go release it was built with")
    if refused := host_refuses(build):
        raise GopluckError(f"{host.path}: no plugin loads into it: {refused[1]} ({refused[0]})")
    _refuse_module(module, build)
    values = _values(build, module, symbols or [symbol(EXAMPLE)])
    return {HOST: manifest.dumps(host), **_rendered(values)}


def _refuse_module(module: str, host: Build) -> None:
    # module.CheckPath, as far as it concerns a main module.
    if not re.fullmatch(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*", module):
        raise Usage(f"--module {module!r}: is no module path")
    if module in host.modules or (host.binary.go and module in host.binary.go.link_hashes):
        raise Usage(f"--module {module}: is a module or package of the host; a plugin needs a path of its own")


def _rendered(values: Mapping[str, Any]) -> dict[str, str]:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    templates = Environment(
        loader=PackageLoader("gopluck.remedy", "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    return {path: templates.get_template(name).render(values) for path, name in FILES.items()}


def _values(host: Build, module: str, symbols: Sequence[Symbol]) -> dict[str, Any]:
    """What the templates are given."""
    base = baseline(host)
    names = imports(host, symbols)
    pinned = list(pins(host))
    direct = {use.path for path in names if (use := host.use(path)) is not None}
    main = host.main_module or "the host"
    env = dict(base.env)
    release = host.release.removeprefix("go")
    return {
        "module": module,
        "plugin": posixpath.basename(re.sub(r"/v\d+$", "", module)) + ".so",
        "host": HOST,
        "host_module": main,
        "release": release,
        "go_line": go_line(host.release),
        "env": env,
        "flags": base.flags,
        "make_env": {name: value.replace("$", "$$") for name, value in env.items()},
        "make_flags": [_for_make(flag) for flag in base.flags],
        "profile": any(PROFILE in flag for flag in base.flags),
        "cache": env.get("GOMODCACHE", ""),
        "unknown_cache": host.trimmed is False and host.cache is None and bool(pinned) and not host.vendored,
        "trimmed": bool(host.trimmed),
        "notes": base.notes,
        "direct": [one for one in pinned if one.path in direct and not one.note],
        "indirect": [one for one in pinned if one.path not in direct and not one.note],
        "left_out": [one for one in pinned if one.note],
        "replaced": [one for one in pinned if one.replace is not None and not one.note],
        "sums": sorted({line for one in pinned for line in _sums(one)}),
        "imports": [group for group in _import_lines(names) if group],
        "symbols": [_declaration(one, names) for one in symbols],
        "musl": libc_of(host.binary).kind == "musl",
        "goarch": host.binary.elf.goarch if host.binary.elf else "",
    }


def go_line(release: str) -> str:
    """The go line for a release: since 1.21 it names the release, before that the language (`go 1.20`)."""
    minor = version.minor(release)
    if minor is not None and minor >= (1, 21):
        return release.removeprefix("go")
    return ".".join(map(str, minor)) if minor else "1.21"


def _for_make(flag: str) -> str:
    """A flag as it stands in a recipe line of a Makefile."""
    word = quoted(flag)
    return word.replace("$", "$$").replace("$" + PROFILE, f"$({PROFILE[1:]})")


def pins(host: Build) -> Iterator[Pinned]:
    """Every module of the host, at its version."""
    for use in sorted(host.modules.values()):
        if use.is_main:
            if use.sum and use.version:
                yield Pinned(use.path, use.version, use.sum)
        elif not use.version:
            yield Pinned(use.path, "", note="is a checkout of the host's workspace: it has no version")
        elif use.replace is None:
            yield Pinned(use.path, use.version, use.sum)
        elif use.is_folder:
            yield Pinned(use.path, use.version, note=f"is replaced by the folder {use.replace.path} in the host")
        else:
            replace = Replace(use.path, "", *use.effective)
            yield Pinned(use.path, use.version, use.replace.sum, replace)


def _sums(one: Pinned) -> Iterator[str]:
    """The go.sum line of the code that the host was compiled from."""
    if one.sum and not one.note:
        path, release = (one.replace.new, one.replace.new_version) if one.replace else (one.path, one.version)
        yield f"{path} {release} {one.sum}"


# -- entry points ------------------------------------------------------------------------------------------------------


def imports(host: Build, symbols: Sequence[Symbol]) -> dict[str, str]:
    """The packages that the types of entry points name, each with the name under which it is imported.

    A name without a path stands for the one package of the host that ends so. Raises `Usage`.
    """
    out: dict[str, str] = {}
    for one in symbols:
        for given in one.type.packages:
            path = _resolved(host, given, one)
            name = package_name(path)
            taken = [other for other, used in out.items() if used == name and other != path]
            out[path] = f"{name}{len(taken) + 1}" if taken else name
    return out


def _resolved(host: Build, given: str, one: Symbol) -> str:
    known = host.binary.go.link_hashes if host.binary.go else {}
    if given in known or "/" in given or "." in given:
        return given
    found = [path for path in sorted(known) if package_name(path) == given and "internal" not in path.split("/")]
    std = [path for path in found if is_std(path) and host.use(path) is None]
    if len(found) != 1 and len(std) != 1:
        what = f"could be {', '.join(found)}" if found else "is no package of the host"
        raise Usage(f"--symbol {one.name}: {given} {what}: write the import path before the dot")
    return found[0] if len(found) == 1 else std[0]


def package_name(path: str) -> str:
    """The name that a package of this path has by custom: the last part, without a version."""
    last = re.sub(r"/v\d+$", "", path).rpartition("/")[2]
    return re.sub(r"\W", "", re.sub(r"\.v\d+$|^go-|[.-]go$", "", last)) or "pkg"


def _import_lines(names: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """The import lines of the standard library, and the others, as gofmt has them."""
    lines = {
        path: f'"{path}"' if path.rpartition("/")[2] == name else f'{name} "{path}"'
        for path, name in sorted(names.items())
    }
    std = [line for path, line in lines.items() if is_std(path)]
    return std, [line for path, line in lines.items() if not is_std(path)]


def _declaration(one: Symbol, names: Mapping[str, str]) -> str:
    """The Go declaration of an entry point, which compiles as it is."""

    def named(given: str) -> str:
        return names.get(given) or next(name for path, name in names.items() if package_name(path) == given)

    text = one.type.source(named)
    if one.type.results is None:
        return f"// {one.name} is looked up by the host.\nvar {one.name} {text}"
    zeros = ", ".join(zero(render(result, named)) for result in one.type.results)
    body = f" {{\n\treturn {zeros}\n}}" if zeros else " {}"
    return f"// {one.name} is called by the host.\nfunc {one.name}{text.removeprefix('func')}{body}"


NUMBERS = re.compile(r"u?int(8|16|32|64|ptr)?|float(32|64)|complex(64|128)|byte|rune|uintptr")


def zero(kind: str) -> str:
    """The zero value of a type, as people write it."""
    if kind == "string":
        return '""'
    if kind == "bool":
        return "false"
    if NUMBERS.fullmatch(kind):
        return "0"
    if kind in ("error", "any", "interface{}") or kind.startswith(("*", "[]", "map[", "func(", "chan", "<-chan")):
        return "nil"
    return f"*new({kind})"


# -- on disk -----------------------------------------------------------------------------------------------------------


def write(folder: str, files: Mapping[str, str], *, force: bool) -> None:
    """Write the files below a folder, which is made when it is not there. Each one is complete or not there.

    Raises `Usage` when something is in the way: without `force` every file, with it what is no file.
    """
    root = Path(folder)
    if root.exists() and not root.is_dir():
        raise Usage(f"{folder}: is no directory")
    in_the_way = [path for path in files if os.path.lexists(root / path)]
    if in_the_way and not force:
        are = "is" if len(in_the_way) == 1 else "are"
        raise Usage(f"{folder}: {', '.join(in_the_way)} {are} in the way; nothing is written (--force replaces)")
    if blocked := [path for path in in_the_way if not (root / path).is_file() or (root / path).is_symlink()]:
        raise Usage(f"{folder}: {', '.join(blocked)}: is no regular file; nothing is written")
    for path, text in files.items():
        target = root / path
        beside = target.with_name(f".{target.name}.{os.getpid()}.tmp")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with beside.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
            if force:
                beside.replace(target)
            else:
                os.link(beside, target)  # fails where a file has come into being meanwhile
        except OSError as error:
            raise GopluckError(f"{target}: cannot be written: {error.strerror or error}") from None
        finally:
            with suppress(OSError):
                beside.unlink()
