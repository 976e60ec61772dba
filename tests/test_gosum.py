"""`gopluck align HOST --go-sum FILE`: what a go.sum alone tells, on recorded hosts and on files that are none."""

from __future__ import annotations

import json
from collections import Counter
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

import recorded
from gopluck.aligner.gosum import by_go_sum
from gopluck.aligner.project import MAX_LIST
from gopluck.builds.build import Build
from gopluck.cli.main import main
from gopluck.errors import MalformedFile, UnreadableFile
from gopluck.facts import manifest
from gopluck.facts.model import Binary
from gopluck.golang.records import Module
from gopluck.remedy.lines import run
from gopluck.report.interface import DIGESTED
from gopluck.result.align import Alignment
from gopluck.result.verdict import Fit, Role
from test_align import SCHEMA, host
from test_report_json import closed

SUM, OTHER = f"h1:{'A' * 43}=", f"h1:{'B' * 43}="
GREET, WORDS = "example.com/greet", "example.com/words"


def of(*deps: Module) -> Binary:
    """A recorded host, built with -trimpath and with these modules."""
    facts = host()
    assert facts.go is not None
    assert facts.go.build_info is not None
    return facts._replace(path="gateway", go=facts.go._replace(build_info=facts.go.build_info._replace(deps=deps)))


PLAIN = of(Module(GREET, "v1.1.0", SUM), Module(WORDS, "v1.0.0", SUM))


@pytest.fixture
def compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)

    def compare(text: str, facts: Binary = PLAIN, go: str = "") -> Alignment:
        Path("go.sum").write_bytes(text.encode("utf-8", "surrogateescape"))
        return by_go_sum(Build(facts, "the host"), "go.sum", go)

    return compare


def lines(*versions: str, path: str = GREET, checksum: str = SUM) -> str:
    return "".join(f"{path} {version} {checksum}\n" for version in versions)


FORK = of(Module(GREET, "v1.1.0", "", Module("example.com/fork", "v1.5.0", SUM)))
REPLACED = f"{GREET} is v1.1.0 => example.com/fork v1.5.0 in the host"
SAME_PATH = of(Module(GREET, "v1.1.0", "", Module(GREET, "v1.2.0", SUM)))
FOLDER = of(Module(GREET, "v1.1.0", "", Module("./greet", "")))
NO_SUM = of(Module(GREET, "v1.1.0", ""))
ONLY_MOD = f"{GREET} v1.2.0/go.mod {SUM}\n"

CASES: dict[str, tuple[Binary, str, Fit, str]] = {
    "nothing": (PLAIN, "", Fit.FITS, ""),
    "the same": (PLAIN, lines("v1.1.0"), Fit.FITS, ""),
    "the same, and go.mod of another": (PLAIN, lines("v1.1.0") + ONLY_MOD, Fit.FITS, ""),
    "only go.mod": (PLAIN, ONLY_MOD, Fit.FITS, ""),
    "a module that the host does not have": (PLAIN, lines("v9.0.0", path="example.com/x"), Fit.FITS, ""),
    "lower": (PLAIN, lines("v1.0.0"), Fit.DIFFERS, f"{GREET} is v1.1.0 in the host, v1.0.0 in go.sum"),
    "higher": (PLAIN, lines("v1.2.0"), Fit.DIFFERS, f"{GREET} is v1.1.0 in the host, v1.2.0 in go.sum"),
    "others": (
        PLAIN,
        lines("v1.10.0", "v1.2.0", "v1.0.0"),
        Fit.DIFFERS,
        f"{GREET} is v1.1.0 in the host, v1.0.0, v1.2.0 and v1.10.0 in go.sum",
    ),
    "many others": (
        PLAIN,
        lines(*(f"v2.{number}.0" for number in range(20))),
        Fit.DIFFERS,
        f"{GREET} is v1.1.0 in the host, v2.0.0, v2.1.0, v2.2.0, v2.3.0 and 16 more in go.sum",
    ),
    "this and another": (
        PLAIN,
        lines("v1.2.0", "v1.1.0"),
        Fit.UNKNOWN,
        f"{GREET} is v1.1.0 in the host; go.sum lists v1.1.0 and v1.2.0, and does not tell which is selected",
    ),
    "other content": (
        PLAIN,
        lines("v1.1.0", checksum=OTHER),
        Fit.DIFFERS,
        f"the code of {GREET} v1.1.0 differs: it has one checksum in the host and another in go.sum",
    ),
    "no checksum in the host": (NO_SUM, lines("v1.1.0", checksum=OTHER), Fit.FITS, ""),
    "a fork on both sides": (FORK, lines("v1.5.0", path="example.com/fork"), Fit.FITS, ""),
    "another version of the fork": (
        FORK,
        lines("v1.6.0", path="example.com/fork"),
        Fit.DIFFERS,
        "example.com/fork is v1.5.0 in the host, v1.6.0 in go.sum",
    ),
    "a fork in the host": (FORK, lines("v1.0.0"), Fit.DIFFERS, f"{REPLACED}, v1.0.0 in go.sum"),
    "a fork in the host, which -trimpath hides": (FORK, lines("v1.1.0"), Fit.UNKNOWN, f"{REPLACED}, v1.1.0 in go.sum"),
    "the fork and what it replaces": (
        FORK,
        lines("v1.0.0") + lines("v1.5.0", path="example.com/fork"),
        Fit.UNKNOWN,
        f"{REPLACED}, v1.0.0 in go.sum, which lists example.com/fork as well",
    ),
    "replaced by itself": (SAME_PATH, lines("v1.2.0"), Fit.FITS, ""),
    "replaced by itself in the host": (
        SAME_PATH,
        lines("v1.1.0"),
        Fit.DIFFERS,
        f"{GREET} is v1.2.0 in the host, v1.1.0 in go.sum",
    ),
    "a folder in the host": (
        FOLDER,
        lines("v1.1.0"),
        Fit.UNKNOWN,
        f"{GREET} is v1.1.0 => ./greet in the host, without a checksum; v1.1.0 in go.sum",
    ),
    "a folder in the host, and nothing here": (FOLDER, lines("v1.0.0", path=WORDS), Fit.FITS, ""),
}


@pytest.mark.parametrize("name", CASES)
def test_what_a_go_sum_tells(name: str, compared: Any) -> None:
    facts, text, verdict, message = CASES[name]
    found = compared(text, facts)
    assert (found.verdict, found.basis, [one.message for one in found.findings]) == (
        verdict,
        "go.sum",
        [message] if message else [],
    )
    assert {one.role for one in found.findings} <= {Role.RISK if verdict == Fit.UNKNOWN else Role.CAUSE}
    assert any("weaker" in note for note in found.notes)


def test_a_certain_difference_counts_more_than_one_that_may_be(compared: Any) -> None:
    found = compared(lines("v1.1.0", "v1.2.0") + lines("v2.0.0", path=WORDS))
    assert (found.verdict, [one.role for one in found.findings]) == (Fit.DIFFERS, [Role.RISK, Role.CAUSE])


def test_what_is_typed(compared: Any) -> None:
    found = compared(lines("v1.2.0") + lines("v2.0.0", path=WORDS) + lines("v9.0.0", path="example.com/x"))
    assert [line for line in run(found.recipe) if "go get" in line] == [
        f"GOTOOLCHAIN=go1.27.3 go get {GREET}@v1.1.0 {WORDS}@v1.0.0"
    ]
    assert run(found.recipe)[-1].endswith("go build -buildmode=plugin -trimpath -o plugin.so .")
    found = compared(lines("v1.0.0"), FORK)
    assert run(found.recipe)[0] == f"go mod edit -replace={GREET}=example.com/fork@v1.5.0"
    assert not compared(lines("v1.1.0", checksum=OTHER)).recipe.possible
    assert not any("go get" in line for line in run(compared(lines("v1.1.0")).recipe))


def test_a_version_that_is_none_is_not_typed(compared: Any) -> None:
    for path, version in ((GREET, "v1.0.0;id"), (GREET, "latest"), ("-x", "v1.0.0")):
        found = compared(lines("v1.2.0", path=path), of(Module(path, version, SUM)))
        assert (found.verdict, found.recipe.possible) == (Fit.DIFFERS, False)
        assert not any("get" in line for line in run(found.recipe))
        assert [left.value for left in found.recipe.left_out] == [path if path == "-x" else version]


@pytest.mark.parametrize(
    ("go", "verdict"), [("", Fit.FITS), ("go1.27.3", Fit.FITS), ("go1.27.2", Fit.DIFFERS), ("go1.25", Fit.DIFFERS)]
)
def test_the_release(go: str, verdict: Fit, compared: Any) -> None:
    found = compared(lines("v1.1.0"), go=go)
    assert found.verdict == verdict
    assert [one.message for one in found.findings] == (
        [f"the host was built with go1.27.3, the plugin is built with {go}"] if verdict == Fit.DIFFERS else []
    )
    assert ("nor the Go release" in found.notes[1]) == (not go)


def test_a_host_that_does_not_tell_its_modules(compared: Any) -> None:
    facts = host()
    assert facts.go is not None
    bare = facts._replace(go=facts.go._replace(build_info=None))
    found = compared(lines("v1.1.0"), bare)
    assert (found.verdict, found.reason) == (
        Fit.UNKNOWN,
        "the host has no build info: it does not tell with which modules it was built",
    )


def test_the_hosts_own_module(compared: Any) -> None:
    info = host().go.build_info  # type: ignore[union-attr]
    assert info is not None
    assert info.main is not None
    found = compared(lines("v1.0.0", path=info.main.path))
    assert (found.verdict, [one.role for one in found.findings]) == (Fit.UNKNOWN, [Role.RISK])


# -- all recorded sets -------------------------------------------------------------------------------------------------

LOAD_ALL_THE_SAME = (
    "modules/other-version-of-an-unshared-package/*",
    "patches-*",
    "field/gardener-gardener-14318/other-patch-without-a-difference@*",
    "risks/code-skew/*",
    "flags/asan/both-odr-check-off@*",
)
"""Sets that load although a module or the release differs: of the module nothing is shared, no package of the standard
library changed, or the process has ASAN_OPTIONS. A go.sum does not tell."""


def test_what_loads_is_not_told_to_differ(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    score: Counter[tuple[str, str]] = Counter()
    wrong = []
    for one in (one for family in recorded.families() for one in recorded.sets(family)):
        for request, truth in zip(one.requests, one.truth, strict=True):
            plugin, go = request.binary, one.host.go
            if plugin is None or plugin.go is None or not plugin.go.build_info or not go or not go.build_info:
                continue
            modules = [dep.replace or dep for dep in plugin.go.build_info.deps]
            text = "".join(f"{dep.path} {dep.version} {dep.sum}\n" for dep in modules if dep.sum)
            (tmp_path / "go.sum").write_text(text)
            found = by_go_sum(Build(one.host, "the host"), str(tmp_path / "go.sum"), Build(plugin, "it").release)
            loads = "loads" if truth[0] == "ok" else "does not load"
            score[found.verdict, loads] += 1
            if loads == "loads" and found.verdict == Fit.DIFFERS:
                wrong += [] if any(fnmatch(one.name, name) for name in LOAD_ALL_THE_SAME) else [one.name]
    with capsys.disabled():
        print(f"\ngo.sum alone: {dict(score)}", end=" ")
    assert wrong == []
    assert score[Fit.DIFFERS, "does not load"] > 1000


# -- files that are none -----------------------------------------------------------------------------------------------


NO = ": --go-sum takes a go.sum"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"hello world\n", f"go.sum: has no line MODULE VERSION h1:…{NO}"),
        (b"\x7fELF\x02\x01\x01\0\0", f"go.sum: has no line MODULE VERSION h1:…{NO}"),
        (b"module example.com/auth\n\ngo 1.21\n", f"go.sum: has no line MODULE VERSION h1:…{NO}"),
        (
            b"example.com/greet v1.0.0-" + b"1." * 1024 + b" h1:x=\n",
            f"go.sum: has a line of more than 2048 letters{NO}",
        ),
        (b" " * (MAX_LIST + 1), f"go.sum: is larger than 4 MiB{NO}"),
    ],
)
def test_what_is_no_go_sum(data: bytes, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("go.sum").write_bytes(data)
    with pytest.raises(MalformedFile) as caught:
        by_go_sum(Build(PLAIN, "the host"), "go.sum", "")
    assert str(caught.value) == message


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(UnreadableFile):
            by_go_sum(Build(PLAIN, "the host"), str(path), "")


def test_lines_that_are_none_are_left_out(compared: Any) -> None:
    odd = f"{GREET}\n{GREET} v1.2.0\n{GREET} v1.2.0 h2:x\n{GREET} v1.2.0 {SUM} x\n\n \udcff\0\r\n"
    assert compared(odd + lines("v1.1.0")).verdict == Fit.FITS
    assert compared(lines("v1.2.0", "v1.1.0").replace("\n", "\r\n")).verdict == Fit.UNKNOWN


# -- the command -------------------------------------------------------------------------------------------------------


def align(*words: str) -> Result:
    return CliRunner().invoke(main, ["align", "gateway.json", *words], prog_name="gopluck")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gateway.json").write_text(manifest.dumps(PLAIN))
    (tmp_path / "same.sum").write_text(lines("v1.1.0"))
    (tmp_path / "other.sum").write_text(lines("v1.2.0"))
    (tmp_path / "many.sum").write_text(lines("v1.1.0", "v1.2.0"))
    return tmp_path


TEXT = """\
✗ other.sum does not agree with gateway.json: example.com/greet is v1.1.0 in the host, v1.2.0 in go.sum

  why   example.com/greet is v1.1.0 in the host, v1.2.0 in        module-version
        go.sum

  note  other.sum lists 1 of the 2 modules that the host was built with.
        This is weaker than gopluck align HOST DIR: a go.sum tells neither flags
        nor replacements, nor which packages are imported, nor which of several
        versions is selected, nor the Go release (--go).
        These commands were not tried: where another module asks for more, go
        get lowers or drops that one, too. go mod tidy then takes from go.sum
        what no build needs.

  fix   GOTOOLCHAIN=go1.27.3 go get example.com/greet@v1.1.0
        GOTOOLCHAIN=go1.27.3 CGO_ENABLED=1 go build -buildmode=plugin \\
          -trimpath -o plugin.so .
"""


def test_the_command(folder: Path) -> None:
    assert [align("--go-sum", f"{name}.sum").exit_code for name in ("same", "other", "many")] == [0, 1, 3]
    assert align("--go-sum", "other.sum").stdout == TEXT
    assert align("--go-sum", "same.sum", "-q").stdout == ""
    assert "go get" not in align("--go-sum", "other.sum", "--check").stdout
    assert [align("--go-sum", "same.sum", "--go", go).exit_code for go in ("1.27.3", "go1.27.3", "1.25.5")] == [0, 0, 1]


@pytest.mark.parametrize("name", ["same", "other", "many"])
def test_its_formats(name: str, folder: Path) -> None:
    document = json.loads(align("--go-sum", f"{name}.sum", "--format", "json").stdout)
    Draft202012Validator(closed(SCHEMA)).validate(document)
    assert document["basis"] == "go.sum"
    assert document["module"] == {"path": "", "directory": ".", "go_mod": f"{name}.sum"}
    for format_ in DIGESTED:
        text = align("--go-sum", f"{name}.sum", "--format", format_).stdout
        assert (f"{name}.sum" in text) == (format_ not in ("github", "gitlab", "sarif") or name != "same")


BESIDE = "exclude each other: a go.sum is compared alone."
READ = "is a file that the go command reads; a report does not replace it"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--go", "1.25.5"], "--go belongs to --go-sum: a module is checked with the host's release."),
        (["--go-sum", "same.sum", "--go", "1.25;id"], "--go 1.25;id: is not a Go release such as 1.25.5."),
        (["--go-sum", "same.sum", "."], f"--go-sum and DIR {BESIDE}"),
        (["--go-sum", "same.sum", "--diff"], f"--go-sum and --diff {BESIDE}"),
        (["--go-sum", "same.sum", "--write"], f"--go-sum and --write {BESIDE}"),
        (["--go-sum", "same.sum", "--flags", "-x"], f"--go-sum and --flags {BESIDE}"),
        (["--go-sum", "same.sum", "--no-compile"], f"--go-sum and --no-compile {BESIDE}"),
        (["--go-sum", "same.sum", "-o", "same.sum"], "--output same.sum: this is one of the files to read"),
        (["--go-sum", "same.sum", "-o", "other.sum"], f"--output other.sum: {READ}"),
        (["--go-sum", "none.sum"], "none.sum: No such file or directory"),
    ],
)
def test_usage(words: list[str], message: str, folder: Path) -> None:
    done = align(*words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.splitlines()[0] == f"gopluck: error: {message}"
    assert (folder / "same.sum").read_text() == lines("v1.1.0")
