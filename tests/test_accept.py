"""Which risks an `ignore` accepts: by rule, plugin, packages and day."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

import reports as r
from gopluck.config.read import read
from gopluck.explainer.accept import accept, acceptable
from gopluck.result.check import Acceptance, Finding, Ignore, PluginResult
from gopluck.result.verdict import Role
from gopluck.rules.registry import Kind, registry, rules


def test_every_risk_can_be_accepted_and_nothing_that_only_fails() -> None:
    assert {one.slug for one in rules(Kind.RISK)} <= set(acceptable())
    assert set(acceptable()) == {slug for slug, one in registry().items() if one.risks is not None}


SKEW = r.CODE_SKEW._replace(packages=("example.com/greet", "example.com/greet/polite"))
TODAY = date(2027, 3, 31)


def accepted(ignore: Ignore, finding: Finding = SKEW, path: str = "plugins/auth.so") -> Acceptance | None:
    (result,), unused = accept([r.loads(path, findings=(finding,))], [ignore], TODAY)
    (told,) = result.findings
    assert bool(unused) == (told.acceptance is None)
    return told.acceptance


@pytest.mark.parametrize(
    ("until", "expired"), [(None, False), (date(2027, 3, 30), True), (TODAY, False), (date(2027, 4, 1), False)]
)
def test_the_last_day_counts(until: date | None, expired: bool) -> None:
    text = until.isoformat() if until else ""
    assert accepted(Ignore("code-skew", reason="x", until=until)) == Acceptance("x", text, expired)


@pytest.mark.parametrize(
    ("packages", "named"),
    [
        ((), True),
        (("example.com/greet",), False),
        (("example.com/greet", "example.com/greet/polite"), True),
        (("example.com/greet/...",), True),
        (("example.com/greet/polite/...",), False),
        (("example.com/gree",), False),
        (("example.com/g...",), True),
        (("...",), True),
        (("fmt", "example.com/..."), True),
    ],
)
def test_every_package_of_the_risk_has_to_be_named(packages: tuple[str, ...], named: bool) -> None:
    assert (accepted(Ignore("code-skew", packages=packages)) is not None) == named


def test_a_risk_without_packages_is_about_none_of_those_named() -> None:
    assert accepted(Ignore("code-skew", packages=("...",)), SKEW._replace(packages=())) is None


@pytest.mark.parametrize(
    ("pattern", "path", "named"),
    [
        ("auth.so", "plugins/auth.so", True),
        ("a*.so", "plugins/auth.so", True),
        ("plugins/*", "plugins/auth.so", True),
        ("plugins/*", "./plugins/../plugins/auth.so", True),
        ("plugins/[a-c]*.so", "plugins/auth.so", True),
        ("lugins/auth.so", "plugins/auth.so", False),
        ("AUTH.so", "plugins/auth.so", False),
        ("*/auth.so", "auth.so", False),
        ("plugins/*", "other/auth.so", False),
    ],
)
def test_which_plugins_a_glob_names(pattern: str, path: str, named: bool) -> None:
    assert (accepted(Ignore("code-skew", plugin=pattern), path=path) is not None) == named


def test_a_glob_in_a_folder_with_a_hostile_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "[a]*"
    (folder / "sub").mkdir(parents=True)
    (folder / "gopluck.toml").write_text('[[ignore]]\nrule = "untrimmed-host"\nreason = "x"\nplugin = "sub/*.so"\n')
    monkeypatch.chdir(folder / "sub")
    (ignore,) = read("../gopluck.toml").ignore
    risk = SKEW._replace(rule="untrimmed-host")
    assert accepted(ignore, risk, "x.so") is not None
    assert accepted(ignore, risk, "../x.so") is None


def test_only_risks_are_accepted() -> None:
    for role in (Role.CAUSE, Role.HARMLESS):
        assert accepted(Ignore("code-skew"), SKEW._replace(role=role)) is None
    assert accepted(Ignore("godebug")) is None


def test_an_entry_that_holds_is_better_than_one_that_has_ended() -> None:
    ended = Ignore("code-skew", reason="old", until=date(2020, 1, 1))
    (result,), unused = accept([r.loads(findings=(SKEW,))], [ended, Ignore("code-skew", reason="new")], TODAY)
    assert unused == ()
    assert result.findings[0].acceptance == Acceptance("new")


def headline(*findings: Finding) -> str:
    plugin: PluginResult = r.loads(findings=findings)
    return plugin.headline


def test_what_is_accepted_is_no_headline() -> None:
    known = SKEW._replace(acceptance=Acceptance("x"))
    other = SKEW._replace(message="other")
    assert headline(known) == ""
    assert headline(known, other) == "other"
    assert headline(SKEW._replace(acceptance=Acceptance("x", "2020-01-01", True))) == SKEW.message
