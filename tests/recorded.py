"""The oracle's recorded sets: facts of real binaries, and what Go really said when they were loaded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from fixtures.oracle.asked import from_json as system_of
from fixtures.oracle.codec import from_json
from fixtures.oracle.record import document
from gopluck.explainer.engine import Explanation
from gopluck.facts.model import Binary, Identity
from gopluck.loader.library import System
from gopluck.replay.process import OpenRequest, Outcome

RECORDED = Path(__file__).parent.parent / "fixtures" / "recorded"


@dataclass(frozen=True)
class Set:
    """One really loaded set."""

    name: str
    host: Binary
    requests: tuple[OpenRequest, ...]
    truth: tuple[tuple[str, str], ...]
    """(result, text) of each open as Go gave it."""
    system: System
    raw: Mapping[str, Any]


@cache
def family(path: Path) -> Mapping[str, Any]:
    """One recorded file."""
    return document(path)


def families() -> list[Path]:
    """The recorded files."""
    return sorted(RECORDED.glob("*.json.xz"))


@cache
def sets(path: Path) -> tuple[Set, ...]:
    """The sets of one recorded file."""
    return tuple(_sets(family(path)))


def by_name(name: str) -> Set:
    """The set of a name, which begins with that of its family."""
    found = sets(RECORDED / f"{name.partition('/')[0]}.json.xz")
    return next(one for one in found if one.name == name)


def _sets(document: Mapping[str, Any]) -> Iterator[Set]:
    binaries = {name: from_json(Binary, value) for name, value in document["binaries"].items()}
    systems = {name: system_of(value) for name, value in document["systems"].items()}
    for raw in document["sets"]:
        requests = tuple(OpenRequest(opened["name"], _placed(opened, binaries)) for opened in raw["opens"])
        truth = tuple((one["result"], one["text"]) for one in raw["outcome"])
        yield Set(raw["name"], binaries[raw["host"]], requests, truth, systems[raw["system"]], raw)


def beyond(one: Set) -> str | None:
    """Why no reader of the files can know how a set ends, or None.

    gopluck then says what the files alone decide: everything before the plugin's own code runs, and libasan's default.
    """
    registers = any(difference["kind"] == "registers-twice" for difference in one.raw["differences"])
    if one.raw["family"] == "own-code" or registers:
        return "the plugin's own init panics"
    if one.name.startswith("installs/garble/"):
        return "garble has renamed what is compared"
    if one.name.startswith("old/foreign-path-of-35/"):
        return "three letters are an address in the host: what lies there decides what the process dies of"
    if one.name.startswith("chosts/loading-local/"):
        return "the program's call of dlopen decides: gopluck says what it takes for granted"
    return "the environment of the process decides" if one.raw.get("env", {}).keys() - {"LD_LIBRARY_PATH"} else None


def agrees(outcome: Outcome, truth: tuple[str, str], request: OpenRequest) -> bool:
    """Whether an outcome is what Go said.

    Where Go itself has a choice (the order of a map), any of its texts is right; `error_exact` says so.
    """
    result, text = truth
    if outcome.verdict == "unknown" and outcome.dlopen is not None and outcome.dlopen.failure == "static_tls":
        return True  # a live glibc that is not computed to the byte; the recorded one is (test_static_tls)
    if outcome.why == "missing-symbol" and not outcome.exact and request.binary and request.binary.go:
        first = request.binary.go.missing_symbols[0]
        texts = [(outcome.error or "").replace(first, name) for name in request.binary.go.missing_symbols]
        return result == "error" and text in texts
    return said(outcome) == (result, text.removeprefix("==PID=="))


def disagreement(one: Set, outcomes: tuple[Outcome, ...]) -> str | None:
    """What gopluck says otherwise than Go did, or None."""
    if beyond(one):
        return None
    for position, (outcome, truth) in enumerate(zip(outcomes, one.truth, strict=True), 1):
        if not agrees(outcome, truth, one.requests[position - 1]):
            return f"{one.name}, open {position}\n  Go said {truth}\n  gopluck {said(outcome)} {outcome.note}"
    return None


def _placed(opened: Mapping[str, Any], binaries: Mapping[str, Binary]) -> Binary | None:
    """The file behind a name, in the place where it lay: None when there was none."""
    if opened["realpath"] is None:
        return None
    identity = Identity(opened["realpath"], opened["inode"])
    if opened["binary"] is None:
        return Binary(opened["name"], 0, identity, "directory")
    return binaries[opened["binary"]]._replace(path=opened["name"], identity=identity)


def said(outcome: Outcome) -> tuple[str, str]:
    """An outcome in the oracle's words: the result and the text (without the `panic: ` that a recovered one lacks)."""
    if outcome.verdict == "loads":
        return "ok", ""
    if outcome.verdict in ("not-reached", "unknown"):
        return outcome.verdict, ""
    effect = outcome.effect or "none"
    return effect, (outcome.error or "").removeprefix("panic: " if effect == "panic" else "")


SILENT = {"unexplained", "dependency-changed"}
"""Slugs that name no difference."""

CALLED = {
    # An -asan plugin ends in dlopen before any package is compared; a host with another one in the same way.
    "instrumentation": {"sanitizer-runtime"},
    # -Bsymbolic keeps a plugin out of the module list.
    "linker": {"not-a-plugin"},
    # Declared of every damaged file: the rule says in which way.
    "not-elf": {"unsupported-format", "machine-mismatch", "not-a-plugin", "not-go"},
}
"""What else a declared difference may be called, where the load ends in that way."""

BY_NAME = {"other-module": "module-version", "trimpath": "trimpath"}
"""What the last part of a name says where the scenario does not declare it."""

SCORED = ("flags", "modules", "content", "toolchains", "traps", "links", "symbols")
"""Families whose every set has one host, one plugin, and declared differences."""


def named(explanation: Explanation) -> set[str]:
    """The causes among the findings."""
    return {finding.rule for finding in explanation.findings if finding.role == "cause"}


def declared(one: Set) -> set[str]:
    """The differences that were built in, and what they may be called."""
    kinds = {difference["kind"] for difference in one.raw.get("differences", ())}
    kinds |= {slug for word, slug in BY_NAME.items() if f"/{word}@" in one.name}
    return kinds | {slug for kind in kinds for slug in CALLED.get(kind, ())}
