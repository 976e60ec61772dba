"""What has to be typed: edits and recipes as shell lines, and what a host demands of every plugin."""

from __future__ import annotations

import pytest

import recorded
from gopluck.remedy.baseline import baseline
from gopluck.remedy.model import Edit, Recipe
from gopluck.rules.builds import Build

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
            Edit("replace", "example.com/lib", to="$HOST_CHECKOUT/lib"),
            'go mod edit "-replace=example.com/lib=$HOST_CHECKOUT/lib"',
        ),
        (Edit("dropreplace", "example.com/lib"), "go mod edit -dropreplace=example.com/lib"),
        (Edit("go", version="1.25.5"), "go mod edit -go=1.25.5 -toolchain=none"),
        (Edit("use", "example.com/app", to="$HOST_CHECKOUT"), 'go work init . "$HOST_CHECKOUT"'),
        (Edit("init", "example.com/plug"), "go mod init example.com/plug"),
    ],
)
def test_an_edit_is_one_shell_command(edit: Edit, command: str) -> None:
    assert edit.command == command


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
        command="go build -buildmode=plugin -o p.so .",
    )
    assert recipe.run == (
        "go mod edit -require=example.com/lib@v1.0.0 -exclude=example.com/lib@v1.1.0",
        "# if go.mod asks for more than go1.25.5: go mod edit -go=1.25.5 -toolchain=none",
        "GOTOOLCHAIN=go1.25.5 GOEXPERIMENT='' CGO_ENABLED=1 go build -buildmode=plugin -o p.so .",
    )


def host(name: str) -> Build:
    """The host of a recorded set."""
    family = next(path for path in recorded.families() if path.name == f"{name.partition('/')[0]}.json.xz")
    return Build(next(one.host for one in recorded.sets(family) if one.name == name), "the host")


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


def test_a_baseline_gives_the_line_to_type() -> None:
    found = baseline(host("flags/gcflags-all-N-l/host-only@1.27.3"))
    assert (
        f"{found.assignments} {found.line('my plugin.so')}" == "GOTOOLCHAIN=go1.27.3 CGO_ENABLED=1 "
        "go build -buildmode=plugin '-gcflags=all=-N -l' -o 'my plugin.so' ."
    )
