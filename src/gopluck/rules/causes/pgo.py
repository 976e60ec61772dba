"""`pgo`: packages were compiled with different profiles (profile-guided optimization)."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.builds.build import Build
from gopluck.rules.model import Comparison, Difference, Link, Rule, go_source


def differs(comparison: Comparison) -> Iterator[Difference]:
    """By the build setting -pgo, which names the profile; its content is not recorded."""
    one, two = (_profile(build) for build in comparison.builds)
    if one is None or two is None or one == two:
        return
    fix = "Build the plugin with the host's profile (-pgo)." if one else "Build the plugin with -pgo=off."
    only_one = not one or not two
    reached = (comparison.mismatched, ()) if only_one else ((), comparison.mismatched)
    provider, plugin = comparison.builds
    headline = f"{provider.name} was built with {_named(one)}, {plugin.name} with {_named(two)}"
    yield comparison.built_with(_shown(one), _shown(two), fix, *reached)._replace(headline=headline)


def _profile(build: Build) -> str | None:
    value = build.setting("-pgo")
    return "" if value == "off" else value


def _named(profile: str) -> str:
    return f"the profile {profile}" if profile else "no profile"


def _shown(profile: str) -> str:
    found = " (beside its main package: nobody had to ask for it)" if profile.endswith("/default.pgo") else ""
    return _named(profile) + found


RULE = Rule(
    slug="pgo",
    rank=70,
    title="Host and plugin were compiled with different profiles.",
    meaning="One side was built with a profile for optimization (-pgo, or a default.pgo beside its main package), the "
    "other without or with another.",
    why="A profile makes the compiler inline more in hot functions of every package, the runtime and the standard "
    "library included. Inlinable bodies are part of a package's hash. default.pgo is used without being asked for "
    "since Go 1.21.",
    example="The host's main package has a default.pgo: plugins are refused at runtime.",
    fix="Give the plugin the host's profile with -pgo, or build the host with -pgo=off.",
    links=(
        Link("Profile-guided optimization", "https://go.dev/doc/pgo"),
        go_source("cmd/go/internal/load/pkg.go, setPGOProfilePath"),
    ),
    differs=differs,
    whole=True,
    compiled=True,
)
