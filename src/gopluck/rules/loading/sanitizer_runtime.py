"""`sanitizer-runtime`: the plugin needs a sanitizer that the host was not started with."""

from __future__ import annotations

from collections.abc import Mapping

from gopluck.builds.support import Lack
from gopluck.loader.answer import Failure
from gopluck.rules.model import Evidence, Link, Rule, by_failure


def words(evidence: Evidence, found: Mapping[str, str]) -> tuple[str, str, str]:
    """By libasan among the needed libraries, a sanitizer's symbol, or a variable that both files define."""
    if found.get("first"):
        return (
            f"host and plugin were both built with -asan and both define {found['symbol']}: its check for two "
            "definitions of one variable ends the process",
            "Run the host with ASAN_OPTIONS=detect_odr_violation=0.",
            f"host and plugin were both built with -asan and both define {found['symbol']}",
        )
    what = found.get("library") or found.get("symbol") or "a sanitizer"
    what = what.rpartition("/")[2]
    return (
        f"the plugin was built with a sanitizer ({what}), which must be in the process from its start",
        "Build both with the same of -asan and -msan, or neither.",
        f"the plugin was built with a sanitizer ({what}), with which the host was not started",
    )


RULE = Rule(
    slug="sanitizer-runtime",
    rank=140,
    title="The plugin brings a sanitizer into a host that has none.",
    meaning="The plugin was built with -asan or -msan (or its C code with -fsanitize), the host was not.",
    why="The sanitizer's runtime replaces the allocator and must be loaded first. libasan ends the process when it is "
    "loaded by `dlopen`; msan's symbols are nowhere defined.",
    example="A plugin built with `go build -asan -buildmode=plugin`, opened by the ordinary host: the process dies "
    "inside dlopen.",
    fix="Build host and plugin both with the sanitizer, or both without.",
    links=(Link("compiler-rt lib/asan/asan_linux.cpp, AsanCheckDynamicRTPrereqs"),),
    ends=by_failure(words),
    failures=frozenset({Failure.SANITIZER}),
    lack=Lack.PLAIN_MEMORY,
)
