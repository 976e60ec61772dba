"""`test-variant`: the host is a test binary, whose package under test was compiled with its test files."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.rules.model import Comparison, Difference, Owner, Rule, go_source


def differs(comparison: Comparison) -> Iterator[Difference]:
    """By the kind of the host and the package that it tests; of two builds of a host either may be the test."""
    for build, other in (comparison.builds, comparison.builds[::-1]):
        tested = build.tested
        if not tested or tested == other.tested:
            continue
        sides = f"{tested}.test", tested
        yield Difference(
            f"{build.name} is a test binary: it has {tested} compiled together with its _test.go files",
            candidates=tuple(path for path in comparison.mismatched if path == tested),
            evidence=dict(zip(("host", "plugin"), sides if build is comparison.provider else sides[::-1], strict=True)),
            fix="Call plugin.Open from an external test package (package x_test, without in-package test files), or "
            "from a package that plugins do not import.",
            harmless=f"{build.name} is a test binary of {tested}: no package that both have differs",
            headline=f"{build.name} is a test binary of {tested}",
        )


RULE = Rule(
    slug="test-variant",
    rank=60,
    title="The host is a test binary, and the plugin imports the package under test.",
    meaning="`go test -c` compiled the package anew together with its in-package _test.go files; the plugin has it "
    "without.",
    why="Files of `package x` in x_test.go become part of package x in the test binary, and so of its hash. Test "
    "files of `package x_test` are a package of their own and change nothing.",
    example="A test in package core opens a plugin that imports core.",
    fix="Open plugins in tests from `package x_test`, or from a package that plugins do not import. IDEs start tests "
    "with `go test -c -gcflags='all=-N -l'`: then compiler-flags comes on top.",
    links=(go_source("cmd/go/internal/load/test.go, TestPackagesFor"),),
    differs=differs,
    owner=Owner(
        "the host is a test binary that has the package under test compiled together with its _test.go files",
        "Move the tests into an external test package (package x_test), or call plugin.Open from a package that "
        "plugins do not import.",
    ),
)
