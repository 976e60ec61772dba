"""What rules say of things that no recorded set has at this very border: whole sentences, on builds made by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

import recorded
import test_rules
from gopluck.builds.build import Build
from gopluck.explainer.engine import compare, explain
from gopluck.facts.model import Binary, Identity
from gopluck.golang.records import CFunction, ExportedSymbol, FunctionCode, Module
from gopluck.loader.answer import DlopenResult, Failure, Status
from gopluck.loader.library import Library
from gopluck.replay.ends import End
from gopluck.replay.lookup import Symbol, look_up
from gopluck.replay.process import Lookup, OpenRequest, Outcome, replay
from gopluck.result.check import Finding
from gopluck.result.verdict import Effect, Stage, Verdict
from gopluck.rules.causes.unexplained import DIRECTORIES
from gopluck.rules.model import Comparison, Evidence, Link, Opened, go_source
from gopluck.rules.registry import rule
from test_rules import (
    ADDON,
    APP,
    CODEC,
    CODECS,
    HOST,
    LOADED,
    PLUGIN,
    WORDS,
    Made,
    changed,
    host,
    modules,
    plugin,
    trimmed,
)

OK = test_rules.outcome(())


def said(one: Binary, *opens: tuple[Binary, Outcome]) -> list[Finding]:
    """The findings of the last plugin of a process that matter."""
    requests = [OpenRequest(binary.path, binary) for binary, _ in opens]
    told = explain(one, requests, [result for _, result in opens])[-1]
    return [finding for finding in told.findings if finding.role in ("cause", "risk")]


def words(one: Binary, *opens: tuple[Binary, Outcome]) -> list[tuple[str, str, str]]:
    """The same as (rule, message, headline)."""
    return [(finding.rule, finding.message, finding.headline) for finding in said(one, *opens)]


# -- files that cannot be loaded ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "packed", "fix"),
    [
        ("elf", True, "Give gopluck the file from before it was packed."),
        ("mach-o", False, "Load the plugin where the host runs."),
    ],
)
def test_a_host_that_is_not_read_is_told_what_helps(form: str, packed: bool, fix: str) -> None:
    one = Binary("host", 1, Identity("/host", "1:1"), form, packed=packed)
    system = recorded.sets(recorded.families()[0])[0].system
    request = OpenRequest("p.so", PLUGIN)
    (found,) = explain(one, [request], replay(one, [request], system))[0].findings
    assert (found.rule, found.fix) == ("unsupported-format", fix)


REFUSED = {
    "static TLS that fits by its alignment": (
        Failure.STATIC_TLS,
        {"needs": "2048", "free": "1664", "alignment": "64", "most_alignment": "64"},
        "p.so needs 2048 bytes of static TLS for thread-local variables of its C code, and the process has 1664 left",
    ),
    "static TLS that does not": (
        Failure.STATIC_TLS,
        {"needs": "2048", "free": "1664", "alignment": "128", "most_alignment": "64"},
        "p.so has thread-local variables that are aligned to 128 bytes, and the static TLS area of this host to 64",
    ),
    "a library that is too old": (
        Failure.LIBRARY,
        {"library": "/usr/lib/libz.so.1", "version": "ZLIB_1.3", "available": "ZLIB_1.2.9"},
        "p.so needs ZLIB_1.3 of /usr/lib/libz.so.1, which has only ZLIB_1.2.9",
    ),
    "a library that is not there": (
        Failure.LIBRARY,
        {"library": "libz.so.1", "needed_by": "/usr/lib/libpng.so"},
        "libpng.so needs libz.so.1, which is not found where the host looks for libraries",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_loader_found_is_said_in_words(name: str) -> None:
    failure, evidence, message = REFUSED[name]
    found = DlopenResult(Status.ERROR, "…", failure=failure, evidence=evidence)
    result = Outcome(Verdict.FAILS, Stage.DLOPEN, Effect.ERROR, "…", why=End.DLOPEN, dlopen=found)
    assert [one.message for one in said(HOST, (PLUGIN, result))] == [message]


@pytest.mark.parametrize(
    ("status", "rules"), [(Status.LOADED, ["not-a-plugin"]), (Status.SAME, [])], ids=["loaded", "the same again"]
)
def test_a_library_that_was_loaded_before_says_nothing_new(status: Status, rules: list[str]) -> None:
    library = plugin(kind="c-shared").binary("c.so")
    result = Outcome(
        Verdict.FAILS, Stage.RUNTIME, Effect.FATAL, "…", why=End.NO_MODULE_DATA, dlopen=DlopenResult(status)
    )
    assert [found.rule for found in said(HOST, (library, result))] == rules


@pytest.mark.parametrize(
    ("file", "rules"),
    [
        (PLUGIN, ["host-not-exporting"]),
        (plugin(kind="c-shared").binary("p.so"), ["not-a-plugin"]),
        (test_rules.c_library(), ["not-go"]),
    ],
    ids=["plugin", "c-shared", "C library"],
)
def test_only_of_a_plugin_the_host_is_to_blame(file: Binary, rules: list[str]) -> None:
    one = changed(host(), exports_moduledata=False)
    result = Outcome(Verdict.FAILS, Stage.RUNTIME, Effect.FATAL, "…", why=End.NO_MODULE_DATA, dlopen=LOADED)
    assert [found.rule for found in said(one, (file, result))] == rules


# -- what earlier plugins leave behind ---------------------------------------------------------------------------------

FOREIGN = plugin(version="go1.27.3", layout="go1.27", path="example.com/other").binary("f.so")
BROKEN = Outcome(Verdict.FAILS, Stage.RUNTIME, Effect.ERROR, "…", why=End.TYPEMAP_SET, dlopen=LOADED, other=0)
BROKE = "f.so, built with go1.27.3, has broken the list of modules"
LOCKED = "an earlier Open of this path never finished: another one waits for ever"
LOOKED_AT = test_rules.outcome((ADDON,), provider=1)._replace(other=1)
SESSIONS: dict[str, tuple[list[tuple[Binary, Outcome]], dict[str, str]]] = {
    "seen behind a good one": (
        [(FOREIGN, BROKEN), (PLUGIN, BROKEN), (plugin(path="example.com/third").binary("t.so"), BROKEN)],
        {"broken-by-earlier-plugin": BROKE},
    ),
    "of another layout itself": ([(FOREIGN, BROKEN), (FOREIGN._replace(path="g.so"), BROKEN)], {"go-version": ""}),
    "not in the list of modules": (
        [(FOREIGN, BROKEN), (changed(plugin(), joins_module_list=False), BROKEN)],
        {"not-a-plugin": ""},
    ),
    "refused for its own packages": (
        [(FOREIGN, BROKEN), (plugin(deps=modules(codec="v1.1.0")).binary("p.so"), test_rules.outcome(CODECS))],
        {"module-version": ""},
    ),
    "refused for those of another": (
        [(FOREIGN, BROKEN), (PLUGIN, test_rules.outcome(CODECS)._replace(other=1, mismatches=()))],
        {"broken-by-earlier-plugin": BROKE},
    ),
    "another build of it, but another one is looked at": (
        [(plugin(deps=modules(codec="v1.1.0")).binary("r.so"), test_rules.outcome(CODECS)), (PLUGIN, LOOKED_AT)],
        {},
    ),
    "another build of it": (
        [
            (plugin(deps=modules(codec="v1.1.0")).binary("r.so"), test_rules.outcome(CODECS)),
            (PLUGIN, LOOKED_AT._replace(other=None)),
        ],
        {"broken-by-earlier-plugin": "r.so is another build of this plugin, and was refused"},
    ),
    "the lock of another one": (
        [
            (FOREIGN, BROKEN._replace(effect=Effect.PANIC, why=End.FOREIGN_LAYOUT)),
            (PLUGIN, Outcome(Verdict.FAILS, Stage.RUNTIME, Effect.HANG, why=End.MUTEX_HELD)),
        ],
        {"broken-by-earlier-plugin": ""},
    ),
    "its own lock": (
        [
            (PLUGIN, Outcome(Verdict.FAILS, Stage.SYMBOLS, Effect.ERROR, "…", why=End.MISSING_SYMBOL, dlopen=LOADED)),
            (PLUGIN, Outcome(Verdict.FAILS, Stage.SYMBOLS, Effect.HANG, why=End.NEVER_LOADED, other=1)),
        ],
        {"broken-by-earlier-plugin": LOCKED},
    ),
}


@pytest.mark.parametrize("name", SESSIONS)
def test_who_broke_the_process(name: str) -> None:
    opens, expected = SESSIONS[name]
    found = {one.rule: one.headline if one.rule == "broken-by-earlier-plugin" else "" for one in said(HOST, *opens)}
    assert found == expected


def test_the_same_file_is_the_one_that_was_really_opened() -> None:
    """A cached path may have been replaced by it since: that file was never loaded."""
    first, linked = plugin(path="example.com/first").binary("a.so"), PLUGIN.identity.inode
    cached = Outcome(Verdict.LOADS, why=End.CACHED, other=1)
    replaced = first._replace(identity=first.identity._replace(inode=linked))
    again = PLUGIN._replace(path="again.so", identity=Identity("/again.so", linked))
    same = Outcome(
        Verdict.FAILS, Stage.RUNTIME, Effect.ERROR, "…", why=End.TYPEMAP_SET, dlopen=DlopenResult(Status.SAME)
    )
    (found,) = said(HOST, (first, OK), (replaced, cached), (PLUGIN, OK), (again, same))
    assert found.message == (
        "again.so is the same file as p.so (a hard link), which is loaded: the dynamic linker does not load it again"
    )


# -- flags and directories ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "two", "headline"),
    [
        ("all=-N -l", "", "the host was compiled with -N -l, the plugin without"),
        ("all=-N -l", "all=-l", "the host was compiled with -N -l, the plugin with -l"),
        ("", "all=-l", "the host was compiled with no flags, the plugin with -l"),
    ],
)
def test_flags_of_both_are_named(one: str, two: str, headline: str) -> None:
    made = host(settings={"-gcflags": one}), plugin(settings={"-gcflags": two})
    (found,) = test_rules.explained(*made, (WORDS,)).findings
    assert (found.rule, found.headline) == ("compiler-flags", headline)


@pytest.mark.parametrize(
    ("settings", "newer", "expected"),
    [
        ({"-cover": "true"}, "codec", [(WORDS, ("instrumentation",), ()), (CODEC, ("module-version",), ())]),
        ({"-gcflags": f"{WORDS}=-l"}, "codec", [(WORDS, ("compiler-flags",), ()), (CODEC, ("module-version",), ())]),
        (
            {"-gcflags": f"{CODEC}=-l"},
            "words",
            [(WORDS, ("module-version",), ()), (CODEC, ("compiler-flags", "dependency-changed"), (WORDS,))],
        ),
    ],
)
def test_how_a_package_was_compiled_does_not_go_on_to_what_imports_it(
    settings: Mapping[str, str], newer: str, expected: list[tuple[str, tuple[str, ...], tuple[str, ...]]]
) -> None:
    one, two = host(settings=settings), plugin(deps=modules(**{newer: "v1.1.0"}))
    explanation = test_rules.explained(one, two, (WORDS, CODEC))
    assert [(found.path, found.causes, found.via) for found in explanation.packages.mismatched] == expected


@pytest.mark.parametrize(
    ("cache", "users"),
    [
        ("/home/dev/go/pkg/mod/", ": they were built by two users, root and dev"),
        ("/root/other/pkg/mod/", ""),
        ("/opt/go/pkg/mod/", ""),
    ],
)
def test_two_users_are_named_where_both_built_at_home(cache: str, users: str) -> None:
    two = plugin(sources=test_rules.directories(cache=cache))
    (found,) = (one for one in test_rules.explained(host(), two, (WORDS,)).findings if one.role == "cause")
    here, there = test_rules.CACHE.rstrip("/"), cache.rstrip("/")
    assert found.message == f"the host took its modules from {here}, the plugin from {there}{users}"


CORE = f"{APP}/core"
PLAIN = host(main=Module(APP, "(devel)"), packages=(*test_rules.SHARED, CORE), sources=trimmed())
TEST = replace(PLAIN, kind="test", path=f"{CORE}.test")


@pytest.mark.parametrize(
    ("one", "two", "evidence"),
    [
        (TEST, PLAIN, [{"host": f"{CORE}.test", "plugin": CORE}]),
        (PLAIN, TEST, [{"host": CORE, "plugin": f"{CORE}.test"}]),
        (TEST, TEST, []),
    ],
    ids=["before", "after", "both"],
)
def test_either_of_two_hosts_may_be_the_test_binary(one: Made, two: Made, evidence: list[dict[str, str]]) -> None:
    builds = Build(one.binary("old"), "the old host"), Build(two.binary("new"), "the new host")
    found = compare(*builds, (CORE,)).findings
    assert [each.evidence for each in found if each.rule == "test-variant"] == evidence


UNTRIMMED = {"runtime": f"{test_rules.ROOT}runtime"}
"""Directories that say no more than that: of modules none is known."""


@pytest.mark.parametrize(
    ("one", "two", "said_of_directories"),
    [
        (host(sources=UNTRIMMED), plugin(sources=UNTRIMMED), True),
        (host(sources={}, settings=None), plugin(sources=UNTRIMMED), False),
        (host(sources=UNTRIMMED), plugin(sources={}, settings=None), False),
    ],
    ids=["both untrimmed", "who knows of the host", "who knows of the plugin"],
)
def test_directories_count_where_both_are_known_to_be_untrimmed(
    one: Made, two: Made, said_of_directories: bool
) -> None:
    (unexplained,) = test_rules.explained(one, two, (WORDS,)).findings
    assert (DIRECTORIES in unexplained.message) == said_of_directories


# -- code --------------------------------------------------------------------------------------------------------------


def code(start: int, *packages: str) -> Mapping[str, Mapping[str, FunctionCode]]:
    """One function of each package, at this line."""
    return {package: {"Do": FunctionCode("do.go", start, (0, 1))} for package in packages}


def skew(one: Made, two: Made, *packages: str) -> list[str]:
    """What is said of code that differs in these packages, although their hashes are the same."""
    made = changed(one, code=code(7, *packages)), changed(two, code=code(9, *packages))
    found = words(made[0], (made[1], OK))
    return [message for rule, message, _ in found if rule == "code-skew"]


def by_folder(checksum: str, version: str = "v1.0.0") -> tuple[Module, ...]:
    """codec, replaced by another module's version with this checksum; words is pinned."""
    return (Module(CODEC, "v1.0.0", "", Module("example.com/fork", version, checksum)), modules()[1])


STAMP = {"vcs": "git", "vcs.revision": "1" * 40, "vcs.modified": "false"}
OWN = Module(APP, "(devel)")
SKEWED = f"{CODEC} has other code in the plugin, although the hash is the same: codec.Do is at do.go:7 in the host, at "
SKEWED += "do.go:9 in the plugin"


LOOSE = (Module(CODEC, "v1.0.0"), modules()[1])


@pytest.mark.parametrize(
    ("two", "last", "found"),
    [
        (plugin(deps=LOOSE), 3, True),
        (plugin(deps=LOOSE), 1, False),
        (plugin(deps=LOOSE, version="go1.25.4"), 3, False),
        (plugin(deps=LOOSE, settings={"GOAMD64": "v3"}), 3, False),
    ],
    ids=["longer", "the same", "another release", "another level"],
)
def test_where_functions_end_is_compared_of_builds_that_are_made_alike(two: Made, last: int, found: bool) -> None:
    made = changed(host(deps=LOOSE), code=code(7, CODEC)), changed(two, code={CODEC: {"Do": longer(last)}})
    told = [message for rule, message, _ in words(made[0], (made[1], OK)) if rule == "code-skew"]
    ends = "codec.Do ends at do.go:8 in the host, at do.go:10 in the plugin"
    assert told == [f"{CODEC} has other code in the plugin, although the hash is the same: {ends}"] * found


def test_a_checksum_of_the_main_module_pins_no_other() -> None:
    main = Module(APP, "v1.0.0", "h1:main=")
    assert skew(host(deps=LOOSE, main=main), plugin(deps=LOOSE, main=main), CODEC) == [SKEWED]


@pytest.mark.parametrize(("path", "copies"), [("example.com/fork/shared", 1), ("example.com/fork/other", 0)])
def test_a_copy_has_the_name_of_the_package(path: str, copies: int) -> None:
    def of(made: Made, package: str) -> Binary:
        with_flags = replace(made, packages=(*made.packages, "flag", package))
        return changed(with_flags, code={package: {"init.0": FunctionCode("register.go", 9, (0, 4))}})

    found = words(of(host(), "example.com/own/shared"), (of(plugin(), path), OK))
    assert sum(rule == "registers-twice" for rule, *_ in found) == copies


def test_a_library_is_named_without_its_folder_where_another_version_helps() -> None:
    evidence = {"library": "/lib/libz.so.1", "version": "ZLIB_1.3", "available": "ZLIB_1.2"}
    refused = DlopenResult(Status.ERROR, "…", failure=Failure.LIBRARY, evidence=evidence)
    fails = Outcome(Verdict.FAILS, Stage.DLOPEN, Effect.ERROR, "…", why=End.DLOPEN, dlopen=refused)
    (found,) = said(HOST, (PLUGIN, fails))
    assert found.message == "p.so needs ZLIB_1.3 of /lib/libz.so.1, which has only ZLIB_1.2"
    assert found.fix == "Install a version of libz.so.1 that has ZLIB_1.3 where the host runs."


def longer(last: int) -> FunctionCode:
    """A function whose last line is so many lines behind its first."""
    return FunctionCode("do.go", 7, (0, last))


@pytest.mark.parametrize(
    ("mismatched", "is_host", "count"), [(("runtime/cgo",), True, 1), ((CODEC,), True, 0), (("runtime/cgo",), False, 0)]
)
def test_a_path_that_the_compiler_trims_matters_in_packages_with_cgo_of_the_host(
    mismatched: tuple[str, ...], is_host: bool, count: int
) -> None:
    made = host(settings={"-gcflags": "all=-trimpath=/src"}).binary("host"), plugin().binary("p.so")
    builds = Build(made[0], "the host"), Build(made[1], "the plugin")
    differs = rule("gcflags-trimpath").differs
    assert differs is not None
    assert len(list(differs(Comparison(*builds, mismatched, is_host=is_host)))) == count


@pytest.mark.parametrize(
    ("library", "brought"),
    [(Identity("/p.so", "1:9"), True), (Identity("/x", "1:p.so"), True), (Identity("/x", "1:9"), False)],
)
def test_a_plugin_was_brought_by_the_one_that_needs_its_file(library: Identity, brought: bool) -> None:
    earlier = Binary("first.so", 1, Identity("/first.so", "1:f"), "elf")
    found = DlopenResult(Status.LOADED, needed_loaded=(Library(Binary("p.so", 1, library, "elf")),))
    opened = Opened(1, "first.so", earlier, Outcome(Verdict.LOADS, dlopen=found))
    evidence = Evidence(HOST, PLUGIN, OK, (opened,))
    assert evidence.needing == (opened if brought else None)


@pytest.mark.parametrize(
    ("one", "two", "found"),
    [
        (modules(), modules(), False),
        (modules(), (Module(CODEC, "v1.0.0", "h1:other="), modules()[1]), True),
        (modules(), (Module(CODEC, "v1.0.0"), modules()[1]), True),
        (by_folder("h1:a="), by_folder("h1:a="), False),
        (by_folder("h1:a="), by_folder("h1:b="), True),
        (by_folder("h1:a="), by_folder(""), True),
    ],
)
def test_code_is_compared_where_no_checksum_pins_it(
    one: tuple[Module, ...], two: tuple[Module, ...], found: bool
) -> None:
    # Another module without a checksum, so that both lists are gone through.
    loose = (Module("example.com/loose", "v1.0.0"),)
    made = host(sources=trimmed(), deps=one + loose), plugin(sources=trimmed(), deps=two + loose)
    assert skew(*made, CODEC) == [SKEWED] * found


@pytest.mark.parametrize(
    ("one", "two", "found"),
    [
        (STAMP, STAMP, False),
        (STAMP, STAMP | {"vcs.revision": "2" * 40}, True),
        (STAMP | {"vcs.modified": "true"}, STAMP | {"vcs.modified": "true"}, True),
        ({}, {}, True),
        ({"vcs.modified": "false"}, {"vcs.modified": "false"}, True),
    ],
)
def test_one_commit_without_edits_is_one_code(one: Mapping[str, str], two: Mapping[str, str], found: bool) -> None:
    core = f"{APP}/core"
    packages = (*test_rules.SHARED, core)
    made = (
        host(settings=one, packages=packages, main=OWN),
        plugin(settings=two, packages=packages, main=OWN, path=f"{APP}/plug"),
    )
    assert bool(skew(*made, core)) == found


def test_several_packages_of_a_module_are_one_finding() -> None:
    made = host(deps=by_folder("")), plugin(deps=by_folder(""))
    assert skew(*made, *CODECS) == [SKEWED.replace(" has", " and 1 more has", 1)]


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (1, "function a go to host, which defines it, too"),
        (2, "functions a, b go to host, which defines them, too"),
        (3, "functions a, b, c go to host, which defines them, too"),
        (4, "functions a, b, c and 1 more go to host, which defines them, too"),
    ],
)
def test_three_names_of_c_functions_are_shown(count: int, shown: str) -> None:
    names = "abcd"[:count]
    one = host().binary("host", {"c_exports": frozenset(names)})
    two = plugin().binary("p.so", {"c_functions": tuple(CFunction(name, ()) for name in names)})
    found = [message for rule, message, _ in words(one, (two, OK)) if rule == "c-symbol-clash"]
    assert found == [f"the plugin's calls of its C {shown}"]


def test_a_copy_is_named_once_however_many_have_it() -> None:
    one = next(one for one in recorded.sets(recorded.RECORDED / "twice.json.xz") if said_of_copy(one))
    assert one.host.go is not None
    earlier = one.host._replace(path="first.so", identity=Identity("/first.so", "1:f"))
    (binary,) = (request.binary for request in one.requests)
    assert binary is not None
    (before,) = said_of_copy(one)
    found = [found for found in said(one.host, (earlier, OK), (binary, OK)) if found.rule == "registers-twice"]
    assert found == [before]


def said_of_copy(one: recorded.Set) -> list[Finding]:
    """What is said of copies in a recorded set."""
    outcomes = replay(one.host, one.requests, one.system)
    told = explain(one.host, one.requests, outcomes)[-1]
    return [found for found in told.findings if found.rule == "registers-twice"]


# -- names -------------------------------------------------------------------------------------------------------------


def test_the_three_nearest_names_are_shown_and_the_nearest_is_meant() -> None:
    names = ("HandlersOfAll", "Handlers", "Handler2", "NewHandler", "Other")
    go = PLUGIN.go
    assert go is not None
    exported = tuple(ExportedSymbol(name, "func", "func()") for name in names)
    request = OpenRequest("p.so", PLUGIN._replace(go=go._replace(exported=exported)))
    looked = look_up([request], [OK], [Symbol("Handler")])
    assert looked[0].lookups == (Lookup("Handler", "missing", "", "", None, False, (), "", ""),)
    (found,) = (one for one in explain(HOST, [request], looked)[0].findings if one.role == "cause")
    assert (found.message, found.fix) == (
        "the plugin exports no Handler; near to it are Handlers, Handler2, NewHandler",
        "Look up Handlers, or export Handler from the plugin's package main.",
    )


@pytest.mark.parametrize(("others", "found"), [(1023, True), (1024, False)])
def test_among_a_thousand_names_the_near_ones_are_looked_for(others: int, found: bool) -> None:
    go = PLUGIN.go
    assert go is not None
    names = [*(f"X{number}" for number in range(others)), "Handlers"]
    exported = tuple(ExportedSymbol(name, "func", "func()") for name in names)
    request = OpenRequest("p.so", PLUGIN._replace(go=go._replace(exported=exported)))
    looked = look_up([request], [OK], [Symbol("Handler")])
    (told,) = (one for one in explain(HOST, [request], looked)[0].findings if one.role == "cause")
    assert ("near to it is Handlers" in told.message) == found


@pytest.mark.parametrize(("left", "rules"), [("511", ["static-tls-room"]), ("512", [])])
def test_what_glibc_lends_is_little_room(left: str, rules: list[str]) -> None:
    loaded = OK._replace(dlopen=DlopenResult(Status.LOADED, evidence={"static_tls": "1152", "left": left}))
    assert [found.rule for found in said(HOST, (PLUGIN, loaded)) if found.rule.startswith("static-tls")] == rules


def test_a_place_in_gos_source_is_linked_by_its_file() -> None:
    assert go_source("runtime/plugin.go, lastmoduleinit") == Link(
        "src/runtime/plugin.go, lastmoduleinit", "https://go.dev/src/runtime/plugin.go"
    )
