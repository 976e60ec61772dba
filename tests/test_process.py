"""What a process makes of plugins besides their hashes: measured, and said so."""

from __future__ import annotations

from typing import Any

import pytest

import recorded
from fixtures.scenarios.kit import NEWEST, OLDEST
from gopluck.explainer.engine import explain
from gopluck.facts.model import Binary, Identity
from gopluck.golang import records
from gopluck.replay import process
from gopluck.replay.ends import End
from gopluck.replay.memory import PLACEMENTS, FaultError, Memory, NilDereferenceError, UnknownMemoryError
from gopluck.replay.process import OpenRequest, Outcome, replay
from gopluck.replay.runtime import Runtime
from gopluck.result.check import Finding
from gopluck.result.verdict import Verdict
from gopluck.rules.registry import rule

FAMILY = next(path for path in recorded.families() if path.name.startswith("process."))
SETS = {one.name: one for one in recorded.sets(FAMILY)}
VERSIONS = (OLDEST, NEWEST)


def findings(name: str, position: int) -> list[Finding]:
    one = SETS[f"process/{name}"]
    told = explain(one.host, one.requests, replay(one.host, one.requests, one.system))
    return [finding for finding in told[position].findings if finding.role in ("cause", "risk")]


@pytest.mark.parametrize("name", SETS)
def test_each_set_is_told_as_what_it_is(name: str) -> None:
    raw = SETS[name].raw
    for position in range(len(raw["opens"])):
        declared = {one["kind"] for one in raw["differences"] if one.get("plugin", 0) == position}
        assert {one.rule for one in findings(name.removeprefix("process/"), position)} == declared


def answers(name: str) -> list[str]:
    """What the function of each plugin really answered."""
    return [one["lookups"][0]["value"] for one in SETS[f"process/{name}"].raw["outcome"]]


@pytest.mark.parametrize("version", VERSIONS)
def test_two_codes_run_side_by_side(version: str) -> None:
    """The second plugin has one more line in a function that both have, and runs its own."""
    assert answers(f"code-skew/two-plugins@{version}") == ["3", "5"]
    assert answers(f"code-skew/third@{version}") == ["3", "3", "5"]
    (told,) = findings(f"code-skew/third@{version}", 2)
    assert told.packages == ("example.com/tally",)
    # The first of the two that had the package before is the one that is compared.
    assert "a.so" in told.message
    assert "b.so" not in told.message


@pytest.mark.parametrize("version", VERSIONS)
def test_two_plugins_under_one_path_are_told_from_two_builds(version: str) -> None:
    """As far as directories or symbols tell."""
    said = {
        name: findings(f"one-path/{name}@{version}", 1)[0].message.partition(": ")[2]
        for name in ("two-folders", "one-folder", "other-symbols", "trimmed")
    }
    assert said["two-folders"].startswith("two packages, one in /tmp/gopluck-oracle/src/")
    assert said["one-folder"].startswith("two builds of the package in /tmp/gopluck-oracle/src/")
    assert said["other-symbols"] == "two plugins with one module path, which export no symbol of the same name"
    assert said["trimmed"] == "two builds of one package, or two plugins with one module path"


def test_init_functions_of_a_refused_plugin_run_where_the_page_says() -> None:
    ran = {}
    for name, one in SETS.items():
        kind, _, version = name.removeprefix("process/").partition("@")
        if kind.startswith("opened-in-"):
            ran[kind, version] = one.raw["outcome"][0]["lookups"][0]["value"] == "ran"
    assert all(value for (kind, _), value in ran.items() if kind.endswith("/fits"))
    assert not any(value for (kind, _), value in ran.items() if kind == "opened-in-main/refused")
    minors = [
        version.rpartition(".")[0]
        for (kind, version), value in ran.items()
        if kind == "opened-in-init/refused" and value
    ]
    assert minors == ["1.22", "1.23", "1.24", "1.25"]
    assert "Go 1.22 to 1.25" in rule("broken-by-earlier-plugin").meaning


@pytest.mark.parametrize("version", VERSIONS)
def test_a_name_that_leads_nowhere_is_relative_to_the_working_directory(version: str) -> None:
    (told,) = findings(f"gone/missing@{version}", 0)
    assert told.message == "there is no file p.so in the working directory of the host's process, where Go looks for it"


@pytest.mark.parametrize(
    ("name", "moved"), [("links/host-pie/same@1.27.3", True), ("links/host-external/same@1.27.3", False)]
)
def test_only_a_position_independent_host_lies_elsewhere_than_its_file_says(name: str, moved: bool) -> None:
    one = recorded.by_name(name)
    assert one.host.go is not None
    assert one.host.go.moduledata is not None
    runtime = Runtime(one.host, PLACEMENTS[8][0])
    kept = one.host.go.moduledata.memory[0]
    assert (runtime.first.address != kept.address) == moved
    end = runtime.first.address + len(kept.data)
    assert runtime.memory.word(end - 8) == int.from_bytes(runtime.first.pieces[0].bytes[-8:], "little")
    with pytest.raises(UnknownMemoryError):
        runtime.memory.word(end - 7)


def loading() -> recorded.Set:
    """A host and a plugin that it loads."""
    return recorded.by_name("links/host-pie/same@1.27.3")


def test_a_plugin_that_loads_gets_a_map_of_types_and_the_host_none() -> None:
    """`typelinksinit` makes one for each module but the first: a module that has one is told to be loaded already."""
    one = loading()
    plugin = one.requests[0].binary
    assert plugin is not None
    assert plugin.go is not None
    assert plugin.go.moduledata is not None
    runtime = Runtime(one.host, PLACEMENTS[8][0])
    runtime.construct(plugin, plugin.go.moduledata, joins=True)
    assert runtime.last_module_init(lambda binary: ()).why == End.LOADS
    assert runtime.last is not None
    maps = [runtime.memory.word(at + runtime.layout["typemap"]) for at in (runtime.first.address, runtime.last)]
    assert (maps[0], maps[1] != 0) == (0, True)
    assert runtime.last_module_init(lambda binary: ()).why == End.TYPEMAP_SET


UNKNOWN = "the host was built with {}, whose module layout is not known to this gopluck"


@pytest.mark.parametrize(
    ("version", "note"),
    [
        ("go1.99", UNKNOWN.format("go1.99")),
        ("", UNKNOWN.format("a Go release that is not recorded")),
        ("go1.27.3", "the module data of the host was not found: was a section removed, or the file packed?"),
    ],
)
def test_why_the_module_data_of_a_host_is_not_known(version: str, note: str) -> None:
    one = loading()
    assert one.host.go is not None
    host = one.host._replace(go=one.host.go._replace(version=version, moduledata=None))
    (outcome,) = replay(host, one.requests[:1], one.system)
    assert (outcome.verdict, outcome.note) == ("unknown", note)


def test_after_an_open_of_which_nothing_is_known_nothing_is_known() -> None:
    one = next(iter(SETS.values()))
    foreign = Binary("host", 1, Identity("/host", "1:1"), "mach-o")
    first, second = replay(foreign, [OpenRequest("a.so", None), OpenRequest("b.so", None)], one.system)
    assert (first.verdict, first.note) == ("unknown", "the host is a Mach-O file, built for macOS")
    assert (second.verdict, second.note) == ("unknown", "what plugin 1 leaves behind is not known")


@pytest.mark.parametrize(
    ("address", "size", "error"),
    [
        (0xFFF, 8, NilDereferenceError),
        (0x1000, 8, FaultError),
        (0xFFFF, 8, FaultError),
        (0x1_0000, 8, UnknownMemoryError),
        ((1 << 48) - 1, 8, UnknownMemoryError),
        (1 << 48, 8, FaultError),
        (0xFFFF_0000, 4, UnknownMemoryError),
    ],
)
def test_what_lies_at_an_address_that_is_not_kept(address: int, size: int, error: type[Exception]) -> None:
    """`sigpanic` below the first page; nothing below `vm.mmap_min_addr`, nor beyond 48 bits; else it is not known."""
    with pytest.raises(error) as met:
        Memory(size, "little", PLACEMENTS[size][0]).word(address)
    assert getattr(met.value, "exact", True)


@pytest.mark.parametrize("size", [4, 8])
def test_what_is_kept_ends_with_its_last_byte(size: int) -> None:
    memory = Memory(size, "little", PLACEMENTS[size][0])
    facts = records.ModuledataFacts("go1.23", (records.Memory(0x40_1000, bytes(range(3 * size)), ()),))
    module = memory.load(next(iter(SETS.values())).host, facts, position_independent=False)
    end = module.address + 3 * size
    memory.put_byte(end - 1, 0xFF)
    memory.put_word(module.address, 5)
    assert (memory.byte(end - 1), memory.word(module.address)) == (0xFF, 5)
    assert memory.byte(end - 2) == 3 * size - 2
    for beyond in (lambda: memory.byte(end), lambda: memory.put_byte(end, 1), lambda: memory.word(end - size + 1)):
        with pytest.raises(UnknownMemoryError):
            beyond()


@pytest.mark.parametrize("size", [4, 8])
def test_what_would_lie_beyond_the_last_address_begins_again_at_the_first(size: int) -> None:
    first = PLACEMENTS[size][0].first
    memory = Memory(size, "little", PLACEMENTS[size][0])
    address = (1 << 8 * size) - first + 0x2_0001
    facts = records.ModuledataFacts("go1.23", (records.Memory(address, address.to_bytes(size, "little"), (0,)),))
    module = memory.load(next(iter(SETS.values())).host, facts, position_independent=True)
    assert (module.address, memory.word(0x2_0001)) == (0x2_0001, 0x2_0001)


@pytest.mark.parametrize(
    ("count", "exact", "note"), [(1, True, None), (2, False, "Go names any one of 2 symbols, by chance")]
)
def test_which_missing_symbol_go_names_is_chance_where_several_are_missing(
    count: int, exact: bool, note: str | None
) -> None:
    found = (
        (one, request.binary)
        for one in recorded.sets(recorded.RECORDED / "symbols.json.xz")
        for request in one.requests
        if request.binary and request.binary.go and len(request.binary.go.missing_symbols) > 1
    )
    one, binary = next(found)
    assert binary.go is not None
    few = binary._replace(go=binary.go._replace(missing_symbols=binary.go.missing_symbols[:count]))
    (outcome,) = replay(one.host, [OpenRequest(one.requests[0].name, few)], one.system)
    assert (outcome.why, outcome.exact, outcome.note) == ("missing-symbol", exact, note)


@pytest.mark.parametrize(("path", "title"), [("plugins/auth.so", "plugins/auth.so"), (None, "auth.so")])
def test_an_open_is_called_by_the_file_that_was_read(path: str | None, title: str) -> None:
    binary = Binary(path, 1, Identity("/auth.so", "1:1"), "elf") if path else None
    assert OpenRequest("auth.so", binary).title == title


def test_what_the_runtime_would_read_beyond_what_is_kept_is_not_known() -> None:
    """Without what its module data points at, nothing says how a plugin with another layout ends."""
    sets = {one.name: one for one in recorded.sets(recorded.RECORDED / "toolchains.json.xz")}
    one = sets["toolchains/1.27.3-opens-1.20.14"]
    (request,) = one.requests
    assert request.binary is not None
    assert request.binary.go is not None
    facts = request.binary.go.moduledata
    assert facts is not None
    assert replay(one.host, one.requests, one.system)[0].verdict == "fails"
    cut = request.binary.go._replace(moduledata=facts._replace(memory=facts.memory[:1]))
    (outcome,) = replay(one.host, [OpenRequest(request.name, request.binary._replace(go=cut))], one.system)
    assert (outcome.verdict, outcome.why) == ("unknown", "foreign-layout")


@pytest.mark.parametrize("foreign", [True, False])
def test_what_depends_on_the_load_addresses_is_not_known(monkeypatch: pytest.MonkeyPatch, foreign: bool) -> None:
    one = next(iter(SETS.values()))
    said = {PLACEMENTS[8][0]: Verdict.LOADS, PLACEMENTS[8][1]: Verdict.FAILS}

    def replayed(_host: object, _requests: object, _system: object, state: Any) -> list[Outcome]:
        return [Outcome(said[state.runtime.memory.placement])]

    monkeypatch.setattr(process, "_replay", replayed)
    monkeypatch.setattr(Runtime, "foreign", foreign)
    (outcome,) = replay(one.host, one.requests[:1], one.system)
    # Where every module has the host's layout no address is taken for another one.
    expected = ("unknown", "foreign-layout") if foreign else ("loads", "loads")
    assert (outcome.verdict, outcome.why) == expected
