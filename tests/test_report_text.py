"""What a person sees: whole documents."""

from __future__ import annotations

import re

import pytest

import reports as r
from gopluck.report.clean import clean, without_surrogates
from gopluck.report.interface import QUIET, VERBOSE, View
from gopluck.report.layout import Layout, atoms
from gopluck.report.model import Finding, HostSummary, MismatchedPackage, Packages, PluginResult, Report
from gopluck.report.text import render

PIPE = View()

DOCUMENTS = {
    "one that loads is one line": (
        r.report(r.loads()),
        PIPE,
        """\
✓ metrics.so will load into ./gateway  (103 of 103 packages match)
""",
    ),
    "several that load stand together": (
        r.report(r.loads(), r.loads("cache.so", 2)),
        PIPE,
        """\
✓ metrics.so will load into ./gateway  (103 of 103 packages match)
✓ cache.so will load into ./gateway  (103 of 103 packages match)

2 of 2 plugins will load.
""",
    ),
    "a risk is shown although it loads": (
        r.report(r.loads(findings=(r.CODE_SKEW, r.HARMLESS))),
        PIPE,
        """\
✓ metrics.so will load into ./gateway  (103 of 103 packages match)
  ⚠ mime has other code in the plugin under the same hash: both run    code-skew
    side by side

More: gopluck explain code-skew
""",
    ),
    "a mismatch: the verdict, the error, the packages, the reasons, the fix": (
        r.report(r.DIFFERENT),
        PIPE,
        """\
✗ auth.so will not load into ./gateway
  plugin.Open("auth"): plugin was built with a different version of package internal/goarch

  what  8 of 87 shared packages differ; Go names only the first
        standard library, 5 packages: internal/goarch, internal/cpu,
          internal/abi and 2 more (-v shows all)
          host    internal/cpu
          plugin  /usr/local/go/src/internal/cpu
        github.com/acme/codec, 3 packages: github.com/acme/codec,
          github.com/acme/codec/json, github.com/acme/codec/internal/wire
          host    github.com/acme/codec@v1.2.0
          plugin  /home/dev/go/pkg/mod/github.com/acme/codec@v1.3.1

  why   the host was built with -trimpath, the plugin without           trimpath
        all 8 packages
  and   github.com/acme/codec is v1.2.0 in the host, v1.3.1 in    module-version
        the plugin
        3 packages: github.com/acme/codec, github.com/acme/codec/json,
          github.com/acme/codec/internal/wire

  fix   GOTOOLCHAIN=go1.25.5 CGO_ENABLED=1 go build -buildmode=plugin -trimpath -o auth.so .
        go mod edit -exclude=github.com/acme/codec@v1.3.1 && go mod tidy

More: gopluck explain trimpath module-version
""",
    ),
    "a terminal folds what Go prints": (
        r.report(r.DIFFERENT, r.loads(position=2)),
        View(fold_quotes=True, width=64),
        """\
✗ auth.so will not load into ./gateway
  plugin.Open("auth"): plugin was built with a different version
    of package internal/goarch

  what  8 of 87 shared packages differ; Go names only the first
        standard library, 5 packages: internal/goarch,
          internal/cpu, internal/abi and 2 more (-v shows all)
          host    internal/cpu
          plugin  /usr/local/go/src/internal/cpu
        github.com/acme/codec, 3 packages:
          github.com/acme/codec, github.com/acme/codec/json,
          github.com/acme/codec/internal/wire
          host    github.com/acme/codec@v1.2.0
          plugin  /home/dev/go/pkg/mod/github.com/acme/codec@v1.3.1

  why   the host was built with -trimpath, the plugin   trimpath
        without
        all 8 packages
  and   github.com/acme/codec is v1.2.0 in the    module-version
        host, v1.3.1 in the plugin
        3 packages: github.com/acme/codec,
          github.com/acme/codec/json,
          github.com/acme/codec/internal/wire

  fix   GOTOOLCHAIN=go1.25.5 CGO_ENABLED=1 go build -buildmode=plugin -trimpath -o auth.so .
        go mod edit -exclude=github.com/acme/codec@v1.3.1 && go mod tidy

✓ metrics.so will load into ./gateway
  103 of 103 packages match

1 of 2 plugins will load.
More: gopluck explain trimpath module-version
""",
    ),
    "a wide terminal does not": (
        r.report(r.ONE_DIFFERS),
        View(fold_quotes=True, width=120),
        """\
✗ auth.so will not load into ./gateway
  plugin.Open("auth"): plugin was built with a different version of package github.com/acme/codec

  what  1 of 87 shared packages differs
        github.com/acme/codec
          plugins/metrics.so  github.com/acme/codec@v1.2.0
          plugin              github.com/acme/codec@v1.2.0

  why   nothing that was compared explains why the package differs                                           unexplained

More: gopluck explain unexplained
""",
    ),
    "verbose: every package with hashes and directories, the evidence, and what is harmless": (
        r.report(r.DIFFERENT),
        View(verbosity=VERBOSE),
        """\
✗ auth.so will not load into ./gateway
  plugin.Open("auth"): plugin was built with a different version of package internal/goarch

  what  8 of 87 shared packages differ; Go names only the first
        internal/goarch (standard library)                              trimpath
          host    94fae1c203b5d711  (no directory recorded)
          plugin  1d2ba3ffb3b5d711  (no directory recorded)
        internal/cpu (standard library)                                 trimpath
          host    94fae1c203b5d711  internal/cpu
          plugin  1d2ba3ffb3b5d711  /usr/local/go/src/internal/cpu
        internal/abi (standard library)                                 trimpath
          host    94fae1c203b5d711  internal/abi
          plugin  1d2ba3ffb3b5d711  /usr/local/go/src/internal/abi
        internal/bytealg (standard library)                             trimpath
          host    94fae1c203b5d711  internal/bytealg
          plugin  1d2ba3ffb3b5d711  /usr/local/go/src/internal/bytealg
        runtime (standard library)                                      trimpath
          host    94fae1c203b5d711  runtime
          plugin  1d2ba3ffb3b5d711  /usr/local/go/src/runtime
        github.com/acme/codec                           trimpath, module-version
          host    0a1b2c3d4e5f6071  github.com/acme/codec@v1.2.0
          plugin  71605f4e3d2c1b0a  /home/dev/go/pkg/mod/github.com/acme/codec@v1.3.1
        github.com/acme/codec/json (github.com/acme/codec)  trimpath, module-version
          host    0a1b2c3d4e5f6071  github.com/acme/codec@v1.2.0/json
          plugin  71605f4e3d2c1b0a  /home/dev/go/pkg/mod/github.com/acme/codec@v1.3.1/json
        github.com/acme/codec/internal/wire (github.com/acme/codec)  trimpath, module-version
          host    0a1b2c3d4e5f6071  github.com/acme/codec@v1.2.0/internal/wire
          plugin  71605f4e3d2c1b0a  /home/dev/go/pkg/mod/github.com/acme/codec@v1.3.1/internal/wire

  why   the host was built with -trimpath, the plugin without           trimpath
        all 8 packages
          host    -trimpath=true
          plugin  -
  and   github.com/acme/codec is v1.2.0 in the host, v1.3.1 in    module-version
        the plugin
        3 packages: github.com/acme/codec, github.com/acme/codec/json,
          github.com/acme/codec/internal/wire
          host    v1.2.0
          plugin  v1.3.1
  fine  golang.org/x/text is v0.1.0 and v0.2.0; no shared         module-version
        package is of it

  fix   GOTOOLCHAIN=go1.25.5 CGO_ENABLED=1 go build -buildmode=plugin -trimpath -o auth.so .
        go mod edit -exclude=github.com/acme/codec@v1.3.1 && go mod tidy

More: gopluck explain trimpath module-version
""",
    ),
    "an earlier plugin has the other hash": (
        r.report(r.loads("plugins/metrics.so"), r.ONE_DIFFERS),
        PIPE,
        """\
✓ plugins/metrics.so will load into ./gateway  (103 of 103 packages match)

✗ auth.so will not load into ./gateway
  plugin.Open("auth"): plugin was built with a different version of package github.com/acme/codec

  what  1 of 87 shared packages differs
        github.com/acme/codec
          plugins/metrics.so  github.com/acme/codec@v1.2.0
          plugin              github.com/acme/codec@v1.2.0

  why   nothing that was compared explains why the package differs   unexplained

1 of 2 plugins will load.
More: gopluck explain unexplained
""",
    ),
    "all packages match and it fails for another reason": (
        r.report(r.ALREADY),
        PIPE,
        """\
✗ copy.so will not load into ./gateway
  plugin.Open("copy"): plugin already loaded

  what  all 87 shared packages match; the reason is another

  why   auth.so has the same pluginpath, example.com/auth         already-loaded

  fix   Give one of them another pluginpath: build it in another module, or with
        go build -buildmode=plugin -ldflags=-pluginpath=auth2 -o copy.so .

More: gopluck explain already-loaded
""",
    ),
    "the process dies and the next is not reached": (
        r.report(r.FATAL, r.NOT_REACHED),
        PIPE,
        """\
✗ libz.so will not load into ./gateway: the process dies
  fatal error: runtime: no plugin module data

  why   libz.so is a C library: it has no Go module data                  not-go

  fix   Load only files that `go build -buildmode=plugin` made; no host survives
        any other.

- late.so is not reached
  libz.so has ended the process before.

0 of 2 plugins will load, 1 is not reached.
More: gopluck explain not-go
""",
    ),
    "packages differ, but the process dies before they are compared": (
        r.report(r.FOREIGN),
        PIPE,
        """\
✗ new.so will not load into ./gateway: the process dies
  fatal error: runtime: no plugin module data

  what  all 5 shared packages differ; Go ends before it compares them
        standard library, 5 packages: internal/goarch, internal/cpu,
          internal/abi and 2 more (-v shows all)
          host    internal/cpu
          plugin  /usr/local/go/src/internal/cpu

  why   the host was built with go1.25.5, the plugin with go1.26.6    go-version

More: gopluck explain go-version
""",
    ),
    "a panic": (
        r.report(r.PANIC),
        PIPE,
        """\
✗ old.so will not load into ./gateway: plugin.Open panics
  panic: runtime error: invalid memory address or nil pointer dereference
  [signal SIGSEGV: segmentation violation]
  A host that recovers from the panic hangs in its next plugin.Open.
""",
    ),
    "Open never returns": (
        r.report(r.HANG),
        PIPE,
        """\
✗ again.so will not load into ./gateway: plugin.Open never returns
""",
    ),
    "a missing symbol": (
        r.report(r.SYMBOLS),
        PIPE,
        """\
✗ named.so will not load into ./gateway
  plugin.Open("named"): could not find symbol Greet: undefined symbol
  A host that opens this path again hangs.
""",
    ),
    "the wording is a C library's that is not known": (
        r.report(r.MUSL),
        PIPE,
        """\
✗ alpine.so will not load into ./gateway
  plugin.Open("alpine.so"): Error loading shared library alpine.so: Exec format error
  (the wording depends on the host's C library, which is not known here)
""",
    ),
    "what cannot be determined says why, and what would settle it": (
        r.report(r.UNKNOWN, r.loads(position=2)),
        PIPE,
        """\
? future.so may or may not load into ./gateway

  why   go1.99 was not tested with this gopluck.
  and   the layout of moduledata in go1.99 is not in this     unsupported-format
        release

  next  gopluck check with a newer release

✓ metrics.so will load into ./gateway  (103 of 103 packages match)

1 of 2 plugins will load, 1 cannot be determined.
More: gopluck explain unsupported-format
""",
    ),
    "quiet: a line for each that would not load": (
        r.EVERYTHING,
        View(verbosity=QUIET),
        """\
✗ auth.so will not load into ./gateway
✗ auth.so will not load into ./gateway
✗ copy.so will not load into ./gateway
✗ libz.so will not load into ./gateway: the process dies
✗ old.so will not load into ./gateway: plugin.Open panics
✗ again.so will not load into ./gateway: plugin.Open never returns
✗ named.so will not load into ./gateway
✗ alpine.so will not load into ./gateway
- late.so is not reached
? future.so may or may not load into ./gateway
""",
    ),
    "quiet: nothing when all load": (
        r.report(r.loads(), r.loads()),
        View(verbosity=QUIET),
        """\
""",
    ),
    "many modules and many findings: a few, and how many more": (
        r.report(r.MANY),
        PIPE,
        """\
✗ big.so will not load into ./gateway
  plugin.Open("big"): plugin was built with a different version of package example.com/m0/p0

  what  28 of 412 shared packages differ; Go names only the first
        example.com/m0/p0 (example.com/m0)
        example.com/m1, 2 packages: example.com/m1/p0, example.com/m1/p1
        example.com/m2, 3 packages: example.com/m2/p0, example.com/m2/p1,
          example.com/m2/p2
        example.com/m3, 4 packages: example.com/m3/p0, example.com/m3/p1,
          example.com/m3/p2, example.com/m3/p3
        and 18 packages of 3 more modules (-v shows all)

  why   example.com/m0 is v1.0.0 in the host, v1.1.0 in the       module-version
        plugin
        example.com/m1 is v1.0.0 in the host, v1.1.0 in the plugin
        example.com/m2 is v1.0.0 in the host, v1.1.0 in the plugin
        example.com/m3 is v1.0.0 in the host, v1.1.0 in the plugin
        and 3 more of this kind (-v shows all)

More: gopluck explain module-version
""",
    ),
    "without UTF-8 the marks are ASCII": (
        r.report(r.FATAL, r.NOT_REACHED, r.loads(position=3)),
        View(unicode=False),
        """\
x libz.so will not load into ./gateway: the process dies
  fatal error: runtime: no plugin module data

  why   libz.so is a C library: it has no Go module data                  not-go

  fix   Load only files that `go build -buildmode=plugin` made; no host survives
        any other.

- late.so is not reached
  libz.so has ended the process before.

+ metrics.so will load into ./gateway  (103 of 103 packages match)

1 of 3 plugins will load, 1 is not reached.
More: gopluck explain not-go
""",
    ),
}


@pytest.mark.parametrize(("report", "view", "document"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_document(report: Report, view: View, document: str) -> None:
    assert render(report, view) == document


@pytest.mark.parametrize("verbosity", [QUIET, 0, VERBOSE])
def test_colours_change_nothing_but_colours(verbosity: int) -> None:
    plain = render(r.EVERYTHING, View(verbosity=verbosity))
    colored = render(r.EVERYTHING, View(verbosity=verbosity, color=True))
    assert colored != plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == plain
    assert "\x1b" not in plain


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_only_what_must_stay_whole_is_wider_than_the_terminal(width: int) -> None:
    for line in render(r.EVERYTHING, View(width=width, fold_quotes=True)).splitlines():
        whole = {r.BUILD, *r.BUILD.split(), *r.MODULE_VERSION.fix.splitlines(), *line.split()}
        commands = [fix for plugin in r.EVERYTHING.plugins for f in plugin.findings for fix in f.fix.split("\n")]
        shown = re.sub(r"^ *(fix|next|host|plugin|both)? *", "", line)
        assert len(line) <= width or shown in whole | set(commands)


def test_paths_with_spaces_stay_whole() -> None:
    host = HostSummary("/srv/my gateway/bin/gateway", "exe", "go1.25.5", "linux", "amd64", None)
    report = Report(host, (r.fails("/srv/my plugins/auth service.so", "realpath", "error", None),))
    assert render(report, View(width=48, fold_quotes=True)) == (
        "✗ /srv/my plugins/auth service.so will not load\n  into /srv/my gateway/bin/gateway\n"
    )


def test_names_from_files_cannot_act_on_the_terminal() -> None:
    evil = "a\x1b[2J\nb\x9b\u202e\udcffc"
    report = Report(
        HostSummary(evil, "exe", evil, evil, evil, evil),
        (
            PluginResult(
                evil,
                1,
                "fails",
                "runtime",
                "error",
                evil,
                False,
                Packages(1, (MismatchedPackage(evil, evil, evil, evil, evil, evil, evil, (evil,), (evil,)),)),
                (Finding(evil, "cause", evil, (evil, "x"), {"host": evil, "plugin": [evil]}, evil),),
                note=evil,
            ),
        ),
    )
    for verbosity in (QUIET, 0, VERBOSE):
        text = render(report, View(verbosity=verbosity))
        assert [char for char in text if char != "\n" and not char.isprintable()] == []


CLEANED = {
    "plain": ("net/http", "net/http"),
    "letters of any script": ("пакет/包", "пакет/包"),
    "escape sequence": ("\x1b[31mred", r"\x1b[31mred"),
    "C1 sequence": ("\x9b31m", r"\x9b31m"),
    "line breaks": ("a\r\nb\u2028c", r"a\r\nb\u2028c"),
    "bidi override": ("a\u202eb\u2066c", r"a\u202eb\u2066c"),
    "zero width": ("pay\u200bpal", r"pay\u200bpal"),
    "bytes that are not UTF-8": ("a\udcffb", r"a\xffb"),
    "lone surrogate": ("a\ud800b", r"a\ud800b"),
    "tag characters": ("a\U000e0041b", r"a\U000e0041b"),
}


@pytest.mark.parametrize(("dirty", "expected"), CLEANED.values(), ids=CLEANED)
def test_clean(dirty: str, expected: str) -> None:
    assert clean(dirty) == expected


def test_only_surrogates_are_no_text_for_json() -> None:
    assert without_surrogates("a\x1b\udcff\u202e") == "a\x1b\\xff\u202e"


def test_folding_keeps_backticked_commands_whole() -> None:
    text = "Build it with `go build -buildmode=plugin` first."
    assert atoms(text) == ["Build", "it", "with", "`go build -buildmode=plugin`", "first."]
    assert Layout(View(width=40)).prose(text, 0) == ["Build it with", "`go build -buildmode=plugin` first."]
