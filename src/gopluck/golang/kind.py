"""What kind of Go binary a file is: `exe`, `pie`, `test`, `plugin`, `c-archive`, `c-shared` or `unknown`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from gopluck.elf.constants import DF_1_PIE, DT_FLAGS_1, ET_DYN, ET_EXEC, PT_INTERP
from gopluck.elf.dynamic import Dynamic
from gopluck.elf.image import Image
from gopluck.golang.pclntab import Pclntab, contains, names
from gopluck.golang.records import BuildInfo

_TEST_FUNCTION = rb"\0([^\0(]+\.(?:Test|Benchmark|Fuzz|Example)(?:[^a-z\0.(][^\0.(]*)?)(?=\0)"
"""The full name of a function that `go test` takes for a test (`cmd/go/internal/load/test.go`, `isTest`)."""

MAX_TEST_NAME = 1024

TEST_MAIN = b"\0testing.MainStart\0"
"""What the main function of `go test` calls, and no other program (`cmd/go/internal/load/test.go`)."""


def kind_of(dynamic: Dynamic, info: BuildInfo | None, pluginpath: str, tables: Iterable[Pclntab] = ()) -> str:
    """The kind, from what the linker wrote (a pluginpath) before what the go command recorded (`-buildmode`).

    Up to Go 1.17 no settings are recorded, up to 1.20 nothing at all in plugins, and in 1.21 no path in test binaries.
    A c-archive is part of a C program, or of a C library, which is what a c-shared library is.
    """
    image = dynamic.image
    mode = info.setting("-buildmode") if info else None
    if pluginpath or mode == "plugin":
        return "plugin"
    if mode == "c-shared" or (mode == "c-archive" and not _is_program(dynamic)):
        return "c-shared"
    if mode == "c-archive":
        return mode
    if info is not None and info.path.endswith(".test"):
        return "test"
    program = _is_program(dynamic) or (image.header.type == ET_DYN and mode == "pie")
    if program and (info is None or not info.path) and any(contains(image, table, TEST_MAIN) for table in tables):
        return "test"
    if image.header.type == ET_EXEC:
        return "exe"
    if program:
        return "pie"
    # A library of Go code; a plugin whose moduledata was not found would be one, too.
    return "c-shared" if image.header.type == ET_DYN and info is not None and mode is None else "unknown"


def _is_program(dynamic: Dynamic) -> bool:
    """Whether the kernel starts it: a library has no interpreter, as a static program, which says that it is PIE."""
    image = dynamic.image
    starts = any(segment.type == PT_INTERP for segment in image.segments)
    pie = starts or bool(dynamic.tags.get(DT_FLAGS_1, 0) & DF_1_PIE)
    return image.header.type == ET_EXEC or (image.header.type == ET_DYN and pie)


def test_functions(image: Image, tables: Iterable[Pclntab]) -> Iterator[str]:
    """The symbol names of functions that have the name of a test; some more than once."""
    for table in tables:
        for chunk in names(image, table, MAX_TEST_NAME):
            for match in re.finditer(_TEST_FUNCTION, chunk):
                yield match[1].decode("utf-8", "replace")
