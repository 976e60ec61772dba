"""`undefined-symbol`: the plugin needs a symbol that nothing in the process defines."""

from __future__ import annotations

from collections.abc import Mapping

from gopluck.loader.answer import Failure
from gopluck.rules.model import Evidence, Link, Owner, Rule, by_failure


def words(evidence: Evidence, found: Mapping[str, str]) -> tuple[str, str, str]:
    """By the undefined dynamic symbols."""
    symbol = found.get("symbol", "a symbol")
    return (
        f"{evidence.file} needs the symbol {symbol}, which neither the host nor any library defines",
        f"Link the library that defines {symbol} into the plugin (CGO_LDFLAGS, #cgo LDFLAGS).",
        f"the plugin needs the symbol {symbol}, which nothing defines",
    )


RULE = Rule(
    slug="undefined-symbol",
    rank=110,
    title="The plugin needs a symbol that nothing defines.",
    meaning="A symbol is undefined in the plugin, and no file of the process has it.",
    why="`plugin.Open` calls `dlopen` with RTLD_NOW: every symbol must be found at once. Linkers let shared objects "
    "have undefined symbols, so the build does not notice.",
    example="C code in a plugin declares `int helper(void)` and nothing defines it.",
    fix="Define the symbol, or link the library that does, also with `-extldflags=-Wl,-z,defs` so that the build "
    "fails instead.",
    links=(Link("glibc elf/dl-lookup.c, _dl_lookup_symbol_x"), Link("musl ldso/dynlink.c, do_relocs")),
    ends=by_failure(words),
    failures=frozenset({Failure.SYMBOL}),
    owner=Owner(
        "the plugin's C code calls a function that no library has",
        "Link the library that defines it into the plugin, by a line #cgo LDFLAGS.",
        side="plugin",
        builds=False,
    ),
)
