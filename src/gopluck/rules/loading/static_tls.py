"""`static-tls`: thread-local variables of the plugin's C code have no room in the static TLS area of the process."""

from __future__ import annotations

from collections.abc import Mapping

from gopluck.loader.answer import Failure
from gopluck.rules.model import Evidence, Link, Owner, Rule, by_failure

STEP = 512
"""The number that is printed for the tunable is a multiple of it."""


def words(evidence: Evidence, found: Mapping[str, str]) -> tuple[str, str, str]:
    """By what the dynamic linker computes (`loader.statictls`)."""
    library = found.get("library", "").rpartition("/")[2]
    by = library or evidence.file
    short = "the plugin" if by == evidence.file else by
    if "needs" not in found:
        what = f"the variable {found['symbol']}" if found.get("symbol") else "a variable"
        return (
            f"{evidence.file} wants {what} of {by} in the static TLS area, and musl has room there only for what is "
            "loaded at the start",
            "Compile the plugin's C code without -ftls-model=initial-exec and tls_model attributes.",
            f"{short} has C code with initial-exec TLS, which musl refuses",
        )
    needs, free = found["needs"], found["free"]
    if int(found["alignment"]) > int(found["most_alignment"]):
        return (
            f"{by} has thread-local variables that are aligned to {found['alignment']} bytes, and the static TLS area "
            f"of this host to {found['most_alignment']}",
            "Compile the plugin's C code without -ftls-model=initial-exec and tls_model attributes.",
            f"the static TLS of {short} is aligned to {found['alignment']} bytes",
        )
    enough = STEP - -(int(needs) - int(free.partition("-")[0])) // STEP * STEP + STEP
    return (
        f"{by} needs {needs} bytes of static TLS for thread-local variables of its C code, and the process has {free} "
        "left",
        f"Start the host with GLIBC_TUNABLES=glibc.rtld.optional_static_tls={enough} in its environment (glibc 2.32 "
        "and later), or compile the C code without -ftls-model=initial-exec and tls_model attributes.",
        f"{short} needs {needs} bytes of static TLS, and {free} are left",
    )


RULE = Rule(
    slug="static-tls",
    rank=115,
    title="Thread-local variables of the plugin's C code do not fit into the static TLS area.",
    meaning="C code of the plugin, or of a library that it brings, was compiled with the initial-exec model for "
    'thread-local variables (`-ftls-model=initial-exec`, `__attribute__((tls_model("initial-exec")))`; jemalloc and '
    "others do so for speed). Such variables have to lie in an area that each thread has had from its start, and what "
    "is left of it is too small. The finding says how many bytes are needed, and how many there are.",
    why="The dynamic linker lays out the static TLS area when the process starts. glibc makes it 1,664 bytes larger "
    "than it has to be, rounded up to the alignment (in all, some 1,700); all that is opened later has to share that, "
    "also plugins that Go refused, because nothing is ever unloaded. Go's own 8 bytes are the host's. musl keeps no "
    "room at all. gopluck computes what glibc computes, to the byte for x86-64 and glibc 2.32 to 2.40; for others it "
    "says `cannot be determined` where the two bounds differ. What the host's own C code opens by itself it does not "
    "see.",
    example="A plugin with jemalloc inside; two plugins that bring 900 bytes each: the second is refused.",
    fix="Compile the C code without the initial-exec model: the default of compilers fits always. Where it is not "
    "yours, link its library into the host, so that it is counted at the start; or start the host with "
    "`GLIBC_TUNABLES=glibc.rtld.optional_static_tls=BYTES` (glibc 2.32 and later; the default is 512).",
    links=(
        Link("glibc elf/dl-tls.c, _dl_tls_static_surplus_init"),
        Link("glibc elf/dl-reloc.c, _dl_try_allocate_static_tls"),
        Link(
            "glibc manual, Dynamic Linking Tunables",
            "https://sourceware.org/glibc/manual/latest/html_node/Dynamic-Linking-Tunables.html",
        ),
        Link("jemalloc/jemalloc #937", "https://github.com/jemalloc/jemalloc/issues/937"),
    ),
    ends=by_failure(words),
    failures=frozenset({Failure.STATIC_TLS}),
    owner=Owner(
        "the plugin's C code wants more static TLS than the process has",
        "Compile the C code without the initial-exec TLS model.",
        side="plugin",
        builds=False,
    ),
)
