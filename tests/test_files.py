"""How files are written: whole or not at all, nothing of anybody else's, and what was there keeps what it had."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gopluck import files, tree
from gopluck.errors import GopluckError, Usage

ROOT = os.geteuid() == 0
only_root = pytest.mark.skipif(not ROOT, reason="only root gives files away")
NOBODY = 65534


@pytest.fixture
def umask() -> Iterator[Callable[[int], int]]:
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


def names(folder: Path) -> list[str]:
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*"))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# -- one file ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o000])
def test_a_new_file_has_the_mode_that_umask_leaves(mask: int, umask: Callable[[int], int], tmp_path: Path) -> None:
    umask(mask)
    files.write(str(tmp_path / "new"), b"text", "new")
    assert ((tmp_path / "new").read_bytes(), mode(tmp_path / "new")) == (b"text", 0o666 & ~mask)
    assert names(tmp_path) == ["new"]


@pytest.mark.parametrize("old", [0o600, 0o640, 0o664, 0o777, 0o200])
def test_a_file_that_is_replaced_keeps_its_mode(old: int, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("before, and longer than what comes" * 9)
    (tmp_path / "file").chmod(old)
    files.write(str(tmp_path / "file"), b"text", "file")
    assert mode(tmp_path / "file") == old
    (tmp_path / "file").chmod(0o600)
    assert ((tmp_path / "file").read_bytes(), names(tmp_path)) == (b"text", ["file"])


@only_root
def test_a_file_that_root_replaces_stays_its_owners(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("before")
    os.chown(tmp_path / "file", NOBODY, NOBODY)
    (tmp_path / "file").chmod(0o640)
    files.write(str(tmp_path / "file"), b"text", "file")
    status = (tmp_path / "file").stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (NOBODY, NOBODY, 0o640)


def test_another_group_gets_nothing_that_was_meant_for_the_former_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("before")
    (tmp_path / "file").chmod(0o664)
    theirs = os.stat_result((*tuple((tmp_path / "file").stat())[:4], NOBODY, NOBODY, 6, 0, 0, 0))

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "no")

    monkeypatch.setattr(os, "fchown", refuse)
    files.create(str(tmp_path / "new"), b"text", theirs, str(tmp_path / "file"))
    assert mode(tmp_path / "new") == 0o644


def test_a_link_stays_and_its_target_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "link").symlink_to("far/file")
    for text in (b"made", b"replaced"):
        files.write(str(tmp_path / "link"), text, "link")
        assert ((tmp_path / "link").is_symlink(), (tmp_path / "far/file").read_bytes()) == (True, text)
    assert names(tmp_path) == ["far", "far/file", "link"]


def test_stale_and_foreign_files_do_not_matter(tmp_path: Path) -> None:
    stale = [f".file.{os.getpid()}.tmp", ".file.tmp", "file.tmp"]
    for name in stale:
        (tmp_path / name).write_text("foreign")
    files.write(str(tmp_path / "file"), b"text", "file")
    assert names(tmp_path) == sorted([*stale, "file"])
    assert {(tmp_path / name).read_text() for name in stale} == {"foreign"}


def test_a_name_that_is_taken_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "temporary", lambda: "taken")
    (tmp_path / "victim").write_text("mine")
    for make in (lambda: (tmp_path / "taken").write_text("foreign"), lambda: (tmp_path / "taken").symlink_to("victim")):
        make()
        with pytest.raises(GopluckError, match="File exists"):
            files.write(str(tmp_path / "file"), b"text", "file")
        assert names(tmp_path) == ["taken", "victim"]
        assert (tmp_path / "victim").read_text() == "mine"
        (tmp_path / "taken").unlink()


def test_temporary_names_cannot_be_guessed() -> None:
    assert len({files.temporary() for _ in range(1000)}) == 1000
    assert len(files.temporary()) > 30


def test_the_longest_name_can_be_written(tmp_path: Path) -> None:
    files.write(str(tmp_path / ("x" * 255)), b"text", "long")
    assert names(tmp_path) == ["x" * 255]


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "read-only": (lambda path: os.close(os.open(path, os.O_CREAT, 0o444)), "is read-only; nothing is written"),
    "with two names": (
        lambda path: os.link(shutil.copy(__file__, path), path.with_name("other")),
        "has 2 names (hard links), which would part; nothing is written",
    ),
    "a folder": (Path.mkdir, "is a directory"),
    "a link to itself": (
        lambda path: path.symlink_to(path.name),
        "cannot be written: Too many levels of symbolic links",
    ),
    "a link into a folder that is not there": (
        lambda path: path.symlink_to("no/file"),
        "there is no directory {folder}/no",
    ),
}


@pytest.mark.parametrize(("make", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(make: Callable[[Path], object], reason: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    make(path)
    before = {name: (tmp_path / name).lstat() for name in names(tmp_path)}
    with pytest.raises(Usage) as error:
        files.write(str(path), b"text", "--output file")
    assert str(error.value) == f"--output file: {reason.format(folder=tmp_path)}"
    assert {name: (tmp_path / name).lstat() for name in names(tmp_path)} == before


@pytest.mark.parametrize(
    ("name", "reason"),
    [("", "is an empty name"), ("new/", "is a directory"), ("none/new", "there is no directory {folder}/none")],
)
def test_names_that_are_refused(name: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert (files.refusal(name), names(tmp_path)) == (reason.format(folder=tmp_path), [])


def test_a_failure_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("before")
    for call in ("fchmod", "replace"):
        for problem in (OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()):
            with monkeypatch.context() as patched:
                patched.setattr(os, call, raising(problem))
                with pytest.raises((GopluckError, KeyboardInterrupt)):
                    files.write(str(tmp_path / "file"), b"text", "file")
            assert ((tmp_path / "file").read_text(), names(tmp_path)) == ("before", ["file"])


def raising(problem: BaseException) -> Callable[..., Any]:
    def fail(*_: object, **__: object) -> None:
        raise problem

    return fail


def test_a_signal_waits_until_the_file_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.replace

    def interrupted(*args: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        real(*args)

    monkeypatch.setattr(os, "replace", interrupted)
    # Where the tests run in the background, the signal is ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            files.write(str(tmp_path / "file"), b"text", "file")
    finally:
        signal.signal(signal.SIGINT, before)
    assert ((tmp_path / "file").read_bytes(), names(tmp_path)) == (b"text", ["file"])


STDOUT = "import sys; from gopluck import files; files.write(sys.argv[1], b'text', 'x')"


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_an_open_file_is_appended_to_and_not_replaced(name: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"before ")
    with log.open("ab") as stdout:
        subprocess.run([sys.executable, "-c", STDOUT, name], stdout=stdout, check=True)
    assert log.read_bytes() == b"before text"
    piped = subprocess.run([sys.executable, "-c", STDOUT, name], stdout=subprocess.PIPE, check=True)
    assert piped.stdout == b"text"


# -- several files -----------------------------------------------------------------------------------------------------

PROJECT = {"go.mod": b"module x\n", ".github/workflows/plugin.yml": b"on: push\n", "main.go": b"package main\n"}
MADE = [".github", ".github/workflows", ".github/workflows/plugin.yml", "go.mod", "main.go"]


def state(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Everything that is to stay as it was: names, kinds and modes, inodes of what is there, and contents."""
    return {
        name: (
            (folder / name).lstat().st_mode,
            (folder / name).lstat().st_ino,
            (folder / name).read_bytes() if (folder / name).is_file() else b"",
        )
        for name in names(folder)
    }


@pytest.mark.parametrize("there", [False, True])
def test_all_files_are_written(there: bool, umask: Callable[[int], int], tmp_path: Path) -> None:
    umask(0o027)
    folder = tmp_path / "a/b" if not there else tmp_path
    tree.write_all(str(folder), PROJECT, force=False)
    assert names(folder) == MADE
    assert {path: (folder / path).read_bytes() for path in PROJECT} == PROJECT
    assert {mode(folder / path) for path in PROJECT} == {0o640}
    assert {mode(folder / path) for path in (".github", ".github/workflows")} == {0o750}


def test_what_is_replaced_keeps_its_mode_and_the_rest_stays(tmp_path: Path) -> None:
    for name, old in (("go.mod", 0o600), ("notes", 0o604), (".github/workflows/plugin.yml", 0o755)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("mine")
        (tmp_path / name).chmod(old)
    if ROOT:
        os.chown(tmp_path / "go.mod", NOBODY, NOBODY)
    owner = (tmp_path / "go.mod").stat().st_uid
    tree.write_all(str(tmp_path), PROJECT, force=True)
    assert names(tmp_path) == sorted([*MADE, "notes"])
    assert {path: (tmp_path / path).read_bytes() for path in PROJECT} == PROJECT
    assert ((tmp_path / "notes").read_text(), mode(tmp_path / "notes")) == ("mine", 0o604)
    assert (mode(tmp_path / "go.mod"), mode(tmp_path / ".github/workflows/plugin.yml")) == (0o600, 0o755)
    assert (tmp_path / "go.mod").stat().st_uid == owner


def made(path: Path) -> Path:
    path.parent.mkdir()
    return path


BARRED: dict[str, tuple[Callable[[Path, Path], object], str]] = {
    "a folder of it is a link out": (
        lambda folder, outside: (folder / ".github").symlink_to(outside),
        ".github is a symbolic link",
    ),
    "a folder in it is a link out": (
        lambda folder, outside: made(folder / ".github/workflows").symlink_to(outside),
        ".github/workflows is a symbolic link",
    ),
    "a folder of it is a link to nothing": (
        lambda folder, outside: (folder / ".github").symlink_to(outside / "none"),
        ".github is a symbolic link",
    ),
    "a folder of it is a file": (
        lambda folder, _: (folder / ".github").write_text("mine"),
        ".github is not a directory",
    ),
    "a file is a link out": (
        lambda folder, outside: (folder / "main.go").symlink_to(outside / "mine"),
        "main.go is a symbolic link",
    ),
    "a file is a link to nothing": (
        lambda folder, outside: (folder / "main.go").symlink_to(outside / "none"),
        "main.go is a symbolic link",
    ),
    "a file is a folder": (lambda folder, _: (folder / "go.mod").mkdir(), "go.mod is not a regular file"),
    "a file is a pipe": (lambda folder, _: os.mkfifo(folder / "go.mod"), "go.mod is not a regular file"),
}


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize(("make", "reason"), BARRED.values(), ids=BARRED)
def test_no_way_leads_out(make: Callable[[Path, Path], object], reason: str, force: bool, tmp_path: Path) -> None:
    folder, outside = tmp_path / "project", tmp_path / "outside"
    folder.mkdir()
    outside.mkdir()
    (outside / "mine").write_text("mine")
    make(folder, outside)
    before = state(tmp_path)
    with pytest.raises(Usage) as error:
        tree.write_all(str(folder), PROJECT, force=force)
    assert str(error.value) == f"{folder}: {reason}; nothing is written"
    assert state(tmp_path) == before


KEPT: dict[str, tuple[Callable[[Path], object], str]] = {
    "read-only": (lambda path: path.chmod(0o444), "go.mod is read-only; nothing is written"),
    "hard links": (
        lambda path: os.link(path, path.with_name("other")),
        "go.mod has 2 names (hard links), which would part; nothing is written",
    ),
}


@pytest.mark.parametrize(("make", "reason"), KEPT.values(), ids=KEPT)
def test_even_force_leaves_alone(make: Callable[[Path], object], reason: str, tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("mine")
    make(tmp_path / "go.mod")
    before = state(tmp_path)
    with pytest.raises(Usage) as error:
        tree.write_all(str(tmp_path), PROJECT, force=True)
    assert (str(error.value), state(tmp_path)) == (f"{tmp_path}: {reason}", before)


def test_a_folder_may_be_reached_through_links(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    tree.write_all(str(tmp_path / "link"), PROJECT, force=False)
    assert names(tmp_path / "real") == MADE


@pytest.mark.parametrize("make", [Path.touch, lambda path: path.symlink_to("no")], ids=["a file", "a link to nothing"])
def test_what_is_no_folder(make: Callable[[Path], object], tmp_path: Path) -> None:
    make(tmp_path / "x")
    before = state(tmp_path)
    with pytest.raises(Usage, match="x: is not a directory"):
        tree.write_all(str(tmp_path / "x"), PROJECT, force=True)
    assert state(tmp_path) == before


def test_a_folder_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    with pytest.raises(GopluckError) as error:
        tree.write_all(str(tmp_path / "x/y"), PROJECT, force=False)
    assert str(error.value) == f"{tmp_path}/x/y: cannot be written: Not a directory; nothing is written"
    assert names(tmp_path) == ["x"]


CALLS = ("open", "mkdir", "rename", "fchmod", "lstat")


@pytest.mark.parametrize("problem", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()], ids=repr)
@pytest.mark.parametrize("kind", ["new", "there", "replaced"])
def test_a_failure_at_any_call_leaves_everything_as_it_was(
    kind: str, problem: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "a/project"
    if kind != "new":
        folder.mkdir(parents=True)
        (folder / "notes").write_text("mine")
    if kind == "replaced":
        (folder / "go.mod").write_text("mine")
        (folder / "main.go").write_text("mine")
    before = state(tmp_path)
    failures = 0
    for call in CALLS:
        for number in range(100):
            with monkeypatch.context() as patched:
                patched.setattr(os, call, failing(getattr(os, call), number, problem))
                try:
                    tree.write_all(str(folder), PROJECT, force=kind == "replaced")
                    break
                except KeyboardInterrupt:
                    said = "nothing is written"
                except GopluckError as error:
                    said = str(error)
            assert "nothing is written" in said
            failures += 1
            assert state(tmp_path) == before, (call, number)
        assert names(folder) == sorted({*MADE, *names_before(before, "a/project/")})
        undo(tmp_path, folder, before)
    assert failures >= 6


def ending(run: Callable[[], None]) -> BaseException | None:
    try:
        run()
    except (GopluckError, KeyboardInterrupt) as error:
        return error
    return None


def failing(real: Callable[..., Any], number: int, problem: BaseException) -> Callable[..., Any]:
    """A system call that fails when it is called for the n-th time; the removal of what is left over does not count."""
    left = [number]

    def call(*args: Any, **kwargs: Any) -> Any:
        if "shutil" not in sys._getframe(1).f_code.co_filename:
            left[0] -= 1
            if left[0] == -1:
                raise problem
        return real(*args, **kwargs)

    return call


def names_before(before: dict[str, tuple[int, int, bytes]], prefix: str) -> list[str]:
    return [name.removeprefix(prefix) for name in before if name.startswith(prefix)]


def undo(root: Path, folder: Path, before: dict[str, tuple[int, int, bytes]]) -> None:
    """The state before, for the next call; what was replaced has another inode now."""
    shutil.rmtree(root / "a")
    for name, (kind, _, content) in before.items():
        if stat.S_ISDIR(kind):
            (root / name).mkdir(exist_ok=True, parents=True)
        else:
            (root / name).write_bytes(content)
    before.clear()
    before.update(state(root))


def test_what_cannot_be_put_back_is_kept_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "go.mod").write_text("mine")
    real = os.rename

    def fail(source: str, target: str, **where: Any) -> None:
        if source.endswith(("new1", "old0")):
            raise OSError(errno.EIO, "Input/output error")
        real(source, target, **where)

    monkeypatch.setattr(os, "rename", fail)
    with pytest.raises(GopluckError, match="could not be put back: it is in ") as error:
        tree.write_all(str(tmp_path), PROJECT, force=True)
    stage = Path(str(error.value).rpartition(" ")[2])
    assert (stage / "old0").read_text() == "mine"


def test_a_link_that_comes_into_being_meanwhile_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, outside = tmp_path / "project", tmp_path / "outside"
    (folder / ".github").mkdir(parents=True)
    outside.mkdir()
    real = files.create

    def swapping(*args: Any) -> None:
        real(*args)
        if (folder / ".github").is_dir() and not (folder / ".github").is_symlink():
            (folder / ".github").rmdir()
            (folder / ".github").symlink_to(outside)

    monkeypatch.setattr(files, "create", swapping)
    with pytest.raises(GopluckError, match=r"plugin\.yml: cannot be written: .*; nothing is written"):
        tree.write_all(str(folder), PROJECT, force=True)
    assert (names(folder), names(outside)) == ([".github"], [])
