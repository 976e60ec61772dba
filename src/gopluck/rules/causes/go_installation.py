"""`go-installation`: one Go release, and another code of its standard library: one of two installations was patched."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.builds.build import Build
from gopluck.builds.source import is_std
from gopluck.rules.causes.cgo_flags import STD_CGO
from gopluck.rules.model import Comparison, Difference, Rule, Trait, go_issue, go_source

HARMLESS = frozenset({"-buildmode", "-ldflags", "DefaultGODEBUG", "-o"})
"""Settings that reach no package of the standard library; besides those of version control and of cgo."""


def differs(comparison: Comparison) -> Iterator[Difference]:
    """By elimination: the release and all settings that could reach the standard library agree, and it differs.

    Functions that begin at other lines show it; without any it is named where nothing else explains a package.
    """
    provider, plugin = comparison.builds
    std = [path for path in comparison.mismatched if is_std(path)]
    if not std or not provider.release or provider.release != plugin.release or not _same_settings(provider, plugin):
        return
    moved = {path: found for path in std if (found := comparison.moved(path))}
    # The C headers of the machine go into packages with cgo, and -coverpkg is recorded nowhere.
    covered = any("-cover" in build.instruments for build in comparison.builds)
    rest = () if covered else tuple(path for path in std if path not in moved and path not in STD_CGO)
    first = next(iter(moved), rest[0] if rest else "")
    shown = f": {moved[first]}" if moved else ""
    release = f"both were built with {provider.release}, and {first} of the standard library has other code"
    yield Difference(
        f"{release}{shown}. Release, flags, tags and experiments were compared and agree, so one of the two Go "
        "installations is patched (or its build used -overlay or -toolexec)",
        tuple(moved),
        rest,
        evidence={"host": _installed(provider), "plugin": _installed(plugin)},
        fix="Build the plugin with the host's own Go installation (its GOROOT, or the image that has it), or both with "
        f"the {provider.release} that go.dev distributes.",
        headline=f"{first} of the standard library has other code, though both were built with {provider.release}",
    )


def _same_settings(one: Build, two: Build) -> bool:
    infos = [build.info for build in (one, two) if build.info is not None]
    keys = {key for info in infos for key in (*dict(info.settings), *info.dropped)} - HARMLESS
    counted = [key for key in keys if not key.startswith(("vcs", "CGO_"))]
    # What is not recorded, or left out of a manifest, is not known, and so not equal.
    return bool(counted) and all(one.setting(key) == two.setting(key) is not None for key in counted)


def _installed(build: Build) -> list[str]:
    """What tells of an installation: the release, and its directory where that is recorded."""
    place = build.directory("runtime") or ""
    return [build.release, *([place.removesuffix("/src/runtime")] if place.endswith("/src/runtime") else [])]


RULE = Rule(
    slug="go-installation",
    rank=185,
    title="The standard library has other code, under one Go release.",
    meaning="Both files name the same Go release, and release, flags, tags and experiments agree, yet a package of the "
    "standard library differs. What is left is its code: one of the two was built with a Go installation that was "
    "patched (a distribution's package, a company's fork, an edit by hand), or with -overlay or -toolexec for the "
    "standard library. Where functions begin at other lines the finding names one. The directory of the installation "
    "is shown where it is recorded; it changes nothing by itself.",
    why="The release that a file names is the text of the installation's VERSION file, which nothing compares with its "
    "code. The link hash of a package covers what was really compiled.",
    example="The host was built with a distribution's Go that backports a security fix, the plugin with the archive of "
    "the same release from go.dev.",
    fix="Build both with one installation: the same image, or the same archive. With GOTOOLCHAIN a plugin gets the "
    "official one, also where the host was not built with it.",
    links=(
        go_source("cmd/link/internal/ld/lib.go, genhash"),
        go_source("cmd/dist/build.go, findgoversion"),
        go_issue(31278),
    ),
    differs=differs,
    traits=frozenset({Trait.GO_INSTALLATION}),
)
