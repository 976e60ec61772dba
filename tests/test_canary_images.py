"""Hostile values in every place of a container image, through every command: as in `test_canary`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import chain, islice
from pathlib import Path

import pytest

import ociwriter as oci
from fixtures.samples import archive
from gopluck.cli.main import COMMANDS
from gopluck.cli.main import main as gopluck
from ociwriter import Item, Layout, Written, hard, link, tar
from test_canary import FORMS, Sandbox, blocks_in, commands, here, paste, samples, told

__all__ = ["here", "samples"]

GATEWAY, AUTH = ((archive.unpack() / name).read_bytes() for name in ("gateway", "auth-trimpath.so"))
FILES = [Item("srv/gateway", GATEWAY), Item("srv/auth.so", AUTH)]
START = {"Entrypoint": ["/srv/gateway"]}


def name_of(value: str) -> str:
    """As much of a value as can be a path in a layer."""
    return value.replace("\0", "")[:100].strip("/") or "x"


def names(at: Path, value: str) -> Path:
    name = name_of(value)
    files = [Item(f"srv/{name}", GATEWAY), Item(f"opt/{name}", AUTH), link("srv/auth.so", f"/opt/{name}")]
    return oci.layout(at, Written([tar(files)], {"Entrypoint": [f"/srv/{name}"]}))


def start(at: Path, value: str) -> Path:
    return oci.layout(at, Written([tar(FILES)], {"Entrypoint": [value, value], "Cmd": [value]}))


def environment(at: Path, value: str) -> Path:
    env = [f"PATH={value}:/srv", f"LD_LIBRARY_PATH={value}", value]
    return oci.layout(at, Written([tar(FILES)], {"Cmd": ["gateway"], "Env": env, "WorkingDir": value, value: value}))


def links(at: Path, value: str) -> Path:
    name = name_of(value)
    return oci.layout(at, Written([tar([*FILES, link("srv/x", name), hard("srv/y", name)])], START))


def platform(at: Path, value: str) -> Path:
    made = Layout(at)
    one = made.manifest(Written([tar(FILES)], START))
    notes = {"org.opencontainers.image.ref.name": value}
    made.index([{**one, "platform": {"os": value, "architecture": value}, "annotations": notes}])
    return at


def chosen(at: Path, value: str) -> Path:
    """None for this machine: those that there are are named."""
    made = Layout(at)
    images = [Written([tar(FILES)], {**START, "n": number}, tag=value) for number in range(2)]
    made.index([{**made.manifest(one), "platform": {"os": "plan9", "architecture": value}} for one in images])
    return at


def digest(at: Path, value: str) -> Path:
    made = Layout(at)
    made.index([{**made.manifest(Written([tar(FILES)], START)), "digest": value, "mediaType": value}])
    return at


def saved(at: Path, value: str) -> Path:
    image = Written([tar(FILES)], START)
    config = oci.configuration(image)
    name = name_of(value)
    manifest = [{"Config": name, "RepoTags": [value, value], "Layers": ["layer"]}]
    items = [Item(name, config), Item("layer", image.layers[0]), Item("manifest.json", json.dumps(manifest).encode())]
    at.write_bytes(tar(items))
    return at


def layer_name(at: Path, value: str) -> Path:
    config = oci.configuration(Written([tar(FILES)], START))
    manifest = [{"Config": "c.json", "RepoTags": [], "Layers": [value]}]
    at.write_bytes(tar([Item("c.json", config), Item("manifest.json", json.dumps(manifest).encode())]))
    return at


PLACES: tuple[Callable[[Path, str], Path], ...] = (
    names,
    start,
    environment,
    links,
    platform,
    chosen,
    digest,
    saved,
    layer_name,
)
"""What of an image is somebody else's text."""


def on_image(image: str, folder: str) -> Iterator[tuple[str, ...]]:
    """Every command on an image, in every format."""
    yield from commands(image, "image:/srv/auth.so", f"{image}:/srv/gateway", folder)


def test_every_command_that_takes_a_host_takes_an_image() -> None:
    for name in FORMS:
        command = gopluck.get_command(None, name)  # type: ignore[arg-type]
        assert command is not None
        assert {"host_path", "platform"} <= {one.name for one in command.params}
    assert {*COMMANDS} - {*FORMS} == {"explain", "completion"}


def test_hostile_images_through_every_command(here: Sandbox, samples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks: list[str] = []
    count = refused = 0
    monkeypatch.chdir(here.cwd)
    for turn, value in enumerate(here.contents().values()):
        for number, place in enumerate(PLACES):
            image = place(samples / f"i{turn}-{number}", value)
            every = on_image(str(image), str(samples / "auth"))
            texts = told(here, islice(every, (turn * 7 + number) % 45, None, 45))
            blocks += chain.from_iterable(map(blocks_in, texts))
            count += len(texts)
            refused += texts.count("")
    paste(here, blocks)
    print(f"{count} commands on hostile images, {refused} of them refused, {len(set(blocks))} blocks")
    assert count > 450
    assert count - refused > 100
