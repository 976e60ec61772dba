"""Hostile values in every place of a host, a plugin and a module, through every command: no canary ever appears.

What is printed is pasted into real shells, projects are made by a real make and read by real parsers. Where align runs
a real go command: `test_canary_live`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterable, Iterator
from html import unescape
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest
import yaml
from click.testing import CliRunner
from markdown_it import MarkdownIt

import canary
import hostile
import pasted
import recorded
from canary import CONTENTS
from fixtures.samples import archive
from gopluck.aligner.gomod import parse
from gopluck.aligner.imports import VARIABLES
from gopluck.clean import inert
from gopluck.cli.main import COMMANDS
from gopluck.cli.main import main as gopluck
from gopluck.config.keys import DOCUMENT, OUTPUT, Listed, Table
from gopluck.errors import GopluckError
from gopluck.facts import manifest
from gopluck.facts.model import Binary
from gopluck.remedy.grammar import ENVIRONMENT, variable
from gopluck.replay.process import OpenRequest
from gopluck.report import json as as_json
from gopluck.report.interface import COMMANDS as AS_COMMANDS
from gopluck.report.interface import DIGESTED, FORMATS, View, renderer
from gopluck.report.text import render
from gopluck.scaffold.project import HOST, project
from test_fix_blocks import reports
from workflow_commands import commands as commands_of

SETS = (
    ("modules", "modules/replaced-by-other-folder/untrimmed/host-only@1.27.3"),
    ("modules", "modules/greet-v1.2.0/trimmed/plugin-only@1.21.13"),
    ("multi", "multi/14-pgo.host+field-added.plugin/trimmed@1.21.13"),
)
"""Recorded sets that fail, each with a recipe of another form."""

EVERY = tuple(("--format", name) for name in FORMATS)
FORMS: dict[str, tuple[tuple[str, ...], ...]] = {
    "check": EVERY,
    "inspect": (("--format", "text"), ("--format", "json")),
    "diff": EVERY,
    "align": (*EVERY, ("--check",), ("--diff",), ("--write",), ("--no-compile",)),
    "build": (("--format", "text"), ("--format", "json"), ("--print",), ("--write",)),
    "manifest": ((),),
    "init": ((),),
}
"""The commands that take a file, and what each of them can be asked to write."""


class Sandbox(NamedTuple):
    """A folder in which everything happens; the canary lies beside what commands may write."""

    root: Path

    @property
    def canary(self) -> str:
        return str(self.root / "nest" / "canary")

    @property
    def cwd(self) -> Path:
        return self.root / "cwd"

    def contents(self) -> dict[str, str]:
        return canary.contents(self.canary)

    def snapshot(self) -> dict[str, tuple[int, ...]]:
        """What every file and folder in here is, and when it was last written."""
        out: dict[str, tuple[int, ...]] = {}
        for folder, folders, names in os.walk(self.root):
            for name in [*folders, *names]:
                found = Path(folder, name).lstat()
                written = (0, 0) if stat.S_ISDIR(found.st_mode) else (found.st_size, found.st_mtime_ns)
                out[f"{folder}/{name}"] = (found.st_mode, found.st_ino, *written)
        return out


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Sandbox]:
    made = Sandbox(tmp_path / "s")
    for folder in ("nest", "cwd", "home"):
        (made.root / folder).mkdir(parents=True)
    yield made
    assert list((made.root / "nest").iterdir()) == []


def recorded_set(number: int) -> recorded.Set:
    family, name = SETS[number]
    return next(one for one in recorded.sets(recorded.RECORDED / f"{family}.json.xz") if one.name == name)


def paste(here: Sandbox, blocks: list[str]) -> None:
    """Paste blocks into both shells, whole and line by line."""
    blocks = [*dict.fromkeys(blocks)]
    for shell in pasted.SHELLS:
        assert pasted.parses(shell, blocks) == ""
        for way in (pasted.paste, pasted.type_lines):
            done = way(shell, blocks, here.cwd)
            assert (done.status, done.said, list(here.cwd.iterdir())) == (0, "", [])
            assert set(done.ran) <= set(pasted.ALLOWED)


GO_SUM: dict[str, Callable[[str], str]] = {
    "module": lambda value: f"{value} v1.2.0 h1:x=\n",
    "version": lambda value: f"example.com/greet {value} h1:x=\n",
    "another version": lambda value: f"example.com/greet v1.0.0 h1:x=\nexample.com/greet {value} h1:x=\n",
    "checksum": lambda value: f"example.com/greet v1.0.0 h1:{value}\n",
    "a line": lambda value: f"{value}\nexample.com/greet v1.2.0 h1:x=\n",
    "alone": lambda value: value,
}
"""The texts of a go.sum, with a value in one place."""


def test_every_command_and_format_is_tried() -> None:
    """A new command, or another `--format`, has to be tried here, too."""
    assert set(COMMANDS) - set(FORMS) == {"explain", "completion"}, "they take no file"
    assert set(VALUES) == AS_COMMANDS, "a format of commands has a row that reads the values out of them"
    for name, forms in FORMS.items():
        command = gopluck.get_command(click.Context(gopluck), name)
        assert command is not None
        choices = [
            one.type.choices for one in command.params if isinstance(one.type, click.Choice) and one.name == "format_"
        ]
        assert {form[1] for form in forms if form[:1] == ("--format",)} == {*sum(map(tuple, choices), ())}
        modes = {flag for one in command.params if one.name == "mode" for flag in one.opts}
        assert modes <= {word for form in forms for word in form}


# -- records -----------------------------------------------------------------------------------------------------------


def with_all(binary: Binary, value: str, *, modules: bool = True) -> Binary:
    """A file whose every setting, and every module in another part, is this."""
    info = binary.go.build_info if binary.go else None
    assert binary.go is not None
    assert info is not None
    settings = tuple((key, value) for key in canary.SETTINGS if key not in ("-trimpath", "GOARCH", "GOOS"))
    kept = tuple(pair for pair in info.settings if pair[0] not in dict(settings))
    parts = [*canary.MODULES.values()]
    deps = tuple(parts[index % len(parts)](dep, value) for index, dep in enumerate(info.deps)) if modules else info.deps
    return binary._replace(go=binary.go._replace(build_info=info._replace(settings=(*kept, *settings), deps=deps)))


def hostile_sets(one: recorded.Set, contents: dict[str, str], number: int) -> Iterator[tuple[str, recorded.Set]]:
    """A set with a hostile host or plugin: every content in all settings and modules at once, and in each place alone
    some of them, others in each set.
    """
    plugin = one.requests[0].binary
    assert plugin is not None
    names = [*contents]
    for side, binary in (("host", one.host), ("plugin", plugin)):
        for name, value in contents.items():
            yield f"{side} everywhere: {name}", swapped(one, side, with_all(binary, value))
        for index, (place, put) in enumerate(canary.binary_places(binary)):
            for name in names[(index + number) % 9 :: 9]:
                yield f"{side} {place}: {name}", swapped(one, side, put(contents[name]))


def swapped(one: recorded.Set, side: str, binary: Binary) -> recorded.Set:
    if side == "host":
        return recorded.Set(one.name, binary, one.requests, one.truth, one.system, one.raw)
    requests = (OpenRequest(one.requests[0].name, binary),)
    return recorded.Set(one.name, one.host, requests, one.truth, one.system, one.raw)


@pytest.mark.parametrize("number", range(len(SETS)))
def test_what_check_prints_of_hostile_files(number: int, here: Sandbox) -> None:
    blocks: list[str] = []
    count = 0
    for turn, (_, one) in enumerate(hostile_sets(recorded_set(number), here.contents(), number)):
        report = reports(one, "host")
        for width in (40, 80, 200):
            text = inert(render(report, View(width=width)))
            assert canary.acts(text) == ""
            blocks += pasted.blocks_of(text)
        found = inert(as_json.render(report, View()))
        assert canary.acts(found) == ""
        for plugin in json.loads(found)["plugins"]:
            blocks += ["\n".join(plugin["remedy"]["run"])] if plugin["remedy"] else []
            possible = plugin["remedy"] and plugin["remedy"]["possible"]
            for finding in plugin["findings"]:
                if possible and finding["role"] == "cause":
                    blocks.append(finding["fix"])
                else:
                    assert "\n" not in finding["fix"]
        for format_ in DIGESTED[turn % 3 :: 3]:
            text = renderer("check", format_)(report, View())
            text = text if format_ in AS_COMMANDS else inert(text)
            assert acts_in(text, format_) == ""
            blocks += blocks_in(text)
        count += 4
    paste(here, blocks)
    print(f"{count} documents of hostile records, {len(set(blocks))} blocks")
    assert count > 4000


# -- files, through the commands ---------------------------------------------------------------------------------------


def run(here: Sandbox, *arguments: str) -> str:
    """What a command prints, in the sandbox; a refusal is one line."""
    environ = {"PATH": str(here.root / "bin"), "HOME": str(here.root / "home"), "GOFLAGS": ""}
    done = CliRunner(env=environ).invoke(gopluck, arguments, prog_name="gopluck")
    assert done.exit_code in (0, 1, 2, 3), (arguments, done.output, done.exception)
    assert "this is a bug" not in done.output
    if done.exit_code == 2:
        assert not done.stdout or arguments[0] == "inspect"
        assert len([line for line in done.stderr.splitlines() if line.startswith("gopluck: ")]) == 1
    assert canary.acts(done.stderr) == ""
    format_ = next((word for word in arguments if word in AS_COMMANDS), "text")
    assert acts_in(done.stdout, format_) == ""
    return done.stdout


def acts_in(text: str, format_: str) -> str:
    """What of a document a terminal, or a CI system, would take for more than it is meant to be."""
    return "".join(map(canary.acts, VALUES[format_](text) if format_ in AS_COMMANDS else [text]))


def _of_github(text: str) -> list[str]:
    """The values in GitHub's workflow commands, of which every line is one."""
    found = commands_of(text)
    assert len(found) == len(text.splitlines())
    assert all(one.name in ("error", "warning", "notice") and [*one.properties] == ["file", "title"] for one in found)
    return [value for one in found for value in (*one.properties.values(), *one.message.split("\n"))]


VALUES: dict[str, Callable[[str], list[str]]] = {"github": _of_github}
"""By format whose lines are commands to a CI system: the values in them, as that system reads them."""


def commands(host: str, plugin: str, other: str, folder: str) -> Iterator[tuple[str, ...]]:
    """Every command on these files, in every format."""
    files = {
        "check": (host, plugin),
        "inspect": (host,),
        "diff": (other, host, plugin),
        "align": (host, folder),
        "build": (host, folder),
        "manifest": (host,),
    }
    for name, paths in files.items():
        for form in FORMS[name]:
            yield name, *form, *paths


def told(here: Sandbox, every: Iterable[tuple[str, ...]]) -> list[str]:
    """What some commands print; no file of the sandbox is another one then."""
    before = here.snapshot()
    texts = [run(here, *words) for words in every]
    assert here.snapshot() == before
    return texts


def blocks_in(text: str) -> list[str]:
    """What somebody pastes of a document, text or JSON."""
    if text.startswith("### "):
        return [one.content for one in MarkdownIt().parse(text) if one.info == "sh"]
    if text.startswith("<!doctype"):
        return list(map(unescape, re.findall(r'<div class="paste"><pre>(.*?)</pre>', text, re.DOTALL)))
    if text.startswith(("[", "<", "::")):
        return []
    if not text.startswith("{"):
        return pasted.blocks_of(text)
    found = json.loads(text)
    return ["\n".join(one["remedy"]["run"]) for one in [found, *found.get("plugins", [])] if one.get("remedy")]


@pytest.fixture
def samples(here: Sandbox) -> Path:
    """The sample hosts and plugins, a plugin's module, and a go command that is not there."""
    folder = here.root / "samples"
    shutil.copytree(archive.unpack(), folder)
    module(folder / "auth")
    return folder


def module(folder: Path, **files: str) -> None:
    """A plugin's module, with other files in it."""
    folder.mkdir(exist_ok=True)
    main = 'package main\n\nimport _ "example.com/greet/polite"\n\nfunc main() {}\n'
    texts = {"go.mod": "module example.com/auth\n\ngo 1.21\n\nrequire example.com/greet v1.2.0\n", "main.go": main}
    for name, text in {**texts, **files}.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode("utf-8", "surrogateescape"))


def hostile_elf(path: Path, value: str) -> hostile.Elf:
    """An ELF file with this value in all settings and modules."""
    from gopluck.api import read

    facts = with_all(read(path), value, modules=path.suffix == ".so")
    assert facts.go is not None
    assert facts.go.build_info is not None
    elf = hostile.Elf.of(path)
    canary.with_build_info(elf, facts.go.version, canary.build_info_lines(facts.go.build_info))
    return elf


def test_hostile_elf_files_through_every_command(here: Sandbox, samples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks: list[str] = []
    count = 0
    monkeypatch.chdir(here.cwd)
    for turn, value in enumerate(here.contents().values()):
        for side in ("gateway", "auth.so"):
            (samples / "hostile").write_bytes(hostile_elf(samples / side, value).data)
            host, plugin = ("hostile", "auth.so") if side == "gateway" else ("gateway", "hostile")
            every = commands(*(str(samples / one) for one in (host, plugin, "gateway", "auth")))
            texts = told(here, islice(every, turn % 5, None, 5))
            blocks += chain.from_iterable(map(blocks_in, texts))
            count += len(texts)
    paste(here, blocks)
    print(f"{count} commands on hostile ELF files, {len(set(blocks))} blocks")
    assert count > 800


def test_hostile_manifests_through_every_command(here: Sandbox, samples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks: list[str] = []
    count = refused = 0
    contents = here.contents()
    names = [*contents]
    monkeypatch.chdir(here.cwd)
    plain = json.loads(run(here, "manifest", str(samples / "gateway")))
    for index, (_, put) in enumerate(canary.manifest_places(plain)):
        for turn, name in enumerate(names[index % 9 :: 9]):
            (samples / "hostile.json").write_text(json.dumps(put(contents[name])))
            every = commands(*(str(samples / one) for one in ("hostile.json", "auth.so", "gateway", "auth")))
            texts = told(here, islice(every, (turn + index) % 7, None, 7))
            blocks += chain.from_iterable(map(blocks_in, texts))
            count += len(texts)
            refused += texts.count("")
    paste(here, blocks)
    print(f"{count} commands on hostile manifests, {refused} of them refused, {len(set(blocks))} blocks")
    assert count > 1500


def test_hostile_names_of_files(here: Sandbox, samples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks: list[str] = []
    count = 0
    monkeypatch.chdir(here.cwd)
    for turn, value in enumerate(here.contents().values()):
        name = value.replace("/", "").replace("\0", "")[:100].encode("utf-8", "surrogateescape")
        folder = os.fsencode(samples) + b"/" + name
        Path(os.fsdecode(folder)).mkdir()
        shutil.copy(os.fsencode(samples / "gateway"), folder + b"/" + name)
        shutil.copy(os.fsencode(samples / "auth.so"), folder + b"/" + name + b".so")
        module(Path(os.fsdecode(folder)) / "auth")
        at = os.fsdecode(folder)
        host, plugin = f"{at}/{os.fsdecode(name)}", f"{at}/{os.fsdecode(name)}.so"
        every = commands(host, plugin, str(samples / "gateway"), f"{at}/auth")
        texts = told(here, islice(every, turn % 5, None, 5))
        blocks += chain.from_iterable(map(blocks_in, texts))
        count += len(texts)
    paste(here, blocks)
    print(f"{count} commands on files with hostile names")
    assert count > 250


# -- a go.sum alone ----------------------------------------------------------------------------------------------------


def test_hostile_go_sums_and_hosts(here: Sandbox, samples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks: list[str] = []
    count = 0
    monkeypatch.chdir(here.cwd)
    go_sum = samples / "go.sum"
    forms = (*EVERY, ("--check",), ("--go", "1.20.1"))
    for index, put in enumerate(GO_SUM.values()):
        for turn, value in enumerate(here.contents().values()):
            go_sum.write_bytes(put(value).encode("utf-8", "surrogateescape"))
            chosen = forms[(turn + index) % 4 :: 4]
            texts = told(here, [("align", str(samples / "gateway"), "--go-sum", str(go_sum), *form) for form in chosen])
            blocks += chain.from_iterable(map(blocks_in, texts))
            count += len(texts)
    plain = json.loads(run(here, "manifest", str(samples / "gateway")))
    names = [*CONTENTS]
    go_sum.write_text("example.com/greet v1.2.0 h1:x=\nexample.com/words v1.0.0 h1:x=\n")
    for index, (place, put_in) in enumerate(canary.manifest_places(plain)):
        if place.startswith((".build", "setting")):
            for turn, name in enumerate(names[index % 5 :: 5]):
                (samples / "hostile.json").write_text(json.dumps(put_in(here.contents()[name])))
                form = forms[(turn + index) % len(forms)]
                texts = told(here, [("align", str(samples / "hostile.json"), "--go-sum", str(go_sum), *form)])
                blocks += chain.from_iterable(map(blocks_in, texts))
                count += 1
    paste(here, blocks)
    print(f"{count} commands on hostile go.sum files and hosts, {len(set(blocks))} blocks")
    assert count > 700


# -- gopluck.toml ------------------------------------------------------------------------------------------------------

CONFIG: dict[str, Any] = {
    "host": "gateway",
    "plugins": ["auth.so"],
    "sysroot": "/",
    "library-path": ["lib"],
    "symbols": ["New"],
    "formats": ["text", {"format": "json", "output": "out.json"}],
    "fail-on": "risk",
    "ignore": [
        {
            "rule": "untrimmed-host",
            "plugin": "*.so",
            "packages": ["..."],
            "reason": "x",
            "until": "2999-12-31",
        }
    ],
}
"""A file with every key, whose strings are replaced one by one."""


def toml(value: Any) -> str:
    """A value as TOML writes it in a line."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{json.dumps(key)} = {toml(item)}' for key, item in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    return json.dumps(value).replace("\x7f", "\\u007f")


def test_every_key_of_the_configuration_is_tried() -> None:
    found = DOCUMENT.keys
    entry = found["ignore"].kind
    assert isinstance(entry, Listed)
    assert isinstance(entry.of, Table)
    assert set(found) == set(CONFIG)
    assert set(entry.of.keys) == set(CONFIG["ignore"][0])
    assert set(OUTPUT.keys) == set(CONFIG["formats"][1])


def test_hostile_configurations(here: Sandbox, samples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks: list[str] = []
    count = refused = 0
    monkeypatch.chdir(samples)
    plain = {key: value for key, value in CONFIG.items() if key not in ("symbols", "sysroot")}
    places = [
        *canary.document_places(CONFIG),
        *canary.document_places(plain),
        ("a key", lambda value: {**CONFIG, value: 1}),
        ("a key of an entry", lambda value: {**CONFIG, "ignore": [{value: 1}]}),
    ]
    for index, (place, put) in enumerate(places):
        for turn, value in enumerate(here.contents().values()):
            document = put(value)
            (samples / "gopluck.toml").write_text(
                "".join(f"{json.dumps(key)} = {toml(document[key])}\n" for key in document)
            )
            before = here.snapshot()
            forms = [(), ("-v",), ("--no-config", "gateway", "auth.so", "--ignore", value)]
            forms += [] if place.endswith(".output") else EVERY
            for form in forms[(turn + index) % 8 :: 8]:
                text = run(here, "check", *form)
                blocks += blocks_in(text) if "concise" not in form else []
                count += 1
                refused += not text
            changed = {path for path, state in here.snapshot().items() if before.get(path) != state}
            assert all(path.startswith(f"{samples}/") for path in changed), (place, value)
            if not place.endswith(".output"):
                assert changed <= {f"{samples}/out.json"}, (place, value)
    for value in here.contents().values():
        (samples / "gopluck.toml").write_bytes(value.encode("utf-8", "surrogateescape"))
        assert run(here, "check") == ""
        count += 1
    paste(here, blocks)
    print(f"{count} checks by hostile configurations, {refused} of them refused")
    assert count - refused > 600


# -- a plugin's module -------------------------------------------------------------------------------------------------

GO = """#!/bin/sh
{ for one; do printf '%s\\037' "$one"; done; echo; } >>"$HOME/words"
env -0 >>"$HOME/environ"
case $1 in version) echo "go version $GOTOOLCHAIN linux/amd64";; env) echo '{}';; *) echo 'go: no' >&2; exit 1;; esac
"""
"""A go command that says with which words and which environment it was called, and then fails."""

TEXTS: dict[str, Callable[[str], dict[str, str]]] = {
    "module": lambda value: {"go.mod": f"module {value}\n\ngo 1.21\n"},
    "quoted module": lambda value: {"go.mod": f"module {json.dumps(value)}\n\ngo 1.21\n"},
    "go line": lambda value: {"go.mod": f"module example.com/auth\n\ngo {value}\n"},
    "toolchain": lambda value: {"go.mod": f"module example.com/auth\n\ngo 1.21\n\ntoolchain {value}\n"},
    "required": lambda value: {"go.mod": f"module example.com/auth\n\ngo 1.21\n\nrequire {value} v1.2.0\n"},
    "version": lambda value: {"go.mod": f"module example.com/auth\n\ngo 1.21\n\nrequire example.com/greet {value}\n"},
    "replaced": lambda value: {
        "go.mod": f"module example.com/auth\n\ngo 1.21\n\nreplace example.com/greet => {json.dumps(value)}\n"
    },
    "a line": lambda value: {"go.mod": f"module example.com/auth\n\ngo 1.21\n{value}\n"},
    "workspace": lambda value: {"go.work": f"go 1.21\n\nuse .\n\nreplace example.com/greet => {json.dumps(value)}\n"},
    "used": lambda value: {"go.work": f"go 1.21\n\nuse {value}\n"},
    "vendored": lambda value: {"vendor/modules.txt": f"# example.com/greet {value}\n## explicit\nexample.com/greet\n"},
    "vendored module": lambda value: {"vendor/modules.txt": f"# {value} v1.2.0\n## explicit; go {value}\n{value}\n"},
    "checksum": lambda value: {"go.sum": f"example.com/greet v1.2.0 {value}\n{value} v1.0.0 h1:x=\n"},
    "import": lambda value: {"main.go": f"package main\n\nimport _ {json.dumps(value)}\n\nfunc main() {{}}\n"},
}
"""The texts of a plugin's module, with a value in one place."""


@pytest.mark.parametrize("go", [False, True], ids=["without Go", "with Go"])
def test_hostile_modules_through_align(go: bool, here: Sandbox, samples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks: list[str] = []
    count = 0
    monkeypatch.chdir(here.cwd)
    if go:
        bin_ = here.root / "bin"
        bin_.mkdir()
        (bin_ / "go").write_text(GO)
        (bin_ / "go").chmod(0o755)
    names = [*CONTENTS]
    for index, (place, files) in enumerate(TEXTS.items()):
        for turn, (name, value) in enumerate(here.contents().items()):
            folder = samples / f"m{index}-{names.index(name)}"
            module(folder, **files(value))
            before = here.snapshot()
            paths = (str(samples / "gateway"), str(folder))
            for form in FORMS["align"][turn % 5 :: 5]:
                blocks += blocks_in(run(here, "align", *form, *paths))
                count += 1
            for form in FORMS["build"][turn % 4 :: 4]:
                blocks += blocks_in(run(here, "build", *form, *paths, "-o", str(here.cwd / "out.so")))
                count += 1
            after = {path: state for path, state in here.snapshot().items() if "/home/" not in path}
            kept = {path: state for path, state in before.items() if "/home/" not in path}
            assert {one for one in after if after[one] != kept.get(one)} <= {str(folder / "go.mod")}, (place, name)
            shutil.rmtree(folder)
    paste(here, blocks)
    if go:
        called = (here.root / "home" / "words").read_text().splitlines()
        words = {word for line in called for word in line.split("\037")}
        assert {word for word in words if "canary" in word} == set()
        assert len(called) > 100
    print(f"{count} runs of align on hostile modules, {len(set(blocks))} blocks")
    assert count > 1800


@pytest.mark.parametrize("set_", range(len(SETS)))
def test_what_align_hands_to_the_go_command(
    set_: int, here: Sandbox, samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(here.cwd)
    bin_ = here.root / "bin"
    bin_.mkdir()
    (bin_ / "go").write_text(GO)
    (bin_ / "go").chmod(0o755)
    host = recorded_set(set_).host
    wrong, count = [], 0
    for name, value in here.contents().items():
        try:
            text = manifest.dumps(with_all(host, value))
        except ValueError:
            continue
        (samples / "host.json").write_text(text)
        (here.root / "home" / "environ").unlink(missing_ok=True)
        for form in ((), ("--check",), ("--diff",)):
            run(here, "align", *form, str(samples / "host.json"), str(samples / "auth"))
            count += 1
        if not (here.root / "home" / "environ").exists():
            continue
        pairs = (here.root / "home" / "environ").read_bytes().decode("utf-8", "surrogateescape").split("\0")
        for pair in pairs:
            key, _, given = pair.partition("=")
            if key in ENVIRONMENT and key in VARIABLES and given and not variable(key, given):
                wrong.append((name, pair))
    assert wrong == []
    assert count > 150


# -- projects ----------------------------------------------------------------------------------------------------------

STAND_IN = """#!/bin/sh
echo "ran ${0##*/}" >>"$GC_LOG"
"""


def project_of(here: Sandbox, host: Binary) -> dict[str, str] | None:
    try:
        return project(host, "example.com/plug", ())
    except GopluckError:
        return None


def test_projects_of_hostile_hosts(here: Sandbox) -> None:
    found: dict[str, dict[str, str]] = {}
    count = 0
    for number in range(len(SETS)):
        host = recorded_set(number).host
        contents = here.contents()
        names = [*contents]
        hosts = [with_all(host, value) for value in contents.values()]
        for index, (_, put) in enumerate(canary.binary_places(host)):
            hosts += [put(contents[name]) for name in names[(index + number) % 15 :: 15]]
        for one in hosts:
            count += 1
            texts = project_of(here, one)
            if texts is not None:
                texts.pop(HOST)
                found.setdefault(json.dumps(texts), texts)
    print(f"{count} hostile hosts, {len(found)} projects")
    assert count > 1200
    assert len(found) > 30
    for texts in found.values():
        judged(here, texts)


def judged(here: Sandbox, texts: dict[str, str]) -> None:
    """A project, written, made, and read by those for whom its files are."""
    folder, log = here.cwd / "plug", here.root / "log"
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        assert canary.acts(text.replace("\t", " ")) == ""
    (folder / "host.json").write_text("{}")
    stubs = here.root / "stubs"
    stubs.mkdir(exist_ok=True)
    for name in ("go", "gopluck", "pip", "sudo", "rm", "touch", "id"):
        (stubs / name).write_text(STAND_IN)
        (stubs / name).chmod(0o755)
    environ = {"PATH": f"{stubs}:/usr/bin:/bin", "GC_LOG": str(log), "HOME": str(here.root / "home")}
    made = subprocess.run(["make", "build", "align", "check", "clean"], cwd=folder, env=environ, capture_output=True)
    assert (made.returncode, made.stderr) == (0, b"")
    assert Counted(log).names in (["go", "gopluck", "gopluck", "rm"], ["go", "gopluck", "go", "gopluck", "rm"])
    parse(texts["go.mod"], "go.mod")
    if workflow := texts.get(".github/workflows/plugin.yml"):
        read: Any = yaml.safe_load(workflow)
        steps = read["jobs"]["plugin"]["steps"]
        assert {key for step in steps for key in step} <= {"uses", "with", "run", "env"}
        assert [step["env"] for step in steps if "env" in step] == [{"GOPLUCK": "${{ vars.GOPLUCK || 'gopluck' }}"}]
        log.unlink()
        named = {**environ, "GOPLUCK": "gopluck"}
        for step in steps:
            if "run" in step and not step["run"].startswith("make"):
                done = subprocess.run(["bash", "-ec", step["run"]], cwd=folder, env=named, capture_output=True)
                assert (done.returncode, done.stderr) == (0, b"")
        assert set(Counted(log).names) <= {"pip", "sudo"}
    if recipe := texts.get("Dockerfile"):
        words = {line.split()[0] for line in re.sub(r"\\\n", " ", recipe).splitlines() if line and line[0] != "#"}
        assert words <= {"FROM", "RUN", "ENV", "WORKDIR", "COPY"}
        assert {line for line in recipe.splitlines() if line.startswith("RUN")} <= {
            "RUN apk add --no-cache build-base",
            "RUN go mod download",
            "RUN make build GOTOOLCHAIN=local",
        }
    assert list((here.root / "nest").iterdir()) == []
    shutil.rmtree(folder)


class Counted:
    """The programs that a log names, in order."""

    def __init__(self, log: Path) -> None:
        self.names = [line.removeprefix("ran ") for line in log.read_text().splitlines()] if log.exists() else []
        log.unlink(missing_ok=True)
        log.touch()
