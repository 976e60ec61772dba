"""What a host asserts, compared with what a plugin exports, where neither is a file."""

from __future__ import annotations

import pytest

from gopluck.facts.model import Binary, Go, Identity
from gopluck.golang.records import AssertedType, ExportedSymbol, LookedUp, SymbolType
from gopluck.golang.typesyntax import parse
from gopluck.golang.typetree import Interface
from gopluck.replay.lookedup import misfits, missing_names
from gopluck.replay.process import Outcome
from gopluck.result.verdict import Verdict
from gopluck.rules.model import Evidence
from gopluck.rules.risks.lookup_missing import risks


def host(*lookups: LookedUp) -> Go:
    return Go("exe", "go1.27.3", None, "dlopen", True, True, "", (), {}, lookups=lookups)


def plugin(*symbols: ExportedSymbol) -> Go:
    return Go("plugin", "go1.27.3", None, "none", False, True, "example.com/plug", (), {}, exported=symbols)


def looked(name: str, *types: str, function: str = "main.main") -> LookedUp:
    return LookedUp(name, function, tuple(map(AssertedType, types)))


NEW = ExportedSymbol("New", "func", "func(api.Conf) error")
CONFIG = ExportedSymbol("Config", "var", "api.Conf")

CASES = {
    "the type": ((looked("New", "func(example.com/api.Conf) error"),), []),
    "another type": ((looked("New", "func() error"),), ["New"]),
    "one of several types": ((looked("New", "func()", "func(example.com/api.Conf) error"),), []),
    "none of several types": ((looked("New", "func()", "func() error"),), ["New"]),
    "two kinds of plugin": ((looked("New", "func()"), looked("New", "func(example.com/api.Conf) error")), []),
    "two kinds, and neither": ((looked("New", "func()"), looked("New", "func(int)", function="main.old")), ["New"]),
    "a pointer to the variable": ((looked("Config", "*example.com/api.Conf"),), []),
    "the variable's own type": ((looked("Config", "example.com/api.Conf"),), ["Config"]),
    "a pointer too many": ((looked("Config", "**example.com/api.Conf"),), ["Config"]),
    "no type": ((looked("New"), looked("Config")), []),
    "a name that the plugin does not have": ((looked("Other", "func()"),), []),
    "what is no type": ((looked("New", "func("),), []),
    "a computed name": ((looked("", "func()"),), []),
}


@pytest.mark.parametrize(("lookups", "wrong"), CASES.values(), ids=CASES)
def test_an_assertion_that_fails_is_told(lookups: tuple[LookedUp, ...], wrong: list[str]) -> None:
    assert [one.lookup.name for one in misfits(host(*lookups), plugin(NEW, CONFIG), ())] == wrong
    assert list(misfits(host(*lookups), plugin(NEW, CONFIG), ("New", "Config"))) == []


def test_names_that_are_missing_come_with_their_functions() -> None:
    lookups = (looked("New"), looked("Stop", function="example.com/gw/plug.(*Loader).close"), looked("Stop"))
    assert missing_names(host(*lookups), plugin(NEW), ()) == {"Stop": ["plug.(*Loader).close", "main.main"]}
    assert missing_names(host(*lookups), plugin(NEW), ("Stop",)) == {}
    assert missing_names(host()._replace(lookups=None), plugin(), ()) == {}


MANY = "what the host needs of them"


@pytest.mark.parametrize(
    ("lookups", "shown", "fix"),
    [
        ((looked("Stop"),), "Stop (in main.main)", "it"),
        ((looked("Stop"), looked("Stop", function="plug.load")), "Stop (in main.main, …)", "it"),
        (tuple(map(looked, "ABCDEF")), "A, B, C, D, E and 1 more (in main.main)", MANY),
        (tuple(map(looked, "ABCDE")), "A, B, C, D, E (in main.main)", MANY),
    ],
)
def test_a_missing_name_is_told_with_the_function_that_looks_it_up(
    lookups: tuple[LookedUp, ...], shown: str, fix: str
) -> None:
    one, two = (Binary("f", 1, Identity("/f", "1"), "elf", go=go) for go in (host(*lookups), plugin(NEW)))
    (told,) = risks(Evidence(one, two, Outcome(Verdict.LOADS)))
    assert told.message.startswith(f"the host looks up {shown}, which the plugin does not export:")
    assert told.fix == f"Export {fix} from the plugin's package main."


NAMER = "interface { Name() string }"
TYPED = {
    "the type": (AssertedType("*example.com/api.Conf"), None),
    "another type": (AssertedType("*example.com/other/api.Conf"), ()),
    "an interface that it has": (AssertedType("example.com/api.Namer", NAMER), None),
    "an interface that it lacks": (
        AssertedType("example.com/api.Closer", "interface { Close() error }"),
        ("Close() error",),
    ),
    "an interface that cannot be read": (AssertedType("example.com/api.Closer", "interface {"), None),
    "no interface at all": (AssertedType("example.com/api.Closer", "int"), None),
}


@pytest.mark.parametrize(("asserted", "lacks"), TYPED.values(), ids=TYPED)
def test_with_type_data_an_interface_is_asserted_of_the_method_set(
    asserted: AssertedType, lacks: tuple[str, ...] | None
) -> None:
    namer = parse(NAMER)
    assert isinstance(namer, Interface)
    own = SymbolType(parse("*example.com/api.Conf"), "*api.Conf", namer.methods, "", None)
    found = list(
        misfits(
            host(LookedUp("Config", "main.main", (asserted,))),
            plugin(CONFIG)._replace(symbol_types={"Config": own}),
            (),
        )
    )
    assert [(one.returned, one.lacks) for one in found] == ([] if lacks is None else [("*example.com/api.Conf", lacks)])
