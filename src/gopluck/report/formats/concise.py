"""A line for each plugin, to be read, sorted and searched: `PATH: VERDICT [RULES] WHY | what Go prints`.

Of a plugin that loads, and whose risks are accepted, these are the rules, and why.
"""

from __future__ import annotations

from gopluck.report.formats.digest import Item, Level, Result, digest
from gopluck.report.interface import QUIET, View


def render(result: Result, view: View) -> str:
    """The lines; when quiet only those that are not well."""
    quiet = view.verbosity == QUIET
    entries = [item for item in digest(result, view).entries if not (quiet and item.level == Level.OK)]
    return "".join(f"{_line(item)}\n" for item in entries)


def _line(item: Item) -> str:
    rules = f"[{', '.join(item.rules)}]" if item.rules and item.level != Level.OK else ""
    reason = item.reason
    if item.level == Level.OK and item.accepted:
        rules = f"[{', '.join(dict.fromkeys(one.rule for one in item.accepted))}]"
        reason = "; ".join(dict.fromkeys(one.acceptance for one in item.accepted))
    words = " ".join(filter(None, (item.state, rules, reason)))
    return f"{item.paths[0]}: {words}" + (f" | {item.error}" if item.error else "")
