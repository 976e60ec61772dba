"""The edits of go.mod after which a plugin has the host's modules: what survives minimal version selection.

`go get lib@v1.0.0` cannot go below what another requirement asks for; an excluded version counts as not required at
all (since Go 1.16). With -trimpath a package's path holds the *required* version, whatever replaces it; without, it is
the directory.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence

from gopluck.builds.build import Build
from gopluck.builds.source import Use
from gopluck.record import NamedTuple
from gopluck.remedy.baseline import checkout
from gopluck.remedy.host import TRIM, TRIMMED, Problem
from gopluck.remedy.quote import Placeholder
from gopluck.result.recipe import Edit, Input
from gopluck.rules.causes.module_version import order


class Changed(NamedTuple):
    """What has to be done about the modules."""

    edits: tuple[Edit, ...] = ()
    inputs: tuple[Input, ...] = ()
    problems: tuple[Problem, ...] = ()
    """Why no edit helps."""
    directory: str = ""
    """The folder in which the plugin has to be built, where its own place is part of a path."""

    @classmethod
    def together(cls, parts: Sequence[Changed]) -> Changed:
        """All that several have, once."""
        return cls(
            tuple(dict.fromkeys(edit for part in parts for edit in part.edits)),
            tuple(dict.fromkeys(needed for part in parts for needed in part.inputs)),
            tuple(dict.fromkeys(problem for part in parts for problem in part.problems)),
            next((part.directory for part in parts if part.directory), ""),
        )


def changes(host: Build, plugin: Build, packages: Iterable[str], replaced: Iterable[str] = ()) -> Changed:
    """What makes the plugin compile these packages, which differ, from the same modules as the host.

    `replaced`: modules whose replacement is known to matter although both sides name the same folder.
    """
    pairs: dict[tuple[Use, Use], str] = {}
    for package in packages:
        one, two = host.use(package), plugin.use(package)
        if one is not None and two is not None:
            pairs.setdefault((one, two), package)
    mattering = set(replaced)
    out = Changed.together(
        [_change(host, plugin, package, one, two, one.path in mattering) for (one, two), package in pairs.items()]
    )
    if _others(host, plugin, {edit.module for edit in out.edits}):
        out = out._replace(edits=tuple(_lowered(out.edits)))
    if not plugin.requires_all and any(edit.kind in ("exclude", "lower", "dropreplace") for edit in out.edits):
        out = out._replace(edits=out.edits + tuple(_pins(host, plugin, {one.path for one, _ in pairs})))
    return out


def _others(host: Build, plugin: Build, changed: set[str]) -> bool:
    """Whether the plugin keeps modules that the host has not: what they require is not seen, and may be more.

    Of the host's own checkout the host has what it requires.
    """
    return any(
        not two.is_main
        and path not in changed
        and ((one := host.modules.get(path)) is None or (one.version != two.version and (not one.is_main or one.sum)))
        for path, two in plugin.modules.items()
    )


def _lowered(edits: tuple[Edit, ...]) -> Iterator[Edit]:
    """With every higher version that anything requires excluded, not only the one that was chosen."""
    lowered = {edit.module for edit in edits if edit.kind == "exclude"}
    required = {edit.module for edit in edits if edit.kind == "require"}
    for edit in edits:
        if edit.kind == "require" and edit.module in lowered:
            why = f"{edit.reason}; modules that are not in the host may require other versions"
            yield Edit("lower", edit.module, edit.version, reason=why)
        elif edit.kind != "exclude" or edit.module not in required:
            yield edit


def _pins(host: Build, plugin: Build, changed: set[str]) -> Iterator[Edit]:
    """What has the host's version now, and could lose it with the requirements of a version that goes."""
    shared = {used.path for path in host.packages & plugin.packages if (used := plugin.use(path)) is not None}
    for path in sorted(shared - changed):
        one, two = host.modules.get(path), plugin.modules.get(path)
        if one and two and one.version and one.version == two.version and not two.is_main:
            yield Edit("require", path, one.version, reason=f"{path} stays as the host has it")


def _change(host: Build, plugin: Build, package: str, one: Use, two: Use, replaced: bool) -> Changed:
    """One module that both have."""
    if (one.is_main and not one.sum) or (not one.version and one.replace is None):
        return _checkout(host, plugin, package, one, two)
    if two.is_main:
        return _own_module(host, plugin, one, two)
    edits: list[Edit] = []
    inputs: list[Input] = []
    has = f"{host.name} has {one.path} {one.described}"
    edits += _other_module(host, one, two)
    if one.replace is None:
        if two.replace is not None or not two.version:
            edits += _dropped(two, has)
        edits += _required(one, two, has, two.replace is not None)
        return Changed(tuple(edits))
    path, version = one.effective
    if version:
        if two.effective != one.effective:
            edits += _dropped(two, has)
            edits.append(Edit("replace", one.path, to=f"{path}@{version}", reason=has))
    elif _other_folder(host, plugin, package, one, two, replaced):
        folder, needed = _folder(host, package, one)
        if host.trimmed is False and posixpath.normpath(two.effective[0]) == folder:
            why = f"{one.path} comes from {folder} on both sides, and what else {host.name} did with it is in no file"
            return Changed(problems=(Problem(why, TRIM, TRIMMED),))
        edits += _dropped(two, has)
        edits.append(Edit("replace", one.path, to=folder, reason=has))
        inputs.append(needed)
    edits += _required(one, two, has, False)
    return Changed(tuple(edits), tuple(inputs))


def _dropped(two: Use, reason: str) -> Iterator[Edit]:
    """Without the plugin's own replacement: of every version, and of this one, which would count more."""
    if two.replace is not None:
        yield Edit("dropreplace", two.path, reason=reason)
        if two.version:
            yield Edit("dropreplace", two.path, two.version, reason=reason)


def _other_module(host: Build, one: Use, two: Use) -> Iterator[Edit]:
    """The module from which the plugin has a package that the host has from another one: a module that was split.

    Both would have the package, which Go refuses as ambiguous. Where the host has that module, it has it without the
    package.
    """
    if one.path == two.path or not two.version:
        return
    theirs = host.modules.get(two.path)
    if theirs is not None and theirs.version:
        yield from _required(theirs, two, f"{host.name} has {two.path} {theirs.described}", False)
    elif theirs is None:
        yield from without(two, f"{host.name} has the package in {one.path}")


def without(use: Use, reason: str) -> Iterator[Edit]:
    """A module goes, and nothing that requires it brings its version back."""
    yield Edit("droprequire", use.path, reason=reason)
    yield Edit("exclude", use.path, use.version, reason=reason)


def _required(one: Use, two: Use, reason: str, always: bool) -> Iterator[Edit]:
    """The host's version, and no higher one."""
    if not one.version or (one[:2] == two[:2] and not always):
        return
    yield Edit("require", one.path, one.version, reason=reason)
    if one.path != two.path:
        return
    if order(two.version) < order(one.version):
        # An earlier recipe, for an older build of the host, may have excluded it; else this does nothing.
        yield Edit("dropexclude", one.path, one.version, reason="an excluded version counts as not required")
    if order(two.version) > order(one.version):
        yield Edit(
            "exclude",
            one.path,
            two.version,
            reason=f"something may require {two.version}: an excluded version counts as not required",
        )


def _other_folder(host: Build, plugin: Build, package: str, one: Use, two: Use, replaced: bool) -> bool:
    """Whether the plugin has to take a module from the folder that the host has it from: not where it does already."""
    mine = host.source(package)
    if host.trimmed is not False or mine is None:
        return replaced or not one.agrees(two)
    other = plugin.source(package)
    return other is None or mine.directory != other.directory


def _folder(host: Build, package: str, one: Use) -> tuple[str, Input]:
    """The folder that replaces a module in the host, as another checkout can name it."""
    what = f"{host.name}'s copy of {one.path}"
    if folder := _place(host, package, one):
        return folder, Input("", f"{what}: {host.name} was built without -trimpath, so its path counts", folder)
    given = one.replace.path if one.replace else ""
    if given.startswith("/"):
        return given, Input("", what, given)
    if host.root:
        folder = posixpath.normpath(f"{host.root}/{given}")
        return folder, Input("", f"{what}: {host.name} was built without -trimpath, so its path counts", folder)
    below = given if given.startswith("..") else posixpath.normpath(given)
    return Placeholder(f"{checkout(host)}/{below}"), _host_checkout(host, f"{what} lies at {given} from there")


def _place(host: Build, package: str, one: Use) -> str:
    """The folder of a module, by where a package of it lies; empty where that is not known."""
    source, below = host.source(package), package.removeprefix(one.path)
    directory = source.directory if source is not None else ""
    return directory.removesuffix(below) if directory.startswith("/") and directory.endswith(below) else ""


def _host_checkout(host: Build, why: str) -> Input:
    revision = host.setting("vcs.revision")
    commit = f", at commit {revision}" if revision else f", as it was when {host.name} was built"
    return Input(checkout(host)[1:], f"the folder of {host.name}'s main module {host.main_module}{commit}: {why}")


# -- modules without a version: main modules, and those of a workspace ---------------------------------------------


def _checkout(host: Build, plugin: Build, package: str, one: Use, two: Use) -> Changed:
    """A package that the host compiled from a checkout: its path is that directory, or trimmed the bare import path."""
    root = _place(host, package, one)
    of = f"{host.name}'s own module" if one.is_main else f"a module of {host.name}'s workspace"
    reason = f"{one.path} is {of}: it has no version that could be required"
    if two.is_main:
        return _same_module(host, plugin, one, root)
    if host.trimmed:
        used = checkout(host) if one.is_main else Placeholder(f"$CHECKOUT_OF_{_variable(one.path)}")
        needed = (
            _host_checkout(host, f"{plugin.name} imports {package} of it")
            if one.is_main
            else Input(used[1:], f"the folder of {one.path} that {host.name} was built with")
        )
        # In a workspace its module counts more than a replacement, without which its version may be nowhere to be had.
        return Changed((Edit("use", one.path, to=used, reason=reason, root=_above(plugin)),), (needed,))
    if not root:
        which = "which was built without -trimpath in a folder that is not recorded"
        why = f"{plugin.name} imports {package} of {of}, {which}"
        return Changed(problems=(Problem(why, TRIM, TRIMMED, untold=True),))
    needed = Input("", f"the checkout of {one.path} that {host.name} was built in: its path counts", root)
    edits = [*_dropped(two, reason), Edit("replace", one.path, to=root, reason=reason)]
    return Changed(tuple(edits), (needed,))


def _above(plugin: Build) -> str:
    """The way from the plugin's package main to its go.mod; empty where it lies there, and where no file tells."""
    path, module = plugin.info.path if plugin.info else "", plugin.main_module or ""
    below = path.removeprefix(f"{module}/") if module and path.startswith(f"{module}/") else ""
    return "/".join(".." for _ in below.split("/")) if below else ""


def _variable(path: str) -> str:
    return re.sub(r"[^A-Z]", "_", path.upper(), flags=re.ASCII)


def _same_module(host: Build, plugin: Build, one: Use, root: str) -> Changed:
    """The plugin is a package of the same main module: without -trimpath only in the same directory."""
    if host.trimmed or (plugin.root is not None and plugin.root == root):
        return Changed()
    if not root:
        why = f"{host.name} was built without -trimpath in a folder of {one.path} that is not recorded"
        return Changed(problems=(Problem(why, TRIM, TRIMMED, untold=True),))
    below = (plugin.info.path if plugin.info else "").removeprefix(one.path)
    folder = root + (below if below.startswith("/") else "")
    needed = Input("", f"the checkout of {one.path} that {host.name} was built in: its path counts", root)
    return Changed(inputs=(needed,), directory=folder)


def _own_module(host: Build, plugin: Build, one: Use, two: Use) -> Changed:
    """A package of the plugin's main module that the host has by version: the plugin has to leave the module."""
    path = plugin.info.path if plugin.info else ""
    if not one.version or one.replace is not None or not path.startswith(f"{two.path}/"):
        why = f"{plugin.name}'s own module {two.path} has no version, and {host.name} has it as {one.described}"
        hint = f" (go install {path}@{one.version} builds it by version)" if one.version else ""
        return Changed(problems=(Problem(why + hint),))
    reason = f"{host.name} has {one.path} {one.version}; a checkout of it has no version, so the plugin has to leave it"
    return Changed(
        (
            # Not the plugin's own path: the published version may have that package, too.
            Edit("init", f"{path}/plugin", reason=reason),
            Edit("require", one.path, one.version, reason=reason),
        )
    )
