"""The house is in order, and each guard of it (`fixtures.lint`) finds a fault that is put in its way."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from fixtures import lint
from fixtures.new_rule import text
from gopluck.rules.registry import Kind

LONG_FUNCTION = "def long() -> None:\n" + "    print()\n" * lint.MAX_FUNCTION
RULE = "RULE = None\n"
NEAR = 'NEAR_MISSES = (near("go-version", "set"),)\n'


def test_the_house_is_in_order() -> None:
    assert [str(fault) for fault in lint.faults(lint.ROOT)] == []


def test_every_room_has_a_rank_and_every_rank_but_those_to_come_a_room() -> None:
    rooms = {source.room for source in lint.sources(lint.ROOT).values()} - {""}
    ranked = [name for names in lint.RANKS for name in names]
    assert len(ranked) == len(set(ranked))
    assert rooms <= set(ranked)


def test_what_is_allowed_has_a_reason() -> None:
    tables: tuple[Mapping[object, str], ...] = (lint.ARROWS_ALLOWED, lint.SIZES_ALLOWED, lint.SLUGS_ALLOWED)  # type: ignore[assignment]
    assert all(reason for table in tables for reason in table.values())


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A small checkout in which everything is in order."""
    plant(tmp_path, "src/gopluck/__init__.py", "def door() -> None:\n    import gopluck.api\n")
    plant(tmp_path, "src/gopluck/api.py", "from gopluck.rules import registry\n")
    plant(tmp_path, "src/gopluck/elf/__init__.py")
    plant(tmp_path, "src/gopluck/elf/image.py")
    plant(tmp_path, "src/gopluck/rules/__init__.py")
    plant(tmp_path, "src/gopluck/rules/registry.py", "from gopluck.elf.image import image\n")
    plant(tmp_path, "src/gopluck/rules/causes/__init__.py")
    plant(tmp_path, "src/gopluck/rules/causes/go_version.py", 'SLUG = "go-version"\n')
    plant(tmp_path, "docs/rules/go-version.md")
    plant(tmp_path, "docs/rules/README.md")
    plant(tmp_path, "tests/test_rules_scenarios.py", NEAR)
    return tmp_path


def plant(root: Path, path: str, text: str = "") -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


@pytest.fixture(autouse=True)
def _no_files_are_allowed(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    if "house" in request.fixturenames:
        monkeypatch.setattr(lint, "SIZES_ALLOWED", {"elf/allowed.py": "it is to come"})


def shown(root: Path) -> list[str]:
    return [f"{fault.path.relative_to(root).as_posix()}:{fault.line}: {fault.what}" for fault in lint.faults(root)]


def test_a_house_in_order_has_no_faults(house: Path) -> None:
    assert shown(house) == []


@pytest.mark.parametrize(
    ("path", "text", "faults"),
    [
        (
            "elf/image.py",
            "import gopluck.rules.registry\n",
            [
                "elf/image.py:1: elf imports gopluck.rules.registry: against the arrows",
                "elf/image.py:1: imports in a circle: gopluck.elf.image -> gopluck.rules.registry -> gopluck.elf.image",
            ],
        ),
        (
            "elf/notes.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from gopluck.rules import registry\n",
            ["elf/notes.py:3: elf imports gopluck.rules.registry: against the arrows"],
        ),
        (
            "elf/notes.py",
            "def later() -> object:\n    from gopluck.api import check\n    return check\n",
            ["elf/notes.py:2: elf imports gopluck.api: against the arrows"],
        ),
        (
            "elf/notes.py",
            "from gopluck import check\n",
            ["elf/notes.py:1: elf imports gopluck.api: against the arrows"],
        ),
        ("elf/notes.py", "from gopluck import __version__\n", []),
        (
            "elf/notes.py",
            'NAME = "gopluck.rules.registry"\n',
            ["elf/notes.py:1: elf imports gopluck.rules.registry: against the arrows"],
        ),
        ("elf/notes.py", "from . import image\n", ["elf/notes.py:1: imports a relative name, which is in no room"]),
        ("aligner/one.py", "import gopluck.rules.registry\n", []),
        (
            "aligner/one.py",
            "import gopluck.scaffold.two\n",
            ["aligner/one.py:1: aligner imports gopluck.scaffold.two: against the arrows"],
        ),
        ("attic/one.py", "", ["attic/one.py:1: the room attic has no rank in fixtures/lint.py"]),
        ("__init__.py", "import gopluck.rules.registry\n", []),
        (
            "rules/one.py",
            'NAME = f"{1} go-version", {"go-version": 1}\n',
            ["rules/one.py:1: names the rule go-version: ask the registry by a trait"],
        ),
        ("rules/one.py", 'def one() -> None:\n    """go-version"""\n', []),
        ("elf/notes.py", LONG_FUNCTION, ["elf/notes.py:1: long has 61 lines, more than 60"]),
        ("elf/notes.py", "\n" * 401, ["elf/notes.py:1: has 401 lines, more than 400"]),
        ("elf/allowed.py", "\n" * 401, []),
        (
            "elf/allowed.py",
            "",
            ["elf/allowed.py:1: is short enough: take it out of SIZES_ALLOWED in fixtures/lint.py"],
        ),
        (
            "rules/risks/new_rule.py",
            RULE,
            [
                "rules/risks/new_rule.py:1: has no page: python -m fixtures.pages writes new-rule.md",
                "rules/risks/new_rule.py:1: new-rule has no near miss: add one to "
                "NEAR_MISSES in tests/test_rules_scenarios.py",
            ],
        ),
    ],
)
def test_a_fault_is_found(house: Path, path: str, text: str, faults: list[str]) -> None:
    plant(house, "src/gopluck/scaffold/two.py")
    plant(house, f"src/gopluck/{path}", text)
    assert shown(house) == [f"src/gopluck/{fault}" for fault in faults]


def test_a_sentence_that_nobody_wrote_is_found(house: Path) -> None:
    plant(house, "src/gopluck/rules/causes/go_version.py", text(Kind.CAUSE, "go-version"))
    found = shown(house)
    assert len(found) == 7, found
    assert found[0] == "src/gopluck/rules/causes/go_version.py:1: is to be written: WHAT IT IS, IN ONE SENTENCE"


def test_a_page_of_no_rule_is_found(house: Path) -> None:
    plant(house, "docs/rules/gone.md")
    assert shown(house) == ["docs/rules/gone.md:1: is the page of no rule"]


def test_a_slug_that_is_allowed_for_nothing_is_found(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lint, "SLUGS_ALLOWED", {("elf/image.py", "go-version"): "no reason"})
    assert [fault.what for fault in lint.faults(house)] == ["allows go-version in elf/image.py, where it is not"]
