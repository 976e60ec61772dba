"""`pgo`: packages were compiled with different profiles (profile-guided optimization)."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.rules.builds import Build
from gopluck.rules.model import Comparison, Difference, Link, Rule


def differs(comparison: Comparison) -> Iterator[Difference]:
    """By the build setting -pgo, which names the profile; its content is not recorded."""
    provider, plugin = comparison.builds
    one, two = (_profile(build) for build in comparison.builds)
    if one is None or two is None or one == two:
        return
    message = f"{provider.name} was built with {_shown(one)}, {plugin.name} with {_shown(two)}"
    only_one = not one or not two
    yield Difference(
        "pgo",
        message,
        comparison.mismatched if only_one else (),
        () if only_one else comparison.mismatched,
        evidence={"host": _shown(one), "plugin": _shown(two)},
        fix="Build the plugin with the host's profile: go build -buildmode=plugin -pgo=PATH/OF/THE/HOSTS/default.pgo …"
        if one
        else "Build the plugin with -pgo=off.",
        harmless=f"{message}: no package that both have differs",
    )


def _profile(build: Build) -> str | None:
    value = build.setting("-pgo")
    return "" if value == "off" else value


def _shown(profile: str) -> str:
    if not profile:
        return "no profile"
    found = " (beside its main package: nobody had to ask for it)" if profile.endswith("/default.pgo") else ""
    return f"the profile {profile}{found}"


RULE = Rule(
    slug="pgo",
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
        Link("src/cmd/go/internal/load/pkg.go, setPGOProfilePath", "https://go.dev/src/cmd/go/internal/load/pkg.go"),
    ),
    differs=differs,
)
