"""What a host looks up: names and types that gopluck reads from its machine code are those that Go named in real loads.

Of a plugin without exports Go names each symbol in an error; of one whose exports have another type it names each type
in a panic (`fixtures/scenarios/lookups.py`).
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

import recorded
from fixtures.oracle import build
from fixtures.oracle.toolchains import MINORS, OLD
from fixtures.scenarios import fallback, kit, oldlookups
from fixtures.scenarios import lookups as family
from fixtures.scenarios.kit import NEWEST, OLDEST
from gopluck.api import check
from gopluck.explainer.engine import explain
from gopluck.facts import manifest
from gopluck.facts.model import Binary, Identity
from gopluck.facts.read import read
from gopluck.golang import amd64
from gopluck.golang.records import LookedUp
from gopluck.replay.process import replay
from recorded import Set
from tinyelf import open_image

ROOT = Path(__file__).parent.parent
RECORDED = recorded.RECORDED / "lookups.json.xz"
RECORDED_OLD = recorded.RECORDED / f"{oldlookups.FAMILY}.json.xz"

UNSHOWN = ("Generic", "Closed")
"""Where the code may not show the type: it comes from a dictionary of generic code, or a function value is called."""

LIVE = ("plain", "N-l", "computed", "pie")
"""The ways to build the host of `make test`; `--full` loads all."""


def named(outcome: Mapping[str, Any], *, computed: bool) -> set[str]:
    """The symbols that Go names as missing."""
    texts = [one["text"] for one in outcome["asserted"] if one.get("computed", False) == computed]
    return {name for text in texts for name in re.findall(r"plugin: symbol (\S+) not found", text)}


def types(outcome: Mapping[str, Any]) -> dict[str, str]:
    """By function: the type that Go names as the one that is asserted."""
    found = {
        one["function"]: re.search(r"interface conversion: .* (?:is|Symbol is) \S+?,? (?:is )?not (.*)", one["text"])
        for one in outcome["asserted"]
    }
    return {name: re.sub(r": missing method \w+$", "", match[1]) for name, match in found.items() if match}


def short(text: str) -> str:
    """A type as Go prints it: packages without their paths."""
    return re.sub(r"[\w.~-]+/(?=[\w./~-])", "", text)


def ways(path: Path) -> dict[str, dict[str, Set]]:
    """The sets of each way to build the host, by plugin."""
    out: dict[str, dict[str, Set]] = {}
    for one in recorded.sets(path):
        _, way, rest = one.name.split("/")
        plugin, _, version = rest.partition("@")
        out.setdefault(f"{way}@{version}", {})[plugin] = one
    return out


def outcome_of(one: Set) -> Mapping[str, Any]:
    """What the host said of its plugin."""
    outcome: Mapping[str, Any] = one.raw["outcome"][0]
    return outcome


def misses(way: str, sets: Mapping[str, Set]) -> list[str]:
    """What gopluck read of a host otherwise than Go said."""
    assert sets["bare"].host.go is not None
    found = sets["bare"].host.go.lookups
    if found is None:
        return [f"{way}: nothing was read"]
    bare, wrong = outcome_of(sets["bare"]), outcome_of(sets["wrong"])
    names = {one.name for one in found if one.name}
    out = []
    if names != (wanted := named(bare, computed=False)):
        out.append(f"{way}: missing {sorted(wanted - names)}, invented {sorted(names - wanted)}")
    if any(not one.name for one in found) != bool(named(bare, computed=True)):
        out.append(f"{way}: said to be complete, or incomplete, and is not: {found}")
    asserted = types(wrong)
    assert len(asserted) >= 20
    symbols = {one["function"]: re.findall(r"symbol (\S+) not found", one["text"]) for one in bare["asserted"]}
    for function, kind in asserted.items():
        own = next(one for one in found if one.name == symbols[function][0])
        if [short(one.type) for one in own.types] != [kind] and not (own.name in UNSHOWN and not own.types):
            out.append(f"{way}: {own} where Go asserts {kind}")
    return out


def stale(sets: Mapping[str, Set]) -> dict[str, list[str]]:
    """The types that gopluck took for those of a symbol, where another value is in its place (`oldlookups.SLOTS`)."""
    assert sets["bare"].host.go is not None
    found = [one for one in sets["bare"].host.go.lookups or () if one.name in ("Reused", "Shadowed")]
    assert len(found) == 2
    return {one.name: [kind.type for kind in one.types] for one in found if one.types}


@pytest.mark.parametrize("way", ways(RECORDED) if RECORDED.exists() else ())
def test_every_constant_name_and_type_is_read_and_none_invented(way: str) -> None:
    assert misses(way, ways(RECORDED)[way]) == []


@pytest.mark.parametrize("way", ways(RECORDED_OLD) if RECORDED_OLD.exists() else ())
def test_of_hosts_of_older_releases_too(way: str) -> None:
    assert misses(way, ways(RECORDED_OLD)[way]) == []
    assert stale(ways(RECORDED_OLD)[way]) == {}


def test_the_recorded_older_hosts_are_of_all_releases() -> None:
    found = {tuple(way.split("@")) for way in ways(RECORDED_OLD)}
    assert found == {(way, version) for version in OLD for way in oldlookups.ways(version)}


def test_the_recorded_hosts_are_of_every_kind() -> None:
    versions = {way.partition("@")[2] for way in ways(RECORDED)}
    assert len(versions) >= 7
    assert {way.partition("@")[0] for way in ways(RECORDED)} == set(family.WAYS)


@pytest.fixture(scope="module")
def live(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Set]]:
    """Sets that were loaded just now."""
    if shutil.which("cc") is None:
        pytest.skip("no C compiler (cc) here: cgo cannot build plugins")
    full = request.config.getoption("--full")
    only = ["lookups/*"] if full else [f"lookups/{way}/*" for way in LIVE]
    return ways(loaded_now(tmp_path_factory, only, MINORS if full else (OLDEST, NEWEST)) / "lookups.json.xz")


def loaded_now(folders: pytest.TempPathFactory, only: Sequence[str], versions: Iterable[str]) -> Path:
    """The folder of families that are loaded and recorded."""
    chosen = [word for glob in only for word in ("--only", glob)] + ["--toolchains", ",".join(versions)]
    oracle = [sys.executable, "-m", "fixtures.oracle"]
    subprocess.run([*oracle, "load", *chosen], cwd=ROOT, check=True)
    target = folders.mktemp("loaded")
    subprocess.run([*oracle, "record", *chosen, "--into", str(target)], cwd=ROOT, check=True)
    return target


def test_what_is_read_of_files_built_now_is_what_go_just_said(
    live: dict[str, dict[str, Set]], capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = [miss for way, sets in live.items() for miss in misses(way, sets)]
    with capsys.disabled():
        print(f"\nhosts that were really run: {len(live)}", end=" ")
    assert wrong == []
    assert len(live) >= 2 * len(LIVE)


def test_what_is_read_of_older_hosts_built_now_is_what_go_just_said(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if not request.config.getoption("--full") or shutil.which("cc") is None:
        pytest.skip("needs --full, toolchains of Go 1.15 to 1.20, and a C compiler (cc)")
    only = [f"{oldlookups.FAMILY}/*", "old/loads@*"]
    found = ways(loaded_now(tmp_path_factory, only, OLD) / RECORDED_OLD.name)
    assert [miss for way, sets in found.items() for miss in misses(way, sets)] == []
    assert {way: wrong for way, sets in found.items() if (wrong := stale(sets))} == {}
    assert {way.partition("@")[2] for way in found} == set(OLD)
    for version in OLD:
        # The base host looks up what its arguments name.
        base = read(str(build.path(kit.host(version)))).go
        assert base is not None
        assert {one.name for one in base.lookups or ()} == {""}


ENOUGH = {
    "either/new": True,
    "either/old": True,
    "either/new-old": True,
    "both/new": False,
    "both/old": False,
    "both/new-old": True,
}
"""The sets of family `fallback`: whether the host found all that it needs."""


def either_or(version: str) -> dict[str, Set]:
    """These sets of a release."""
    found = {one.name: one for one in recorded.sets(recorded.RECORDED / "fallback.json.xz")}
    return {name: found[f"fallback/{name}@{version}"] for name in ENOUGH}


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_only_the_host_knows_whether_one_of_two_names_is_enough(version: str) -> None:
    texts = {name: outcome_of(one)["asserted"][0]["text"] for name, one in either_or(version).items()}
    assert {name: not text for name, text in texts.items()} == ENOUGH


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_a_name_that_is_missing_is_told_with_what_the_plugin_exports(version: str) -> None:
    said = {}
    for name, one in either_or(version).items():
        outcomes = replay(one.host, one.requests, one.system)
        (explanation,) = explain(one.host, one.requests, outcomes)
        found = [finding for finding in explanation.findings if finding.rule == "lookup-missing"]
        said[name] = [(finding.message, finding.fix) for finding in found]
    fix = "Export it from the plugin's package main, unless {} is enough for the host."
    text = (
        "the host looks up {} (in main.{}), which the plugin does not export; it exports {}, which the host looks up, "
        "too: the host's code decides whether that is enough"
    )
    new = [(text.format("Old", "older", "New"), fix.format("New"))]
    old = [(text.format("New", "load", "Old"), fix.format("Old"))]
    assert said == {
        f"{host}/{name}": told
        for host in fallback.HOSTS
        for name, told in (("new", new), ("old", old), ("new-old", []))
    }


def slugs(host: str | Binary, plugin: str, **options: Any) -> dict[str, list[str]]:
    """The risks of a check about lookups, with what the host wants."""
    (result,) = check(host, plugin, **options).plugins
    out: dict[str, list[str]] = {}
    for one in result.findings:
        if one.rule.startswith("lookup-"):
            out.setdefault(one.rule, []).append(str(one.evidence["host"]))
    return out


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_a_check_says_what_a_plugin_lacks_of_it_and_a_manifest_the_same(
    live: dict[str, dict[str, Set]], version: str
) -> None:
    host = str(build.path(family.host(version)))
    right, bare, wrong = (str(build.path(plugin)) for _, plugin, _ in family.plugins(version))
    file = read(host)
    text = manifest.dumps(file)
    kept = manifest.parse(text.encode(), "host.json", Identity("host.json", "1:1"))
    names = named(outcome_of(live[f"plain@{version}"]["bare"]), computed=False)
    for one in (host, kept):
        assert slugs(one, right) == {}
        (missing,) = slugs(one, bare)["lookup-missing"]
        assert missing == str(sorted(names))
        found = slugs(one, wrong)
        typed = {one.name for one in file.go.lookups or () if one.types} if file.go else set()
        assert len(found["lookup-type"]) == len(typed)
        insisted = [f"{name}:func()" for name in sorted(names)]
        assert slugs(one, bare, symbols=insisted) == {}


def test_what_a_manifest_says_of_lookups_is_what_was_read(live: dict[str, dict[str, Set]]) -> None:
    host = read(str(build.path(family.WAYS["computed"](family.host(NEWEST)))))
    kept = manifest.parse(manifest.dumps(host, paths=False).encode(), "host.json", Identity("host.json", "1:1"))
    assert host.go is not None
    assert kept.go is not None
    assert kept.go.lookups is not None
    assert list(kept.go.lookups) == list(host.go.lookups or ())
    assert LookedUp("", "main.looped") in kept.go.lookups


def test_code_that_is_damaged_gives_fewer_names_and_no_others(live: dict[str, dict[str, Set]], tmp_path: Path) -> None:
    path = build.path(family.host(NEWEST))
    sound = read(str(path))
    assert sound.go is not None
    names = {one.name for one in sound.go.lookups or ()}
    with open_image(str(path)) as image:
        text = image.sections[".text"]
    data = bytearray(path.read_bytes())
    target = tmp_path / "host"
    for seed in range(1, 24):
        start = text.offset + text.size * seed // 24
        damaged = data[:start] + bytes([seed * 11 % 256]) * 64 + data[start + 64 :]
        target.write_bytes(damaged)
        found = read(str(target)).go
        assert found is not None
        assert {one.name for one in found.lookups or ()} <= {*names, ""}


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_instructions_end_where_gos_own_disassembler_says(live: dict[str, dict[str, Set]], version: str) -> None:
    host = family.host(version)
    environ = build.go_environment(host)
    program = [
        f"{environ['GOROOT']}/bin/go",
        "tool",
        "objdump",
        "-s",
        r"^(main|time|strconv|math/big)\.",
        str(build.path(host)),
    ]
    text = subprocess.run(program, env=environ, capture_output=True, text=True, check=True).stdout
    functions: dict[str, list[tuple[int, bytes]]] = {}
    for line in text.splitlines():
        if line.startswith("TEXT "):
            rows = functions.setdefault(line.split()[1], [])
        elif found := re.match(r"\s+\S+\s+0x([0-9a-f]+)\s+([0-9a-f]+)\s", line):
            rows.append((int(found[1], 16), bytes.fromhex(found[2])))
    wrong = []
    for name, rows in functions.items():
        steps = amd64.decode(b"".join(code for _, code in rows), rows[0][0])
        if steps is None or [step.pc for step in steps] != [pc for pc, _ in rows]:
            wrong.append(name)
    assert wrong == []
    assert len(functions) > 200
