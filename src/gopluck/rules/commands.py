"""What a build has to repeat of another one, and the commands that say so: for the rules' fixes and the recipes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from gopluck.rules.builds import INSTRUMENTS, Build
from gopluck.rules.model import Comparison
from gopluck.rules.shell import quoted

RELEASED = re.compile(r"go\d+\.\d+(\.\d+|rc\d+|beta\d+)?")
"""What GOTOOLCHAIN can name."""

CGO = ("CGO_CFLAGS", "CGO_CPPFLAGS", "CGO_CXXFLAGS")
"""The variables that decide which C declarations cgo sees. Not recorded with -trimpath."""

LINK, LINK_DEFAULT = "CGO_LDFLAGS", "-O2 -g"
"""cgo writes a line for each word of CGO_LDFLAGS into a package; what it takes where the variable is not set."""


class Settings(NamedTuple):
    """Toolchain, environment and flags of a build that another one has to repeat to fit."""

    go: str
    """`go1.25.5`; empty when it is not recorded, or no release that GOTOOLCHAIN can name."""
    env: Mapping[str, str]
    flags: tuple[str, ...]
    """Unquoted."""

    def line(self, output: str, mode: str = "plugin") -> str:
        """The `go build` line without the environment, quoted for a shell. `mode`: empty for an executable."""
        words = [f"-buildmode={mode}"] if mode else []
        words += [*self.flags, "-o", output, "."]
        return " ".join(["go build", *map(quoted, words)])

    @property
    def assignments(self) -> str:
        """The environment as it stands before a command."""
        return " ".join(f"{name}={quoted(value)}" for name, value in self.env.items())


def settings(baseline: Build, other: Build | None = None) -> Settings:
    """What `other`, built anew, has to repeat of `baseline`.

    Where `other` is known, what it has and the baseline has not is switched off by name: it may come from GOFLAGS or
    the environment, which no file records.
    """
    return Settings(toolchain(baseline), _environment(baseline, other), _flags(baseline, other))


def toolchain(build: Build) -> str:
    """The release for GOTOOLCHAIN; empty when it cannot be named."""
    return build.release if RELEASED.fullmatch(build.release) else ""


def _environment(baseline: Build, other: Build | None) -> dict[str, str]:
    env: dict[str, str] = {}
    if toolchain(baseline):
        env["GOTOOLCHAIN"] = toolchain(baseline)
    if baseline.experiments or (other is not None and other.experiments):
        env["GOEXPERIMENT"] = ",".join(sorted(baseline.experiments or ()))
    if baseline.fips or (other is not None and other.fips):
        env["GOFIPS140"] = baseline.fips or "off"
    env["CGO_ENABLED"] = "1"
    one, two = (build.binary.elf.goarch if build and build.binary.elf else "" for build in (baseline, other))
    if one and two and one != two:
        env |= {"GOOS": "linux", "GOARCH": one}
    if "-msan" in baseline.instruments:
        env["CC"] = "clang"  # gcc has no MemorySanitizer
    one_link, two_link = (build.setting(LINK) if build else None for build in (baseline, other))
    if one_link is not None and (
        one_link if other is None else two_link is not None and words(one_link) != words(two_link)
    ):
        env[LINK] = one_link
    for name in CGO:
        value = baseline.setting(name)
        if value is not None and (value or (other is not None and other.setting(name))):
            env[name] = value
    return env


def owner(build: Build) -> str:
    """Whose build it is, as the beginning of a shell variable."""
    return "PLUGIN" if build.name == "the plugin" else "HOST"


PROFILE = "$HOST_PROFILE"
"""What `profile` is for a host."""


def profile(build: Build) -> str:
    """What stands for a build's profile, where its path is not recorded (-trimpath)."""
    return PROFILE.replace("HOST", owner(build))


def words(flags: str) -> int:
    """The words of a CGO_LDFLAGS as cgo sees it."""
    return len((flags or LINK_DEFAULT).split())


def _flags(baseline: Build, other: Build | None) -> tuple[str, ...]:
    flags: list[str] = []
    if baseline.trimmed:
        flags.append("-trimpath")
    elif other is not None and other.trimmed:
        flags.append("-trimpath=false")
    for flag in sorted(INSTRUMENTS):
        if flag == "-cover" and flag in baseline.instruments:
            # -coverpkg is recorded nowhere, but each package that it reached shows it; nobody shares the main package.
            reached = sorted(path for path in baseline.covered or () if not baseline.is_main(path))
            flags += ["-cover", f"-coverpkg={','.join(reached)}"] if reached else []
        elif flag in baseline.instruments:
            flags.append(flag)
        elif other is not None and flag in other.instruments:
            flags.append(f"{flag}=false")
    if baseline.tags:
        flags.append(f"-tags={','.join(sorted(baseline.tags))}")
    elif other is not None and other.tags:
        flags.append("-tags=")
    if (given := gcflags(baseline)) is not None:
        flags.append(given)
    elif other is not None and gcflags(other) is not None:
        flags.append("-gcflags=all=")
    if (path := baseline.setting("-pgo")) and path != "off":
        flags.append(f"-pgo={path if path.startswith('/') else profile(baseline)}")
    elif other is not None and (other.setting("-pgo") or "off") != "off":
        flags.append("-pgo=off")
    return tuple(flags)


def gcflags(build: Build) -> str | None:
    """The -gcflags that reach more than the main package, with a pattern that means the same in another module."""
    if build.gcflags is None:
        return _by_dwarf(build)
    pattern, words = build.gcflags
    if pattern is None:
        return None
    if pattern.startswith("./") and build.main_module:
        pattern = build.main_module + pattern[1:]
    return f"-gcflags={pattern}={' '.join(words)}"


def _by_dwarf(build: Build) -> str | None:
    """Where no settings are recorded (before Go 1.18): the flags that nearly every package was compiled with.

    The go command leaves -N out for the packages of the runtime.
    """
    flags = Counter(build.flags_by_dwarf(package) for package in build.linked)
    del flags[None]
    if not flags:
        return None
    usual, count = flags.most_common(1)[0]
    words = sorted((usual or frozenset()) - set(INSTRUMENTS))
    return f"-gcflags=all={' '.join(words)}" if words and 3 * count > 2 * flags.total() else None


def build_command(comparison: Comparison) -> str:
    """The line that repeats on the plugin what is known of the provider's build."""
    return plugin_command(comparison.provider, comparison.plugin.binary.path)


def plugin_command(host: Build, path: str) -> str:
    """The line that builds a plugin, to be written where `path` is, for a host."""
    wanted = settings(host)
    return f"{wanted.assignments} {wanted.line(path.rpartition('/')[2])}"
