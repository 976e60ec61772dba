"""Writes container images of every form, and unpacks layers as a container engine does, without gopluck's code."""

# Names of members are text here.
# ruff: noqa: PTH115, PTH119, PTH120

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import tarfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

Compress = Callable[[bytes], bytes]


class Item(NamedTuple):
    """A member of a layer: `kind` is a letter of tar's."""

    path: str
    data: bytes = b""
    kind: bytes = tarfile.REGTYPE
    target: str = ""
    mode: int = 0o755


def folder(path: str) -> Item:
    return Item(path, kind=tarfile.DIRTYPE)


def link(path: str, target: str) -> Item:
    return Item(path, kind=tarfile.SYMTYPE, target=target)


def hard(path: str, target: str) -> Item:
    return Item(path, kind=tarfile.LNKTYPE, target=target)


def gone(path: str) -> Item:
    """A whiteout."""
    above, _, name = path.rpartition("/")
    return Item(f"{above}/.wh.{name}" if above else f".wh.{name}", mode=0)


def opaque(path: str) -> Item:
    return Item(f"{path}/.wh..wh..opq", mode=0)


def tar(items: Sequence[Item], form: int = tarfile.GNU_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for item in items:
            info = tarfile.TarInfo(item.path)
            info.type, info.linkname, info.mode, info.size = item.kind, item.target, item.mode, len(item.data)
            archive.addfile(info, io.BytesIO(item.data))
    return out.getvalue()


def plain(data: bytes) -> bytes:
    return data


def gzipped(data: bytes) -> bytes:
    return gzip.compress(data, 1, mtime=0)


def members(data: bytes) -> bytes:
    """A gzip stream of many members, as eStargz has it."""
    return b"".join(gzipped(data[at : at + 70_000]) for at in range(0, len(data), 70_000))


class Written(NamedTuple):
    """An image: what its configuration says, and its layers as tar archives."""

    layers: Sequence[bytes]
    config: Mapping[str, Any] = {"Entrypoint": ["/srv/gateway"]}
    platform: str = "linux/amd64"
    compress: Compress = gzipped
    tag: str = ""


def sha256(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def configuration(image: Written) -> bytes:
    os_, arch, *variant = image.platform.split("/")
    document: dict[str, Any] = {"architecture": arch, "os": os_, "config": dict(image.config)}
    document |= {"variant": variant[0]} if variant else {}
    document["rootfs"] = {"type": "layers", "diff_ids": [sha256(layer) for layer in image.layers]}
    return json.dumps(document).encode()


class Layout:
    """An OCI layout folder that grows."""

    def __init__(self, path: Path) -> None:
        self.path = path
        (path / "blobs/sha256").mkdir(parents=True)
        (path / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')

    def blob(self, data: bytes, media: str, **more: Any) -> dict[str, Any]:
        digest = sha256(data)
        (self.path / "blobs" / digest.replace(":", "/")).write_bytes(data)
        return {"mediaType": media, "digest": digest, "size": len(data), **more}

    def document(self, value: Any, media: str, **more: Any) -> dict[str, Any]:
        return self.blob(json.dumps(value).encode(), f"application/vnd.oci.image.{media}.v1+json", **more)

    def manifest(self, image: Written, *, says_platform: bool = True) -> dict[str, Any]:
        config = self.blob(configuration(image), "application/vnd.oci.image.config.v1+json")
        kind = "" if image.compress is plain else "+gzip" if image.compress in (gzipped, members) else "+zstd"
        media = f"application/vnd.oci.image.layer.v1.tar{kind}"
        layers = [self.blob(image.compress(layer), media) for layer in image.layers]
        os_, arch, *variant = image.platform.split("/")
        platform = {"os": os_, "architecture": arch, **({"variant": variant[0]} if variant else {})}
        value = {"schemaVersion": 2, "config": config, "layers": layers}
        value["mediaType"] = "application/vnd.oci.image.manifest.v1+json"
        more: dict[str, Any] = {"platform": platform} if says_platform else {}
        if image.tag:
            more["annotations"] = {"org.opencontainers.image.ref.name": image.tag}
        return self.document(value, "manifest", **more)

    def index(self, manifests: Sequence[Mapping[str, Any]]) -> None:
        (self.path / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": manifests}))


def layout(path: Path, *images: Written) -> Path:
    """An OCI layout folder with these images."""
    made = Layout(path)
    made.index([made.manifest(image, says_platform=len(images) > 1) for image in images])
    return path


def archive(path: Path, of: Path) -> Path:
    """An OCI archive of a layout folder."""
    with tarfile.open(path, "w") as out:
        for one in sorted(of.rglob("*")):
            out.add(one, one.relative_to(of), recursive=False)
    return path


def docker(path: Path, *images: Written) -> Path:
    """An archive as `docker save` writes it."""
    files: dict[str, bytes] = {}
    entries = []
    for image in images:
        config = configuration(image)
        name = f"{sha256(config)[7:]}.json"
        files[name] = config
        layers = []
        for layer in image.layers:
            layers.append(f"{sha256(layer)[7:]}/layer.tar")
            files[layers[-1]] = layer
        entries.append({"Config": name, "RepoTags": [image.tag] if image.tag else None, "Layers": layers})
    files["manifest.json"] = json.dumps(entries).encode()
    path.write_bytes(tar([Item(name, data) for name, data in files.items()]))
    return path


# -- the unpacked root -------------------------------------------------------------------------------------------------


def unpack(layers: Sequence[bytes], root: Path) -> Path:
    """The root that the layers make, on disk: as containerd and umoci apply them."""
    root.mkdir()
    for layer in layers:
        with tarfile.open(fileobj=io.BytesIO(layer)) as archive:
            found = archive.getmembers()
            for info in found:
                _remove(root, info)
            for info in found:
                content = archive.extractfile(info) if info.isreg() else None
                _extract(root, info, content.read() if content else b"")
    return root


def _within(root: Path, path: str, *, make: bool = False) -> Path:
    """A folder of the root, links followed as behind chroot."""
    todo, at, links = path.split("/")[::-1], root, 0
    while todo:
        part = todo.pop()
        if part in ("", "."):
            continue
        if part == "..":
            at = at if at == root else at.parent
            continue
        here = at / part
        if here.is_symlink():
            links += 1
            assert links < 40
            target = os.readlink(here)
            at = root if target.startswith("/") else at
            todo += target.split("/")[::-1]
            continue
        if make and not here.exists():
            here.mkdir()
        at = here
    return at


def _place(root: Path, path: str, *, make: bool) -> Path:
    clean = os.path.normpath("/" + path)
    return _within(root, os.path.dirname(clean), make=make) / os.path.basename(clean)


def _remove(root: Path, info: tarfile.TarInfo) -> None:
    name = os.path.basename(info.name)
    if not name.startswith(".wh."):
        return
    place = _place(root, info.name, make=False)
    doomed = list(place.parent.iterdir()) if name == ".wh..wh..opq" and place.parent.is_dir() else []
    for one in doomed or [place.parent / name[4:]]:
        _delete(one)


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif path.is_symlink() or path.exists():
        path.unlink()


def _extract(root: Path, info: tarfile.TarInfo, data: bytes) -> None:
    if os.path.basename(info.name).startswith(".wh.") or os.path.normpath("/" + info.name) == "/":
        return
    place = _place(root, info.name, make=True)
    if info.isdir():
        if not place.is_dir() or place.is_symlink():
            _delete(place)
            place.mkdir()
        return
    other = _place(root, info.linkname, make=False) if info.islnk() else place
    assert not info.islnk() or other != place, "engines fail on it, too"
    _delete(place)
    if info.issym():
        place.symlink_to(info.linkname)
    elif info.islnk():
        os.link(other, place, follow_symlinks=False)
    elif info.isreg():
        place.write_bytes(data)
        place.chmod(info.mode)
    else:
        os.mkfifo(place)
