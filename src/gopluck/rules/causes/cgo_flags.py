"""`cgo-flags`: different CGO_CFLAGS and the like, which may select other C declarations."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.builds.flags import CGO, CGO_LINK, cgo_lines
from gopluck.builds.source import is_std
from gopluck.rules.model import Comparison, Difference, Link, Rule

SETTINGS = (*CGO, CGO_LINK)
STD_CGO = frozenset({"runtime/cgo", "net", "os/user", "plugin"})
"""The packages of the standard library that use cgo."""


def differs(comparison: Comparison) -> Iterator[Difference]:
    """By the build settings, which -trimpath leaves out. Which packages use cgo is not recorded."""
    infos = [build.info for build in comparison.builds]
    one, two = (
        {key: info.setting(key) for key in SETTINGS} if info is not None else dict.fromkeys(SETTINGS, None)
        for info in infos
    )
    if None in one.values() or None in two.values() or one == two:
        return
    from gopluck.builds.measured import measured

    declares = any(one[key] != two[key] for key in CGO)
    moves = cgo_lines(one[CGO_LINK]) != cgo_lines(two[CGO_LINK])
    in_std = STD_CGO if declares or measured().cgo_ldflags_reach_std else frozenset()
    host, plugin = (
        ", ".join(f"{key}={values[key]}" if values[key] else f"no {key}" for key in SETTINGS if one[key] != two[key])
        for values in (one, two)
    )
    candidates = [path for path in comparison.mismatched if path in in_std or not is_std(path)]
    fix = "Build the plugin with the host's C flags and headers."
    yield comparison.built_with(host, plugin, fix, candidates=candidates if declares or moves else ())


RULE = Rule(
    slug="cgo-flags",
    rank=100,
    title="Host and plugin were built with different C flags.",
    meaning="CGO_CFLAGS, CGO_CPPFLAGS, CGO_CXXFLAGS or CGO_LDFLAGS differ, and a package differs that nothing else "
    "explains and that may use cgo.",
    why="cgo writes Go declarations from what the C compiler sees: a -D or -I that selects other declarations changes "
    "the Go types of the package. Flags such as -O0 change nothing. Of CGO_LDFLAGS only the number of words counts: "
    "cgo writes a line for each into the package, before its declarations, and their lines are part of the hash "
    "(unset, it is `-O2 -g`). Under -trimpath the flags are not recorded.",
    example="CGO_CFLAGS=-DNATIVE_WIDE makes a C struct wider on one side only.",
    fix="Build the plugin with the host's C flags and headers.",
    links=(Link("src/cmd/cgo", "https://pkg.go.dev/cmd/cgo"),),
    differs=differs,
    compiled=True,
)
