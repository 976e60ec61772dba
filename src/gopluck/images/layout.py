"""Which image an index, or the `manifest.json` of `docker save`, holds for a platform: configuration and layers.

OCI image-spec (`image-index.md`, `manifest.md`, `config.md`); Docker image-spec v1.2 (`manifest.json`).
Documents are checked against their digests, and read only where they have the form that is expected.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from gopluck.clean import clean, first_of
from gopluck.errors import MalformedFile, Usage
from gopluck.images.stores import Store
from gopluck.images.streams import Part
from gopluck.machine import MACHINES
from gopluck.record import NamedTuple

MAX_DOCUMENTS = 256
MAX_NESTING = 4
"""Indexes within an index."""

MAX_LAYERS = 512
"""Docker takes 127."""

DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
BLOB = re.compile(r"(?:blobs/sha256/)?([0-9a-f]{64})(?:\.json)?")
"""The name of a configuration in `docker save`: its digest."""

REFERENCE = "org.opencontainers.image.ref.name"
ATTESTATION = "vnd.docker.reference.type"


class Layer(NamedTuple):
    """A layer: its path in the store, and its digests as it lies there (empty: nobody says it) and unpacked."""

    path: str
    digest: str
    diff_id: str


class Manifest(NamedTuple):
    """One image."""

    name: str
    """Its tag, if it has one."""
    platform: str
    """`linux/arm64`, `linux/arm/v7`."""
    digest: str
    """Of the manifest, or, in `docker save`, of the configuration."""
    config: Mapping[str, Any]
    layers: tuple[Layer, ...]
    missing: bool = False
    """Whether only its place in the index is there."""


def select(store: Store, platform: str | None) -> Manifest:
    """The image for a platform; None: the only one, or the one for this machine.

    Raises `MalformedFile` for what is no image, `Usage` when there is not exactly one for the platform.
    """
    found = list({one.digest or str(number): one for number, one in enumerate(_images(store))}.values())
    if not found:
        raise MalformedFile(f"{store.name}: holds no image")
    wanted = platform or f"linux/{this_machine()}"
    fitting = found if platform is None and len(found) == 1 else [one for one in found if _fits(one.platform, wanted)]
    if not fitting:
        there = _listed(one.platform for one in found)
        raise Usage(f"{store.name}: holds no image for {wanted}, but for {there}: name one with --platform")
    if len(fitting) > 1:
        names = _listed(one.name or one.platform or one.digest for one in fitting)
        raise Usage(f"{store.name}: holds {len(fitting)} images for {wanted} ({names}): save only one of them")
    if fitting[0].missing:
        raise MalformedFile(f"{store.name}: lists an image for {fitting[0].platform}, but does not hold it")
    return fitting[0]


def _listed(texts: Iterable[str]) -> str:
    """Texts of an index for people: no more than can be read."""
    return first_of(sorted({clean(text[:80]) for text in texts}), 12)


def this_machine() -> str:
    """GOARCH of this machine."""
    name = re.sub("^i[3-6]86$", "i386", os.uname().machine)
    names = {one.multiarch.partition("-")[0]: one.goarch for one in MACHINES}
    return names.get(name, "arm" if name.startswith("arm") else name)


def _fits(platform: str, wanted: str) -> bool:
    one, other = (text.removesuffix("/v8") if "/arm64/" in text else text for text in (platform, wanted))
    return one == other or one.startswith(other + "/")


def _images(store: Store) -> Iterator[Manifest]:
    index = store.part("index.json")
    if index is not None:
        left = [MAX_DOCUMENTS]
        yield from _of_index(store, _document(store, index, ""), left, 0)
        return
    listed = store.part("manifest.json")
    if listed is None:
        raise MalformedFile(f"{store.name}: is not a container image: it has neither index.json nor manifest.json")
    for entry in _list(_document(store, listed, "", list))[:MAX_DOCUMENTS]:
        yield _of_docker(store, _object(entry))


# -- OCI ---------------------------------------------------------------------------------------------------------------


def _of_index(store: Store, index: Mapping[str, Any], left: list[int], depth: int) -> Iterator[Manifest]:
    for entry in map(_object, _list(index.get("manifests"))):
        left[0] -= 1
        if left[0] < 0 or depth > MAX_NESTING:
            raise MalformedFile(f"{store.name}: its index lists more than {MAX_DOCUMENTS} images")
        notes, platform = _object(entry.get("annotations")), _platform(_object(entry.get("platform")))
        if ATTESTATION in notes or platform.startswith("unknown/"):
            continue
        digest, part = _blob(store, entry)
        if part is None:
            yield Manifest(_text(notes.get(REFERENCE)), platform, digest, {}, (), missing=True)
            continue
        document = _document(store, part, digest)
        if "manifests" in document:
            yield from _of_index(store, document, left, depth + 1)
        elif "config" in document:
            yield _of_manifest(store, document, digest, _text(notes.get(REFERENCE)), platform)


def _of_manifest(store: Store, manifest: Mapping[str, Any], digest: str, name: str, platform: str) -> Manifest:
    of_config, part = _blob(store, _object(manifest.get("config")))
    if part is None:
        return Manifest(name, platform, digest, {}, (), missing=True)
    config = _document(store, part, of_config)
    digests = [_digest(store, _object(entry)) for entry in _list(manifest.get("layers"))]
    return Manifest(name, platform or _platform(config), digest, config, _layers(store, config, digests, digests))


def _digest(store: Store, descriptor: Mapping[str, Any]) -> str:
    digest = _text(descriptor.get("digest"))
    if not DIGEST.fullmatch(digest):
        raise MalformedFile(f"{store.name}: a digest in it is not one: {clean(digest[:80])}")
    return digest


def _blob(store: Store, descriptor: Mapping[str, Any]) -> tuple[str, Part | None]:
    """The digest of a descriptor, and what it stands for."""
    digest = _digest(store, descriptor)
    return digest, store.part(_path(digest))


def _path(digest: str) -> str:
    return "blobs/" + digest.replace(":", "/")


def _layers(
    store: Store, config: Mapping[str, Any], places: Sequence[str], digests: Sequence[str]
) -> tuple[Layer, ...]:
    """The layers by their places, which are digests or, of `docker save`, paths."""
    diff_ids = [_text(one) for one in _list(_object(config.get("rootfs")).get("diff_ids"))]
    if len(places) != len(diff_ids) or len(places) > MAX_LAYERS:
        known = f"of which its configuration knows {len(diff_ids)}"
        raise MalformedFile(f"{store.name}: has {len(places)} layers, {known}; gopluck reads up to {MAX_LAYERS}")
    if not all(map(DIGEST.fullmatch, diff_ids)):
        raise MalformedFile(f"{store.name}: a digest in its configuration is not one")
    paths = [_path(place) if digests else place for place in places]
    return tuple(map(Layer, paths, digests or [""] * len(places), diff_ids))


# -- docker save -------------------------------------------------------------------------------------------------------


def _of_docker(store: Store, entry: Mapping[str, Any]) -> Manifest:
    path = _text(entry.get("Config"))
    part, known = store.part(path), BLOB.fullmatch(path)
    if part is None:
        raise MalformedFile(f"{store.name}: its manifest.json names a configuration that is not there")
    digest = f"sha256:{known[1]}" if known else ""
    config = _document(store, part, digest)
    names = ", ".join(texts(entry.get("RepoTags")))
    layers = _layers(store, config, [_text(name) for name in _list(entry.get("Layers"))], ())
    return Manifest(names, _platform(config), digest, config, layers)


# -- documents ---------------------------------------------------------------------------------------------------------


def _document(store: Store, part: Part, digest: str, form: type = dict) -> Any:
    store.budget.read(part.size)
    data = b"".join(part.chunks())
    if digest:
        algorithm, _, wanted = digest.partition(":")
        if hashlib.new(algorithm, data).hexdigest() != wanted:
            raise MalformedFile(f"{part.name}: is not what its digest says: damaged, or changed")
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise MalformedFile(f"{part.name}: is not JSON: {str(error)[:80]}") from None
    if not isinstance(document, form):
        raise MalformedFile(f"{part.name}: is not what it should be: a JSON {form.__name__}")
    return document


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def texts(value: Any) -> list[str]:
    """The texts of a list."""
    return [one for one in _list(value) if isinstance(one, str)]


def _platform(of: Mapping[str, Any]) -> str:
    """`OS/ARCHITECTURE[/VARIANT]` of a descriptor or a configuration; empty when it does not say."""
    words = [_text(of.get(key)) for key in ("os", "architecture", "variant")]
    return "/".join(filter(None, words)) if words[0] and words[1] else ""
