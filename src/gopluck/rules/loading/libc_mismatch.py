"""`libc-mismatch`: one side is linked with glibc, the other with musl."""

from __future__ import annotations

from collections.abc import Mapping

from gopluck.loader.answer import Failure
from gopluck.loader.libc import libc_of
from gopluck.rules.model import Evidence, Link, Rule, Trait, by_failure


def words(evidence: Evidence, found: Mapping[str, str]) -> tuple[str, str]:
    """By the host's interpreter and the libraries that the plugin needs."""
    host = libc_of(evidence.host).kind
    other = "glibc" if host == "musl" else "musl"
    return (
        f"the host is linked with {host}, the plugin with {other}",
        f"Build the plugin on a system with {host} ({'Alpine' if host == 'musl' else 'not Alpine'}).",
    )


RULE = Rule(
    slug="libc-mismatch",
    rank=130,
    title="Host and plugin are linked with different C libraries.",
    meaning="One side needs glibc, the other musl.",
    why="Two C libraries cannot serve one process: the plugin names a library or symbol version that only the other C "
    "library has. Under musl, code compiled for glibc also fails on its thread-local variables.",
    example="A plugin built in an Alpine image (`libc.musl-x86_64.so.1`), opened by a host on Debian.",
    fix="Build host and plugin in images with the same C library.",
    links=(Link("musl ldso/dynlink.c, load_library"), Link("glibc elf/dl-load.c")),
    ends=by_failure(words),
    failures=frozenset({Failure.OTHER_LIBC}),
    traits=frozenset({Trait.OTHER_LIBC}),
)
