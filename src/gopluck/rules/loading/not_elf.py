"""`not-elf`: the file is no ELF file."""

from __future__ import annotations

from collections.abc import Mapping

from gopluck.loader.answer import Failure
from gopluck.rules.model import Evidence, Link, Rule, by_failure

FORMATS = {
    "mach-o": "a Mach-O file, built for macOS",
    "pe": "a Windows file",
    "ar": "an archive of object files",
    "empty": "an empty file",
    "directory": "a directory",
    "text": "a text file",
    "data": "no ELF file",
}


def words(evidence: Evidence, found: Mapping[str, str]) -> tuple[str, str, str]:
    """By the first bytes of the file."""
    what = FORMATS.get(evidence.plugin.format, "no ELF file")
    fix = "Copy or build the file again, on Linux, with -buildmode=plugin."
    return f"{evidence.file} is {what}", fix, f"it is {what}"


RULE = Rule(
    slug="not-elf",
    rank=10,
    title="The file is not an ELF file.",
    meaning="The dynamic linker found no ELF header: the file is empty, text, or made for another operating system.",
    why="`plugin.Open` gives the path to `dlopen`, which accepts only ELF shared objects.",
    example="A download that saved an HTML error page as auth.so: `invalid ELF header`; an interrupted copy: `file "
    "too short`. An archive that `go build -buildmode=c-archive` (or a non-main package) made.",
    fix="Copy or build the file again, on Linux, with `go build -buildmode=plugin`.",
    links=(Link("glibc elf/dl-load.c, open_verify"), Link("src/plugin/plugin_dlopen.go, open")),
    ends=by_failure(words),
    failures=frozenset({Failure.NOT_ELF}),
)
