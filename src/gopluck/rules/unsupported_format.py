"""`unsupported-format`: ELF, but damaged or of a kind that cannot be judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gopluck.report.model import Finding
from gopluck.rules.endings import by_dlopen, cause, name
from gopluck.rules.model import Evidence, Link, Rule


def words(evidence: Evidence, found: Mapping[str, str]) -> tuple[str, str]:
    """By what the dynamic linker refuses."""
    missing = found.get("missing_bytes")
    if missing:
        return f"{name(evidence)} is cut: {missing} bytes that it maps are missing", "Copy the file again."
    damage = evidence.plugin.damage
    text = f"{name(evidence)} is damaged: {damage}" if damage else f"{name(evidence)} cannot be mapped as it is"
    return text, "Copy or build the file again; pack or patch no plugins."


def ends(evidence: Evidence) -> Iterator[Finding]:
    """What `dlopen` refuses for its form, and what gopluck does not look into."""
    yield from by_dlopen("unsupported-format", words)(evidence)
    if evidence.outcome.why in ("unknown-layout", "unknown-format"):
        yield cause("unsupported-format", evidence.outcome.note or "", "Try a newer gopluck, or really load it.")


RULE = Rule(
    slug="unsupported-format",
    title="The file is damaged, or of a form that cannot be judged.",
    meaning="The ELF header is good, but the dynamic linker cannot map the file (it is cut, its segments do not fit), "
    "or it was built by a Go release whose module layout this gopluck does not know.",
    why="`dlopen` maps the segments that the program headers name; where the file ends before them, the process dies "
    "(SIGBUS) when it touches the missing pages.",
    example="A plugin copied while the disk was full.",
    fix="Copy or build the file again. For a new Go release, use a gopluck that knows it.",
    links=(Link("glibc elf/dl-map-segments.h"), Link("src/runtime/symtab.go, moduledata")),
    ends=ends,
)
