"""The recipe for one Open that fails: what the plugin's side types, or what the host's side has to.

All differences go at once: the release, the environment and the flags are the host's, and go.mod gets the host's
modules as far as the two share packages of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from gopluck.builds.build import Build
from gopluck.builds.source import is_std
from gopluck.explainer.engine import Explanation
from gopluck.facts.model import Binary
from gopluck.golang.release import DIRECTIVES, before, go_line, order
from gopluck.loader.libc import libc_of
from gopluck.record import NamedTuple
from gopluck.remedy import grammar
from gopluck.remedy.baseline import baseline, build_words, linked_again, only_file
from gopluck.remedy.building import built
from gopluck.remedy.flaglists import definitions
from gopluck.remedy.grammar import refused
from gopluck.remedy.host import CONTENT, TRIM, TRIMMED, Problem, by_cause, for_the_host, host_words, inside, reason
from gopluck.remedy.modules import Changed, changes
from gopluck.remedy.rename import renamed, renaming_notes
from gopluck.replay.ends import End
from gopluck.replay.process import FOREIGN, OpenRequest, Outcome
from gopluck.result.check import Finding, MismatchedPackage
from gopluck.result.recipe import NOT_REPEATED, Edit, Input, LeftOut, Recipe
from gopluck.result.verdict import Role, Verdict
from gopluck.rules.causes.module_version import order as by_version
from gopluck.rules.causes.unexplained import unrecorded
from gopluck.rules.model import Comparison, Trait
from gopluck.rules.registry import has_trait, named

LIBC = {"glibc": "gcc", "musl": "musl-gcc"}


class Failure(NamedTuple):
    """An Open that fails, and what is known about it."""

    host: Binary
    plugin: Binary | None
    path: str
    outcome: Outcome
    findings: tuple[Finding, ...]
    mismatched: tuple[MismatchedPackage, ...]
    earlier: Sequence[tuple[OpenRequest, Outcome]] = ()
    build: Build | None = None
    """The host as a build, where there is one already."""

    @property
    def causes(self) -> Mapping[str, Finding]:
        """The first finding of each cause."""
        return {finding.rule: finding for finding in reversed(self.findings) if finding.role == Role.CAUSE}

    def has(self, trait: Trait) -> bool:
        """Whether a cause has a trait."""
        return has_trait(self.causes, trait)


def recipe(failure: Failure, follow: str = "host") -> Recipe:
    """What to type. `follow`: the side that stays as it is, `host` or `plugin`; the other is built anew."""
    if failure.plugin is None or failure.plugin.go is None:
        return _no_plugin(failure)
    host, plugin = failure.build or Build(failure.host, "the host"), Build(failure.plugin, "the plugin")
    if (why := reason(host, failure.causes, failure.outcome)) and not _renamed(failure, plugin):
        return by_cause(host, failure.causes, why)
    if refused := _only_refused(failure):
        return Recipe(
            False,
            "host",
            f"this plugin is not to blame: the packages that differ are those of {refused}, which was refused: they "
            "stay in the process",
            notes=(f"Repair {refused}, or leave it out, and restart the host.",),
        )
    if follow == "plugin":
        return _fit(failure, plugin, host, "host")
    return _fit(failure, host, plugin, "plugin")


def recipes(
    host: Binary,
    requests: Sequence[OpenRequest],
    outcomes: Sequence[Outcome],
    explanations: Sequence[Explanation],
    follow: str = "host",
    build: Build | None = None,
) -> tuple[Recipe | None, ...]:
    """The recipe of each Open of one process, in order; None for what does not fail."""
    earlier = list(zip(requests, outcomes, strict=True))
    found: list[Recipe | None] = []
    for index, (request, outcome, explanation) in enumerate(zip(requests, outcomes, explanations, strict=True)):
        if outcome.verdict != Verdict.FAILS:
            found.append(None)
            continue
        known = explanation.findings, explanation.packages.mismatched
        failure = Failure(host, request.binary, request.title, outcome, *known, earlier[:index], build)
        found.append(built(host, request.binary, outcome, recipe(failure, follow)))
    return tuple(found)


def _no_plugin(failure: Failure) -> Recipe:
    """A file that is no Go plugin says nothing about the source that it should have been built from."""
    what = "is not a Go plugin that can be read" if failure.plugin is not None else "does not exist"
    wanted = baseline(Build(failure.host, "the host"))
    foreign = failure.plugin is not None and failure.plugin.format in FOREIGN
    notes = ("Build it on Linux: elsewhere it becomes the same file again.",) if foreign else ()
    return wanted._replace(notes=wanted.notes + notes).recipe(
        name if (name := _name(failure.path)).endswith(".so") else "plugin.so",
        possible=False,
        why_not=f"{failure.path} {what}: build one from the plugin's source",
    )


def _name(path: str) -> str:
    return path.rpartition("/")[2] or "plugin.so"


def _fit(failure: Failure, fixed: Build, moved: Build, side: str) -> Recipe:
    """`moved` built anew to fit `fixed`."""
    wanted = baseline(fixed, moved, own_tags=not failure.has(Trait.OTHER_TAGS))
    env, flags, notes = dict(wanted.env), list(wanted.flags), list(wanted.notes)
    left_out = list(wanted.left_out)
    changed = _modules(failure, fixed, moved)
    vendored = _vendored(failure, fixed, moved)
    problems = [*changed.problems, *vendored, *_content(failure, fixed, moved)]
    problems += _unexplained(failure, fixed, moved)
    problems += _covered(failure, fixed)
    _libc(failure, fixed, env, notes)
    kept = _kept(failure, moved)
    flags += filter(grammar.flag, kept)
    left_out += (LeftOut("-ldflags", moved.setting("-ldflags") or "") for flag in kept if not grammar.flag(flag))
    rename = _renamed(failure, moved) if side == "plugin" else ()
    notes += renaming_notes(moved, failure.outcome) if rename else _about_others(failure)
    edits = [*changed.edits, *_go_line(fixed, moved), *rename]
    directory = changed.directory
    if unfit := [*refused(edits), *_unfit_folder(directory)]:
        left_out += unfit
        edits, directory = [], ""
    kinds = {edit.kind for edit in edits if not edit.when} - {"module"}
    if "use" in kinds:
        env["GOWORK"] = ""
        flags.append("-mod=readonly")
    elif kinds or (_maybe_vendored(moved) and (fixed.trimmed is False or failure.has(Trait.UNPINNED_CODE))):
        # No file tells whether a go.work lies above: it would add its own requirements, and refuse -mod=mod.
        env["GOWORK"] = "off"
        flags.append("-mod=mod")
    notes += (*_older(edits, fixed, moved), *_later_lines(edits, fixed, moved))
    lowered = [edit for edit in edits if edit.kind == "lower"]
    if lowered:
        which = " and ".join(f"{edit.module} {edit.version}" for edit in lowered)
        notes.append(f"If a dependency does not compile with {which}, use an older release of that dependency.")
    if problems and side == "plugin":
        within = inside(fixed, wanted, _name(failure.path)) if problems == vendored else None
        untold = _untold(failure, problems) or (problems == vendored and within is None)
        return for_the_host(fixed, problems)._replace(untold=untold, inside=within)
    whys = [*(problem.why for problem in problems), *([NOT_REPEATED] if left_out else [])]
    words, about = _build_line(moved, side, tuple(flags), _name(failure.path))
    notes += about
    return Recipe(
        not whys,
        side,
        "; ".join(whys) or None,
        wanted.go,
        env,
        tuple(flags),
        tuple(edits),
        words,
        directory,
        tuple(dict.fromkeys((*wanted.inputs, *changed.inputs, *_assumed(failure, fixed, moved, changed)))),
        tuple(notes),
        tuple(dict.fromkeys(left_out)),
    )


def _untold(failure: Failure, problems: Sequence[Problem]) -> bool:
    """Whether a build of the plugin may fit all the same, which no file tells."""
    hidden = (Trait.UNEXPLAINED, Trait.UNPINNED_CODE, Trait.GO_INSTALLATION)
    return any(map(failure.has, hidden)) or any(problem.untold for problem in problems)


def _build_line(moved: Build, side: str, flags: tuple[str, ...], output: str) -> tuple[tuple[str, ...], Iterable[str]]:
    """The words of `go build`, and what has to be said of them."""
    if side != "plugin":
        return host_words(moved, flags), linked_again(moved)
    if not (file := only_file(moved)):
        return build_words(flags, output), ()
    note = f"The plugin was built from {file}, outside of a module: if it has more files, name them, too."
    return build_words(flags, output, of=file), (note,)


def _older(edits: Sequence[Edit], fixed: Build, moved: Build) -> Iterator[str]:
    """What it means when the code does not compile with the older versions that it gets: no file tells."""
    used = ((edit, moved.modules.get(edit.module)) for edit in edits if edit.kind in ("require", "lower"))
    older = [edit for edit, use in used if use is not None and by_version(use.version) > by_version(edit.version)]
    if not older:
        return
    named = [f"{edit.module} {edit.version}" for edit in older[:2]]
    rest = f" (and {len(older) - 2} more)" if len(older) > 2 else ""
    needed = f"a newer {older[0].module}" if len(older) == 1 else "newer versions of them"
    yield f"If it does not compile with {' or '.join(named)}{rest}, your code needs {needed} than {fixed.name} has."


def _renamed(failure: Failure, moved: Build) -> tuple[Edit, ...]:
    other = failure.outcome.other
    return renamed(moved, failure.outcome, failure.earlier[other - 1][0].binary if other else None)


def _about_others(failure: Failure) -> Iterator[str]:
    """What to do about the earlier plugins whose packages differ."""
    for position in sorted({mismatch.provider for mismatch in failure.outcome.mismatches} - {0}):
        other = failure.earlier[position - 1][0].title
        yield (
            f"{other} was refused, and its packages stay in the process: restart the host."
            if _refused(failure, position)
            else f"It then agrees with {other}, too. Else build that one with the modules of this plugin."
        )


def _unfit_folder(directory: str) -> list[LeftOut]:
    return [LeftOut("the folder to build in", directory)] if directory and not grammar.directory(directory) else []


def _only_refused(failure: Failure) -> str:
    """The earlier plugin that was refused, where nothing but its packages differs; empty where more does."""
    providers = {mismatch.provider for mismatch in failure.outcome.mismatches}
    if not providers or not all(position > 0 and _refused(failure, position) for position in providers):
        return ""
    return failure.earlier[min(providers) - 1][0].title


def _refused(failure: Failure, position: int) -> bool:
    return failure.earlier[position - 1][1].verdict != Verdict.LOADS


def _modules(failure: Failure, fixed: Build, moved: Build) -> Changed:
    """The edits for the packages that differ, by the file that they have to agree with."""
    providers = {mismatch.path: mismatch.provider for mismatch in failure.outcome.mismatches}
    groups: dict[int, list[str]] = {}
    replaced = set[str]()
    for package in failure.mismatched:
        groups.setdefault(providers.get(package.path, 0), []).append(package.path)
        if has_trait(package.causes, Trait.MODULE_REPLACED) and package.module:
            replaced.add(package.module)
    parts: list[Changed] = []
    for position, packages in groups.items():
        agree = fixed
        if position > 0 and _refused(failure, position):
            continue
        if position > 0:
            earlier = failure.earlier[position - 1][0].binary
            agree = Build(earlier, earlier.path) if earlier else fixed
        parts.append(changes(agree, moved, packages, replaced))
    return Changed.together(parts)


def _vendored(failure: Failure, fixed: Build, moved: Build) -> list[Problem]:
    """Without -trimpath a vendor folder is part of the path of each package in it."""
    if not fixed.vendored or fixed.trimmed is not False or fixed.main_module == moved.main_module:
        return []
    uses = [fixed.use(package.path) for package in failure.mismatched]
    if not any(use is not None and use.version and not use.is_main for use in uses):
        return []
    folder = f"{fixed.root}/vendor" if fixed.root else "its vendor folder"
    why = f"{fixed.name} took its modules from {folder}, and without -trimpath that directory is part of their paths"
    return [Problem(why, TRIM, TRIMMED)]


def _content(failure: Failure, fixed: Build, moved: Build) -> list[Problem]:
    """Code that no version pins, so that no command gets it."""
    out = []
    modules = {
        package.module: package.path
        for package in reversed(failure.mismatched)
        if has_trait(package.causes, Trait.UNPINNED_CODE) and package.module
    }
    for module, package in modules.items():
        one, two = fixed.use(package), moved.use(package)
        if one is None or not one.sum or fixed.vendored:
            why = f"no version says which code of {module} {fixed.name} has"
        elif two is None or two.sum:
            why = f"{module} {one.version} is other code in the two builds, under one version"
        else:
            continue  # The plugin's copy is the one without a version: it gives way.
        out.append(Problem(why, (), CONTENT))
    return out


def _assumed(failure: Failure, fixed: Build, moved: Build, changed: Changed) -> list[Input]:
    """What no file tells, and may be as it has to be: behind other causes that cannot be seen."""
    given = {edit.module for edit in changed.edits if edit.kind in ("replace", "use", "dropreplace")}
    unknown = fixed.trimmed is False and fixed.cache is None and not _one_cache(failure, fixed)
    out: dict[str, Input] = {}
    for package in failure.mismatched:
        one, two = fixed.use(package.path), moved.use(package.path)
        if one is None or two is None or one.path in given or one.path == fixed.tested:
            continue
        if one.is_folder and two.is_folder and not one.sum:
            what = f"the code of {one.path} that {fixed.name} was built with: no version says which that is"
            source = fixed.source(package.path)
            below = package.path.removeprefix(one.path)
            placed = source is not None and source.kind == "checkout" and source.directory.endswith(below)
            folder = source.directory.removesuffix(below) if source is not None and placed else ""
            out.setdefault(one.path, Input("", what, folder))
        elif one.version and not one.is_main and unknown:
            what = f"the module cache that {fixed.name} was built with: without -trimpath its path counts, and it is "
            out.setdefault("", Input("", what + "not recorded"))
    return list(out.values())


def _one_cache(failure: Failure, fixed: Build) -> bool:
    """Whether a package of a module version matches: then the two module caches agree."""
    uses = (fixed.use(path) for path in failure.outcome.matched if not is_std(path))
    return any(use is not None and use.version and use.replace is None and not use.is_main for use in uses)


def _unexplained(failure: Failure, fixed: Build, moved: Build) -> list[Problem]:
    patched = failure.causes.get(named(Trait.GO_INSTALLATION))
    if patched is not None:
        return [Problem(f"no file holds the Go installation of {fixed.name}", (), patched.fix)]
    finding = failure.causes.get(named(Trait.UNEXPLAINED))
    if finding is None:
        return []
    packages = finding.packages
    what = f"{packages[0]} differs" if len(packages) == 1 else f"{len(packages)} packages differ"
    trim = TRIM if unrecorded(Comparison(fixed, moved, packages), packages) else ()
    return [Problem(f"why {what} is in no file", trim, finding.fix)]


def _covered(failure: Failure, fixed: Build) -> list[Problem]:
    """-coverpkg is recorded nowhere; where the packages do not show it either, nothing can be repeated."""
    if "-cover" not in fixed.instruments or fixed.covered is not None:
        return []
    if not failure.has(Trait.INSTRUMENTED):
        return []
    why = f"{fixed.name} was built with -cover, and of which packages is recorded nowhere"
    return [Problem(why, ("-cover=false",), "Build it without -cover, or both with the same -coverpkg.")]


def _libc(failure: Failure, fixed: Build, env: dict[str, str], notes: list[str]) -> None:
    """A C compiler for another C library."""
    if "GOARCH" not in env and failure.has(Trait.OTHER_LIBC):
        libc = libc_of(fixed.binary).kind
        if libc in LIBC:
            env["CC"] = LIBC[libc]
            notes.append(f"CC must be a C compiler for {libc}: a system that is built on {libc} has one.")


def _kept(failure: Failure, moved: Build) -> list[str]:
    """The plugin's own -ldflags, which change no hash. Where one of them is to blame, its -X, -s and -w stay."""
    given = moved.setting("-ldflags")
    if not given:
        return []
    to_blame = failure.has(Trait.OWN_LDFLAGS) or failure.outcome.why == End.EMPTY_PLUGINPATH
    return [f"-ldflags={definitions(given) if to_blame else given}"]


def _go_line(fixed: Build, moved: Build) -> list[Edit]:
    """The go line must not ask for more than the release that builds."""
    one, two = order(fixed.release), order(moved.release)
    if one is None or two is None or two <= one:
        return []
    release = go_line(fixed.release)
    return [
        Edit(
            "go",
            version=release,
            reason=f"{fixed.release} refuses a go.mod that asks for a later release; a dependency that does has to "
            "be taken at an earlier version",
            when=f"the go line of go.mod asks for more than {release}",
        )
    ]


def _later_lines(edits: Sequence[Edit], fixed: Build, moved: Build) -> Iterator[str]:
    """A go.mod that is for a newer release may have lines that the older one refuses."""
    newer = [
        verb for verb, first in DIRECTIVES.items() if before(fixed.release, first) and not before(moved.release, first)
    ]
    if newer and any(edit.kind == "go" for edit in edits):
        named = " or ".join(filter(None, (", ".join(newer[:-1]), newer[-1])))
        article = "an" if named.startswith("i") else "a"
        yield f"If go.mod has {article} {named} line, that has to go, too: {fixed.release} does not know it."


def _maybe_vendored(moved: Build) -> bool:
    """Whether a vendor folder has to be passed by. Before Go 1.22 only a directory tells that there was one."""
    unknown = moved.cache is None and any(use.version for use in moved.modules.values())
    return moved.vendored or (unknown and before(moved.release, (1, 22)))
