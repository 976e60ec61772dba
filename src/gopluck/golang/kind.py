"""What kind of Go binary a file is: `exe`, `pie`, `test`, `plugin`, `c-shared` or `unknown`."""

from __future__ import annotations

from gopluck.elf.constants import ET_DYN, ET_EXEC, PT_INTERP
from gopluck.elf.image import Image
from gopluck.facts.model import BuildInfo


def kind_of(image: Image, info: BuildInfo | None, pluginpath: str) -> str:
    """The kind, from what the linker wrote (a pluginpath) before what the go command recorded (`-buildmode`)."""
    mode = info.setting("-buildmode") if info else None
    if pluginpath or mode == "plugin":
        return "plugin"
    if mode in ("c-shared", "c-archive"):
        return "c-shared"
    if info is not None and info.path.endswith(".test"):
        return "test"
    if image.header.type == ET_EXEC:
        return "exe"
    if image.header.type == ET_DYN and (mode == "pie" or any(s.type == PT_INTERP for s in image.segments)):
        return "pie"
    return "unknown"
