"""Container images as hosts: in every form, verdict and text are those of the unpacked root (`docs/images.md`)."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import tarfile
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import gopluck
import ociwriter as oci
from fixtures.samples.archive import unpack
from gopluck.errors import GopluckError
from gopluck.images.image import Image
from gopluck.images.tree import File, Folder
from gopluck.report.interface import View
from gopluck.report.json import render as rendered
from gopluck.report.text import render
from gopluck.result.check import Report
from ociwriter import Item, Written, folder, gone, hard, link, opaque, tar
from test_dlopen import Object

HAS_ZSTD = find_spec("zstandard") is not None or find_spec("compression") is not None
needs_zstd = pytest.mark.skipif(not HAS_ZSTD, reason="Python has no zstd: pip install zstandard")

SAMPLES = unpack()
GATEWAY = (SAMPLES / "gateway").read_bytes()
AUTH = (SAMPLES / "auth.so").read_bytes()
TRIMMED = (SAMPLES / "auth-trimpath.so").read_bytes()
NEEDS = Object(needed=("libx.so.1",)).link()
LIBX = Object(soname="libx.so.1").link()
OTHER = Object(soname="libx.so.1", pad=8).link()
MUSL = GATEWAY.replace(b"/lib64/ld-linux-x86-64.so.2\0", b"/lib/ld-musl-x86_64.so.1\0\0\0\0")
"""The host, as if it had been linked with musl."""

BASE = [
    folder("srv"),
    Item("srv/gateway", GATEWAY),
    Item("srv/auth.so", AUTH),
    Item("srv/needs.so", NEEDS),
    Item("lib64/ld-linux-x86-64.so.2", Object(soname="ld-linux-x86-64.so.2").link()),
    Item("usr/lib64/libc.so.6", Object(soname="libc.so.6").link()),
]
ALPINE = [
    Item("srv/gateway", MUSL),
    Item("srv/auth.so", AUTH),
    Item("srv/needs.so", NEEDS),
    Item("lib/ld-musl-x86_64.so.1", Object(soname="libc.musl-x86_64.so.1").link()),
]
LIB = "usr/lib64/libx.so.1"
FIFO = tarfile.FIFOTYPE
LONG = "/".join(["a-folder-with-a-rather-long-name"] * 5)


class Case(NamedTuple):
    """Layers over `BASE`, and the plugins that are checked in one process; `{}` stands for the image."""

    layers: Sequence[Sequence[Item]]
    plugins: Sequence[str] = ("/srv/needs.so",)
    base: Sequence[Item] = BASE
    form: int = tarfile.GNU_FORMAT

    def tars(self) -> list[bytes]:
        return [tar(layer, self.form) for layer in (self.base, *self.layers)]


ADDED, OPT, LINKED = [Item(LIB, LIBX)], [Item("opt/x", LIBX)], [link(LIB, "/opt/x")]
TEXT = b"not a library\n" * 9
MUSL_PATH = Item("etc/ld-musl-x86_64.path", b"/opt\n")
CASES = {
    "a plugin that loads": Case([], ["/srv/auth.so"]),
    "a plugin that does not load": Case([[Item("srv/trimmed.so", TRIMMED)]], ["/srv/trimmed.so"]),
    "a library that is not there": Case([]),
    "a library in a layer of its own": Case([ADDED]),
    "a whiteout": Case([ADDED, [gone(LIB)]]),
    "a whiteout, and the file again": Case([ADDED, [gone(LIB)], [Item(LIB, LIBX)]]),
    "a whiteout behind the file of its own layer": Case([[Item(LIB, TEXT)], [Item(LIB, LIBX), gone(LIB)]]),
    "a whiteout of a directory": Case([ADDED, [gone("usr/lib64")]]),
    "a whiteout of what is not there": Case([ADDED, [gone("no/where/file"), gone("srv/none")]]),
    "a whiteout of a link": Case([[Item("opt/x", LIBX), link(LIB, "/opt/x")], [gone(LIB)]]),
    "a whiteout below a link": Case([ADDED, [link("lib", "usr/lib64")], [gone("lib/libx.so.1")]]),
    "an opaque directory": Case([ADDED, [folder("usr/lib64"), opaque("usr/lib64")]]),
    "an opaque directory with the file": Case([ADDED, [opaque("usr/lib64"), Item(LIB, b"text\n" * 20)]]),
    "an opaque mark behind the file": Case([ADDED, [Item(LIB, OTHER), opaque("usr/lib64")]]),
    "a hard link": Case([[Item("opt/x", LIBX), hard(LIB, "opt/x")]]),
    "a hard link across layers": Case([[Item("opt/x", LIBX)], [hard(LIB, "/opt/x")]]),
    "a hard link whose other name is replaced": Case([[*OPT, hard(LIB, "opt/x")], [Item("opt/x", TEXT)]]),
    "a hard link whose other name goes": Case([[Item("opt/x", LIBX)], [hard(LIB, "opt/x")], [gone("opt/x")]]),
    "one plugin under two names": Case([[hard("srv/other.so", "srv/auth.so")]], ["/srv/auth.so", "/srv/other.so"]),
    "one plugin twice": Case([[Item("srv/copy.so", AUTH)]], ["/srv/auth.so", "/srv/copy.so"]),
    "a plugin through a link": Case([[link("srv/a.so", "auth.so")]], ["/srv/a.so", "/srv/auth.so"]),
    "an absolute link": Case([[Item("opt/x", LIBX), link(LIB, "/opt/x")]]),
    "a link that leads out": Case([[Item("opt/x", LIBX), link(LIB, "../../../../../opt/x")]]),
    "a link to a file of this machine": Case([[link(LIB, str(SAMPLES / "auth.so"))]]),
    "a link to nothing": Case([[link(LIB, "/opt/none")]]),
    "links in a circle": Case([[link(LIB, "libx.so"), link("usr/lib64/libx.so", "libx.so.1")]]),
    "a path through a linked folder": Case([[link("lib", "usr/lib64")], [Item("lib/libx.so.1", LIBX)]]),
    "a linked folder that becomes one": Case([[link("n", "/opt")], [folder("n"), Item("n/x", LIBX), *LINKED]]),
    "a file that becomes a folder": Case([[Item("opt", b"x")], [folder("opt"), *OPT, *LINKED]]),
    "a folder that becomes a file": Case([[Item("usr/lib64/libx.so.1/x", b"")], [Item(LIB, LIBX)]]),
    "names with a dot and slashes": Case([[folder("./"), Item("./a.so", AUTH), Item("/b.so", AUTH)]], ["/b.so"]),
    "a name that leads out": Case([[Item(f"../../../../{LIB}", LIBX), Item("srv/../../../opt/x", b"x")]]),
    "long names": Case([[Item(f"{LONG}/libx.so.1", LIBX), link(LIB, f"/{LONG}/libx.so.1")]]),
    "long names, pax": Case([[Item(f"{LONG}/x", LIBX), hard(LIB, f"{LONG}/x")]], form=tarfile.PAX_FORMAT),
    "long names, ustar": Case([[Item(f"{LONG}/x", AUTH)]], [f"/{LONG}/x"], form=tarfile.USTAR_FORMAT),
    "a library that is text": Case([[Item(LIB, b"not a library\n" * 9)]]),
    "an empty library": Case([[Item(LIB, b"")]]),
    "a library that is a pipe": Case([[Item(LIB, kind=FIFO)]]),
    "a library that is a folder": Case([[folder(LIB)]]),
    "a plugin that is text": Case([[Item("srv/t.so", b"not found\n" * 9)]], ["/srv/t.so", "/srv/auth.so"]),
    "empty layers": Case([[], ADDED, []]),
    "no dynamic linker": Case([[gone("lib64/ld-linux-x86-64.so.2")]]),
    "musl": Case([], base=ALPINE),
    "musl with the library": Case([[Item("usr/local/lib/libx.so.1", LIBX)]], base=ALPINE),
    "musl with a list of directories": Case([[MUSL_PATH, Item("opt/libx.so.1", LIBX)]], base=ALPINE),
    "musl with a plugin for it": Case([], ["/srv/auth.so"], base=ALPINE),
}  # fmt: skip


def plain(report: Report, image: str, root: str = "\0") -> tuple[Any, str]:
    """A result and its text, without the names of image and root, what only an image has, and the command to build for
    a host, which names a file."""
    found = (one._replace(remedy=one.remedy and one.remedy._replace(gopluck=())) for one in report.plugins)
    report = report._replace(plugins=tuple(found))
    text = render(report, View(width=200))
    value = json.loads(rendered(report, View()))
    del value["host"]["image"]
    for plugin in value["plugins"]:
        del plugin["image_path"]
    texts = [json.dumps(value), text]
    for known, other in (
        (f"in {image}", "in ROOT"),
        (f"under {root}", "in ROOT"),
        (f"{image}:/", "/"),
        (f"{root}/", "/"),
    ):
        texts = [one.replace(known, other) for one in texts]
    return json.loads(texts[0]), texts[1]


def unpacked(layers: Sequence[bytes], image: Path) -> Path:
    """The root beside an image, with a name as long as the image's and a colon: columns are as wide then."""
    return oci.unpack(layers, image.parent / "r".ljust(len(image.name) + 1, "r"))


def of_image(path: Path, plugins: Sequence[str], **how: Any) -> tuple[Any, str]:
    report = gopluck.check(gopluck.open_image(path, **how), [f"image:{one}" for one in plugins], strict=False)
    return plain(report, str(path))


def of_root(root: Path, plugins: Sequence[str], host: str = "srv/gateway") -> tuple[Any, str]:
    paths = [f"{root}{one}" for one in plugins]
    report = gopluck.check(root / host, paths, names=plugins, sysroot=root, strict=False)
    return plain(report, "\0", str(root))


def listed(node: Folder, at: str = "") -> dict[str, str]:
    """What a merged tree holds, as text."""
    out: dict[str, str] = {}
    for name, child in node.items():
        path = f"{at}/{name}"
        if isinstance(child, dict):
            out |= {path: "folder", **listed(child, path)}
        elif isinstance(child, File):
            out[path] = f"file of {child.size}"
        else:
            out[path] = "other" if child is None else f"link to {child}"
    return out


def listed_root(root: Path) -> dict[str, str]:
    out = {}
    for path in root.rglob("*"):
        found = path.lstat()
        what = "folder" if stat.S_ISDIR(found.st_mode) else "other"
        if stat.S_ISREG(found.st_mode):
            what = f"file of {found.st_size}"
        elif stat.S_ISLNK(found.st_mode):
            what = f"link to {path.readlink()}"
        out[f"/{path.relative_to(root)}"] = what
    return out


@pytest.mark.parametrize("name", CASES)
def test_an_image_is_its_unpacked_root(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    image = oci.layout(tmp_path / "image", Written(case.tars()))
    root = unpacked(case.tars(), image)
    assert listed(Image(image)._tree.root) == listed_root(root)
    assert of_image(image, case.plugins) == of_root(root, case.plugins)


def test_the_cases_have_every_outcome(tmp_path: Path) -> None:
    """A comparison of two equal failures would prove little."""
    found = {}
    for number, (name, case) in enumerate(CASES.items()):
        result, _ = of_image(oci.layout(tmp_path / str(number), Written(case.tars())), case.plugins)
        found[name] = (result["verdict"], result["plugins"][-1]["stage"])
    assert len(CASES) > 40
    assert found["a plugin that loads"] == ("loads", None)
    assert found["a library that is not there"] == found["a whiteout"] == ("fails", "dlopen")
    assert found["a library in a layer of its own"] == found["a hard link across layers"] == ("fails", "runtime")
    assert {verdict for verdict, _ in found.values()} == {"loads", "fails", "unknown"}
    assert len(set(found.values())) >= 5


# -- forms -------------------------------------------------------------------------------------------------------------

LAYERS = Case([ADDED, [gone("srv/auth.so")], [Item("srv/auth.so", AUTH)]]).tars()


def zstd(data: bytes) -> bytes:
    import zstandard

    half = len(data) // 2
    return bytes(zstandard.compress(data[:half]) + zstandard.compress(data[half:]))


def as_archive(tmp_path: Path, image: Written) -> Path:
    return oci.archive(tmp_path / "image.tar", oci.layout(tmp_path / "layout", image))


def compressed(path: Path, compress: Callable[[bytes], bytes]) -> Path:
    other = path.with_suffix(".packed")
    other.write_bytes(compress(path.read_bytes()))
    return other


def nested(tmp_path: Path, image: Written) -> Path:
    made = oci.Layout(tmp_path / "layout")
    inner = [made.manifest(image), made.manifest(image._replace(platform="linux/s390x", layers=[]))]
    attestation = made.manifest(image._replace(platform="unknown/unknown", layers=[]))
    outer = made.document({"manifests": [*inner, attestation]}, "index")
    made.index([made.document({"manifests": [outer]}, "index")])
    return made.path


def with_both(tmp_path: Path, image: Written) -> Path:
    """As Docker 25 and later saves: a layout, and a manifest.json beside it."""
    folder = oci.layout(tmp_path / "layout", image._replace(compress=oci.plain))
    (folder / "manifest.json").write_text("[]")
    return oci.archive(tmp_path / "both.tar", folder)


def by_links(tmp_path: Path, image: Written) -> Path:
    """A layer that is a link to another's file in the archive, as Docker saved it for years."""
    config = oci.configuration(image)
    items = [Item("c.json", config)]
    names = [f"{number}/layer.tar" for number in range(len(image.layers))]
    for name, layer in zip(names, image.layers, strict=True):
        items += [Item(f"blobs/{oci.sha256(layer)[7:]}", layer), link(name, f"../blobs/{oci.sha256(layer)[7:]}")]
    items.append(Item("manifest.json", json.dumps([{"Config": "c.json", "Layers": names}]).encode()))
    (tmp_path / "links.tar").write_bytes(tar(items))
    return tmp_path / "links.tar"


FORMS: dict[str, Callable[[Path, Written], Path]] = {
    "layout, plain layers": lambda at, image: oci.layout(at / "i", image._replace(compress=oci.plain)),
    "layout, gzip": lambda at, image: oci.layout(at / "i", image),
    "layout, many gzip members": lambda at, image: oci.layout(at / "i", image._replace(compress=oci.members)),
    "layout, padded gzip": lambda at, image: oci.layout(
        at / "i", image._replace(compress=lambda data: oci.gzipped(data) + bytes(99))
    ),
    "OCI archive": as_archive,
    "OCI archive, gzip": lambda at, image: compressed(as_archive(at, image), oci.gzipped),
    "docker save": lambda at, image: oci.docker(at / "d.tar", image),
    "docker save, gzip": lambda at, image: compressed(oci.docker(at / "d.tar", image), oci.gzipped),
    "docker save, both forms": with_both,
    "docker save, links": by_links,
    "nested indexes": nested,
}
ZSTD_FORMS: dict[str, Callable[[Path, Written], Path]] = {
    "layout, zstd": lambda at, image: oci.layout(at / "i", image._replace(compress=zstd)),
    "docker save, zstd": lambda at, image: compressed(oci.docker(at / "d.tar", image), zstd),
}


@pytest.mark.parametrize("form", [*FORMS, *(pytest.param(name, marks=needs_zstd) for name in ZSTD_FORMS)])
def test_every_form_of_an_image_says_the_same(form: str, tmp_path: Path) -> None:
    image = {**FORMS, **ZSTD_FORMS}[form](tmp_path, Written(LAYERS))
    plugins = ("/srv/auth.so", "/srv/needs.so")
    assert of_image(image, plugins) == of_root(unpacked(LAYERS, image), plugins)


@pytest.mark.skipif(HAS_ZSTD, reason="Python has zstd")
def test_zstd_without_a_decoder_says_what_to_install(tmp_path: Path) -> None:
    image = oci.layout(tmp_path / "i", Written(LAYERS, compress=lambda data: b"\x28\xb5\x2f\xfd" + data))
    with pytest.raises(GopluckError, match=r"layer 1: is compressed with zstd: .*pip install 'gopluck\[zstd\]'"):
        gopluck.read(gopluck.open_image(image))


# -- the command -------------------------------------------------------------------------------------------------------


def run(
    *words: str | os.PathLike[str], cwd: Path, stdin: bytes = b"", env: Mapping[str, str] | None = None
) -> tuple[int, str, str]:
    """Exit status, and what stands on standard output and standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "gopluck", *(str(word) for word in words)],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        check=False,
        env={**os.environ, **(env or {})},
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `gateway.tar`, an archive of `docker save`, and plugins beside it."""
    at = tmp_path_factory.mktemp("saved")
    trimmed = [Item("opt/plugins/auth.so", AUTH), Item("opt/plugins/trimmed.so", TRIMMED), folder("opt/plugins/x.so")]
    config = {"Entrypoint": ["gateway", "run"], "WorkingDir": "/srv", "Env": ["PATH=/none:/srv:/usr/bin"]}
    oci.docker(at / "gateway.tar", Written(Case([ADDED, trimmed]).tars(), config))
    shutil.copy(SAMPLES / "auth.so", at / "auth.so")
    shutil.copy(SAMPLES / "auth-trimpath.so", at / "trimmed.so")
    return at


FIRST = "✓ auth.so will load into {}:/srv/gateway  (46 of 46 packages match)"


@pytest.mark.parametrize(
    ("words", "piped", "name"),
    [
        (["gateway.tar", "auth.so"], False, "gateway.tar"),
        (["-", "auth.so"], True, "-"),
        (["gateway.tar:/srv/gateway", "auth.so"], False, "gateway.tar"),
        (["gateway.tar", "auth.so", "--host-path", "/srv/gateway"], False, "gateway.tar"),
        (["gateway.tar", "auth.so", "--host-path", "./gateway", "--platform", "linux/amd64"], False, "gateway.tar"),
        (["gateway.tar", "auth.so", "--host-path", "gateway"], False, "gateway.tar"),
    ],
)
def test_a_host_is_named_by_its_path_in_the_image(words: list[str], piped: bool, name: str, saved: Path) -> None:
    stdin = (saved / "gateway.tar").read_bytes() if piped else b""
    status, text, said = run("check", *words, cwd=saved, stdin=stdin)
    shown = FIRST.format(name).replace("/srv/gateway", "/srv/./gateway" if "./gateway" in words else "/srv/gateway")
    assert (status, text.splitlines()[0], said) == (0, shown, "")


def test_a_file_on_standard_input_is_not_copied(saved: Path) -> None:
    with (saved / "gateway.tar").open("rb") as file:
        command = [sys.executable, "-m", "gopluck", "check", "-", "auth.so", "-q"]
        environ = {**os.environ, "TMPDIR": str(saved)}
        done = subprocess.run(command, cwd=saved, stdin=file, capture_output=True, check=False, env=environ)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_plugins_in_the_image_and_beside_it(saved: Path) -> None:
    words = [
        "check",
        "gateway.tar",
        "trimmed.so",
        "image:/opt/plugins",
        "gateway.tar:/srv/needs.so",
        "--format",
        "json",
    ]
    status, text, said = run(*words, cwd=saved)
    value = json.loads(text)
    assert (status, said) == (1, "")
    digest = value["host"]["image"].pop("digest")
    assert digest.startswith("sha256:")
    where = {"name": "gateway.tar", "platform": "linux/amd64", "path": "/srv/gateway"}
    assert (value["host"]["path"], value["host"]["image"]) == ("gateway.tar:/srv/gateway", where)
    assert [(one["path"], one["image_path"], one["verdict"]) for one in value["plugins"]] == [
        ("trimmed.so", None, "fails"),
        ("gateway.tar:/opt/plugins/auth.so", "/opt/plugins/auth.so", "loads"),
        ("gateway.tar:/opt/plugins/trimmed.so", "/opt/plugins/trimmed.so", "fails"),
        ("gateway.tar:/srv/needs.so", "/srv/needs.so", "fails"),
    ]
    errors = [one["error"] for one in value["plugins"]]
    differs = "plugin was built with a different version of package internal/goarch"
    assert errors[2] == f'plugin.Open("/opt/plugins/trimmed"): {differs}'


def test_every_command_takes_an_image(saved: Path, tmp_path: Path) -> None:
    status, text, said = run("inspect", "gateway.tar:/srv/auth.so", "--format", "json", cwd=saved)
    assert (status, said, json.loads(text)["go"]["kind"]) == (0, "", "plugin")
    assert json.loads(text)["image"]["path"] == "/srv/auth.so"
    assert run("manifest", "gateway.tar", "-o", str(tmp_path / "host.json"), cwd=saved) == (0, "", "")
    ours, theirs = ((tmp_path / "host.json").read_text(), run("manifest", str(SAMPLES / "gateway"), cwd=saved)[1])
    assert ours == theirs
    assert run("diff", "gateway.tar", str(SAMPLES / "gateway"), "auth.so", "-q", cwd=saved)[0] == 0
    old, new = (f"gateway.tar:/srv/{one}" for one in ("gateway", "auth.so"))
    assert run("diff", old, new, cwd=saved)[2].startswith(f"gopluck: error: {new}: is a plugin library, not a host")
    assert run("init", "gateway.tar", str(tmp_path / "plug"), cwd=saved)[0] == 0
    assert json.loads((tmp_path / "plug/host.json").read_text()) == json.loads(theirs)
    without = {"PATH": "/nowhere"}
    assert run("align", "gateway.tar", str(tmp_path / "plug"), "-q", cwd=saved, env=without)[2] == ""
    status, _, said = run("build", "gateway.tar", str(tmp_path / "plug"), cwd=saved, env=without)
    assert (status, "go" in said) == (2, True)


def test_no_report_replaces_an_image(saved: Path, tmp_path: Path) -> None:
    said = run("check", "gateway.tar", "auth.so", "-o", "gateway.tar", cwd=saved)[2]
    assert said == "gopluck: error: --output gateway.tar: this is one of the files to read\n"
    image = oci.layout(tmp_path / "i", Written(LAYERS))
    said = run("check", "i", "image:/srv/auth.so", "-o", "i/blobs/new", cwd=tmp_path)[2]
    assert said == "gopluck: error: --output i/blobs/new: lies in the image to read\n"
    assert not (image / "blobs/new").exists()


def test_the_library_path_of_the_image_counts(tmp_path: Path) -> None:
    layers = Case([[Item("opt/libx.so.1", LIBX)]]).tars()
    config = {"Cmd": ["/srv/gateway"], "Env": ["LD_LIBRARY_PATH=/none:/opt"]}
    image = oci.layout(tmp_path / "i", Written(layers, config))
    host = gopluck.open_image(image)
    assert gopluck.check(host, ["image:/srv/needs.so"]).plugins[0].stage == "runtime"
    assert gopluck.check(host, ["image:/srv/needs.so"], library_path=["/srv"]).plugins[0].stage == "dlopen"
    change = gopluck.diff(host, gopluck.open_image(image), [oci_file(tmp_path)]).plugins[0]
    assert (change.old.stage, change.new.stage) == ("runtime", "runtime")


def oci_file(at: Path) -> Path:
    (at / "needs.so").write_bytes(NEEDS)
    return at / "needs.so"


PLATFORMS = [
    Written(LAYERS, platform=name) for name in ("linux/amd64", "linux/arm64/v8", "linux/arm/v7", "linux/arm/v6")
]


@pytest.mark.parametrize(
    ("platform", "found"), [("linux/amd64", 0), ("linux/arm64", 1), ("linux/arm64/v8", 1), ("linux/arm/v6", 3)]
)
def test_the_platform_chooses(platform: str, found: int, tmp_path: Path) -> None:
    image = gopluck.open_image(oci.layout(tmp_path / "i", *PLATFORMS), platform=platform)
    where = gopluck.read(image).image
    assert where is not None
    assert where.platform == PLATFORMS[found].platform


# -- what cannot be read -----------------------------------------------------------------------------------------------

REFUSED: dict[str, tuple[Callable[[Path], Path], list[str], str]] = {
    "no such platform": (
        lambda at: oci.layout(at / "i", *PLATFORMS),
        ["--platform", "linux/s390x"],
        "i: holds no image for linux/s390x, but for linux/amd64, linux/arm/v6, linux/arm/v7, linux/arm64/v8: name one "
        "with --platform",
    ),
    "two that fit": (
        lambda at: oci.layout(at / "i", *PLATFORMS),
        ["--platform", "linux/arm"],
        "i: holds 2 images for linux/arm (linux/arm/v6, linux/arm/v7): save only one of them",
    ),
    "two tags": (
        lambda at: oci.docker(at / "i", Written(LAYERS, tag="a:1"), Written(LAYERS[:1], tag="b:2")),
        ["--platform", "linux/amd64"],
        "i: holds 2 images for linux/amd64 (a:1, b:2): save only one of them",
    ),
    "a script": (
        lambda at: oci.layout(
            at / "i", Written([*LAYERS, tar([Item("run.sh", b"#!/bin/sh\n")])], {"Cmd": ["/run.sh"]})
        ),
        [],
        "i:/run.sh: is what the image starts, and a script: name the host with --host-path",
    ),
    "a shell": (
        lambda at: oci.layout(
            at / "i", Written([*LAYERS, tar([Item("bin/sh", LIBX)])], {"Entrypoint": ["/bin/sh", "-c", "srv/gateway"]})
        ),
        [],
        "i:/bin/sh: is what the image starts, and not a Go program: name the host with --host-path",
    ),
    "nothing to start": (
        lambda at: oci.layout(at / "i", Written(LAYERS, {})),
        [],
        "i: does not say which program it starts: name the host with --host-path",
    ),
    "an entry point that is not there": (
        lambda at: oci.layout(at / "i", Written(LAYERS, {"Entrypoint": ["krakend"]})),
        [],
        "i: the program that it starts, krakend, is not in it: name the host with --host-path",
    ),
    "a host that is not there": (
        lambda at: oci.layout(at / "i", Written(LAYERS)),
        ["--host-path", "/usr/bin/krakend"],
        "i: --host-path, /usr/bin/krakend, is not in it: name the host with --host-path",
    ),
    "not an image": (
        lambda at: written(at / "i", tar([Item("a", b"x")])),
        [],
        "i: is not a container image: it has neither index.json nor manifest.json",
    ),
    "gzip of a text": (
        lambda at: written(at / "i", oci.gzipped(b"hello " * 200)),
        [],
        "i: is not a tar archive, or is damaged",
    ),
    "xz": (
        lambda at: written(at / "i", b"\xfd7zXZ\0" + bytes(99)),
        [],
        "i: is compressed with xz; gopluck reads gzip and zstd",
    ),
}


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_used_is_said_in_one_line(name: str, tmp_path: Path) -> None:
    make, words, expected = REFUSED[name]
    make(tmp_path)
    done = run("check", "i", str(SAMPLES / "auth.so"), *words, cwd=tmp_path)
    assert done == (2, "", f"gopluck: error: {expected}\n")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["check", "auth.so", "auth.so", "--platform", "linux/amd64"], "--host-path and --platform are for container"),
        (["check", "gateway.tar:/srv/x", "auth.so", "--host-path", "/x"], "gateway.tar:/srv/x names the host"),
        (["check", "gateway.tar", "auth.so", "--sysroot", "."], "gateway.tar: is a container image, and so the root"),
        (["check", "gateway.tar", "image:/srv/none.so"], "gateway.tar:/srv/none.so: No such file or directory"),
        (["check", "gateway.tar", "image:/usr/lib64"], "image:/usr/lib64: there is no *.so in this directory"),
        (["build", "-", ".", "-o", "x.so", "--print"], "--print: the script cannot read standard input again"),
        (["check", "-", "auth.so"], "-: is empty: nothing came on standard input"),
    ],
)
def test_usage(words: list[str], expected: str, saved: Path) -> None:
    status, text, said = run(*words, cwd=saved)
    assert (status, text) == (2, "")
    assert expected in said
