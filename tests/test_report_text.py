"""What a person sees: whole documents."""

from __future__ import annotations

import re

import pytest

import reports as r
from gopluck.clean import clean, inert, without_surrogates
from gopluck.report.interface import QUIET, VERBOSE, View
from gopluck.report.sheet import Sheet
from gopluck.report.text import render
from gopluck.result.check import Finding, HostSummary, MismatchedPackage, Packages, PluginResult, Report
from gopluck.result.verdict import Effect, Role, Stage, Verdict

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
✓ metrics.so  will load (103 of 103 packages match)
✓ cache.so    will load (103 of 103 packages match)

2 of 2 plugins will load into ./gateway.
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
✗ auth.so will not load into ./gateway: the host was built with -trimpath, the plugin without (and 1 more)
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

  fix   # In the folder of the plugin’s package main:
        go mod edit -require=github.com/acme/codec@v1.2.0 \\
          -exclude=github.com/acme/codec@v1.3.1
        GOTOOLCHAIN=go1.25.5 CGO_ENABLED=1 go build -buildmode=plugin \\
          -trimpath -mod=mod -o auth.so .

More: gopluck explain trimpath module-version
""",
    ),
    "a terminal folds what Go prints": (
        r.report(r.DIFFERENT, r.loads(position=2)),
        View(fold_quotes=True, width=64),
        """\
✗ auth.so     the host was built with -trimpath, the plugin
              without (and 1 more)
✓ metrics.so  will load (103 of 103 packages match)

✗ auth.so will not load into ./gateway: the host was built with
  -trimpath, the plugin without (and 1 more)
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

  fix   # In the folder of the plugin’s package main:
        go mod edit -require=github.com/acme/codec@v1.2.0 \\
          -exclude=github.com/acme/codec@v1.3.1
        GOTOOLCHAIN=go1.25.5 CGO_ENABLED=1 go build \\
          -buildmode=plugin -trimpath -mod=mod -o auth.so .

1 of 2 plugins will load into ./gateway.
More: gopluck explain trimpath module-version
""",
    ),
    "a wide terminal does not": (
        r.report(r.ONE_DIFFERS),
        View(fold_quotes=True, width=120),
        """\
✗ auth.so will not load into ./gateway: nothing that was compared explains why the package differs
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
✗ auth.so will not load into ./gateway: the host was built with -trimpath, the plugin without (and 1 more)
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
        github.com/acme/codec/json                      trimpath, module-version
        (github.com/acme/codec)
          host    0a1b2c3d4e5f6071  github.com/acme/codec@v1.2.0/json
          plugin  71605f4e3d2c1b0a  /home/dev/go/pkg/mod/github.com/acme/codec@v1.3.1/json
        github.com/acme/codec/internal/wire             trimpath, module-version
        (github.com/acme/codec)
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

  fix   # In the folder of the plugin’s package main:
        go mod edit -require=github.com/acme/codec@v1.2.0 \\
          -exclude=github.com/acme/codec@v1.3.1
        GOTOOLCHAIN=go1.25.5 CGO_ENABLED=1 go build -buildmode=plugin \\
          -trimpath -mod=mod -o auth.so .

More: gopluck explain trimpath module-version
""",
    ),
    "an earlier plugin has the other hash": (
        r.report(r.loads("plugins/metrics.so"), r.ONE_DIFFERS),
        PIPE,
        """\
✓ plugins/metrics.so  will load (103 of 103 packages match)
✗ auth.so             nothing that was compared explains why the package differs

✗ auth.so will not load into ./gateway: nothing that was compared explains why the package differs
  plugin.Open("auth"): plugin was built with a different version of package github.com/acme/codec

  what  1 of 87 shared packages differs
        github.com/acme/codec
          plugins/metrics.so  github.com/acme/codec@v1.2.0
          plugin              github.com/acme/codec@v1.2.0

  why   nothing that was compared explains why the package differs   unexplained

1 of 2 plugins will load into ./gateway.
More: gopluck explain unexplained
""",
    ),
    "all packages match and it fails for another reason": (
        r.report(r.ALREADY),
        PIPE,
        """\
✗ copy.so will not load into ./gateway: auth.so has the same pluginpath, example.com/auth
  plugin.Open("copy"): plugin already loaded

  what  all 87 shared packages match; the reason is another

  why   auth.so has the same pluginpath, example.com/auth         already-loaded

  fix   # Give one of them another pluginpath: build it in another module.

More: gopluck explain already-loaded
""",
    ),
    "the process dies and the next is not reached": (
        r.report(r.FATAL, r.NOT_REACHED),
        PIPE,
        """\
✗ libz.so  libz.so is a C library: it has no Go module data
- late.so  is not reached: libz.so has ended the process before.

✗ libz.so will not load into ./gateway and the process dies: libz.so is a C library: it has no Go module data
  fatal error: runtime: no plugin module data

  why   libz.so is a C library: it has no Go module data                  not-go

  fix   # Open only what go build -buildmode=plugin made: no host survives
        # anything else.

0 of 2 plugins will load into ./gateway, 1 is not reached.
More: gopluck explain not-go
""",
    ),
    "packages differ, but the process dies before they are compared": (
        r.report(r.FOREIGN),
        PIPE,
        """\
✗ new.so will not load into ./gateway and the process dies: the host was built with go1.25.5, the plugin with go1.26.6
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
✗ old.so will not load into ./gateway and plugin.Open panics: runtime error: index out of range [1] with length 1
  panic: runtime error: index out of range [1] with length 1
  A host that recovers from the panic hangs in its next plugin.Open.
""",
    ),
    "Open never returns": (
        r.report(r.HANG),
        PIPE,
        """\
✗ again.so will not load into ./gateway and plugin.Open never returns
""",
    ),
    "a missing symbol": (
        r.report(r.SYMBOLS),
        PIPE,
        """\
✗ named.so will not load into ./gateway: could not find symbol Greet: undefined symbol
  plugin.Open("named"): could not find symbol Greet: undefined symbol
  A host that opens this path again hangs.
""",
    ),
    "the wording is a C library's that is not known": (
        r.report(r.MUSL),
        PIPE,
        """\
✗ alpine.so will not load into ./gateway: Error loading shared library alpine.so: Exec format error
  plugin.Open("alpine.so"): Error loading shared library alpine.so: Exec format error
  (the wording depends on the host's C library, which is not known here)
""",
    ),
    "what cannot be determined says why, and what would settle it": (
        r.report(r.UNKNOWN, r.loads(position=2)),
        PIPE,
        """\
? future.so   cannot be determined: go1.99 was not tested with this gopluck.
✓ metrics.so  will load (103 of 103 packages match)

? whether future.so will load into ./gateway cannot be determined: go1.99 was not tested with this gopluck.

  why   the layout of moduledata in go1.99 is not in this     unsupported-format
        release

  next  # Use a newer gopluck.

1 of 2 plugins will load into ./gateway, 1 cannot be determined.
More: gopluck explain unsupported-format
""",
    ),
    "quiet: a line for each that would not load": (
        r.EVERYTHING,
        View(verbosity=QUIET),
        """\
✗ auth.so will not load into ./gateway: the host was built with -trimpath, the plugin without (and 1 more)
✗ auth.so will not load into ./gateway: nothing that was compared explains why the package differs
✗ copy.so will not load into ./gateway: auth.so has the same pluginpath, example.com/auth
✗ libz.so will not load into ./gateway and the process dies: libz.so is a C library: it has no Go module data
✗ old.so will not load into ./gateway and plugin.Open panics: runtime error: index out of range [1] with length 1
✗ again.so will not load into ./gateway and plugin.Open never returns
✗ named.so will not load into ./gateway: could not find symbol Greet: undefined symbol
✗ alpine.so will not load into ./gateway: Error loading shared library alpine.so: Exec format error
- late.so is not reached: libz.so has ended the process before.
? whether future.so will load into ./gateway cannot be determined: go1.99 was not tested with this gopluck.
! missing.so cannot be read: no such file
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
✗ big.so will not load into ./gateway: example.com/m0 is v1.0.0 in the host, v1.1.0 in the plugin (and 6 more)
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
x libz.so     libz.so is a C library: it has no Go module data
- late.so     is not reached: libz.so has ended the process before.
+ metrics.so  will load (103 of 103 packages match)

x libz.so will not load into ./gateway and the process dies: libz.so is a C library: it has no Go module data
  fatal error: runtime: no plugin module data

  why   libz.so is a C library: it has no Go module data                  not-go

  fix   # Open only what go build -buildmode=plugin made: no host survives
        # anything else.

1 of 3 plugins will load into ./gateway, 1 is not reached.
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
        shown = re.sub(r"^ *(fix|next|host|plugin|both)? *", "", line)
        assert len(line) <= width or shown.removesuffix(" \\") in [*line.split(), "-o auth.so"]


def test_paths_with_spaces_stay_whole() -> None:
    host = HostSummary("/srv/my gateway/bin/gateway", "exe", "go1.25.5", "linux", "amd64", None)
    report = Report(host, (r.fails("/srv/my plugins/auth service.so", Stage.REALPATH, Effect.ERROR, None),))
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
                Verdict.FAILS,
                Stage.RUNTIME,
                Effect.ERROR,
                evil,
                False,
                Packages(1, (MismatchedPackage(evil, evil, evil, evil, evil, evil, evil, (evil,), (evil,)),)),
                (Finding(evil, Role.CAUSE, evil, (evil, "x"), {"host": evil, "plugin": [evil]}, evil),),
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


FOLDED = {
    "a stretch in backticks": (
        "Build it with `go build -buildmode=plugin` first.",
        ["Build it with", "`go build -buildmode=plugin` first."],
    ),
    "a word that is wider than the line": (
        "see github.com/acme/codec/internal/very/long/path/to/wire for it",
        ["see", "github.com/acme/codec/internal/very/long/path/to/wire", "for it"],
    ),
    "atoms with blanks": (["my own", "path", "is", "/srv/my plugins/auth service.so"], None),
    "wide letters take two columns": ("包包包包包包包包包包 包包包包包包包包包包", ["包" * 10, "包" * 10]),
    "marks take none": ("e\u0301" * 19 + " " + "e\u0301" * 20, ["e\u0301" * 19 + " " + "e\u0301" * 20]),
}


@pytest.mark.parametrize(("text", "lines"), FOLDED.values(), ids=FOLDED)
def test_folding(text: str | list[str], lines: list[str] | None) -> None:
    expected = lines or ["my own path is", "/srv/my plugins/auth service.so"]
    assert [str(line) for line in Sheet(View()).fold(text, 40)] == expected


def test_lines_after_the_first_hang() -> None:
    assert Sheet(View()).fold("one two three four", 9, hang=2) == ["one two", "  three", "  four"]


def test_wide_letters_end_where_others_end() -> None:
    finding = Finding("code-skew", Role.RISK, "包包 has other code")
    lines = render(r.report(r.loads(findings=(finding,))), View(width=60)).splitlines()
    assert lines[2] == "  ⚠ 包包 has other code" + " " * 28 + "code-skew"


PAGES = "file:///srv/gopluck/docs/rules"
LINK = re.compile(r"\x1b\]8;id=[0-9-]+;(.*?)\x1b\\(.*?)\x1b\]8;;\x1b\\")


def test_names_of_rules_are_links_to_their_pages_where_a_terminal_opens_them() -> None:
    text = render(r.report(r.DIFFERENT), View(color=True, pages=PAGES))
    assert LINK.findall(text) == [
        (f"{PAGES}/{rule}.md", f"\x1b[2m{rule}\x1b[0m") for rule in ("trimpath", "module-version")
    ]
    assert LINK.sub(r"\2", text) == render(r.report(r.DIFFERENT), View(color=True))
    assert inert(text, PAGES) == text


STRAY_LINKS = {
    "none is expected": (f"\x1b]8;id=1;{PAGES}/trimpath.md\x1b\\\x1b[2mtrimpath\x1b[0m\x1b]8;;\x1b\\", ""),
    "elsewhere": ("\x1b]8;id=1;https://example.com/\x1b\\\x1b[2mtrimpath\x1b[0m\x1b]8;;\x1b\\", PAGES),
    "out of the folder": (
        f"\x1b]8;id=1;{PAGES}/../../x.md\x1b\\\x1b[2mtrimpath\x1b[0m\x1b]8;;\x1b\\",
        PAGES,
    ),
    "under another text": (f"\x1b]8;id=1;{PAGES}/trimpath.md\x1b\\\x1b[2m(x)\x1b[0m\x1b]8;;\x1b\\", PAGES),
    "never closed": (f"\x1b]8;id=1;{PAGES}/trimpath.md\x1b\\\x1b[2mtrimpath\x1b[0m", PAGES),
}


@pytest.mark.parametrize(("text", "pages"), STRAY_LINKS.values(), ids=STRAY_LINKS)
def test_no_other_link_is_printed(text: str, pages: str) -> None:
    assert "\x1b]" not in inert(text, pages)


def test_a_name_that_is_no_rule_is_no_link() -> None:
    report = r.report(r.loads(findings=(r.CODE_SKEW._replace(rule="x\x1b\\y z"),)))
    assert "\x1b]8" not in render(report, View(color=True, pages=PAGES))


def failing(number: int) -> PluginResult:
    """One of many builds with the same mistake."""
    path = f"plugins/p{number}.so"
    error = f'plugin.Open("plugins/p{number}"): plugin was built with a different version of package internal/goarch'
    remedy = r.REMEDY._replace(build=(*r.REMEDY.build[:-2], path, "."))
    return r.DIFFERENT._replace(path=path, error=error, remedy=remedy)


def test_a_thousand_plugins_with_two_causes_fit_on_a_screen() -> None:
    plugins = [failing(number) for number in range(997)]
    foreign = [r.FOREIGN._replace(path=f"plugins/n{number}.so") for number in range(2)]
    text = render(r.report(*plugins, *foreign, r.UNREADABLE, r.loads()), PIPE)
    assert (
        text
        == """\
✗ 997 plugins  the host was built with -trimpath, the plugin without (and 1
               more)
✗ 2 plugins    the host was built with go1.25.5, the plugin with go1.26.6
! missing.so   cannot be read: no such file
✓ metrics.so   will load (103 of 103 packages match)

✗ 997 plugins will not load into ./gateway: the host was built with -trimpath, the plugin without (and 1 more)
  plugins/p0.so, plugins/p1.so, plugins/p2.so, plugins/p3.so, plugins/p4.so
    and 992 more (-v shows all)
  plugin.Open("plugins/p0"): plugin was built with a different version of package internal/goarch

  what  in plugins/p0.so, 8 of 87 shared packages differ; Go names only the
        first

  why   the host was built with -trimpath, the plugin without           trimpath
  and   github.com/acme/codec is v1.2.0 in the host, v1.3.1 in    module-version
        the plugin

  fix   # In the folder of each plugin’s package main:
        go mod edit -require=github.com/acme/codec@v1.2.0 \\
          -exclude=github.com/acme/codec@v1.3.1
        GOTOOLCHAIN=go1.25.5 CGO_ENABLED=1 go build -buildmode=plugin \\
          -trimpath -mod=mod .

✗ 2 plugins will not load into ./gateway and the process dies: the host was built with go1.25.5, the plugin with go1.26.6
  plugins/n0.so, plugins/n1.so
  fatal error: runtime: no plugin module data

  what  in plugins/n0.so, all 5 shared packages differ; Go ends before it
        compares them

  why   the host was built with go1.25.5, the plugin with go1.26.6    go-version

1 of 1001 plugins will load into ./gateway, 1 cannot be read.
More: gopluck explain trimpath module-version go-version
"""  # noqa: E501
    )
    verbose = render(r.report(*plugins, r.loads()), View(verbosity=VERBOSE))
    assert all(f"✗ plugins/p{number}.so " in verbose for number in range(997))
    assert verbose.count("In the folder of each plugin") == 1


def test_plugins_with_one_reason_and_other_commands_are_told_apart() -> None:
    other = failing(2)._replace(remedy=r.REMEDY._replace(go_mod=()))
    assert render(r.report(failing(1), other), PIPE).count("will not load into") == 2
    assert render(r.report(failing(1), failing(2)), PIPE).count("will not load into") == 1
