"""The files of an image as a container sees them: its layers one over the other (OCI `layer.md`), and paths in them.

Only names, links and places: a layer's content stays where it is. Paths lead where `loader.sysroot.resolved` would lead
in the unpacked root: links count from the root, nothing leads out of it.
"""

from __future__ import annotations

from collections.abc import Iterable

from gopluck.errors import MalformedFile
from gopluck.images.tarball import Kind, Member, plain
from gopluck.loader.sysroot import MAX_LINKS, MAX_PATH
from gopluck.record import NamedTuple

MAX_MEMBERS = 400_000
"""Members of all layers. A large image has 100,000."""

MAX_TEXT = 1 << 26
"""Bytes of their names and links."""

MAX_STEPS = 1 << 23
"""Parts of paths that are gone through: links can lead through many."""

WHITEOUT = ".wh."
OPAQUE = ".wh..wh..opq"
RESERVED = ".wh..wh."
"""AUFS kept its own files under such names."""


class File(NamedTuple):
    """A file's content: the layer, and where it lies in it. Two names with the same place are one file."""

    layer: int
    offset: int
    size: int
    executable: bool = False


Folder = dict[str, "Node"]
Node = Folder | File | str | None
"""A folder, a file, a symbolic link (where it leads to), or something else (None)."""


class Found(NamedTuple):
    """Where a path leads to. `path` has no links in it."""

    path: str
    node: Node


class Tree:
    """The merged files. `name`: how errors begin."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.root: Folder = {}
        self._members = 0
        self._text = 0
        self._steps = 0
        self._last: tuple[str, Folder] | None = None
        """The folder of the member before, which is most often that of the next."""

    def add(self, layer: int, members: Iterable[Member], *, whiteouts: bool = True) -> None:
        """Put a layer over those before. Raises `MalformedFile`.

        What it takes away is taken away first: whiteouts count for the layers below only, wherever they stand.
        """
        kept = [member for member in members if self._counted(member)]
        self._last = None
        for member in kept if whiteouts else ():
            folder, _, name = member.path.rpartition("/")
            if name.startswith(WHITEOUT):
                self._remove(folder, name)
        kept.reverse()
        while kept:
            member = kept.pop()
            folder, _, name = member.path.rpartition("/")
            if name and not (whiteouts and name.startswith(WHITEOUT)):
                self._put(layer, member, folder, name)

    def _counted(self, member: Member) -> bool:
        self._members += 1
        self._text += len(member.path) + len(member.target)
        if self._members > MAX_MEMBERS or self._text > MAX_TEXT:
            raise MalformedFile(f"{self.name}: has more than {MAX_MEMBERS} files, or too long names")
        return True

    def _remove(self, folder: str, name: str) -> None:
        found = self.find(f"/{folder}")
        if found is None or not isinstance(found.node, dict):
            return
        if name == OPAQUE:
            found.node.clear()
        elif not name.startswith(RESERVED):
            found.node.pop(name.removeprefix(WHITEOUT), None)

    def _put(self, layer: int, member: Member, folder: str, name: str) -> None:
        if self._last is None or self._last[0] != folder:
            found = self.find(f"/{folder}", make=True)
            if found is None or not isinstance(found.node, dict):
                raise MalformedFile(f"{self.name}: {member.path}: does not lie in a folder")
            self._last = folder, found.node
        parent, node = self._last[1], None if member.kind == Kind.OTHER else self._node(layer, member)
        if isinstance(node, dict) and isinstance(parent.get(name), dict):
            return
        if isinstance(parent.get(name), dict | str):
            self._last = None
        parent[name] = node

    def _node(self, layer: int, member: Member) -> Node:
        if member.kind == Kind.FOLDER:
            return {}
        if member.kind == Kind.SYMLINK:
            return member.target or None
        if member.kind == Kind.FILE:
            return File(layer, member.offset, member.size, member.executable)
        found = self.find("/" + plain(self.name, member.target), follow=False)
        if found is None or isinstance(found.node, dict):
            raise MalformedFile(f"{self.name}: {member.path}: is a link to {member.target}, which is not a file there")
        return found.node

    def find(self, path: str, *, follow: bool = True, make: bool = False) -> Found | None:
        """What a path leads to; None when nothing is there.

        `follow`: whether a link at its end is gone after. `make`: make the folders that are not there.
        """
        if not path or len(path) >= MAX_PATH:
            return None
        todo, names, nodes, links = path.split("/")[::-1], list[str](), list[Node]([self.root]), 0
        while todo:
            part, node = todo.pop(), nodes[-1]
            self._steps += 1
            if self._steps > MAX_STEPS:
                raise MalformedFile(f"{self.name}: its links lead through too many folders")
            if not isinstance(node, dict):
                return None
            if part in ("", "."):
                continue
            if part == "..":
                del names[-1:]
                del nodes[len(names) + 1 :]
                continue
            if part not in node:
                if not make:
                    return None
                node[part] = {}
            child = node[part]
            if not isinstance(child, str) or not (follow or any(todo)):
                names.append(part)
                nodes.append(child)
                continue
            links += 1
            if links > MAX_LINKS:
                return None
            if child.startswith("/"):
                names, nodes = [], nodes[:1]
            todo.extend(child.split("/")[::-1])
        return Found("/" + "/".join(names), nodes[-1])
