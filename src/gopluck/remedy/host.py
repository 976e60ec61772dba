"""What the host's owner has to change where nothing on the plugin's side helps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gopluck.builds.build import Build
from gopluck.builds.flags import split
from gopluck.builds.support import Lack, lack_of
from gopluck.record import NamedTuple
from gopluck.remedy import grammar
from gopluck.remedy.baseline import IN_C, Baseline, baseline, build_words, linked_again
from gopluck.remedy.flaglists import definitions
from gopluck.replay.ends import End
from gopluck.replay.process import Outcome
from gopluck.result.check import Finding
from gopluck.result.recipe import LeftOut, Recipe
from gopluck.result.verdict import Role
from gopluck.rules import registry
from gopluck.rules.model import EXTERNAL, Owner
from gopluck.rules.registry import lacking


class Problem(NamedTuple):
    """Something that no build of the plugin removes."""

    why: str
    """A clause."""
    flags: tuple[str, ...] = ()
    """What the host's own build line needs besides."""
    todo: str = ""
    """A sentence for the host's owner."""
    untold: bool = False
    """Whether the plugin may be built at the right place all the same: no file tells where that is."""


TRIM = ("-trimpath",)
TRIMMED = "With -trimpath on both sides no directory counts, neither vendor folder nor module cache."

OWNER_OF_ASAN = Owner(
    "a host with -asan cannot open any plugin: without -asan its packages differ, with -asan AddressSanitizer ends the "
    "process (it finds variables of runtime/cgo twice)",
    "Build host and plugin without -asan.",
    flags=("-asan=false",),
)
CONTENT = (
    "Compile host and plugin from the same code: give the module a version that both require (or check out one commit "
    "for both), without edits in a checkout, a vendor folder or by -overlay."
)


ASAN = (
    "the host was built with -asan: a plugin built with -asan, too, ends the process at its check for two definitions "
    "of one variable, unless the host runs with ASAN_OPTIONS=detect_odr_violation=0"
)


def host_refuses(host: Build) -> tuple[Finding, Recipe] | None:
    """Why no plugin at all can load into this host, and what its owner does, as a check of any plugin says it."""
    lack = lack_of(host.binary)
    if lack is None:
        return None
    found = lacking(lack)
    why = ASAN if lack == Lack.PLAIN_MEMORY else found.title
    causes = {found.slug: Finding(found.slug, Role.CAUSE, why)}
    return causes[found.slug], by_cause(host, causes, owner.why if (owner := _owner(host, causes)) else why)


def reason(host: Build, causes: Mapping[str, Finding], outcome: Outcome) -> str:
    """Why no build of the plugin can help, by the causes alone; empty where one may."""
    owner = _owner(host, causes)
    if owner is not None:
        return owner.why
    if not causes and outcome.why != End.EMPTY_PLUGINPATH:
        return outcome.note or "nothing in the files says why, so nothing can be said about what to change"
    return ""


def _owner(host: Build, causes: Mapping[str, Finding]) -> Owner | None:
    """Who has to act: by what the host lacks, else by the strongest cause that no build of the plugin removes."""
    if lack_of(host.binary) == Lack.PLAIN_MEMORY:
        return OWNER_OF_ASAN
    owners = (registry.rule(slug).owner for slug in sorted(causes, key=registry.strength))
    return next(filter(None, owners), None)


def by_cause(host: Build, causes: Mapping[str, Finding], why: str) -> Recipe:
    """The recipe for the owner that a cause names; without commands where nothing has to be built."""
    owner = _owner(host, causes)
    if owner is None:
        return Recipe(False, "host", why)
    if not owner.builds:
        # What each of them asks for says more than what they have in common.
        asked = tuple(dict.fromkeys(one.fix for one in causes.values() if one.fix and owner.side == "plugin"))
        return Recipe(False, owner.side, why, notes=asked or ((owner.todo,) if owner.todo else ()))
    go = host.binary.go
    if go is not None and go.kind in owner.in_c:
        return Recipe(False, owner.side, why, notes=(owner.in_c[go.kind],))
    return for_the_host(host, [Problem(why, owner.flags, owner.todo)])


def for_the_host(host: Build, problems: Sequence[Problem]) -> Recipe:
    """The host's own build line with what has to change in it."""
    wanted = baseline(host).without_cache()
    added = tuple(dict.fromkeys(flag for problem in problems for flag in problem.flags))
    off = {flag.removesuffix("=false") for flag in added if flag.endswith("=false")}
    kept = wanted.flags if TRIM[0] not in added else tuple(filter(None, map(_without_trimpath, wanted.flags)))
    flags = tuple(flag for flag in kept if flag not in off)
    flags += tuple(flag for flag in added if flag not in (*flags, EXTERNAL))
    linker, left_out = _linker_flags(host, EXTERNAL in added)
    notes = dict.fromkeys(problem.todo for problem in problems if problem.todo)
    return Recipe(
        False,
        "host",
        "; ".join(problem.why for problem in problems),
        wanted.go,
        wanted.env,
        (*flags, *linker),
        build=host_words(host, (*flags, *linker)),
        inputs=wanted.inputs,
        notes=(*notes, *linked_again(host), "Then build the plugin for the new host: gopluck check prints how."),
        left_out=(*wanted.left_out, *left_out),
    )


def _without_trimpath(flag: str) -> str:
    """The flags for the compiler without its own -trimpath; empty when none is left. Any other flag is as it was."""
    name, _, value = flag.partition("=")
    if name != "-gcflags":
        return flag
    pattern, words = split(value)
    kept = " ".join(word for word in words if not word.startswith("-trimpath"))
    return f"{name}={pattern}={kept}" if kept else ""


def inside(host: Build, wanted: Baseline, name: str) -> Recipe | None:
    """A plugin's build as a package of the host's own checkout, which takes its modules from the same vendor folder."""
    if not host.root or not grammar.directory(host.root) or wanted.left_out:
        return None
    stem = name.removesuffix(".so")
    target = f"./contrib/{stem}" if grammar.module_path(stem) else "./contrib/plugin"
    found = wanted._replace(flags=(*wanted.flags, "-mod=vendor"), notes=()).recipe(name, directory=host.root)
    return found._replace(build=(*found.build[:-1], target))


def _linker_flags(host: Build, external: bool) -> tuple[tuple[str, ...], tuple[LeftOut, ...]]:
    """The host's own -ldflags, and what of them is not repeated. `external`: it has to export Go's symbols."""
    given = host.setting("-ldflags") or ""
    own = definitions(given) if external else given
    kept = " ".join(filter(None, [own, EXTERNAL.partition("=")[2] if external else ""]))
    fits = grammar.flag(f"-ldflags={kept}")
    # Of a list that cannot be taken apart nothing is kept.
    lost = not fits or not (own or grammar.flag(f"-ldflags={given}"))
    flag = f"-ldflags={kept}" if fits else EXTERNAL
    return ((flag,) if external or (fits and given) else ()), ((LeftOut("-ldflags", given),) if lost else ())


def host_words(host: Build, flags: tuple[str, ...]) -> tuple[str, ...]:
    """The words of a host's build line; that of a test binary for a host that is one."""
    name = host.binary.holder.path.rpartition("/")[2]
    name = name.removesuffix(".json") if host.binary.format == "manifest" else name
    mode = host.setting("-buildmode") or ""
    if mode in IN_C:
        return build_words(flags, name if mode == IN_C[0] else f"{name}.a", mode)
    go = host.binary.go
    words = build_words(flags, name, "pie" if mode == "pie" or (go is not None and go.kind == "pie") else "")
    return ("go", "test", "-c", *words[2:]) if host.tested else words
