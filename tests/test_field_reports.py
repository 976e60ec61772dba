"""The public reports: what the page in docs/ shows is what gopluck says, which is what Go said."""

from __future__ import annotations

from fixtures import field
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
        causes = {f.rule for plugin in results[name] for f in plugin.findings if f.role == "cause"}
        declared = {difference["kind"] for difference in one.raw["differences"]}
        if one.name.startswith("field/golang-go-32095/repaired-after-refused"):
            declared |= {"broken-by-earlier-plugin"}
        if one.name.startswith("field/golang-go-20554/"):
            declared |= {"module-version"}
        assert causes == declared, name
