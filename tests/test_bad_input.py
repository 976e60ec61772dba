"""Damaged and hostile files: never a traceback, never more than 2 seconds or 256 MB, one line that names the file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import hostile
from fixtures import pace
from fixtures.fuzz.model import MEMORY, SECONDS
from fixtures.samples.archive import unpack

ROOT = Path(__file__).parent.parent
SHARDS = 8

STATUSES = (0, 1, 2, 3)

LIMITED = """
import atexit, resource, runpy, sys
resource.setrlimit(resource.RLIMIT_AS, ({memory}, {memory}))
sys.argv[0] = "gopluck"

def told():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    peak = open("/proc/self/status").read().partition("VmHWM:")[2].split()[0]
    with open({report}, "w") as report:
        report.write(f"{{usage.ru_utime + usage.ru_stime}} {{peak}}")

atexit.register(told)
runpy.run_module("gopluck", run_name="__main__")
"""
"""`ru_maxrss` would start at the size of the process that started this one."""


@dataclass(frozen=True)
class Answer:
    """How the command ended."""

    status: int
    stdout: str
    stderr: str
    seconds: float
    memory: int
    """Peak resident bytes."""


def gopluck(*arguments: str | bytes | Path, cwd: Path | None = None) -> Answer:
    """The real command, with no more address space than it may use."""
    reading, writing = os.pipe()
    code = LIMITED.format(memory=MEMORY, report=writing)
    command = [sys.executable, "-c", code, *arguments]
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, timeout=60, pass_fds=[writing], env=os.environ)
    finally:
        os.close(writing)
        with open(reading) as report:
            text = report.read()
    seconds, peak = text.split()
    return Answer(done.returncode, done.stdout.decode(), done.stderr.decode(), float(seconds), int(peak) << 10)


def within_limits(answer: Answer) -> None:
    """What holds for every answer."""
    assert "Traceback" not in answer.stderr, answer.stderr
    assert "bug in gopluck" not in answer.stderr, answer.stderr
    assert answer.status in STATUSES
    assert answer.seconds < SECONDS or answer.seconds < pace.allowed(SECONDS)
    assert answer.memory < MEMORY
    assert not any(character in answer.stdout + answer.stderr for character in "\x1b\x07\x9b\r")


def a_verdict_or_a_line(answer: Answer, file: Path | str) -> None:
    """A verdict, or status 2 with one line that names the file and goes on to say what is wrong with it."""
    within_limits(answer)
    if answer.status == 2:
        assert answer.stdout == ""
        one_line(answer, file)
    else:
        assert answer.stdout
        assert answer.stderr == ""


def facts_or_a_line(answer: Answer, file: Path | str) -> None:
    """What could be read, and where the file is damaged one line (with status 2) beside it."""
    within_limits(answer)
    assert answer.stdout or answer.status == 2
    if answer.status == 2:
        one_line(answer, file)
    else:
        assert answer.stderr == ""


def one_line(answer: Answer, file: Path | str) -> None:
    """The error names the file and goes on to say what is wrong with it."""
    line, *hints = answer.stderr.splitlines()
    assert line.startswith("gopluck: error: ")
    assert f"{file}: " in line
    assert len(line) < 1000
    assert hints in ([], ["Try: gopluck check --help"])


@pytest.fixture(scope="session")
def samples() -> Path:
    return unpack()


# -- thousands of damaged samples ----------------------------------------------------------------------------------


def run_shard(number: int) -> dict[str, Any]:
    command = [sys.executable, str(ROOT / "tests" / "mutations.py"), str(number), str(SHARDS)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.fixture(scope="module")
def shards() -> Iterator[list[Future[dict[str, Any]]]]:
    """All parts at the same time, on all processors."""
    unpack()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield [pool.submit(run_shard, number) for number in range(SHARDS)]


@pytest.mark.parametrize("number", range(SHARDS))
def test_a_damaged_file_gives_a_verdict_or_a_line(number: int, shards: list[Future[dict[str, Any]]]) -> None:
    result = shards[number].result()
    assert result["wrong"] == []
    assert result["peak"] < MEMORY


def test_there_are_thousands_of_them(shards: list[Future[dict[str, Any]]]) -> None:
    assert sum(shard.result()["done"] for shard in shards) >= 5_000


# -- files made by hand, through the command -----------------------------------------------------------------------


@pytest.mark.parametrize("name", hostile.CHANGES)
def test_a_hostile_file_gives_a_verdict_or_a_line(name: str, samples: Path, tmp_path: Path) -> None:
    host, plugin = (hostile.Elf.of(samples / sample) for sample in hostile.GO)
    hostile.CHANGES[name](plugin)
    (tmp_path / "bad.so").write_bytes(plugin.data)
    a_verdict_or_a_line(gopluck("check", samples / "gateway", tmp_path / "bad.so"), tmp_path / "bad.so")
    facts_or_a_line(gopluck("inspect", tmp_path / "bad.so"), tmp_path / "bad.so")
    try:
        hostile.CHANGES[name](host)
    except StopIteration:
        return  # The host has no such table.
    (tmp_path / "bad").write_bytes(host.data)
    a_verdict_or_a_line(gopluck("check", tmp_path / "bad", samples / "auth.so"), tmp_path / "bad")
    a_verdict_or_a_line(gopluck("manifest", tmp_path / "bad"), tmp_path / "bad")


@pytest.mark.parametrize("hole", hostile.HOLES)
@pytest.mark.parametrize("sample", ["gateway", "gateway-pie", "auth.so"])
def test_a_file_with_a_hole_of_64_gigabytes(sample: str, hole: str, samples: Path, tmp_path: Path) -> None:
    try:
        hostile.sparse(tmp_path / "bad", samples / sample, hostile.HOLES[hole])
    except OSError:
        pytest.skip("this file system has no sparse files of that size")
    a_verdict_or_a_line(gopluck("check", tmp_path / "bad", samples / "auth.so"), tmp_path / "bad")
    a_verdict_or_a_line(gopluck("check", samples / "gateway", tmp_path / "bad"), tmp_path / "bad")


@pytest.mark.parametrize("name", hostile.MANIFESTS)
def test_a_hostile_manifest_gives_a_line(name: str, samples: Path, tmp_path: Path) -> None:
    file = tmp_path / "host.json"
    file.write_text(hostile.MANIFESTS[name])
    answer = gopluck("check", file, samples / "auth.so")
    assert answer.status == 2
    a_verdict_or_a_line(answer, file)
    a_verdict_or_a_line(gopluck("check", samples / "gateway", file), file)


OTHER_TYPES: tuple[Any, ...] = (None, True, -1, 1.5, "\x1b", [], {}, [[]], {"a": {}})


def test_a_manifest_with_any_field_of_another_type(samples: Path, tmp_path: Path) -> None:
    from gopluck.api import check
    from gopluck.errors import GopluckError

    whole = gopluck("manifest", samples / "gateway")
    assert whole.status == 0
    file = tmp_path / "host.json"
    answered = 0
    for path in every_path(json.loads(whole.stdout)):
        for value in OTHER_TYPES:
            document = json.loads(whole.stdout)
            replace_at(document, path, value)
            file.write_text(json.dumps(document))
            try:
                check(file, [samples / "auth.so"])
                line = f"{file}: "
            except GopluckError as error:
                line = str(error)
            assert line.startswith(f"{file}: ")
            answered += 1
    assert answered > 500


def every_path(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where values lie in a document; of a long list or object only the first ones."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for number, (key, item) in enumerate(items):
        if number < 10:
            yield from every_path(item, (*path, key))


def replace_at(document: Any, path: tuple[str | int, ...], value: Any) -> None:
    """Put another value at a path."""
    for key in path[:-1]:
        document = document[key]
    document[path[-1]] = value


SPECIAL: dict[str, Callable[[Path], object]] = {
    "a pipe": os.mkfifo,
    "a directory": Path.mkdir,
    "a link to nothing": lambda path: path.symlink_to("nothing"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link to a device that never ends": lambda path: path.symlink_to("/dev/zero"),
    "a link to a device that is empty": lambda path: path.symlink_to("/dev/null"),
    "a file that says it is empty": lambda path: path.symlink_to("/proc/self/maps"),
    "nothing": lambda path: None,
    "an empty file": Path.touch,
    "one byte": lambda path: path.write_bytes(b"\x7f"),
    "a text": lambda path: path.write_text("#!/bin/sh\n"),
    "the magic alone": lambda path: path.write_bytes(b"\x7fELF"),
    "a header of zeros": lambda path: path.write_bytes(b"\x7fELF\2\1\1" + bytes(57)),
    "a socket's worth of noise": lambda path: path.write_bytes(bytes(range(256)) * 64),
}
"""Files that are no program at all."""


@pytest.mark.parametrize("name", SPECIAL)
def test_a_file_that_is_no_program(name: str, samples: Path, tmp_path: Path) -> None:
    file = tmp_path / "bad.so"
    SPECIAL[name](file)
    answer = gopluck("check", file, samples / "auth.so")
    assert answer.status == 2
    a_verdict_or_a_line(answer, file)
    a_verdict_or_a_line(gopluck("check", samples / "gateway", file), file)
    facts_or_a_line(gopluck("inspect", file), file)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read(samples: Path, tmp_path: Path) -> None:
    file = tmp_path / "bad.so"
    file.write_bytes(b"\x7fELF")
    file.chmod(0)
    for arguments in ((file, samples / "auth.so"), (samples / "gateway", file)):
        answer = gopluck("check", *arguments)
        assert (answer.status, answer.stderr) == (2, f"gopluck: error: {file}: Permission denied\n")


@pytest.mark.parametrize("name", [b"\x1b[2Jbad\n.so", b"\xff\xfe.so", b"x" * 255, "\u202eos.dab".encode(), b" .so"])
@pytest.mark.parametrize("content", [b"", b"\x7fELF\2\1\1"])
def test_a_name_that_would_act_on_a_terminal(name: bytes, content: bytes, samples: Path, tmp_path: Path) -> None:
    file = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    file.write_bytes(content)
    for arguments in ((file, samples / "auth.so"), (samples / "gateway", file)):
        answer = gopluck("check", *arguments)
        within_limits(answer)
        assert answer.stdout or answer.stderr.count("\n") == 1
        assert "\u202e" not in answer.stdout + answer.stderr


def test_the_same_file_as_host_and_as_plugin(samples: Path) -> None:
    for name in ("gateway", "auth.so", "gateway-s390x", "auth-386.so"):
        a_verdict_or_a_line(gopluck("check", samples / name, samples / name), samples / name)
