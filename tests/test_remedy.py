"""What has to be typed: edits and recipes as shell lines, and what a host demands of every plugin."""

from __future__ import annotations

from typing import Any

import pytest

import recorded
import test_rules
from gopluck.builds.build import Build
from gopluck.explainer.engine import explain
from gopluck.facts.model import Identity, InImage
from gopluck.golang.records import Module
from gopluck.remedy.baseline import baseline, build_words
from gopluck.remedy.building import built
from gopluck.remedy.host import ASAN, Problem, for_the_host, host_refuses, inside
from gopluck.remedy.lines import build_command, edit_flags, edit_line, edit_words, run, with_words
from gopluck.remedy.modules import changes
from gopluck.remedy.quote import Placeholder
from gopluck.remedy.recipe import recipes
from gopluck.replay.process import OpenRequest, replay
from gopluck.report.interface import View
from gopluck.report.text import render
from gopluck.result.check import Finding, HostSummary, PluginResult, Report
from gopluck.result.recipe import Edit, Input, LeftOut, Recipe
from gopluck.result.verdict import Effect, Role, Stage, Verdict
from gopluck.rules.model import EXTERNAL
from gopluck.rules.registry import rule
from test_rules import CODEC, WORDS

CACHE = "/tmp/gopluck-oracle/gopath/pkg/mod"


@pytest.mark.parametrize(
    ("edit", "command"),
    [
        (Edit("require", "example.com/lib", "v1.0.0"), "go mod edit -require=example.com/lib@v1.0.0"),
        (Edit("exclude", "example.com/lib", "v1.1.0"), "go mod edit -exclude=example.com/lib@v1.1.0"),
        (
            Edit("replace", "example.com/lib", to="example.com/fork@v1.0.0"),
            "go mod edit -replace=example.com/lib=example.com/fork@v1.0.0",
        ),
        (Edit("replace", "example.com/lib", to="../my lib"), "go mod edit '-replace=example.com/lib=../my lib'"),
        (
            Edit("replace", "example.com/lib", to=Placeholder("$HOST_CHECKOUT/lib")),
            'go mod edit -replace=example.com/lib="$HOST_CHECKOUT"/lib',
        ),
        (Edit("dropreplace", "example.com/lib"), "go mod edit -dropreplace=example.com/lib"),
        (Edit("go", version="1.25.5"), "go mod edit -go=1.25.5 -toolchain=none"),
        (Edit("go", version="1.20"), "go mod edit -go=1.20 -toolchain=none"),
        (Edit("go", version="1.20", when="it asks for more"), "go mod edit -go=1.20"),
        (Edit("go", version="1.21.13", when="it asks for more"), "go mod edit -go=1.21.13 -toolchain=none"),
        (Edit("use", "example.com/app", to=Placeholder("$HOST_CHECKOUT")), 'go work init . "$HOST_CHECKOUT"'),
        (Edit("init", "example.com/plug"), "go mod init example.com/plug"),
    ],
)
def test_an_edit_is_one_shell_command(edit: Edit, command: str) -> None:
    assert edit_line(edit).text == command


def test_a_recipe_is_lines_to_paste() -> None:
    recipe = Recipe(
        True,
        "plugin",
        env={"GOTOOLCHAIN": "go1.25.5", "GOEXPERIMENT": "", "CGO_ENABLED": "1"},
        go_mod=(
            Edit("require", "example.com/lib", "v1.0.0"),
            Edit("exclude", "example.com/lib", "v1.1.0"),
            Edit("go", version="1.25.5", when="go.mod asks for more than go1.25.5"),
        ),
        build=("go", "build", "-buildmode=plugin", "-o", "p.so", "."),
    )
    assert run(recipe) == (
        "go mod edit -require=example.com/lib@v1.0.0 -exclude=example.com/lib@v1.1.0",
        "# if go.mod asks for more than go1.25.5: go mod edit -go=1.25.5 -toolchain=none",
        "GOTOOLCHAIN=go1.25.5 GOEXPERIMENT='' CGO_ENABLED=1 go build -buildmode=plugin -o p.so .",
    )


def host(name: str) -> Build:
    """The host of a recorded set."""
    return Build(recorded.by_name(name).host, "the host")


@pytest.mark.parametrize(
    ("name", "env", "flags"),
    [
        ("flags/trimpath/host-only@1.27.3", {}, ["-trimpath"]),
        ("flags/gcflags-all-N-l/host-only@1.27.3", {}, ["-gcflags=all=-N -l"]),
        ("flags/gcflags-main-N-l/host-only@1.27.3", {}, []),
        ("flags/race/host-only@1.27.3", {}, ["-race"]),
        ("flags/tags-unrelated/host-only@1.27.3", {}, ["-tags=unrelated"]),
        ("flags/experiment-arenas/host-only@1.27.3", {"GOEXPERIMENT": "arenas"}, []),
        ("flags/fips-v1.0.0/host-only@1.27.3", {"GOFIPS140": "v1.0.0-c2097c7c", "GOMODCACHE": CACHE}, []),
        (
            "flags/cgo-cflags-define/host-only@1.27.3",
            {"CGO_CFLAGS": "-DNATIVE_WIDE"},
            [],
        ),
    ],
)
def test_a_plugin_repeats_how_its_host_was_built(name: str, env: dict[str, str], flags: list[str]) -> None:
    found = baseline(host(name))
    assert found.go == "go1.27.3"
    assert found.env == {"GOTOOLCHAIN": "go1.27.3", "CGO_ENABLED": "1"} | env
    assert list(found.flags) == flags


@pytest.mark.parametrize(
    ("given", "plugins", "repeated"),
    [
        ("-lz", None, "-lz"),
        ("", None, None),
        ("-L/opt/lib -lz -lm", "", "-L/opt/lib -lz -lm"),
        ("", "-L/opt/lib -lz -lm", ""),
        # As many words as the default has.
        ("-L/opt/lib -lz", "", None),
        ("", "-L/opt/lib -lz", None),
        ("-lz", "-lm", None),
    ],
)
def test_as_many_words_for_the_linker_of_c_code_are_repeated(
    given: str, plugins: str | None, repeated: str | None
) -> None:
    builds = [
        Build(made(settings={"CGO_LDFLAGS": flags}).binary("file"), "…") if flags is not None else None
        for made, flags in ((test_rules.host, given), (test_rules.plugin, plugins))
    ]
    assert builds[0] is not None
    assert baseline(builds[0], builds[1]).env.get("CGO_LDFLAGS") == repeated


def test_a_baseline_gives_the_line_to_type() -> None:
    found = baseline(host("flags/gcflags-all-N-l/host-only@1.27.3"))
    assert (
        found.line("my plugin.so") == "GOTOOLCHAIN=go1.27.3 CGO_ENABLED=1 "
        "go build -buildmode=plugin '-gcflags=all=-N -l' -o 'my plugin.so' ."
    )


def found(name: str, follow: str = "host") -> tuple[Recipe | None, ...]:
    """The recipes of a recorded set."""
    one = recorded.by_name(name)
    outcomes = replay(one.host, one.requests, one.system)
    return recipes(one.host, one.requests, outcomes, explain(one.host, one.requests, outcomes), follow)


GO = "GOTOOLCHAIN=go1.27.3 CGO_ENABLED=1"
PLUGIN = f"{GO} go build -buildmode=plugin"
RUN = {
    "flags/trimpath/host-only@1.27.3": (f"{PLUGIN} -trimpath -o p.so .",),
    # -trimpath may come from GOFLAGS, which no file records: it is switched off by name.
    "flags/trimpath/plugin-only@1.27.3": (f"{PLUGIN} -trimpath=false -o p.so .",),
    "flags/race/plugin-only@1.27.3": (f"{PLUGIN} -race=false -o p.so .",),
    "flags/gcflags-all-N-l/plugin-only@1.27.3": (f"{PLUGIN} -gcflags=all= -o p.so .",),
    "flags/experiment-arenas/plugin-only@1.27.3": (
        "GOTOOLCHAIN=go1.27.3 GOEXPERIMENT=noarenas CGO_ENABLED=1 go build -buildmode=plugin -o p.so .",
    ),
    # No file tells whether a release has an experiment anyway that a build has off.
    "flags/experiment-nogreenteagc/plugin-only@1.27.3": (
        "GOTOOLCHAIN=go1.27.3 GOEXPERIMENT=nofieldtrack CGO_ENABLED=1 go build -buildmode=plugin -o p.so .",
    ),
    "rules/experiment-off-anyway@1.27.3": (f"{PLUGIN} -trimpath -o p.so .",),
    "rules/cpu-tags/plugin@1.27.3": (f"{GO} GOAMD64=v1 go build -buildmode=plugin -o p.so .",),
    "flags/pgo/plugin-only@1.27.3": (f"{PLUGIN} -pgo=off -o p.so .",),
    "modules/wire-v1.1.0/trimmed/host-only@1.27.3": (
        "go mod edit -require=example.com/Acme/wire@v1.1.0 -dropexclude=example.com/Acme/wire@v1.1.0",
        f"{GO} GOWORK=off go build -buildmode=plugin -trimpath -mod=mod -o p.so .",
    ),
    # A fork gives way: for all versions, and for the one that counts more.
    "modules/replaced-by-other-fork/untrimmed/plugin-only@1.27.3": (
        "go mod edit -dropreplace=example.com/greet -dropreplace=example.com/greet@v1.0.0 "
        "-require=example.com/greet@v1.0.0",
        f"{GO} GOWORK=off go build -buildmode=plugin -mod=mod -o p.so .",
    ),
    # The plugin requires the host's module: trimmed, only a workspace gives it the host's path.
    "traps/required-by-version/trimmed@1.27.3": (
        "HOST_CHECKOUT=/path/to/it  # complete this line",
        'GOTOOLCHAIN=go1.27.3 GOWORK=off go work init . "$HOST_CHECKOUT"',
        f"{GO} GOWORK='' go build -buildmode=plugin -trimpath -mod=readonly -o p.so .",
    ),
    "traps/inside-another-checkout/untrimmed@1.27.3": (
        "cd /tmp/gopluck-oracle/src/1.27.3/inside-3df3191551/plug",
        f"{PLUGIN} -o p.so .",
    ),
}


@pytest.mark.parametrize("name", RUN)
def test_what_the_plugins_side_types(name: str) -> None:
    (recipe,) = found(name)
    assert recipe is not None
    assert (recipe.possible, recipe.side, recipe.why_not) == (True, "plugin", None)
    assert run(recipe) == RUN[name]


WHY_NOT = {
    "links/host-cgo-off/same@1.27.3": ("a host built without cgo opens no plugin at all", "go build -o"),
    "links/host-internal/same@1.27.3": (
        "a host that does not export Go's symbols opens no plugin at all",
        "go build -ldflags=-linkmode=external -o",
    ),
    "links/host-static/same@1.27.3": (
        "a static host opens no plugin at all",
        "go build -ldflags=-linkmode=external -o",
    ),
    "mixed/02-cover-dep.host+vendored.host/untrimmed@1.27.3": (
        "the host took its modules from /tmp/gopluck-oracle/src/1.27.3/checkout/app/vendor, and without -trimpath "
        "that directory is part of their paths",
        "go build -cover",
    ),
    "content/inlinable-body/folders-trimmed/host-only@1.27.3": (
        "no version says which code of example.com/greet the host has",
        "go build -trimpath -o",
    ),
    "traps/test-host/in-package-tests@1.27.3": (
        "the host is a test binary that has the package under test compiled together with its _test.go files",
        "go test -c -o",
    ),
    "flags/gomodcache/host-only@1.27.3": (
        "why example.com/greet/internal/form differs is in no file",
        "go build -trimpath -o",
    ),
}


@pytest.mark.parametrize("name", WHY_NOT)
def test_why_nothing_on_the_plugins_side_helps(name: str) -> None:
    (recipe,) = found(name)
    why, command = WHY_NOT[name]
    assert recipe is not None
    assert (recipe.possible, recipe.side, recipe.why_not) == (False, "host", why)
    assert build_command(recipe).startswith(command)


def test_for_a_vendored_host_the_recipe_is_gopluck_build() -> None:
    """Nobody types where each module is compiled as if it lay; the host's owner is not needed."""
    (recipe,) = found("modules/vendored/untrimmed/host-only@1.27.3")
    assert recipe is not None
    assert (recipe.possible, recipe.side, recipe.why_not) == (True, "plugin", None)
    assert run(recipe) == (
        "PLUGIN_SOURCE=/path/to/it  # complete this line",
        'gopluck build host-1.27.3-4a7f89e470 "$PLUGIN_SOURCE" -o p.so',
    )
    inside = recipe.inside
    assert inside is not None
    assert (inside.possible, inside.side, inside.why_not) == (True, "plugin", None)
    assert run(inside) == (
        "cd /tmp/gopluck-oracle/src/1.27.3/host-ceda3927f4",
        f"{PLUGIN} -mod=vendor -o p.so ./contrib/p",
    )


@pytest.mark.parametrize(
    ("root", "directory"), [("/src/app", "/src/app"), ("/src/$(touch canary)", None), ("app", None)]
)
def test_nothing_is_built_inside_a_checkout_that_is_not_known_or_cannot_be_named(
    root: str, directory: str | None
) -> None:
    sources = {**test_rules.directories(), "main": root}
    build = Build(test_rules.host(sources=sources).binary("host"), "the host")
    found = inside(build, baseline(build), "p.so")
    assert (found and found.directory) == directory


@pytest.mark.parametrize(
    "name", ["links/host-cgo-off/same", "links/host-internal/same", "links/host-static/same", "flags/asan/host-only"]
)
def test_what_the_owner_of_a_host_does_that_loads_nothing_is_what_a_check_says(name: str) -> None:
    build = host(f"{name}@1.27.3")
    refused = host_refuses(build)
    assert refused is not None
    finding, recipe = refused
    assert finding.message == (ASAN if "asan" in name else rule(finding.rule).title)
    assert (recipe,) == found(f"{name}@1.27.3")


@pytest.mark.parametrize(
    ("host_", "untold", "command"),
    [
        ({}, False, ("gopluck", "build", "host-1.27.3-4a7f89e470", "$PLUGIN_SOURCE", "-o", "p.so")),
        # A plugin that lacks more than the vendor folder.
        ({}, True, ("as", "planned")),
        # Names that no command line takes as they are.
        ({"path": "-x"}, False, ("as", "planned")),
        ({"path": "a\u202eb"}, False, ("as", "planned")),
        ({"path": "-x\u202e"}, False, ("as", "planned")),
        ({"image": InImage("image.tar", "", "", "/bin/host")}, False, ("as", "planned")),
    ],
)
def test_where_gopluck_build_is_the_recipe(host_: dict[str, Any], untold: bool, command: tuple[str, ...]) -> None:
    name = "modules/vendored/untrimmed/host-only@1.27.3"
    one = recorded.by_name(name)
    (outcome,) = replay(one.host, one.requests, one.system)
    (recipe,) = found(name)
    assert recipe is not None
    planned = recipe._replace(untold=untold, build=("as", "planned"), possible=False, side="host")
    assert built(one.host._replace(**host_), one.requests[0].binary, outcome, planned).build == command


SESSIONS: dict[str, list[tuple[bool, str] | None]] = {
    "sessions/copy@1.27.3": [None, (False, "host"), None],
    "sessions/conflict@1.27.3": [None, (True, "plugin")],
    # Not to blame: the packages of a refused plugin stay in the process.
    "sessions/conflict-with-refused@1.27.3": [(True, "plugin"), (False, "host")],
    "sessions/repaired-build@1.27.3": [(True, "plugin"), (False, "host")],
    "sessions/c-library-between@1.27.3": [None, (False, "plugin"), None],
    "sessions/foreign-between/1.25.5@1.27.3": [None, (True, "plugin"), (False, "host")],
}


@pytest.mark.parametrize("name", SESSIONS)
def test_in_a_session_only_who_is_to_blame_is_built_anew(name: str) -> None:
    assert [recipe and (recipe.possible, recipe.side) for recipe in found(name)] == SESSIONS[name]


@pytest.mark.parametrize(
    "name", ["conflict", "conflict-with-refused", "repaired-build", "copy", "same-pluginpath", "unnamed-copy"]
)
def test_a_plugin_before_that_has_nothing_to_do_with_it_changes_no_recipe(name: str) -> None:
    sets = {one.name: one for one in recorded.sets(recorded.RECORDED / "sessions.json.xz")}
    one = sets[f"sessions/{name}@1.27.3"]
    assert one.requests[0].binary is not None
    elsewhere = one.requests[0].binary._replace(path="first.so", identity=Identity("/first.so", "1:1"))
    assert elsewhere.go is not None
    few = elsewhere.go._replace(pluginpath="example.com/first", pkghashes=(), link_hashes={})
    requests = (OpenRequest("first.so", elsewhere._replace(go=few)), *one.requests)
    outcomes = replay(one.host, requests, one.system)
    said = recipes(one.host, requests, outcomes, explain(one.host, requests, outcomes))
    assert said == (None, *found(one.name))


@pytest.mark.parametrize(
    ("loads", "edited"),
    [(True, {CODEC, WORDS}), (False, {WORDS})],
    ids=["loaded", "refused"],
)
def test_of_a_refused_plugin_no_modules_are_taken(loads: bool, edited: set[str]) -> None:
    """Its packages stay in the process; those of the host still have to fit."""
    without = tuple(path for path in test_rules.SHARED if path not in test_rules.CODECS)
    one = test_rules.host(packages=without).binary("host")
    first = test_rules.plugin(path="example.com/first").binary("a.so")
    second = test_rules.plugin(deps=test_rules.modules(codec="v1.1.0", words="v1.1.0")).binary("b.so")
    requests = [OpenRequest("a.so", first), OpenRequest("b.so", second)]
    differs = test_rules.outcome((CODEC,), provider=1).mismatches + test_rules.outcome((WORDS,)).mismatches
    outcomes = [
        test_rules.outcome(() if loads else ("fmt",)),
        test_rules.outcome((CODEC,))._replace(mismatches=differs),
    ]
    recipe = recipes(one, requests, outcomes, explain(one, requests, outcomes))[1]
    assert recipe is not None
    assert {edit.module for edit in recipe.go_mod} == edited


FOLLOWING_THE_PLUGIN = {
    "flags/trimpath/plugin-only@1.27.3": (f"{GO} go build -trimpath -o host .",),
    "flags/trimpath/host-only@1.27.3": (f"{GO} go build -trimpath=false -o host .",),
    "modules/wire-v1.1.0/untrimmed/plugin-only@1.27.3": (
        "go mod edit -require=example.com/Acme/wire@v1.1.0 -dropexclude=example.com/Acme/wire@v1.1.0",
        f"{GO} GOWORK=off go build -mod=mod -o host .",
    ),
}


@pytest.mark.parametrize("name", FOLLOWING_THE_PLUGIN)
def test_the_host_can_follow_the_plugin(name: str) -> None:
    (recipe,) = found(name, "plugin")
    assert recipe is not None
    assert (recipe.possible, recipe.side) == (True, "host")
    assert tuple(line.replace(host(name).binary.path, "host") for line in run(recipe)) == FOLLOWING_THE_PLUGIN[name]


def shown(recipe: Recipe) -> str:
    """The last part of the text of a plugin that does not load."""
    result = PluginResult("p.so", 1, Verdict.FAILS, Stage.RUNTIME, Effect.ERROR, "refused", True, remedy=recipe)
    text = render(Report(HostSummary("host", "exe", "go1.27.3", "linux", "amd64", None), (result,)), View())
    assert all(len(line) <= 80 or " " not in line.strip() for line in text.splitlines())
    return text.partition("\n  refused\n")[2].strip("\n")


def test_the_text_is_one_block_to_paste() -> None:
    recipe = Recipe(
        True,
        "plugin",
        go="go1.27.3",
        env={"GOTOOLCHAIN": "go1.27.3", "CGO_ENABLED": "1", "GOWORK": ""},
        go_mod=(
            Edit("dropreplace", "example.com/gateway"),
            Edit("use", "example.com/gateway", to=Placeholder("$HOST_CHECKOUT")),
            Edit("go", version="1.27.3", when="the go line of go.mod asks for more than 1.27.3"),
        ),
        build=(
            "go",
            "build",
            "-buildmode=plugin",
            "-trimpath",
            "-gcflags=all=-N -l",
            "-mod=readonly",
            "-o",
            "p.so",
            ".",
        ),
        inputs=(
            Input("HOST_CHECKOUT", "the folder of the host's main module"),
            Input("", "the module cache", "/home/me/go/pkg/mod"),
        ),
        notes=("A note.",),
    )
    assert (
        shown(recipe)
        == """  fix   # HOST_CHECKOUT must be the folder of the host’s main module
        # In the folder of the plugin’s package main:
        HOST_CHECKOUT=/path/to/it  # complete this line
        go mod edit -dropreplace=example.com/gateway
        GOTOOLCHAIN=go1.27.3 GOWORK=off go work init . "$HOST_CHECKOUT"
        # if the go line of go.mod asks for more than 1.27.3: go mod edit
        # -go=1.27.3 -toolchain=none
        GOTOOLCHAIN=go1.27.3 CGO_ENABLED=1 GOWORK='' go build \\
          -buildmode=plugin -trimpath '-gcflags=all=-N -l' -mod=readonly \\
          -o p.so .
        # /home/me/go/pkg/mod must be the module cache
        # A note."""
    )


def test_the_text_says_why_nothing_helps_and_what_the_host_can_do() -> None:
    recipe = Recipe(
        False,
        "host",
        "a static host opens no plugin at all",
        build=("go", "build", "-o", "host", "."),
        notes=("A note.",),
    )
    assert (
        shown(recipe)
        == """  fix   # Nothing on the plugin’s side helps: a static host opens no plugin at
        # all
  host  # In the folder of the host’s package main:
        go build -o host .
        # A note."""
    )


def test_flags_of_a_host_without_settings_are_those_that_dwarf_has_of_nearly_every_package() -> None:
    hosts = {one.name: one.host for one in recorded.sets(recorded.RECORDED / "old.json.xz")}
    wanted = {
        "old/loads@1.15.15": (),
        "old/gcflags-all-N-l/host-only@1.15.15": ("-gcflags=all=-N -l",),
        "old/gcflags-main-N-l/host-only@1.15.15": (),
        "old/gcflags-all-N-l/host-only@1.19.8": ("-gcflags=all=-N -l",),
        "old/gcflags-std-l/host-only@1.15.15": ("-gcflags=std=-l",),
        "old/gcflags-std-l/host-only@1.17.13": ("-gcflags=std=-l",),
    }
    assert {name: baseline(Build(hosts[name], "the host")).flags for name in wanted} == wanted


@pytest.mark.parametrize(("flagged", "flags"), [(3, ()), (4, ()), (5, ("-gcflags=all=-l",)), (7, ("-gcflags=all=-l",))])
def test_flags_are_repeated_that_two_of_three_packages_have(flagged: int, flags: tuple[str, ...]) -> None:
    """Of no settings and seven packages; the last three are not of the standard library."""
    words = {
        path: "-l regabi" if number < flagged else "regabi" for number, path in enumerate(reversed(test_rules.SHARED))
    }
    build = Build(test_rules.host(build_info=False, flags=words).binary("host"), "the host")
    assert baseline(build).flags == flags


@pytest.mark.parametrize(
    ("settings", "flags"),
    [
        ({"-race": "true"}, ("-race", "-trimpath")),
        ({"-gcflags": "all=-N -l"}, ("-gcflags=all=-N -l", "-trimpath")),
        ({"-gcflags": "all=-N -trimpath=/src"}, ("-gcflags=all=-N", "-trimpath")),
        ({"-gcflags": "all=-trimpath=/src"}, ("-trimpath",)),
    ],
)
def test_with_trimpath_the_compilers_own_is_left_out(settings: dict[str, str], flags: tuple[str, ...]) -> None:
    build = Build(test_rules.host(settings=settings).binary("host"), "the host")
    assert for_the_host(build, [Problem("…", ("-trimpath",))]).flags == flags


@pytest.mark.parametrize(
    ("toolchain", "flags"),
    [
        (True, ["-require=example.com/lib@v1.0.0", "-go=1.25.5", "-toolchain=none"]),
        (False, ["-require=example.com/lib@v1.0.0", "-go=1.25.5"]),
    ],
)
def test_a_toolchain_line_is_left_out_where_there_is_one(toolchain: bool, flags: list[str]) -> None:
    edits = [Edit("require", "example.com/lib", "v1.0.0"), Edit("go", version="1.25.5")]
    assert edit_flags(edits, toolchain=toolchain) == flags


UNPINNED = (Module(CODEC, "v1.0.0"), test_rules.modules()[1])
OTHER_SUM = (Module(CODEC, "v1.0.0", "h1:other="), test_rules.modules()[1])


@pytest.mark.parametrize(
    ("deps", "plugins", "why"),
    [
        (test_rules.modules(), OTHER_SUM, f"{CODEC} v1.0.0 is other code in the two builds, under one version"),
        (test_rules.modules(), UNPINNED, None),
        (UNPINNED, test_rules.modules(), f"no version says which code of {CODEC} the host has"),
    ],
)
def test_the_side_gives_way_whose_code_no_checksum_pins(
    deps: tuple[Module, ...], plugins: tuple[Module, ...], why: str | None
) -> None:
    one, two = test_rules.host(deps=deps).binary("host"), test_rules.plugin(deps=plugins).binary("p.so")
    requests, outcomes = [OpenRequest("p.so", two)], [test_rules.outcome(test_rules.CODECS)]
    (recipe,) = recipes(one, requests, outcomes, explain(one, requests, outcomes))
    assert recipe is not None
    assert (recipe.possible, recipe.why_not) == (why is None, why)


@pytest.mark.parametrize(
    ("output", "mode", "name"),
    [
        ("auth.so", "plugin", "auth.so"),
        ("$(id).so", "plugin", "plugin.so"),
        ("-x", "", "host"),
        ("gateway", "", "gateway"),
    ],
)
def test_a_name_that_is_no_file_name_is_not_repeated(output: str, mode: str, name: str) -> None:
    assert build_words((), output, mode)[-3:] == ("-o", name, ".")


def test_the_commands_are_the_fix_of_the_causes_alone() -> None:
    recipe = Recipe(True, "plugin", build=("go", "build"))
    findings = (Finding("a", Role.CAUSE, "…", fix="one"), Finding("b", Role.HARMLESS, "…", fix="two"))
    assert [finding.fix for finding in with_words(findings, recipe)] == ["go build", "two"]
    for nothing in (None, recipe._replace(possible=False)):
        assert with_words(findings, nothing) == findings


@pytest.mark.parametrize(
    ("settings", "flags"),
    [
        ({"-gcflags": "./internal/...=-l"}, ("-gcflags=example.com/app/internal/...=-l",)),
        ({"-gcflags": "all=-N -l"}, ("-gcflags=all=-N -l",)),
        ({"-gcflags": "-N"}, ()),
    ],
)
def test_a_pattern_means_the_same_in_another_module(settings: dict[str, str], flags: tuple[str, ...]) -> None:
    assert baseline(Build(test_rules.host(settings=settings).binary("host"), "the host")).flags == flags


@pytest.mark.parametrize(
    ("given", "external", "flags", "left_out"),
    [
        ("", False, (), ()),
        ("", True, ("-ldflags=-linkmode=external",), ()),
        ("-s -w", False, ("-ldflags=-s -w",), ()),
        ("-s -extldflags=-static", True, ("-ldflags=-s -linkmode=external",), ()),
        ("-X 'a.b=$(touch canary)'", False, (), (LeftOut("-ldflags", "-X 'a.b=$(touch canary)'"),)),
        (
            "-X 'a.b=$(touch canary)'",
            True,
            ("-ldflags=-linkmode=external",),
            (LeftOut("-ldflags", "-X 'a.b=$(touch canary)'"),),
        ),
    ],
)
def test_what_a_host_keeps_of_its_flags_for_the_linker(
    given: str, external: bool, flags: tuple[str, ...], left_out: tuple[LeftOut, ...]
) -> None:
    """`external`: it has to export Go's symbols."""
    build = Build(test_rules.host(settings={"-ldflags": given}).binary("host"), "the host")
    found = for_the_host(build, [Problem("…", (EXTERNAL,) if external else ())])
    assert (found.flags, found.left_out) == (flags, left_out)


def test_without_the_module_cache_everything_else_stays() -> None:
    profile = {"-pgo": "/src/default.pgo"}
    untrimmed = baseline(Build(test_rules.host(settings=profile).binary("host"), "the host"))
    trimmed = baseline(
        Build(test_rules.host(settings=profile, sources=test_rules.trimmed()).binary("host"), "the host")
    )
    assert untrimmed.env["GOMODCACHE"] == test_rules.CACHE.rstrip("/")
    assert [one.path for one in untrimmed.inputs] == ["/root/go/pkg/mod", "/src/default.pgo"]
    assert [one.path for one in untrimmed.without_cache().inputs] == ["/src/default.pgo"]
    assert trimmed.without_cache() == trimmed
    assert untrimmed.without_cache().env == trimmed.env


@pytest.mark.parametrize(
    ("path", "form", "name"),
    [("gateway", "elf", "gateway"), ("gateway.json", "elf", "gateway.json"), ("gateway.json", "manifest", "gateway")],
)
def test_a_manifest_has_the_name_of_its_host(path: str, form: str, name: str) -> None:
    binary = test_rules.host().binary(path)._replace(format=form)
    assert for_the_host(Build(binary, "the host"), []).build == ("go", "build", "-o", name, ".")


@pytest.mark.parametrize(
    ("kind", "settings", "words"),
    [
        ("exe", {}, ("go", "build")),
        ("pie", {"-buildmode": "pie"}, ("go", "build", "-buildmode=pie")),
        ("test", {"-buildmode": "pie"}, ("go", "test", "-c", "-buildmode=pie")),
        # Before Go 1.18 no settings are recorded.
        ("pie", None, ("go", "build", "-buildmode=pie")),
    ],
)
def test_a_host_that_is_position_independent_stays_so(
    kind: str, settings: dict[str, str] | None, words: tuple[str, ...]
) -> None:
    path = f"{test_rules.APP}/core.test" if kind == "test" else test_rules.APP
    binary = test_rules.host(kind=kind, settings=settings, path=path).binary("host")
    assert for_the_host(Build(binary, "the host"), []).build == (*words, "-o", "host", ".")


# -- modules -----------------------------------------------------------------------------------------------------------

FOLDER = (Module(CODEC, "v1.0.0", "", Module("/src/codec", "(devel)")), test_rules.modules()[1])
AT_HOME = test_rules.directories() | {path: f"/src/codec{path.removeprefix(CODEC)}" for path in test_rules.CODECS}
LIB = f"{test_rules.ADDON}/lib"
PINNED = (*test_rules.modules(), Module(test_rules.ADDON, "v1.0.0", "h1:addon="))
WORKSPACE = (Module(CODEC, ""), test_rules.modules()[1])
OLDER = {"DefaultGODEBUG": "panicnil=1"}
"""Of a module whose go line is below 1.17 nothing says that go.mod has all requirements."""

CHANGES: dict[str, tuple[test_rules.Made, test_rules.Made, tuple[list[str], list[str], list[str]]]] = {
    "a folder that both name, compiled from another place": (
        test_rules.host(deps=FOLDER, sources=AT_HOME),
        test_rules.plugin(deps=FOLDER, sources=test_rules.directories(cache="/w/addon/vendor/")),
        (
            [],
            [],
            ["example.com/codec comes from /src/codec on both sides, and what else the host did with it is in no file"],
        ),
    ),
    "a folder that both name, trimmed": (
        test_rules.host(deps=FOLDER, sources=test_rules.trimmed()),
        test_rules.plugin(deps=FOLDER, sources=test_rules.trimmed()),
        (
            [
                "-dropreplace=example.com/codec",
                "-dropreplace=example.com/codec@v1.0.0",
                "-replace=example.com/codec=/src/codec",
            ],
            ["the host's copy of example.com/codec"],
            [],
        ),
    ),
    "a module of the host's workspace": (
        test_rules.host(deps=WORKSPACE, sources=test_rules.trimmed()),
        test_rules.plugin(sources=test_rules.trimmed()),
        (
            [".", "$CHECKOUT_OF_EXAMPLE_COM_CODEC"],
            ["CHECKOUT_OF_EXAMPLE_COM_CODEC the folder of example.com/codec that the host was built with"],
            [],
        ),
    ),
    "what others require is not seen": (
        test_rules.host(deps=(test_rules.modules()[0], Module(WORDS, "v1.0.0"))),
        test_rules.plugin(deps=test_rules.modules(codec="v1.1.0", words="v1.1.0")),
        (["lower"], [], []),
    ),
    "what else stays as it is, but the plugin's own module": (
        test_rules.host(deps=PINNED, packages=(*test_rules.SHARED, LIB)),
        test_rules.plugin(
            deps=test_rules.modules(codec="v1.1.0"),
            packages=(*test_rules.SHARED, LIB),
            main=Module(test_rules.ADDON, "v1.0.0"),
            settings=OLDER,
        ),
        (
            [
                "-require=example.com/codec@v1.0.0",
                "-exclude=example.com/codec@v1.1.0",
                "-require=example.com/words@v1.0.0",
            ],
            [],
            [],
        ),
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_done_about_a_module(name: str) -> None:
    one, two, expected = CHANGES[name]
    builds = Build(one.binary("host"), "the host"), Build(two.binary("p.so"), "the plugin")
    found = changes(*builds, [CODEC], [CODEC])
    assert (
        [word for edit in found.edits for word in edit_words(edit)[2:] or (edit.kind,)],
        [f"{needed.name} {needed.what}".strip() for needed in found.inputs],
        [problem.why for problem in found.problems],
    ) == expected
