"""Go release names and their order (`internal/gover`, `go/version`)."""

from __future__ import annotations

import re
from collections.abc import Mapping

_RELEASE = re.compile(r"go(\d+)\.(\d+)(?:\.(\d+))?(?:(beta|rc)(\d+))?")

PCLNTAB_RELEASES: Mapping[str, tuple[tuple[int, int], ...]] = {
    "go1.2": ((1, 15),),
    "go1.18": ((1, 19),),
    "go1.20": ((1, 21), (1, 22), (1, 23), (1, 24), (1, 25), (1, 26), (1, 27)),
}
"""The tested releases of a pclntab form, for files that do not tell theirs: up to Go 1.19 no plugin does."""


def minor(version: str) -> tuple[int, int] | None:
    """(1, 25) of `go1.25.5`, `go1.25rc1`, `go1.25.5 X:noswissmap` or a vendor's `go1.25.5-acme`; None for others."""
    match = _RELEASE.match(version)
    return (int(match[1]), int(match[2])) if match else None


def order(version: str) -> tuple[int, ...] | None:
    """A key by which releases sort: betas and candidates before the release, patches by number."""
    match = _RELEASE.match(version)
    if match is None:
        return None
    stage = {"beta": 0, "rc": 1, None: 2}[match[4]]
    return int(match[1]), int(match[2]), int(match[3] or 0), stage, int(match[5] or 0)
