"""`gopluck diff`: what is said of two builds of a host, to people and to machines, and its exit status."""

from __future__ import annotations

import json
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

import reports as r
import standin
from fixtures.samples.archive import unpack
from gopluck.builds.build import Build
from gopluck.cli.main import main
from gopluck.explainer.hosts import compare_hosts, importable
from gopluck.facts.model import Binary, Elf, Go, Identity
from gopluck.golang.records import BuildInfo, Module
from gopluck.report.diff_json import render as rendered
from gopluck.report.diff_text import render
from gopluck.report.interface import QUIET, VERBOSE, View
from gopluck.result.check import Finding
from gopluck.result.diff import ChangedPackage, HostChange, HostDiff, OneSided, PluginChange
from gopluck.result.verdict import Role
from test_report_json import closed, described

SCHEMA: dict[str, Any] = json.loads(files("gopluck.report").joinpath("schema/diff-v1.json").read_text("utf-8"))

OLD, NEW = r.HOST._replace(path="gateway-1.4"), r.HOST._replace(path="gateway-1.5")
CODEC = "github.com/acme/codec"
VERSION = Finding(
    "module-version",
    Role.CAUSE,
    f"{CODEC} is v1.2.0 in the old host, v1.3.1 in the new host",
    (CODEC, CODEC + "/json"),
    {"old": f"{CODEC} v1.2.0", "new": f"{CODEC} v1.3.1"},
)
CHANGED = (
    ChangedPackage(CODEC, CODEC, True, "01", "02", f"{CODEC}@v1.2.0", f"{CODEC}@v1.3.1", ("module-version",), ()),
    ChangedPackage(CODEC + "/json", CODEC, True, "03", "04", causes=("module-version",)),
    ChangedPackage(
        "example.com/gateway/internal/route",
        "example.com/gateway",
        False,
        "05",
        "06",
        causes=("dependency-changed",),
        via=(CODEC + "/json",),
    ),
)
FOLLOWS = PluginChange("auth.so", "rebuild", r.loads("auth.so"), r.DIFFERENT)
SAME = HostDiff(OLD, NEW, 97)
BREAKING = HostDiff(
    OLD,
    NEW,
    97,
    CHANGED,
    (OneSided("github.com/acme/log", "github.com/acme/log", "v1.0.0", True),),
    (OneSided("net/http", "std", None, True), OneSided("example.com/gateway/internal/x", None, None, False)),
    findings=(VERSION,),
    plugins=(
        FOLLOWS,
        PluginChange("metrics.so", "keep", r.loads(), r.loads()),
        PluginChange("old.so", "unfit", r.DIFFERENT, r.DIFFERENT),
        PluginChange("future.so", "unknown", r.UNKNOWN, r.UNKNOWN),
    ),
)
WITHOUT_CGO = HostDiff(
    OLD,
    NEW,
    0,
    breaks=(HostChange("host-without-cgo", "the new host was built without cgo: its package plugin is a stub"),),
    note="the new host defines no package hashes",
)

TEXTS = {
    "nothing changed": (
        SAME,
        "✓ plugins of gateway-1.4 fit gateway-1.5\n  all 97 packages that both have match\n",
    ),
    "packages changed": (
        BREAKING,
        """✗ plugins of gateway-1.4 must be rebuilt for gateway-1.5: github.com/acme/codec is v1.2.0 in the old host, v1.3.1 in the new host
  2 of 97 packages changed: a plugin that links one of them is refused
  1 more changed that no plugin of another module can import

  why      github.com/acme/codec is v1.2.0 in the old host,       module-version
           v1.3.1 in the new host
           2 packages: github.com/acme/codec, github.com/acme/codec/json

  changed  github.com/acme/codec, 2 packages: github.com/acme/codec,
             github.com/acme/codec/json
  internal example.com/gateway/internal/route (example.com/gateway)

  added    github.com/acme/log
           A plugin that brings its own copy of one of these has to match the
           host's now.
  removed  net/http (standard library)
           Plugins bring these themselves now: two in one process may conflict.

✗ auth.so must be rebuilt: the host was built with -trimpath, the plugin without (and 1 more)
  plugin.Open("auth"): plugin was built with a different version of package internal/goarch
✓ metrics.so loads into gateway-1.5
- old.so did not load into gateway-1.4 either: the host was built with -trimpath, the plugin without (and 1 more)
? whether future.so loads into gateway-1.5 cannot be determined: go1.99 was not tested with this gopluck.

1 of 4 plugins must be rebuilt, 1 did not load before, 1 cannot be determined.

More: gopluck explain module-version
""",  # noqa: E501
    ),
    "only internal packages changed": (
        SAME._replace(changed=CHANGED[2:]),
        """✓ plugins of gateway-1.4 fit gateway-1.5
  1 of 97 packages changed that no plugin of another module can import

  internal example.com/gateway/internal/route (example.com/gateway)
""",
    ),
    "the new host opens no plugin": (
        WITHOUT_CGO,
        """✗ no plugin of gateway-1.4 fits gateway-1.5: the new host was built without cgo: its package plugin is a stub
  the new host defines no package hashes

  why      the new host was built without cgo: its package      host-without-cgo
           plugin is a stub

More: gopluck explain host-without-cgo
""",
    ),
    "a plugin brings what was added": (
        SAME._replace(plugins=(FOLLOWS,)),
        """✗ 1 of 1 plugin must be rebuilt for gateway-1.5
  all 97 packages that both have match

✗ auth.so must be rebuilt: the host was built with -trimpath, the plugin without (and 1 more)
  plugin.Open("auth"): plugin was built with a different version of package internal/goarch
""",
    ),
}


@pytest.mark.parametrize(("diff", "text"), TEXTS.values(), ids=TEXTS)
def test_the_text(diff: HostDiff, text: str) -> None:
    assert render(diff, View()) == text


def test_plugins_for_which_it_means_the_same_are_named_together() -> None:
    plugins = tuple(FOLLOWS._replace(path=f"p{number}.so") for number in range(1000))
    text = render(SAME._replace(plugins=plugins), View())
    assert (
        text
        == """✗ 1000 of 1000 plugins must be rebuilt for gateway-1.5
  all 97 packages that both have match

✗ 1000 plugins must be rebuilt: the host was built with -trimpath, the plugin without (and 1 more)
  p0.so, p1.so, p2.so, p3.so, p4.so and 995 more (-v shows all)
  plugin.Open("auth"): plugin was built with a different version of package internal/goarch

1000 of 1000 plugins must be rebuilt.
"""
    )
    assert len(render(SAME._replace(plugins=plugins), View(verbosity=QUIET)).splitlines()) == 1001


def test_quiet_says_the_verdict_and_what_to_rebuild() -> None:
    assert render(SAME, View(verbosity=QUIET)) == ""
    assert render(BREAKING, View(verbosity=QUIET)) == (
        "✗ plugins of gateway-1.4 must be rebuilt for gateway-1.5: github.com/acme/codec is v1.2.0 in the old host, "
        "v1.3.1 in the new host\n"
        "✗ auth.so must be rebuilt: the host was built with -trimpath, the plugin without (and 1 more)\n"
        "? whether future.so loads into gateway-1.5 cannot be determined: go1.99 was not tested with this gopluck.\n"
    )


def test_verbose_shows_every_package_with_hashes_and_the_evidence() -> None:
    text = render(BREAKING, View(verbosity=VERBOSE))
    for line in (
        "             old  01  github.com/acme/codec@v1.2.0",
        "             new  02  github.com/acme/codec@v1.3.1",
        "             new  github.com/acme/codec v1.3.1",
        "             via github.com/acme/codec/json",
    ):
        assert line in text.splitlines()


VERDICTS = {
    "compatible": SAME,
    "breaking": BREAKING,
    "breaking, although no package changed": SAME._replace(plugins=(FOLLOWS,)),
    "unknown": SAME._replace(plugins=BREAKING.plugins[3:]),
    "compatible, since the plugin never fitted": SAME._replace(plugins=BREAKING.plugins[2:3]),
}


@pytest.mark.parametrize(("name", "diff"), VERDICTS.items(), ids=VERDICTS)
def test_the_verdict(name: str, diff: HostDiff) -> None:
    assert diff.verdict == name.partition(",")[0]


# -- JSON --------------------------------------------------------------------------------------------------------------


def test_the_schema_is_a_schema_and_describes_every_field() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert described(SCHEMA) == []


@pytest.mark.parametrize("diff", [SAME, BREAKING, WITHOUT_CGO], ids=["same", "breaking", "without cgo"])
def test_the_document_is_what_the_schema_says_and_nothing_else(diff: HostDiff) -> None:
    Draft202012Validator(closed(SCHEMA)).validate(json.loads(rendered(diff, View())))


# -- which packages plugins can link -----------------------------------------------------------------------------------


def host(*packages: str, main: str = "example.com/gateway", deps: tuple[str, ...] = (CODEC,)) -> Binary:
    """A host with these packages, in link order, each with its name as hash."""
    info = BuildInfo("go1.27.3", main, Module(main, ""), tuple(Module(dep, "v1.0.0") for dep in deps))
    go = Go("exe", "go1.27.3", info, "dlopen", True, False, "", (), {path: path for path in packages})
    elf = Elf(b"", 64, "little", 62, 2, "amd64", interp="/lib64/ld-linux-x86-64.so.2")
    return Binary("gateway", 1, Identity("gateway", "1:1"), "elf", elf, go)


def test_plugins_link_what_public_packages_can_import() -> None:
    packages = [
        "internal/abi",
        "vendor/golang.org/x/net/dns",
        "fmt",
        f"{CODEC}/internal/wire",
        CODEC,
        "example.com/gateway/internal/log",
        "example.com/gateway/api",
        "example.com/gateway/internal/route",
        "example.com/gateway/cmd/serve/internal/flags",
        "main",
    ]
    assert sorted(importable(Build(host(*packages), ""))) == sorted(packages[:7])


def test_a_module_without_a_dot_in_its_path_is_not_the_standard_library() -> None:
    assert importable(Build(host("fmt", "gateway/internal/route", "main", main="gateway"), "")) == {"fmt"}


def changed(host: Binary, *paths: str) -> Binary:
    """The same with other hashes of some packages."""
    assert host.go is not None
    hashes = {path: "changed" if path in paths else found for path, found in host.go.link_hashes.items()}
    return host._replace(go=host.go._replace(link_hashes=hashes))


def test_a_change_of_the_main_package_is_none() -> None:
    one = host("fmt", CODEC, "main")
    assert compare_hosts(one, changed(one, "main")).changed == ()


def test_packages_that_only_one_host_has() -> None:
    found = compare_hosts(host("fmt", CODEC), host("fmt", "net/http"))
    assert found.compared == 1
    assert found.added == (OneSided("net/http", "std", None, True),)
    assert found.removed == (OneSided(CODEC, CODEC, "v1.0.0", True),)


def test_what_keeps_every_plugin_out() -> None:
    def go(binary: Binary, **fields: Any) -> Binary:
        assert binary.go is not None
        return binary._replace(go=binary.go._replace(**fields))

    def elf(binary: Binary, **fields: Any) -> Binary:
        assert binary.elf is not None
        return binary._replace(elf=binary.elf._replace(**fields))

    good = host("fmt")
    static = go(elf(good, interp=None, sections=("__libc_freeres",)), exports_moduledata=False)
    cases = {
        "host-without-plugin-support": go(good, plugin_support="none"),
        "host-without-cgo": go(good, plugin_support="stub"),
        "host-not-exporting": go(good, exports_moduledata=False),
        "static-host": static,
        "libc-mismatch": elf(good, interp="/lib/ld-musl-x86_64.so.1"),
        "machine-mismatch": elf(good, goarch="arm64"),
    }
    for rule, new in cases.items():
        assert [one.rule for one in compare_hosts(good, new).breaks] == [rule]
        # A host that takes no plugin anyway loses none; one that now takes some is no worse.
        assert compare_hosts(new, new).breaks == ()
    assert compare_hosts(static, good).breaks == ()


# -- the command -------------------------------------------------------------------------------------------------------


def gopluck(*args: str) -> Result:
    return CliRunner().invoke(main, args, prog_name="gopluck")


STATUS = {
    "nothing changed": ([], 0),
    "keep": (["keep.so"], 0),
    "a plugin that never fitted": (["unfit.so"], 0),
    "rebuild": (["keep.so", "rebuild.so", "unknown.so"], 1),
    "unknown": (["unknown.so", "unfit.so"], 3),
    "quiet and verbose": (["-q", "-v"], 2),
}


@pytest.mark.parametrize(("args", "status"), STATUS.values(), ids=STATUS)
def test_exit_status(args: list[str], status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    modules: dict[str, object] = {}
    standin.install(modules)
    monkeypatch.setitem(sys.modules, "gopluck.api", modules["gopluck.api"])
    assert gopluck("diff", "old", "new", *args).exit_code == status


def test_a_host_and_its_manifest_are_the_same_build(tmp_path: Path) -> None:
    samples = unpack()
    manifest = tmp_path / "gateway.json"
    assert gopluck("manifest", str(samples / "gateway"), "--output", str(manifest)).exit_code == 0
    result = gopluck("diff", str(manifest), str(samples / "gateway"), str(samples / "auth.so"), "--format", "json")
    found = json.loads(result.stdout)
    Draft202012Validator(closed(SCHEMA)).validate(found)
    assert result.exit_code == 0
    assert (found["verdict"], found["packages"]["changed"], found["old"]["kind"]) == ("compatible", [], "manifest")
    assert [plugin["action"] for plugin in found["plugins"]] == ["keep"]


def test_a_debug_build_of_the_sample_host() -> None:
    samples = unpack()
    plugins = [str(samples / name) for name in ("auth.so", "auth-trimpath.so")]
    result = gopluck("diff", str(samples / "gateway"), str(samples / "gateway-debug"), *plugins, "--format", "json")
    found = json.loads(result.stdout)
    Draft202012Validator(closed(SCHEMA)).validate(found)
    assert result.exit_code == 1
    assert {finding["rule"] for finding in found["findings"]} == {"compiler-flags"}
    assert [plugin["action"] for plugin in found["plugins"]] == ["rebuild", "unfit"]


def test_link_hashes_are_read_in_link_order() -> None:
    """Plugins say their link order in `pkghashes`; the order of their hashes' addresses is the same."""
    from gopluck.facts.read import read

    seen = 0
    for path in sorted(unpack().glob("auth*.so")):
        go = read(str(path)).go
        if go is not None and go.kind == "plugin":
            order = [package.path for package in go.pkghashes]
            assert [name for name in go.link_hashes if name in set(order)] == order, path
            seen += 1
    assert seen >= 8
