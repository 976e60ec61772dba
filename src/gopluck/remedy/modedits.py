"""The edits of go.mod that make a plugin take a module from where the host took it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from gopluck.remedy.fit import Checked
from gopluck.remedy.gomod import GoMod
from gopluck.remedy.model import Edit
from gopluck.rules.builds import Build, Use


class Step(NamedTuple):
    """What to try next: edits, or why there are none."""

    edits: tuple[Edit, ...] = ()
    why_not: str = ""


def next_step(host: Build, checked: Checked, mod: GoMod, done: Sequence[Edit]) -> Step:
    """The edits for the modules whose packages differ, that were not tried yet. `mod`: go.mod without any of them."""
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
    return Step(() if why_not else tuple(edits), why_not)


def _step(host: Build, package: str, one: Use | None, two: Use, mod: GoMod, done: Sequence[Edit]) -> Step:
    """The edits for the module of a package."""
    if one is None or two.is_main:
        return Step()  # no edit of go.mod moves it; the rules say what differs
    if one.path != two.path:
        return Step(why_not=f"{package} is of module {one.path} in the host, of {two.path} here")
    if one.is_main and not one.sum:
        return _checkout(host, package, one, two, mod, "is the host's own module, built from its checkout")
    required = _require(one, two, done)
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


def _require(one: Use, two: Use, done: Sequence[Edit]) -> tuple[Edit, ...]:
    """Require the host's version; where that was done in vain, exclude what other modules ask for."""
    if not one.version or one.version == two.version:
        return ()
    require = Edit("require", one.path, one.version, reason=f"the host has {one.version}")
    if require not in done:
        return (require,)
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
    if host.trimmed or source is None or not source.directory.startswith("/"):
        return Step(why_not=f"{one.path} {what}")
    folder = source.directory.removesuffix(below)
    if two.replace is not None and two.replace.path == folder:
        return Step(why_not=f"{one.path} {what} ({folder})")
    if not Path(folder, "go.mod").is_file():
        return Step(why_not=f"{one.path} {what}: its folder {folder} is not on this machine")
    drop = [
        Edit("dropreplace", mine.path, mine.version) for mine in mod.replaces if mine.path == two.path and mine.version
    ]
    reason = f"the host took it from {folder}"
    return Step((*drop, Edit("replace", one.path, to=folder, reason=reason)))
