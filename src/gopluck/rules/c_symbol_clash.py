"""`c-symbol-clash`: C code of the plugin's own is replaced by that of a file that was loaded before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gopluck.facts.model import Binary, CFunction
from gopluck.report.model import Finding
from gopluck.rules.model import Evidence, Link, Rule

SHOWN = 3


def risks(evidence: Evidence) -> Iterator[Finding]:
    """By the C functions that the plugin calls by name, and the first file in the process that defines each."""
    elf = evidence.plugin.elf
    groups: dict[str, list[str]] = {}
    for function in elf.c_functions or () if elf else ():
        owner = _first(function, evidence)
        if owner is not None:
            groups.setdefault(owner, []).append(function.name)
    for owner, names in groups.items():
        yield _finding(evidence, owner, names)


def _first(function: CFunction, evidence: Evidence) -> str | None:
    """The path of the file whose definition counts, when it is another package's; None when the plugin's own does."""
    files = [evidence.host]
    for opened in evidence.earlier:
        mapped = opened.outcome.dlopen is not None and opened.outcome.dlopen.status == "loaded"
        if mapped and opened.binary is not None:
            files.append(opened.binary)
    for file in files:
        known = _defined(file).get(function.name)
        if known is not None:
            # The same package in both: the same code, as far as its Go files tell.
            return None if set(known.packages) & set(function.packages) else file.path
    return None


def _defined(file: Binary) -> Mapping[str, CFunction]:
    """The C functions that a file defines, of those that were looked for."""
    if file.elf is None:
        return {}
    if file.elf.c_defined is not None:
        return {one.name: one for one in file.elf.c_defined}
    names = file.elf.c_exports or frozenset()
    out: dict[str, CFunction] = {}
    for wrapper in names:
        start, _, rest = wrapper.partition("_Cfunc_")
        if start.startswith("_cgo_") and rest in names:
            packages = out[rest].packages if rest in out else ()
            out[rest] = CFunction(rest, (*packages, start.removeprefix("_cgo_")))
        elif wrapper.startswith("_cgoexp_") and len(wrapper) > 21 and wrapper[21:] in names:
            packages = out[wrapper[21:]].packages if wrapper[21:] in out else ()
            out[wrapper[21:]] = CFunction(wrapper[21:], (*packages, wrapper[8:20]))
    return {name: out.get(name, CFunction(name, ())) for name in names} if names else {}


def _finding(evidence: Evidence, owner: str, names: Sequence[str]) -> Finding:
    shown = ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
    return Finding(
        "c-symbol-clash",
        "risk",
        f"the plugin's calls of its C function{'s' if len(names) > 1 else ''} {shown} go to {owner}, which defines "
        f"{'them' if len(names) > 1 else 'it'}, too",
        (),
        {"host": owner, "plugin": evidence.plugin.path, "symbols": tuple(names)},
        "Make the C functions static, or build the plugin with CGO_CFLAGS=-fvisibility=hidden, or rename them.",
    )


RULE = Rule(
    slug="c-symbol-clash",
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
    links=(
        Link("glibc elf/dl-lookup.c, _dl_lookup_symbol_x"),
        Link("src/plugin/plugin_dlopen.go, pluginOpen", "https://go.dev/src/plugin/plugin_dlopen.go"),
    ),
    risks=risks,
)
