"""`gcflags-trimpath`: the host was compiled with `-gcflags=…-trimpath=DIR`, which is not `go build -trimpath`."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.rules.model import Comparison, Difference, Owner, Rule, go_issue, go_source

FLAG = "-trimpath="
ALWAYS_CGO = "runtime/cgo"
"""The package with cgo that every host and every plugin has."""


def differs(comparison: Comparison) -> Iterator[Difference]:
    """By the host's -gcflags, as far as they are for the package with cgo that all share."""
    host = comparison.provider
    if not comparison.is_host or ALWAYS_CGO not in comparison.mismatched:
        return
    if given := sorted(word for word in host.flags_by_settings(ALWAYS_CGO) or () if word.startswith(FLAG)):
        yield Difference(
            f"the host was compiled with -gcflags={given[0]}: with it the go command's work folder, which has a new "
            "name in each build, stays in packages with cgo",
            (ALWAYS_CGO,),
            evidence={"host": f"-gcflags={host.setting('-gcflags')}", "plugin": "any"},
            fix="Build host and plugin with -trimpath in place of it.",
            headline=f"the host was compiled with -gcflags={given[0]}, which no plugin can match",
        )


RULE = Rule(
    slug="gcflags-trimpath",
    rank=45,
    title="The host was compiled with -gcflags=-trimpath=DIR, which no plugin can match.",
    meaning="The compiler has a flag -trimpath of its own. It was given to the host's packages by -gcflags, and took "
    "the place of the one that the go command gives. runtime/cgo, which every host and every plugin has, then differs "
    "in each build.",
    why="cgo writes Go files into a work folder (`go-build` and a random number). The go command trims its path away "
    "with the compiler's -trimpath; a flag of -gcflags comes later and counts. The path stays in the package, and so "
    "in its hash: not even two builds with one command agree.",
    example="A Makefile from the time before `go build -trimpath` has `-gcflags=all=-trimpath=$PWD`.",
    fix="Build the host with `go build -trimpath`, and without -trimpath in -gcflags and -asmflags; then the plugins.",
    links=(go_source("cmd/go/internal/work/gc.go, trimpath"), go_issue(51955)),
    differs=differs,
    owner=Owner(
        "the host was compiled with -gcflags=-trimpath=DIR: its packages with cgo hold a random path, and no other "
        "build has the same",
        "Build host and plugin with -trimpath, and without -trimpath in -gcflags and -asmflags.",
        flags=("-trimpath",),
    ),
)
