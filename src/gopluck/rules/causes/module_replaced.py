"""`module-replaced`: a replace directive gives the module other code or another path."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.builds.paths import Why
from gopluck.rules.model import Comparison, Difference, Link, Rule, Trait, go_source


def differs(comparison: Comparison) -> Iterator[Difference]:
    """By the module lists with their replacements, and the source directories. One for each module.

    Where the path is the same (-trimpath), only other code counts: functions that begin at other lines show it.
    """
    provider, plugin = comparison.builds
    groups = comparison.paths.by_module(Why.REPLACED)
    for module, members in groups.items():
        one, two = members[0].provider, members[0].plugin
        what = f"{module} is {one} in {provider.name}, {two} in {plugin.name}"
        certain = [member.package for member in members if member.certain or comparison.moved(member.package)]
        yield Difference(
            what,
            tuple(certain),
            tuple(member.package for member in members if member.package not in certain),
            specific=bool(certain),
            doubt=f"{what}: its code may differ, too",
            evidence={"host": f"{module} {one}", "plugin": f"{module} {two}"},
            fix=_fix(comparison, module),
        )
    for module, mine, theirs in comparison.elsewhere(groups):
        if mine.replace != theirs.replace:
            yield comparison.idle(module, mine, theirs)


def _fix(comparison: Comparison, module: str) -> str:
    use = comparison.provider.modules.get(module)
    if use is None or use.replace is None:
        version = f" at {use.version}" if use and use.version else ""
        return f"Drop the replace line for {module}, and require it{version}."
    path, version = use.effective
    if version:
        return f"Replace {module} by {path} {version}, as {comparison.provider.name} does."
    return f"Build the plugin with the host's copy of {module} ({path}), {_where(comparison)}."


def _where(comparison: Comparison) -> str:
    if comparison.provider.trimmed:
        return "required at the host's version, and with -trimpath"
    return "in the same directory as for the host; or build both with -trimpath"


RULE = Rule(
    slug="module-replaced",
    rank=120,
    title="A replace directive gives a module other code, or another path, on one side.",
    meaning="The module is replaced by a version, a fork or a folder on one side, and not, or by another, on the "
    "other.",
    why="Without -trimpath a replaced package's path is the directory of its replacement. With -trimpath the path is "
    "the module at the version that is *required*, whatever replaces it: then only other code matters, or another "
    "required version. A fork with the same content is harmless then.",
    example="The host's go.mod has `replace github.com/acme/codec => ../codec`; the plugin takes v1.2.0 from the "
    "proxy.",
    fix="Repeat the host's require and replace lines in the plugin's go.mod. A folder must be the same directory when "
    "the host was built without -trimpath.",
    links=(
        Link("replace directive", "https://go.dev/ref/mod#go-mod-file-replace"),
        go_source("cmd/go/internal/work/gc.go, trimpath"),
    ),
    differs=differs,
    traits=frozenset({Trait.MODULE_REPLACED}),
)
