"""What the host's owner has to change where nothing on the plugin's side helps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gopluck.remedy.baseline import Baseline, baseline
from gopluck.remedy.model import Recipe
from gopluck.replay.process import Outcome
from gopluck.report.model import Finding
from gopluck.rules.builds import Build


class Owner(NamedTuple):
    """Who has to act for one cause, and what."""

    why: str
    """Why a new build of the plugin does not help."""
    todo: str = ""
    side: str = "host"
    flags: tuple[str, ...] = ()
    """Added to the host's own build line."""
    builds: bool = True
    """Whether the host has to be built anew."""


class Problem(NamedTuple):
    """Something that no build of the plugin removes."""

    why: str
    """A clause."""
    flags: tuple[str, ...] = ()
    """What the host's own build line needs besides."""
    todo: str = ""
    """A sentence for the host's owner."""


EXTERNAL = "-ldflags=-linkmode=external"
TRIM = ("-trimpath",)
TRIMMED = "With -trimpath on both sides no directory counts, neither vendor folder nor module cache."

OWNERS: Mapping[str, Owner] = {
    "host-without-plugin-support": Owner(
        "this host opens no plugins", "Give the program that calls plugin.Open as HOST.", builds=False
    ),
    "host-without-cgo": Owner("a host built without cgo opens no plugin at all"),
    "host-not-exporting": Owner(
        "a host that does not export Go's symbols opens no plugin at all",
        "Leave -linkmode=internal out, and do not remove dynamic symbols.",
        flags=(EXTERNAL,),
    ),
    "static-host": Owner(
        "a static host opens no plugin at all", "Leave -static out of -extldflags.", flags=(EXTERNAL,)
    ),
    "test-variant": Owner(
        "the host is a test binary that has the package under test compiled together with its _test.go files",
        "Move the tests into an external test package (package x_test), or call plugin.Open from a package that "
        "plugins do not import.",
    ),
    "missing-library": Owner(
        "the library is missing where the host runs, whatever the plugin is built with",
        "Install the library for the host, or link the plugin without it.",
        builds=False,
    ),
    "libc-too-old": Owner(
        "a build on this system asks for the same version of the C library again",
        "Run the host on a system with that version, or build the plugin on one that is no newer than the host's.",
        builds=False,
    ),
    "undefined-symbol": Owner(
        "the plugin's C code calls a function that no library has",
        "Link the library that defines it into the plugin (#cgo LDFLAGS).",
        side="plugin",
        builds=False,
    ),
    "already-loaded": Owner(
        "the process has a plugin of this pluginpath already, and never lets go of one",
        "Open one of the two only; two plugins need main packages with two import paths; a new build of the same "
        "plugin needs a new process.",
        builds=False,
    ),
    "broken-by-earlier-plugin": Owner(
        "this plugin is not to blame: what was opened before it has broken the process",
        "Restart the host without the earlier plugin, or with a build of that one that fits.",
        builds=False,
    ),
    "symbol-missing": Owner(
        "the plugin's source does not export what the host looks up", "Change the source.", "plugin", builds=False
    ),
    "symbol-type": Owner(
        "the plugin's source exports another type than the host wants", "Change the source.", "plugin", builds=False
    ),
}
"""The causes that no build of the plugin removes, the strongest first."""

ASAN = Owner(
    "a host with -asan cannot open any plugin: without -asan its packages differ, with -asan AddressSanitizer ends the "
    "process (it finds variables of runtime/cgo twice)",
    "Build host and plugin without -asan.",
    flags=("-asan=false",),
)
CONTENT = (
    "Compile host and plugin from the same code: give the module a version that both require (or check out one commit "
    "for both), without edits in a checkout, a vendor folder or by -overlay."
)


def reason(host: Build, causes: Mapping[str, Finding], outcome: Outcome) -> str:
    """Why no build of the plugin can help, by the causes alone; empty where one may."""
    if "-asan" in host.instruments:
        return ASAN.why
    owner = _owner(causes)
    if owner is not None:
        return owner.why
    if not causes and outcome.why != "empty-pluginpath":
        return outcome.note or "nothing in the files says why, so nothing can be said about what to change"
    return ""


def _owner(causes: Mapping[str, Finding]) -> Owner | None:
    return next((owner for slug, owner in OWNERS.items() if slug in causes), None)


def by_cause(host: Build, causes: Mapping[str, Finding], why: str) -> Recipe:
    """The recipe for the owner that a cause names; without commands where nothing has to be built."""
    owner = ASAN if "-asan" in host.instruments else _owner(causes)
    if owner is None:
        return Recipe(False, "host", why)
    if not owner.builds:
        return Recipe(False, owner.side, why, notes=(owner.todo,) if owner.todo else ())
    return for_the_host(host, [Problem(why, owner.flags, owner.todo)])


def for_the_host(host: Build, problems: Sequence[Problem]) -> Recipe:
    """The host's own build line with what has to change in it."""
    wanted = baseline(host)
    added = tuple(dict.fromkeys(flag for problem in problems for flag in problem.flags))
    off = {flag.removesuffix("=false") for flag in added if flag.endswith("=false")}
    flags = tuple(flag for flag in wanted.flags if flag not in off)
    flags += tuple(flag for flag in added if flag not in flags)
    env = {name: value for name, value in wanted.env.items() if name != "GOMODCACHE"}
    notes = dict.fromkeys(problem.todo for problem in problems if problem.todo)
    return Recipe(
        False,
        "host",
        "; ".join(problem.why for problem in problems),
        wanted.go,
        env,
        flags,
        command=host_line(host, wanted._replace(env=env, flags=flags)),
        notes=(*notes, "Then build the plugin for the new host: gopluck check prints how."),
    )


def host_line(host: Build, wanted: Baseline) -> str:
    """A host's build line; that of a test binary for a host that is one."""
    output = host.binary.path.rpartition("/")[2] or "host"
    line = wanted.line(output, "")
    return line.replace("go build", "go test -c", 1) if host.tested else line
