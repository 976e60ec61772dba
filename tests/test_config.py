"""gopluck.toml: what it takes, what it says of the rest, where it is found, and what counts beside the options."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import date, datetime, time
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import gopluck
from fixtures.configschema import schema
from fixtures.samples import archive
from gopluck.cli.main import main
from gopluck.config.keys import DOCUMENT, Wrong
from gopluck.config.lines import lines, tokens
from gopluck.config.model import found
from gopluck.config.read import LARGEST, LINK, read
from gopluck.errors import GopluckError, Usage
from gopluck.explainer.accept import acceptable
from gopluck.report.interface import FORMATS
from gopluck.rules.registry import registry

ROOT = Path(__file__).parent.parent
PAGE, README = ((ROOT / name).read_text("utf-8") for name in ("docs/configuration.md", "README.md"))
SCHEMA = json.loads((files("gopluck.config") / "schema" / "config-v1.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)
NAMED = 'host = "gateway"\nplugins = ["auth.so"]\n'
KNOWN = '[[ignore]]\nrule = "untrimmed-host"\nreason = "one image"\n'


def plain(value: Any) -> Any:
    """A document as an editor hands it to the schema: dates are texts."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.isoformat() if isinstance(value, date | time) else value


# -- the schema and the reader -----------------------------------------------------------------------------------------


def test_the_schema_in_the_package_is_made_of_the_table_of_keys() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert schema() == SCHEMA, "python -m fixtures.configschema"


EMPTY = "has to be a text that is not empty, not"
BELOW = "has to be a file below this one, without hidden folders or .., not"
DAY = "has to be a day such as 2027-03-31, not"
FAILS = "says why a plugin does not load, which nobody can accept away: only a risk can be ignored"
ONE = 'only one goes to standard output: write {format = "…", output = "…"} for the others'
FORMAT = f"has to be {' or '.join(FORMATS)}, not"
ENTRY = '[[ignore]]\nreason = "x"\n'
KEY = "is not a key of this file"

BAD = {
    'plugin = ["a"]': f"1: plugin: {KEY}: did you mean plugins?",
    "x = 1": f"1: x: {KEY}",
    "\n[host]\na = 1": f"2: host: {EMPTY} a table",
    'host = ""': f'1: host: {EMPTY} ""',
    'host = "a\\u0000"': f'1: host: {EMPTY} "a\\x00"',
    'plugins = "a.so"': '1: plugins: has to be a list, [ … ], not "a.so"',
    'plugins = [\n  "a",\n  1,\n]': f"3: plugins[1]: {EMPTY} 1",
    "sysroot = true": f"1: sysroot: {EMPTY} true",
    'library-path = ["a", ""]': f'1: library-path[1]: {EMPTY} ""',
    'fail-on = "risks"': '1: fail-on: has to be none or risk, not "risks": did you mean risk?',
    'fail-on = ["risk"]': "1: fail-on: has to be none or risk, not a list",
    'formats = ["text", "json"]': f"1: formats: {ONE}",
    'formats = ["sarf"]': f'1: formats[0]: {FORMAT} "sarf": did you mean sarif?',
    'formats = [{format = "sarif"}]': "1: formats[0]: lacks the key output",
    '[[formats]]\nformat = "text"\noutput = "a"\n\n[[formats]]\noutput = "b"': "5: formats[1]: lacks the key format",
    **{
        f'formats = [{{format = "text", output = "{name}"}}]': f'1: formats[0].output: {BELOW} "{name}"'
        for name in ("/tmp/x", "../x", "a/../../x", ".git/hooks/pre-commit", "a/.github/x", "a//x", "a/", "", ".")
    },
    'ignore = ["godebug"]': '1: ignore[0]: has to be a table, not "godebug"',
    '[ignore]\nrule = "godebug"\nreason = "x"': "1: ignore: has to be a list, [ … ], not a table",
    'ignore = [{rule = "godebug"}]': "1: ignore[0]: lacks the key reason",
    f"\n{ENTRY}": "2: ignore[0]: lacks the key rule",
    '[[ignore]]\nrule = "godebug"\nreason = " \\n"': '3: ignore[0].reason: has to be a reason, in words, not " \\n"',
    'ignore = [\n  # known\n  {rule = "godebug", reason = "x"},\n  {rule = "gdebug", reason = "x"},\n]': (
        '4: ignore[1].rule: "gdebug" is not a rule: did you mean godebug?'
    ),
    f'{ENTRY}rule = "no-x-y"': '3: ignore[0].rule: "no-x-y" is not a rule: gopluck explain --list shows them',
    f'{ENTRY}rule = "trimpath"': f'3: ignore[0].rule: "trimpath" {FAILS}',
    f'{ENTRY}rule = "missing-library"': f'3: ignore[0].rule: "missing-library" {FAILS}',
    f'{ENTRY}rule = "vcs-stamp"': '3: ignore[0].rule: "vcs-stamp" is harmless: there is nothing to accept',
    f"{ENTRY}rule = 1": "3: ignore[0].rule: has to be the name of a rule, not 1",
    f'{KNOWN}until = "soon"': f'4: ignore[0].until: {DAY} "soon"',
    f'{KNOWN}until = "2027-02-30"': f'4: ignore[0].until: {DAY} "2027-02-30"',
    f'{KNOWN}until = "20270331"': f'4: ignore[0].until: {DAY} "20270331"',
    f"{KNOWN}until = 2027-03-31T10:00:00": f"4: ignore[0].until: {DAY} 2027-03-31 10:00:00",
    f"{KNOWN}untill = 2027-03-31": f"4: ignore[0].untill: {KEY}: did you mean until?",
    f'{KNOWN}packages = "fmt"': '4: ignore[0].packages: has to be a list, [ … ], not "fmt"',
}
"""Files that are TOML, and are refused: by the schema, too. With the line, the key, and why."""

GOOD = [
    "",
    "# nothing\n",
    NAMED,
    f'{KNOWN}until = 2027-03-31\n{KNOWN}until = "2027-03-31"',
    'formats = ["github", {format = "sarif", output = "./out/a.b/x.sarif"}, {format = "text", output = "-"}]',
    "plugins = []\nformats = []\nignore = []\nsymbols = []\nlibrary-path = []",
    f'fail-on = "none"\n{KNOWN}plugin = "a/*.so"\npackages = ["..."]',
    *re.findall(r"^```toml\n(.*?)^```", PAGE + README, re.MULTILINE | re.DOTALL),
]


def write(folder: Path, text: str) -> Path:
    path = folder / "gopluck.toml"
    path.write_bytes(text.encode())
    return path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, as the working directory."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("text", BAD)
def test_what_is_refused_is_told_with_line_and_key(text: str, here: Path) -> None:
    write(here, text)
    with pytest.raises(Usage) as caught:
        read("gopluck.toml")
    assert str(caught.value).replace("\0", "\\x00").replace("\n", "\\n") == f"gopluck.toml:{BAD[text]}"
    assert not VALIDATOR.is_valid(plain(tomllib.loads(text)))


@pytest.mark.parametrize("text", GOOD)
def test_what_is_accepted(text: str, here: Path) -> None:
    write(here, text)
    assert read("gopluck.toml").path == "gopluck.toml"
    VALIDATOR.validate(plain(tomllib.loads(text)))


TEXTS = st.sampled_from(
    ["", "a", "risk", "none", "text", "sarif", "a/b", "../a", ".a", "godebug", "x\n", "\n", "\0", " "]
)
SCALARS = TEXTS | st.booleans() | st.integers(0, 2) | st.floats(0, 1)
ODD = ("2027-03-31", "2027-13-01", "2027-03-31\n", "0000-01-01", datetime(2027, 3, 31), time(1))
DAYS = SCALARS | st.sampled_from(ODD) | st.dates()
"""Dates stand in no other place: for an editor's schema each of them is a text."""
ENTRIES = st.fixed_dictionaries(
    {},
    optional={
        "rule": st.sampled_from([*registry(), "x", "godebug\n"]) | SCALARS,
        "reason": SCALARS,
        "plugin": SCALARS,
        "packages": st.lists(SCALARS, max_size=2) | SCALARS,
        "until": DAYS,
        "x": SCALARS,
    },
)
OUTPUTS = st.fixed_dictionaries({}, optional={"format": SCALARS, "output": SCALARS, "x": SCALARS})
LISTS = st.lists(SCALARS, max_size=3) | SCALARS
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "host": SCALARS,
        "plugins": LISTS,
        "sysroot": SCALARS,
        "library-path": LISTS,
        "symbols": LISTS,
        "formats": st.lists(OUTPUTS | TEXTS, max_size=3) | SCALARS,
        "fail-on": LISTS,
        "ignore": st.lists(ENTRIES | SCALARS, max_size=2) | ENTRIES,
    },
)


def takes(document: dict[str, Any]) -> bool:
    try:
        DOCUMENT.check(document, ())
    except Wrong:
        return False
    return True


@settings(deadline=None, max_examples=400)
@given(DOCUMENTS)
@example({"ignore": [{"rule": "godebug", "reason": "x", "until": date(2027, 3, 31)}]})
def test_the_reader_takes_what_the_schema_takes(document: dict[str, Any]) -> None:
    assert takes(document) == VALIDATOR.is_valid(plain(document))


@settings(deadline=None, max_examples=200)
@given(st.sampled_from([*SCHEMA["properties"]]), st.data())
def test_the_reader_takes_one_key_as_the_schema_takes_it(key: str, data: st.DataObject) -> None:
    document = data.draw(DOCUMENTS.map(lambda one: {name: one[name] for name in one if name == key}))
    assert takes(document) == VALIDATOR.is_valid(plain(document))


def test_the_pages_have_examples() -> None:
    assert PAGE.count("\n```toml\n") == 3


def test_the_page_names_every_key() -> None:
    entry = SCHEMA["properties"]["ignore"]["items"]["properties"]
    assert set(re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.MULTILINE)) == {*SCHEMA["properties"], *entry}


def test_the_errors_on_the_page_are_real() -> None:
    shown = re.findall(r"^    gopluck: error: (gopluck\.toml:\d+: .*)$", PAGE, re.MULTILINE)
    words = {
        re.sub(r":\d+:", ":N:", text)
        for text in (*(f"gopluck.toml:{text}" for text in BAD.values()), *(text for _, text in BROKEN.values()))
    }
    assert len(shown) == 4
    assert {re.sub(r":\d+:", ":N:", line) for line in shown} <= words


# -- what is no TOML ---------------------------------------------------------------------------------------------------

BROKEN: dict[str, tuple[bytes, str]] = {
    "no value": (
        b'\n\n\nhost = "a"\nplugins',
        "gopluck.toml:5: is not TOML: expected '=' after a key in a key/value pair",
    ),
    "twice": (b'host = "a"\nhost = "b"\n', "gopluck.toml:2: is not TOML: cannot overwrite a value"),
    "a byte": (b'\n#\xff\nhost = "a"', "gopluck.toml:2: is not UTF-8"),
    "too large": (b"#" * (LARGEST + 1), "gopluck.toml: is larger than 65536 bytes"),
    "too deep": (b"a = " + b"[" * 30000 + b"]" * 30000, "gopluck.toml: is not TOML that can be read"),
    "a long key": (b"a" + b".a" * 30000 + b" = 1", "gopluck.toml: has a key of more than 100 parts"),
    "a long quoted key": (b"x = 1\n'a'" + b".'a'" * 9000 + b" = 1", "gopluck.toml: has a key of more than 100 parts"),
    "a long key in a header": (b"[a" + b" . a" * 9000 + b"]", "gopluck.toml: has a key of more than 100 parts"),
    "a long number": (b"a = " + b"1" * 5000, "gopluck.toml: is not TOML that can be read"),
    "a folder": (b"", "gopluck.toml: Is a directory"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_is_none(name: str, here: Path) -> None:
    data, message = BROKEN[name]
    path = here / "gopluck.toml"
    path.write_bytes(data) if name != "a folder" else path.mkdir()
    with pytest.raises(GopluckError) as caught:
        read("gopluck.toml")
    assert str(caught.value) == message


# -- lines -------------------------------------------------------------------------------------------------------------

TOMLS = [
    'a = 1\nb.c = 2\n[d]\ne = [1,\n2, # ] "\n[3, [\n4]]]\n"f g" = {h = 1, i.j = "}", k = [{l = 1}, {}]}\n',
    "[[a]]\nb = 1\n[[a]]\nb = 2\n[a.c]\nd = 1\n[[a.e]]\nf = 1\n[[a.e]]\nf = 2\n[[a]]\n[[a.e]]\n",
    'a = """\n]\n# x = 1\n\\""" [b]\n"""""\nb = \'\'\'\nx = 1\'\'\'\'\'\nc = 3\n',
    "a = 'x\\'\nb = 2020-01-01 10:00:00\nc = [2020-01-01, 1e5, inf]\n'd.e'.\"f\\\"g\" . h = 1\r\ni = 0x1F\n",
    "[x.y]\n[x]\n[[x.z.w]]\na=1\n[[x.z.w]]\n[x.z.w.v]\nb={}\nc=[]\nd=[\n\n]\ne=[\n1\n,\n]\n",
    "# only\n\n",
]


def paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from paths(item, (*path, key))


@pytest.mark.parametrize("text", [*TOMLS, *GOOD, *BAD])
def test_every_key_and_entry_has_a_line(text: str) -> None:
    where = lines(tokens(text.replace("\r\n", "\n")))
    assert set(paths(tomllib.loads(text))) == {path for path in where if path}
    rows = text.split("\n")
    for path, line in where.items():
        if isinstance(path[-1], str):
            assert path[-1].replace('"', '\\"') in rows[line - 1], path


def test_lines() -> None:
    assert {path: line for path, line in lines(tokens(TOMLS[0])).items() if path[0] in ("a", "d")} == {
        ("a",): 1,
        ("d",): 3,
        ("d", "e"): 4,
        ("d", "e", 0): 4,
        ("d", "e", 1): 5,
        ("d", "e", 2): 6,
        ("d", "e", 2, 0): 6,
        ("d", "e", 2, 1): 6,
        ("d", "e", 2, 1, 0): 7,
        **{("d", "f g", *rest): 8 for rest in paths({"h": 1, "i": {"j": 1}, "k": [{"l": 1}, {}]})},
        ("d", "f g"): 8,
    }


WORDS = (
    "[[",
    "]]",
    '"""',
    "'''",
    "'c'",
    '"d"',
    "true",
    "2027-03-31",
    "a = 1\n",
    "b = [1, {c = 2}]\n",
    "[a]\n",
    "[[e]]\n",
)
PIECES = st.sampled_from([*"[]{}=,.\n #\"'\\ab1", *WORDS])


@settings(deadline=None, max_examples=1000)
@given(st.lists(PIECES, max_size=20).map("".join))
def test_any_text_is_read_or_refused_in_a_line(text: str) -> None:
    with TemporaryDirectory() as folder:
        path = str(write(Path(folder), text))
        said = f"{path}:"
        try:
            read(path)
        except GopluckError as error:
            said = str(error)
    assert said.startswith(f"{path}:")
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert set(paths(document)) == {path for path in lines(tokens(text)) if path}


# -- where it is found -------------------------------------------------------------------------------------------------


def test_the_nearest_file_counts_and_the_search_ends_at_a_checkout(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout, inner = here / "checkout", here / "checkout/a/b/c"
    inner.mkdir(parents=True)
    write(here, "x = 1")
    monkeypatch.chdir(inner)
    assert found() == "../../../../gopluck.toml"
    (checkout / ".git").write_text("gitdir: elsewhere")
    assert found() is None
    write(checkout, "")
    assert found() == "../../../gopluck.toml"
    (checkout / "a/gopluck.toml").mkdir()
    assert found() == "../../../gopluck.toml"
    write(checkout / "a/b", "")
    assert found() == "../gopluck.toml"
    write(inner, "")
    assert found() == "gopluck.toml"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_strangers_file_is_not_taken_unseen(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "mine").mkdir()
    path = write(here, NAMED)
    os.chown(path, 12345, -1)
    monkeypatch.chdir(here / "mine")
    with pytest.raises(
        Usage, match=r"^\.\./gopluck\.toml: belongs to another user: --config \.\./gopluck\.toml takes it"
    ):
        found()
    os.chown(here / "mine", 12345, -1)
    assert found() == "../gopluck.toml"
    assert read("../gopluck.toml").host == "../gateway"


def test_no_working_directory_is_no_file(tmp_path: Path) -> None:
    code = (
        "import os; os.mkdir('x'); os.chdir('x'); os.rmdir('../x'); import gopluck.config.model as m; print(m.found())"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("None\n", "")


# -- what counts -------------------------------------------------------------------------------------------------------


@pytest.fixture
def project(here: Path) -> Path:
    """A checkout with hosts and plugins."""
    for name in ("gateway", "gateway-nocgo", "auth.so", "auth-trimpath.so"):
        shutil.copy(archive.unpack() / name, here)
    return here


def check(*words: str) -> Result:
    return CliRunner().invoke(main, ["check", *words], prog_name="gopluck")


def told(result: Result) -> tuple[int, dict[str, str]]:
    """The status, and what becomes of each plugin."""
    document = json.loads(result.stdout)
    host = document["host"]["path"]
    return result.exit_code, {f"{host} {plugin['path']}": plugin["verdict"] for plugin in document["plugins"]}


def test_check_without_arguments(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(project, NAMED)
    assert told(check("--format", "json")) == (0, {"gateway auth.so": "loads"})
    (project / "sub").mkdir()
    monkeypatch.chdir(project / "sub")
    assert told(check("--format", "json")) == (0, {"../gateway ../auth.so": "loads"})
    assert check("--no-config").stderr.startswith(
        "gopluck: error: Missing argument 'HOST', and no gopluck.toml here or"
    )
    assert check("--isolated").exit_code == 2
    (project / "other.toml").write_text('host = "gateway"\nplugins = ["auth-trimpath.so"]\n')
    verdict = {"../gateway ../auth-trimpath.so": "fails"}
    assert told(check("--config", "../other.toml", "--format", "json")) == (1, verdict)


def test_arguments_come_first_and_the_other_keys_still_count(project: Path) -> None:
    write(project, f'{NAMED}fail-on = "risk"\nsymbols = ["New"]\n')
    assert told(check("--format", "json", "gateway-nocgo")) == (1, {"gateway-nocgo auth.so": "fails"})
    assert told(check("--format", "json", "gateway", "auth.so"))[0] == 1
    assert "New" in check("gateway", "auth.so").stdout
    assert told(check("gateway", "auth.so", "--symbol", "Plugin", "--format", "json"))[0] == 1
    write(project, f'{NAMED}fail-on = "risk"\n')
    assert [check(*words).exit_code for words in ((), ("--fail-on", "none"), ("--fail-on", "risk"))] == [1, 0, 1]


def test_a_sysroot_and_a_library_path_of_the_file(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "root").mkdir()
    (project / "sub").mkdir()
    shutil.copy(project / "gateway", project / "root")
    (project / "root/auth.so").symlink_to("/nothing/of/this/name.so")
    monkeypatch.chdir(project / "sub")
    write(project, 'host = "root/gateway"\nplugins = ["root/auth.so"]\nsysroot = "root"\n')
    assert check().stderr == (
        f"gopluck: error: ../root/auth.so: is a link that leads out of {project}/root: "
        "name the file that it stands for there\n"
    )
    assert check("../gateway", "../auth.so", "--sysroot", "/").exit_code == 0
    write(project, f'{NAMED}\nsysroot = "none"\n')
    assert check().stderr == "gopluck: error: ../gopluck.toml:4: sysroot: ../none is not a directory\n"
    write(project, f'{NAMED}library-path = ["lib"]\n')
    assert check().exit_code == 0
    assert read("../gopluck.toml").library_path == ("../lib",)


def test_errors_of_values_name_their_lines(project: Path) -> None:
    write(project, f'{NAMED}symbols = [\n  "New",\n  "New:func(",\n]\n')
    assert check().stderr.startswith("gopluck: error: gopluck.toml:5: symbols[1]: New:func( is not a symbol: ")
    write(project, 'plugins = ["auth.so"]\n')
    error = "gopluck: error: Missing argument 'HOST', and gopluck.toml names no host.\nTry: gopluck check --help\n"
    assert check().stderr == error
    assert check("--config", "none.toml").stderr == "gopluck: error: none.toml: No such file or directory\n"
    assert check("--config", "gopluck.toml", "--no-config").exit_code == 2


def test_a_check_without_a_file_reads_and_imports_nothing_for_it(project: Path) -> None:
    code = (
        "import sys\nfrom gopluck.cli.main import main\n"
        "try: main(['check', 'gateway', 'auth.so', '-q'])\n"
        "finally: sys.stderr.write(repr(sorted(m for m in sys.modules if 'toml' in m or 'gopluck.config' in m)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("", "['gopluck.config', 'gopluck.config.model']")


# -- formats and files -------------------------------------------------------------------------------------------------


def test_formats_of_the_file_and_what_takes_their_place(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "sub/out").mkdir(parents=True)
    outputs = '{format = "sarif", output = "a.sarif"}, "concise", {format = "json", output = "sub/out/b.json"}'
    write(project, f"{NAMED}formats = [{outputs}]")
    monkeypatch.chdir(project / "sub")
    done = check()
    assert done.stdout.startswith("../auth.so: loads")
    assert json.loads((project / "a.sarif").read_text())["version"] == "2.1.0"
    assert json.loads((project / "sub/out/b.json").read_text())["verdict"] == "loads"
    for words in (["--format", "text"], ["-o", "t.txt"]):
        (project / "a.sarif").unlink(missing_ok=True)
        assert check(*words).exit_code == 0
        assert not (project / "a.sarif").exists()
    assert (project / "sub/t.txt").read_text().startswith("✓ ../auth.so will load")


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        (["out/link"], f"gopluck.toml:3: formats[0].output: {LINK}"),
        (["way/x"], f"gopluck.toml:3: formats[0].output: {LINK}"),
        (["hooks/x"], f"gopluck.toml:3: formats[0].output: {LINK}"),
        (["auth.so"], "gopluck.toml:3: formats: --output auth.so: this is one of the files to read"),
        (["gopluck.toml"], "gopluck.toml:3: formats: --output gopluck.toml: this is one of the files to read"),
        (
            ["auth-trimpath.so"],
            "gopluck.toml:3: formats: --output auth-trimpath.so: is a program or a library; a report "
            "does not replace it",
        ),
        (["a", "./a"], "gopluck.toml:3: formats: --output ./a: is given twice"),
        (["out"], "gopluck.toml:3: formats: --output out: is a directory"),
    ],
)
def test_what_a_file_may_not_write(outputs: list[str], message: str, project: Path, tmp_path_factory: Any) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "file").write_text("mine")
    (project / "out").mkdir()
    (project / "out/link").symlink_to(outside / "file")
    (project / "way").symlink_to(outside)
    (project / "hooks").symlink_to(".git")
    listed = ", ".join(f'{{format = "json", output = "{output}"}}' for output in outputs)
    write(project, f"{NAMED}formats = [{listed}]\n")
    before = {path: path.read_bytes() for path in project.iterdir() if path.is_file()}
    done = check()
    assert (done.exit_code, done.stdout, done.stderr) == (2, "", f"gopluck: error: {message}\n")
    assert {path: path.read_bytes() for path in project.iterdir() if path.is_file()} == before
    assert [path.read_text() for path in outside.iterdir()] == ["mine"]


def test_an_option_does_not_replace_the_file_either(project: Path) -> None:
    path = write(project, NAMED)
    assert check("-o", "gopluck.toml").exit_code == 2
    assert path.read_text() == NAMED


# -- what is accepted --------------------------------------------------------------------------------------------------


def test_a_risk_that_is_accepted_is_shown_and_does_not_count(project: Path) -> None:
    write(project, f'{NAMED}fail-on = "risk"\n\n{KNOWN}until = 2999-12-31\n')
    done = check()
    assert (done.exit_code, done.stderr) == (0, "")
    assert "    accepted until 2999-12-31: one image\n" in done.stdout
    assert "untrimmed-host" in done.stdout
    assert check("-q").stdout == ""
    assert "accepted until 2999-12-31: one image" in check("-v").stdout
    (finding,) = (
        one for one in json.loads(check("--format", "json").stdout)["plugins"][0]["findings"] if one["accepted"]
    )
    assert finding["role"] == "risk"
    assert finding["acceptance"] == {"reason": "one image", "until": "2999-12-31", "expired": False}


def test_an_acceptance_ends(project: Path) -> None:
    write(project, f'{NAMED}fail-on = "risk"\n\n{KNOWN}until = 2020-12-31\n')
    done = check()
    assert (done.exit_code, done.stderr) == (1, "")
    assert "accepted until 2020-12-31, which has passed: it counts again (one image)" in done.stdout
    (finding,) = (
        one for one in json.loads(check("--format", "json").stdout)["plugins"][0]["findings"] if one["acceptance"]
    )
    assert (finding["accepted"], finding["acceptance"]["expired"]) == (False, True)
    assert "which has passed" in check("--format", "github").stdout
    assert check("--ignore", "untrimmed-host").exit_code == 0


def test_what_accepts_nothing_is_told(project: Path) -> None:
    write(project, f"{NAMED}{KNOWN}\n\n{KNOWN.replace('untrimmed-host', 'godebug')}")
    told = "accepts nothing: no plugin that was checked has this risk"
    note = f"gopluck: note: gopluck.toml:8: ignore[1]: {told} (godebug)\n"
    assert [check(*words).stderr for words in ((), ("-v",), ("-q",))] == [note, note, ""]
    assert [check("gateway", "auth.so", *words).stderr for words in ((), ("-v",))] == ["", note]
    line = f"gopluck: note: --ignore cpu-level: {told} (cpu-level)\n"
    assert check("gateway", "auth.so", "--ignore", "cpu-level").stderr == line
    # The risks of a plugin that does not load are not looked for.
    assert check("gateway", "auth-trimpath.so", "--ignore", "cpu-level").stderr == ""


def test_a_verdict_cannot_be_ignored(project: Path) -> None:
    done = check("--no-config", "gateway", "auth-trimpath.so", "--ignore", "trimpath")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == (f"gopluck: error: --ignore trimpath: {FAILS}\n")
    for rule in acceptable():
        done = check("gateway", "auth-trimpath.so", "--ignore", rule, "--format", "json")
        assert told(done) == (1, {"gateway auth-trimpath.so": "fails"})
    assert check("gateway", "auth.so", "--ignore", "untrimed-host").stderr == (
        "gopluck: error: --ignore untrimed-host: is not a rule: did you mean untrimmed-host?\n"
    )


def test_plugins_of_a_folder_and_of_one_process_share_an_entry(project: Path) -> None:
    (project / "more").mkdir()
    shutil.copy(project / "auth.so", project / "more")
    write(project, f'host = "gateway"\nplugins = ["auth.so", "more"]\nfail-on = "risk"\n{KNOWN}plugin = "more/*.so"\n')
    done = check("--format", "json")
    assert done.exit_code == 1
    assert done.stderr == ""
    found = [
        [one["accepted"] for one in plugin["findings"] if one["role"] == "risk"]
        for plugin in json.loads(done.stdout)["plugins"]
    ]
    assert found == [[False], [True]]


def test_the_api(project: Path) -> None:
    known = gopluck.Ignore("untrimmed-host", plugin="auth*.so", reason="one image")
    report = gopluck.check("gateway", ["auth.so"], ignore=[known, "godebug"])
    assert [one.rule for one in report.plugins[0].findings if one.accepted] == ["untrimmed-host"]
    assert [one.rule for one in report.unused] == ["godebug"]
    with pytest.raises(Usage, match=r"^trimpath: says why a plugin does not load"):
        gopluck.check("gateway", ["auth.so"], ignore=["trimpath"])
