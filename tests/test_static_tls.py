"""The static TLS area: what glibc computes, to the byte where that is known, and both bounds where it is not."""

from __future__ import annotations

import pytest

import recorded
from fixtures.scenarios.kit import NEWEST, OLDEST
from gopluck.explainer.engine import explain
from gopluck.facts import manifest
from gopluck.facts.model import Binary
from gopluck.loader.answer import Status
from gopluck.loader.dlopen import dlopen
from gopluck.loader.libc import Kind, Libc, Version, libc_of
from gopluck.loader.library import Unknown, Wanted
from gopluck.loader.statictls import ANY, OPTIONAL, SURPLUS, SURPLUS_OF_OTHERS, Area, Block, at_start
from gopluck.replay.process import replay

FAMILY = next(path for path in recorded.families() if path.name.startswith("tls."))
SETS = {one.name: one for one in recorded.sets(FAMILY)}


def named(one: recorded.Set, host: Binary) -> list[set[str]]:
    """The causes and risks of each plugin."""
    outcomes = replay(host, one.requests, one.system)
    told = explain(host, one.requests, outcomes)
    return [{finding.rule for finding in each.findings if finding.role in ("cause", "risk")} for each in told]


@pytest.mark.parametrize("name", SETS)
def test_each_set_is_told_as_what_it_is(name: str) -> None:
    """By the host's file and by its manifest."""
    one = SETS[name]
    declared: list[set[str]] = [set() for _ in one.requests]
    for difference in one.raw["differences"]:
        declared[difference.get("plugin", 0)].add(difference["kind"])
    stand_in = manifest.parse(manifest.dumps(one.host).encode(), one.host.path, one.host.identity)
    assert named(one, one.host) == named(one, stand_in) == declared
    assert "unknown" not in {outcome.verdict for outcome in replay(one.host, one.requests, one.system)}


def test_the_border_is_met_to_the_byte() -> None:
    """The largest that loads and the smallest that is refused are eight bytes apart."""
    for version in (OLDEST, NEWEST):
        sizes = {
            int(name.split("/")[2].split("@")[0]): one
            for name, one in SETS.items()
            if name.endswith(version) and "/size/" in name
        }
        loaded = max(size for size, one in sizes.items() if one.truth[0][0] == "ok")
        refused = min(size for size, one in sizes.items() if one.truth[0][0] == "error")
        assert refused - loaded == 8


class Nothing:
    """A machine of which no library is known."""

    def find(self, wanted: Wanted) -> Unknown:
        return Unknown("the libraries are not known")


def said(size: int, system: object, host: Binary | None = None, lost: int = 0) -> Status:
    one = SETS[f"tls/size/{size}@1.27.3"]
    plugin = one.requests[0].binary
    assert plugin is not None
    return dlopen(plugin, host or one.host, (), system, libc_of(one.host), lost=lost).status  # type: ignore[arg-type]


def test_what_the_bounds_do_not_decide_is_not_said() -> None:
    system = SETS["tls/size/8@1.27.3"].system
    assert [said(size, Nothing()) for size in (8, 1656)] == [Status.LOADED] * 2
    assert [said(size, Nothing()) for size in (1664, 1728)] == [Status.UNKNOWN] * 2
    # A file that was refused before has left some padding behind.
    assert [said(size, system, lost=63) for size in (1600, 1696, 1704)] == [Status.LOADED, Status.UNKNOWN, Status.ERROR]


def test_a_manifest_of_before_does_not_tell_the_hosts_own() -> None:
    one = SETS["tls/size/1696@1.27.3"]
    text = "\n".join(line for line in manifest.dumps(one.host).splitlines() if not line.lstrip().startswith('"tls"'))
    old = manifest.parse(text.encode(), one.host.path, one.host.identity)
    assert [said(size, one.system, old) for size in (1648, 1696)] == [Status.LOADED, Status.UNKNOWN]


def test_other_releases_have_other_bounds() -> None:
    """2.41 lays the kernel's rseq there, too; before 2.32 a distribution has its own surplus."""
    host = SETS["tls/size/8@1.27.3"].host
    from gopluck.loader.process import Object

    objects = [Object("host", frozenset(), elf=host.elf)]

    def of(version: Version, *more: Object, exact: bool = True, static: bool = False) -> Area:
        return at_start([*objects, *more], Libc(Kind.GLIBC, static, version), exact)

    assert of((2, 36)) == Area(SURPLUS + 56, SURPLUS + 56, 64, 64)
    assert of((2, 41)) == Area(SURPLUS, SURPLUS + 63, 64, 64)
    assert of((2, 28)) == Area(SURPLUS, SURPLUS_OF_OTHERS + 63, 64, 64)
    assert of((2, 36), exact=False) == Area(SURPLUS - OPTIONAL, SURPLUS + 63, 16, 64)
    assert of((2, 36), Object("libx.so", frozenset())).most_align == ANY
    assert of((2, 36), static=True).least == of((2, 36), static=True).most < SURPLUS // 2 + 64
    assert of((2, 28), static=True) == Area(164, 800 + 63, 64, 64)


def test_a_block_takes_whole_multiples_of_its_alignment() -> None:
    area = Area(1704, 1704, 64, 64)
    assert area.without(Block(65, 64)).least == 1600
    assert area.without(Block(100, 8)).least == 1600
    assert Area(1664, 1727, 64, 64).without(Block(65, 64))[:2] == (1536, 1662)
    assert [area.fits(Block(8, align)) for align in (64, 128)] == [True, False]
