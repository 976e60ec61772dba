"""`--symbol`: what `Lookup` says, on every symbol that was really looked up; and Go types as people write them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from click.testing import CliRunner

import recorded
from fixtures import pace
from fixtures.oracle.codec import from_json
from fixtures.oracle.paths import SOURCES
from fixtures.samples.archive import unpack
from fixtures.scenarios.kit import MIDDLE, NEWEST, OLDEST
from gopluck.cli.main import main
from gopluck.explainer.engine import explain
from gopluck.facts.model import Binary, Go, Identity
from gopluck.golang.records import ExportedSymbol, NamedType, SymbolType
from gopluck.golang.typetext import NotATypeError, normalise, same
from gopluck.golang.typetree import Function, Interface, Method, Named, Pointer
from gopluck.replay.assertion import Assertions
from gopluck.replay.ends import End
from gopluck.replay.lookup import Symbol, look_up, parse
from gopluck.replay.process import Lookup, OpenRequest, Outcome, replay
from gopluck.result.check import Finding
from gopluck.result.verdict import Stage, Verdict


def _looked_up() -> Iterator[tuple[recorded.Set, int, list[dict[str, Any]]]]:
    """(set, open, what Go answered) of each plugin in which something was really looked up.

    The hosts of `process` write there what their plugins did; of those that are `beyond` no file tells that they load.
    """
    for path in recorded.families():
        if any(one["lookups"] for one in recorded.family(path)["sets"]):
            for one in recorded.sets(path):
                told = one.raw["family"] != "process" and not recorded.beyond(one)
                for index, outcome in enumerate(one.raw["outcome"]):
                    if outcome.get("lookups") and told:
                        yield one, index, outcome["lookups"]


SETS = list(_looked_up())
REPLAYED = {one.name: replay(one.host, one.requests, one.system) for one, _, _ in SETS}


def outcome(one: recorded.Set, index: int, *symbols: Symbol) -> Outcome:
    """How an Open of a recorded set ends with these lookups."""
    return look_up(one.requests, REPLAYED[one.name], symbols)[index]


def test_many_symbols_were_really_looked_up() -> None:
    assert sum(len(answers) for _, _, answers in SETS) > 700


def test_each_lookup_says_what_go_said() -> None:
    wrong = []
    for one, index, answers in SETS:
        for answer in answers:
            found = outcome(one, index, Symbol(answer["symbol"]))
            said = found.error or ""
            effect = ("fails", "lookup", "error") if answer["text"] else ("loads", None, None)
            if said != answer["text"] or (found.verdict, found.stage, found.effect) != effect:
                wrong.append((one.name, answer, found))
    assert wrong == []


def test_the_type_that_go_prints_fits_and_no_other_of_the_same_plugin_does() -> None:
    wrong = []
    for one, index, answers in SETS:
        types = {answer["type"] for answer in answers if answer["type"]}
        for answer in answers if one.name.endswith((OLDEST, NEWEST)) else ():
            for text in types if answer["type"] else ():
                found = outcome(one, index, parse(f"{answer['symbol']}:{text}"))
                # Lookup gives a pointer to a variable; the variable's own type fits as well.
                fits = text in (answer["type"], answer["type"].removeprefix("*"))
                if (found.verdict == "loads") != fits or (not fits and (found.stage, found.error) != ("lookup", None)):
                    wrong.append((one.name, answer, text, found.verdict))
    assert wrong == []


def test_the_first_missing_symbol_gives_the_text_and_all_are_explained() -> None:
    one, index, _ = next(row for row in SETS if row[0].name == "symbols/shapes@1.27.3")
    symbols = [Symbol("Start"), Symbol("Nope"), Symbol("Level", "int"), Symbol("Serve")]
    found = outcome(one, index, *symbols)
    assert found.error == "plugin: symbol Nope not found in plugin example.com/shapes"
    findings = explain(one.host, one.requests, [found])[0].findings
    rules = [(finding.rule, finding.role, finding.message) for finding in findings if finding.role == "cause"]
    assert rules == [
        ("symbol-missing", "cause", "the plugin exports no Nope"),
        (
            "symbol-missing",
            "cause",
            "the plugin exports no Serve: it is a method of Server, and methods cannot be looked up",
        ),
        ("symbol-type", "cause", "Level is a variable of type main.level, so that Lookup returns *main.level, not int"),
    ]


def test_a_plugin_that_is_refused_is_not_looked_into() -> None:
    path = next(path for path in recorded.families() if path.name.startswith("symbols."))
    one = next(one for one in recorded.sets(path) if one.name.startswith("symbols/unnamed-other-greet"))
    plain = replay(one.host, one.requests, one.system)
    assert look_up(one.requests, plain, [Symbol("Nope")]) == plain


def test_a_file_that_is_open_already_is_looked_into_as_it_was_opened() -> None:
    """Whatever lies under its path by now, Go has the first."""
    same, others = 0, 0
    for name in ("sessions", "replaced", "process"):
        for one in recorded.sets(recorded.RECORDED / f"{name}.json.xz"):
            outcomes = replay(one.host, one.requests, one.system)
            opened = [request.binary.go for request in one.requests if request.binary and request.binary.go]
            symbols = [Symbol(symbol.name) for go in opened for symbol in go.exported]
            looked = look_up(one.requests, outcomes, [*symbols, Symbol("Nope")])
            for index, outcome in enumerate(outcomes):
                if outcome.verdict == Verdict.LOADS and outcome.other:
                    assert looked[index].lookups == looked[outcome.other - 1].lookups
                    same += 1
                    others += outcome.other <= index and looked[outcome.other].lookups != looked[index].lookups
    assert (same > 10, others > 0) == (True, True)


# -- what a name is that is not found ----------------------------------------------------------------------------------

SHAPES = (SOURCES / "plugins/shapes/main.go").read_text()


def written(name: str) -> str | None:
    """What a name is in the source of the shapes plugin."""
    for pattern, what in (
        (rf"^func {name}\[", "generic func"),
        (rf"^func {name}\(", "func"),
        (rf"^func \(\w+ \*?(\w+)[^)]*\) {name}\(", "method"),
        (rf"^type {name}\[", "generic type"),
        (rf"^type {name} ", "type"),
        (rf"^\t{name} ", "var"),
        (rf"^const {name} ", "const"),
    ):
        if match := re.search(pattern, SHAPES, re.MULTILINE):
            return f"method of {match[1]}" if what == "method" else what
    return None


INLINED = {"Make"}
"""Every call of it is inlined: no name is left."""


@pytest.mark.parametrize("version", [OLDEST, MIDDLE, NEWEST])
def test_a_name_that_is_not_found_is_what_the_source_says(version: str) -> None:
    one, index, answers = next(row for row in SETS if row[0].name == f"symbols/shapes@{version}")
    binary = one.requests[index].binary
    assert binary is not None
    assert binary.go is not None
    names = [answer["symbol"] for answer in answers if answer["text"]]
    known = {name: binary.go.declared.get(name) for name in names}
    assert known == {name: None if name in INLINED or written(name) == "const" else written(name) for name in names}


NOTHING = Function((), ())
GO = Go("plugin", "go1.27.3", None, "none", True, True, "example.com/p", (), {})


def missing(name: str, exported: str = "", **declared: str) -> Finding:
    """What is said to a name that a plugin with these names does not export."""
    symbols = tuple(ExportedSymbol(one, "func", "func()") for one in exported.split())
    plugin = Binary("p.so", 1, Identity("/p.so", "1:1"), "elf", go=GO._replace(exported=symbols, declared=declared))
    request = OpenRequest("p.so", plugin)
    looked = look_up([request], [Outcome(Verdict.LOADS)], [Symbol(name)])
    assert looked[0].error == f"plugin: symbol {name} not found in plugin example.com/p"
    (finding,) = explain(plugin, [request], looked)[0].findings
    assert (finding.rule, finding.role) == ("symbol-missing", "cause")
    return finding


@pytest.mark.parametrize(
    ("said", "message", "fix"),
    [
        (lambda: missing("New"), "the plugin exports no New, nor anything else", "Export New"),
        (lambda: missing("New", "Open"), "the plugin exports no New", "Export New"),
        (lambda: missing("NewHandlr", "NewHandler Other"), "near to it is NewHandler", "Look up NewHandler"),
        (lambda: missing("newhandler", "NewHandler"), "near to it is NewHandler", "Look up NewHandler"),
        (lambda: missing("new", "Other", new="func"), "it is a function, but not exported", "such as New"),
        (lambda: missing("_level", "Other", _level="var"), "it is a variable, but not exported", "such as Level"),
        (lambda: missing("New", "Other", new="func"), "its function new is not exported", "Rename new to New"),
        (lambda: missing("New", "Other", new="type"), "the plugin exports no New", "Export New"),
        (lambda: missing("Server", "Other", Server="type"), "it is a type", "a function that makes a Server"),
        (
            lambda: missing("Serve", "Other", Serve="method of Server"),
            "a method of Server",
            "a variable of type Server",
        ),
        (lambda: missing("Make", "Other", Make="generic func"), "it is a generic function", "MakeInt = Make[int]"),
        (lambda: missing("main", "Other", main="func"), "not exported", "nothing calls a plugin's main"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_said_to_a_missing_symbol(said: Callable[[], Finding], message: str, fix: str) -> None:
    finding = said()
    assert message in finding.message
    assert fix in finding.fix


NAMER = Lookup("X", "type", "api.Namer", "var", "main.T", lacks=("Name() string",))


@pytest.mark.parametrize(
    ("lookup", "message", "fix"),
    [
        (NAMER, "which lacks Name() string of api.Namer", "Give main.T these methods in the plugin."),
        (NAMER._replace(kind="func", type="func()"), "functions have no methods", "Let the host assert func() and"),
        (NAMER._replace(type="api.I", boxed=True), "a pointer to an interface has no methods", "assert *api.I and use"),
        (NAMER._replace(type="*main.T"), "a pointer to a pointer has no methods", "a variable of type main.T: Lookup"),
    ],
    ids=["value", "function", "interface", "pointer"],
)
def test_what_is_said_to_an_interface_that_is_not_implemented(lookup: Lookup, message: str, fix: str) -> None:
    plugin = Binary("p.so", 1, Identity("/p.so", "1:1"), "elf", go=GO)
    refused = Outcome(Verdict.FAILS, Stage.LOOKUP, why=End.LOOKUP, lookups=(lookup,))
    (finding,) = explain(plugin, [OpenRequest("p.so", plugin)], [refused])[0].findings
    assert message in finding.message
    assert fix in finding.fix


def test_a_message_that_is_longer_than_a_line_has_a_headline() -> None:
    plugin = Binary("p.so", 1, Identity("/p.so", "1:1"), "elf", go=GO)
    lengths = {}
    for letters in range(1, 30):
        name = "X" * letters
        lookup = NAMER._replace(name=name, type="T", wanted="I", lacks=("M()",))
        refused = Outcome(Verdict.FAILS, Stage.LOOKUP, why=End.LOOKUP, lookups=(lookup,))
        (finding,) = explain(plugin, [OpenRequest("p.so", plugin)], [refused])[0].findings
        lengths[len(finding.message)] = finding.headline == f"{name} does not implement I"
    assert (lengths[80], lengths[81]) == (False, True)


@pytest.mark.parametrize(
    ("hosts", "plugins", "status"),
    [
        ((1,), (1,), "found"),
        ((1,), (2,), "type"),
        ((1, 2), (1,), "unknown"),
        ((1,), (1, 2), "unknown"),
        ((), (1,), "found"),
    ],
)
def test_types_of_functions_have_the_name_of_others_and_another_hash(
    hosts: tuple[int, ...], plugins: tuple[int, ...], status: str
) -> None:
    """Which of two types of one name is meant, no text says."""
    named = Named("example.com/api", "T")
    own = SymbolType(Pointer(named), "*api.T", (), "", None)
    one, two = (
        Binary("f", 1, Identity("/f", "1:1"), "elf", go=GO._replace(named_types={"example.com/api.T": types}))
        for types in (
            tuple(NamedType(named, "api.T", each, None, "") for each in hashes) for hashes in (hosts, plugins)
        )
    )
    assert two.go is not None
    exported = (ExportedSymbol("X", "var", "api.T"),)
    two = two._replace(go=two.go._replace(exported=exported, symbol_types={"X": own}))
    (looked,) = look_up([OpenRequest("p.so", two)], [Outcome(Verdict.LOADS)], [parse("X:*example.com/api.T")], one)
    assert looked.lookups[0].status == status


@pytest.mark.parametrize(
    ("wanted", "status"),
    [("*gen.Pair[api.T]", "found"), ("*gen.Pair[example.com/api.T]", "found"), ("*gen.Pair[other.T]", "unknown")],
)
def test_the_argument_of_a_generic_type_is_known_by_the_end_of_its_path(wanted: str, status: str) -> None:
    """Of arguments the type data have the path alone."""
    pair = Named("example.com/gen", "Pair", (Named("example.com/api", "T"),), "gen")
    own = SymbolType(Pointer(pair), "*gen.Pair[example.com/api.T]", (), "", None)
    exported = (ExportedSymbol("X", "var", "gen.Pair[example.com/api.T]"),)
    plugin = Binary("p", 1, Identity("/p", "1:1"), "elf", go=GO._replace(exported=exported, symbol_types={"X": own}))
    (looked,) = look_up([OpenRequest("p.so", plugin)], [Outcome(Verdict.LOADS)], [parse(f"X:{wanted}")])
    assert (looked.lookups[0].status, looked.lookups[0].boxed) == (status, False)


@pytest.mark.parametrize(
    ("written", "package", "holds"),
    [
        ("api", "example.com/api", True),
        ("example.com/api", "example.com/api", True),
        ("example.com/fork/api", "example.com/api", False),
        ("fork", "example.com/api", None),
        ("", "example.com/api", None),
        ("main", "example.com/api", None),
        ("main", "example.com/p", False),
        ("example.com/p", "example.com/p", True),
        ("", "example.com/p", False),
    ],
)
def test_an_unexported_method_is_that_of_its_package(written: str, package: str, holds: bool | None) -> None:
    """One that is not written is the host's main, or the one whose code asserts it; never the plugin's own main."""
    own = SymbolType(Pointer(Named("example.com/api", "T")), "*api.T", (Method(package, "hidden", NOTHING),), "", None)
    plugin = Binary("p", 1, Identity("/p", "1:1"), "elf", go=GO)
    decision = Assertions(None, plugin).decide(own, Interface((Method(written, "hidden", NOTHING),)))
    assert decision.holds is holds


@pytest.mark.parametrize(
    ("hosts", "panic"),
    [
        (["example.com/api"], " (types from different packages)"),
        (["example.com/other"], " (types from different scopes)"),
        ([None], None),
        (["example.com/api", "example.com/other"], None),
    ],
)
def test_what_the_panic_says_of_two_types_that_are_printed_alike(hosts: list[str | None], panic: str | None) -> None:
    """`TypeAssertionError.Error` compares `rtype.pkgpath` of the two. That of the host may not be known."""
    named = Named("example.com/other", "T", (), "api")
    types = tuple(NamedType(named, "api.T", number, None, path) for number, path in enumerate(hosts))
    host = Binary("h", 1, Identity("/h", "1:1"), "elf", go=GO._replace(named_types={"example.com/other.T": types}))
    plugin = Binary("p", 1, Identity("/p", "1:2"), "elf", go=GO)
    own = SymbolType(Pointer(Named("example.com/api", "T")), "*api.T", (), "example.com/other", None)
    decision = Assertions(host, plugin).decide(own, Pointer(named))
    said = "interface conversion: plugin.Symbol is *api.T, not *api.T"
    assert (decision.holds, decision.panic) == (False, "" if panic is None else said + panic)


@pytest.mark.parametrize(("count", "several"), [(1, False), (2, True), (3, True)])
def test_one_name_of_several_types_of_the_host_is_told(count: int, several: bool) -> None:
    paths = [f"example.com/{number}/api" for number in range(count)]
    types = tuple(NamedType(Named(path, "T"), "api.T", 1, None, path) for path in paths)
    host = Binary("h", 1, Identity("/h", "1:1"), "elf", go=GO._replace(named_types={"api.T": types}))
    plugin = Binary("p", 1, Identity("/p", "1:2"), "elf", go=GO)
    own = SymbolType(Pointer(Named(paths[0], "T")), "*api.T", (), "", None)
    decision = Assertions(host, plugin).decide(own, Pointer(Named("api", "T")))
    assert decision.holds is (None if several else True)
    assert ("the host has more than one type api.T" in decision.why) == several


@pytest.mark.parametrize("text", [None, "func(", "*" * 500])
def test_a_type_that_cannot_be_read_leaves_the_verdict_open(text: str | None) -> None:
    exported = (ExportedSymbol("New", "func", text),)
    request = OpenRequest("p", Binary("p", 1, Identity("", ""), "elf", go=GO._replace(exported=exported)))
    looked = look_up([request], [Outcome(Verdict.LOADS)], [parse("New:func()")])
    assert (looked[0].verdict, looked[0].stage) == ("unknown", "lookup")
    assert look_up([request], [Outcome(Verdict.LOADS)], [parse("New")])[0].verdict == "loads"


@pytest.mark.parametrize(
    ("own", "wanted", "risks"),
    [
        ("*main.Point", "*main.Point", ["the variable's own"]),
        ("*main.Point", "**main.Point", []),
        ("main.Point", "*main.Point", []),
        ("main.Point", "main.Point", []),
    ],
)
def test_a_pointer_that_may_be_meant_otherwise_is_a_risk(own: str, wanted: str, risks: list[str]) -> None:
    exported = (ExportedSymbol("P", "var", own),)
    plugin = from_json(Binary, {"path": "p", "size": 1, "identity": {"realpath": "", "inode": ""}, "format": "elf"})
    request = OpenRequest("p", plugin._replace(go=GO._replace(exported=exported)))
    looked = look_up([request], [Outcome(Verdict.LOADS)], [parse(f"P:{wanted}")])
    assert looked[0].verdict == "loads"
    assert request.binary is not None
    findings = [finding for finding in explain(request.binary, [request], looked)[0].findings if "risk" in finding.role]
    assert [finding.rule for finding in findings if finding.rule == "symbol-type"] == ["symbol-type"] * len(risks)


# -- types as text ---------------------------------------------------------------------------------------------------

WRITTEN = {
    "any": "interface {}",
    "[]byte": "[]uint8",
    "map[rune] [ ] any": "map[int32][]interface {}",
    "func (a, b int,c  string)error": "func(int, int, string) error",
    "func(int,string) (x int, err error)": "func(int, string) (int, error)",
    "func(a []byte, m map[string][]any)": "func([]uint8, map[string][]interface {})",
    "func(a, b pkg.T)": "func(pkg.T, pkg.T)",
    "func(a [3]int, b *int, c chan int)": "func([3]int, *int, chan int)",
    "func(f ...func(x, y int) (n int)) (ok bool)": "func(...func(int, int) int) bool",
    "func() (func())": "func() func()",
    "func(a main.Pair[int,string])": "func(main.Pair[int,string])",
    "func(ctx context.Context) (*http.Response, error)": "func(context.Context) (*http.Response, error)",
    "interface{ String() string\n Zulu(a, b int) (s string, e error); alpha() }": (
        "interface { String() string; Zulu(int, int) (string, error); main.alpha() }"
    ),
    "struct{A, B int}": "struct { A int; B int }",
    'struct{Size int `json:"size,omitempty"`;*main.Server;greet.Greeting}': (
        'struct { Size int "json:\\"size,omitempty\\""; *main.Server; greet.Greeting }'
    ),
    "struct{}": "struct {}",
    "(<-chan (chan<- bool))": "<-chan chan<- bool",
    "chan (<-chan int)": "chan (<-chan int)",
    "[0x10]int": "[16]int",
    "main.Pair[string, int]": "main.Pair[string,int]",
    "((int))": "int",
    "func(my-mod.T, example.com.T, ...example%2ecom.T)": "func(my-mod.T, example.com.T, ...example%2ecom.T)",
}

NO_TYPES = (
    *("", "Foo", "func(", "map[string", "[]", "[3]", "int int", "***", "interface{io.Closer}", "[N]int", "chan"),
    *("func(chan int, c chan<- bool)", "func(a, b)", "pkg.", "struct{", "3", '"x"', "int;", "a b c", "\x00", "*" * 500),
    *("func(" * 3000, "a.B[" * 3000, f"[{'9' * 6000}]int", f"[0x{'f' * 6000}]int", "a." * 9000, " " * 70_000 + "int"),
)


@pytest.mark.parametrize("source", WRITTEN)
def test_a_type_is_read_as_people_write_it(source: str) -> None:
    assert normalise(source) == WRITTEN[source]
    assert normalise(WRITTEN[source]) == WRITTEN[source]


@pytest.mark.parametrize("source", NO_TYPES, ids=[text[:20] for text in NO_TYPES])
def test_what_is_no_type_is_refused_in_one_line(source: str) -> None:
    with pytest.raises(NotATypeError) as error:
        normalise(source)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 100


@pytest.mark.parametrize("source", NO_TYPES, ids=[text[:20] for text in NO_TYPES])
def test_a_refusal_does_not_take_long(source: str) -> None:
    def refuse() -> None:
        with suppress(NotATypeError):
            normalise(source)

    assert pace.within(0.5, refuse)


def test_every_type_that_go_printed_stays_as_it_is() -> None:
    types = {answer["type"] for _, _, answers in SETS for answer in answers if answer["type"]}
    assert {text: normalise(text) for text in types} == {text: text for text in types}


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("main.Pair[main.level,codec.D]", "main.Pair[example.com/p.level,example.com/codec%2ev3.D]", True),
        ("main.Pair[main.level,other.D]", "main.Pair[example.com/p.level,example.com/codec.D]", False),
        ("example.com/greet.Greeting", "greet.Greeting", True),
        ("example.com/greet/v2.Greeting", "greet.Greeting", True),
        ("example.com/great.Greeting", "greet.Greeting", False),
        ("greet.Greeting", "greet.Greetings", False),
        ("[]int", "[]string", False),
    ],
)
def test_a_package_may_be_written_with_its_path(one: str, other: str, expected: bool) -> None:
    assert same(normalise(one), normalise(other), "example.com/p") is expected


# -- the command -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("symbols", "status", "shown"),
    [
        (["Allow"], 0, "✓ auth.so will load"),
        (["Allow:func(g greet.Greeting) (ok bool)"], 0, "✓ auth.so will load"),
        (["Allow", "Deny"], 1, "\n  plugin: symbol Deny not found in plugin example.com/auth\n"),
        (["Allow:func(string) bool"], 1, "Allow is a func(greet.Greeting) bool, not func(string) bool"),
        (["Allow:func(example.com/greet.Greeting) bool"], 0, "✓ auth.so will load"),
        (
            ["Allow:func(example.com/other/greet.Greeting) bool"],
            3,
            "neither file has a type example.com/other/greet",
        ),
        (["Allow:interface{ Close() error }"], 1, "Allow does not implement interface { Close() error }"),
        (["Allow:error"], 1, "Go's panic: interface conversion: func(greet.Greeting) bool is"),
        (["Allow:any"], 0, "✓ auth.so will load"),
        (["Allow:func("], 2, "gopluck: error: Allow:func(: is not a symbol: the type is not complete\n"),
    ],
)
def test_the_command_looks_symbols_up_in_real_plugins(
    symbols: list[str], status: int, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(unpack())
    words = [word for symbol in symbols for word in ("--symbol", symbol)]
    done = CliRunner().invoke(main, ["check", "gateway", "auth.so", *words], prog_name="gopluck")
    assert (done.exit_code, shown in done.output) == (status, True), done.output
