"""What a rule says, as a page: `gopluck explain` shows it, and `docs/rules` has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gopluck.builds import measured as table
from gopluck.result.check import RulePage
from gopluck.rules.model import Rule
from gopluck.rules.registry import Kind, kind_of, rule

GROUPS: Mapping[Kind, tuple[str, str]] = {
    Kind.LOADING: ("Loading", "The file cannot be loaded at all."),
    Kind.RUNTIME: ("The runtime", "The file is loaded, and the runtime refuses it, whatever its packages are."),
    Kind.CAUSE: (
        "Causes of a package that differs",
        "Go names only the first package that differs. gopluck compares all of them, and names for each the "
        "differences between the two builds that can have changed it, the strongest first. All of them have to go.",
    ),
    Kind.HARMLESS: (
        "Differences that do not matter",
        "People suspect them, and no load fails for them: gopluck names them with -v, and always in the JSON. Many of "
        "the causes are harmless in one set and break another; then they are named the same way.",
    ),
    Kind.LOOKUP: ("Lookup", "The plugin loads, and does not have what `--symbol` asks for."),
    Kind.RISK: (
        "Risks",
        "The plugin loads, and is dangerous all the same. `--fail-on risk` turns these into status 1, but for "
        "those that you accept (`--ignore`, gopluck.toml).",
    ),
}
"""By kind: the heading, and what its rules have in common."""


def sections(one: Rule) -> tuple[tuple[str, str], ...]:
    """Heading and text of each part of a rule, as its page and `gopluck explain` show them; links come after."""
    kind = kind_of(one.slug)
    idle = kind == Kind.HARMLESS
    refused = kind in (Kind.LOADING, Kind.RUNTIME, Kind.CAUSE)
    parts = (
        ("What it means", one.meaning),
        ("Why it does not matter" if idle else "Why Go refuses" if refused else "What Go does", one.why),
        ("Example", one.example),
        ("What to do" if idle else "How to fix it", one.fix),
    )
    return tuple((heading, text) for heading, text in (*parts, ("Measured", measured(one.slug))) if text)


def measured(slug: str) -> str:
    """What was measured about a rule's differences, a line each: between which releases it breaks a load."""
    lines = []
    for rule_slug, what, results in table.measured().differences.values():
        breaks = [release for release, code in results.items() if "x" in code[:2]]
        loads = [release for release in results if release not in breaks]
        words = [f"{word} with {_span(list_)}" for word, list_ in (("breaks", breaks), ("loads", loads)) if list_]
        lines += [f"- {what}: {'; '.join(words)}"] if rule_slug == slug else []
    return "\n".join(lines)


def _span(releases: Sequence[str]) -> str:
    """`Go 1.21 to 1.27`, or each release where one between them is missing."""
    known = table.measured().releases
    first, last = (known.index(releases[at]) for at in (0, -1))
    minors = [release.rpartition(".")[0] for release in releases]
    whole = len(releases) > 2 and known[first : last + 1] == tuple(releases)
    return f"Go {minors[0]} to {minors[-1]}" if whole else f"Go {', '.join(minors)}"


def rule_page(slug: str) -> RulePage:
    """What one rule says. Raises `KeyError` when there is none; imports that rule only."""
    one = rule(slug)
    return RulePage(
        one.slug,
        one.title,
        GROUPS[kind_of(slug)][0],
        sections(one),
        tuple((link.title, link.url) for link in one.links),
    )


def page(one: RulePage) -> str:
    """The page of one rule as Markdown."""
    links = "\n".join(f"- [{title}]({url})" if url else f"- {title}" for title, url in one.links)
    parts = (*one.sections, *([("Where to read more", links)] if links else []))
    return f"# {one.slug}\n\n{one.title}\n" + "".join(f"\n## {heading}\n\n{text}\n" for heading, text in parts)
