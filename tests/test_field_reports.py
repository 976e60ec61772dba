"""The public reports: what the page in docs/ shows is what gopluck says, which is what Go said."""

from __future__ import annotations

from collections.abc import Sequence

from fixtures import field
from fixtures.reports import REPORTS
from gopluck.result.check import PluginResult
from gopluck.result.verdict import Role, Stage, Verdict
from gopluck.rules.registry import Kind, kind_of
from recorded import RECORDED, said, sets

PATH = RECORDED / "field.json.xz"


def test_the_page_is_current() -> None:
    assert field.PAGE.read_text() == field.page(), "run: python -m fixtures.field"


def test_every_set_is_shown_and_every_shown_set_is_there() -> None:
    assert list(field.unused()) == []


def test_what_is_shown_is_what_go_said() -> None:
    for name, one in field.recorded().items():
        told = [said(outcome) for outcome in field.outcomes(one)]
        assert told == [(outcome["result"], outcome["text"]) for outcome in one.outcome], name


def test_each_declared_difference_is_named_as_a_cause_and_nothing_else() -> None:
    results = field.results()
    for one in sets(PATH):
        name = one.name.removeprefix("field/").partition("@")[0]
        declared = {difference["kind"] for difference in one.raw["differences"]}
        if one.name.startswith("field/golang-go-32095/repaired-after-refused"):
            declared |= {"broken-by-earlier-plugin"}
        if one.name.startswith("field/golang-go-20554/"):
            declared |= {"module-version"}
        causes = _of(declared, Kind.LOADING, Kind.RUNTIME, Kind.CAUSE) if _fails(results[name]) else set()
        assert _told(results[name], Role.CAUSE) == causes, name
        assert _of(declared, Kind.RISK) <= _told(results[name], Role.RISK), name


def test_what_a_host_looks_up_is_what_go_found() -> None:
    """Each symbol that a report asks for: missing where Go's Lookup failed, of the type that `%T` printed."""
    asked = [(report, rebuilt) for report in REPORTS for rebuilt in report.sets if rebuilt.symbols]
    assert asked
    for report, rebuilt in asked:
        one = field.recorded()[f"{field.folder(report)}/{rebuilt.name}"]
        (plugin,) = field.answer(one, rebuilt.symbols)
        truth = {lookup["symbol"]: lookup for lookup in one.outcome[0]["lookups"]}
        for symbol in rebuilt.symbols:
            name, _, wanted = symbol.partition(":")
            found = truth[name]
            fits = not found["text"] and (not wanted or _spelled(wanted) == found["type"])
            assert (plugin.verdict == Verdict.LOADS) is fits, symbol
            assert fits or (plugin.stage == Stage.LOOKUP and plugin.error == (found["text"] or None)), symbol


def test_each_report_has_a_row_and_a_cure() -> None:
    rows = field.table(field.recorded()).splitlines()[2:]
    assert [row.split("]")[0] for row in rows] == [f"| [{report.title}" for report in REPORTS]
    for row in rows:
        _, says, cured = row.removeprefix("| ").removesuffix(" |").split(" | ")
        assert (cured == "–") is says.startswith("[it loads]"), row


def _spelled(wanted: str) -> str:
    """As `%T` prints it."""
    return wanted.replace("interface{}", "interface {}")


def _fails(plugins: Sequence[PluginResult]) -> bool:
    return any(plugin.verdict == Verdict.FAILS for plugin in plugins)


def _told(plugins: Sequence[PluginResult], role: Role) -> set[str]:
    return {finding.rule for plugin in plugins for finding in plugin.findings if finding.role == role}


def _of(slugs: set[str], *kinds: Kind) -> set[str]:
    """Those that are rules of these kinds; a difference need not have a rule."""
    return {slug for slug in slugs if _kind(slug) in kinds}


def _kind(slug: str) -> Kind | None:
    try:
        return kind_of(slug)
    except KeyError:
        return None
