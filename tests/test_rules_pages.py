"""The rules as text: the pages are current, and every rule is whole and at its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.pages import pages
from gopluck.rules.model import Rule
from gopluck.rules.registry import kind_of, registry

ROOT = Path(__file__).parent.parent
RULES = registry()
SLUGS = """
    not-elf not-go not-a-plugin unsupported-format machine-mismatch host-without-plugin-support host-without-cgo
    host-not-exporting static-host missing-library undefined-symbol libc-too-old libc-mismatch sanitizer-runtime
    already-loaded conflicts-with-loaded-plugin broken-by-earlier-plugin pluginpath-override go-version experiment fips
    compiler-flags gcflags-trimpath instrumentation test-variant pgo trimpath build-tags cgo-flags module-version
    module-replaced module-content vendor-path module-cache-path main-module-path host-main-module dependency-changed
    unexplained
    symbol-missing symbol-type untrimmed-host cpu-level code-skew c-symbol-clash stripped godebug
    replaced-file
    linker-flags vcs-stamp pie-host goroot
"""
"""The slugs that were published: none of them goes, and none changes its place among the others."""


def test_the_pages_are_current() -> None:
    folder = ROOT / "docs" / "rules"
    written = {page.name: page.read_text() for page in folder.glob("*.md")}
    assert written == dict(pages()), "run: python -m fixtures.pages"


def test_the_order_is_that_of_the_contract() -> None:
    assert [slug for slug in RULES if slug in SLUGS.split()] == SLUGS.split()


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_a_rule_is_whole(rule: Rule) -> None:
    assert all((rule.title, rule.meaning, rule.why, rule.example, rule.fix, rule.links))
    assert rule.title.endswith(".")
    file = ROOT / "src" / "gopluck" / "rules" / kind_of(rule.slug) / f"{rule.slug.replace('-', '_')}.py"
    assert f'slug="{rule.slug}"' in file.read_text()


def test_only_the_engine_s_own_rules_weigh_nothing_themselves() -> None:
    silent = {
        slug
        for slug, rule in RULES.items()
        if not (rule.ends or rule.differs or rule.rest or rule.harmless or rule.risks)
    }
    assert silent == {"dependency-changed"}
