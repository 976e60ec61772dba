"""`libc-too-old`: the plugin needs a newer glibc than the host's process has."""

from __future__ import annotations

from collections.abc import Mapping

from gopluck.loader.answer import Failure
from gopluck.rules.model import Evidence, Link, Owner, Rule, by_failure


def words(evidence: Evidence, found: Mapping[str, str]) -> tuple[str, str]:
    """By the symbol versions that the plugin asks for, and those that the library defines."""
    wanted = found.get("version", "a newer version")
    has = found.get("available")
    return (
        f"the plugin was linked with a newer C library: it needs {wanted}" + (f", {has} is there" if has else ""),
        "Build the plugin on the system on which the host was built or runs (or on an older one).",
    )


RULE = Rule(
    slug="libc-too-old",
    rank=120,
    title="The plugin needs a newer glibc than there is.",
    meaning="The plugin was linked against a glibc whose symbol versions the C library in the process does not have.",
    why="Symbols of glibc carry the version in which they changed; a file records which it needs, and the dynamic "
    "linker checks that before anything else.",
    example="A plugin built on a current distribution, opened in a container with an older one: version "
    "GLIBC_2.38 is not found.",
    fix="Build the plugin in the image in which the host is built; or run the host in a newer image.",
    links=(Link("glibc elf/dl-version.c, match_symbol"),),
    ends=by_failure(words),
    failures=frozenset({Failure.OLDER_LIBC}),
    owner=Owner(
        "a build on this system asks for the same version of the C library again",
        "Run the host on a system with that version, or build the plugin on one that is no newer than the host's.",
        builds=False,
    ),
)
