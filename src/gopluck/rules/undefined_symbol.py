"""`undefined-symbol`: the plugin needs a symbol that nothing in the process defines."""

from __future__ import annotations

from collections.abc import Mapping

from gopluck.rules.endings import by_dlopen, name
from gopluck.rules.model import Evidence, Link, Rule


def words(evidence: Evidence, found: Mapping[str, str]) -> tuple[str, str]:
    """By the undefined dynamic symbols."""
    symbol = found.get("symbol", "a symbol")
    return (
        f"{name(evidence)} needs the symbol {symbol}, which neither the host nor any library defines",
        f"Link the library that defines {symbol} into the plugin (CGO_LDFLAGS, #cgo LDFLAGS).",
    )


RULE = Rule(
    slug="undefined-symbol",
    title="The plugin needs a symbol that nothing defines.",
    meaning="A symbol is undefined in the plugin, and no file of the process has it.",
    why="`plugin.Open` calls `dlopen` with RTLD_NOW: every symbol must be found at once. Linkers let shared objects "
    "have undefined symbols, so the build does not notice.",
    example="C code in a plugin declares `int helper(void)` and nothing defines it.",
    fix="Define the symbol, or link the library that does, also with `-extldflags=-Wl,-z,defs` so that the build "
    "fails instead.",
    links=(Link("glibc elf/dl-lookup.c, _dl_lookup_symbol_x"), Link("musl ldso/dynlink.c, do_relocs")),
    ends=by_dlopen("undefined-symbol", words),
)
