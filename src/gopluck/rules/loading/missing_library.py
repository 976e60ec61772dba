"""`missing-library`: a C library that the plugin needs is not found."""

from __future__ import annotations

from collections.abc import Mapping

from gopluck.loader.answer import Failure
from gopluck.rules.model import Evidence, Link, Owner, Rule, by_failure


def words(evidence: Evidence, found: Mapping[str, str]) -> tuple[str, str, str]:
    """By `DT_NEEDED` and the search path."""
    library = found.get("library", "a library")
    needing = found.get("needed_by", "").rpartition("/")[2]
    by = needing or evidence.file
    short = "the plugin" if by == evidence.file else by
    if found.get("version"):
        return (
            f"{by} needs {found['version']} of {library}, which has only {found.get('available', 'older ones')}",
            f"Install a version of {library.rpartition('/')[2]} that has {found['version']} where the host runs.",
            f"{short} needs {found['version']} of {library}",
        )
    if found.get("found"):
        return (
            f"{by} needs {library}, and {found['found']} is not usable",
            f"Install {library} for the host's machine.",
            f"{short} needs {library}, and {found['found']} is not usable",
        )
    return (
        f"{by} needs {library}, which is not found where the host looks for libraries",
        f"Install {library} where the host runs, or link the plugin with -extldflags=-Wl,-rpath,DIR.",
        f"{short} needs {library}, which is not found",
    )


RULE = Rule(
    slug="missing-library",
    rank=100,
    title="A shared library that the plugin needs is not there.",
    meaning="The plugin (or a library of it) names a library in `DT_NEEDED` that the dynamic linker does not find, or "
    "finds in a version that lacks what is needed.",
    why="`dlopen` loads everything a file needs before the file itself. It looks where rpath or runpath, "
    "LD_LIBRARY_PATH, the ld.so cache and the default directories point, of the machine or container on which the "
    "host runs.",
    example="A plugin that uses libsqlite3 through cgo, opened in an image without it.",
    fix="Install the library in the host's image, or build the plugin so that it does not need it.",
    links=(Link("glibc elf/dl-load.c, _dl_map_object"), Link("musl ldso/dynlink.c, load_direct_deps")),
    ends=by_failure(words),
    failures=frozenset({Failure.LIBRARY}),
    owner=Owner(
        "the library is missing where the host runs, whatever the plugin is built with",
        "Install the library for the host, or link the plugin without it.",
        builds=False,
    ),
)
