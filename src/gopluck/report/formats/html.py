"""One file for a person: the verdicts, the shared packages as tiles, what to type with a button that copies it.

Nothing is loaded from elsewhere and no address is a link: a content security policy allows the page's own style and
script and nothing more. Jinja escapes every value.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from gopluck import __version__
from gopluck.builds.source import STD, is_std
from gopluck.clean import clean, first_of
from gopluck.report.fix import shortened
from gopluck.report.formats.digest import Digest, Item, Level, Package, Reason, Result, digest, some
from gopluck.report.interface import View
from gopluck.result.verdict import Role

SIGNS = {Level.OK: "✓", Level.WARNING: "!", Level.ERROR: "✗"}

ROWS = 200
"""Groups in the table."""

CARDS = 60
"""Groups with a section of their own."""

LISTED = 1000
"""Files of a group, and packages of a reason, that are named."""

LABELS = {
    "fix": "What to type",
    "host": "What the host’s owner types",
    "next": "What would settle it",
    "build": "The build",
    "try": "What may help",
}

PREFIXES = {Role.CAUSE: "", Role.RISK: "Risk: "}

MOST = 4000
"""Tiles of one page: what a browser draws at once, and 400 KB."""

COLORS = 7
"""Causes that have a colour of their own; the rest share one."""

LONGEST = 120
"""Letters of a package's name that are shown."""

MATCHES, OTHER = "m", "k0"


def render(result: Result, view: View) -> str:
    """One HTML document."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    loader = PackageLoader("gopluck.report", "formats")
    environment = Environment(
        loader=loader,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    style, script = (loader.get_source(environment, name)[0] for name in ("page.css", "page.js"))
    return environment.get_template("page.html.jinja").render(
        **_page(digest(result, view)),
        style=Markup(style),
        script=Markup(script),
        style_hash=_hash(style),
        script_hash=_hash(script),
    )


def _hash(text: str) -> str:
    """How a content security policy names a text that it allows."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _page(found: Digest) -> Mapping[str, Any]:
    shown = [item for item in found.groups if _has_card(item)]
    tiles = Tiles()
    alone = len(found.groups) == 1
    cards = [_card(f"p{number}", item, tiles, alone) for number, item in enumerate(shown[:CARDS], 1)]
    ids = {id(item): card["id"] for item, card in zip(shown, cards, strict=False)}
    return {
        "command": found.command if found.command == "align" else f"{found.command} {found.against}",
        "version": __version__,
        "summary": found.summary,
        "level": found.level,
        "sign": SIGNS[found.level],
        "alone_notes": found.groups[0].notes if alone and not cards else (),
        "rows": [_row(item, ids.get(id(item), "")) for item in found.groups[:ROWS]],
        "more_rows": max(len(found.groups) - ROWS, 0),
        "cards": cards,
        "more_cards": max(len(shown) - CARDS, 0),
    }


def _has_card(item: Item) -> bool:
    """Whether there is more to say of it than a row of the table does."""
    return bool(item.error or item.reasons or item.accepted or item.fixes or item.packages or item.matched)


def _row(item: Item, card: str) -> Mapping[str, str]:
    """A row of the table."""
    name, why = shortened(first_of(item.paths)), item.row
    if item.level == Level.OK and not item.packages and item.compared:
        why = "all packages match" + (", with a risk that is accepted" if item.accepted else "")
    return {"level": item.level, "sign": SIGNS[item.level], "name": name, "card": card, "why": why}


def _card(name: str, item: Item, tiles: Tiles, alone: bool) -> dict[str, Any]:
    """The section of one item. `alone`: its first line is the page's."""
    colors = tiles.colors(item)
    modules = tiles.modules(item)
    several = len(item.paths) > 1
    return {
        "id": name,
        "item": item,
        "sign": SIGNS[item.level],
        "headed": not alone,
        "names": some(item.paths, LISTED) if several else (),
        "of": f", of {item.paths[0]}" if several else "",
        "reasons": [_reason(reason, colors.get(reason.rule, "")) for reason in (*item.reasons, *item.accepted)],
        "modules": modules,
        "share": _share(item),
        "fixes": [{"label": LABELS.get(fix.label, ""), "text": "\n".join(fix.folded)} for fix in item.fixes],
    }


def _share(item: Item) -> str:
    """The heading of the tiles."""
    of = f" of {item.paths[0]}" if len(item.paths) > 1 else ""
    if not item.packages:
        return f"All {item.compared} shared packages{of} match"
    return f"{len(item.packages)} of {item.compared} shared packages{of} differ"


def _reason(reason: Reason, color: str) -> Mapping[str, Any]:
    many = reason.packages if len(reason.packages) > 1 else ()
    return {
        "text": PREFIXES[reason.role] + reason.text + (f" ({reason.acceptance})" if reason.acceptance else ""),
        "rule": reason.rule,
        "color": color or ("w" if reason.role == Role.RISK else OTHER),
        "count": f"{len(many)} packages",
        "packages": some(many, LISTED // 10),
    }


# -- the shared packages as tiles: by module, and coloured by what each one differs through ----------------------------


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
        rows = [_module(name, tiles) for name, tiles in found.items()]
        return sorted(rows, key=lambda row: (-row["differing"], -len(row["tiles"])))


def _differs(one: Package, colors: Mapping[str, str]) -> dict[str, str]:
    first, *more = [colors.get(cause, OTHER) for cause in one.causes] or [OTHER]
    color = f"{first} and-{more[0]}" if more else first
    return {"color": color, "title": f"{shown(one.path)}: {', '.join(one.causes) or 'differs'}"}


def _module(name: str, tiles: Sequence[Mapping[str, str]]) -> dict[str, Any]:
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
