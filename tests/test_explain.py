"""`gopluck explain`: the rules as the pages in docs/ say them, in a terminal and for machines."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner

import gopluck
from gopluck import __version__
from gopluck.cli.main import main
from gopluck.explainer.pages import page, rule_page
from gopluck.report.explain_text import render
from gopluck.report.interface import View
from gopluck.result.check import RulePage

SLUGS = list(gopluck.rule_names())

PAGE = RulePage(
    "odd-flag",
    "Only one side has the flag.",
    "Causes",
    (
        ("What it means", "The flag `-x` is there on one side only, as `go version -m FILE` and the like show it."),
        ("How to fix it", "First.\nThen."),
    ),
    (("src/cmd/go, flag", "https://go.dev/src/cmd/go"), ("A page without an address", "")),
)


def test_a_rule_in_a_pipe() -> None:
    assert render([PAGE], View(width=60)) == (
        """\
odd-flag
Only one side has the flag.

What it means
  The flag -x is there on one side only, as
  "go version -m FILE" and the like show it.

How to fix it
  First.
  Then.

Where to read more
  src/cmd/go, flag
    https://go.dev/src/cmd/go
  A page without an address
"""
    )


def test_colours_stand_for_the_marks_of_code() -> None:
    colored = render([PAGE], View(width=60, color=True))
    assert "as\n  \x1b[36mgo version -m FILE\x1b[0m" in colored
    plain = render([PAGE], View(width=60))
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored).split() == plain.replace('"', "").split()


def test_a_list_names_each_rule_once_under_its_heading() -> None:
    other = PAGE._replace(
        slug="not-so", title="It is not so, for a reason that takes more than one line.", group="Else"
    )
    assert render([PAGE, PAGE._replace(slug="odd"), other], View(width=48), listed=True) == (
        """\
Causes
  odd-flag  Only one side has the flag.
  odd       Only one side has the flag.

Else
  not-so    It is not so, for a reason that
            takes more than one line.
"""
    )


@pytest.mark.parametrize("slug", SLUGS)
def test_every_page_fits_a_terminal_and_says_what_the_file_in_docs_says(slug: str) -> None:

    shown = render([rule_page(slug)], View())
    assert "`" not in shown
    assert max(len(line) for line in shown.splitlines() if not line.lstrip().startswith("http")) <= 80
    marks = re.compile(r"<!--.*?-->|^#+ |^ *- |\]\(|[\[\])(]", re.MULTILINE | re.DOTALL)
    words = [re.sub('[`"]', "", marks.sub(" ", text)).split() for text in (shown, page(rule_page(slug)))]
    assert words[0] == words[1]


def test_json_has_every_rule_by_its_slug() -> None:
    done = CliRunner().invoke(main, ["explain", "--list", "--format", "json"])
    document = json.loads(done.stdout)
    assert (done.exit_code, document["schema_version"]) == (0, 1)
    assert document["tool"] == {"name": "gopluck", "version": __version__}
    assert [rule["rule"] for rule in document["rules"]] == SLUGS
    trimpath = rule_page("trimpath")
    assert next(rule for rule in document["rules"] if rule["rule"] == "trimpath") == {
        "rule": "trimpath",
        "title": trimpath.title,
        "group": "Causes of a package that differs",
        "sections": [{"heading": heading, "text": text} for heading, text in trimpath.sections],
        "links": [{"title": title, "url": url} for title, url in trimpath.links],
        "page": "https://gopluck.github.io/gopluck/rules/trimpath.html",
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["trimpaht"], "there is no rule 'trimpaht': did you mean trimpath?"),
        (["Module-Version"], "there is no rule 'Module-Version': did you mean module-version"),
        (["trimpath", "vendr-path"], "there is no rule 'vendr-path': did you mean vendor-path"),
        (["libc"], "there is no rule 'libc': did you mean libc-too-old or libc-mismatch?"),
        (["zzz"], "there is no rule 'zzz': `gopluck explain --list` shows the names."),
        ([], "give the name of a rule, or --list for their names."),
        (["trimpath", "--list"], "give the name of a rule, or --list for their names."),
    ],
)
def test_what_cannot_be_explained_is_one_line(arguments: list[str], message: str) -> None:
    done = CliRunner().invoke(main, ["explain", *arguments], prog_name="gopluck")
    assert (done.exit_code, done.stdout) == (2, "")
    first, hint = done.stderr.splitlines()
    assert first.startswith(f"gopluck: error: {message}")
    assert hint == "Try: gopluck explain --help"


def test_one_rule_is_imported_for_one_page() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from gopluck.explainer.pages import rule_page; rule_page('trimpath');"
        "print(sorted(m for m in sys.modules if m in ('gopluck.rules.causes.pgo', 'gopluck.rules.causes.trimpath')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['gopluck.rules.causes.trimpath']"
