"""`unsupported-format`: ELF, but damaged or of a kind that cannot be judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gopluck.loader.answer import Failure
from gopluck.replay.ends import End
from gopluck.rules.model import Evidence, Link, Rule, Told, by_failure, told


def words(evidence: Evidence, found: Mapping[str, str]) -> tuple[str, str, str]:
    """By what the dynamic linker refuses."""
    missing = found.get("missing_bytes")
    if missing:
        cut = f"is cut: {missing} bytes that it maps are missing"
        return f"{evidence.file} {cut}", "Copy the file again.", f"the file {cut}"
    damage = evidence.plugin.damage
    what = f"is damaged: {damage}" if damage else "cannot be mapped as it is"
    return f"{evidence.file} {what}", "Copy or build the file again; pack or patch no plugins.", f"the file {what}"


def ends(evidence: Evidence) -> Iterator[Told]:
    """What `dlopen` refuses for its form, and what gopluck does not look into."""
    yield from by_failure(words)(evidence)
    if evidence.outcome.why == End.UNKNOWN_LAYOUT:
        yield told(evidence.outcome.note or "", "Try a newer gopluck, or really load it.")
    if evidence.outcome.why == End.UNKNOWN_FORMAT:
        if evidence.host.packed:
            what, fix = "a packed file holds its modules compressed", "Give gopluck the file from before it was packed."
        else:
            what, fix = "it cannot say what another system's loader does", "Load the plugin where the host runs."
        yield told(f"gopluck reads ELF hosts, as Linux has them: {what}", fix)


RULE = Rule(
    slug="unsupported-format",
    rank=40,
    title="The file is damaged, or of a form that cannot be judged.",
    meaning="The ELF header is good, but the dynamic linker cannot map the file (it is cut, its segments do not fit), "
    "or it was built by a Go release whose module layout this gopluck does not know. Or the host is packed, or a "
    "program for macOS or Windows: gopluck knows how Linux loads, and nothing else. (On Windows Go has no plugins.)",
    why="`dlopen` maps the segments that the program headers name; where the file ends before them, the process dies "
    "(SIGBUS) when it touches the missing pages.",
    example="A plugin copied while the disk was full.",
    fix="Copy or build the file again. For a new Go release, use a gopluck that knows it.",
    links=(Link("glibc elf/dl-map-segments.h"), Link("src/runtime/symtab.go, moduledata")),
    ends=ends,
    failures=frozenset({Failure.FORM}),
    explains=frozenset({End.UNKNOWN_LAYOUT, End.UNKNOWN_FORMAT}),
)
