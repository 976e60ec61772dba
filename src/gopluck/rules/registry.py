"""The rules: the files of the folders here, each with one `RULE`; the folder is the kind.

A kind is imported when it is asked for: a plugin that loads needs none of the forty files about failing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import import_module
from itertools import chain
from os import listdir
from typing import TYPE_CHECKING

from gopluck.record import StrEnum
from gopluck.rules.model import Rule, Trait

if TYPE_CHECKING:
    from gopluck.builds.support import Lack
    from gopluck.loader.answer import Failure


class Kind(StrEnum):
    """What a rule is about, in the order in which findings are named."""

    LOADING = "loading"
    """The file cannot be loaded at all."""
    RUNTIME = "runtime"
    """It is loaded, and the runtime refuses it, whatever its packages are."""
    CAUSE = "causes"
    """Why a package differs between two builds."""
    LOOKUP = "lookup"
    """The plugin loads, and lacks what the host looks up in it."""
    RISK = "risks"
    """It loads, and is dangerous all the same."""
    HARMLESS = "harmless"
    """A difference that is never the reason. A cause that does not matter in a set is called harmless there, too."""


@cache
def rules(kind: Kind) -> tuple[Rule, ...]:
    """The rules of a kind, the strongest first."""
    return tuple(one for one in asked(kind) if kind_of(one.slug) == kind)


@cache
def asked(kind: Kind) -> tuple[Rule, ...]:
    """The same with those of other kinds that are asked with them: their files here only name them."""
    found = [import_module(f"{__package__}.{kind}.{name}").RULE for name in _names(kind)]
    return tuple(sorted(found, key=lambda rule: (rule.rank, rule.slug)))


@cache
def _names(kind: Kind) -> tuple[str, ...]:
    folder = f"{__file__.rpartition('/')[0]}/{kind}"
    try:
        files = listdir(folder)  # noqa: PTH208 (pathlib costs time at every start)
        return tuple(sorted(name[:-3] for name in files if name.endswith(".py") and name[0] != "_"))
    except NotADirectoryError:  # in an archive
        from pkgutil import iter_modules

        return tuple(found.name for found in iter_modules([folder]))


@cache
def rule(slug: str) -> Rule:
    """The rule with this slug; imports that one only. Raises `KeyError` when there is none."""
    found: Rule = import_module(f"{__package__}.{kind_of(slug)}.{_module(slug)}").RULE
    return found


@cache
def kind_of(slug: str) -> Kind:
    """The kind of a rule. Raises `KeyError` when there is none of this slug."""
    for kind in Kind:
        if _module(slug) in _names(kind) and "_" not in slug:
            return kind
    raise KeyError(slug)


def _module(slug: str) -> str:
    return slug.replace("-", "_")


def registry() -> Mapping[str, Rule]:
    """Every rule by its slug, in the order of findings."""
    found = {one.slug: one for kind in Kind for one in rules(kind)}
    return {slug: found[slug] for slug in sorted(found, key=strength)}


def strength(slug: str) -> tuple[int, int, str]:
    """A key by which findings are sorted: the strongest first. Whatever ends an Open has one order of ranks."""
    kind = kind_of(slug)
    return list(Kind).index(Kind.LOADING if kind == Kind.RUNTIME else kind), rule(slug).rank, slug


@cache
def with_trait(trait: Trait) -> frozenset[str]:
    """The slugs of the causes that have a trait."""
    return frozenset(one.slug for one in rules(Kind.CAUSE) if trait in one.traits)


def named(trait: Trait) -> str:
    """The slug of the only cause with a trait."""
    (slug,) = with_trait(trait)
    return slug


def lacking(lack: Lack) -> Rule:
    """The rule about what a host lacks."""
    return next(one for one in _endings() if one.lack == lack)


def explaining(failure: Failure) -> Rule:
    """The rule about a failure of the loader."""
    return next(one for one in _endings() if failure in one.failures)


def _endings() -> Iterator[Rule]:
    return chain(rules(Kind.LOADING), rules(Kind.RUNTIME))


def has_trait(slugs: Iterable[str], trait: Trait) -> bool:
    """Whether one of the rules, whatever their kind, has a trait."""
    return any(trait in rule(slug).traits for slug in slugs)
