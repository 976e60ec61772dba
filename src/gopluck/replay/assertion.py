"""`sym.(T)`: whether a host's type assertion holds for what `Lookup` returns (`runtime/iface.go`, `runtime/error.go`).

T is written as people write it, and resolved by the named types that host and plugin have. A name that neither has may
be an alias, which leaves no trace in a file: then nothing is decided.
"""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.facts.model import Binary, Go
from gopluck.golang.importpath import of_prefix
from gopluck.golang.records import NamedType, SymbolType
from gopluck.golang.typematch import EXACT, Answer, Rules, all_of, exact, identical, missing
from gopluck.golang.typetext import method_text, printed
from gopluck.golang.typetree import Function, Interface, Method, Named, Parameters, Pointer, Type, mapped, named_types
from gopluck.record import NamedTuple

ERROR = Interface((Method("", "Error", Function((), (Parameters((), Named("", "string")),))),))

PANIC = "interface conversion: plugin.Symbol is {own}, not {wanted}"
PANIC_METHOD = "interface conversion: {own} is not {wanted}: missing method {method}"


class Decision(NamedTuple):
    """Whether an assertion holds; None: that cannot be known, and `why`."""

    holds: Answer
    wanted: str
    """The type that is asserted, with import paths as far as they are known."""
    missing: tuple[str, ...] = ()
    """Where that is an interface: its methods that the value does not have, and what it has under their names."""
    panic: str = ""
    """What Go prints, where it is certain."""
    why: str = ""


class Assertions:
    """What is asserted of the symbols of one plugin by a host."""

    def __init__(self, host: Binary | None, plugin: Binary) -> None:
        self._host = host.go if host else None
        self._plugin = plugin.go
        self._rules = Rules(self._same, self._same_package)

    def decide(self, symbol: SymbolType, wanted: Type) -> Decision:
        """Whether the value that `Lookup` returns has this type; of a variable also whether that is its own type."""
        interfaces = list(self._interfaces(wanted))
        if interfaces:
            found = [self._implements(symbol, wanted, one, rules) for one, rules in interfaces]
            if all(one.holds == found[0].holds for one in found):
                return found[0]
            return Decision(None, self._full(wanted), why=self._several(wanted))
        answers = [identical(wanted, symbol.type, self._rules)]
        if isinstance(symbol.type, Pointer) and symbol.interface is None:
            answers.append(identical(wanted, symbol.type.element, self._rules))
        if True in answers:
            return Decision(True, self._full(wanted))
        if None in answers:
            return Decision(None, self._full(wanted), why=self._doubt(wanted))
        return Decision(False, self._full(wanted), panic=self._panic(symbol, wanted))

    # -- interfaces -------------------------------------------------------------------------------------------------

    def _interfaces(self, wanted: Type) -> Iterator[tuple[Interface, Rules]]:
        """What is asserted, if that is an interface: more than one where a name has several meanings."""
        if isinstance(wanted, Interface):
            yield wanted, self._rules
        elif wanted == Named("", "error"):
            yield ERROR, EXACT
        elif isinstance(wanted, Named) and wanted.package:
            known = self._known(wanted)
            if any(one.interface is not None for one in known):
                yield from ((one.interface, EXACT) for one in known if one.interface is not None)

    def _implements(self, symbol: SymbolType, wanted: Type, interface: Interface, rules: Rules) -> Decision:
        """By the method set (`itabInit`)."""
        text = self._full(wanted)
        if isinstance(wanted, Named) and any(one.interface is None for one in self._known(wanted)):
            return Decision(None, text, why=self._several(wanted))
        lacking, doubtful = missing(interface, symbol.methods, rules)
        if lacking:
            own = {method.name: method for method in symbol.methods}
            shown = tuple(_lacks(method, own.get(method.name)) for method in lacking)
            asserted = self._short(wanted)
            panic = PANIC_METHOD.format(own=symbol.printed, wanted=asserted, method=lacking[0].name)
            return Decision(False, text, shown, panic if asserted and not doubtful else "")
        return Decision(None, text, why=self._doubt(interface)) if doubtful else Decision(True, text)

    # -- names --------------------------------------------------------------------------------------------------------

    def _find(self, go: Go | None, wanted: Named) -> tuple[NamedType, ...]:
        """The types of a file that may be meant by a name."""
        path = of_prefix(wanted.package)
        found = go.named_types.get(f"{path}.{wanted.name}") or () if go else ()
        return tuple(one for one in found if self._same_arguments(wanted, one.type) is not False)

    def _known(self, wanted: Named) -> tuple[NamedType, ...]:
        """Those of the host, which asserts them; else those of the plugin."""
        return self._find(self._host, wanted) or self._find(self._plugin, wanted)

    def _same(self, wanted: Named, actual: Type) -> Answer:
        """`Rules.names`."""
        if not wanted.package:
            return isinstance(actual, Named) and not actual.package and actual.name == wanted.name
        if isinstance(actual, Named) and actual.package and actual.name == wanted.name:
            hosts = self._find(self._host, wanted)
            answers = [self._same_path(of_prefix(wanted.package), actual, hosts), self._same_arguments(wanted, actual)]
            answer = all_of(answers)
            if answer is not False:
                return all_of((answer, self._same_scope(actual)))
            if self._is_main(actual.package):
                return False
        # What is a type in either file is no alias of another.
        return False if self._known(wanted) else None

    def _same_path(self, path: str, actual: Named, hosts: tuple[NamedType, ...]) -> Answer:
        if "/" in path or self._is_main(actual.package):
            return path == actual.package
        paths = {one.type.package for one in hosts}
        if not paths:
            return path in (actual.package, actual.short or actual.package.rpartition("/")[2])
        if actual.package not in paths:
            return False
        return True if len(paths) == 1 or path == actual.package else None

    def _is_main(self, package: str) -> bool:
        """Whether it is the plugin's package main, which no host can import."""
        return self._plugin is not None and package == of_prefix(self._plugin.pluginpath)

    def _same_arguments(self, wanted: Named, actual: Named) -> Answer:
        if len(wanted.arguments) != len(actual.arguments):
            return False
        pairs = zip(wanted.arguments, actual.arguments, strict=True)
        return all_of(identical(one, two, self._rules) for one, two in pairs)

    def _same_scope(self, actual: Named) -> Answer:
        """Types of functions have the name and path of others, and another hash."""
        name = f"{actual.package}.{actual.name}"
        hosts, plugins = (
            {one.hash for one in (go.named_types.get(name) if go else None) or () if exact(one.type, actual)}
            for go in (self._host, self._plugin)
        )
        if len(hosts) > 1 or len(plugins) > 1:
            return None
        return not (hosts and plugins and hosts != plugins)

    def _same_package(self, wanted: str, actual: str) -> Answer:
        """`Rules.packages`: a package that is not written is the host's main, or the one whose code asserts it."""
        if self._is_main(actual):
            return wanted == actual
        if wanted in ("", "main"):
            return None
        return wanted == actual if "/" in wanted else wanted in (actual, actual.rpartition("/")[2]) or None

    # -- texts --------------------------------------------------------------------------------------------------------

    def _full(self, wanted: Type) -> str:
        def full(one: Named) -> Named:
            paths = {other.type.package for other in self._find(self._host, one)} if one.package else set()
            return one._replace(package=paths.pop()) if len(paths) == 1 else one

        return printed(mapped(wanted, full))

    def _short(self, wanted: Type) -> str:
        """As Go prints it; empty where that is not certain."""
        certain = True

        def short(one: Named) -> Named:
            nonlocal certain
            texts = {other.printed for other in self._known(one)} if one.package else set()
            certain = certain and (not one.package or len(texts) == 1)
            return Named("", texts.pop()) if len(texts) == 1 else one

        text = printed(mapped(wanted, short))
        return text if certain else ""

    def _panic(self, symbol: SymbolType, wanted: Type) -> str:
        """`TypeAssertionError.Error`."""
        asserted = self._short(wanted)
        text = PANIC.format(own=symbol.printed, wanted=asserted)
        if asserted != symbol.printed:
            return text if asserted else ""
        path = self._pkgpath(wanted)
        if path is None:
            return ""
        return f"{text} (types from different {'packages' if path != symbol.pkgpath else 'scopes'})"

    def _pkgpath(self, wanted: Type) -> str | None:
        """`rtype.pkgpath` of what the host asserts. Of a type without a name it is empty, but of a pointer to one."""
        if not isinstance(wanted, Pointer) or not isinstance(wanted.element, Named):
            return ""
        found = {one.pointer_pkgpath for one in self._find(self._host, wanted.element)}
        return found.pop() if len(found) == 1 else None

    def _doubt(self, wanted: Type) -> str:
        """Why an answer is not known, and what would settle it."""
        for one in named_types(wanted):
            if not one.package:
                continue
            name = f"{one.package}.{one.name}"
            if not self._known(one):
                return (
                    f"neither file has a type {name}: write its import path, the type that it is an alias of, "
                    "or the methods of the interface, as in NAME:interface{ Close() error }"
                )
            if len(self._find(self._host, one)) > 1:
                return self._several(one)
        return f"the package of unexported names in {printed(wanted)} is not known"

    def _several(self, wanted: Type) -> str:
        if not isinstance(wanted, Named):
            return ""
        paths = sorted({one.type.package for one in self._known(wanted)})
        name = f"{wanted.package}.{wanted.name}"
        return f"the host has more than one type {name} (of {', '.join(paths[:5])}): write the import path"


def _lacks(method: Method, own: Method | None) -> str:
    """A method that is missing, with what is there under its name."""
    text = method_text(method)
    return f"{text} (it has {method_text(own)})" if own and method_text(own) != text else text
