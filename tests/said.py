"""`PYTHONPATH=.:tests python tests/said.py` writes said.txt: each kind of sentence, on a set that was really loaded.

A kind is what is left of a line without the names, paths and numbers in it. Of the recorded sets few are kept whose
answers have all kinds. Those that the file has stay as long as they are needed, so that the difference is what changed.
Read it before you commit it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import recorded
from gopluck.explainer.engine import explain
from gopluck.remedy.lines import run
from gopluck.remedy.recipe import recipes
from gopluck.replay.process import replay
from gopluck.result.check import Finding
from gopluck.result.recipe import Recipe

Place = tuple[str, int]
"""The name of a set, and the number of an Open, from 1."""

SAID = Path(__file__).parent / "said.txt"

_NAME = re.compile(r"\S*[./@:=_\d]\S*(?<!:)|\S+-\S+")


def answers(one: recorded.Set) -> Iterator[tuple[str, ...]]:
    """What is said to each Open of a set: findings, and what to do on either side."""
    outcomes = replay(one.host, one.requests, one.system)
    explanations = explain(one.host, one.requests, outcomes)
    ways = [recipes(one.host, one.requests, outcomes, explanations, side) for side in ("host", "plugin")]
    for index, (outcome, explanation) in enumerate(zip(outcomes, explanations, strict=True)):
        found = [
            f"outcome: {outcome.verdict}{'' if outcome.exact else ', text not certain'} {outcome.note or ''}".rstrip()
        ]
        found += [line for finding in explanation.findings for line in _finding(finding)]
        first, second = (tuple(_recipe(way[index])) for way in ways)
        yield (*found, *first, *(("or as the plugin is:", *second) if second != first else ()))


def _finding(finding: Finding) -> Iterator[str]:
    yield f"{finding.role}, {finding.rule}: {finding.message}"
    if finding.headline:
        yield f"  headline: {finding.headline}"
    if finding.packages:
        yield f"  packages: {len(finding.packages)}, first {finding.packages[0]}"
    yield from (f"  {name}: {value}" for name, value in finding.evidence.items())
    if finding.fix:
        yield f"  fix: {finding.fix}"


def _recipe(recipe: Recipe | None) -> Iterator[str]:
    if recipe is None:
        return
    yield f"to do, {recipe.side}: {recipe.why_not or ''}".rstrip()
    yield from (f"  needs: {one.name} {one.what} {one.path}".rstrip() for one in recipe.inputs)
    yield from (f"  note: {note}" for note in recipe.notes)
    yield from (f"  left out: {one.setting} {one.value}" for one in recipe.left_out)
    yield from (f"  because: {reason}" for reason in dict.fromkeys(edit.reason for edit in recipe.go_mod))
    yield from (f"  $ {line}" for line in run(recipe))
    if recipe.gopluck:
        yield f"  or: {' '.join(recipe.gopluck)}"
    yield from (f"  inside the host: {line}" for line in (run(recipe.inside) if recipe.inside else ()))


def kinds(answer: tuple[str, ...]) -> frozenset[str]:
    """The kinds of lines in an answer; of commands the flags and variables."""
    return frozenset(kind for line in answer for kind in _kinds(line))


def _kinds(line: str) -> list[str]:
    if line.startswith("  $"):
        return re.findall(r"(?<=[ '])-[a-z]+=?|\b[A-Z]+(?==)", line)
    slug, colon, rest = line.partition(": ")
    return [slug + colon + ("" if slug in ("  packages", "  host", "  plugin") else _NAME.sub("~", rest))]


def text(name: str, number: int, answer: tuple[str, ...]) -> str:
    """One paragraph of said.txt."""
    return "\n".join((f"== {name}, {number}", *answer)) + "\n"


def kept() -> frozenset[Place]:
    """The places that the file has."""
    found = re.findall(r"(?m)^== (\S+), (\d+)$", SAID.read_text() if SAID.exists() else "")
    return frozenset((name, int(number)) for name, number in found)


def written() -> Iterator[str]:
    """The paragraphs of said.txt."""
    everything = {
        (one.name, number): answer
        for path in recorded.families()
        for one in recorded.sets(path)
        for number, answer in enumerate(answers(one), 1)
    }
    found = {place: kinds(answer) for place, answer in everything.items()}
    yield from (text(*place, everything[place]) for place in sorted(chosen(found, kept() & found.keys())))


def chosen(found: Mapping[Place, frozenset[str]], before: Iterable[Place]) -> set[Place]:
    """Few places that have all kinds: those before, and others for the kinds that they have not; none for nothing.

    Chosen once more, with these before, they are the same.
    """
    out = set(before)
    left = {place: new for place, new in found.items() if place not in out}
    seen = frozenset[str]().union(*(found[place] for place in out))
    while left := {place: new for place, those in left.items() if (new := those - seen)}:
        best = max(left, key=lambda place: (len(left[place]), place))
        out.add(best)
        seen |= left[best]
    times = Counter(kind for place in out for kind in found[place])
    for place in sorted(out):
        if all(times[kind] > 1 for kind in found[place]):
            out.remove(place)
            times.subtract(found[place])
    return out


if __name__ == "__main__":
    SAID.write_text("\n".join(written()))
