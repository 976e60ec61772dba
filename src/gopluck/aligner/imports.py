"""What a module's packages really import, by `go list`, and the plugin that a build would make of it, as facts.

`planned` gives a `Binary` of a plugin that does not exist yet: the same evidence that a finished one has (module list,
settings, source directories), so that the rules of `gopluck check` explain it, too.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gopluck.aligner import gomod
from gopluck.aligner.gocommand import GoCommand, GoFailed, documents
from gopluck.aligner.places import Place, place_flags, within
from gopluck.aligner.project import MAX_LIST, text_of
from gopluck.builds.flags import CGO, CGO_DEFAULT, CGO_LINK, CPU, INSTRUMENTS
from gopluck.facts.model import Binary, Elf, Go, Identity
from gopluck.golang import goobj
from gopluck.golang.records import BuildInfo, Module, PackageHash
from gopluck.golang.release import minor as minor_of
from gopluck.record import NamedTuple

FIELDS = "ImportPath,Name,Dir,Standard,Module,GoFiles,CgoFiles,Imports,Export,Error"

WITH_VALUE = re.compile(
    r"--?(asmflags|covermode|coverpkg|gccgoflags|gcflags|installsuffix|ldflags|mod|modfile|overlay|p|pgo|pkgdir|tags"
    r"|toolexec)"
)
"""Build flags whose value may be the next word."""


class Listed(NamedTuple):
    """A package that the plugin is made of, as `go list -deps -json` describes it."""

    path: str
    name: str
    directory: str
    standard: bool
    module: Module | None
    """Where it comes from, without checksums; None for the standard library."""
    is_main: bool
    """Whether its module is a main module (in a workspace there are several)."""
    files: tuple[str, ...]
    export: str
    """The file that the compiler wrote; empty when it was not asked for, or could not be compiled."""
    error: str
    cgo: bool
    """Whether cgo writes files of it, into a folder of the go command."""
    imports: tuple[str, ...]

    def lies(self, place: Place) -> bool:
        """Whether it is a package of a place's module, and lies in its folder here."""
        return within(self.path, place.module) and within(self.directory, place.here)


def packages(go: GoCommand, flags: Sequence[str], *, compile_: bool = False) -> tuple[Listed, ...]:
    """The package in the folder and all that it depends on, dependencies first. Raises `GoFailed`.

    `flags`: those of the build, because tags, `-mod` and others decide what is imported. `compile_`: compile them, too
    (into Go's build cache, where the build finds them); what cannot be compiled then has an `error`, or no `export`.
    """
    minor = minor_of(go.environ.get("GOTOOLCHAIN", ""))
    fields = f"-json={FIELDS}" if minor and minor >= (1, 19) else "-json"
    more = ("-export", "-e") if compile_ else ()
    if minor and minor >= (1, 18):
        # Nobody asks git or hg about a repository whose settings may be anybody's: no hash depends on the answer.
        flags = (*flags, "-buildvcs=false")
    done = go.run("list", "-deps", *more, fields, "-buildmode=plugin", *flags, ".")
    listed = tuple(_listed(one) for one in documents(done.stdout)) if done.stdout.strip() else ()
    if not listed or (done.status and not compile_):
        raise GoFailed(done.said or f"go list ended with status {done.status}")
    if compile_ and done.said:
        # The compiler's own words are the better reason.
        listed = tuple(one._replace(error=done.said) if one.error or _missing(one) else one for one in listed)
    return listed


def _missing(one: Listed) -> bool:
    return not one.export and one.path != "unsafe"


def _listed(value: Mapping[str, Any]) -> Listed:
    module = value.get("Module")
    return Listed(
        path=value["ImportPath"],
        name=value.get("Name", ""),
        directory=value.get("Dir", ""),
        standard=bool(value.get("Standard")),
        module=_module(module) if module else None,
        is_main=bool(module and module.get("Main")),
        files=(*(value.get("GoFiles") or ()), *(value.get("CgoFiles") or ())),
        export=value.get("Export", ""),
        error=(value.get("Error") or {}).get("Err", ""),
        cgo=bool(value.get("CgoFiles")),
        imports=tuple(value.get("Imports") or ()),
    )


def _module(value: Mapping[str, Any]) -> Module:
    replace = value.get("Replace")
    return Module(value["Path"], value.get("Version", ""), "", _module(replace) if replace else None)


def hashes(listed: Iterable[Listed]) -> dict[str, str]:
    """The link hash of each package that was compiled."""
    found = {one.path: goobj.fingerprint(one.export) for one in listed if one.export}
    return {path: value for path, value in found.items() if value}


# -- the build that is planned ---------------------------------------------------------------------------------------


class Plan(NamedTuple):
    """How the plugin is going to be built: the go command's environment, and the flags of `go build`."""

    go: GoCommand
    flags: tuple[str, ...]
    """Those of the command line, without `-buildmode` and `-o`."""
    variables: Mapping[str, str]
    """`go env` as it is for this build."""
    places: tuple[Place, ...] = ()
    """Modules that are compiled as if they lay elsewhere."""

    @property
    def words(self) -> tuple[str, ...]:
        """All flags of the command line."""
        return (*self.flags, *place_flags(self.places, self.flags))

    @property
    def options(self) -> dict[str, str]:
        """Every flag with its value (`true` for one without), GOFLAGS first, the last one wins."""
        out = {}
        for word in joined([*split(self.variables["GOFLAGS"]), *self.flags]):
            name, found, value = word.partition("=")
            out["-" + name.lstrip("-")] = value if found else "true"
        return out

    @property
    def trimmed(self) -> bool:
        """Whether it has -trimpath."""
        return self.options.get("-trimpath", "false") not in ("false", "0", "f", "F", "FALSE", "False")


VARIABLES = (
    "GOFLAGS",
    "GOWORK",
    "GOMOD",
    "GOMODCACHE",
    "GOROOT",
    "GOOS",
    "GOARCH",
    "GOHOSTARCH",
    "CGO_ENABLED",
    "GOEXPERIMENT",
    "GOFIPS140",
    *CPU,
    *CGO,
    CGO_LINK,
)
"""What is asked of `go env`."""


def split(text: str) -> list[str]:
    """The words of GOFLAGS, or of flags as they stand in a shell command. Quotes keep a word together."""
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def joined(words: Sequence[str]) -> list[str]:
    """Flags with their values in one word each: `-tags x` as `-tags=x`."""
    out: list[str] = []
    for word in words:
        if out and WITH_VALUE.fullmatch(out[-1]) and not word.startswith("-"):
            out[-1] += f"={word}"
        else:
            out.append(word)
    return out


def planned(plan: Plan, listed: Sequence[Listed], link_hashes: Mapping[str, str]) -> Binary:
    """The plugin that the build would make. `link_hashes`: what is known of its packages' hashes."""
    main = next((one for one in reversed(listed) if one.name == "main"), None)
    release = plan.go.environ.get("GOTOOLCHAIN", "")
    path = main.path if main else ""
    info = BuildInfo(
        go_version=release,
        path=path,
        main=Module(main.module.path, "(devel)") if main and main.module else None,
        deps=_deps(plan, listed, main),
        settings=_settings(plan, main),
    )
    experiments = plan.variables["GOEXPERIMENT"]
    go = Go(
        kind="plugin",
        version=f"{release} X:{experiments}" if experiments else release,
        build_info=info,
        plugin_support="none",
        exports_moduledata=False,
        joins_module_list=True,
        pluginpath=path,
        pkghashes=tuple(PackageHash(one.path, link_hashes.get(one.path, "")) for one in listed if one.path != "unsafe"),
        link_hashes={},
        sources={
            "main" if one is main else one.path: compiled_under(one, plan) for one in listed if one.path != "unsafe"
        },
    )
    folder = plan.go.folder
    elf = Elf(b"", elf_class=64, byte_order="little", machine=0, type=3, goarch=plan.variables["GOARCH"])
    return Binary(folder, 0, Identity(folder, folder), "elf", elf, go)


def compiled_under(one: Listed, plan: Plan) -> str:
    """The directory under which the compiler sees a package's files (`cmd/go/internal/work/gc.go`, `trimpath`)."""
    for place in plan.places:
        if one.lies(place):
            return place.there + one.directory.removeprefix(place.here)
    if not plan.trimmed:
        return one.directory
    if one.module is not None and one.module.version:
        return f"{one.module.path}@{one.module.version}{one.path.removeprefix(one.module.path)}"
    return one.path


def vendored(listed: Iterable[Listed]) -> bool:
    """Whether packages come from a vendor folder."""
    return any(not one.standard and "/vendor/" in one.directory for one in listed)


def _deps(plan: Plan, listed: Sequence[Listed], main: Listed | None) -> tuple[Module, ...]:
    own = main.module.path if main and main.module else ""
    sums = {} if vendored(listed) else checksums(plan)
    found: dict[str, Module] = {}
    for one in listed:
        if one.module is not None and one.module.path != own:
            found[one.module.path] = _summed(one.module, sums)._replace(
                version=one.module.version or ("(devel)" if one.is_main else "")
            )
    return tuple(found[path] for path in sorted(found))


def _summed(module: Module, sums: Mapping[tuple[str, str], str]) -> Module:
    if module.replace is not None:
        return module._replace(replace=_summed(module.replace, sums))
    return module._replace(sum=sums.get((module.path, module.version), ""))


def checksums(plan: Plan) -> dict[tuple[str, str], str]:
    """The checksums of the go.sum (and go.work.sum) that the build uses."""
    mod = plan.options.get("-modfile") or plan.variables["GOMOD"]
    files = [re.sub(r"\.mod$", ".sum", posixpath.join(plan.go.folder, mod))]
    if plan.variables["GOWORK"] not in ("", "off"):
        files.append(f"{plan.variables['GOWORK']}.sum")
    out: dict[tuple[str, str], str] = {}
    for name in files:
        out |= gomod.parse_sum(text_of(name, MAX_LIST) or "")
    return out


def _settings(plan: Plan, main: Listed | None) -> tuple[tuple[str, str], ...]:
    """The build settings that `go version -m` would show."""
    options, variables = plan.options, plan.variables
    out = {"-buildmode": "plugin", "-compiler": "gc"}
    out |= {name: options[name] for name in ("-gcflags", "-tags") if options.get(name)}
    if plan.trimmed:
        out["-trimpath"] = "true"
    out |= {name: "true" for name in INSTRUMENTS if options.get(name, "false") == "true"}
    if profile := _profile(options.get("-pgo", "auto"), main, plan.trimmed):
        out["-pgo"] = profile
    for name in (*CGO, CGO_LINK) if not plan.trimmed else ():
        out[name] = "" if variables[name] == CGO_DEFAULT else variables[name]
    out["CGO_ENABLED"] = variables["CGO_ENABLED"]
    out["GOARCH"] = variables["GOARCH"]
    if variables["GOEXPERIMENT"]:
        out["GOEXPERIMENT"] = variables["GOEXPERIMENT"]
    if variables["GOFIPS140"] not in ("", "off"):
        out["GOFIPS140"] = variables["GOFIPS140"]
    out["GOOS"] = variables["GOOS"]
    out |= {name: variables[name] for name in CPU if variables[name]}
    return tuple(out.items())


def _profile(option: str, main: Listed | None, trimmed: bool) -> str:
    """The profile of the build: `auto` takes default.pgo beside the main package."""
    if option == "off":
        return ""
    if option != "auto":
        return option
    found = Path(main.directory, "default.pgo") if main else None
    if found is None or not found.is_file():
        return ""
    return found.name if trimmed else str(found)
