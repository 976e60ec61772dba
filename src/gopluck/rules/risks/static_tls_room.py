"""`static-tls-room`: after this plugin little is left of the static TLS area."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.rules.model import Evidence, Link, Rule, Told, told

LITTLE = 512
"""Bytes: what glibc itself may lend to libraries that could do without (`rtld.optional_static_tls`)."""


def risks(evidence: Evidence) -> Iterator[Told]:
    """By what the dynamic linker computed (`loader.statictls`)."""
    found = evidence.outcome.dlopen.evidence if evidence.outcome.dlopen else {}
    if "static_tls" in found and int(found["left"]) < LITTLE:
        yield told(
            f"{evidence.file} takes {found['static_tls']} bytes of static TLS, and {found['left']} are left: it is "
            "refused in a process that has opened something else before which takes more than that",
            "Compile the plugin's C code without -ftls-model=initial-exec and tls_model attributes, or start the host "
            "with GLIBC_TUNABLES=glibc.rtld.optional_static_tls=2048 in its environment (glibc 2.32 and later).",
            plugin=found["static_tls"],
            host=found["left"],
        )


RULE = Rule(
    slug="static-tls-room",
    rank=75,
    title="The plugin takes most of what the process has left for static TLS.",
    meaning="Thread-local variables of the plugin's C code lie in the static TLS area of the process. They fit, and "
    "less than 512 bytes are left then. Whether they fit depends on what was opened before: other plugins (give them "
    "to one `gopluck check`, in their order), and libraries that the host's C code opens by itself, which gopluck does "
    "not see.",
    why="The area is laid out when the process starts, with 1,664 bytes more than it has to have (glibc). All that is "
    "opened later with initial-exec TLS shares them, and up to 512 of them can go to libraries that could do without.",
    example="A plugin with 1,600 bytes of initial-exec TLS loads alone, and not behind one that has 100.",
    fix="Compile the C code without `-ftls-model=initial-exec` and `tls_model` attributes, or start the host with "
    "`GLIBC_TUNABLES=glibc.rtld.optional_static_tls=BYTES`.",
    links=(
        Link("glibc elf/dl-tls.c, _dl_tls_static_surplus_init"),
        Link(
            "glibc manual, Dynamic Linking Tunables",
            "https://sourceware.org/glibc/manual/latest/html_node/Dynamic-Linking-Tunables.html",
        ),
    ),
    risks=risks,
)
