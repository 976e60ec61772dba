"""The entry points of a new plugin: what the user or the host's code says of them, and the Go declarations of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from gopluck.builds.build import Build
from gopluck.builds.source import is_std
from gopluck.errors import Usage
from gopluck.facts.model import Binary
from gopluck.golang.records import AssertedType
from gopluck.golang.typesyntax import NotATypeError
from gopluck.golang.typesyntax import parse as parse_type
from gopluck.golang.typetree import (
    Array,
    Channel,
    Function,
    Interface,
    Map,
    Method,
    Named,
    Parameters,
    Pointer,
    Struct,
    Type,
    named_types,
    parts,
)
from gopluck.record import NamedTuple
from gopluck.remedy import grammar

Names = Callable[[str], str]
"""The name under which a package is imported."""


def parse(text: str) -> Type:
    """A type that a source file can have. Raises `Usage` with what is wrong with it."""
    try:
        found = parse_type(text)
        for package in packages(found):
            if not grammar.import_path(package):
                raise NotATypeError(f"{package!r} cannot be imported")
    except NotATypeError as error:
        shown = text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
        raise Usage(f"{shown!r} is not a Go type: {error}") from None
    return found


LONGEST_SHOWN = 200
"""Characters of a text that is no type."""


def packages(found: Type) -> tuple[str, ...]:
    """What stands before the dot of names, in order: import paths, or packages' names. Raises `NotATypeError`."""
    if any(isinstance(one, Interface | Struct) and one[0] for one in parts(found)):
        raise NotATypeError("a type with methods or fields needs a name: write PACKAGE.NAME")
    return tuple(dict.fromkeys(one.package for one in named_types(found) if one.package))


def source(found: Type, names: Names) -> str:
    """The type as it stands in a file."""
    match found:
        case Named(package, name, arguments):
            text = f"{names(package)}.{name}" if package else name
            return text + (f"[{', '.join(source(one, names) for one in arguments)}]" if arguments else "")
        case Pointer(element):
            return "*" + source(element, names)
        case Array(length, element):
            return f"[{'' if length is None else length}]{source(element, names)}"
        case Map(key, element):
            return f"map[{source(key, names)}]{source(element, names)}"
        case Channel(word, element):
            text = source(element, names)
            return f"{word} ({text})" if word == "chan" and text.startswith("<-") else f"{word} {text}"
        case Function(parameters, results):
            return f"func({_listed(parameters, names)}){_results(results, names)}"
        case Interface():
            return "interface{}"
        case Struct():
            return "struct{}"


def values(entries: tuple[Parameters, ...]) -> tuple[Type, ...]:
    """The type of each value of a list of parameters or results."""
    return tuple(one for entry in entries for one in entry.types)


def _results(results: tuple[Parameters, ...], names: Names) -> str:
    if not results:
        return ""
    text = _listed(results, names)
    return f" {text}" if len(values(results)) == 1 and not results[0].names else f" ({text})"


def _listed(entries: tuple[Parameters, ...], names: Names) -> str:
    return ", ".join(
        " ".join(filter(None, (", ".join(entry.names), ("..." if entry.variadic else "") + source(entry.type, names))))
        for entry in entries
    )


EXAMPLE = "Hello:func(name string) string"
"""The entry point of a project for which none was named."""


class Symbol(NamedTuple):
    """An entry point: what the host looks up."""

    name: str
    type: Type
    methods: tuple[Method, ...] = ()
    """Of a variable whose type is written for it: the methods that it needs."""

    @property
    def packages(self) -> tuple[str, ...]:
        """The packages that its declaration names."""
        kinds: list[Type] = [one.signature for one in self.methods]
        return tuple(dict.fromkeys(package for one in kinds or [self.type] for package in packages(one)))


def symbol(text: str) -> Symbol:
    """`NAME:TYPE` of the command line. Raises `Usage`."""
    name, colon, kind = text.partition(":")
    if not colon:
        raise Usage(f"--symbol {text!r}: wants NAME:TYPE, as in 'Allow:func(string) bool'")
    if not exported(name):
        what = "is not an exported name: write an identifier that begins with a capital letter"
        raise Usage(f"--symbol {text!r}: {name!r} {what}")
    try:
        return Symbol(name, parse(kind))
    except Usage as error:
        raise Usage(f"--symbol {text!r}: {error}") from None


def exported(name: str) -> bool:
    """Whether it is an identifier that begins with a capital letter."""
    return re.fullmatch(r"[^\W\d_]\w*", name) is not None and name[0].isupper()


def imports(host: Build, symbols: Sequence[Symbol]) -> dict[str, str]:
    """The packages that the types of entry points name, each with the name under which it is imported.

    A name without a path stands for the one package of the host that ends so. Raises `Usage`.
    """
    out: dict[str, str] = {}
    for one in symbols:
        for given in one.packages:
            path = _resolved(host, given, one)
            name = package_name(path)
            taken = [other for other, used in out.items() if used == name and other != path]
            out[path] = f"{name}{len(taken) + 1}" if taken else name
    return out


def _resolved(host: Build, given: str, one: Symbol) -> str:
    known = host.binary.go.link_hashes if host.binary.go else {}
    if given in known or "/" in given or "." in given:
        return given
    found = [path for path in sorted(known) if package_name(path) == given and "internal" not in path.split("/")]
    found = [path for path in found if grammar.import_path(path)]
    std = [path for path in found if is_std(path) and host.use(path) is None]
    if len(found) != 1 and len(std) != 1:
        what = f"could be {', '.join(found)}" if found else "is not a package of the host"
        raise Usage(f"--symbol {one.name}: {given} {what}: write the import path before the dot")
    return found[0] if len(found) == 1 else std[0]


def package_name(path: str) -> str:
    """The name that a package of this path has by custom: the last part, without a version."""
    last = re.sub(r"/v\d+$", "", path).rpartition("/")[2]
    return re.sub(r"\W", "", re.sub(r"\.v\d+$|^go-|[.-]go$", "", last)) or "pkg"


def import_lines(names: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """The import lines of the standard library, and the others, as gofmt has them."""
    lines = {
        path: f'"{path}"' if path.rpartition("/")[2] == name else f'{name} "{path}"'
        for path, name in sorted(names.items())
    }
    std = [line for path, line in lines.items() if is_std(path)]
    return std, [line for path, line in lines.items() if not is_std(path)]


def declaration(one: Symbol, names: Mapping[str, str]) -> str:
    """The Go declaration of an entry point, which compiles as it is."""

    def named(given: str) -> str:
        return names.get(given) or next(name for path, name in names.items() if package_name(path) == given)

    text = source(one.type, named)
    if one.methods:
        methods = "\n\n".join(_method(text, method, named) for method in one.methods)
        comment = f"// {one.name} is looked up by the host, for its methods."
        return f"{comment}\nvar {one.name} {text}\n\ntype {text} struct{{}}\n\n{methods}"
    if not isinstance(one.type, Function):
        return f"// {one.name} is looked up by the host.\nvar {one.name} {text}"
    header = f"func {one.name}{text.removeprefix('func')}"
    return f"// {one.name} is called by the host.\n{header}{_body(header, one.type, named)}"


def _method(receiver: str, method: Method, names: Names) -> str:
    header = f"func (*{receiver}) {method.name}{source(method.signature, names).removeprefix('func')}"
    return header + _body(header, method.signature, names)


def _body(header: str, function: Function, names: Names) -> str:
    """The rest of a function, as gofmt has it: it returns zero values."""
    zeros = ", ".join(zero(source(result, names)) for result in values(function.results))
    if zeros:
        return f" {{\n\treturn {zeros}\n}}"
    return " {}" if len(header) <= ONE_LINE else " {\n}"


ONE_LINE = 100
"""Characters of a function that gofmt leaves in one line (`go/printer`, `funcBody`)."""


NUMBERS = re.compile(r"u?int(8|16|32|64|ptr)?|float(32|64)|complex(64|128)|byte|rune|uintptr")


def zero(kind: str) -> str:
    """The zero value of a type, as people write it."""
    if kind == "string":
        return '""'
    if kind == "bool":
        return "false"
    if NUMBERS.fullmatch(kind):
        return "0"
    if kind in ("error", "any", "interface{}") or kind.startswith(("*", "[]", "map[", "func(", "chan", "<-chan")):
        return "nil"
    return f"*new({kind})"


# -- what the code of a host looks up (`golang.lookups`) ---------------------------------------------------------------

MAX_WANTED = 64
"""Names that are scaffolded."""


def entry_points(host: Binary) -> tuple[list[Symbol], list[str]]:
    """What can be declared, and comments about the rest: a type that the code does not show, or none can write."""
    names: dict[str, list[AssertedType]] = {}
    for one in host.go.lookups or () if host.go else ():
        if exported(one.name):
            names.setdefault(one.name, []).extend(one.types)
    symbols, comments = [], []
    for name, types in list(names.items())[:MAX_WANTED]:
        # Functions are what most hosts want.
        types.sort(key=lambda one: not one.type.startswith("func"))
        found = next((made for one in types if (made := _symbol(name, one)) is not None), None)
        if found is not None:
            symbols.append(found)
        else:
            why = "its type cannot be written here" if types else "its code does not show with which type"
            comments.append(f"// {name} is looked up by the host: {why}.")
    return symbols, comments


def _symbol(name: str, asserted: AssertedType) -> Symbol | None:
    """What has to be exported for an assertion to hold; None when no source file can say that."""
    try:
        if asserted.interface:
            interface = parse_type(asserted.interface)
            methods = interface.methods if isinstance(interface, Interface) else ()
            for method in methods:
                packages(method.signature)
            fits = methods and all(exported(one.name) and _nameable(one.signature) for one in methods)
            return Symbol(name, Named("", f"{name[0].lower()}{name[1:]}Impl"), methods) if fits else None
        found = parse(asserted.type)
    except (NotATypeError, Usage):
        return None
    # Of a variable, Lookup returns a pointer.
    if isinstance(found, Pointer) and not isinstance(found.element, Function):
        found = found.element
    elif not isinstance(found, Function):
        return None
    return Symbol(name, found) if _nameable(found) else None


def _nameable(found: Type) -> bool:
    """Whether a plugin can name all types that a type is made of: those of package main and of internal ones not."""
    return all(
        exported(one.name) and one.package != "main" and "internal" not in one.package.split("/")
        for one in named_types(found)
        if one.package
    )
