"""Fits a plugin's module to a host before the plugin is built: what differs, and the edits of go.mod that settle it.

The go command of the host's release says what the plugin's packages import (`imports`), `fit` compares them with the
host. Edits are tried on a copy of go.mod (`-modfile`), with the go command, until the versions that it selects are the
host's: minimal version selection, replacements and exclusions are its own. Nothing in the folder is written here.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from gopluck.facts.model import Binary, Go
from gopluck.remedy import gomod
from gopluck.remedy.alignment import Alignment
from gopluck.remedy.baseline import Baseline, baseline
from gopluck.remedy.fit import Checked, check_plan, explained
from gopluck.remedy.gocommand import GoCommand, GoFailed, NoGo, find, settings
from gopluck.remedy.golines import go_line_edit, go_line_findings, toolchain_notes
from gopluck.remedy.gomod import GoMod
from gopluck.remedy.imports import DEFAULT_CFLAGS, VARIABLES, Plan, planned, split, vendored
from gopluck.remedy.modedits import next_step
from gopluck.remedy.model import Edit, Recipe
from gopluck.remedy.project import Project, plugin_name
from gopluck.report.model import Finding
from gopluck.rules.builds import Build
from gopluck.rules.commands import PROFILE
from gopluck.rules.shell import quoted

ROUNDS = 40
"""How often edits are tried at the most: one round for each version of a module that has to be excluded."""


def align(
    host: Binary, folder: str, environ: Mapping[str, str], *, flags: str | None = None, compiling: bool = True
) -> Alignment:
    """How the module in `folder` fits the host.

    `environ`: in which the go command runs. `flags`: those of the user's own `go build -buildmode=plugin`; the check is
    then about that build in this environment, else about the one that the recipe prints. `compiling=False`: what only
    a compiled package tells stays unknown.

    Raises `Usage` when the folder has no module or no main package, `MalformedFile` for a go.mod that is none.
    """
    module = Project.read(folder, environ)
    build = Build(host, "the host")
    if refused := host_refuses(build):
        rule, why = refused
        return _Result(build, module).refused(rule, why)
    go = find(build.release, module.absolute, environ)
    if isinstance(go, NoGo):
        from gopluck.remedy.weaker import by_go_mod

        return by_go_mod(build, module, go.reason)
    return _Aligner(build, module, go, environ, compiling).run(flags)


ASAN = (
    "the host was built with -asan: a plugin built with -asan, too, ends the process at its check for two definitions "
    "of one variable, unless the host runs with ASAN_OPTIONS=detect_odr_violation=0"
)
REFUSALS: tuple[tuple[str, Callable[[Build, Go], bool], str], ...] = (
    ("host-without-cgo", lambda host, go: go.plugin_support == "stub", ""),
    ("host-without-plugin-support", lambda host, go: go.plugin_support == "none", ""),
    ("host-not-exporting", lambda host, go: not go.exports_moduledata, ""),
    ("sanitizer-runtime", lambda host, go: "-asan" in host.instruments, ASAN),
)
"""Hosts into which nothing loads: the rule that says so, how it is seen, and the sentence (else the rule's title)."""


def host_refuses(host: Build) -> tuple[str, str] | None:
    """The rule and its sentence when no plugin at all can load into this host."""
    from gopluck.rules.registry import rule

    go = host.binary.go
    for slug, applies, sentence in REFUSALS if go is not None else ():
        if go is not None and applies(host, go):
            return slug, sentence or rule(slug).title
    return None


# -- the whole ---------------------------------------------------------------------------------------------------------


class _Result(NamedTuple):
    """What every alignment of this project has in common."""

    host: Build
    project: Project

    def refused(self, rule: str, why: str) -> Alignment:
        """Nothing loads into this host."""
        finding = Finding(rule, "cause", why)
        recipe = Recipe(False, "host", why)
        return self.alignment("differs", "paths", "", findings=(finding,), recipe=recipe)

    def alignment(self, verdict: str, basis: str, checked: str, **more: object) -> Alignment:
        """An alignment with these fields."""
        project = self.project
        fields = {"before": project.text, "after": project.text, **more}
        return Alignment(
            self.host.binary.path,
            self.host.release,
            project.folder,
            project.go_mod,
            project.mod.module,
            verdict,
            basis,
            checked,
            **fields,  # type: ignore[arg-type]
        )


class Repaired(NamedTuple):
    """What came of the search for edits."""

    checked: Checked | None
    """The last build that was tried."""
    edits: tuple[Edit, ...] = ()
    why_not: str = ""
    after: str = ""


class _Aligner:
    """A host, a project, and the go command that ties them."""

    def __init__(
        self, host: Build, project: Project, go: GoCommand, environ: Mapping[str, str], compiling: bool
    ) -> None:
        self.host = host
        self.go = go
        self.environ = environ
        self.compiling = compiling
        self.notes: list[str] = []
        self.stale: list[Finding] = []
        """What is wrong with the vendor folder."""
        self.variables = settings(go, *VARIABLES)
        self.project = project.within(self.variables["GOWORK"])
        self.mod = self._read_mod()

    def _read_mod(self) -> GoMod:
        done = self.go.run("mod", "edit", "-json", self.project.go_mod)
        return self.project.mod if done.status else gomod.from_json(done.stdout, self.project.go_mod)

    # -- the two builds: the one that the recipe prints, and the user's own ------------------------------------------

    @cached_property
    def base(self) -> Baseline:
        """What the host demands, with what this environment has otherwise switched off by name."""
        as_it_is = Plan(self.go, (), self.variables)
        found = baseline(self.host, Build(planned(as_it_is, (), {}), "the plugin"))
        env = dict(found.env)
        if env.get("GOMODCACHE") == self.variables["GOMODCACHE"] or not self._shares_modules:
            env.pop("GOMODCACHE", None)
        flags = list(found.flags)
        given = as_it_is.options.get("-gcflags", "")
        if given.startswith("all=") and not any(flag.startswith("-gcflags") for flag in flags):
            flags.append("-gcflags=all=")
        inputs = tuple(one for one in found.inputs if not one.path or one.path == env.get("GOMODCACHE", one.path))
        return found._replace(env=env, flags=tuple(flags), inputs=inputs)

    @cached_property
    def _shares_modules(self) -> bool:
        """Whether a package of a module is in both, as far as go.mod tells."""
        required = {one.path for one in self.mod.requires}
        return bool(required.intersection(self.host.modules)) or bool(self.project.workspace)

    @property
    def _toolchain(self) -> Mapping[str, str]:
        return {"GOTOOLCHAIN": self.base.env["GOTOOLCHAIN"]}

    @property
    def lacking_profile(self) -> bool:
        """Whether the host was built with a profile that is not at hand."""
        return any(_lacking(flag) for flag in self.base.flags)

    @property
    def caches(self) -> tuple[str, str] | None:
        """The module cache here and the host's, when the build needs the host's and it is not on this machine."""
        wanted = self.base.env.get("GOMODCACHE")
        if wanted is None or Path(wanted).is_dir():
            return None
        return self.variables["GOMODCACHE"], wanted

    def printed(self, *more: str) -> Plan:
        """The plan of the build that the recipe prints, with more flags."""
        env = dict(self.base.env)
        if self.caches is not None:
            del env["GOMODCACHE"]
        go = self.go.with_environ(**env)
        flags = tuple(flag for flag in self.base.flags if not _lacking(flag))
        return Plan(go, (*flags, *more), settings(go, *VARIABLES))

    # -- the course of it --------------------------------------------------------------------------------------------

    def run(self, flags: str | None) -> Alignment:
        """The alignment."""
        release = self.host.release
        newer = list(go_line_findings(self.project, release))
        self.notes += [*toolchain_notes(self.project, release), *self._settled()]
        edits = (edit,) if (edit := go_line_edit(self.mod, release)) else ()
        try:
            first, more = self._as_it_is(edits)
            failed = ""
        except GoFailed as error:
            first, more, failed = None, (), _list_failed(str(error))
        repaired = self._repaired(first, edits, more) if first is not None else Repaired(None, (), failed)
        if first is not None:
            self.notes += self._pulled_up(first)
        recipe, after = self._recipe(repaired, more), repaired.after or self.project.text
        if not recipe.possible and self.project.workspace:
            recipe, after = self._without_workspace() or (recipe, after)
        checked, line = first, self._line(more)
        if flags is not None:
            line = " ".join(["go build -buildmode=plugin", *filter(None, [flags.strip()]), "."])
            checked, failed = self._own(flags)
            if checked is not None and checked.verdict == "fits":
                recipe = Recipe(True, "plugin", go=self.base.go, env=self._toolchain, command=line)
        return self._alignment(checked, failed, newer, line, recipe, after)

    def _alignment(
        self, checked: Checked | None, failed: str, newer: list[Finding], line: str, recipe: Recipe, after: str
    ) -> Alignment:
        common = _Result(self.host, self.project)
        if checked is None:
            # The go command is what builds the plugin: what it refuses to list it cannot build.
            verdict = "unknown" if NOT_HAD.search(failed) and not newer else "differs"
            return common.alignment(
                verdict,
                "paths",
                line,
                reason=failed,
                findings=tuple(newer),
                notes=tuple(self.notes),
                recipe=recipe,
                after=after,
            )
        verdict, reason = checked.verdict, checked.reason
        if newer or self.stale:
            verdict = "differs"
        elif verdict == "fits" and self.lacking_profile:
            verdict, reason = "unknown", "the host was built with a profile (PGO) that is not here"
        return common.alignment(
            verdict,
            checked.basis,
            line,
            reason=reason,
            shared=checked.shared,
            mismatched=checked.mismatched,
            findings=(*newer, *self.stale, *explained(self.host, checked), *self._only_required(checked)),
            notes=tuple(self.notes),
            recipe=recipe,
            after=after,
        )

    def _as_it_is(self, edits: tuple[Edit, ...]) -> tuple[Checked, tuple[str, ...]]:
        """The printed build of the module as it is, and the flags that it needs besides. Raises `GoFailed`."""
        more: tuple[str, ...] = ()
        try:
            checked = self._try(edits)
        except GoFailed as error:
            readonly = READONLY.search(str(error))
            if not readonly or self.project.workspace:
                raise
            more = ("-mod=mod",)
            checked = self._try(edits, *more)
            if "inconsistent vendoring" in str(error):
                self.stale.append(
                    Finding(
                        "vendor-path", "cause", "vendor/modules.txt does not agree with go.mod", fix="go mod vendor"
                    )
                )
            else:
                self.notes.append("go.mod or go.sum is not complete; -mod=mod lets the build complete them.")
        if checked.verdict == "differs" and not checked.broken and (other := self._other_place(checked, edits)):
            return other
        return checked, more

    def _other_place(self, checked: Checked, edits: Sequence[Edit]) -> tuple[Checked, tuple[str, ...]] | None:
        """The build from the module cache instead of the vendor folder, or the reverse, where that fits better."""
        if vendored(checked.listed):
            flag = "-mod=readonly" if self.project.workspace else "-mod=mod"
        elif Path(self.project.root, "vendor/modules.txt").is_file() and not edits:
            flag = "-mod=vendor"
        else:
            return None
        try:
            other = self._try(edits, flag)
        except GoFailed:
            return None
        if other.broken or len(other.mismatched) >= len(checked.mismatched):
            return None
        self.notes.append(f"{flag} decides whether modules come from the vendor folder: {VENDOR[flag]}.")
        return other, (flag,)

    def _own(self, flags: str) -> tuple[Checked | None, str]:
        """The user's own build, or why the go command refuses it."""
        if self.variables["CGO_ENABLED"] == "0":
            return None, "CGO_ENABLED=0 in this environment: -buildmode=plugin needs cgo"
        elf, here = self.host.binary.elf, self.variables["GOARCH"]
        if elf is not None and here != elf.goarch:
            return None, f"GOARCH is {here} in this environment, and the host is for {elf.goarch}"
        words = tuple(word for word in split(flags) if not word.lstrip("-").startswith("buildmode"))
        try:
            return self._checked(Plan(self.go, words, self.variables), (), self.compiling), ""
        except GoFailed as error:
            return None, _list_failed(str(error))

    def _try(self, edits: Sequence[Edit], *more: str) -> Checked:
        """The printed build with go.mod edited, on a copy. Raises `GoFailed`."""
        if edits and not self.project.workspace:
            more = ("-mod=mod",)
        return self._checked(self.printed(*more), edits, self.compiling and not self.lacking_profile, self.caches)

    def _checked(
        self, plan: Plan, edits: Sequence[Edit], compiling: bool, caches: tuple[str, str] | None = None
    ) -> Checked:
        """A plan, checked. The go command works on a copy of go.mod and go.sum where it would write to them."""
        options = plan.options
        if "-modfile" in options or not (edits or options.get("-mod") == "mod"):
            return check_plan(self.host, plan, compiling, caches)
        with tempfile.TemporaryDirectory(prefix="gopluck-") as folder:
            copy = self._edited(edits, folder)
            if self.project.workspace:
                # A workspace takes no -modfile.
                overlay = Path(folder, "overlay.json")
                overlay.write_text(json.dumps({"Replace": {self.project.go_mod: copy}}))
                word = f"-overlay={overlay}"
            else:
                word = f"-modfile={copy}"
            return check_plan(self.host, plan._replace(flags=(*plan.flags, word)), compiling, caches)

    def _edited(self, edits: Sequence[Edit], folder: str) -> str:
        """A copy of go.mod (and go.sum beside it) with the edits, made by `go mod edit`. Raises `GoFailed`."""
        copy = Path(folder, "go.mod")
        shutil.copyfile(self.project.go_mod, copy)
        sums = Path(self.project.root, "go.sum")
        if sums.is_file():
            shutil.copyfile(sums, copy.with_suffix(".sum"))
        if edits:
            self.go.ask("mod", "edit", *(edit.words[2] for edit in edits), str(copy))
        return str(copy)

    # -- edits that make it fit --------------------------------------------------------------------------------------

    def _repaired(self, first: Checked, edits: tuple[Edit, ...], more: tuple[str, ...]) -> Repaired:
        """Edit after edit, until the versions that the go command selects are the host's."""
        current = first
        found = list(edits)
        for _ in range(ROUNDS):
            if current.verdict != "differs":
                return Repaired(current, tuple(found), "", self._after(found))
            if current.broken:
                return Repaired(current, (), self._broken(current, found))
            step = next_step(self.host, current, self.mod, found)
            if not step.edits:
                return Repaired(current, (), step.why_not or self._unsettled(current))
            found += step.edits
            try:
                current = self._try(found, *more)
            except GoFailed as error:
                needs = ", ".join(f"{one.module} {one.version}" for one in step.edits)
                return Repaired(current, (), f"with the host's versions ({needs}) {_list_failed(str(error))}")
        return Repaired(current, (), "the versions do not settle on the host's")

    def _after(self, edits: Sequence[Edit]) -> str:
        if not edits:
            return self.project.text
        with tempfile.TemporaryDirectory(prefix="gopluck-") as folder:
            return Path(self._edited(edits, folder)).read_bytes().decode("utf-8", "surrogateescape")

    def _without_workspace(self) -> tuple[Recipe, str] | None:
        """The recipe, and go.mod after it, that makes the module fit on its own, outside of its go.work."""
        environ = {**self.environ, "GOWORK": "off"}
        project = Project.read(self.project.folder, environ)
        alone = _Aligner(self.host, project, self.go.with_environ(GOWORK="off"), environ, self.compiling)
        found = alone.run(None)
        if not found.recipe.possible:
            return None
        note = f"{self.project.workspace} decides the versions here; with GOWORK=off the module's own go.mod does."
        recipe = found.recipe
        return recipe._replace(env={"GOWORK": "off", **recipe.env}, notes=(note, *recipe.notes)), found.after

    def _broken(self, current: Checked, found: Sequence[Edit]) -> str:
        versions = ", ".join(f"{one.module} {one.version}" for one in found if one.kind == "require")
        if not versions:
            return current.reason
        return f"with the host's {versions} {current.reason}: raise the version in the host instead"

    def _unsettled(self, current: Checked) -> str:
        """The strongest difference that no edit of go.mod settles."""
        causes = [one for one in explained(self.host, current) if one.role == "cause"]
        return causes[0].message if causes else "the packages differ for a reason that nothing here shows"

    def _recipe(self, repaired: Repaired, more: tuple[str, ...]) -> Recipe:
        possible = not repaired.why_not
        notes = list(self.base.notes)
        if repaired.edits and not self.project.workspace and "-mod=mod" not in more:
            more = (*more, "-mod=mod")
        if repaired.edits and Path(self.project.root, "vendor/modules.txt").is_file():
            notes.append("-mod=mod leaves the vendor folder aside; go mod vendor brings it up to date.")
        if not possible:
            return Recipe(False, "host", repaired.why_not, go=self.base.go, env=self.base.env, flags=self.base.flags)
        base = self.base._replace(flags=(*self.base.flags, *more))
        return Recipe(
            True,
            "plugin",
            go=base.go,
            env=base.env,
            flags=base.flags,
            go_mod=repaired.edits,
            command=base.line(plugin_name(self.project)),
            inputs=base.inputs,
            notes=tuple(notes),
        )

    def _line(self, more: tuple[str, ...]) -> str:
        base = self.base._replace(flags=(*self.base.flags, *more))
        return f"{base.assignments} {base.line(plugin_name(self.project))}".strip()

    # -- what else is to be said -------------------------------------------------------------------------------------

    def _settled(self) -> Iterator[str]:
        """What this environment sets otherwise than the host was built, and the printed command settles."""
        variables, base = self.variables, self.base
        for name, value in base.env.items():
            here = variables.get(name, "")
            if name in SETTLED and here not in ("", value, DEFAULT_CFLAGS):
                yield f"{name} is {here} here, {SETTLED[name]}: the build command sets {name}={quoted(value)}."
        for flag in base.flags:
            if flag.endswith(("=", "=false", "=off")):
                name = flag.partition("=")[0]
                yield f"A build here would have {name}, and the host was built without: the build command has {flag}."

    def _pulled_up(self, checked: Checked) -> Iterator[str]:
        """Which modules ask for the versions that the host has not (`go mod graph`)."""
        uses = {use.path: use.version for one in checked.mismatched if (use := checked.plugin.use(one)) is not None}
        higher = {
            f"{path}@{version}"
            for path, version in uses.items()
            if path in self.host.modules and version and self.mod.required(path) != version
        }
        if not higher or self.project.workspace:
            return
        with tempfile.TemporaryDirectory(prefix="gopluck-") as folder:
            done = self.go.run("mod", "graph", f"-modfile={self._edited((), folder)}")
        asking: dict[str, list[str]] = {}
        for line in done.stdout.splitlines() if not done.status else ():
            module, _, required = line.partition(" ")
            if required in higher and "@" in module:
                asking.setdefault(required, []).append(module)
        for required, modules in asking.items():
            yield f"{required} is what {_listed_names(modules)} requires."

    def _only_required(self, checked: Checked) -> Iterator[Finding]:
        """Modules that go.mod requires at another version than the host has, and of which nothing is imported."""
        used = {one.module.path for one in checked.listed if one.module is not None}
        for one in self.mod.requires:
            theirs = self.host.modules.get(one.path)
            if theirs is not None and one.path not in used and theirs.version not in ("", one.version):
                yield Finding(
                    "module-version",
                    "harmless",
                    f"{one.path} is {theirs.version} in the host, {one.version} in go.mod: the plugin imports no "
                    "package of it",
                    evidence={"host": f"{one.path} {theirs.version}", "plugin": f"{one.path} {one.version}"},
                )


SETTLED = {
    "CGO_ENABLED": "and a plugin needs cgo",
    "GOEXPERIMENT": "and otherwise in the host",
    "GOFIPS140": "and otherwise in the host",
    "GOMODCACHE": "and the host was built without -trimpath, from another one",
    "CGO_CFLAGS": "and otherwise in the host",
    "CGO_CPPFLAGS": "and otherwise in the host",
    "CGO_CXXFLAGS": "and otherwise in the host",
}
"""Variables that the printed command sets, and why."""

VENDOR = {
    "-mod=mod": "the host took them from the module cache, and without -trimpath that is part of every path",
    "-mod=readonly": "the host took them from the module cache, and without -trimpath that is part of every path",
    "-mod=vendor": "its code is the host's",
}

READONLY = re.compile(
    r"inconsistent vendoring|updates to go\.mod needed|missing go\.sum entry|no required module provides package"
    r"|is not explicitly required|go mod tidy"
)
"""Refusals of a build that may not change go.mod and go.sum, or that takes a vendor folder."""

NOT_HAD = re.compile(
    r"dial tcp|no such host|timeout|connection refused|i/o|cannot find module|not found|disabled by GOPROXY"
)
"""Refusals because a module could not be fetched: that says nothing about the fit."""


def _list_failed(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return f"go list says: {lines[0] if lines else 'nothing'}"


def _listed_names(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _lacking(flag: str) -> bool:
    """Whether a flag names a profile that is not at hand."""
    name, _, value = flag.partition("=")
    return name == "-pgo" and value != "off" and (value == PROFILE or not Path(value).is_file())
