"""Plugins that end alike for the same reasons, and that the same commands cure: a document speaks of them once."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING

from gopluck.record import NamedTuple
from gopluck.result.check import PluginResult, of_role
from gopluck.result.verdict import Role, Verdict

if TYPE_CHECKING:
    from gopluck.result.diff import PluginChange
    from gopluck.result.recipe import Recipe


class Group(NamedTuple):
    """Some plugins, in the order of the report; what is said of the first holds for all but for its packages."""

    plugins: tuple[PluginResult, ...]

    @property
    def first(self) -> PluginResult:
        """The one that stands for all."""
        return self.plugins[0]

    @property
    def paths(self) -> tuple[str, ...]:
        """Their paths."""
        return tuple(plugin.path for plugin in self.plugins)

    @property
    def subject(self) -> str:
        """What a sentence about them begins with."""
        return subject(self.paths)

    @property
    def remedy(self) -> Recipe | None:
        """What to type for each of them; of more than one without the name of the file that comes out."""
        return self.first.remedy if len(self.plugins) == 1 else common(self.first)


def subject(paths: Sequence[str]) -> str:
    """The only path, or how many there are."""
    return paths[0] if len(paths) == 1 else f"{len(paths)} plugins"


def groups(plugins: Sequence[PluginResult]) -> list[Group]:
    """The groups, in the order of their first plugins."""
    found: dict[Hashable, list[PluginResult]] = {}
    opened: dict[str, int] = {}
    for plugin in plugins:
        # A file that is opened once more ends otherwise, with another text of Go's.
        opened[plugin.path] = opened.get(plugin.path, 0) + 1
        found.setdefault((opened[plugin.path], _key(plugin)), []).append(plugin)
    return [Group(tuple(members)) for members in found.values()]


def common(plugin: PluginResult) -> Recipe | None:
    """A plugin's recipe without the name of what is built: `go build` then takes the name of the package's folder."""
    recipe = plugin.remedy
    if recipe is None:
        return None
    if recipe.why_not:
        recipe = recipe._replace(why_not=recipe.why_not.replace(plugin.path, "it"))
    if (inside := recipe.inside) is not None:
        recipe = recipe._replace(inside=inside._replace(build=(*_unnamed(inside.build)[:-1], "./contrib/plugin")))
    return recipe._replace(build=_unnamed(recipe.build))


def _unnamed(words: tuple[str, ...]) -> tuple[str, ...]:
    """A build line without its -o."""
    at = words.index("-o") if "-o" in words else len(words)
    return (*words[:at], *words[at + 2 :])


def _key(plugin: PluginResult) -> Hashable:
    """What plugins of one group have in common."""
    if plugin.verdict == Verdict.LOADS:
        return (
            plugin.verdict,
            _reasons(plugin, Role.RISK),
            tuple(one.acceptance for one in of_role(plugin.findings, Role.RISK)),
        )
    recipe = common(plugin)
    return (
        plugin.verdict,
        plugin.stage,
        plugin.effect,
        plugin.unreadable,
        plugin.headline,
        _reasons(plugin, Role.CAUSE),
        recipe and _frozen(recipe),
    )


def _frozen(recipe: Recipe) -> Hashable:
    parts = (tuple(one.items()) if isinstance(one, Mapping) else one for one in recipe._replace(inside=None))
    return (*parts, recipe.inside and _frozen(recipe.inside))


def _reasons(plugin: PluginResult, role: Role) -> tuple[tuple[str, str], ...]:
    return tuple((finding.rule, finding.short) for finding in of_role(plugin.findings, role))


def changes(plugins: Sequence[PluginChange]) -> list[list[PluginChange]]:
    """Plugins for which a new build of their host means the same, for the same reasons; in the order of the first."""
    found: dict[Hashable, list[PluginChange]] = {}
    for plugin in plugins:
        found.setdefault((plugin.action, _key(plugin.old), _key(plugin.new)), []).append(plugin)
    return list(found.values())
