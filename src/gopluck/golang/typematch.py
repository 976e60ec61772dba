"""Whether two types are identical (Go specification, "Type identity"), where one of them may not say all of itself.

An answer is True, False, or None: that cannot be known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from gopluck.golang.typetree import (
    Array,
    Channel,
    Field,
    Function,
    Interface,
    Map,
    Method,
    Named,
    Parameters,
    Pointer,
    Struct,
    Type,
)
from gopluck.record import NamedTuple

Answer = bool | None
Names = Callable[[Named, Type], Answer]
Packages = Callable[[str, str], Answer]


MAX_ALIKE = 8
"""Methods of one name in a method set, of those that are looked at."""


class Rules(NamedTuple):
    """What decides about names."""

    names: Names
    """Whether a type is this named one."""
    packages: Packages
    """Whether two packages of unexported names are one."""


def all_of(answers: Iterable[Answer]) -> Answer:
    """False when one is, else None when one is, else True."""
    unknown = False
    for answer in answers:
        if answer is False:
            return False
        unknown = unknown or answer is None
    return None if unknown else True


def identical(wanted: Type, actual: Type, rules: Rules) -> Answer:
    """Whether the two are one type."""
    if isinstance(wanted, Named):
        return rules.names(wanted, actual)
    return all_of(_parts(wanted, actual, rules))


def _parts(wanted: Type, actual: Type, rules: Rules) -> Iterator[Answer]:
    match wanted, actual:
        case (Pointer(one), Pointer(two)):
            yield identical(one, two, rules)
        case (Array(size, one), Array(length, two)):
            yield size == length
            yield identical(one, two, rules)
        case (Map(key, one), Map(other, two)):
            yield identical(key, other, rules)
            yield identical(one, two, rules)
        case (Channel(word, one), Channel(direction, two)):
            yield word == direction
            yield identical(one, two, rules)
        case (Function(), Function()):
            yield from _functions(wanted, actual, rules)
        case (Interface(), Interface()):
            yield from _interfaces(wanted, actual, rules)
        case (Struct(), Struct()):
            yield from _structs(wanted, actual, rules)
        case _:
            yield False


def _functions(wanted: Function, actual: Function, rules: Rules) -> Iterator[Answer]:
    for one, two in ((wanted.parameters, actual.parameters), (wanted.results, actual.results)):
        ours, theirs = _values(one), _values(two)
        yield [variadic for _, variadic in ours] == [variadic for _, variadic in theirs]
        for (mine, _), (yours, _) in zip(ours, theirs, strict=False):
            yield identical(mine, yours, rules)


def _values(entries: tuple[Parameters, ...]) -> list[tuple[Type, bool]]:
    return [(one, entry.variadic) for entry in entries for one in entry.types]


def _interfaces(wanted: Interface, actual: Interface, rules: Rules) -> Iterator[Answer]:
    ours, theirs = ordered(wanted.methods), ordered(actual.methods)
    yield [method.name for method in ours] == [method.name for method in theirs]
    for mine, yours in zip(ours, theirs, strict=False):
        yield _same_package(mine.name, mine.package, yours.package, rules)
        yield identical(mine.signature, yours.signature, rules)


def _structs(wanted: Struct, actual: Struct, rules: Rules) -> Iterator[Answer]:
    ours, theirs = _fields(wanted), _fields(actual)
    yield [(name, tag) for name, tag, _ in ours] == [(name, tag) for name, tag, _ in theirs]
    for (name, _, mine), (_, _, yours) in zip(ours, theirs, strict=False):
        yield _same_package(name or embedded_name(mine.type), mine.package, yours.package, rules)
        yield identical(mine.type, yours.type, rules)


def _fields(found: Struct) -> list[tuple[str, str, Field]]:
    """Each field by its name, with its tag; an embedded one has no name."""
    from gopluck.golang.typetext import tag_of

    return [(name, tag_of(field.tag), field) for field in found.fields for name in field.names or ("",)]


def embedded_name(found: Type) -> str:
    """The name of an embedded field."""
    element = found.element if isinstance(found, Pointer) else found
    return element.name if isinstance(element, Named) else ""


def _same_package(name: str, wanted: str, actual: str, rules: Rules) -> Answer:
    return True if exported(name) else rules.packages(wanted, actual)


def exported(name: str) -> bool:
    """Whether a name begins with a capital letter (`token.IsExported`)."""
    return name[:1].isupper()


def ordered(methods: Iterable[Method]) -> list[Method]:
    """Methods as Go sorts them: exported ones first."""
    return sorted(methods, key=lambda one: (not exported(one.name), one.name, one.package))


def missing(wanted: Interface, methods: Iterable[Method], rules: Rules) -> tuple[list[Method], bool]:
    """The methods of an interface that a method set does not have, as Go meets them; and whether others may lack."""
    own: dict[str, list[Method]] = {}
    for method in methods:
        # Unexported methods of several packages can have one name.
        if len(alike := own.setdefault(method.name, [])) < MAX_ALIKE:
            alike.append(method)
    lacking, doubtful = [], False
    for method in ordered(wanted.methods):
        answers = [
            all_of(
                (
                    _same_package(method.name, method.package, one.package, rules),
                    identical(method.signature, one.signature, rules),
                )
            )
            for one in own.get(method.name, ())
        ]
        if True not in answers:
            doubtful = doubtful or None in answers
            if None not in answers:
                lacking.append(method)
    return lacking, doubtful


def exact(wanted: Named, actual: Type) -> Answer:
    """`Rules.names` for types that both come from a file's type data: they have their paths."""
    return (
        isinstance(actual, Named)
        and (wanted.package, wanted.name) == (actual.package, actual.name)
        and len(wanted.arguments) == len(actual.arguments)
        and all_of(identical(one, two, EXACT) for one, two in zip(wanted.arguments, actual.arguments, strict=True))
        is True
    )


EXACT = Rules(exact, lambda one, two: one == two)
