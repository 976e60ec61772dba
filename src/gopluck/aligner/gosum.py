"""Compares a go.sum alone with a host, module by module: what there is where the plugin's source is not.

Weaker than `align`: a go.sum tells neither flags nor replacements nor the release, not which packages are imported, and
not which of several versions is selected. What it lists with code (not for its go.mod alone) a build may take.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from posixpath import dirname

from gopluck.aligner.gomod import parse_sum
from gopluck.aligner.project import MAX_LIST
from gopluck.builds.build import Build
from gopluck.builds.source import Use
from gopluck.clean import first_of
from gopluck.elf.image import open_regular
from gopluck.errors import MalformedFile
from gopluck.golang.release import order as release_order
from gopluck.record import NamedTuple
from gopluck.remedy.baseline import baseline
from gopluck.remedy.grammar import refused
from gopluck.remedy.host import host_refuses
from gopluck.remedy.lines import with_words
from gopluck.result.align import Alignment
from gopluck.result.check import Finding
from gopluck.result.recipe import Edit, Recipe
from gopluck.result.verdict import Fit, Role
from gopluck.rules.causes.module_version import order
from gopluck.rules.model import Trait
from gopluck.rules.registry import named

BASIS = "go.sum"
OUTPUT = "plugin.so"
SHOWN = 4
"""Versions of one module that are named."""

LONGEST = 2048
"""Letters of a line: Go's module paths and versions have some hundred."""

WEAKER = (
    "This is weaker than gopluck align HOST DIR: a go.sum tells neither flags nor replacements, nor which packages are "
    "imported, nor which of several versions is selected{release}."
)
UNTRIED = (
    "These commands were not tried: where another module asks for more, go get lowers or drops that one, too. "
    "go mod tidy then takes from go.sum what no build needs."
)

Sums = Mapping[str, Mapping[str, str]]
"""By module and version: the checksum of the code."""


class Said(NamedTuple):
    """What there is to say of one module."""

    trait: Trait
    message: str
    host: str
    plugin: str
    edit: Edit | None = None
    certain: bool = True
    """Whether it differs for all that go.sum tells, whichever version is selected."""
    fix: str = ""
    """What helps, where no command does."""

    @property
    def finding(self) -> Finding:
        """As a finding."""
        role = Role.CAUSE if self.certain else Role.RISK
        return Finding(named(self.trait), role, self.message, (), {"host": self.host, "plugin": self.plugin}, self.fix)


def by_go_sum(host: Build, path: str, go: str) -> Alignment:
    """How the modules of a go.sum agree with the host's. `go`: the release that the plugin is built with, or empty.

    Raises `UnreadableFile`, and `MalformedFile` for what is no go.sum.
    """
    sums = read(path)
    if refusal := host_refuses(host):
        finding, recipe = refusal
        return _alignment(host, path, Fit.DIFFERS, (finding,), recipe)
    said = [*_release(host, go), *_modules(host, sums)]
    findings = tuple(one.finding for one in said)
    untold = _untold(host, go)
    verdict = Fit.FITS
    if any(one.certain for one in said):
        verdict = Fit.DIFFERS
    elif said or untold:
        verdict = Fit.UNKNOWN
    recipe = _recipe(host, said)
    others = [one.path for one in host.modules.values() if not one.is_main]
    shared = sum(one in sums for one in others)
    notes = (
        f"{path} lists {shared} of the {len(others)} modules that the host was built with.",
        WEAKER.format(release="" if go else ", nor the Go release (--go)"),
    )
    reason = ""
    if verdict == Fit.UNKNOWN:
        reason = untold or said[0].message + (f" (and {len(said) - 1} more)" if len(said) > 1 else "")
    return _alignment(host, path, verdict, with_words(findings, recipe), recipe, reason, notes)


def read(path: str) -> Sums:
    """The checksums of a go.sum. Raises `UnreadableFile`, `MalformedFile`."""
    fd, size = open_regular(path)
    with open(fd, "rb") as file:
        if size > MAX_LIST:
            raise MalformedFile(f"{path}: is larger than {MAX_LIST >> 20} MiB: --go-sum takes a go.sum")
        text = file.read(size).decode("utf-8", "surrogateescape")
    out: dict[str, dict[str, str]] = {}
    for (module, version), checksum in parse_sum(text).items():
        if len(module) + len(version) + len(checksum) > LONGEST:
            raise MalformedFile(f"{path}: has a line of more than {LONGEST} letters: --go-sum takes a go.sum")
        if checksum.startswith("h1:"):
            out.setdefault(module, {})[version] = checksum
    if not out and text.strip() and "/go.mod h1:" not in text:
        raise MalformedFile(f"{path}: has no line MODULE VERSION h1:…: --go-sum takes a go.sum")
    return out


def _release(host: Build, go: str) -> Iterator[Said]:
    if not go or not host.release or release_order(go) == release_order(host.release):
        return
    message = f"the host was built with {host.release}, the plugin is built with {go}"
    yield Said(Trait.GO_RELEASE, message, host.release, go, fix=f"Build the plugin with {host.release}.")


def _untold(host: Build, go: str) -> str:
    """What the host does not tell, and what then cannot be determined."""
    if host.info is None:
        return "the host has no build info: it does not tell with which modules it was built"
    return "the host does not tell with which Go release it was built" if go and not host.release else ""


# -- modules -----------------------------------------------------------------------------------------------------------


def _modules(host: Build, sums: Sums) -> Iterator[Said]:
    for _, use in sorted(host.modules.items()):
        yield from _module(use, sums, bool(host.trimmed))


def _module(use: Use, sums: Sums, trimmed: bool) -> Iterator[Said]:
    """One module of the host. `trimmed`: whether its paths do not tell what replaces it."""
    own = sums.get(use.path, {})
    target, version = use.effective
    if use.is_main or use.is_folder:
        there = "the host's own module, and" if use.is_main else f"{use.described} in the host, without a checksum;"
        if own:
            message = f"{use.path} is {there} {_listed(own)} in go.sum"
            yield _said(Trait.UNPINNED_CODE, message, use, own, certain=False)
    elif use.replace is None or target == use.path or not own:
        yield from _versions(use, sums.get(target, {}))
    else:
        both, hidden = target in sums, trimmed and use.version in own
        message = f"{use.path} is {use.described} in the host, {_listed(own)} in go.sum"
        if both:
            message += f", which lists {target} as well"
        edit = Edit("replace", use.path, to=f"{target}@{version}", reason=f"the host has {use.described}")
        yield _said(Trait.MODULE_REPLACED, message, use, own, edit, certain=not (both or hidden))


def _versions(use: Use, found: Mapping[str, str]) -> Iterator[Said]:
    """A module that the host has by a version."""
    if not found:
        return
    path, version = use.effective
    there = f"{path} is {version} in the host"
    if version not in found:
        edit = Edit("get", path, version, reason=f"the host has {version}")
        yield _said(Trait.MODULE_VERSION, f"{there}, {_listed(found)} in go.sum", use, found, edit)
    elif use.checksum and found[version] != use.checksum:
        yield Said(
            Trait.UNPINNED_CODE,
            f"the code of {path} {version} differs: it has one checksum in the host and another in go.sum",
            use.checksum,
            found[version],
            fix=f"Build host and plugin with the same code of {path} {version}: from the same proxy, without edits.",
        )
    elif len(found) > 1:
        message = f"{there}; go.sum lists {_listed(found)}, and does not tell which is selected"
        yield _said(Trait.MODULE_VERSION, message, use, found, certain=False)


def _said(
    trait: Trait, message: str, use: Use, found: Mapping[str, str], edit: Edit | None = None, certain: bool = True
) -> Said:
    host, plugin = f"{use.path} {use.described}", f"{use.path} {_listed(found)}"
    fix = "" if certain else "Run gopluck align HOST DIR in the plugin's source: the go command knows what it selects."
    return Said(trait, message, host, plugin, edit, certain, fix)


def _listed(versions: Iterable[str]) -> str:
    """`v1.0.0`, or `v1.0.0, v1.1.0 and 3 more`, in their order."""
    found = sorted(versions, key=lambda one: (order(one) == (), order(one), one))
    if len(found) > SHOWN + 1:
        return first_of(found, SHOWN)
    return f"{', '.join(found[:-1])} and {found[-1]}" if len(found) > 1 else found[0]


# -- what to type ------------------------------------------------------------------------------------------------------


def _recipe(host: Build, said: Iterable[Said]) -> Recipe:
    """The host's versions, and its build. What has no version cannot be typed."""
    edits: list[Edit] = []
    base = baseline(host)
    left_out = list(base.left_out)
    for one in said:
        if one.edit is not None:
            unfit = list(refused([one.edit]))
            left_out += unfit
            edits += () if unfit else (one.edit,)
    base = base._replace(notes=(*base.notes, *([UNTRIED] if edits else [])), left_out=tuple(dict.fromkeys(left_out)))
    # A module that is replaced is asked for before the others are.
    found = base.recipe(OUTPUT, go_mod=tuple(sorted(edits, key=lambda edit: edit.kind == "get")))
    other = next((one.message for one in said if one.certain and one.trait == Trait.UNPINNED_CODE), None)
    return found if other is None else found._replace(possible=False, why_not=found.why_not or other)


def _alignment(
    host: Build,
    path: str,
    verdict: Fit,
    findings: tuple[Finding, ...],
    recipe: Recipe,
    reason: str = "",
    notes: tuple[str, ...] = (),
) -> Alignment:
    checked = baseline(host).line(OUTPUT) if recipe.side == "plugin" else ""
    return Alignment(
        host.binary.path,
        host.release,
        dirname(path) or ".",
        path,
        "",
        verdict,
        BASIS,
        checked,
        reason=reason,
        findings=findings,
        notes=notes,
        recipe=recipe,
    )
