"""`godebug`: the plugin was built for other GODEBUG settings than the host, whose count."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.rules.model import Evidence, Link, Rule, Told, go_source, told

SETTING = "DefaultGODEBUG"


def risks(evidence: Evidence) -> Iterator[Told]:
    """By `DefaultGODEBUG` of both files."""
    host, plugin = (build.setting(SETTING) for build in evidence.builds)
    if host is None or plugin is None:
        return
    has, wants = _settings(host), _settings(plugin)
    keys = [key for key in sorted({*has, *wants}) if has.get(key) != wants.get(key)]
    if not keys:
        return
    rest = f" and {len(keys) - 1} more" if len(keys) > 1 else ""
    one, two = (",".join(f"{key}={values[key]}" for key in keys if key in values) for values in (has, wants))
    yield told(
        f"the host's GODEBUG settings apply: {_said(keys[0], has)}{rest}; the plugin was built for "
        f"{_said(keys[0], wants)}",
        "Give the plugin's go.mod the go line of the host's, and both main packages the same //go:debug lines.",
        host=one,
        plugin=two,
    )


def _settings(text: str) -> dict[str, str]:
    return {key: value for key, _, value in (word.partition("=") for word in text.split(",")) if key}


def _said(key: str, values: dict[str, str]) -> str:
    return f"{key}={values[key]}" if key in values else f"the default of {key}"


RULE = Rule(
    slug="godebug",
    rank=60,
    title="The plugin's own GODEBUG settings have no effect.",
    meaning="Host and plugin were built with different default GODEBUG settings (`DefaultGODEBUG` in the build info). "
    "The host's count for the whole process, for the plugin's code too.",
    why="The go command derives the settings from the `go` line of the main module, its `godebug` lines and the "
    "`//go:debug` comments of the main package, and the linker writes them into package runtime. A plugin uses the "
    "runtime of the host. The environment variable GODEBUG of the process stands above both.",
    example="A plugin whose go.mod says `go 1.21` expects timer channels with a buffer (`asynctimerchan=1`); in a host "
    "with `go 1.25` it gets the others.",
    fix="Let the plugin's `go` line and `//go:debug` comments agree with the host's, and test it in the host.",
    links=(
        Link("Go, Diagnostics, GODEBUG", "https://go.dev/doc/godebug"),
        go_source("cmd/go/internal/load/godebug.go"),
    ),
    risks=risks,
)
