"""The shared packages of an item as tiles: by module, and coloured by what each one differs through."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gopluck.builds.source import STD, is_std
from gopluck.clean import clean
from gopluck.report.formats.digest import Item, Package

MOST = 4000
"""Tiles of one page: what a browser draws at once, and 400 KB."""

COLORS = 7
"""Causes that have a colour of their own; the rest share one."""

LONGEST = 120
"""Letters of a package's name that are shown."""

MATCHES, OTHER = "m", "k0"


class Tiles:
    """Draws tiles until a page has enough of them."""

    def __init__(self) -> None:
        self._left = MOST

    def colors(self, item: Item) -> Mapping[str, str]:
        """The class of each cause, the strongest first. A package with two causes has both: `k1 and-k2`."""
        used = {cause for one in item.packages for cause in one.causes}
        slugs = [slug for slug in dict.fromkeys([*item.rules, *sorted(used)]) if slug in used]
        return {slug: f"k{number}" if number <= COLORS else OTHER for number, slug in enumerate(slugs, 1)}

    def modules(self, item: Item) -> list[dict[str, Any]]:
        """The modules with their tiles, those with most that differs first."""
        colors = self.colors(item)
        paths = item.matched or [""] * max(item.compared - len(item.packages), 0)
        if len(item.packages) + len(paths) > self._left:
            paths = []
        packages = item.packages[: self._left]
        self._left -= len(packages) + len(paths)
        known = sorted({one.module for one in packages if one.module}, key=len, reverse=True)
        found: dict[str, list[dict[str, str]]] = {}
        for one in packages:
            found.setdefault(one.module or one.path, []).append(_differs(one, colors))
        for path in paths:
            found.setdefault(module_of(path, known), []).append({"color": MATCHES, "title": shown(path)})
        rows = [_row(name, tiles) for name, tiles in found.items()]
        return sorted(rows, key=lambda row: (-row["differing"], -len(row["tiles"])))


def _differs(one: Package, colors: Mapping[str, str]) -> dict[str, str]:
    first, *more = [colors.get(cause, OTHER) for cause in one.causes] or [OTHER]
    color = f"{first} and-{more[0]}" if more else first
    return {"color": color, "title": f"{shown(one.path)}: {', '.join(one.causes) or 'differs'}"}


def _row(name: str, tiles: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    differing = sum(tile["color"] != MATCHES for tile in tiles)
    count = f"{differing} of {len(tiles)} differ" if differing else f"{len(tiles)} match"
    return {"name": titled(name), "count": count, "tiles": tiles, "differing": differing}


def titled(module: str) -> str:
    """A module's name, for people."""
    return {STD: "standard library", "": "packages that match"}.get(module, shown(module))


def shown(path: str) -> str:
    """A package's name, not too long."""
    path = clean(path)
    return path if len(path) <= LONGEST else f"{path[:LONGEST]}…"


def module_of(path: str, known: Iterable[str]) -> str:
    """The module of a package that matches: one that is known, else as the path looks.

    Which module it is is not in the result; it decides only beside what its tile is drawn.
    """
    if not path:
        return ""
    for module in known:
        if path == module or path.startswith(f"{module}/"):
            return module
    if is_std(path):
        return STD
    parts = path.split("/")
    return "/".join(parts[: 3 if parts[0] in HOSTING else 2])


HOSTING = frozenset({"github.com", "gitlab.com", "bitbucket.org", "codeberg.org", "golang.org", "sr.ht"})
"""Where a module's path has three parts."""
