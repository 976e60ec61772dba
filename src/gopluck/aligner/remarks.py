"""What is to be said besides the verdict: what the build command settles, who asks for a version, what nobody uses."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence

from gopluck.aligner.fit import Checked
from gopluck.aligner.gomod import GoMod
from gopluck.aligner.trial import Trial, copied
from gopluck.builds.build import Build
from gopluck.builds.flags import CGO, CGO_DEFAULT, CPU
from gopluck.clean import first_of
from gopluck.remedy.baseline import Baseline
from gopluck.remedy.quote import sh
from gopluck.result.align import Departure
from gopluck.result.check import Finding
from gopluck.result.verdict import Role
from gopluck.rules.causes.module_content import origin
from gopluck.rules.model import Trait
from gopluck.rules.registry import named

SETTLED = {
    "CGO_ENABLED": "and a plugin needs cgo",
    "GOMODCACHE": "and the host was built without -trimpath, from another one",
    **dict.fromkeys(("GOEXPERIMENT", "GOFIPS140", *CPU, *CGO), "and otherwise in the host"),
}
"""Variables that the printed command sets, and why."""


def settled(base: Baseline, variables: Mapping[str, str]) -> Iterator[str]:
    """What this environment (`go env`) sets otherwise than the host was built, and the printed command settles."""
    for name, value in base.env.items():
        here = variables.get(name, "")
        if name in SETTLED and here not in ("", value, CGO_DEFAULT):
            yield f"{name} is {here} here, {SETTLED[name]}: the build command sets {name}={sh(value)}."
    for flag in base.flags:
        if flag.endswith(("=", "=false", "=off")):
            name = flag.partition("=")[0]
            yield f"A build here would have {name}, and the host was built without: the build command has {flag}."


def pulled_up(trial: Trial, mod: GoMod, checked: Checked) -> Iterator[str]:
    """Which modules ask for the versions that the host has not (`go mod graph`)."""
    uses = {use.path: use.version for one in checked.mismatched if (use := checked.plugin.use(one)) is not None}
    higher = {
        f"{path}@{version}"
        for path, version in uses.items()
        if path in trial.host.modules and version and mod.required(path) != version
    }
    if not higher or trial.project.workspace:
        return
    with tempfile.TemporaryDirectory(prefix="gopluck-") as folder:
        done = trial.go.run("mod", "graph", f"-modfile={copied(trial.project, trial.go, (), folder)}")
    asking: dict[str, list[str]] = {}
    for line in done.stdout.splitlines() if not done.status else ():
        module, _, required = line.partition(" ")
        if required in higher and "@" in module:
            asking.setdefault(required, []).append(module)
    for required, modules in asking.items():
        yield f"{required} is what {first_of(modules, 3)} requires."


def only_required(host: Build, mod: GoMod, checked: Checked) -> Iterator[Finding]:
    """Modules that go.mod requires at another version than the host has, and of which nothing is imported."""
    used = {one.module.path for one in checked.listed if one.module is not None}
    for one in mod.requires:
        theirs = host.modules.get(one.path)
        if theirs is not None and one.path not in used and theirs.version not in ("", one.version):
            yield Finding(
                named(Trait.MODULE_VERSION),
                Role.HARMLESS,
                f"{one.path} is {theirs.version} in the host, {one.version} in go.mod: the plugin imports no "
                "package of it",
                evidence={"host": f"{one.path} {theirs.version}", "plugin": f"{one.path} {one.version}"},
            )


def departed(
    host: Build, checked: Checked, causes: Sequence[Finding], departures: Sequence[Departure]
) -> Iterator[Finding]:
    """The findings, with what compiling showed in the place of what the files only let one suspect."""
    told = {package for one in departures for package in one.packages}
    for one in departures:
        mine, theirs = origin(checked.plugin, one.module), origin(host, one.module)
        published = f"the published {one.version}"
        if one.side == "plugin":
            short = f"the plugin's copy of {one.module} ({mine}) is edited"
            message, fix = f"{short}: {published} compiles to the host's hash", f"Take {published} instead."
        else:
            short = f"the host's copy of {one.module} ({theirs}) is edited"
            neither = f"neither your copy ({mine}) nor {published}" if one.copy else f"{published} does not compile"
            message = f"{short}: {neither} {'compiles ' if one.copy else ''}to its hash"
            fix = f"Get that code from the host's owner, or have the host built from {published}."
        evidence = {"host": theirs, "plugin": mine}
        yield Finding(named(Trait.UNPINNED_CODE), Role.CAUSE, message, one.packages, evidence, fix, short)
    for cause in causes:
        suspected = cause.rule in (named(Trait.UNPINNED_CODE), named(Trait.UNEXPLAINED))
        if not (departures and suspected and told.intersection(cause.packages)):
            yield cause
