"""One file for a person: the verdicts, the shared packages as tiles, what to type with a button that copies it.

Nothing is loaded from elsewhere and no address is a link: a content security policy allows the page's own style and
script and nothing more. Jinja escapes every value.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from gopluck import __version__
from gopluck.report.fix import shortened
from gopluck.report.formats.digest import Digest, Item, Level, Reason, Result, digest, some
from gopluck.report.formats.tiles import OTHER, Tiles
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
    name = item.paths[0] if len(item.paths) == 1 else f"{item.paths[0]} and {len(item.paths) - 1} more"
    why = item.row
    if item.level == Level.OK and not item.packages and item.compared:
        why = "all packages match" + (", with a risk that is accepted" if item.accepted else "")
    return {"level": item.level, "sign": SIGNS[item.level], "name": shortened(name), "card": card, "why": why}


def _card(name: str, item: Item, tiles: Tiles, alone: bool) -> dict[str, Any]:
    """The section of one item. `alone`: its first line is the page's."""
    colors = tiles.colors(item)
    modules = tiles.modules(item)
    several = len(item.paths) > 1
    return {
        "id": name,
        "level": item.level,
        "sign": SIGNS[item.level],
        "headed": not alone,
        "title": item.title,
        "reason": item.reason,
        "names": some(item.paths, LISTED) if several else (),
        "of": f", of {item.paths[0]}" if several else "",
        "error": item.error,
        "notes": item.notes,
        "reasons": [_reason(reason, colors.get(reason.rule, "")) for reason in (*item.reasons, *item.accepted)],
        "modules": modules,
        "share": _share(item),
        "fixes": list(_fixes(item)),
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


def _fixes(item: Item) -> Iterator[Mapping[str, str]]:
    for fix in item.fixes:
        yield {"label": LABELS.get(fix.label, ""), "text": "\n".join(fix.folded)}
