"""The search for edits of go.mod after which the versions that the go command selects are the host's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from gopluck.aligner.fit import Checked, explained
from gopluck.aligner.gocommand import GoFailed
from gopluck.aligner.gomod import GoMod, Require
from gopluck.aligner.trial import Trial
from gopluck.builds.build import Build
from gopluck.builds.source import Use
from gopluck.record import NamedTuple
from gopluck.remedy.grammar import refused
from gopluck.remedy.modules import without
from gopluck.remedy.rename import another_path
from gopluck.result.recipe import Edit
from gopluck.result.verdict import Fit, Role


class Step(NamedTuple):
    """What to try next: edits, or why there are none."""

    edits: tuple[Edit, ...] = ()
    why_not: str = ""


def next_step(host: Build, checked: Checked, mod: GoMod, done: Sequence[Edit], *, partly: bool = False) -> Step:
    """The edits for the modules whose packages differ, that were not tried yet. `mod`: go.mod without any of them.

    `partly`: also where they do not settle everything.
    """
    edits: list[Edit] = []
    why_not = ""
    seen: set[str] = set()
    for package in checked.mismatched:
        one, two = host.use(package), checked.plugin.use(package)
        if two is None or two.path in seen:
            continue
        seen.add(two.path)
        step = _step(host, package, one, two, mod, done)
        why_not = why_not or step.why_not
        edits += [edit for edit in step.edits if edit not in done]
    for left in refused(edits):
        why_not, edits = f"{left.setting} is none that Go takes: {left.value}", []
    return Step(() if why_not and not partly else tuple(edits), why_not)


def _step(host: Build, package: str, one: Use | None, two: Use, mod: GoMod, done: Sequence[Edit]) -> Step:
    """The edits for the module of a package."""
    if two.is_main and package == mod.module:
        return Step((another_path(package.rpartition("/")[2], package, package),))
    if one is None or two.is_main:
        return Step()  # no edit of go.mod moves it; the rules say what differs
    if one.path != two.path:
        split = tuple(edit for edit in _other_module(host, one, two, mod) if edit not in done)
        return Step(split, "" if split else f"{package} is of module {one.path} in the host, of {two.path} here")
    if one.is_main and not one.sum:
        return _checkout(host, package, one, two, mod, "is the host's own module, built from its checkout")
    if not one.version and one.replace is None:
        return _checkout(host, package, one, two, mod, "has no version in the host: it was built from a checkout of it")
    required = _require(one, two, mod, done)
    if one.replace is not None and one.is_folder:
        if host.trimmed:
            if not required and one.effective != two.effective:
                return Step(why_not=f"the host replaces {one.path} by {one.replace.path}, whose code is not here")
            return Step(required)
        found = _checkout(host, package, one, two, mod, f"is replaced by the folder {one.replace.path} in the host")
        return found._replace(edits=(*required, *found.edits)) if found.edits else found
    if one.effective != two.effective or (one.replace is None) != (two.replace is None):
        return Step((*required, *_replacement(one, two, mod)))
    return Step(required)


def _other_module(host: Build, one: Use, two: Use, mod: GoMod) -> Iterator[Edit]:
    """The host's modules for a package that it has from another module than the plugin: both would be ambiguous."""
    theirs = host.modules.get(two.path)
    for use in (one, theirs):
        if use is not None and use.version and not use.is_main:
            yield from _pinned(use, mod)
    if theirs is None and two.version:
        yield from without(two, f"the host has the package in {one.path}")


def _pinned(one: Use, mod: GoMod) -> Iterator[Edit]:
    """The host's version, also where go.mod excludes it."""
    reason = f"the host has {one.version}"
    yield Edit("require", one.path, one.version, reason=reason)
    if Require(one.path, one.version) in mod.excludes:
        yield Edit("dropexclude", one.path, one.version, reason=reason)


def _require(one: Use, two: Use, mod: GoMod, done: Sequence[Edit]) -> tuple[Edit, ...]:
    """Require the host's version; where that was done in vain, exclude what other modules ask for."""
    if not one.version or one.version == two.version:
        return ()
    pinned = tuple(edit for edit in _pinned(one, mod) if edit not in done)
    if pinned:
        return pinned
    reason = f"other modules require {two.version}, and the host has {one.version}"
    return (Edit("exclude", two.path, two.version, reason=reason),)


def _replacement(one: Use, two: Use, mod: GoMod) -> tuple[Edit, ...]:
    """The host's replacement by a version, or none."""
    out: list[Edit] = []
    for mine in mod.replaces:
        if mine.path == two.path and (one.replace is None or mine.version):
            reason = "the host does not replace it" if one.replace is None else "the host replaces it otherwise"
            out.append(Edit("dropreplace", mine.path, mine.version, reason=reason))
    if one.replace is not None:
        out.append(Edit("replace", one.path, to="@".join(one.effective), reason=f"the host has {one.described}"))
    return tuple(out)


def _checkout(host: Build, package: str, one: Use, two: Use, mod: GoMod, what: str) -> Step:
    """Code of the host that has no version: a folder, and without -trimpath that very folder."""
    below = package.removeprefix(one.path)
    source = host.source(package)
    directory = source.directory if source is not None else host.replacement(package) or ""
    if host.trimmed or not directory.startswith("/"):
        return Step(why_not=f"{one.path} {what}")
    folder = directory.removesuffix(below)
    if two.replace is not None and two.replace.path == folder:
        return Step(why_not=f"{one.path} {what} ({folder})")
    if not Path(folder, "go.mod").is_file():
        return Step(why_not=f"{one.path} {what}: its folder {folder} is not on this machine")
    drop = [
        Edit("dropreplace", mine.path, mine.version) for mine in mod.replaces if mine.path == two.path and mine.version
    ]
    reason = f"the host took it from {folder}"
    return Step((*drop, Edit("replace", one.path, to=folder, reason=reason)))


ROUNDS = 40
"""How often edits are tried at the most: one round for each version of a module that has to be excluded."""

Attempt = Callable[[Sequence[Edit]], Checked]
"""The printed build with go.mod edited. Raises `GoFailed`."""


class Repaired(NamedTuple):
    """What came of the search for edits."""

    checked: Checked | None
    """The last build that was tried."""
    edits: tuple[Edit, ...] = ()
    why_not: str = ""
    after: str = ""


def repaired(trial: Trial, mod: GoMod, attempt: Attempt, first: Checked, edits: tuple[Edit, ...]) -> Repaired:
    """Edit after edit, until the versions that the go command selects are the host's."""
    current = first
    found = list(edits)
    for _ in range(ROUNDS):
        if current.verdict != Fit.DIFFERS:
            return Repaired(current, tuple(found), "", trial.after(found))
        if current.broken:
            return Repaired(current, tuple(found), _broken(current, found))
        step = next_step(trial.host, current, mod, found)
        if not step.edits:
            return Repaired(current, tuple(found), step.why_not or _unsettled(trial, current))
        found += step.edits
        try:
            current = attempt(found)
        except GoFailed as error:
            needs = ", ".join(f"{one.module} {one.version}" for one in step.edits)
            return Repaired(current, (), f"with the host's versions ({needs}) {list_failed(str(error))}")
    return Repaired(current, (), "the versions do not settle on the host's")


def _broken(current: Checked, found: Sequence[Edit]) -> str:
    versions = ", ".join(f"{one.module} {one.version}" for one in found if one.kind == "require")
    if not versions:
        return current.reason
    return f"with the host's {versions} {current.reason}: raise the version in the host instead"


def _unsettled(trial: Trial, current: Checked) -> str:
    """The strongest difference that no edit of go.mod settles."""
    causes = [one for one in explained(trial.host, current) if one.role == Role.CAUSE]
    return causes[0].message if causes else "the packages differ for a reason that nothing here shows"


UNTAGGED = "build constraints exclude all Go files"
"""How the go command says that the tags select nothing."""


def list_failed(said: str) -> str:
    """What the go command said, in one line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    if lines and lines[0].endswith("errors parsing go.mod:"):
        lines = [" ".join(lines[:2])]
    hint = " (where the plugin is built with -tags, set them in GOFLAGS: GOFLAGS=-tags=…)" if UNTAGGED in said else ""
    return f"go list says: {lines[0] if lines else 'nothing'}{hint}"
