"""Risks that the user accepts (`Ignore`): they are shown, and do not count. Why a plugin does not load cannot be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from os.path import abspath

from gopluck.errors import Usage
from gopluck.result.check import Acceptance, Finding, Ignore, PluginResult
from gopluck.result.verdict import Role, Verdict
from gopluck.rules.registry import Kind, kind_of, registry, rule


def ignores(given: Sequence[Ignore | str]) -> list[Ignore]:
    """What is accepted, by rule or as a record. Raises `Usage` for what cannot be."""
    found = [Ignore(one) if isinstance(one, str) else one for one in given]
    for one in found:
        if reason := why_not(one.rule):
            raise Usage(f"{one.where or one.rule}: {reason}")
    return found


def why_not(slug: str) -> str | None:
    """Why findings of a rule cannot be accepted, to follow its name; None when they can."""
    try:
        kind = kind_of(slug)
    except KeyError:
        from difflib import get_close_matches

        near = get_close_matches(slug, acceptable(), 1) or get_close_matches(slug, registry(), 1)
        return "is not a rule: " + (f"did you mean {near[0]}?" if near else "gopluck explain --list shows them")
    if rule(slug).risks is not None:
        return None
    if kind == Kind.HARMLESS:
        return "is harmless: there is nothing to accept"
    return "says why a plugin does not load, which nobody can accept away: only a risk can be ignored"


def acceptable() -> list[str]:
    """The rules whose findings can be accepted."""
    return [slug for slug, one in registry().items() if one.risks is not None]


def accept(
    results: Sequence[PluginResult], ignores: Sequence[Ignore], today: date | None = None
) -> tuple[list[PluginResult], tuple[Ignore, ...]]:
    """The results with what is accepted, and the entries that accept nothing. `today`: as the machine has it."""
    day = today or date.today()
    used: set[int] = set()
    out = []
    for result in results:
        mine = {index: one for index, one in enumerate(ignores) if _names(one.plugin, result.path)}
        findings = []
        for finding in result.findings:
            found = [index for index, one in mine.items() if _is_about(one, finding)]
            used.update(found)
            # One that holds is better than one that has ended.
            said = sorted((_acceptance(mine[index], day) for index in found), key=lambda one: one.expired)
            findings.append(finding._replace(acceptance=said[0]) if said else finding)
        if result.verdict != Verdict.LOADS:  # its risks are looked for only when it does
            used.update(mine)
        out.append(result._replace(findings=tuple(findings)))
    return out, tuple(one for index, one in enumerate(ignores) if index not in used)


def _acceptance(one: Ignore, day: date) -> Acceptance:
    until = one.until
    return Acceptance(one.reason, until.isoformat() if until else "", until is not None and until < day)


def _names(pattern: str, path: str) -> bool:
    """Whether a glob is about a plugin: by its file's name, or by its path where the glob has a `/`."""
    if not pattern:
        return True
    from fnmatch import fnmatchcase

    if "/" in pattern:
        return fnmatchcase(abspath(path), abspath(pattern))  # noqa: PTH100 (the path need not be there)
    return fnmatchcase(path.rpartition("/")[2], pattern)


def _is_about(one: Ignore, finding: Finding) -> bool:
    """Whether it accepts a risk: all of its packages."""
    if finding.role != Role.RISK or finding.rule != one.rule:
        return False
    if not one.packages:
        return True
    return bool(finding.packages) and all(_covered(package, one.packages) for package in finding.packages)


def _covered(package: str, patterns: Sequence[str]) -> bool:
    """Whether patterns, as those of the go command, name a package: `example.com/greet/...` is all below it, and it."""
    return any(
        package == pattern or (pattern.endswith("...") and f"{package}/".startswith(pattern.removesuffix("...")))
        for pattern in patterns
    )
