"""`lookup-type`: the host's code asserts another type of a symbol than the plugin's has."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.replay.lookedup import Misfit, misfits
from gopluck.rules.model import Evidence, Link, Rule, Told, go_source, told


def risks(evidence: Evidence) -> Iterator[Told]:
    """By the types that the host's code compares with."""
    host, plugin = evidence.host.go, evidence.plugin.go
    if host is None or plugin is None:
        return
    insisted = {lookup.name for lookup in evidence.outcome.lookups if lookup.wanted}
    for misfit in misfits(host, plugin, insisted):
        yield _different(misfit)


def _different(misfit: Misfit) -> Told:
    name, function, types = misfit.lookup.name, misfit.lookup.caller, misfit.lookup.types
    wanted = " or ".join(one.type for one in types)
    if misfit.lacks:
        message = f"the host asserts that {name} is a {wanted} (in {function}), but Lookup returns {misfit.returned}, "
        message += f"which lacks {'; '.join(misfit.lacks)}: it panics, or does without"
        fix = f"Give what {name} is in the plugin these methods."
    else:
        message = f"the host asserts that {name} is {wanted} (in {function}), but Lookup returns {misfit.returned}: "
        message += "it panics, or does without"
        fix = f"Give {name} the type in the plugin that the host asserts: of a variable of type T, Lookup returns *T."
    said = told(message, fix, host=wanted, plugin=misfit.returned)
    return said._replace(headline=f"{name} has another type than the host asserts")


RULE = Rule(
    slug="lookup-type",
    rank=11,
    title="The host asserts another type of a symbol than the plugin's has.",
    meaning="The plugin loads and exports a symbol that the host looks up, but the type that the host's machine code "
    "asserts is not the one that `Lookup` returns. A type assertion panics then, or says false in the form with two "
    "values. `gopluck inspect HOST` shows the types. With `--symbol NAME:TYPE` the same is a failure, not a risk.",
    why="`Lookup` returns an empty interface, and of a variable it returns a pointer. An assertion to a concrete type "
    "holds only for that very type, with the same import path; one to an interface needs its methods. In the host's "
    "code it is a comparison with the address of the type, which gopluck finds there (amd64 since Go 1.15, arm64 since "
    "Go 1.18).",
    example="The host has `symbol.(func(map[string]string) error)`, the plugin `func New(config map[string]any) "
    "error`. Or the host has `symbol.(Greeter)`, and the plugin `var Greeter api.Greeter = greeter{}`: `Lookup` "
    "returns a pointer to an interface, which has no methods.",
    fix="Change the symbol's type in the plugin, or the assertion in the host.",
    links=(
        Link("Go specification, type assertions", "https://go.dev/ref/spec#Type_assertions"),
        go_source("plugin/plugin_dlopen.go, lookup"),
    ),
    risks=risks,
)
