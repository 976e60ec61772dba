"""Go release names: what they are, and how they sort."""

from __future__ import annotations

import pytest

from gopluck.golang import release as version

MINORS = {
    "go1.25.5": (1, 25),
    "go1.26rc1": (1, 26),
    "go1.21": (1, 21),
    "go1.22.1-acme": (1, 22),
    "go1.24.11 X:noswissmap": (1, 24),
    "go1.27.3-X:nogreenteagc": (1, 27),
    "devel go1.25-3a4b5c": None,
    "devel +a1b2c3": None,
    "go1." + "9" * 5000: None,
    "go" + "9" * 5000 + ".1": None,
    "go1.25." + "9" * 5000: None,
    "go1.25rc" + "9" * 5000: None,
    "go1.٢٥": None,
    "": None,
}

ORDERED = ("go1.15.15", "go1.21beta1", "go1.21rc2", "go1.21rc10", "go1.21", "go1.21.1", "go1.21.13", "go1.22", "go2.0")


@pytest.mark.parametrize(("name", "minor"), MINORS.items(), ids=[name[:20] for name in MINORS])
def test_a_release_name_tells_its_minor_version(name: str, minor: tuple[int, int] | None) -> None:
    assert version.minor(name) == minor
    assert (version.order(name) is None) == (minor is None)


def test_releases_sort_with_candidates_before_them_and_patches_by_number() -> None:
    keys = [version.order(name) for name in ORDERED]
    assert None not in keys
    assert sorted(ORDERED, key=lambda name: version.order(name) or ()) == list(ORDERED)
    assert version.order("devel +a1b2c3") is None
    assert version.order("go1.27.3-X:arenas") == version.order("go1.27.3")


@pytest.mark.parametrize(
    ("release", "line"), [("go1.20.14", "1.20"), ("go1.15", "1.15"), ("go1.21.0", "1.21.0"), ("go1.27.3", "1.27.3")]
)
def test_a_go_line_has_two_numbers_up_to_go_1_20(release: str, line: str) -> None:
    assert version.go_line(release) == line
