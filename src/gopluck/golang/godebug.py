"""GODEBUG settings whose default depends on the `go` line of the main module, and the go line that a build shows.

`internal/godebugs/table.go` (`Changed`, `Old`; `Removed` has those of earlier releases), `defaultGODEBUG` in
`cmd/go/internal/load/godebug.go`: below the release in which a default changed, the build info lists the old one.
"""

from __future__ import annotations

from gopluck.golang.release import minor as minor_of

CHANGED = {
    19: "netedns0=0",
    21: "panicnil=1",
    22: "httplaxcontentlength=1 httpmuxgo121=1 tls10server=1 tlsrsakex=1 tlsunsafeekm=1",
    23: "asynctimerchan=1 gotypesalias=0 httpservecontentkeepheaders=1 tls3des=1 tlskyber=0 winreadlinkvolume=0 "
    "winsymlink=0 x509keypairleaf=0 x509negativeserial=1",
    24: "gotestjsonbuildtext=1 httpcookiemaxnum=0 multipathtcp=0 randseednop=0 rsa1024min=0 tlsmlkem=0 "
    "urlmaxqueryparams=0 x509rsacrt=0 x509usepolicies=0",
    25: "containermaxprocs=0 decoratemappings=0 tlssha1=1 updatemaxprocs=0 x509sha256skid=0",
    26: "cryptocustomrand=1 httpservecontentmaxranges=1 tlssecpmlkem=0 urlstrictcolons=0",
    27: "tracebacklabels=0 x509sslcertoverrideplatform=0",
}
"""By the minor release in which the default changed: each setting with its old value."""

FIRST = 18
"""The first go line that is looked at: those below differ by nothing that is listed."""


def go_line(defaults: str, release: str) -> tuple[int | None, tuple[str, ...]]:
    """The minor release of the go line that explains a `DefaultGODEBUG`, and the settings that none explains.

    Of several go lines that give the same it is the highest; None where the release is not known.
    """
    found = minor_of(release)
    listed = frozenset(filter(None, defaults.split(",")))
    if found is None:
        return None, tuple(sorted(listed))
    changed = {minor: listed.intersection(words.split()) for minor, words in CHANGED.items() if minor <= found[1]}

    def unlike(line: int) -> int:
        """Changes that are listed and should not be, and releases of whose changes none is listed. Not every release
        has every setting: some were removed again, others came with a patch release."""
        later = [settings for minor, settings in changed.items() if minor > line]
        return len(listed.difference(*later)) + sum(not settings for settings in later)

    best = min(range(max(found[1], FIRST), FIRST - 1, -1), key=unlike)
    return best, tuple(sorted(listed.difference(*(words for minor, words in changed.items() if minor > best))))
