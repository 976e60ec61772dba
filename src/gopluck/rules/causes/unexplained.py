"""`unexplained`: a package differs, and nothing that the files hold says why."""

from __future__ import annotations

from gopluck.builds.build import Build
from gopluck.rules.model import Comparison, Difference, Rule, Trait, go_issue


def difference(comparison: Comparison, names: tuple[str, ...]) -> Difference:
    """The packages that no difference can have changed, with what was compared."""
    provider, plugin = comparison.builds
    what = f"{names[0]} differs" if len(names) == 1 else f"{len(names)} packages differ"
    missing = "; ".join(f"{build.name} has no {what}" for build in comparison.builds for what in _missing(build))
    return Difference(
        f"{what}, and nothing that {provider.name} and {plugin.name} record of how they were built says why"
        + (f" ({missing})" if missing else "")
        + (DIRECTORIES if unrecorded(comparison, names) else "" if _seen(comparison, names) else CODE),
        names,
        evidence={"host": compared(provider), "plugin": compared(plugin)},
        fix="Build both with -trimpath, so that directories do not count."
        if unrecorded(comparison, names)
        else "Build both from the same checkouts with the same commands. Not recorded in any file, so compare them by "
        "hand: the source of these packages, -overlay, -toolexec, -coverpkg, C headers, generated files.",
        headline=f"{what}, and nothing that is recorded says why",
    )


DIRECTORIES = (
    "; both were built without -trimpath, so the directories of the modules count (module cache, vendor folder, "
    "checkout), and these are not recorded"
)


CODE = "; no function of them is in both files, so their code cannot be compared"


def _seen(comparison: Comparison, packages: tuple[str, ...]) -> bool:
    """Whether functions of one of the packages could be compared."""
    return any(True for path in packages for _ in comparison.functions(path))


def unrecorded(comparison: Comparison, packages: tuple[str, ...]) -> bool:
    """Whether the place of a module's packages counts and is not known."""
    provider, plugin = comparison.builds
    return comparison.paths.untrimmed and any(
        provider.use(path) and plugin.use(path) and not (provider.source(path) and plugin.source(path))
        for path in packages
    )


def _missing(build: Build) -> list[str]:
    out = []
    if build.info is None:
        out.append("build info")
    elif not build.has_settings:
        out.append("build settings (they came with Go 1.18)")
    if not build.sources:
        out.append("source directories")
    return out


def compared(build: Build) -> list[str]:
    """What was compared, in words."""
    flags = build.setting("-gcflags")
    out = [build.release or "no Go release recorded"]
    if build.trimmed is not None:
        out.append("-trimpath" if build.trimmed else "no -trimpath")
    if build.has_settings:
        out.append(f"-gcflags={flags}" if flags else "no -gcflags")
    return [*out, *sorted(build.instruments), f"{len(build.modules)} modules"]


RULE = Rule(
    slug="unexplained",
    rank=190,
    title="A package differs, and nothing that the files hold says why.",
    meaning="The hashes differ, so the load fails. Go release, flags, directories and module versions that the files "
    "record were compared and do not account for this package. gopluck does not guess.",
    why="Not everything that goes into a hash is recorded: the source of checkouts, -overlay, -toolexec, -coverpkg, C "
    "headers and, under -trimpath, the C flags. Stripped files and old releases record less.",
    example="The host was built from a checkout with a local edit in a shared package.",
    fix="Build both sides from the same clean checkouts, with the same commands, on one machine or image.",
    links=(go_issue(31278),),
    rest=difference,
    traits=frozenset({Trait.UNEXPLAINED}),
)
