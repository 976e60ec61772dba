"""Container images that somebody made to harm: one line that names the image, bounded costs, nothing left behind."""

from __future__ import annotations

import gzip
import json
import os
import random
import signal
import subprocess
import sys
import tarfile
import time
import zlib
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

import gopluck
import ociwriter as oci
from fixtures import pace
from gopluck.clean import clean
from gopluck.errors import GopluckError
from gopluck.images import image as images
from gopluck.images import layout, streams, tree
from gopluck.images.image import Image
from ociwriter import Item, Layout, Written, folder, hard, link, tar
from test_images import AUTH, BASE, CASES, LIBX, SAMPLES, listed, listed_root, needs_zstd, run, written, zstd

SMALL = [Item("srv/gateway", LIBX), folder("opt"), link("opt/x", "/srv/gateway"), hard("opt/y", "srv/gateway")]


def refusal(path: Path, **how: Any) -> str:
    """The one line in which an image is refused."""
    with pytest.raises(GopluckError) as caught:
        Image(path, **how).read("image:/srv/gateway")
    line = str(caught.value).removeprefix(str(path))
    assert line != str(caught.value)
    assert "\n" not in clean(line)
    return line.removeprefix(": ")


def small(at: Path, layer: bytes, compress: oci.Compress = oci.plain) -> Path:
    return oci.layout(at / "i", Written([layer], compress=compress))


# -- documents ---------------------------------------------------------------------------------------------------------


def changed(at: Path, change: Callable[[Layout, dict[str, Any]], Any]) -> Path:
    """A layout whose index was made from a descriptor that was changed."""
    made = Layout(at / "i")
    made.index([])
    index = change(made, made.manifest(Written([tar(SMALL)])))
    (made.path / "index.json").write_bytes(index if isinstance(index, bytes) else json.dumps(index).encode())
    return made.path


def document(**parts: Any) -> Callable[[Layout, dict[str, Any]], Any]:
    def change(made: Layout, known: dict[str, Any]) -> Any:
        value = json.loads((made.path / "blobs" / known["digest"].replace(":", "/")).read_text())
        return {"manifests": [made.document({**value, **parts}, "manifest")]}

    return change


def spoiled(made: Layout, known: dict[str, Any]) -> Any:
    path = made.path / "blobs" / known["digest"].replace(":", "/")
    path.write_bytes(path.read_bytes().replace(b"schemaVersion", b"schemaversion"))
    return {"manifests": [known]}


def around(made: Layout, known: dict[str, Any]) -> Any:
    for _ in range(9):
        known = made.document({"manifests": [known]}, "index")
    return {"manifests": [known]}


def linked(made: Layout, known: dict[str, Any]) -> Any:
    path = made.path / "blobs" / known["digest"].replace(":", "/")
    path.rename(made.path / "elsewhere")
    path.symlink_to(made.path / "elsewhere")
    return {"manifests": [known]}


def pipe(made: Layout, known: dict[str, Any]) -> Any:
    path = made.path / "blobs" / known["digest"].replace(":", "/")
    path.unlink()
    os.mkfifo(path)
    return {"manifests": [known]}


def linked_folder(made: Layout, known: dict[str, Any]) -> Any:
    (made.path / "blobs").rename(made.path.parent / "blobs")
    (made.path / "blobs").symlink_to("../blobs")
    return {"manifests": [known]}


DOCUMENTS: dict[str, tuple[Callable[[Layout, dict[str, Any]], Any], str]] = {
    "not JSON": (lambda made, known: b"{", "index.json: is not JSON"),
    "not an object": (lambda made, known: [], "index.json: is not what it should be"),
    "deep": (lambda made, known: b"[" * 500_000, "index.json: is not JSON"),
    "a long number": (lambda made, known: b'{"manifests": [' + b"9" * 500_000 + b"]}", "index.json: is not JSON"),
    "large": (lambda made, known: b" " * (streams.MAX_DOCUMENTS + 1), "its manifests have more than"),
    "nothing in it": (lambda made, known: {"manifests": []}, "holds no image"),
    "other types": (lambda made, known: {"manifests": [7, None, [], {"digest": 7}]}, "a digest in it is not one"),
    "a path as a digest": (
        lambda made, known: {"manifests": [{"digest": "sha256:../../../../../../etc/passwd"}]},
        "a digest in it is not one: sha256:../",
    ),
    "an escape in a digest": (lambda made, known: {"manifests": [{"digest": "\x1b[2J\n::error::"}]}, "a digest in it"),
    "a manifest that was changed": (spoiled, "is not what its digest says"),
    "indexes without end": (around, "its index lists more than"),
    "many manifests": (lambda made, known: {"manifests": [known] * 300}, "its index lists more than"),
    "a blob that is a link": (linked, "Too many levels of symbolic links"),
    "a folder that is a link": (linked_folder, "Not a directory"),
    "a blob that is a pipe": (pipe, "is not a regular file"),
    "no layers": (document(layers=[]), "has 0 layers, of which its configuration knows 1"),
    "layers of other types": (document(layers=[None]), "a digest in it is not one"),
    "a configuration of another type": (document(config=[]), "a digest in it is not one"),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_that_cannot_be_used(name: str, tmp_path: Path) -> None:
    change, expected = DOCUMENTS[name]
    assert expected in refusal(changed(tmp_path, change))


@pytest.mark.parametrize("what", ["layers", "config"])
def test_a_blob_that_was_changed(what: str, tmp_path: Path) -> None:
    path = small(tmp_path, tar(SMALL), oci.gzipped)
    manifest = next(value for value in documents(path) if "layers" in value)
    descriptor = manifest["layers"][0] if what == "layers" else manifest["config"]
    blob = path / "blobs" / descriptor["digest"].replace(":", "/")
    # The content is the same, and so is the digest of what is in it.
    blob.write_bytes(gzip.compress(tar(SMALL), 9, mtime=7) if what == "layers" else blob.read_bytes() + b" ")
    assert "is not what its digest says" in refusal(path)


def documents(path: Path) -> list[dict[str, Any]]:
    out = []
    for one in (path / "blobs/sha256").iterdir():
        data = one.read_bytes()
        if data.startswith(b"{"):
            out.append(json.loads(data))
    return out


def test_a_layer_that_the_configuration_does_not_know(tmp_path: Path) -> None:
    image = Written([tar(SMALL)])
    other = tar([*SMALL, Item("x", b"y")])
    items = [Item("c.json", oci.configuration(image)), Item("l", other)]
    items.append(Item("manifest.json", json.dumps([{"Config": "c.json", "Layers": ["l"]}]).encode()))
    assert refusal(written(tmp_path / "d.tar", tar(items))).startswith("layer 1: is not what its digest says")


# -- archives ----------------------------------------------------------------------------------------------------------


def patched(at: int, data: bytes) -> bytes:
    """An archive in whose first header some bytes are others, with a checksum that fits."""
    archive = bytearray(tar(SMALL))
    archive[at : at + len(data)] = data
    archive[148:156] = b" " * 8
    archive[148:156] = b"%06o\0 " % sum(archive[:512])
    return bytes(archive)


def with_extension(kind: str, data: bytes) -> bytes:
    """An archive before which an extension header stands."""
    header = bytearray(tar([Item("x", data)])[: 512 + -(-len(data) // 512) * 512])
    header[156:157] = kind.encode()
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header[:512])
    return bytes(header) + tar(SMALL)


ARCHIVES: dict[str, tuple[bytes, str]] = {
    "not a tar": (b"hello " * 500, "is not a tar archive, or is damaged"),
    "cut in a header": (tar(SMALL)[:300], "ends in the middle of a tar header"),
    "cut in a file": (tar(SMALL)[:700], "ends in the middle of a file"),
    "a wrong checksum": (tar(SMALL)[:150] + b"7" + tar(SMALL)[151:], "is not a tar archive, or is damaged"),
    "damaged in the middle": (tar(SMALL).replace(b"opt/x", b"opt/z"), "is not a tar archive, or is damaged"),
    "a negative size": (patched(124, b"\xff" * 12), "is not a tar archive, or is damaged"),
    "a size without end": (patched(124, b"\x80" + b"\x7f" * 11), "ends in the middle of a file"),
    "a size that is no number": (patched(124, b"9zzzzzzzzzz\0"), "is not a tar archive, or is damaged"),
    "a long header": (with_extension("x", b"9" * (1 << 20) + b"9"), "a tar header of"),
    "pax without a length": (with_extension("x", b"path=x\n"), "a size in a tar header is not a number"),
    "pax of length 0": (with_extension("x", b"0 path=x\n"), "a damaged pax header"),
    "pax beyond its end": (with_extension("x", b"99 path=x\n"), "a damaged pax header"),
    "pax with a long size": (with_extension("x", b"34 size=" + b"9" * 25 + b"\n"), "is not a number"),
    "pax with a NUL": (with_extension("x", b"12 path=a\0b\n"), "a name in it that no file can have"),
    "a long path": (with_extension("L", b"a/" * 3000), "a name in it that no file can have"),
    "a long name": (with_extension("L", b"a" * 300), "a name in it that no file can have"),
    "a hard link to nothing": (tar([hard("a", "b")]), "a: is a link to b, which is not a file there"),
    "a hard link to a folder": (tar([folder("b"), hard("a", "b")]), "a: is a link to b, which is not a file there"),
    "a hard link out": (tar([hard("a", "../../../etc/passwd")]), "which is not a file there"),
    "a file below a file": (tar([Item("a", b"x"), Item("a/b", b"x")]), "a/b: does not lie in a folder"),
    "a file below a circle": (tar([link("a", "b"), link("b", "a"), Item("a/b", b"x")]), "does not lie in a folder"),
    "an escape in a name": (tar([hard("\x1b[2J\n::error::x", "\x1b]0;x\x07")]), "which is not a file there"),
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_an_archive_that_cannot_be_used(name: str, tmp_path: Path) -> None:
    layer, expected = ARCHIVES[name]
    assert expected in refusal(small(tmp_path, layer))


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (lambda data: oci.gzipped(data)[:-9], "ends too early"),
        (lambda data: oci.gzipped(data) + b"garbage", "is a damaged gzip stream"),
        (lambda data: oci.gzipped(data)[:99] + bytes(9) + oci.gzipped(data)[108:], "is a damaged gzip stream"),
    ],
)
def test_a_gzip_stream_that_cannot_be_used(layer: oci.Compress, expected: str, tmp_path: Path) -> None:
    assert expected in refusal(small(tmp_path, tar(SMALL), layer))


@needs_zstd
@pytest.mark.parametrize(
    "layer",
    [
        lambda data: zstd(data)[:-9],
        lambda data: zstd(data)[:20] + bytes(20) + zstd(data)[40:],
        lambda data: zstd(data)[:4],
    ],
)
def test_a_zstd_stream_that_cannot_be_used(layer: oci.Compress, tmp_path: Path) -> None:
    assert refusal(small(tmp_path, tar(SMALL), layer)).startswith("layer 1: is ")


@needs_zstd
def test_a_zstd_bomb_is_unpacked_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "MAX_UNPACKED", 1 << 26)
    path = small(tmp_path, tar([Item("zero", bytes(1 << 27))]), zstd)
    assert "its layers unpack to more than" in refusal(path)


def test_a_sparse_file_is_not_read(tmp_path: Path) -> None:
    layer = with_extension("x", b"22 GNU.sparse.major=1\n")
    assert "is a sparse file" in refusal(small(tmp_path, layer))


LIMITS: dict[str, tuple[Any, str, int, str]] = {
    "members": (tree, "MAX_MEMBERS", 3, "has more than 3 files"),
    "text": (tree, "MAX_TEXT", 30, "files, or too long names"),
    "steps": (tree, "MAX_STEPS", 5, "its links lead through too many folders"),
    "layers": (layout, "MAX_LAYERS", 0, "gopluck reads up to 0"),
    "unpacked": (streams, "MAX_UNPACKED", 3000, "its layers unpack to more than 3000 bytes"),
    "gzip members": (streams, "MAX_MEMBERS", 0, "has more than 0 gzip members"),
    "one file": (images, "MAX_FILE", 60, "which is more than gopluck takes out of an image"),
    "all files": (images, "MAX_TAKEN", 60, "which is more than gopluck takes out of an image"),
}


@pytest.mark.parametrize("name", LIMITS)
def test_what_an_image_costs_is_bounded(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module, limit, value, expected = LIMITS[name]
    path = small(tmp_path, tar(SMALL), oci.gzipped)
    Image(path).read("image:/srv/gateway")
    monkeypatch.setattr(module, limit, value)
    assert expected in refusal(path)


def test_links_that_lead_through_each_other_end(tmp_path: Path) -> None:
    """Each path in it is 40 links long, and each link goes through a thousand folders."""
    through = "/".join(["a/.."] * 800)
    links = [link(f"l{number}", f"{through}/l{number - 1}") for number in range(1, 40)]
    files = [Item(f"l39/{number}", b"") for number in range(3000)]
    path = small(
        tmp_path, tar([folder("a"), folder("l0"), *links, *(one for file in files for one in (file, Item("x", b"")))])
    )
    assert pace.within(60, lambda: refusal(path))
    assert "its links lead through too many folders" in refusal(path)


def test_a_million_gzip_members_cost_little(tmp_path: Path) -> None:
    empty = oci.gzipped(b"")
    path = small(tmp_path, tar(SMALL), lambda data: empty * 20_000 + oci.gzipped(data))
    assert Image(path).read("image:/srv/gateway").format == "elf"


# -- anything ----------------------------------------------------------------------------------------------------------


def test_changed_images_give_a_line_or_a_result(tmp_path: Path) -> None:
    """Archives with changed bytes: those of documents, headers and layers."""
    chance = random.Random(7)
    original = oci.docker(tmp_path / "d.tar", Written([tar(SMALL), tar([Item("srv/x", b"y")])])).read_bytes()
    said = []
    for number in range(600):
        data = bytearray(original)
        for _ in range(chance.choice((1, 1, 3, 20))):
            at = chance.randrange(len(data))
            data[at] = chance.choice((0, 0xFF, data[at] ^ 1 << chance.randrange(8), 0x30, 0x80))
        if number % 5 == 0:
            del data[chance.randrange(len(data)) :]
        path = written(tmp_path / f"{number}", bytes(data))
        try:
            Image(path).read("image:/srv/gateway")
        except GopluckError as error:
            said.append((str(path), str(error)))
    assert [line for path, line in said if not line.startswith(path) or len(clean(line).splitlines()) != 1] == []
    assert 200 < len(said) < 600


def test_random_layers_are_as_on_disk(tmp_path: Path) -> None:
    """Folders, files, links and whiteouts at random, one over the other, as they would be unpacked."""
    chance, compared = random.Random(3), 0
    for number in range(800):
        layers = [random_layer(chance) for _ in range(3)]
        path = oci.layout(tmp_path / str(number), Written([tar(layer) for layer in layers]))
        try:
            expected = listed_root(oci.unpack([tar(layer) for layer in layers], tmp_path / f"root{number}"))
        except (OSError, AssertionError):
            continue  # what cannot be unpacked
        assert listed(Image(path)._tree.root) == expected, layers
        compared += 1
    assert compared > 100


def random_layer(chance: random.Random) -> list[Item]:
    names = ["a", "b", "a/c", "b/c", "a/c/d", "b/d", "./a/../b/e", "/a/f", "../b/g"]
    targets = ["a", "/b", "../b", "c", "../../a/c", "/none"]
    out: list[Item] = []
    for _ in range(chance.randrange(1, 6)):
        name = chance.choice(names)
        what = chance.randrange(8)
        if what < 2:
            out.append(folder(name))
        elif what < 4:
            out.append(Item(name, b"x" * chance.randrange(9)))
        elif what == 4:
            out.append(link(name, chance.choice(targets)))
        elif what == 5:
            out.append(oci.gone(name))
        elif what == 6:
            out.append(oci.opaque(chance.choice(["a", "b", "a/c"])))
        else:
            out.append(hard(name, chance.choice(["a/c/d", "b/d", "b/e"])))
    return out


# -- what it costs, and what is left -----------------------------------------------------------------------------------

LARGE = 300 << 20
PEAK = """
import sys
from gopluck.cli.main import main
try:
    main(sys.argv[1:])
finally:
    print(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0], file=sys.stderr)
"""
"""`ru_maxrss` would count what pytest had when it started this."""


def large(path: Path) -> Path:
    """A layout folder with a layer of 300 MB, mostly zeros, before and behind the host."""
    zero = tarfile.TarInfo("var/zero")
    zero.size = LARGE
    head, rest = zero.tobuf(tarfile.GNU_FORMAT), tar(BASE)
    plain, packed, deflate = sha256(), [], zlib.compressobj(1, zlib.DEFLATED, 31)
    for piece in (head, *[bytes(1 << 20)] * (LARGE >> 20), rest):
        plain.update(piece)
        packed.append(deflate.compress(piece))
    packed.append(deflate.flush())
    made = Layout(path)
    layer = made.blob(b"".join(packed), "application/vnd.oci.image.layer.v1.tar+gzip")
    config = {"os": "linux", "architecture": "amd64", "config": {"Cmd": ["/srv/gateway"]}}
    config["rootfs"] = {"diff_ids": [f"sha256:{plain.hexdigest()}"]}
    made.index([made.document({"config": made.document(config, "config"), "layers": [layer]}, "manifest")])
    return path


def test_a_large_image_takes_little_memory(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    path = large(tmp_path / "i")
    words = [sys.executable, "-c", PEAK, "check", str(path), "image:/srv/auth.so", "image:/srv/needs.so", "-q"]
    done = subprocess.run(
        words, capture_output=True, text=True, check=False, env={**os.environ, "TMPDIR": str(tmp_path / "tmp")}
    )
    peak = int(done.stderr.splitlines()[-1])
    print(f"{peak} KB")
    assert done.returncode == 1, done.stderr
    assert peak < 64 << 10
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_check_leaves_nothing(how: signal.Signals, tmp_path: Path) -> None:
    data = oci.docker(tmp_path / "d.tar", Written(CASES["a library that is not there"].tars())).read_bytes()
    (tmp_path / "tmp").mkdir()
    environ = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
    command = [sys.executable, "-m", "gopluck", "check", "-", str(SAMPLES / "auth.so")]
    # A shell that runs the tests in the background has switched SIGINT off for all that they start.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=environ)
    finally:
        signal.signal(signal.SIGINT, before)
    assert process.stdin is not None
    process.stdin.write(data[: 1 << 20])
    process.stdin.flush()
    descriptors = Path(f"/proc/{process.pid}/fd")
    for _ in range(600):
        if any(str(tmp_path) in str(one.readlink()) for one in descriptors.iterdir() if one.is_symlink()):
            break
        time.sleep(0.05)
    else:
        pytest.fail("it does not keep what it reads")
    process.send_signal(how)
    _, said = process.communicate()
    assert process.returncode == (130 if how == signal.SIGINT else -signal.SIGKILL)
    assert b"Traceback" not in said
    assert list((tmp_path / "tmp").iterdir()) == []


def test_no_room_is_said_in_one_line(tmp_path: Path) -> None:
    oci.docker(tmp_path / "d.tar", Written(CASES["a library that is not there"].tars()))
    done = run("check", "d.tar", str(SAMPLES / "auth.so"), cwd=tmp_path, env={"TMPDIR": "/nowhere"})
    expected = "d.tar:/srv/gateway: cannot be kept in /nowhere: No such file or directory (TMPDIR names another)"
    assert done == (2, "", f"gopluck: error: {expected}\n")


def test_an_image_is_asked_for_few_files(tmp_path: Path) -> None:
    """Only what a check needs is taken out: here the host and the plugin."""
    layers = [tar([*BASE, *(Item(f"usr/lib64/lib{number}.so", AUTH) for number in range(20))])]
    image = Image(oci.layout(tmp_path / "i", Written(layers)))
    assert gopluck.check(image, ["image:/srv/auth.so"]).verdict == "loads"
    assert len(image._taken) == 2


def test_many_plugins_of_an_image(tmp_path: Path) -> None:
    """Each stays open, and more than a process may have by itself."""
    plugins = [Item(f"opt/{number}.so", LIBX) for number in range(600)]
    oci.layout(tmp_path / "i", Written([tar([*BASE, *plugins])], {"Cmd": ["/srv/gateway"]}))
    command = f"ulimit -S -n 512; {sys.executable} -m gopluck check i image:/opt -q"
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr, len(done.stdout.splitlines())) == (1, "", 600)
