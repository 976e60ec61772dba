"""Fits a plugin's module to a host before the plugin is built: what differs, and the edits of go.mod that settle it.

The go command of the host's release says what the plugin's packages import (`imports`), `fit` compares them with the
host. Edits are tried on a copy of go.mod (`trial`), with the go command, until the versions that it selects are the
host's (`repair`): minimal version selection, replacements and exclusions are its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from gopluck.aligner import gomod
from gopluck.aligner.fit import Checked, explained
from gopluck.aligner.gocommand import GoCommand, GoFailed, find, settings
from gopluck.aligner.golines import go_line_findings, readable, toolchain_notes
from gopluck.aligner.imports import VARIABLES, Plan, split, vendored
from gopluck.aligner.places import Place
from gopluck.aligner.planner import beyond
from gopluck.aligner.printed import Printed
from gopluck.aligner.project import Project, plugin_name
from gopluck.aligner.remarks import departed, only_required, pulled_up, settled
from gopluck.aligner.repair import UNTAGGED, Repaired, list_failed, repaired
from gopluck.aligner.search import Found, Search
from gopluck.aligner.trial import Trial
from gopluck.builds.build import Build
from gopluck.clean import clean
from gopluck.errors import Usage
from gopluck.facts.model import Binary
from gopluck.remedy.baseline import Baseline
from gopluck.remedy.host import host_refuses
from gopluck.remedy.lines import with_words
from gopluck.remedy.quote import sh
from gopluck.replay.process import OBFUSCATED
from gopluck.result.align import Alignment
from gopluck.result.check import Finding
from gopluck.result.recipe import NOT_REPEATED, Edit, Recipe
from gopluck.result.verdict import Fit, Role
from gopluck.rules.model import Trait
from gopluck.rules.registry import Kind, named, rule, rules


def align(
    host: Binary,
    folder: str,
    environ: Mapping[str, str],
    *,
    flags: str | None = None,
    compiling: bool = True,
    here: bool = False,
    progress: Callable[[str], object] = str,
) -> Alignment:
    """How the module in `folder` fits the host.

    `environ`: in which the go command runs. `flags`: those of the user's own `go build -buildmode=plugin`; the check is
    then about that build in this environment, else about the one that the recipe prints. `compiling=False`: what only
    a compiled package tells stays unknown. `here`: the recipe takes modules from the module cache of `environ`.
    `progress`: is told what takes long, before it begins.

    Raises `Usage` when the folder has no module or no main package, or for flags that cannot be shown,
    `MalformedFile` for a go.mod that is none.
    """
    if flags is not None and any(clean(word) != word for word in split(flags)):
        raise Usage("--flags: holds a character that is not seen, and so cannot be printed as a command")
    module = Project.read(folder, environ)
    build = Build(host, "the host")
    if refused := host_refuses(build):
        finding, recipe = refused
        return module.alignment(build, Fit.DIFFERS, "paths", "", findings=(finding,), recipe=recipe)
    if host.go is not None and host.go.obfuscated:
        why = f"the host {OBFUSCATED}"
        return module.alignment(build, Fit.UNKNOWN, "paths", "", reason=why, recipe=Recipe(False, "host", why))
    progress(f"asking the go command for {build.release}")
    go = find(build.release, module.absolute, environ)
    if isinstance(go, str):
        from gopluck.aligner.weaker import by_go_mod

        return by_go_mod(build, module, go)
    return _Aligner(build, module, go, environ, compiling, progress).run(flags, here=here)


class _Aligner:
    """The course of one alignment."""

    def __init__(
        self,
        host: Build,
        project: Project,
        go: GoCommand,
        environ: Mapping[str, str],
        compiling: bool,
        progress: Callable[[str], object],
        *,
        own_tags: bool = True,
    ) -> None:
        self.host = host
        self.progress = progress
        self.go = go
        self.environ = environ
        self.compiling = compiling
        self.notes: list[str] = []
        self.stale: list[Finding] = []
        """What is wrong with the vendor folder."""
        self.variables = settings(go, *VARIABLES)
        self.project = project.within(self.variables["GOWORK"])
        done = go.run("mod", "edit", "-json", self.project.go_mod)
        self.mod = self.project.mod if done.status else gomod.from_json(done.stdout, self.project.go_mod)
        self.trial = Trial(host, self.project, go)
        self.printed = Printed(host, self.project, self.mod, go, self.variables, own_tags=own_tags)

    def run(self, flags: str | None, *, here: bool = False) -> Alignment:
        """The alignment. Where nothing fits with this environment's own tags, the one without them."""
        found = self._run(flags, here=here)
        if found.recipe.possible or flags is not None or "-tags" not in self.printed.given:
            return found
        other = _Aligner(self.host, self.project, self.go, self.environ, self.compiling, self.progress, own_tags=False)
        without = other._run(flags, here=here)
        return without if without.recipe.possible else found

    def _run(self, flags: str | None, *, here: bool) -> Alignment:
        release = self.host.release
        newer = list(go_line_findings(self.project, release))
        self.notes += toolchain_notes(self.project, release)
        edits = readable(self.project, self.mod, release)
        try:
            first, more = self._as_it_is(edits)
            failed = ""
        except GoFailed as error:
            if self.project.workspace and OUTSIDE in str(error):
                return self._alone(
                    f"{self.project.workspace} does not use this module: with GOWORK=off it stands on its own."
                )
            first, more, failed = None, (), list_failed(str(error))
        settling = (
            repaired(self.trial, self.mod, lambda found: self._try(found, *more), first, edits)
            if first is not None
            else Repaired(None, (), failed)
        )
        if first is not None:
            self.notes += pulled_up(self.trial, self.mod, first)
        found = Found()
        if self._searched(settling, flags, here):
            cache = self.variables["GOMODCACHE"]
            found = Search(self.trial, self.mod, self._attempt(more), cache, self.progress).run(settling)
            if found.settled is not None:
                settling, more = found.settled, (*more, *found.flags)
            elif found.why_not:
                settling = settling._replace(why_not=found.why_not)
        base = self.printed.base if found.settled is None else self.printed.base.without_cache()
        self.notes += settled(base, self.variables)
        recipe, after = self._recipe(base, settling, more, found), settling.after or self.project.text
        if not recipe.possible and self.project.workspace:
            recipe, after = self._without_workspace() or (recipe, after)
        checked, line = first, self.printed.line(more)
        if flags is not None:
            own = ("go", "build", "-buildmode=plugin", *split(flags), ".")
            line = " ".join(map(sh, own))
            checked, failed = self._own(flags)
            if checked is not None and checked.verdict == Fit.FITS:
                recipe = Recipe(
                    True, "plugin", go=self.printed.base.go, env={"GOTOOLCHAIN": self.printed.base.go}, build=own
                )
        return self._alignment(checked, failed, newer, line, recipe, after, found)

    def _searched(self, settling: Repaired, flags: str | None, here: bool) -> bool:
        """Whether candidates are compiled: what the files tell settles nothing, or not with what is here."""
        elsewhere = here and self.printed.caches is not None
        if flags is not None or not self.compiling or self.printed.lacking_profile or self.project.workspace:
            return False
        if settling.checked is None or not settling.why_not:
            return settling.checked is not None and elsewhere
        # Not where a rule says that no build of the plugin removes the cause.
        return not any(rule(one.rule).owner for one in explained(self.host, settling.checked) if one.role == Role.CAUSE)

    def _attempt(self, more: tuple[str, ...]) -> Callable[[Sequence[Edit], Sequence[str], Sequence[Place]], Checked]:
        """The printed build with flags that it needs anyway, from the module cache that is here."""

        def attempt(edits: Sequence[Edit], flags: Sequence[str], places: Sequence[Place]) -> Checked:
            wanted = dict.fromkeys((*more, *flags, *(("-mod=mod",) if edits else ())))
            plan = self.printed.plan(*wanted)._replace(places=tuple(places))
            return self.trial.checked(plan, edits, compiling=True)

        return attempt

    def _alignment(
        self,
        checked: Checked | None,
        failed: str,
        newer: list[Finding],
        line: str,
        recipe: Recipe,
        after: str,
        found: Found,
    ) -> Alignment:
        findings = [*newer, *self.stale]
        if checked is None:
            # The go command is what builds the plugin: what it refuses to list it cannot build.
            verdict = Fit.UNKNOWN if NOT_HAD.search(failed) and not newer else Fit.DIFFERS
            basis, reason, findings = "paths", failed, newer
        else:
            verdict, basis, reason = checked.verdict, checked.basis, checked.reason
            if findings:
                verdict = Fit.DIFFERS
            elif verdict == Fit.FITS and self.printed.lacking_profile:
                verdict, reason = Fit.UNKNOWN, "the host was built with a profile (PGO) that is not here"
            elif verdict == Fit.FITS and self.printed.base.left_out:
                verdict, reason = Fit.UNKNOWN, NOT_REPEATED
            # What only a compiled package tells is said as the reason; without one nothing says that it is harmless.
            open_ = {one.slug for one in rules(Kind.CAUSE) if one.compiled} if checked.doubtful else set()
            causes = departed(self.host, checked, explained(self.host, checked), found.departures)
            findings += (one for one in causes if one.role != Role.HARMLESS or one.rule not in open_)
            findings += only_required(self.host, self.mod, checked)
        return self.project.alignment(
            self.host,
            verdict,
            basis,
            line,
            reason=reason,
            shared=checked.shared if checked else (),
            mismatched=checked.mismatched if checked else (),
            findings=with_words(findings, recipe),
            notes=tuple(self.notes),
            recipe=recipe,
            tried=found.tried,
            after=after,
        )

    def _as_it_is(self, edits: tuple[Edit, ...]) -> tuple[Checked, tuple[str, ...]]:
        """The printed build of the module as it is, and the flags that it needs besides. Raises `GoFailed`."""
        what = "compiling what the plugin imports, which takes long the first time" if self.compiling else "listing"
        self.progress(f"{self.host.release}: {what}")
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
                        named(Trait.VENDORED),
                        Role.CAUSE,
                        "vendor/modules.txt does not agree with go.mod",
                        fix="Make the vendor folder anew.",
                    )
                )
            else:
                self.notes.append("go.mod or go.sum is not complete; -mod=mod lets the build complete them.")
        if checked.verdict == Fit.DIFFERS and not checked.broken and (other := self._other_place(checked, edits)):
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
        if flag != "-mod=vendor" and checked.basis == "hashes":
            right = [one for one in checked.mismatched if one not in other.mismatched]
            names = " and ".join(dict.fromkeys(use.path for one in right if (use := self.host.use(one)) is not None))
            why = f"{names} is edited in your vendor folder, and the published code compiles to the host's hash"
        else:
            cached = "the host took them from the module cache, and without -trimpath that is part of every path"
            why = "its code is the host's" if flag == "-mod=vendor" else cached
        self.notes.append(f"{flag} decides whether modules come from the vendor folder: {why}.")
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
            return self.trial.checked(Plan(self.go, words, self.variables), (), self.compiling), ""
        except GoFailed as error:
            return None, list_failed(str(error))

    def _try(self, edits: Sequence[Edit], *more: str) -> Checked:
        """The printed build with go.mod edited, on a copy. Raises `GoFailed`."""
        if edits:
            tried, more_edits = edits[-1], f" and {len(edits) - 1} more" if len(edits) > 1 else ""
            self.progress(f"{self.host.release}: trying {tried.module or tried.kind} {tried.version}{more_edits}")
        if edits and not self.project.workspace:
            more = ("-mod=mod",)
        return self.trial.checked(
            self.printed.plan(*more), edits, self.compiling and not self.printed.lacking_profile, self.printed.caches
        )

    def _without_workspace(self) -> tuple[Recipe, str] | None:
        """The recipe, and go.mod after it, that makes the module fit on its own, outside of its go.work."""
        decides = f"{self.project.workspace} decides the versions here"
        found = self._alone(f"{decides}; with GOWORK=off the module's own go.mod does.")
        return (found.recipe, found.after) if found.recipe.possible else None

    def _alone(self, note: str) -> Alignment:
        """The module on its own, outside of its go.work; its recipe says why."""
        environ = {**self.environ, "GOWORK": "off"}
        project = Project.read(self.project.folder, environ)
        go = self.go.with_environ(GOWORK="off")
        found = _Aligner(self.host, project, go, environ, self.compiling, self.progress).run(None)
        recipe = found.recipe
        env = {"GOWORK": "off", **recipe.env} if recipe.possible else recipe.env
        return found._replace(recipe=recipe._replace(env=env, notes=(note, *recipe.notes)))

    def _recipe(self, base: Baseline, settling: Repaired, more: tuple[str, ...], found: Found) -> Recipe:
        possible = not settling.why_not
        notes = [*base.notes, *found.notes]
        if settling.edits and not self.project.workspace and "-mod=mod" not in more:
            more = (*more, "-mod=mod")
        if settling.edits and Path(self.project.root, "vendor/modules.txt").is_file():
            notes.append("-mod=mod leaves the vendor folder aside; go mod vendor brings it up to date.")
        if not possible:
            checked = settling.checked
            untold = found.untold or (checked is not None and self.printed.doubts_profile(checked.mismatched))
            if checked is not None and not checked.broken:
                planned = beyond(self.host, checked, plugin_name(self.project), compiling=self.compiling)
                # What compiling showed of a copy says more than that the host has to be built anew.
                if planned is not None and (planned.possible or not (found.departures or found.untold)):
                    return planned._replace(untold=planned.untold or untold)
            untried = bool(NOT_HAD.search(settling.why_not))
            side = "plugin" if untried else "host"
            return Recipe(False, side, settling.why_not, base.go, base.env, base.flags, untold=untried or untold)
        anew = (Edit("vendor", reason="vendor/modules.txt does not agree with go.mod"),) if self.stale else ()
        wanted = base._replace(flags=(*base.flags, *more), notes=tuple(notes))
        return wanted.recipe(plugin_name(self.project), go_mod=(*settling.edits, *anew))


READONLY = re.compile(
    r"inconsistent vendoring|updates to go\.mod needed|missing go\.sum entry|no required module provides package"
    r"|is not explicitly required|go mod tidy"
)
"""Refusals of a build that may not change go.mod and go.sum, or that takes a vendor folder."""

OUTSIDE = "not one of the workspace modules"
"""How the go command says that the go.work above is another one's."""

NOT_HAD = re.compile(
    r"dial tcp|no such host|(i/o|handshake) timeout|Client\.Timeout|deadline exceeded|connection (refused|reset)"
    r"|reading (https?|file)://|unrecognized import path|exit status 128|cannot find module|not found"
    r"|disabled by GOPROXY"
    rf"|{UNTAGGED}"
)
"""Refusals because a module could not be fetched (`cmd/go/internal/modfetch`), or for want of tags: that says nothing
about the fit."""
