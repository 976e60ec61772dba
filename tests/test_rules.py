"""What each rule recognises, and the near miss that it must not: on builds made by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from gopluck.explainer.engine import Explanation, explain
from gopluck.facts.model import Binary, Elf, Go, Identity
from gopluck.golang.records import BuildInfo, Module, ModuledataFacts, PackageHash
from gopluck.loader.answer import DlopenResult, Failure, Status
from gopluck.replay.ends import End
from gopluck.replay.process import Mismatch, OpenRequest, Outcome
from gopluck.result.verdict import Effect, Stage, Verdict
from gopluck.rules.causes.module_version import order
from gopluck.rules.registry import Kind, kind_of

ROOT = "/usr/local/go/src/"
CACHE = "/root/go/pkg/mod/"
CODEC, WORDS, APP, ADDON = "example.com/codec", "example.com/words", "example.com/app", "example.com/addon"
STD = ("internal/goarch", "runtime", "time", "fmt")
CODECS = (CODEC, f"{CODEC}/json")
SHARED = (*STD, WORDS, *CODECS)
SETTINGS = {
    "-compiler": "gc",
    "CGO_CFLAGS": "",
    "CGO_CPPFLAGS": "",
    "CGO_CXXFLAGS": "",
    "CGO_LDFLAGS": "",
    "GOARCH": "amd64",
}


def modules(**versions: str) -> tuple[Module, ...]:
    """codec and words; `codec="v1.1.0"` for another version."""
    found = {"codec": "v1.0.0", "words": "v1.0.0", **versions}
    return tuple(Module(f"example.com/{name}", version, f"h1:{name}{version}=") for name, version in found.items())


def directories(root: str = ROOT, cache: str = CACHE, packages: Sequence[str] = SHARED) -> dict[str, str]:
    """Where an untrimmed build has its packages."""
    out = {}
    for package in packages:
        module = next((module for module in (CODEC, WORDS) if package.startswith(module)), None)
        at = f"{cache}{module}@v1.0.0{package.removeprefix(module)}" if module else root + package
        out[package] = at
    return out


def trimmed() -> dict[str, str]:
    """Where a trimmed build says that it has them."""
    return directories("", "")


@dataclass(frozen=True)
class Made:
    """One build; its fields are what a test changes."""

    version: str = "go1.25.5"
    kind: str = "exe"
    path: str = APP
    settings: Mapping[str, str] = field(default_factory=dict)
    deps: tuple[Module, ...] = field(default_factory=modules)
    sources: Mapping[str, str] = field(default_factory=directories)
    flags: Mapping[str, str] | None = None
    packages: tuple[str, ...] = SHARED
    build_info: bool = True
    main: Module | None = None
    layout: str = "go1.23"

    def binary(self, file: str, elf: Mapping[str, Any] | None = None) -> Binary:
        """The facts."""
        main = self.main or Module(self.path.removesuffix(".test"), "(devel)")
        settings = tuple({**SETTINGS, **self.settings}.items()) if self.settings is not None else ()
        info = BuildInfo(self.version, self.path, main, self.deps, settings) if self.build_info else None
        go = Go(
            kind=self.kind,
            version=self.version,
            build_info=info,
            plugin_support="dlopen" if self.kind != "plugin" else "none",
            exports_moduledata=True,
            joins_module_list=True,
            pluginpath=self.path if self.kind == "plugin" else "",
            pkghashes=tuple(PackageHash(package, "11") for package in self.packages),
            link_hashes=dict.fromkeys(self.packages, "22"),
            moduledata=ModuledataFacts(self.layout, ()),
            sources=self.sources,
            compile_flags=self.flags,
        )
        return Binary(file, 1, Identity(f"/{file}", f"1:{file}"), "elf", elf_facts(**(elf or {})), go)


def elf_facts(**changes: Any) -> Elf:
    """A dynamically linked amd64 file."""
    fields: dict[str, Any] = {"interp": "/lib64/ld-linux-x86-64.so.2", "goarch": "amd64", "machine": 62, "type": 3}
    return Elf(head=b"\x7fELF", elf_class=64, byte_order="little", **{**fields, **changes})


def host(**changes: Any) -> Made:
    """The usual host, with changes."""
    return Made(**changes)


def plugin(**changes: Any) -> Made:
    """The usual plugin, with changes."""
    return Made(**{"kind": "plugin", "path": ADDON, **changes})


def outcome(packages: Sequence[str], provider: int = 0) -> Outcome:
    """Refused for these packages, or loaded."""
    found = DlopenResult(Status.LOADED)
    mismatches = tuple(Mismatch(package, "11", "22", provider) for package in packages)
    if not packages:
        return Outcome(Verdict.LOADS, compared=len(SHARED), dlopen=found)
    return Outcome(
        Verdict.FAILS, Stage.RUNTIME, Effect.ERROR, "…", why=End.HASH, compared=7, mismatches=mismatches, dlopen=found
    )


def explained(one: Made, two: Made, packages: Sequence[str]) -> Explanation:
    """The explanation of one plugin that is refused for these packages."""
    request = OpenRequest("p.so", two.binary("p.so"))
    return explain(one.binary("host"), [request], [outcome(packages)])[0]


def causes(explanation: Explanation) -> dict[str, tuple[str, ...]]:
    """Slug and packages of each cause."""
    return {finding.rule: finding.packages for finding in explanation.findings if finding.role == "cause"}


def roles(explanation: Explanation) -> list[tuple[str, str]]:
    """Role and slug of each finding, without the risks of a plugin that loads."""
    return [(finding.role, finding.rule) for finding in explanation.findings if kind_of(finding.rule) != Kind.RISK]


Case = tuple[str, Made, Made, tuple[str, ...], dict[str, tuple[str, ...]]]

CAUSES: list[Case] = [
    ("nothing to explain", host(), plugin(), (), {}),
    ("other releases", host(), plugin(version="go1.25.4"), ("time",), {"go-version": ("time",)}),
    (
        "a release that only the module layout tells",
        host(),
        plugin(version="", build_info=False, layout="go1.18"),
        STD,
        {"go-version": STD},
    ),
    (
        "an unrecorded release of the same layout",
        host(),
        plugin(version="", build_info=False),
        ("fmt",),
        {"unexplained": ("fmt",)},
    ),
    ("a release that neither records", host(version=""), plugin(version=""), ("fmt",), {"unexplained": ("fmt",)}),
    (
        "an experiment is no other release",
        host(version="go1.25.5 X:arenas"),
        plugin(version="go1.25.5"),
        STD,
        {"experiment": STD},
    ),
    ("an experiment as 1.26 spells it", host(), plugin(version="go1.25.5-X:arenas"), STD, {"experiment": STD}),
    ("a trimmed host", host(sources=trimmed()), plugin(), SHARED, {"trimpath": SHARED}),
    ("a trimmed plugin", host(), plugin(sources=trimmed()), SHARED, {"trimpath": SHARED}),
    (
        "trimmed by its settings alone",
        host(sources={}, settings={"-trimpath": "true"}),
        plugin(sources={}),
        SHARED,
        {"trimpath": SHARED},
    ),
    (
        "without build info and directories nothing is known",
        host(build_info=False, sources={}),
        plugin(),
        ("fmt",),
        {"unexplained": ("fmt",)},
    ),
    ("-race", host(settings={"-race": "true"}), plugin(), STD, {"instrumentation": STD}),
    (
        "-race without settings",
        host(packages=(*SHARED, "runtime/race"), build_info=False),
        plugin(build_info=False),
        STD,
        {"instrumentation": STD},
    ),
    (
        "-cover reaches no package of the standard library",
        host(settings={"-cover": "true"}),
        plugin(),
        ("fmt", WORDS),
        {"unexplained": ("fmt",)},
    ),
    (
        "-cover reaches a module by -coverpkg",
        host(settings={"-cover": "true"}),
        plugin(),
        CODECS,
        {"instrumentation": CODECS},
    ),
    ("all=-N -l", host(settings={"-gcflags": "all=-N -l"}), plugin(), SHARED, {"compiler-flags": SHARED}),
    ("std=-l", host(), plugin(settings={"-gcflags": "std=-l"}), STD, {"compiler-flags": STD}),
    (
        "a pattern reaches its packages only",
        host(settings={"-gcflags": "example.com/codec/...=-l"}),
        plugin(),
        (WORDS, *CODECS),
        {"compiler-flags": CODECS, "unexplained": (WORDS,)},
    ),
    (
        "-gcflags without a pattern is for main only",
        host(settings={"-gcflags": "-N -l"}),
        plugin(),
        ("fmt",),
        {"unexplained": ("fmt",)},
    ),
    (
        "flags that DWARF records of a package",
        host(flags={"fmt": "-N -l regabi"}, build_info=False),
        plugin(flags={"fmt": "-shared -dynlink regabi"}, build_info=False),
        ("fmt",),
        {"compiler-flags": ("fmt",)},
    ),
    (
        "-dwarf=false changes nothing",
        host(settings={"-gcflags": "all=-dwarf=false"}),
        plugin(),
        ("fmt",),
        {"unexplained": ("fmt",)},
    ),
    ("another version", host(), plugin(deps=modules(codec="v1.1.0")), CODECS, {"module-version": CODECS}),
    (
        "another version goes on to what imports it",
        host(),
        plugin(deps=modules(words="v1.1.0")),
        (WORDS, CODEC),
        {"module-version": (WORDS,)},
    ),
    (
        "versions by directory, without build info",
        host(build_info=False),
        plugin(build_info=False, sources=directories() | {CODEC: f"{CACHE}{CODEC}@v1.1.0"}),
        (CODEC,),
        {"module-version": (CODEC,)},
    ),
    (
        "another module cache",
        host(),
        plugin(sources=directories(cache="/home/dev/go/pkg/mod/")),
        (WORDS, *CODECS),
        {"module-cache-path": (WORDS, *CODECS)},
    ),
    (
        "another GOROOT is none",
        host(),
        plugin(sources=directories("/opt/go/src/")),
        ("fmt",),
        {"go-installation": ("fmt",)},
    ),
    ("the machine's C headers may differ, too", host(), plugin(), ("net",), {"unexplained": ("net",)}),
    (
        "a vendor folder",
        host(),
        plugin(sources=directories(cache="/w/addon/vendor/")),
        (WORDS, *CODECS),
        {"vendor-path": (WORDS, *CODECS)},
    ),
    (
        "a fork, untrimmed",
        host(),
        plugin(deps=(Module(CODEC, "v1.0.0", "", Module("example.com/fork", "v1.0.0")), modules()[1])),
        CODECS,
        {"module-replaced": CODECS},
    ),
    (
        "trimmed, the required version is what counts",
        host(sources=trimmed()),
        plugin(sources=trimmed(), deps=(Module(CODEC, "v1.1.0", "", Module(CODEC, "v1.0.0")), modules()[1])),
        CODECS,
        {"module-replaced": CODECS},
    ),
    (
        "a folder that nothing pins",
        host(sources=trimmed(), deps=(Module(CODEC, "v1.0.0", "", Module("./codec", "(devel)")), modules()[1])),
        plugin(sources=trimmed(), deps=(Module(CODEC, "v1.0.0", "", Module("../codec", "(devel)")), modules()[1])),
        CODECS,
        {"module-replaced": CODECS},
    ),
    (
        "the same folder, edited between the builds",
        host(sources=trimmed(), deps=(Module(CODEC, "v1.0.0", "", Module("../codec", "(devel)")), modules()[1])),
        plugin(sources=trimmed(), deps=(Module(CODEC, "v1.0.0", "", Module("../codec", "(devel)")), modules()[1])),
        CODECS,
        {"module-content": CODECS},
    ),
    (
        "other checksums of one version",
        host(),
        plugin(deps=(Module(CODEC, "v1.0.0", "h1:other="), modules()[1])),
        CODECS,
        {"module-content": CODECS},
    ),
    (
        "a package of the host's module, required by version",
        host(sources={**directories(), "main": "/src/app", f"{APP}/core": "/src/app/core"}),
        plugin(
            deps=(*modules(), Module(APP, "v1.0.0", "h1:app=")),
            sources={**directories(), f"{APP}/core": f"{CACHE}{APP}@v1.0.0/core"},
        ),
        (f"{APP}/core",),
        {"host-main-module": (f"{APP}/core",)},
    ),
    (
        "the package under test",
        host(kind="test", path=f"{APP}/core.test", main=Module(APP, "(devel)"), sources={"runtime": "runtime"}),
        plugin(main=Module(APP, "(devel)"), sources={"runtime": "runtime"}),
        (f"{APP}/core",),
        {"test-variant": (f"{APP}/core",)},
    ),
    ("a profile", host(settings={"-pgo": "/src/default.pgo"}), plugin(), ("runtime",), {"pgo": ("runtime",)}),
    ("-pgo=off is none", host(settings={"-pgo": "off"}), plugin(), ("fmt",), {"unexplained": ("fmt",)}),
    ("tags", host(settings={"-tags": "timetzdata"}), plugin(), ("time", "fmt"), {"build-tags": ("time",)}),
    ("C flags", host(settings={"CGO_CFLAGS": "-DWIDE"}), plugin(), (WORDS,), {"cgo-flags": (WORDS,)}),
    (
        "one word more for the linker of C code",
        host(settings={"CGO_LDFLAGS": "-L/opt/lib -lz -lm"}),
        plugin(settings={"CGO_LDFLAGS": ""}),
        (WORDS,),
        {"cgo-flags": (WORDS,)},
    ),
    (
        "C flags reach the standard library",
        host(settings={"CGO_CFLAGS": "-DWIDE"}),
        plugin(),
        ("net",),
        {"cgo-flags": ("net",)},
    ),
    (
        "one word more for the linker does not (measured)",
        host(settings={"CGO_LDFLAGS": "-L/opt/lib -lz -lm"}),
        plugin(settings={"CGO_LDFLAGS": ""}),
        ("net",),
        {"unexplained": ("net",)},
    ),
    (
        "other words for the linker of C code, as many",
        host(settings={"CGO_LDFLAGS": "-L/opt/lib -lz"}),
        plugin(settings={"CGO_LDFLAGS": ""}),
        (WORDS,),
        {"unexplained": (WORDS,)},
    ),
    (
        "frozen FIPS code",
        host(
            packages=(*SHARED, "crypto/sha256", "crypto/internal/fips140/v1.0.0/sha256"),
            settings={"GOFIPS140": "certified"},
        ),
        plugin(packages=(*SHARED, "crypto/sha256", "crypto/internal/fips140/sha256")),
        ("crypto/sha256",),
        {"fips": ("crypto/sha256",)},
    ),
    (
        "two differences at once",
        host(sources=trimmed(), settings={"-trimpath": "true"}),
        plugin(deps=modules(codec="v1.1.0")),
        SHARED,
        {"trimpath": SHARED, "module-version": CODECS},
    ),
]


@pytest.mark.parametrize(
    ("one", "two", "packages", "expected"), [case[1:] for case in CAUSES], ids=[c[0] for c in CAUSES]
)
def test_causes(one: Made, two: Made, packages: tuple[str, ...], expected: dict[str, tuple[str, ...]]) -> None:
    assert causes(explained(one, two, packages)) == expected


def test_a_package_that_only_imports_a_changed_one_names_it() -> None:
    explanation = explained(host(), plugin(deps=modules(words="v1.1.0")), (WORDS, CODEC))
    assert [(p.path, p.causes, p.via) for p in explanation.packages.mismatched] == [
        (WORDS, ("module-version",), ()),
        (CODEC, ("dependency-changed",), (WORDS,)),
    ]


def test_the_standard_library_does_not_differ_through_a_module() -> None:
    explanation = explained(host(), plugin(deps=modules(words="v1.1.0")), (WORDS, "fmt"))
    assert causes(explanation) == {"module-version": (WORDS,), "go-installation": ("fmt",)}


def test_both_directories_and_the_module_of_a_package() -> None:
    explanation = explained(host(), plugin(deps=modules(codec="v1.1.0")), (CODEC,))
    (package,) = explanation.packages.mismatched
    assert (package.provider, package.module, package.host_dir) == ("host", CODEC, f"{CACHE}{CODEC}@v1.0.0")
    assert (package.host_hash, package.plugin_hash) == ("22", "11")


HARMLESS: list[tuple[str, Made, Made, list[tuple[str, str]]]] = [
    ("flags for main", host(settings={"-gcflags": "-N -l"}), plugin(), [("harmless", "compiler-flags")]),
    ("tags", host(settings={"-tags": "x"}), plugin(), [("harmless", "build-tags")]),
    ("a patch release", host(), plugin(version="go1.25.4"), [("harmless", "go-version")]),
    ("-cover of main", host(settings={"-cover": "true"}), plugin(), [("harmless", "instrumentation")]),
    ("C flags", host(settings={"CGO_CFLAGS": "-O0"}), plugin(), [("harmless", "cgo-flags")]),
    ("an unshared module", host(), plugin(deps=modules(codec="v1.1.0")), [("harmless", "module-version")]),
    ("flags of the linker", host(settings={"-ldflags": "-s -w"}), plugin(), [("harmless", "linker-flags")]),
    (
        "flags of the linker that -trimpath hides on one side",
        host(settings={"-ldflags": "-s -w"}, sources={}),
        plugin(settings={"-trimpath": "true"}, sources={}),
        [],
    ),
    ("a stamp", host(settings={"vcs": "git", "vcs.revision": "1" * 40}), plugin(), [("harmless", "vcs-stamp")]),
    ("a PIE", host(kind="pie"), plugin(), [("harmless", "pie-host")]),
    ("another GOROOT", host(), plugin(sources=directories("/opt/go/src/")), [("harmless", "goroot")]),
    ("two words for the same code", host(settings={"GOFIPS140": "latest"}), plugin(), [("harmless", "fips")]),
    (
        "code without checksums, of which one side does not tell the module",
        host(deps=(Module(CODEC, "v1.0.0"), Module(WORDS, "v1.0.0"))),
        plugin(build_info=False, sources={}),
        [],
    ),
    (
        "flags that one side does not record",
        host(settings={"-gcflags": "-N -l", "-ldflags": "-s"}),
        plugin(build_info=False),
        [],
    ),
]


@pytest.mark.parametrize(
    ("one", "two", "expected"), [case[1:] for case in HARMLESS], ids=[case[0] for case in HARMLESS]
)
def test_harmless(one: Made, two: Made, expected: list[tuple[str, str]]) -> None:
    assert roles(explained(one, two, ())) == expected


IDE = {"-gcflags": "all=-N -l"}
OWN = (f"{APP}/core",)


def own(root: str = "/src/app", **changes: Any) -> Made:
    """A host whose own module has a package that plugins import."""
    return host(sources={**directories(), "main": root, f"{APP}/core": f"{root}/core"}, **changes)


def by_version(**changes: Any) -> Made:
    """A plugin that requires the host's module by version."""
    core = {f"{APP}/core": f"{CACHE}{APP}@v1.0.0/core"}
    return plugin(deps=(*modules(), Module(APP, "v1.0.0", "h1:app=")), sources={**directories(), **core}, **changes)


TRAPS: list[tuple[str, Made, Made, tuple[str, ...], str, str]] = [
    (
        "a debug build by an IDE",
        host(settings=IDE),
        plugin(),
        SHARED,
        "compiler-flags",
        "the host was compiled with -N -l, the plugin without: a debug build, as an IDE or a debugger makes it",
    ),
    (
        "a test in the debugger of an IDE",
        host(kind="test", path=f"{APP}/core.test", main=Module(APP, "(devel)"), settings=IDE),
        plugin(),
        SHARED,
        "compiler-flags",
        "the host was compiled with -N -l, the plugin without: a debug build of a test binary, as an IDE or a debugger "
        "makes it",
    ),
    (
        "another flag is no debug build",
        host(settings={"-gcflags": "all=-l"}),
        plugin(),
        SHARED,
        "compiler-flags",
        "the host was compiled with -l, the plugin without",
    ),
    (
        "two users",
        host(),
        plugin(sources=directories(cache="/home/dev/go/pkg/mod/")),
        (WORDS, *CODECS),
        "module-cache-path",
        "the host took its modules from /root/go/pkg/mod, the plugin from /home/dev/go/pkg/mod: they were built by two "
        "users, root and dev",
    ),
    (
        "one user",
        host(sources=directories(cache="/home/dev/old/pkg/mod/")),
        plugin(sources=directories(cache="/home/dev/go/pkg/mod/")),
        (WORDS, *CODECS),
        "module-cache-path",
        "the host took its modules from /home/dev/old/pkg/mod, the plugin from /home/dev/go/pkg/mod",
    ),
    (
        "a profile that nobody asked for",
        host(settings={"-pgo": "/src/app/default.pgo"}),
        plugin(),
        ("runtime",),
        "pgo",
        "the host was built with the profile /src/app/default.pgo (beside its main package: nobody had to ask for it), "
        "the plugin with no profile",
    ),
]


@pytest.mark.parametrize(
    ("one", "two", "packages", "rule", "message"), [case[1:] for case in TRAPS], ids=[case[0] for case in TRAPS]
)
def test_traps_have_words_of_their_own(
    one: Made, two: Made, packages: tuple[str, ...], rule: str, message: str
) -> None:
    findings = explained(one, two, packages).findings
    assert [finding.message for finding in findings if finding.rule == rule] == [message]


MATCHING: list[tuple[str, Made, str]] = [
    (
        "untrimmed, in its checkout",
        own(),
        f"This host was built in /src/app without -trimpath. A workspace with that very directory matches it, and so "
        f"do replace by that directory and a plugin inside the host's module, but {APP} by version does not.",
    ),
    (
        "trimmed, in its checkout",
        host(sources={**trimmed(), f"{APP}/core": f"{APP}/core"}, settings={"-trimpath": "true"}),
        f"This host was built in its own checkout with -trimpath. A workspace with that checkout matches it, and so "
        f"does a plugin inside the host's module; replace, and {APP} by version, do not.",
    ),
    (
        "installed by version",
        own(f"{CACHE}{APP}@v1.1.0", main=Module(APP, "v1.1.0", "h1:new=")),
        f"This host was installed as {APP}@v1.1.0, without -trimpath: require that version, and build the plugin "
        "without -trimpath. A workspace, replace, or a plugin inside the host's module do not match it.",
    ),
]


@pytest.mark.parametrize(("one", "fix"), [case[1:] for case in MATCHING], ids=[case[0] for case in MATCHING])
def test_what_matches_this_host_is_said_of_its_own_module(one: Made, fix: str) -> None:
    two = by_version()
    if one.sources["runtime"] == "runtime":
        two = plugin(
            deps=two.deps, settings={"-trimpath": "true"}, sources={**trimmed(), f"{APP}/core": f"{APP}@v1.0.0/core"}
        )
    found = [finding for finding in explained(one, two, OWN).findings if finding.rule == "host-main-module"]
    assert [finding.fix for finding in found] == [fix]


STAMP = {"vcs": "git", "vcs.revision": "1" * 40}


def test_what_never_matters_is_harmless_when_packages_differ_for_another_reason() -> None:
    one = host(settings={"-ldflags": "-s -w", **STAMP}, kind="pie")
    two = plugin(deps=modules(codec="v1.1.0"), sources=directories("/opt/go/src/"))
    assert roles(explained(one, two, CODECS)) == [
        ("cause", "module-version"),
        ("harmless", "linker-flags"),
        ("harmless", "vcs-stamp"),
        ("harmless", "pie-host"),
        ("harmless", "goroot"),
    ]


def test_what_never_matters_is_harmless_when_dlopen_fails() -> None:
    refused = DlopenResult(Status.ERROR, "…", failure=Failure.LIBRARY)
    one = host(settings={"-ldflags": "-X main.v=1", **STAMP}).binary("host")
    assert ended(End.DLOPEN, one, PLUGIN, refused) == [
        ("cause", "missing-library"),
        ("harmless", "linker-flags"),
        ("harmless", "vcs-stamp"),
    ]


def test_flags_of_the_linker_that_can_matter_are_harmless_only_where_it_loads() -> None:
    one, two = host(settings={"-ldflags": "-linkmode=external -s"}), plugin()
    assert roles(explained(one, two, ())) == [("harmless", "linker-flags")]
    assert roles(explained(one, two, ("fmt",))) == [("cause", "go-installation")]


def test_tags_behind_another_cause_are_a_risk_not_a_cause() -> None:
    explanation = explained(host(sources=trimmed(), settings={"-tags": "x"}), plugin(), SHARED)
    assert roles(explanation) == [("cause", "trimpath"), ("risk", "build-tags")]


# -- endings ---------------------------------------------------------------------------------------------------------

LOADED = DlopenResult(Status.LOADED)


def ended(
    why: End, one: Binary, two: Binary, dlopen: DlopenResult | None = LOADED, **fields: Any
) -> list[tuple[str, str]]:
    """Role and slug of each finding for one plugin that ends so."""
    result = Outcome(Verdict.FAILS, Stage.RUNTIME, Effect.ERROR, "…", why=why, dlopen=dlopen, **fields)
    return roles(explain(one, [OpenRequest("p.so", two)], [result])[0])


def c_library() -> Binary:
    return Binary("c.so", 1, Identity("/c.so", "1:c"), "elf", elf_facts())


HOST = host().binary("host")
PLUGIN = plugin().binary("p.so")


def changed(made: Made, **go: Any) -> Binary:
    """A build whose Go facts are changed after all."""
    binary = made.binary("host" if made.kind != "plugin" else "p.so")
    values = {name: getattr(binary.go, name) for name in Go.__annotations__} | go
    return Binary(binary.path, 1, binary.identity, "elf", binary.elf, Go(**values))


ENDINGS: list[tuple[str, End, Binary, Binary, DlopenResult | None, list[str]]] = [
    ("C library", End.NO_MODULE_DATA, HOST, c_library(), LOADED, ["not-go"]),
    ("c-shared", End.NO_MODULE_DATA, HOST, plugin(kind="c-shared").binary("p.so"), LOADED, ["not-a-plugin"]),
    ("-Bsymbolic", End.NO_MODULE_DATA, HOST, changed(plugin(), joins_module_list=False), LOADED, ["not-a-plugin"]),
    ("cgo off", End.NOT_IMPLEMENTED, HOST, PLUGIN, None, ["host-without-cgo"]),
    ("no package plugin", End.NO_PLUGIN_PACKAGE, HOST, PLUGIN, None, ["host-without-plugin-support"]),
    (
        "internal linking",
        End.NO_MODULE_DATA,
        changed(host(), exports_moduledata=False),
        PLUGIN,
        LOADED,
        ["host-not-exporting"],
    ),
    (
        "another layout",
        End.NO_MODULE_DATA,
        HOST,
        plugin(version="go1.21.13", layout="go1.21").binary("p.so"),
        LOADED,
        ["go-version"],
    ),
    ("a wrong name", End.MISSING_SYMBOL, HOST, PLUGIN, LOADED, ["pluginpath-override"]),
    ("an unknown layout", End.UNKNOWN_LAYOUT, HOST, PLUGIN, LOADED, ["unsupported-format"]),
    *(
        (slug, End.DLOPEN, HOST, PLUGIN, DlopenResult(Status.ERROR, "…", failure=failure), [slug])
        for slug, failure in (
            ("not-elf", Failure.NOT_ELF),
            ("machine-mismatch", Failure.MACHINE),
            ("not-a-plugin", Failure.NOT_A_LIBRARY),
            ("missing-library", Failure.LIBRARY),
            ("undefined-symbol", Failure.SYMBOL),
            ("libc-mismatch", Failure.OTHER_LIBC),
            ("unsupported-format", Failure.FORM),
            ("libc-too-old", Failure.OLDER_LIBC),
            ("sanitizer-runtime", Failure.SANITIZER),
            ("static-tls", Failure.STATIC_TLS),
        )
    ),
]


@pytest.mark.parametrize(
    ("why", "one", "two", "dlopen", "slugs"), [e[1:] for e in ENDINGS], ids=[e[0] for e in ENDINGS]
)
def test_endings(why: End, one: Binary, two: Binary, dlopen: DlopenResult | None, slugs: list[str]) -> None:
    assert [slug for role, slug in ended(why, one, two, dlopen) if role == "cause"] == slugs


def test_a_static_host() -> None:
    static = host().binary("host", {"interp": None})
    refused = DlopenResult(Status.ERROR, "Dynamic loading not supported", failure=Failure.STATIC_HOST)
    assert ended(End.DLOPEN, static, PLUGIN, refused) == [("cause", "static-host")]


# -- sessions ----------------------------------------------------------------------------------------------------------


def session(*opens: tuple[Binary, Outcome]) -> list[dict[str, tuple[str, ...]]]:
    """The causes of each plugin of one process."""
    requests = [OpenRequest(binary.path, binary) for binary, _ in opens]
    return [causes(explanation) for explanation in explain(HOST, requests, [result for _, result in opens])]


def test_two_plugins_that_disagree() -> None:
    first = plugin(path="example.com/first").binary("a.so")
    second = plugin(deps=modules(codec="v1.1.0")).binary("b.so")
    assert session((first, outcome(())), (second, outcome(CODECS, provider=1))) == [
        {},
        {"conflicts-with-loaded-plugin": CODECS, "module-version": CODECS},
    ]


def test_a_repaired_build_of_a_refused_plugin() -> None:
    refused, repaired = plugin(deps=modules(codec="v1.1.0")).binary("r.so"), plugin().binary("p.so")
    assert session((refused, outcome(CODECS)), (repaired, outcome((ADDON,), provider=1))) == [
        {"module-version": CODECS},
        {"broken-by-earlier-plugin": (ADDON,)},
    ]


def test_a_good_plugin_after_one_of_another_release() -> None:
    foreign = plugin(version="go1.27.3", layout="go1.27", path="example.com/other").binary("f.so")
    fatal = Outcome(Verdict.FAILS, Stage.RUNTIME, Effect.ERROR, "…", why=End.TYPEMAP_SET, dlopen=LOADED, other=0)
    assert session((foreign, fatal), (PLUGIN, fatal)) == [{"go-version": ()}, {"broken-by-earlier-plugin": ()}]


def test_a_copy() -> None:
    copy = plugin().binary("copy.so")
    same = Outcome(Verdict.FAILS, Stage.RUNTIME, Effect.ERROR, "…", why=End.SAME_PLUGINPATH, dlopen=LOADED, other=1)
    assert session((PLUGIN, outcome(())), (copy, same)) == [{}, {"already-loaded": ()}]


def test_two_builds_of_one_path_are_told_apart_by_their_directories_where_both_have_one() -> None:
    same = Outcome(Verdict.FAILS, Stage.RUNTIME, Effect.ERROR, "…", why=End.SAME_PLUGINPATH, dlopen=LOADED, other=1)
    said = []
    for one, two in (("/src/a", "/src/b"), ("/src/a", "/src/a"), ("/src/a", ADDON)):
        made = [
            plugin(sources={ADDON: place, "main": place}).binary(f"{number}.so")
            for number, place in enumerate((one, two))
        ]
        opened = [made[0], made[1]._replace(size=2)]
        requests = [OpenRequest(binary.path, binary) for binary in opened]
        (found,) = explain(HOST, requests, [outcome(()), same])[1].findings
        said.append(found.message.rpartition(": ")[2])
    assert said == [
        "two packages, one in /src/a, one in /src/b",
        "two builds of the package in /src/a",
        "two builds of one package, or two plugins with one module path",
    ]


def test_a_copy_after_a_plugin_of_another_release_is_a_copy() -> None:
    foreign = plugin(version="go1.27.3", layout="go1.27", path="example.com/other").binary("f.so")
    copy = plugin().binary("copy.so")
    fatal = Outcome(Verdict.FAILS, Stage.RUNTIME, Effect.ERROR, "…", why=End.TYPEMAP_SET, dlopen=LOADED, other=0)
    same = Outcome(Verdict.FAILS, Stage.RUNTIME, Effect.ERROR, "…", why=End.SAME_PLUGINPATH, dlopen=LOADED, other=2)
    said = session((foreign, fatal), (PLUGIN, outcome(())), (copy, same))
    assert said == [{"go-version": ()}, {}, {"already-loaded": ()}]


def test_a_refused_path_that_is_opened_again_has_the_first_reasons() -> None:
    again = Outcome(Verdict.FAILS, Stage.RUNTIME, Effect.ERROR, "…", why=End.PREVIOUS_FAILURE, other=1)
    bad = plugin(deps=modules(codec="v1.1.0")).binary("r.so")
    assert session((bad, outcome(CODECS)), (bad, again)) == [{"module-version": CODECS}] * 2


def test_the_lock_that_a_panic_left() -> None:
    panic = Outcome(Verdict.FAILS, Stage.RUNTIME, Effect.PANIC, "…", why=End.FOREIGN_LAYOUT, dlopen=LOADED)
    held = Outcome(Verdict.FAILS, Stage.RUNTIME, Effect.HANG, None, why=End.MUTEX_HELD)
    foreign = plugin(version="go1.27.3", layout="go1.27").binary("f.so")
    assert session((foreign, panic), (PLUGIN, held)) == [{"go-version": ()}, {"broken-by-earlier-plugin": ()}]


def test_what_is_not_reached_has_no_findings_and_what_is_missing_has_one() -> None:
    requests = [OpenRequest("gone.so", None), OpenRequest("p.so", PLUGIN)]
    outcomes = [
        Outcome(Verdict.FAILS, Stage.REALPATH, Effect.ERROR, "…", why=End.REALPATH),
        Outcome(Verdict.NOT_REACHED, why=End.NOT_REACHED),
    ]
    gone, other = explain(HOST, requests, outcomes)
    assert (roles(gone), other) == ([("cause", "realpath-failed")], Explanation())


VERSIONS = (
    *("v0.0.0-20240101000000-abcdef012345", "v0.9.0", "v1.0.0-alpha", "v1.0.0-alpha.1", "v1.0.0-alpha.beta"),
    *("v1.0.0-beta.2", "v1.0.0-beta.11", "v1.0.0-rc.1", "v1.0.0", "v1.0.9", "v1.0.10", f"v1.{'9' * 5000}.0"),
    *(f"v1.1{'0' * 5000}.0-{'1' * 5000}", f"v1.1{'0' * 5000}.0", "v2.0.0+incompatible"),
)


def test_module_versions_sort_however_many_digits_they_have() -> None:
    backwards = VERSIONS[::-1]
    assert sorted(backwards, key=order) == list(VERSIONS)
    assert [order(text) for text in ("", "v1.2", "(devel)", "v1.².0", "v1.٢.0", "1.0.0")] == [()] * 6
    assert order("v1.0.0-²") == ()
