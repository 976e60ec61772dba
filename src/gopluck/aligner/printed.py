"""The build that the recipe prints: what the host demands, with what this environment has otherwise switched off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from gopluck.aligner.gocommand import GoCommand, settings
from gopluck.aligner.gomod import GoMod
from gopluck.aligner.imports import VARIABLES, Plan, planned
from gopluck.aligner.project import Project, plugin_name
from gopluck.builds.build import Build
from gopluck.builds.source import is_std
from gopluck.golang.release import before
from gopluck.remedy import grammar
from gopluck.remedy.baseline import Baseline, baseline
from gopluck.remedy.quote import Placeholder


class Printed:
    """That build of one project for one host.

    `variables`: `go env` here. `own_tags`: the tags of this environment stay (`GOFLAGS=-tags=x`), because the plugin's
    own code may ask for them.
    """

    def __init__(
        self,
        host: Build,
        project: Project,
        mod: GoMod,
        go: GoCommand,
        variables: Mapping[str, str],
        *,
        own_tags: bool = True,
    ) -> None:
        self.host = host
        self.project = project
        self.mod = mod
        self.go = go
        self.variables = variables
        self.own_tags = own_tags
        self._as_it_is = Plan(go, (), variables)

    @cached_property
    def given(self) -> Mapping[str, str]:
        """The flags of this environment."""
        return self._as_it_is.options

    @cached_property
    def base(self) -> Baseline:
        """What the host demands, with what this environment has otherwise switched off by name."""
        found = baseline(self.host, Build(planned(self._as_it_is, (), {}), "the plugin"), own_tags=self.own_tags)
        env = dict(found.env)
        if "GOARCH" in env and self.go.which(env.get("CC", "")) is None and self._compiles_for(env["GOARCH"]):
            # Another system has other names; the one of this environment is for another machine.
            env["CC"] = ""
        if env.get("GOMODCACHE") == self.variables["GOMODCACHE"] or not self._shares_modules:
            env.pop("GOMODCACHE", None)
        beside = "" if before(self.host.release, (1, 21)) else profile(self.project)
        lacking = {flag for flag in found.flags if beside and _lacking(flag)}
        flags = [f"-pgo={beside}" if flag in lacking else flag for flag in found.flags]
        given = self.given.get("-gcflags", "")
        if given.startswith("all=") and not _named("-gcflags", flags):
            flags.append("-gcflags=all=")
        if beside and not _named("-pgo", flags):
            flags.append("-pgo=off")  # the go command takes default.pgo by itself
        had = {found.env.get("GOMODCACHE")} - {env.get("GOMODCACHE"), None}
        had |= {flag.removeprefix("-pgo=").removeprefix("$") for flag in lacking}
        inputs = tuple(one for one in found.inputs if had.isdisjoint((one.name, one.path)))
        return found._replace(env=env, flags=tuple(flags), inputs=inputs)

    def _compiles_for(self, goarch: str) -> bool:
        """Whether the C compiler of this machine serves another one, too (`gccArchArgs` in `cmd/go/internal/work`)."""
        here = self.variables["GOHOSTARCH"]
        return here == goarch or (here, goarch) == ("amd64", "386")

    @cached_property
    def _shares_modules(self) -> bool:
        """Whether a package of a module is in both, as far as go.mod tells."""
        required = {one.path for one in self.mod.requires}
        return bool(required.intersection(self.host.modules)) or bool(self.project.workspace)

    @property
    def lacking_profile(self) -> bool:
        """Whether the host was built with a profile that is not at hand."""
        return any(_lacking(flag) for flag in self.base.flags)

    def doubts_profile(self, mismatched: Sequence[str]) -> bool:
        """Whether the plugin's own profile stands for the host's, and is another one, as the standard library tells."""
        own = f"-pgo={profile(self.project)}" in self.base.flags
        return own and any(map(is_std, mismatched))

    @property
    def caches(self) -> tuple[str, str] | None:
        """The module cache here and the host's, when the build needs the host's.

        The go command runs toolchains from its module cache, and git in it: so it is never led to one by a file.
        """
        wanted = self.base.env.get("GOMODCACHE")
        return None if wanted is None else (self.variables["GOMODCACHE"], wanted)

    def plan(self, *more: str) -> Plan:
        """The plan of this build, with more flags."""
        env = {name: value for name, value in self.base.env.items() if name != "GOMODCACHE"}
        go = self.go.with_environ(**env)
        flags = tuple(flag for flag in self.base.flags if not _lacking(flag))
        return Plan(go, (*flags, *more), settings(go, *VARIABLES))

    def line(self, more: tuple[str, ...]) -> str:
        """Its line for a shell, with more flags."""
        return self.base._replace(flags=(*self.base.flags, *more)).line(plugin_name(self.project))


def profile(project: Project) -> str:
    """The profile of the main package, which the go command takes by itself; empty where there is none."""
    path = Path(project.absolute, "default.pgo")
    return str(path) if path.is_file() and grammar.flag(f"-pgo={path}") else ""


def _named(name: str, flags: Sequence[str]) -> bool:
    return any(flag.partition("=")[0] == name for flag in flags)


def _lacking(flag: str) -> bool:
    """Whether a flag names a profile that is not at hand."""
    name, _, value = flag.partition("=")
    return name == "-pgo" and value != "off" and (isinstance(flag, Placeholder) or not Path(value).is_file())
