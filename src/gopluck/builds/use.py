"""`Use`: the module version that a package comes from in one build, and what really is compiled for it."""

from __future__ import annotations

from gopluck.facts.model import ELSEWHERE
from gopluck.golang.records import Module
from gopluck.record import NamedTuple


class Use(NamedTuple):
    """The module that a package comes from in one build."""

    path: str
    version: str
    """The required version; empty for a module without one (a checkout)."""
    replace: Module | None = None
    is_main: bool = False
    sum: str = ""

    @property
    def effective(self) -> tuple[str, str]:
        """What is really compiled: module and version, or the folder of a replacement and an empty version."""
        if self.replace is None:
            return self.path, self.version
        return self.replace.path, released(self.replace.version)

    def agrees(self, other: Use) -> bool:
        """Whether the two compile the same, for all that is known: a manifest may leave out where a folder lies."""
        mine, theirs = self.effective, other.effective
        if mine == theirs or mine[1] or theirs[1]:
            return mine == theirs
        hidden = mine[0].startswith(ELSEWHERE) or theirs[0].startswith(ELSEWHERE)
        return hidden and mine[0].rpartition("/")[2] == theirs[0].rpartition("/")[2]

    @property
    def is_folder(self) -> bool:
        """Whether its code has no version: a checkout, or replaced by a folder."""
        return not self.effective[1]

    @property
    def described(self) -> str:
        """`v1.2.0`, `v1.2.0 => ../fork`, or `a checkout`."""
        own = self.version or "a checkout"
        if self.replace is None:
            return own
        path, version = self.effective
        return f"{own} => {path} {version}".rstrip()


def released(version: str) -> str:
    """A module's version; empty for a checkout."""
    return "" if version == "(devel)" else version
