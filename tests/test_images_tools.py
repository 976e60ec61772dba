"""Images that umoci, buildah and skopeo wrote, and our layers unpacked by umoci: always as in the unpacked root.

Each part runs where its tool is; umoci and buildah need the rights of root here, and nothing needs a network.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import gopluck
import ociwriter as oci
from gopluck.images.image import Image
from ociwriter import Written
from test_images import (
    ALPINE,
    BASE,
    CASES,
    HAS_ZSTD,
    LIB,
    LIBX,
    TRIMMED,
    listed,
    listed_root,
    needs_zstd,
    of_image,
    of_root,
)


def needs(*tools: str) -> pytest.MarkDecorator:
    missing = [tool for tool in tools if shutil.which(tool) is None]
    reason = (
        f"not on this machine: {', '.join(missing)}" if missing else "umoci and buildah need the rights of root here"
    )
    return pytest.mark.skipif(bool(missing) or os.geteuid() != 0, reason=reason)


def typed(*words: str | Path, cwd: Path) -> str:
    command = [*map(str, words)]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, (words, done.stderr)
    return done.stdout.strip()


@needs("umoci")
@pytest.mark.parametrize("name", CASES)
def test_umoci_unpacks_the_same_root(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    image = oci.layout(tmp_path / "i", Written(case.tars(), tag="x"))
    typed("umoci", "raw", "unpack", "--image", "i:x", "rr", cwd=tmp_path)
    assert listed(Image(image)._tree.root) == listed_root(tmp_path / "rr")
    assert of_image(image, case.plugins) == of_root(tmp_path / "rr", case.plugins)


# -- steps of an image's life, on the mounted or unpacked root ---------------------------------------------------------


def base(root: Path, items: list[oci.Item] = BASE) -> None:
    for item in items:
        if item.data:
            (root / item.path).parent.mkdir(parents=True, exist_ok=True)
            (root / item.path).write_bytes(item.data)
            (root / item.path).chmod(0o755)
    if not (root / "lib").exists():
        (root / "lib").symlink_to("usr/lib64")


def alpine(root: Path) -> None:
    for name in ("srv", "lib64", "usr", "opt", "lib"):
        shutil.rmtree(root / name, ignore_errors=True) if not (root / name).is_symlink() else (root / name).unlink()
    base(root, ALPINE)
    (root / "usr/local/lib").mkdir(parents=True)
    (root / "usr/local/lib/libx.so.1").write_bytes(LIBX)


def library(root: Path) -> None:
    (root / LIB).write_bytes(LIBX)
    (root / "srv/trimmed.so").write_bytes(TRIMMED)


def whiteout(root: Path) -> None:
    (root / LIB).unlink()


def hard_link(root: Path) -> None:
    (root / "opt").mkdir()
    (root / "opt/x").write_bytes(LIBX)
    os.link(root / "opt/x", root / LIB)
    os.link(root / "srv/auth.so", root / "srv/same.so")


def opaque(root: Path) -> None:
    libc = (root / "usr/lib64/libc.so.6").read_bytes()
    shutil.rmtree(root / "usr/lib64")
    (root / "usr/lib64").mkdir()
    (root / "usr/lib64/libc.so.6").write_bytes(libc)


def absolute_link(root: Path) -> None:
    (root / LIB).symlink_to("/opt/x")
    (root / "srv/linked.so").symlink_to("../../../srv/auth.so")


def moved(root: Path) -> None:
    shutil.move(root / "opt", root / "usr/opt")  # an overlay renames no folder of a layer below
    (root / "opt").symlink_to("usr/opt")


STEPS: tuple[Callable[[Path], None], ...] = (
    base,
    library,
    whiteout,
    hard_link,
    opaque,
    absolute_link,
    moved,
    alpine,
)
PLUGINS = ("/srv/auth.so", "/srv/same.so", "/srv/linked.so", "/srv/trimmed.so", "/srv/needs.so")


def by_umoci(at: Path) -> Iterator[tuple[Path, Path]]:
    """For each step the layout that umoci wrote, and the root."""
    typed("umoci", "init", "--layout", "all", cwd=at)
    typed("umoci", "new", "--image", "all:n", cwd=at)
    typed("umoci", "config", "--image", "all:n", "--config.entrypoint", "/srv/gateway", cwd=at)
    typed("umoci", "unpack", "--image", "all:n", "bundle", cwd=at)
    for number, step in enumerate(STEPS):
        step(at / "bundle/rootfs")
        typed("umoci", "repack", "--refresh-bundle", "--image", "all:n", "bundle", cwd=at)
        yield saved(at, at / "all", at / "bundle/rootfs", number)


def saved(at: Path, image: Path, root: Path, number: int) -> tuple[Path, Path]:
    """A copy of both, under names of one length."""
    shutil.copytree(image, at / f"i{number}")
    typed("cp", "-a", root, at / f"ro{number}", cwd=at)
    return at / f"i{number}", at / f"ro{number}"


def buildah_in(at: Path) -> tuple[str | Path, ...]:
    """The command, with a storage of its own: the kernel's overlay where that can be."""
    said = ""
    for driver in ("overlay", "vfs"):
        words = ("buildah", "--storage-driver", driver, "--root", at / driver, "--runroot", at / "run")
        try:
            typed(*words, "mount", typed(*words, "from", "scratch", cwd=at), cwd=at)
            typed(*words, "rm", "--all", cwd=at)
        except AssertionError as error:
            said = str(error)[:400]
        else:
            return words
    pytest.skip(f"buildah mounts nothing here: {said}")


def by_buildah(at: Path) -> Iterator[tuple[Path, Path]]:
    buildah = buildah_in(at)
    parent = "scratch"
    try:
        for number, step in enumerate(STEPS):
            made = typed(*buildah, "from", parent, cwd=at)
            root = Path(typed(*buildah, "mount", made, cwd=at))
            step(root)
            typed(*buildah, "config", "--entrypoint", '["/srv/gateway"]', made, cwd=at)
            parent = f"localhost/step{number}"
            typed(*buildah, "commit", "-q", made, parent, cwd=at)
            shutil.rmtree(at / "one", ignore_errors=True)
            typed(*buildah, "push", "-q", parent, "oci:one:x", cwd=at)
            yield saved(at, at / "one", root, number)
    finally:
        typed(*buildah, "rm", "--all", cwd=at)  # its mounts, too


FORMS = ("docker-archive", "oci-archive", "oci")


@needs("umoci", "skopeo", "buildah")
@pytest.mark.parametrize("tool", [by_umoci, by_buildah], ids=["umoci", "buildah"])
def test_an_image_through_its_life(tool: Callable[[Path], Iterator[tuple[Path, Path]]], tmp_path: Path) -> None:
    count, outcomes = 0, set()
    for image, root in tool(tmp_path):
        expected = of_root(root, PLUGINS)
        assert of_image(image, PLUGINS) == expected
        outcomes.add(tuple((one["verdict"], one["stage"], one["unreadable"]) for one in expected[0]["plugins"]))
        for form in FORMS:
            other = tmp_path / "f0"
            more = ("--dest-compress-format", "zstd") if form == "oci" and HAS_ZSTD else ()
            target = f"{form}:{other}:{'g:' if form == 'docker-archive' else ''}x"
            source = f"oci:{image}:{'n' if tool is by_umoci else 'x'}"
            typed("skopeo", "--insecure-policy", "copy", "-q", *more, source, target, cwd=tmp_path)
            shutil.rmtree(tmp_path / "roo", ignore_errors=True)
            root.rename(tmp_path / "roo")
            assert of_image(other, PLUGINS) == of_root(tmp_path / "roo", PLUGINS)
            (tmp_path / "roo").rename(root)
            shutil.rmtree(other) if other.is_dir() else other.unlink()
            count += 1
    assert count == 3 * len(STEPS)
    assert len(outcomes) >= 5


@needs("buildah")
def test_an_index_of_buildah(tmp_path: Path) -> None:
    buildah = buildah_in(tmp_path)
    typed(*buildah, "manifest", "create", "list", cwd=tmp_path)
    for arch in ("amd64", "arm64"):
        made = typed(*buildah, "from", "scratch", cwd=tmp_path)
        base(Path(typed(*buildah, "mount", made, cwd=tmp_path)))
        typed(*buildah, "config", "--arch", arch, "--cmd", "/srv/gateway", made, cwd=tmp_path)
        typed(*buildah, "commit", "-q", made, f"localhost/{arch}", cwd=tmp_path)
        typed(*buildah, "manifest", "add", "list", f"localhost/{arch}", cwd=tmp_path)
    typed(*buildah, "rm", "--all", cwd=tmp_path)
    typed(*buildah, "manifest", "push", "--all", "list", f"oci:{tmp_path}/i:x", cwd=tmp_path)
    for arch in ("amd64", "arm64"):
        where = gopluck.read(gopluck.open_image(tmp_path / "i", platform=f"linux/{arch}")).image
        assert where is not None
        assert (where.platform, where.path) == (f"linux/{arch}", "/srv/gateway")


@needs_zstd
@needs("skopeo")
def test_zstd_layers_of_skopeo(tmp_path: Path) -> None:
    case = CASES["a hard link across layers"]
    image = oci.layout(tmp_path / "i", Written(case.tars(), tag="x"))
    words = ("--dest-compress-format", "zstd", f"oci:{image}:x", f"oci:{tmp_path}/z:x")
    typed("skopeo", "--insecure-policy", "copy", "-q", *words, cwd=tmp_path)
    heads = {path.read_bytes()[:4] for path in (tmp_path / "z/blobs/sha256").iterdir()}
    assert b"\x28\xb5\x2f\xfd" in heads
    assert of_image(tmp_path / "z", case.plugins) == of_root(oci.unpack(case.tars(), tmp_path / "rr"), case.plugins)
