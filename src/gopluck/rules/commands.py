"""The commands that a finding's fix prints."""

from __future__ import annotations

import re
import shlex

from gopluck.rules.builds import Build
from gopluck.rules.model import Comparison


def build_command(comparison: Comparison) -> str:
    """The `go build` line that repeats on the plugin what is known of the provider's build."""
    return plugin_command(comparison.provider, comparison.plugin.binary.path)


def plugin_command(host: Build, path: str) -> str:
    """The `go build` line for a plugin that is to fit a host."""
    environment, flags = [], []
    if re.fullmatch(r"go\d+\.\d+(\.\d+|rc\d+|beta\d+)?", host.release):
        environment.append(f"GOTOOLCHAIN={host.release}")
    if host.experiments:
        environment.append(f"GOEXPERIMENT={','.join(sorted(host.experiments))}")
    if host.fips:
        environment.append(f"GOFIPS140={host.fips}")
    environment.append("CGO_ENABLED=1")
    if host.trimmed:
        flags.append("-trimpath")
    flags += sorted(flag for flag in host.instruments if flag != "-cover")
    if host.tags:
        flags.append(f"-tags={','.join(sorted(host.tags))}")
    if host.gcflags and host.gcflags[0] is not None:
        pattern, words = host.gcflags
        flags.append(shlex.quote(f"-gcflags={pattern}={' '.join(words)}"))
    output = shlex.quote(path.rpartition("/")[2])
    return " ".join([*environment, "go build -buildmode=plugin", *flags, "-o", output, "."])
