"""The host manifest: what its schema says, its bytes, and what is lost without the directories of the build machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft7Validator

from fixtures.samples.archive import unpack
from gopluck.cli.main import main
from gopluck.explainer.engine import Explanation, explain
from gopluck.facts import manifest, published
from gopluck.facts.model import Binary, Go
from gopluck.golang.records import BuildInfo, Module
from gopluck.replay.process import replay
from recorded import SILENT, families, named, sets
from test_report_json import closed, described

SCHEMA: dict[str, Any] = json.loads(files("gopluck.facts").joinpath("schema/manifest-v1.json").read_text("utf-8"))
FAMILIES = pytest.mark.parametrize("path", families(), ids=lambda path: path.name.partition(".")[0])


def hosts(path: Path) -> Iterator[Binary]:
    """The hosts of a family that have a manifest, each once."""
    found = {one.raw["host"]: one.host for one in sets(path)}.values()
    yield from (host for host in found if host.go is None or not host.go.obfuscated)


def again(host: Binary, text: str) -> Binary:
    return manifest.parse(text.encode(), host.path, host.identity)


def test_the_schema_is_a_schema_and_describes_every_field() -> None:
    Draft7Validator.check_schema(SCHEMA)
    assert described(SCHEMA) == []


@FAMILIES
def test_the_manifest_of_every_host_is_what_the_schema_says(path: Path) -> None:
    validator = Draft7Validator(closed(SCHEMA))
    for host in hosts(path):
        for paths in (True, False):
            text = manifest.dumps(host, paths=paths)
            validator.validate(json.loads(text))
            if host.go and host.go.link_hashes:
                assert manifest.dumps(again(host, text), paths=paths) == text, host.path


def test_the_page_names_every_field() -> None:
    page = (Path(__file__).parent.parent / "docs/manifest.md").read_text("utf-8")
    top: dict[str, Any] = SCHEMA["properties"]
    assert [name for name in (*top, *top["go"]["properties"]) if f"{name}`" not in page] == []


# -- without directories ----------------------------------------------------------------------------------------------


@FAMILIES
def test_without_paths_no_directory_of_the_build_machine_is_in_it(path: Path) -> None:
    for host in hosts(path):
        document = json.loads(manifest.dumps(host, paths=False))
        del document["elf"]  # what the running process looks for
        found = [text for text in texts(document) if published._ABSOLUTE.search(text) and text != published.GOROOT]
        assert found == [], host.path


def texts(value: Any) -> Iterator[str]:
    """Every string in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, dict):
        yield from value
        yield from texts(list(value.values()))


@FAMILIES
def test_without_paths_no_cause_turns_into_another_one(path: Path) -> None:
    for one in sets(path):
        if one.host.go is not None and one.host.go.obfuscated:
            continue  # it has no manifest
        outcomes = replay(one.host, one.requests, one.system)
        kept, dropped = (
            explain(again(one.host, manifest.dumps(one.host, paths=paths)), one.requests, outcomes)
            for paths in (True, False)
        )
        whole = explain(one.host, one.requests, outcomes)
        for full, with_paths, without in zip(whole, kept, dropped, strict=True):
            # Where the functions of a package begin, and in which of its files, is in the host only.
            assert named(full) - named(with_paths) <= {"module-content", "build-tags"}, one.name
            # Without them other code is nearer than other tags.
            nearer = {"module-content"} if "build-tags" in named(full) - named(with_paths) else set()
            assert named(with_paths) - named(full) <= {"unexplained"} | nearer, one.name
            assert named(without) - SILENT <= named(with_paths), one.name
            causes = by_package(with_paths)
            for package, found in by_package(without).items():
                assert found - SILENT <= causes[package], (one.name, package)


def by_package(explanation: Explanation) -> dict[str, set[str]]:
    return {package.path: set(package.causes) for package in explanation.packages.mismatched}


@FAMILIES
def test_of_a_trimmed_host_nothing_is_lost_without_paths(path: Path) -> None:
    for host in hosts(path):
        go = host.go
        if go is None or not go.sources or any(place.startswith("/") for place in go.sources.values()):
            continue
        assert published.without_paths(go).sources == go.sources, host.path


PATHS = {
    "/home/a": True,
    "-I/home/a/include": True,
    "-isystem/usr/x": True,
    "-O2 -isystem /usr/x": True,
    "-X main.dir=/srv": True,
    "-extldflags=-Wl,-rpath,/opt/x": True,
    "'/a b'": True,
    "-O2 -g": False,
    "all=-N -l": False,
    "example.com/greet/...=-l": False,
    "./...=-N": False,
    "../x/default.pgo": False,
    "-L../lib": False,
    "-X example.com/a/b.V=1": False,
}


@pytest.mark.parametrize(("value", "dropped"), PATHS.items(), ids=PATHS)
def test_a_setting_is_dropped_when_it_names_an_absolute_path(value: str, dropped: bool) -> None:
    replaced = Module("example.com/lib", "v1.0.0", "", Module("/home/a/fork", ""))
    info = BuildInfo("go1.27.3", "example.com/app", None, (replaced,), (("-x", value), ("-trimpath", "true")))
    found = published.without_paths(Go("exe", "go1.27.3", info, "dlopen", True, False, "", (), {})).build_info
    assert found is not None
    assert found.dropped == ({"-x"} if dropped else frozenset())
    assert ("-x" in dict(found.settings)) != dropped
    assert found.deps[0].replace == Module(".../fork", "")


# -- the command -------------------------------------------------------------------------------------------------------


def gopluck(*args: str) -> Result:
    return CliRunner().invoke(main, args, prog_name="gopluck")


@pytest.mark.parametrize("paths", ["keep", "drop"])
def test_a_check_with_the_manifest_of_a_sample_host(paths: str, tmp_path: Path) -> None:
    samples = unpack()
    written = tmp_path / "gateway.json"
    assert gopluck("manifest", str(samples / "gateway"), "--paths", paths, "-o", str(written)).exit_code == 0
    assert ("/tmp/gopluck-oracle" in written.read_text()) == (paths == "keep")
    for name, status in (("auth.so", 0), ("auth-trimpath.so", 1), ("auth-newer-module.so", 1)):
        by_host, by_manifest = (
            json.loads(gopluck("check", str(host), str(samples / name), "--format", "json").stdout)["plugins"][0]
            for host in (samples / "gateway", written)
        )
        assert gopluck("check", str(written), str(samples / name)).exit_code == status
        for field in ("verdict", "stage", "effect", "error"):
            assert by_manifest[field] == by_host[field]
        causes = [
            {one["rule"] for one in found["findings"] if one["role"] == "cause"} for found in (by_host, by_manifest)
        ]
        assert causes[0] == causes[1]


def test_a_manifest_can_be_written_of_a_manifest(tmp_path: Path) -> None:
    samples = unpack()
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    gopluck("manifest", str(samples / "gateway"), "-o", str(first))
    gopluck("manifest", str(first), "--paths", "drop", "-o", str(second))
    assert second.read_text() == gopluck("manifest", str(samples / "gateway"), "--paths", "drop").stdout
