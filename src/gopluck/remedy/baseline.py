"""What a host demands of everything that is loaded into it: release, environment, flags, and the build line.

This is the door at which grammars stand: what does not fit one is left out, and shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from gopluck import machine
from gopluck.builds.build import Build
from gopluck.builds.flags import CGO, CGO_LINK, CPU, INSTRUMENTS, cgo_lines
from gopluck.builds.source import STD, is_std
from gopluck.facts.details import all_functions
from gopluck.facts.model import Binary, Identity
from gopluck.golang.release import before, minor
from gopluck.loader.libc import libc_of
from gopluck.record import NamedTuple
from gopluck.remedy import grammar
from gopluck.remedy.lines import assignments
from gopluck.remedy.quote import Placeholder, sh
from gopluck.result.recipe import NOT_REPEATED, Input, LeftOut, Recipe

IN_C = ("c-shared", "c-archive")
"""Build modes of Go code that is part of a C program."""

NO_BUILD = Build(Binary("", 0, Identity("", ""), "empty"), "")
"""Stands for an earlier build of which nothing is known."""


def checkout(host: Build) -> Placeholder:
    """What stands for the folder of a build's main module, where it is not recorded (-trimpath)."""
    return Placeholder(f"${whose(host)}_CHECKOUT")


BY_NAME = "command-line-arguments"
"""The import path of what is built from files that are named (`go build a.go`)."""


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
    left_out: tuple[LeftOut, ...] = ()
    """What the host has, and a recipe does not repeat."""

    def without_cache(self) -> Baseline:
        """The same with the module cache that is there anyway."""
        cache = self.env.get("GOMODCACHE")
        env = {name: value for name, value in self.env.items() if name != "GOMODCACHE"}
        return self._replace(env=env, inputs=tuple(one for one in self.inputs if cache is None or one.path != cache))

    def recipe(self, output: str, **more: Any) -> Recipe:
        """The build of a plugin as a recipe, with more fields. Where something is left out the user has to decide."""
        found = Recipe(not self.left_out, "plugin", NOT_REPEATED if self.left_out else None, **self._asdict())
        return found._replace(build=build_words(self.flags, output), **more)

    def line(self, output: str) -> str:
        """The build line with the environment, quoted for a shell."""
        return " ".join((*assignments(self.env), *map(sh, build_words(self.flags, output))))


def baseline(host: Build, plugin: Build | None = None, *, own_tags: bool = False) -> Baseline:
    """What a plugin has to repeat of a host's build, from the host's facts or its manifest.

    `plugin`: an earlier build of the plugin. What it has and the host has not is then switched off by name: it may come
    from GOFLAGS or the environment, which no file records. What it has already is left out. `own_tags`: its tags stay,
    because its own code may ask for them, and nothing says that a shared package does.
    """
    own = (plugin.tags or frozenset()) - (host.tags or frozenset()) if plugin is not None and own_tags else frozenset()
    env: dict[str, str] = {}
    flags: list[str] = []
    left_out: list[LeftOut] = []
    inputs: list[Input] = []
    notes: list[str] = []
    for name, value in _environment(host, plugin or NO_BUILD):
        if grammar.variable(name, value):
            env[name] = value
        else:
            left_out.append(LeftOut(name, value))
    for flag in _flags(host, plugin or NO_BUILD, own):
        name, _, value = flag.partition("=")
        if grammar.flag(flag):
            flags.append(flag)
        else:
            left_out.append(LeftOut(name, value))
    if host.cache is not None and needs_cache(host, plugin):
        if grammar.variable("GOMODCACHE", host.cache):
            env["GOMODCACHE"] = host.cache
            what = "the module cache: the host was built without -trimpath, so this path must match"
            inputs.append(Input("", what, host.cache))
        else:
            left_out.append(LeftOut("GOMODCACHE", host.cache))
    for name, _, value in (flag.partition("=") for flag in flags):
        if name == "-pgo" and value != "off":
            variable, path = ("", value) if value != profile(host) else (value[1:], "")
            inputs.append(Input(variable, f"the profile that {host.name} was built with", path))
    if own:
        named = ",".join(sorted(own))
        notes.append(f"-tags={named} stays, which {host.name} was not built with: your own code may ask for it.")
    if any(map(env.get, CGO)):
        notes.append(f"Folders that the C flags name must hold the headers that {host.name} was built with.")
    if not toolchain(host):
        what = f"{host.release}, which GOTOOLCHAIN cannot name" if host.release else "a release that is not recorded"
        notes.append(f"{host.name.capitalize()} was built with {what}: use the same toolchain.")
    if host.binary.elf and host.binary.elf.interp and libc_of(host.binary).kind == "musl":
        notes.append("The host is linked with musl: build on Alpine, or with CC=musl-gcc.")
    if (foreign := machine.named(env.get("GOARCH", ""))) is not None:
        env["CC"] = foreign.cc
        notes.append(f"CC is Debian's name of a C compiler for {foreign.goarch}: leave it out on such a machine.")
    return Baseline(toolchain(host), env, tuple(flags), tuple(inputs), tuple(notes), tuple(left_out))


def needs_cache(host: Build, plugin: Build | None = None) -> bool:
    """Whether modules have to come from the host's very module cache: it is known, and part of the paths."""
    if host.trimmed is not False or host.cache is None or host.vendored:
        return False
    return plugin is None or plugin.cache != host.cache


def toolchain(build: Build) -> str:
    """The release for GOTOOLCHAIN; empty when it cannot be named."""
    return build.release if grammar.release(build.release) else ""


def build_words(flags: tuple[str, ...], output: str, mode: str = "plugin", of: str = ".") -> tuple[str, ...]:
    """The words of `go build`, unquoted, that write `output`. `mode`: empty for an executable; `of`: what is built."""
    name = output if grammar.file_name(output) else "plugin.so" if mode == "plugin" else "host"
    return ("go", "build", *([f"-buildmode={mode}"] if mode else []), *flags, "-o", name, of)


def only_file(plugin: Build) -> str:
    """The file that a plugin was built from by name, outside of a module, where no folder is built; else nothing."""
    go = plugin.binary.go
    if go is None or plugin.info is None or plugin.info.path != BY_NAME or plugin.modules:
        return ""
    files = {one.file for one in all_functions(plugin.code(go.pluginpath or "main")).values()}
    written = [name for name in files if name.endswith(".go") and not name.startswith("_")]
    return written[0] if len(written) == 1 and grammar.file_name(written[0]) else ""


def linked_again(host: Build) -> tuple[str, ...]:
    """What remains to be done after the build line of a C program's Go."""
    archive = host.setting("-buildmode") == IN_C[1]
    return ("Then link the C program anew, with this archive and -rdynamic.",) if archive else ()


def _environment(baseline: Build, other: Build) -> Iterator[tuple[str, str]]:
    if toolchain(baseline):
        yield "GOTOOLCHAIN", toolchain(baseline)
    if baseline.experiments or other.experiments:
        yield "GOEXPERIMENT", ",".join(sorted(baseline.experiments or _switched_off(baseline, other)))
    if baseline.fips or other.fips:
        yield "GOFIPS140", baseline.fips or "off"
    yield "CGO_ENABLED", "1"
    one, two = (build.binary.elf.goarch if build.binary.elf else "" for build in (baseline, other))
    if one and two and one != two:
        yield "GOOS", "linux"
        yield "GOARCH", one
    for name, usual in CPU.items():
        level = baseline.setting(name)
        if level and (level != usual or (other.setting(name) or usual) != usual):
            yield name, level
    if "-msan" in baseline.instruments:
        yield "CC", "clang"  # gcc has no MemorySanitizer
    link, other_link = baseline.setting(CGO_LINK), other.setting(CGO_LINK)
    if (link and other is NO_BUILD) or (None not in (link, other_link) and cgo_lines(link) != cgo_lines(other_link)):
        yield CGO_LINK, link or ""
    for name in CGO:
        value = baseline.setting(name)
        if value is not None and (value or other.setting(name)):
            yield name, value


def _switched_off(baseline: Build, other: Build) -> list[str]:
    """The experiments of another build, each off by name: an empty GOEXPERIMENT leaves that of `go env -w` as it is.

    Another release may not know them, and refuses a name that it does not know. What is off may be off anyway: then
    one that each release knows, and has off, stands for all (`FieldTrack` in `internal/goexperiment/flags.go`).
    """
    if minor(baseline.release) != minor(other.release) or before(baseline.release, (1, 17)):
        return []
    names = other.experiments or ()
    return ["nofieldtrack"] if any(name.startswith("no") for name in names) else [f"no{name}" for name in names]


def whose(build: Build) -> str:
    """Whose build it is, as the beginning of a shell variable."""
    return "PLUGIN" if build.binary.go and build.binary.go.kind == "plugin" else "HOST"


def profile(build: Build) -> str:
    """What stands for a build's profile, where its path is not recorded (-trimpath)."""
    return f"${whose(build)}_PROFILE"


def _flags(baseline: Build, other: Build, own_tags: frozenset[str]) -> Iterator[str]:
    if baseline.trimmed:
        yield "-trimpath"
    elif other.trimmed:
        yield "-trimpath=false"
    for flag in sorted(INSTRUMENTS):
        if flag == "-cover" and flag in baseline.instruments:
            # -coverpkg is recorded nowhere, but each package that it reached shows it; nobody shares the main package.
            reached = sorted(path for path in baseline.covered or () if not baseline.is_main(path))
            yield from ["-cover", f"-coverpkg={','.join(reached)}"] if reached else []
        elif flag in baseline.instruments:
            yield flag
        elif flag in other.instruments:
            yield f"{flag}=false"
    if tags := (baseline.tags or frozenset()) | own_tags:
        yield f"-tags={','.join(sorted(tags))}"
    elif other.tags:
        yield "-tags="
    if (given := gcflags(baseline)) is not None:
        yield given
    elif gcflags(other) is not None:
        yield "-gcflags=all="
    if (path := baseline.setting("-pgo")) and path != "off":
        yield f"-pgo={path}" if path.startswith("/") else Placeholder(f"-pgo={profile(baseline)}")
    elif (other.setting("-pgo") or "off") != "off":
        yield "-pgo=off"


def gcflags(build: Build) -> str | None:
    """The -gcflags that reach more than the main package, with a pattern that means the same in another module."""
    if build.gcflags is None:
        return _by_dwarf(build)
    pattern, given = build.gcflags
    if pattern is None:
        return None
    if pattern.startswith("./") and build.main_module:
        pattern = build.main_module + pattern[1:]
    return f"-gcflags={pattern}={' '.join(given)}"


def _by_dwarf(build: Build) -> str | None:
    """Where no settings are recorded (before Go 1.18): the flags that nearly every package was compiled with, or nearly
    every one of the standard library and none of the others.

    The go command leaves -N out for the packages of the runtime.
    """
    flags = {package: found for package in build.packages if (found := build.flags_by_dwarf(package)) is not None}
    others = {package for package in flags if build.is_main(package) or not is_std(package)}
    pattern = STD if others and not any(map(flags.get, others)) else "all"
    counted = Counter(found for package, found in flags.items() if pattern == "all" or package not in others)
    if not counted:
        return None
    ((usual, count),) = counted.most_common(1)
    given = sorted(usual - set(INSTRUMENTS))
    return f"-gcflags={pattern}={' '.join(given)}" if given and 3 * count > 2 * counted.total() else None
