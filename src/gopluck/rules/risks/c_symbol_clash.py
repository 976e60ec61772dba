"""`c-symbol-clash`: C code of the plugin's own is replaced by that of a file that was loaded before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gopluck.clean import first_of
from gopluck.facts.model import Binary
from gopluck.golang.records import CFunction
from gopluck.rules.model import Evidence, Link, Rule, Told, go_source, told

SHOWN = 3


def risks(evidence: Evidence) -> Iterator[Told]:
    """By the C functions that the plugin calls by name, and the first file in the process that defines each."""
    elf = evidence.plugin.elf
    groups: dict[str, list[str]] = {}
    for function in (elf.c_functions if elf else None) or ():
        owner = _first(function, _before(evidence))
        if owner is not None:
            groups.setdefault(owner, []).append(function.name)
    for owner, names in groups.items():
        yield _finding(evidence, owner, names)


def _before(evidence: Evidence) -> Iterator[Binary]:
    """The files in the process before the plugin."""
    yield evidence.host
    if evidence.host.library is not None:
        yield evidence.host.library
    yield from evidence.mapped()


def _first(function: CFunction, files: Iterator[Binary]) -> str | None:
    """The path of the file whose definition counts, when it is another package's; None when the plugin's own does."""
    owner = next((file for file in files if file.elf and function.name in file.elf.c_exports), None)
    if owner is None or owner.elf is None:
        return None
    # cgo's wrapper or entry of the same package in both: the same code, as far as its Go files tell.
    forms = ("_cgo_{0}_Cfunc_{1}", "_cgo_{0}_C2func_{1}", "_cgoexp_{0}_{1}")
    same = (form.format(package, function.name) for package in function.packages for form in forms)
    return None if any(name in owner.elf.c_exports for name in same) else owner.path


def _finding(evidence: Evidence, owner: str, names: Sequence[str]) -> Told:
    return told(
        f"the plugin's calls of its C function{'s' if len(names) > 1 else ''} {first_of(names, SHOWN)} go to {owner}, "
        f"which defines {'them' if len(names) > 1 else 'it'}, too",
        "Make the C functions static, or build the plugin with CGO_CFLAGS=-fvisibility=hidden, or rename them.",
        host=owner,
        plugin=evidence.plugin.path,
        symbols=tuple(names),
    )


RULE = Rule(
    slug="c-symbol-clash",
    rank=40,
    title="Two files define one C function: the second silently calls the first's.",
    meaning="The plugin's Go code calls a C function that the plugin brings itself, and the host or a plugin that was "
    "opened before defines a function of that name, too, in another package. The dynamic linker binds the plugin's "
    "calls to the first. Functions of a cgo package that both files have are not named: they are the same.",
    why="Plugins are loaded with RTLD_GLOBAL, and a name is looked up in the host first, then in the plugins in the "
    "order in which they were opened, also in those that were refused. Go's link hashes say nothing about C code. "
    "What only C code calls, C variables, and the libraries that a file needs are not compared.",
    example="Two plugins each bring a C file with `int checksum(void)`: after both are open, both call the one of the "
    "plugin that was opened first.",
    fix="Let C functions be `static` where one file is enough; else build with `CGO_CFLAGS=-fvisibility=hidden`, link "
    "with `-ldflags=-extldflags=-Wl,-Bsymbolic-functions`, or give the names a prefix.",
    links=(Link("glibc elf/dl-lookup.c, _dl_lookup_symbol_x"), go_source("plugin/plugin_dlopen.go, pluginOpen")),
    risks=risks,
)
