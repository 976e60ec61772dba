"""What a host demands of everything that is loaded into it: release, environment, flags, and the build line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from gopluck.remedy.model import Input
from gopluck.replay.dlopen import libc_of
from gopluck.rules.builds import Build
from gopluck.rules.commands import Settings, owner, profile, settings, toolchain


def checkout(host: Build) -> str:
    """What stands for the folder of a build's main module, where it is not recorded (-trimpath)."""
    return f"${owner(host)}_CHECKOUT"


class Baseline(NamedTuple):
    """How a plugin for this host has to be built."""

    go: str
    """The release (`go1.25.5`); empty when it is not recorded, or not released."""
    env: Mapping[str, str]
    """GOTOOLCHAIN, CGO_ENABLED and what else the go command has to find in its environment."""
    flags: tuple[str, ...]
    """Flags of `go build`, unquoted, without -buildmode and -o."""
    inputs: tuple[Input, ...]
    """What has to be had from the host's owner, or be at a certain place."""
    notes: tuple[str, ...]

    def line(self, output: str, mode: str = "plugin") -> str:
        """The build line without the environment, quoted for a shell. `mode`: empty for an executable."""
        return Settings(self.go, self.env, self.flags).line(output, mode)

    @property
    def assignments(self) -> str:
        """The environment as it stands before a command, quoted for a shell."""
        return Settings(self.go, self.env, self.flags).assignments


def baseline(host: Build, plugin: Build | None = None) -> Baseline:
    """What a plugin has to repeat of a host's build, from the host's facts or its manifest.

    `plugin`: an earlier build of the plugin. What it has and the host has not is then switched off by name, and what
    it has already is left out.
    """
    wanted = settings(host, plugin)
    env = dict(wanted.env)
    inputs: list[Input] = []
    notes: list[str] = []
    if needs_cache(host, plugin):
        assert host.cache is not None
        env["GOMODCACHE"] = host.cache
        inputs.append(Input("", "the module cache: without -trimpath its path is part of every package", host.cache))
    for flag in wanted.flags:
        name, _, value = flag.partition("=")
        if name == "-pgo" and value != "off":
            known = value != profile(host)
            inputs.append(
                Input(
                    "" if known else value[1:], f"the profile that {host.name} was built with", value if known else ""
                )
            )
    if any(env.get(name) for name in ("CGO_CFLAGS", "CGO_CPPFLAGS", "CGO_CXXFLAGS")):
        notes.append(f"Folders that the C flags name must hold the headers that {host.name} was built with.")
    if not toolchain(host):
        what = f"{host.release}, which GOTOOLCHAIN cannot name" if host.release else "a release that is not recorded"
        notes.append(f"{host.name.capitalize()} was built with {what}: use the same toolchain.")
    level = host.setting("GOAMD64") or "v1"
    if level != "v1":
        notes.append(f"{host.name.capitalize()} was built with GOAMD64={level}; the other side need not be.")
    if host.binary.elf and host.binary.elf.interp and libc_of(host.binary).kind == "musl":
        notes.append("The host is linked with musl: build on Alpine, or with a C compiler for musl (CC=musl-gcc).")
    return Baseline(wanted.go, env, wanted.flags, tuple(inputs), tuple(notes))


def needs_cache(host: Build, plugin: Build | None = None) -> bool:
    """Whether modules have to come from the host's very module cache: it is known, and part of the paths."""
    if host.trimmed is not False or host.cache is None or host.vendored:
        return False
    return plugin is None or plugin.cache != host.cache
