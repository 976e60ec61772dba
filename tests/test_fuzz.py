"""The fuzzer: a short seeded run of every kind, what it found before, and whether it would notice a fault."""

from __future__ import annotations

import json
import os
import signal
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from time import process_time
from typing import Any

import pytest

import gopluck
import hostile
from fixtures import pace
from fixtures.fuzz import __main__ as command
from fixtures.fuzz import lines, pool, state, worker
from fixtures.fuzz.elffile import Copy, Damage, sample
from fixtures.fuzz.kinds import KINDS
from fixtures.fuzz.model import Draw, Input
from fixtures.samples.archive import unpack
from gopluck.aligner import goinputs, gomod, project, weaker
from gopluck.elf.dynamic import Dynamic
from gopluck.errors import GopluckError, MalformedFile, Usage
from gopluck.golang.typetext import NotATypeError, normalise
from tinyelf import open_image

SEED = 20261126
EACH = {"plugin": 8, "host": 8, "c-host": 12, "library": 30, "manifest": 60, "project": 40}
"""Inputs of a kind; 200 of the others."""


@pytest.fixture(autouse=True)
def _in_time() -> Iterator[None]:
    before = signal.signal(signal.SIGPROF, worker.stop)
    yield
    signal.signal(signal.SIGPROF, before)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[int]:
    fd = os.open(tmp_path / "place", os.O_WRONLY | os.O_CREAT)
    yield fd
    os.close(fd)


# -- a short run -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_mutated_input_is_answered(kind: str, tmp_path: Path, place: int) -> None:
    (tmp_path / "work").mkdir()
    draw = KINDS[kind].prepare(tmp_path / "work")
    found = worker.piece(kind, SEED, 0, EACH.get(kind, 200), draw, tmp_path / "kept", place)
    assert found["faults"] == {}
    assert found["done"] == EACH.get(kind, 200)
    assert found["refused"] < found["done"]


def test_the_shares_are_thousandths() -> None:
    assert sum(kind.share for kind in KINDS.values()) == 1000


@pytest.mark.parametrize("kind", ["library", "manifest", "go.mod", "archive"])
def test_a_number_is_one_input_whatever_was_tried_before(kind: str, tmp_path: Path) -> None:
    contents = []
    for before, name in ((3, "one"), (0, "two")):
        (tmp_path / name).mkdir()
        draw = KINDS[kind].prepare(tmp_path / name)
        for number in (*range(before), 7):
            one = draw(Random(f"{SEED}/{kind}/{number}"))
            content = one.content()
            one.undo()
        contents.append(content)
    assert contents[0] == contents[1]


# -- would a fault be seen? --------------------------------------------------------------------------------------------


def _ends() -> None:
    os._exit(3)


def _burns() -> None:
    started = process_time()
    while process_time() - started < worker.STOP + 1:
        pass


def _raises(error: BaseException) -> None:
    raise error


BAD = {
    "KeyError": lambda: _raises(KeyError("x")),
    "RecursionError": lambda: _raises(RecursionError()),
    "MemoryError": lambda: _raises(MemoryError()),
    "not a line that names the file": lambda: _raises(MalformedFile("/tmp/other: is damaged")),
    "no answer after": _burns,
}


@pytest.mark.parametrize("name", BAD)
def test_a_fault_is_seen_and_the_input_kept(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "STOP", 0.2)
    draw: Draw = lambda chance: Input("changed", "/tmp/it", BAD[name], lambda: b"content")  # noqa: E731
    found = worker.attempt("go.mod", 1, 5, draw, tmp_path)
    assert name in found["fault"] + found["detail"]
    assert (tmp_path / "go.mod-1-5.input").read_bytes() == b"content"
    assert (tmp_path / "go.mod-1-5.txt").read_text().startswith("python -m fixtures.fuzz --seed 1 --only go.mod:5\n")


def test_a_refusal_that_names_the_file_is_no_fault(tmp_path: Path) -> None:
    draw: Draw = lambda chance: Input("", "/tmp/it", lambda: _raises(Usage("/tmp/it: is damaged")), bytes)  # noqa: E731
    found = worker.attempt("go.mod", 1, 5, draw, tmp_path)
    assert (found["refused"], found["fault"]) == (True, "")


# -- a run is whole, and goes on ---------------------------------------------------------------------------------------


@pytest.fixture
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(state, "FOLDER", tmp_path)
    return tmp_path


def test_a_stopped_run_goes_on(own_state: Path, capfd: pytest.CaptureFixture[str]) -> None:
    arguments = ["--seed", "7", "--kind", "archive", "--kind", "go.sum", "--count", "300"]
    kept = state.State(7)
    todo = pool.pieces(kept, ["archive", "go.sum"], 300)
    assert [(piece.kind, piece.start, piece.end) for piece in todo] == [("archive", 0, 107), ("go.sum", 0, 192)]
    result: dict[str, Any] = {
        "done": 107,
        "refused": 0,
        "seconds": 1.0,
        "slowest": [1.5, 3],
        "memory": [0, 1],
        "faults": {},
    }
    kept.of("archive").add(0, result, "a commit")
    kept.write()
    assert command.main(arguments) == 0
    written = json.loads((own_state / "seed-7.json").read_text())
    assert {name: (one["pieces"], one["done"]) for name, one in written.items()} == {
        "archive": ([0], 107),
        "go.sum": ([0], 192),
    }
    assert written["archive"]["commits"] == ["a commit"]
    assert written["archive"]["slowest"] == [1.5, 3]
    assert "No faults." in capfd.readouterr().out
    assert command.main([*arguments, "--report"]) == 0


def test_a_process_that_ends_is_a_fault_and_the_piece_goes_on(own_state: Path) -> None:
    one = pool.Worker(1, own_state)
    try:
        one.piece = pool.Piece("go.sum", 0, 0, 10)
        os.pwrite(os.open(one._place.name, os.O_WRONLY), b"%-20d" % 4, 0)
        assert one.lost("the process ends") == 5
        assert one.parts()["faults"]["the process ends"]["first"] == 4
        one.piece = pool.Piece("go.sum", 0, 0, 5)
        assert one.lost("the process ends") is None
    finally:
        one.stop()


# -- what it found -----------------------------------------------------------------------------------------------------


def test_a_hash_chain_that_comes_back_is_left_after_one_turn(tmp_path: Path) -> None:
    elf = hostile.Elf.of(unpack() / "auth.so")
    hostile.CHANGES["hash chain in a loop"](elf)
    (tmp_path / "bad.so").write_bytes(elf.data)

    def search() -> None:
        with open_image(str(tmp_path / "bad.so")) as image, pytest.raises(MalformedFile, match=r"have no end$"):
            Dynamic(image).symbol("no such name")

    assert pace.within(0.4, search)


def test_what_the_hash_table_does_not_find_is_not_there(tmp_path: Path) -> None:
    whole = sample(unpack() / "gateway")
    table = next(one for one in whole.regions if one.name == ".gnu.hash")
    copy = Copy(whole, tmp_path)
    count, _, bloom, _ = struct.unpack("<4I", copy.original(table.offset, 16))
    copy.apply(Damage("half of the buckets are empty", ((table.offset + 16 + 8 * bloom, bytes(4 * (count // 2))),)))
    intact, damaged = (gopluck.read(path).go for path in (whole.path, copy.path))
    assert intact is not None
    assert damaged is not None
    assert 0 < len(damaged.link_hashes) < len(intact.link_hashes)
    assert dict(damaged.link_hashes).items() <= dict(intact.link_hashes).items()


def test_an_empty_import_block_imports_nothing(tmp_path: Path) -> None:
    (tmp_path / "main.go").write_text('package main\n\nimport ()\nimport "fmt"\n')
    assert weaker.imported(str(tmp_path)) == {"fmt"}


LONG: dict[str, Callable[[int], str]] = {
    "strings of nothing": lambda size: "module m\nx " + '"' * size,
    "words": lambda size: "module m\n" + "x " * (size // 2),
    "lines": lambda size: "module m\n" + "\n" * size,
    "requirements": lambda size: "module m\nrequire (\n" + "".join(f"a{n} v1\n" for n in range(size // 10)) + ")\n",
    "backslashes": lambda size: 'module m\nx "' + "\\" * size,
}


@pytest.mark.parametrize("name", LONG)
def test_the_longest_go_mod_is_read_in_time(name: str) -> None:
    text = LONG[name](project.MAX_MOD)

    def parse() -> None:
        with suppress(MalformedFile):
            gomod.parse(text, "go.mod")

    assert pace.within(2, parse)


def test_a_longer_go_mod_is_refused(tmp_path: Path) -> None:
    (tmp_path / "main.go").write_text("package main\n")
    (tmp_path / "go.mod").write_text("module m\n" + "\n" * project.MAX_MOD)
    with pytest.raises(GopluckError, match=r"go\.mod: cannot be read: it is not a file, or larger than 1 MiB$"):
        project.Project.read(str(tmp_path), {})


def test_an_error_shows_the_start_of_a_long_line() -> None:
    with pytest.raises(MalformedFile) as error:
        gomod.parse('module m\n"' + "x" * 5000, "go.mod")
    assert str(error.value) == f"go.mod:2: '\"{'x' * 59}' is not a line of a go.mod"


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        ("a.txt", False),
        ("x.txt", True),
        ('"x.txt"', True),
        ('"x\\\\y.txt" x.*', True),
        (" ".join(f"a{number}.txt" for number in range(100)), False),
        # More than are tried, and one that is longer than any file's name: then every file counts as read.
        (" ".join(f"a{number}.txt" for number in range(100_000)), True),
        ("a" * 100_000, True),
        ('"' + "\\" * 1_000_000, True),
    ],
)
def test_what_an_embed_directive_names(patterns: str, expected: bool, tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module m\n")
    (tmp_path / "main.go").write_text(f"package main\n\n//go:embed {patterns}\nvar text string\n")
    (tmp_path / "x.txt").touch()
    assert goinputs.may_read(str(tmp_path / "x.txt")) is expected
    assert pace.within(1, lambda: goinputs.may_read(str(tmp_path / "x.txt")))


def test_a_pipe_with_the_name_of_a_go_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "main.go")
    (tmp_path / "go.mod").write_text("module m\n")
    (tmp_path / "x.txt").touch()
    assert goinputs.may_read(str(tmp_path / "x.txt")) is False


@pytest.mark.parametrize(
    "source",
    [
        *("struct { A, } int }", "struct { [ int }", "interface { (() }", "interface { a.(() }", "interface { }() }"),
        *("func(...int, string)", "func(a, b ...int)", "func() (c ...error)", "func() ...error"),
    ],
)
def test_what_stands_where_a_name_or_a_last_parameter_belongs(source: str) -> None:
    with pytest.raises(NotATypeError):
        normalise(source)


INTACT: dict[str, Callable[[str], object]] = {
    "go.mod": lambda text: gomod.parse(text, "go.mod").requires,
    "go.work": lambda text: gomod.parse_work(text, "go.work").go,
    "go.sum": gomod.parse_sum,
    "modules.txt": gomod.parse_vendor,
}


def test_texts_to_begin_with_are_intact() -> None:
    for kind in INTACT:
        for text in lines.TEXTS[kind][:2]:
            assert INTACT[kind](text.decode())
