"""The command line: options, exit status, and where the output goes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest
from click.testing import CliRunner, Result

import standin
from gopluck import __version__
from gopluck.cli.main import COMMANDS, main
from gopluck.report.interface import FORMATS

STANDIN = str(Path(__file__).with_name("standin.py"))
LOADS = "✓ loads.so will load into host  (103 of 103 packages match)\n"
Finished = subprocess.CompletedProcess[bytes]
FATAL = "will not load into host and the process dies: libz.so is a C library: it has no Go module data\n"
FATAL_LINE = f"✗ fatal.so {FATAL}"


@pytest.fixture(autouse=True)
def _api(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    modules: dict[str, object] = {}
    standin.install(modules)
    monkeypatch.setitem(sys.modules, "gopluck.api", modules["gopluck.api"])
    for name in ("NO_COLOR", "COLUMNS", "GOPLUCK_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def gopluck(*args: str) -> Result:
    return CliRunner().invoke(main, args, prog_name="gopluck")


def process(*args: str, env: dict[str, str] | None = None, stdout: int | IO[bytes] = subprocess.PIPE) -> Finished:
    clean = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "COLUMNS", "GOPLUCK_DEBUG")}
    return subprocess.run(
        [sys.executable, STANDIN, *args],
        env={**clean, "TERM": "xterm", **(env or {})},
        stdout=stdout,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )


STATUS = {
    "all load": (["loads.so", "loads-2.so"], 0),
    "one fails": (["loads.so", "fails.so"], 1),
    "one is not reached": (["late.so"], 1),
    "one is unknown": (["loads.so", "unknown.so"], 3),
    "failing counts more than unknown": (["unknown.so", "fails.so"], 1),
    "an unreadable file counts more than failing": (["fails.so", "missing.so"], 2),
    "independent": (["--independent", "loads.so", "unknown.so"], 3),
    "quiet": (["-q", "fails.so"], 1),
    "json": (["--format", "json", "unknown.so"], 3),
}


@pytest.mark.parametrize(("args", "status"), STATUS.values(), ids=STATUS)
def test_exit_status(args: list[str], status: int) -> None:
    assert gopluck("check", "host", *args).exit_code == status


ERRORS = {
    "no plugin": (
        ["check", "host"],
        "gopluck: error: Missing argument 'PLUGIN...', and no gopluck.toml here or above names plugins.\n"
        "Try: gopluck check --help\n",
    ),
    "no such command": (
        ["chekc"],
        "gopluck: error: No such command 'chekc'.\nTry: gopluck --help\n",
    ),
    "no such format": (
        ["check", "host", "loads.so", "--format", "xml"],
        f"gopluck: error: Invalid value for '--format': 'xml' is not one of {', '.join(map(repr, FORMATS))}.\n"
        "Try: gopluck check --help\n",
    ),
    "verbose and quiet": (
        ["check", "host", "loads.so", "-v", "-q"],
        "gopluck: error: -v and -q exclude each other.\nTry: gopluck check --help\n",
    ),
    "more outputs than formats": (
        ["check", "host", "loads.so", "-o", "a", "-o", "b"],
        "gopluck: error: --output is given 2 times, and --format once: give a --format for each --output\n",
    ),
    "two documents for standard output": (
        ["check", "host", "loads.so", "--format", "text", "--format", "json"],
        "gopluck: error: one document goes to standard output, not text, json: give an --output for each other "
        "--format\n",
    ),
    "two documents for one file": (
        ["diff", "host", "new", "--format", "text", "-o", "a", "--format", "json", "-o", "./a"],
        "gopluck: error: --output ./a: is given twice\n",
    ),
    "the second output over an input": (
        ["align", "present.so", ".", "--format", "text", "-o", "a", "--format", "json", "-o", "present.so"],
        "gopluck: error: --output present.so: this is one of the files to read\n",
    ),
    "names that do not fit": (
        ["check", "host", "loads.so", "loads-2.so", "loads-3.so", "--as", "a", "--as", "b"],
        "gopluck: error: --as is given 2 times for 3 plugins: give one, or one for each.\nTry: gopluck check --help\n",
    ),
    "an empty directory": (
        ["check", "host", "empty"],
        "gopluck: error: empty: there is no *.so in this directory.\nTry: gopluck check --help\n",
    ),
    "a file that cannot be read": (
        ["check", "host", "missing.so"],
        "gopluck: error: missing.so: no such file\n",
    ),
    "output in a directory that does not exist": (
        ["check", "host", "loads.so", "-o", "no/where/out.txt"],
        "gopluck: error: --output no/where/out.txt: there is no directory {cwd}/no/where\n",
    ),
    "output to a directory": (
        ["check", "host", "loads.so", "-o", "empty"],
        "gopluck: error: --output empty: is a directory\n",
    ),
    "output over an input": (
        ["check", "host", "loads.so", "-o", "./present.so", "present.so"],
        "gopluck: error: --output ./present.so: this is one of the files to read\n",
    ),
    "a bug": (
        ["check", "host", "bug.so"],
        f"gopluck: error: this is a bug in gopluck {__version__}, please report it: "
        "KeyError: 'something\\nwith a line break' (GOPLUCK_DEBUG=1 shows where)\n",
    ),
    "names cannot act on the terminal": (
        ["check", "host", "missing-\x1b[2J\n.so"],
        "gopluck: error: missing-\\x1b[2J\\n.so: no such file\n",
    ),
}


@pytest.mark.parametrize(("args", "message"), ERRORS.values(), ids=ERRORS)
def test_error(args: list[str], message: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "present.so").touch()
    result = gopluck(*args)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", message.replace("{cwd}", str(tmp_path)))
    assert (tmp_path / "present.so").read_bytes() == b""


def test_debugging_shows_the_traceback() -> None:
    result = process("check", "host", "bug.so", env={"GOPLUCK_DEBUG": "1"})
    assert result.stderr.decode().startswith("Traceback")


def test_without_a_command_the_help_is_shown_and_the_usage_is_wrong() -> None:
    result = gopluck()
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", gopluck("--help").stdout)


def test_version() -> None:
    result = gopluck("--version")
    assert (result.exit_code, result.stdout) == (0, f"gopluck {__version__}\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_examples(command: str) -> None:
    result = gopluck(command, "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: gopluck {command} [OPTIONS] ")
    assert "Examples:\n" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_check_tells_the_exit_status_in_its_help() -> None:
    assert "\n  Exit status:\n    0  everything would load\n" in gopluck("check", "--help").stdout


# -- which plugins --------------------------------------------------------------------------------------------


def checked(*args: str) -> list[tuple[str, int, str | None]]:
    document = json.loads(gopluck("check", "host", *args, "--format", "json").stdout)
    return [(plugin["path"], plugin["position"], plugin["error"]) for plugin in document["plugins"]]


def test_plugins_share_a_process_in_the_order_given() -> None:
    assert checked("loads-b.so", "loads-a.so") == [("loads-b.so", 1, None), ("loads-a.so", 2, None)]


def test_independent_plugins_do_not() -> None:
    assert checked("--independent", "loads-b.so", "loads-a.so") == [("loads-b.so", 1, None), ("loads-a.so", 1, None)]


def test_a_directory_is_its_shared_objects_each_on_its_own(tmp_path: Path) -> None:
    for name in ("loads-b.so", "loads-a.so", "readme.md", "sub/loads-c.so", "loads-d.so.bak"):
        (tmp_path / "plugins" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "plugins" / name).touch()
    (tmp_path / "plugins/directory.so").mkdir()
    assert checked("loads-z.so", "./plugins", "loads-y.so") == [
        ("loads-z.so", 1, None),
        ("./plugins/loads-a.so", 1, None),
        ("./plugins/loads-b.so", 1, None),
        ("loads-y.so", 2, None),
    ]


@pytest.mark.parametrize(("names", "used"), [(["a"], ["a", "a"]), (["a", "b"], ["a", "b"])])
def test_names(names: list[str], used: list[str]) -> None:
    options = [option for name in names for option in ("--as", name)]
    assert [error for _, _, error in checked("named-1.so", "named-2.so", *options)] == [
        f'plugin.Open("{name}"): plugin already loaded' for name in used
    ]


# -- where the output goes -----------------------------------------------------------------------------------------


def test_output_is_written_and_nothing_else_is(tmp_path: Path) -> None:
    result = gopluck("check", "host", "loads.so", "--output", "out.txt")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    assert (tmp_path / "out.txt").read_text("utf-8") == LOADS
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.txt"]


def test_output_replaces_a_file_keeps_its_mode_and_follows_a_link(tmp_path: Path) -> None:
    (tmp_path / "out.txt").write_text("before, and longer than what comes" * 9)
    (tmp_path / "out.txt").chmod(0o640)
    (tmp_path / "link").symlink_to("out.txt")
    assert gopluck("check", "host", "fatal.so", "-q", "-o", "link").exit_code == 1
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "out.txt").read_text("utf-8") == FATAL_LINE
    assert (tmp_path / "out.txt").stat().st_mode & 0o777 == 0o640


def test_each_format_has_its_output_and_one_may_go_to_standard_output(tmp_path: Path) -> None:
    formats = ["--format", "json", "-o", "out.json", "--format", "text"]
    result = gopluck("check", "host", "loads.so", *formats)
    assert (result.exit_code, result.stdout, result.stderr) == (0, LOADS, "")
    assert json.loads((tmp_path / "out.json").read_text())["verdict"] == "loads"
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.json"]
    assert gopluck("check", "host", "loads.so", *formats, "--output", "out.txt").stdout == ""
    assert (tmp_path / "out.txt").read_text("utf-8") == LOADS
    assert gopluck("diff", "host", "new", "--format", "json", "-o", "d.json", "--format", "text").stdout
    assert json.loads((tmp_path / "d.json").read_text())["verdict"] == "compatible"


def test_a_plugin_that_cannot_be_read_is_reported_in_its_place_and_the_others_are_checked() -> None:
    text = gopluck("check", "host", "loads.so", "missing.so", "fails.so")
    assert (text.exit_code, text.stderr) == (2, "gopluck: error: missing.so: no such file\n")
    assert text.stdout.splitlines()[:2] == [
        "✓ loads.so    will load (103 of 103 packages match)",
        "! missing.so  cannot be read: no such file",
    ]
    document = gopluck("check", "host", "loads.so", "missing.so", "fails.so", "--format", "json")
    found = json.loads(document.stdout)
    assert document.exit_code == 2
    assert [(one["verdict"], one["unreadable"]) for one in found["plugins"]] == [
        ("loads", None),
        ("unknown", "no such file"),
        ("fails", None),
    ]
    quiet = gopluck("check", "host", "loads.so", "missing.so", "-q")
    assert (quiet.exit_code, quiet.stdout) == (2, "! missing.so cannot be read: no such file\n")


def test_quiet_says_why_it_fails_on_a_risk() -> None:
    result = gopluck("check", "host", "risky.so", "loads.so", "-q", "--fail-on", "risk")
    assert (result.exit_code, result.stdout) == (
        1,
        "⚠ risky.so will load into host, with a risk: mime has other code in the plugin under the same hash: both run "
        "side by side\n",
    )
    assert (
        gopluck("check", "host", "risky.so", "-q").exit_code,
        gopluck("check", "host", "risky.so", "-q").stdout,
    ) == (
        0,
        "",
    )


def test_output_to_a_device() -> None:
    assert gopluck("check", "host", "loads.so", "-o", os.devnull).exit_code == 0
    assert not Path(os.devnull).is_file()


def test_a_failed_check_leaves_the_output_alone(tmp_path: Path) -> None:
    (tmp_path / "out.txt").write_text("before")
    assert gopluck("check", "host", "missing.so", "-o", "out.txt").exit_code == 2
    assert (tmp_path / "out.txt").read_text() == "before"


COLORS = {
    "a pipe has none": ([], {}, False),
    "always": (["--color", "always"], {}, True),
    "always, whatever NO_COLOR says": (["--color", "always"], {"NO_COLOR": "1"}, True),
    "never": (["--color", "never"], {}, False),
}


@pytest.mark.parametrize(("options", "env", "colored"), COLORS.values(), ids=COLORS)
def test_colours_in_a_pipe(options: list[str], env: dict[str, str], colored: bool) -> None:
    result = process("check", "host", "fatal.so", "-q", *options, env=env)
    line = "\x1b[1;31m" + FATAL_LINE.rstrip() + "\x1b[0m\n" if colored else FATAL_LINE
    assert (result.returncode, result.stdout.decode(), result.stderr) == (1, line, b"")


def on_terminal(*args: str, env: dict[str, str] | None = None) -> str:
    leader, follower = os.openpty()
    try:
        process(*args, stdout=follower, env=env)
    finally:
        os.close(follower)
    out = b""
    while True:
        try:
            data = os.read(leader, 1 << 16)
        except OSError:  # EIO: the other end is closed
            break
        if not data:
            break
        out += data
    os.close(leader)
    return out.decode().replace("\r\n", "\n")


TERMINALS = {
    "a terminal has them": ([], {}, True),
    "NO_COLOR": ([], {"NO_COLOR": "1"}, False),
    "an empty NO_COLOR says nothing": ([], {"NO_COLOR": ""}, True),
    "a dumb terminal": ([], {"TERM": "dumb"}, False),
    "never": (["--color", "never"], {}, False),
    "always": (["--color", "always"], {"NO_COLOR": "1"}, True),
}


@pytest.mark.parametrize(("options", "env", "colored"), TERMINALS.values(), ids=TERMINALS)
def test_colours_on_a_terminal(options: list[str], env: dict[str, str], colored: bool) -> None:
    assert ("\x1b[" in on_terminal("check", "host", "fails.so", *options, env=env)) == colored


@pytest.mark.parametrize(
    ("options", "env", "linked"),
    [*TERMINALS.values(), (["--color", "always"], {"TERM": "dumb"}, True)],
    ids=[*TERMINALS, "always, on a dumb terminal"],
)
def test_rules_are_links_on_a_terminal_that_has_colours(options: list[str], env: dict[str, str], linked: bool) -> None:
    page = (Path(__file__).parent.parent / "docs/rules/trimpath.md").as_uri()
    assert (f";{page}\x1b\\" in on_terminal("check", "host", "fails.so", *options, env=env)) == linked


def test_there_are_no_links_in_a_pipe_or_a_file(tmp_path: Path) -> None:
    assert b"\x1b]" not in process("check", "host", "fails.so", "--color", "always").stdout
    process("check", "host", "fails.so", "--color", "always", "-o", str(tmp_path / "out"))
    assert "\x1b]" not in (tmp_path / "out").read_text("utf-8")


def test_a_terminal_folds_the_error_and_a_pipe_does_not() -> None:
    error = 'plugin.Open("auth"): plugin was built with a different version of package internal/goarch'
    folded = on_terminal("check", "host", "fails.so", env={"NO_COLOR": "1", "COLUMNS": "80"}).splitlines()
    assert folded[2:4] == [
        '  plugin.Open("auth"): plugin was built with a different version of package',
        "    internal/goarch",
    ]
    assert process("check", "host", "fails.so").stdout.decode().splitlines()[1] == f"  {error}"


@pytest.mark.parametrize(("encoding", "mark"), [("utf-8", "✗"), ("ascii", "x"), ("latin-1", "x")])
def test_marks_follow_the_encoding(encoding: str, mark: str) -> None:
    result = process("check", "höst", "fatal.so", "-q", env={"PYTHONIOENCODING": encoding, "PYTHONUTF8": "1"})
    shown = "h\\xf6st" if encoding == "ascii" else "höst"
    assert result.stdout.decode(encoding) == f"{mark} fatal.so {FATAL}".replace("host", shown)


def test_a_reader_that_leaves_is_no_error() -> None:
    read, write = os.pipe()
    os.close(read)
    result = process("check", "host", "fails.so", stdout=write)
    os.close(write)
    assert (result.returncode, result.stderr) == (1, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_one_line() -> None:
    with open("/dev/full", "wb") as full:
        result = process("check", "host", "loads.so", stdout=full)
    assert (result.returncode, result.stderr) == (
        2,
        b"gopluck: error: standard output: cannot be written: No space left on device\n",
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_help_to_a_full_disk_is_one_line() -> None:
    with open("/dev/full", "wb") as full:
        result = process("--help", stdout=full)
    assert (result.returncode, result.stderr) == (2, b"gopluck: error: standard output: No space left on device\n")


def test_interrupted() -> None:
    result = process("check", "host", "interrupt.so")
    assert (result.returncode, result.stderr) == (130, b"\n")


def test_a_plugin_whose_name_is_no_utf8() -> None:
    result = process("check", "host", os.fsdecode(b"fatal-\xff.so"), "-q")
    assert result.stdout.decode() == f"✗ fatal-\\xff.so {FATAL}"


# -- the other commands ----------------------------------------------------------------------------------------------


def test_inspect_of_a_damaged_file_shows_what_it_can() -> None:
    result = gopluck("inspect", "damaged.so")
    assert (result.exit_code, result.stdout, result.stderr) == (
        2,
        "damaged.so: an ELF file, not built by Go\n"
        "  damaged    the section table lies outside the file\n"
        "  machine    amd64, 64-bit, little-endian\n"
        "  loader     static\n"
        "  libraries  libc.so.6\n",
        "gopluck: error: damaged.so: the section table lies outside the file\n",
    )


def test_there_is_no_manifest_of_what_is_no_host() -> None:
    result = gopluck("manifest", "libz.so")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("gopluck: error: libz.so: ")


def test_commands_are_imported_when_they_are_used() -> None:
    code = "import sys; import gopluck.cli.main; print([m for m in sys.modules if m.startswith('gopluck')])"
    loaded = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True, text=True).stdout
    assert loaded == "['gopluck', 'gopluck.cli', 'gopluck.cli.main']\n"


HEAVY = (
    "rich",
    "json",
    "elftools",
    "importlib.resources",
    "jsonschema",
    "asyncio",
    "urllib.request",
    "typing_extensions",
)


IMPORTS: dict[str, tuple[list[str], list[str]]] = {
    "help": (["--help"], []),
    "help of a command": (["check", "--help"], []),
    "text": (["check", "host", "fails.so"], ["rich"]),
    "quiet, and nothing to say": (["check", "host", "loads.so", "-q"], []),
    "json": (["check", "host", "fails.so", "--format", "json"], ["json"]),
}


@pytest.mark.parametrize(("args", "imported"), IMPORTS.values(), ids=IMPORTS)
def test_nothing_heavy_is_imported_but_what_shows_the_result(args: list[str], imported: list[str]) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(Path(STANDIN).parent)!r}); import standin; standin.install()\n"
        "before = set(sys.modules)\n"
        "from gopluck.cli.main import main\n"
        f"try: main({args!r})\n"
        f"finally: sys.stderr.write(repr([m for m in {HEAVY!r} if m in sys.modules and m not in before]))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True)
    assert result.stderr == repr(imported)
