"""The Python API for a plugin's source: `align` it with a host, `build` it, `init` a new one; `manifest` of a host."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from os import fspath
from typing import TYPE_CHECKING

from gopluck.api import Path, Progress, check, completed, read, read_host, silent, system_of

if TYPE_CHECKING:
    from gopluck.api import Host
    from gopluck.facts.model import Binary
    from gopluck.result.align import Alignment
    from gopluck.result.build import Built
    from gopluck.result.check import PluginResult
    from gopluck.scaffold.own import Checkout


def align(
    host: Host,
    folder: Path = ".",
    *,
    environ: Mapping[str, str] | None = None,
    flags: str | None = None,
    compiling: bool = True,
    write: bool = False,
    progress: Progress = silent,
) -> Alignment:
    """Whether the plugin in `folder`, built for the host, would fit it, and the edits of go.mod that make it fit.

    `environ`: in which the go command runs (default: this process's). `flags`: those of your own
    `go build -buildmode=plugin`; the answer is then about that build. `compiling=False`: what only a compiled package
    tells stays unknown. `write`: the edits are made, and the answer is about the files as they are then. `progress`:
    called with what takes long, in words.

    Raises `Usage` when the folder has no module or no main package, `MalformedFile` for a damaged go.mod; and as
    `read`.
    """
    from gopluck.aligner.align import align as aligned
    from gopluck.aligner.apply import write as written

    def now() -> Alignment:
        return aligned(facts, fspath(folder), _environ(environ), flags=flags, compiling=compiling, progress=progress)

    facts = read_host(host)
    alignment = now()
    return now() if write and written(alignment) else alignment


def build(
    host: Host,
    folder: Path,
    output: Path,
    *,
    environ: Mapping[str, str] | None = None,
    keep: bool = False,
    progress: Progress = silent,
) -> Built:
    """Build the plugin in `folder` so that the host loads it, and check the result; it is `output` if it loads.

    The go command of the host's release is the one of `environ`; packages that differ are brought to the host's
    versions on a copy of go.mod. `keep`: the edits go to go.mod itself. `progress`: called with each step, in words.

    Raises `Usage` when the folder has no main package, when there is no go command of the host's release, and when
    `output` is there and no ELF file; else as `align`.
    """
    from gopluck.builder.make import make

    def checked(binary: Binary, plugin: str) -> PluginResult:
        # A host in an image has the libraries of the image.
        return check(host if binary.image is not None else binary, plugin).plugins[0]

    return make(
        read_host(host), fspath(folder), fspath(output), _environ(environ), checked, keep=keep, progress=progress
    )


def init(
    host: Host,
    folder: Path,
    *,
    module: str | None = None,
    symbols: Sequence[str] = (),
    host_source: Path | None = None,
    force: bool = False,
    notify: Progress = silent,
) -> tuple[str, ...]:
    """Write a new plugin project into `folder`, pinned to the host; the paths of its files, below the folder.

    `module`: its path (default: `example.com/` and the folder's name). `symbols`: `NAME:TYPE`, entry points that the
    host looks up (default: those that its code tells). `host_source`: the folder of the host's main module, for a
    plugin that imports a package of it, where the host was built from a checkout. `force`: files that are there are
    replaced, but never the host. `notify`: called with what has to be filled in before the project builds, a sentence
    each.

    Raises `Usage` for files that are in the way, a module or symbol that has no meaning, a `host_source` that is not
    the host's; and as `read`.
    """
    from gopluck.builds.build import Build
    from gopluck.scaffold.entry import entry_points, imports, symbol
    from gopluck.scaffold.own import own_module
    from gopluck.scaffold.project import default_module, project, refuse_host, write

    facts, entries = read_host(host), [symbol(one) for one in symbols]
    build, checkout = Build(facts, "the host"), None if host_source is None else _checkout(fspath(host_source))
    named = imports(build, entries or entry_points(facts)[0])
    own = own_module(build, named, checkout, fspath(folder))
    files = project(facts, module or default_module(fspath(folder)), entries, own)
    refuse_host(facts, fspath(folder), files)
    write(fspath(folder), files, force=force)
    if own is not None and own.lacking:
        notify(own.lacking)
    return tuple(files)


def _checkout(folder: str) -> Checkout:
    from gopluck.aligner.gomod import parse
    from gopluck.aligner.project import MAX_MOD, text_of
    from gopluck.errors import Usage
    from gopluck.scaffold.own import OPTION, Checkout

    path = f"{folder.rstrip('/') or '/'}/go.mod"
    text = text_of(path, MAX_MOD)
    if text is None:
        raise Usage(f"{OPTION} {folder}: has no go.mod that can be read: name the folder of the host's main module")
    found = parse(text, path)
    return Checkout(folder, found.module, found.go)


def manifest(host: Host, *, paths: bool = True) -> str:
    """The small JSON file that stands in for a host. `paths`: whether directories of its build machine are in it.

    Raises as `read`, and `Usage` for a file that is not a Go host.
    """
    from gopluck.facts.manifest import dumps
    from gopluck.facts.model import Binary

    facts = host if isinstance(host, Binary) else read(host)
    return dumps(completed(facts, system_of(host)), paths=paths)


def _environ(environ: Mapping[str, str] | None) -> Mapping[str, str]:
    return os.environ if environ is None else environ
