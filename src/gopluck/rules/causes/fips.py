"""`fips`: only one side was built with a frozen GOFIPS140 module, or with another one."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.builds.build import Build
from gopluck.rules.model import Comparison, Difference, Link, Rule

REACH = ("crypto", "golang.org/x/crypto", "vendor/golang.org/x/crypto")
"""Where packages lie that import the FIPS module."""


def differs(comparison: Comparison) -> Iterator[Difference]:
    """By the version in the import paths of `crypto/internal/fips140`, else by the build setting."""
    provider, plugin = comparison.builds
    if provider.fips == plugin.fips:
        yield from _same_code(comparison)
        return
    yield comparison.built_with(
        _shown(provider),
        _shown(plugin),
        "Build the plugin with the host's GOFIPS140.",
        (path for path in comparison.mismatched if any(path == at or path.startswith(f"{at}/") for at in REACH)),
    )


def _same_code(comparison: Comparison) -> Iterator[Difference]:
    """`latest`, `off` and nothing: three words for the toolchain's own code."""
    one, two = (build.setting("GOFIPS140") for build in comparison.builds)
    if one is None or two is None or one == two:
        return
    host, plugin = (f"GOFIPS140={value}" if value else "no GOFIPS140" for value in (one, two))
    found = comparison.built_with(host, plugin, fix="")
    yield found._replace(harmless=f"{found.message}: the same code")


def _shown(build: Build) -> str:
    return f"GOFIPS140={build.fips}" if build.fips else "no frozen FIPS module"


RULE = Rule(
    slug="fips",
    rank=30,
    title="Host and plugin use different Go Cryptographic Modules (GOFIPS140).",
    meaning="One side was built with GOFIPS140 set to a frozen version, the other with the toolchain's own code or "
    "another version.",
    why="With GOFIPS140=v1.0.0 the packages below crypto/internal/fips140 come from that version, under other import "
    "paths, and every package of crypto that uses them has another hash. GOFIPS140=latest and off compile the same "
    "code.",
    example="A host built with GOFIPS140=v1.0.0 refuses a plugin that imports crypto/sha256, at crypto/fips140.",
    fix="Build the plugin with the host's GOFIPS140. A plugin that shares no package of crypto with the host is not "
    "affected.",
    links=(
        Link("FIPS 140-3 compliance", "https://go.dev/doc/security/fips140"),
        Link("src/cmd/go/internal/fips140", "https://go.dev/src/cmd/go/internal/fips140/fips140.go"),
    ),
    differs=differs,
    compiled=True,
)
