"""`Image`: a container image as the root of a process, from which single files are taken when they are asked for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from typing import Any

from gopluck.clean import clean
from gopluck.elf.image import allow_open_files
from gopluck.errors import GopluckError, MalformedFile, UnreadableFile, Usage
from gopluck.facts.model import Binary, InImage
from gopluck.facts.read import read
from gopluck.images.layout import Manifest, select, texts
from gopluck.images.stores import Store, opened, spooled
from gopluck.images.streams import Budget, Checked, Forward, Part, Source, unpacked
from gopluck.images.tarball import members
from gopluck.images.tree import File, Found, Tree
from gopluck.loader.lazy import Libraries, directories

PREFIX = "image:"
"""`image:/path` is a file of the host's image."""

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where programs are looked for when the image says nothing."""

MAX_FILE = 1 << 31
MAX_TAKEN = 1 << 33
"""Bytes of one file, and of all files, that are taken out of an image."""

SCRIPT = b"#!"


class Image:
    """An image: a layout folder, an archive, or `-`; it is opened when something in it is asked for.

    `host_path`: the host in it (default: what the image starts); `platform`: `OS/ARCH[/VARIANT]`, where it holds
    several images. A `loader.sysroot.Root`. Everything raises `GopluckError`.
    """

    def __init__(self, path: str | os.PathLike[str], host_path: str | None = None, platform: str | None = None) -> None:
        self.name = os.fspath(path)
        self.where = f"in {self.name}"
        self._host_path = host_path
        self._platform = platform
        self._budget = Budget(self.name)
        self._taken: dict[tuple[int, int], int] = {}
        self._left = MAX_TAKEN

    # -- what the layers say ---------------------------------------------------------------------------------------

    @cached_property
    def _store(self) -> Store:
        return opened(self.name, self._budget)

    @cached_property
    def _manifest(self) -> Manifest:
        return select(self._store, self._platform)

    @cached_property
    def _layers(self) -> list[Source]:
        out: list[Source] = []
        for number, (path, digest, diff_id) in enumerate(self._manifest.layers, 1):
            name, part = f"{self.name}: layer {number}", self._store.part(path)
            if part is None:
                raise MalformedFile(f"{name}: is not there: {clean(path[:200])}")
            raw = Checked(name, Part(name, part.source, part.start, part.size), digest if digest != diff_id else "")
            out.append(Checked(name, unpacked(name, raw, self._budget), diff_id))
        return out

    @cached_property
    def _tree(self) -> Tree:
        tree = Tree(self.name)
        for number, layer in enumerate(self._layers):
            stream = Forward(layer.chunks())
            tree.add(number, members(f"{self.name}: layer {number + 1}", stream))
            stream.drain()
        return tree

    @cached_property
    def _config(self) -> Mapping[str, Any]:
        config = self._manifest.config.get("config")
        return config if isinstance(config, dict) else {}

    @cached_property
    def _environment(self) -> dict[str, str]:
        return {name: value for name, _, value in (text.partition("=") for text in texts(self._config.get("Env")))}

    @property
    def library_path(self) -> list[str]:
        """The directories of the LD_LIBRARY_PATH that the image sets."""
        return directories(self._environment.get("LD_LIBRARY_PATH", ""))

    # -- names -----------------------------------------------------------------------------------------------------

    def inside(self, path: str) -> str | None:
        """The path in the image that somebody means by `image:/path` or `IMAGE:/path`; None for another file."""
        for prefix in (PREFIX, f"{self.name}:"):
            if path.startswith(f"{prefix}/"):
                return path.removeprefix(prefix)
        return None

    def shown(self, path: str) -> str:
        """How messages name a file that somebody names: one in the image `IMAGE:/path`."""
        inside = self.inside(path)
        return path if inside is None else f"{self.name}:{inside}"

    @cached_property
    def host_path(self) -> str:
        """The host's path in the image. Raises `Usage` where the image does not say it."""
        words = [*texts(self._config.get("Entrypoint")), *texts(self._config.get("Cmd"))]
        name = self._host_path if self._host_path is not None else next(iter(words), "")
        if not name:
            raise Usage(f"{self.name}: does not say which program it starts: name the host with --host-path")
        path = self._program(name)
        if path is None:
            what = "the program that it starts" if self._host_path is None else "--host-path"
            raise Usage(f"{self.name}: {what}, {clean(name[:200])}, is not in it: name the host with --host-path")
        return path

    def _program(self, name: str) -> str | None:
        """The path of a program that is started by a name, as execvp(3) finds it in the container."""
        if "/" in name:
            folder = self._config.get("WorkingDir")
            path = os.path.join("/", folder if isinstance(folder, str) else "", name)
            return path if self._file(path) is not None else None
        for folder in self._environment.get("PATH", PATH).split(":"):
            path = os.path.join("/", folder, name)
            found = self._file(path)
            if found is not None and found.executable:
                return path
        return None

    # -- files: `Root` ---------------------------------------------------------------------------------------------

    def host(self) -> Binary:
        """The facts of the host."""
        binary = self.read(f"{PREFIX}{self.host_path}")
        if self._host_path is None and binary.go is None and binary.elf is not None:
            from gopluck.loader.chost import with_library

            with suppress(Usage):  # a C program without Go
                binary = with_library(binary, Libraries(self, self.library_path))
        library = binary.go is not None and binary.go.kind in ("plugin", "c-shared") and binary.library is None
        if self._host_path is None and (binary.go is None or library):
            with open(self.file(self.host_path) or os.devnull, "rb") as file:
                what = "a script" if file.read(2) == SCRIPT else "not a Go program"
            raise Usage(f"{binary.path}: is what the image starts, and {what}: name the host with --host-path")
        return binary

    def read(self, path: str) -> Binary:
        """The facts of a file as the process sees it: `image:/path`, or one of this machine."""
        inside = self.inside(path)
        if inside is None:
            return read(path)
        shown, found, local = self.shown(path), self._tree.find(inside), self.file(inside)
        if found is None:
            raise UnreadableFile(f"{shown}: No such file or directory")
        if local is None:
            raise UnreadableFile(f"{shown}: is {'not a regular file' if found.node is None else 'a directory'}")
        binary = read(shown, local)
        where = InImage(self.name, self._manifest.digest, self._manifest.platform, inside)
        return binary._replace(identity=binary.identity._replace(realpath=found.path), image=where)

    def resolved(self, path: str) -> str | None:
        """See `Root.resolved`."""
        found = self._tree.find(path)
        return None if found is None else found.path

    def folder(self, path: str) -> str | None:
        """See `Root.folder`."""
        found = self._tree.find(path)
        return found.path if found is not None and isinstance(found.node, dict) else None

    def listed(self, path: str) -> list[str] | None:
        """The names of the files, and of the links to files, in a folder; None when there is no such folder."""
        found = self._tree.find(path)
        if found is None or not isinstance(found.node, dict):
            return None
        return [name for name in found.node if self.folder(f"{path}/{name}") is None]

    def file(self, path: str) -> str | None:
        """See `Root.file`."""
        file = self._file(path)
        if file is None:
            return None
        key = file.layer, file.offset
        if key not in self._taken:
            self._taken[key] = self._take(path, file)
        return f"/proc/self/fd/{self._taken[key]}"

    def _file(self, path: str) -> File | None:
        found: Found | None = self._tree.find(path)
        return found.node if found is not None and isinstance(found.node, File) else None

    def _take(self, path: str, file: File) -> int:
        name = f"{self.name}:{path}"
        self._left -= file.size
        if file.size > MAX_FILE or self._left < 0:
            raise MalformedFile(f"{name}: has {file.size} bytes, which is more than gopluck takes out of an image")
        if file.offset < 0:
            raise MalformedFile(f"{name}: is a sparse file in its layer, which gopluck does not read")
        if not os.path.isdir("/proc/self/fd"):
            raise GopluckError(f"{name}: cannot be read: /proc is not mounted")
        allow_open_files(4 * len(self._taken))  # whose facts stay open, too
        part = Part(name, self._layers[file.layer], file.offset, file.size)
        return spooled(name, part.chunks())

    def close(self) -> None:
        """Let go of the image; what was taken from it goes."""
        for fd in self._taken.values():
            os.close(fd)
        self._taken = {}
        if (store := self.__dict__.pop("_store", None)) is not None:
            store.close()

    def __del__(self) -> None:
        self.close()
