"""The formats for machines and for people, each opened by what reads it: parsers, schemas, a browser."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click import Option
from jsonschema import Draft202012Validator
from markdown_it import MarkdownIt

import reports as r
from canary import CONTENTS
from gopluck.clean import clean, inert
from gopluck.cli.check import command as check
from gopluck.report.formats.digest import Result
from gopluck.report.interface import COMMANDS, DIGESTED, QUIET, View, renderer
from gopluck.result.align import Alignment
from gopluck.result.check import Acceptance, Finding, MismatchedPackage, Packages
from gopluck.result.verdict import Fit, Role
from test_diff import BREAKING, SAME, WITHOUT_CGO
from test_report_text import failing
from workflow_commands import commands

VIEW = View()

ALIGNMENT = Alignment(
    "gateway.json",
    "go1.25.5",
    "plugins/auth",
    "plugins/auth/go.mod",
    "example.com/auth",
    Fit.DIFFERS,
    "paths",
    "go build",
    findings=(r.MODULE_VERSION,),
    notes=("a note",),
    recipe=r.REMEDY,
)

KNOWN = r.CODE_SKEW._replace(acceptance=Acceptance("TICKET-1", "2027-03-31"))
ENDED = r.CODE_SKEW._replace(message="other code", acceptance=Acceptance("TICKET-2", "2020-12-31", expired=True))

RESULTS: dict[str, tuple[str, Result]] = {
    "loads": ("check", r.report(r.loads())),
    "with a risk that is accepted": ("check", r.report(r.loads(findings=(KNOWN,)))),
    "with a risk that was accepted": ("check", r.report(r.loads(findings=(KNOWN, ENDED)), r.loads("b.so"))),
    "differs": ("check", r.report(r.DIFFERENT)),
    "everything": ("check", r.EVERYTHING),
    "many": ("check", r.report(*map(failing, range(30)), r.loads())),
    "no plugin": ("check", r.report()),
    "same hosts": ("diff", SAME),
    "other hosts": ("diff", BREAKING),
    "no host for plugins": ("diff", WITHOUT_CGO),
    "a module that does not fit": ("align", ALIGNMENT),
    "a module that fits": ("align", ALIGNMENT._replace(verdict=Fit.FITS, findings=())),
    "a module": ("align", ALIGNMENT._replace(verdict=Fit.UNKNOWN, reason="there is no Go")),
}


def hostile() -> Iterator[tuple[str, Result]]:
    """A report in which every string of a file is the same hostile value."""
    for value in CONTENTS.values():
        package = MismatchedPackage(value, "00", "11", "./gateway", value, value, value, ("trimpath",), (value,))
        finding = Finding("trimpath", Role.CAUSE, value, (value, value), {"host": value}, value, value)
        plugin = r.DIFFERENT._replace(
            path=value,
            error=value,
            note=value,
            packages=Packages(3, (package,), True, (value, "fmt")),
            findings=(finding, finding._replace(role=Role.RISK)),
            remedy=None,
        )
        known = finding._replace(role=Role.RISK, acceptance=Acceptance(value, value))
        loads = r.loads(value, findings=(known, known._replace(acceptance=Acceptance(value, value, True))))
        accepted = r.loads(value, findings=(known,))
        report = r.report(plugin, plugin._replace(note="x"), r.UNREADABLE._replace(unreadable=value), loads, accepted)
        yield "check", report._replace(host=r.HOST._replace(path=value))
        yield (
            "align",
            ALIGNMENT._replace(
                host=value, folder=value, go_mod=value, module=value, findings=(finding,), notes=(value,)
            ),
        )


HOSTILE = list(hostile())


def document(format_: str, command: str, result: Result, view: View = VIEW) -> str:
    """What a command writes; formats of commands see to it themselves."""
    text = renderer(command, format_)(result, view)
    return text if format_ in COMMANDS else inert(text)


def documents(format_: str) -> list[str]:
    return [document(format_, *which) for which in [*RESULTS.values(), *HOSTILE]]


@pytest.mark.parametrize("format_", DIGESTED)
def test_a_format_is_read_here_and_named_where_people_look(format_: str) -> None:
    tests = [name for name in globals() if name.startswith(f"test_{format_}_")]
    assert tests, f"open it with what reads it, in a test here whose name begins with test_{format_}_"
    (told,) = [one.help for one in check.params if isinstance(one, Option) and one.name == "format_"]
    assert re.search(rf"\b{format_}\b", told or ""), "the help of --format, in cli/options.py"
    page = (Path(__file__).parent.parent / "docs" / "formats.md").read_text()
    assert f"\n| `{format_}` |" in page, "a line of the table in docs/formats.md"


@pytest.mark.parametrize("format_", DIGESTED)
def test_a_document_is_printable_and_ends_in_a_newline(format_: str) -> None:
    for text in documents(format_):
        assert text == "" or text.endswith("\n")
        assert [one for one in text if one != "\n" and not one.isprintable()] == []


# -- concise -----------------------------------------------------------------------------------------------------------


def test_concise_is_a_line_for_each_plugin() -> None:
    assert document("concise", *RESULTS["everything"]).splitlines() == [
        "auth.so: fails [trimpath, module-version] the host was built with -trimpath, the plugin without (and 1 more) "
        '| plugin.Open("auth"): plugin was built with a different version of package internal/goarch',
        "auth.so: fails [unexplained] nothing that was compared explains why the package differs | "
        'plugin.Open("auth"): plugin was built with a different version of package github.com/acme/codec',
        "copy.so: fails [already-loaded] auth.so has the same pluginpath, example.com/auth | "
        'plugin.Open("copy"): plugin already loaded',
        "libz.so: fails [not-go] libz.so is a C library: it has no Go module data | "
        "fatal error: runtime: no plugin module data",
        "old.so: fails runtime error: index out of range [1] with length 1 | "
        "panic: runtime error: index out of range [1] with length 1",
        "again.so: fails",
        "named.so: fails could not find symbol Greet: undefined symbol | "
        'plugin.Open("named"): could not find symbol Greet: undefined symbol',
        "alpine.so: fails Error loading shared library alpine.so: Exec format error | "
        'plugin.Open("alpine.so"): Error loading shared library alpine.so: Exec format error',
        "late.so: not-reached libz.so has ended the process before.",
        "future.so: unknown [unsupported-format] go1.99 was not tested with this gopluck.",
        "missing.so: unreadable no such file",
        "metrics.so: loads [code-skew] mime has other code in the plugin under the same hash: both run side by side",
    ]
    assert len(document("concise", *RESULTS["many"]).splitlines()) == 31
    assert len(document("concise", *RESULTS["many"], View(verbosity=QUIET)).splitlines()) == 30
    assert document("concise", *RESULTS["loads"], View(verbosity=QUIET)) == ""


def test_a_hostile_value_stays_in_its_line() -> None:
    for command, result in HOSTILE:
        assert len(document("concise", command, result).splitlines()) == (5 if command == "check" else 1)


# -- github ------------------------------------------------------------------------------------------------------------


def test_github_reads_one_annotation_for_each_cause() -> None:
    found = commands(document("github", *RESULTS["many"]))
    assert [(one.name, one.properties) for one in found] == [
        ("error", {"file": "plugins/p0.so", "title": "30 plugins will not load into ./gateway"})
    ]
    lines = found[0].message.splitlines()
    assert lines[0].startswith("30 plugins will not load into ./gateway: the host was built with -trimpath, the plugin")
    assert lines[1] == ", ".join([*(f"plugins/p{number}.so" for number in range(20)), "and 10 more"])
    assert "  go mod edit -require=github.com/acme/codec@v1.2.0 -exclude=github.com/acme/codec@v1.3.1" in lines
    assert commands(document("github", *RESULTS["loads"])) == []


def test_no_value_is_a_command_of_its_own() -> None:
    for command, result in HOSTILE:
        text = document("github", command, result)
        found = commands(text)
        assert len(found) == len(text.splitlines())
        for one in found:
            assert one.name in ("error", "warning", "notice")
            assert list(one.properties) == ["file", "title"]
            assert [char for char in one.message if char != "\n" and not char.isprintable()] == []
    value = "a%0A::error::b,title=c:d\n::set-output name=x::y"
    plugin = r.DIFFERENT._replace(path=value)
    annotation = commands(document("github", "check", r.report(plugin, r.UNREADABLE)))[0]
    assert annotation.properties["file"] == inert(clean(value))


# -- gitlab ------------------------------------------------------------------------------------------------------------

CODE_QUALITY = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "additionalProperties": False,
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "not": {"pattern": "^\\./"}},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}
"""What GitLab asks of a Code Quality report (its documentation, "Implement a custom tool")."""


def test_gitlab_reads_an_issue_for_each_reason() -> None:
    for text in documents("gitlab"):
        found = json.loads(text)
        Draft202012Validator(CODE_QUALITY).validate(found)
        assert len({one["fingerprint"] for one in found}) == len(found)
    found = json.loads(document("gitlab", *RESULTS["differs"]))
    assert [(one["check_name"], one["severity"], one["location"]["path"]) for one in found] == [
        ("trimpath", "critical", "auth.so"),
        ("module-version", "critical", "auth.so"),
    ]
    assert json.loads(document("gitlab", *RESULTS["loads"])) == []
    assert document("gitlab", *RESULTS["many"]) == document("gitlab", *RESULTS["many"])


# -- junit -------------------------------------------------------------------------------------------------------------


def test_junit_has_a_case_for_each_plugin() -> None:
    for text in documents("junit"):
        suites = ElementTree.fromstring(text.encode())
        assert suites.tag == "testsuites"
        for suite in suites:
            assert suite.tag == "testsuite"
            cases = list(suite)
            counts = {name: int(suite.attrib[name]) for name in ("tests", "failures", "errors", "skipped")}
            assert counts == {
                "tests": len(cases),
                "failures": len(suite.findall("testcase/failure")),
                "errors": len(suite.findall("testcase/error")),
                "skipped": 0,
            }
            for case in cases:
                assert (case.tag, set(case.attrib)) == ("testcase", {"classname", "name", "time"})
                assert {child.tag for child in case} <= {"failure", "error", "system-out"}
                assert all({*child.attrib} in ({"type", "message"}, set()) for child in case)
                assert all(len(child) == 0 for child in case)


def test_junit_says_which_and_why() -> None:
    suite = ElementTree.fromstring(document("junit", *RESULTS["everything"]).encode())[0]
    kinds = [(case.attrib["name"], [child.tag for child in case]) for case in suite]
    assert kinds == [
        *((name, ["failure"]) for name in ("auth.so", "auth.so", "copy.so", "libz.so", "old.so", "again.so")),
        *((name, ["failure"]) for name in ("named.so", "alpine.so", "late.so")),
        ("future.so", ["error"]),
        ("missing.so", ["error"]),
        ("metrics.so", ["system-out"]),
    ]
    first = suite[0][0]
    assert first.attrib == {
        "type": "trimpath",
        "message": "the host was built with -trimpath, the plugin without (and 1 more)",
    }
    assert "go mod edit -require=github.com/acme/codec@v1.2.0" in (first.text or "")


# -- sarif -------------------------------------------------------------------------------------------------------------

SARIF: dict[str, Any] = json.loads((Path(__file__).parent / "sarif-2.1.0.json").read_text())
"""The part of the SARIF 2.1.0 schema that a document here needs, with nothing else allowed."""


def test_sarif_is_what_its_schema_says() -> None:
    Draft202012Validator.check_schema(SARIF)
    for text in documents("sarif"):
        found = json.loads(text)
        Draft202012Validator(SARIF, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(found)
        (run,) = found["runs"]
        rules = run["tool"]["driver"]["rules"]
        for one in run["results"]:
            assert rules[one["ruleIndex"]]["id"] == one["ruleId"]
            assert "](" not in one["message"]["text"]
            (place,) = one["locations"]
            assert re.fullmatch(r"[A-Za-z0-9._~/:%-]*", place["physicalLocation"]["artifactLocation"]["uri"])


def test_sarif_has_a_result_for_each_reason_and_the_pages_of_its_rules() -> None:
    (run,) = json.loads(document("sarif", *RESULTS["everything"]))["runs"]
    assert [one["ruleId"] for one in run["results"]] == [
        *("trimpath", "module-version", "unexplained", "already-loaded", "not-go", "fails", "fails", "fails", "fails"),
        *("not-reached", "unsupported-format", "unreadable", "code-skew"),
    ]
    assert run["invocations"] == [{"executionSuccessful": False}]
    rules = {one["id"]: one for one in run["tool"]["driver"]["rules"]}
    assert rules["trimpath"]["helpUri"] == "https://gopluck.github.io/gopluck/rules/trimpath.html"
    page = (Path(__file__).parent.parent / "docs/rules/trimpath.md").read_text().partition("\n\n")[2]
    assert rules["trimpath"]["help"]["markdown"] == page


# -- what is accepted --------------------------------------------------------------------------------------------------


def test_a_risk_that_is_accepted_is_shown_and_is_no_failure_in_any_format() -> None:
    view = VIEW._replace(risks=True)
    texts = {name: document(name, *RESULTS["with a risk that is accepted"], view) for name in DIGESTED}
    words = "accepted until 2027-03-31: TICKET-1"
    assert [name for name, text in texts.items() if words not in text] == []
    assert texts["concise"] == f"metrics.so: loads [code-skew] {words}\n"
    assert [(one.name, one.properties["file"]) for one in commands(texts["github"])] == [("notice", "metrics.so")]
    assert [(one["check_name"], one["severity"]) for one in json.loads(texts["gitlab"])] == [("code-skew", "info")]
    suite = ElementTree.fromstring(texts["junit"].encode())[0]
    assert ([child.tag for child in suite[0]], suite.attrib["failures"]) == (["system-out"], "0")
    (result,) = json.loads(texts["sarif"])["runs"][0]["results"]
    assert result["level"] == "note"
    assert result["suppressions"] == [{"kind": "external", "status": "accepted", "justification": words}]


def test_a_risk_that_was_accepted_counts() -> None:
    view = VIEW._replace(risks=True)
    texts = {name: document(name, *RESULTS["with a risk that was accepted"], view) for name in DIGESTED}
    words = "accepted until 2020-12-31, which has passed: it counts again (TICKET-2)"
    assert [name for name, text in texts.items() if words not in text] == ["concise", "gitlab"]
    assert texts["concise"] == "metrics.so: loads [code-skew] other code\nb.so: loads\n"
    assert [one.name for one in commands(texts["github"])] == ["error"]
    assert [one["severity"] for one in json.loads(texts["gitlab"])] == ["critical", "info"]
    assert ElementTree.fromstring(texts["junit"].encode()).attrib["failures"] == "1"
    found = json.loads(texts["sarif"])["runs"][0]["results"]
    assert [(one["level"], len(one["suppressions"])) for one in found] == [("error", 0), ("note", 1)]
    (other,) = json.loads(document("sarif", "check", r.report(r.loads(findings=(r.CODE_SKEW,)))))["runs"][0]["results"]
    assert "suppressions" not in other


# -- markdown ----------------------------------------------------------------------------------------------------------

PARSER = MarkdownIt("commonmark").enable("table")

OURS = re.compile(r"</?details>|<summary>[^<>]*<code>[^<>]*</code></summary>|</?details>\s*")
"""The HTML of a document."""


def test_markdown_has_no_markup_but_its_own() -> None:
    for text in documents("markdown"):
        for token in PARSER.parse(text):
            if token.type == "html_block":
                assert OURS.sub("", token.content).strip() == ""
            for child in token.children or ():
                assert child.type in ("text", "code_inline", "softbreak"), child
                if child.type == "text":
                    assert not re.search(r"[/@$`\\]|www|#\d", child.content), child.content


def test_markdown_is_a_table_with_the_details_folded() -> None:
    text = document("markdown", *RESULTS["many"])
    tokens = PARSER.parse(text)
    rows = [token for token in tokens if token.type == "tr_open"]
    assert len(rows) == 3
    assert text.splitlines()[6] == (
        "| ❌ | `plugins/p0.so`, `plugins/p1.so`, `plugins/p2.so`, `plugins/p3.so`, `plugins/p4.so` and 25 more | "
        "`the host was built with -trimpath, the plugin without (and 1 more)` |"
    )
    blocks = [(token.info, token.content) for token in tokens if token.type == "fence"]
    assert [info for info, _ in blocks] == ["", "", "sh"]
    assert blocks[0][1].splitlines() == [f"plugins/p{number}.so" for number in range(30)]
    assert blocks[2][1].splitlines()[1] == (
        "go mod edit -require=github.com/acme/codec@v1.2.0 -exclude=github.com/acme/codec@v1.3.1"
    )


def test_every_value_is_shown_in_markdown_as_it_is() -> None:
    for value in (value for value in CONTENTS.values() if 0 < len(value) < 200):
        plugin = r.UNREADABLE._replace(path=value)
        tokens = PARSER.parse(document("markdown", "check", r.report(plugin, r.loads())))
        shown = [child.content for token in tokens for child in token.children or () if child.type == "code_inline"]
        # At the begin of a line a colon is escaped, and where it stands else it is not.
        assert any(clean(value).strip() in one or inert(clean(value)).strip() in one for one in shown), value


# -- html --------------------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """The elements of a page, and what stands in them."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("style", "script"):
            self.words.append(data)


ELEMENTS = {
    *("html", "head", "meta", "title", "style", "body", "main", "header", "p", "h1", "h2", "h3", "span", "table"),
    *("thead", "tbody", "tr", "th", "td", "a", "section", "details", "summary", "ul", "li", "code", "div", "pre"),
    *("figure", "figcaption", "b", "i", "button", "footer", "script"),
}


def test_html_is_one_page_that_loads_nothing() -> None:
    scripts = set()
    for text in documents("html"):
        page = Page(text)
        assert page.open == []
        assert {tag for tag, _ in page.tags} <= ELEMENTS
        for _, attributes in page.tags:
            assert set(attributes) <= {
                *("lang", "charset", "http-equiv", "content", "name", "class", "id", "href", "title", "role"),
                *("aria-label", "type"),
            }
            assert re.fullmatch(r"#p\d+", attributes.get("href") or "#p1")
        scripts.add(text[text.index("<script>") : text.index("</script>")])
        policy = next(dict(found) for _, found in page.tags if found.get("http-equiv"))["content"] or ""
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "unsafe" not in policy
        for element in ("style", "script"):
            inside = text.partition(f"<{element}>")[2].partition(f"</{element}>")[0]
            assert f"{element}-src 'sha256-{b64encode(sha256(inside.encode()).digest()).decode()}'" in policy
        assert "url(" not in text
        assert "@import" not in text
    assert len(scripts) == 1


def test_html_shows_verdicts_packages_and_what_to_type() -> None:
    page = Page(document("html", *RESULTS["differs"]))
    words = "".join(page.words)
    assert "auth.so will not load into ./gateway: the host was built with -trimpath, the plugin without" in words
    assert r.DIFFERENT.error is not None
    assert r.DIFFERENT.error in words
    assert "go mod edit -require=github.com/acme/codec@v1.2.0 -exclude=github.com/acme/codec@v1.3.1\n" in words
    tiles = [found for tag, found in page.tags if tag == "i"]
    assert len([tile for tile in tiles if tile["class"] == "k1"]) == 5
    assert len([tile for tile in tiles if tile["class"] == "k1 and-k2"]) == 3
    assert tiles[0] == {"class": "k1", "title": "internal/goarch: trimpath"}
    assert len([tile for tile in tiles if tile["class"] == "m"]) == 79


@pytest.mark.parametrize("format_", ["markdown", "html"])
@pytest.mark.parametrize("causes", [1, 1000])
def test_a_thousand_plugins_are_less_than_a_megabyte(format_: str, causes: int) -> None:
    def plugin(number: int) -> Any:
        one = failing(number)
        why = r.MODULE_VERSION._replace(
            message=f"example.com/m{number % causes} is v1.0.0 in the host, v1.1.0 in the plugin"
        )
        packages = Packages(412, r.MANY.packages.mismatched, True, tuple(f"example.com/x{x}/y" for x in range(380)))
        return one._replace(findings=(why,), packages=packages)

    text = document(format_, "check", r.report(*map(plugin, range(1000))))
    assert 10_000 < len(text.encode()) < 1_000_000


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.mark.skipif(CHROMIUM is None, reason="there is no browser")
def test_a_browser_runs_nothing_but_the_button(tmp_path: Path) -> None:
    """The page as it is when a browser has run its script: no hostile value became an element."""
    assert CHROMIUM is not None
    _, result = HOSTILE[[*CONTENTS].index("markdown") * 2]
    text = document("html", "check", result)
    (tmp_path / "page.html").write_text(text)
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    flags += ["--disable-component-update", "--disable-sync", f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom"]
    done = subprocess.run([CHROMIUM, *flags, (tmp_path / "page.html").as_uri()], capture_output=True, timeout=90)
    rendered = Page(done.stdout.decode())
    assert [tag for tag, _ in rendered.tags] == [tag for tag, _ in Page(text).tags]


# -- cost --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", ["text", "json"])
def test_text_and_json_import_nothing_of_it(format_: str) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import standin; standin.install()\n"
        "from gopluck.cli.main import main\n"
        "heavy = ('jinja2', 'html', 'hashlib')\n"
        f"try: main(['check', 'host', 'fails.so', '--format', {format_!r}])\n"
        "finally: sys.stderr.write(repr([m for m in sys.modules if 'formats' in m or m in heavy]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True)
    assert done.stderr == "[]"
