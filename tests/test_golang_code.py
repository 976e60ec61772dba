"""Where functions begin, in real hosts and plugins of several machines, releases and flags."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from fixtures.samples import archive
from gopluck.facts.details import all_functions, ask_packages, some_functions
from gopluck.facts.read import read
from gopluck.golang.records import FunctionCode

PACKAGES = frozenset(
    {"example.com/greet", "example.com/greet/internal/form", "example.com/words", "example.com/letters"}
)
SOURCE = {
    "example.com/greet": {"Hello": ("greet.go", 16), "Sum": ("greet.go", 24)},
    "example.com/greet/internal/form": {"Clean": ("form.go", 7)},
    "example.com/letters": {"Count": ("letters.go", 18)},
    "example.com/words": {"Word.Len": ("words.go", 12), "New": ("words.go", 15)},
}
"""The `func` lines in `fixtures/go/modules`."""
ONE_SOURCE = (
    *("gateway", "gateway-debug", "gateway-pie", "gateway-386", "gateway-s390x"),
    *("auth.so", "auth-trimpath.so", "auth-vendor.so", "auth-go1.26.6.so", "auth-relr.so", "auth-s390x.so"),
)


@pytest.fixture(scope="module")
def samples() -> Path:
    return archive.unpack()


def functions(path: Path) -> Mapping[str, Mapping[str, FunctionCode]]:
    go = read(str(path)).go
    assert go is not None
    assert go.code is not None
    return {package: members for package in PACKAGES if (members := dict(go.code[package]))}


@pytest.mark.parametrize("name", ONE_SOURCE)
def test_a_function_begins_where_the_source_has_it_whatever_the_machine_release_and_flags(
    samples: Path, name: str
) -> None:
    found = functions(samples / name)
    assert found
    for package, members in found.items():
        for function, code in members.items():
            assert (code.file, code.start) == SOURCE[package][function]
            assert code.lines
            assert 0 <= min(code.lines) <= max(code.lines) < 10


def test_host_and_plugin_of_one_source_have_the_same_lines_although_a_plugin_is_compiled_otherwise(
    samples: Path,
) -> None:
    host, plugin = functions(samples / "gateway"), functions(samples / "auth.so")
    shared = [(package, name) for package in host.keys() & plugin.keys() for name in host[package]]
    assert shared
    for package, name in shared:
        assert host[package][name] == plugin[package][name]


def test_the_lines_of_a_loop_show_its_order(samples: Path) -> None:
    # func Sum: `for` in the next line, the sum in the one after, back to the loop, `return` behind it.
    assert functions(samples / "auth.so")["example.com/greet"]["Sum"].lines == (0, 1, 2, 1, 4)


def test_packages_that_are_not_there_have_no_functions(samples: Path) -> None:
    go = read(str(samples / "gateway")).go
    assert go is not None
    assert go.code is not None
    assert [dict(go.code[package]) for package in ("example.com/nowhere", "example.com/gree")] == [{}, {}]


@pytest.mark.parametrize("name", ["gateway", "gateway-debug", "gateway-pie", "gateway-386", "gateway-s390x"])
def test_functions_that_are_looked_up_by_name_are_those_that_a_search_finds(samples: Path, name: str) -> None:
    codes = [go.code for _ in range(3) if (go := read(str(samples / name)).go) is not None and go.code is not None]
    packages = sorted(PACKAGES | {"fmt", "internal/abi", "strconv", "reflect"})
    ask_packages(codes[2], packages)
    count = 0
    for package in packages:
        searched = dict(codes[0][package])
        wanted = [*searched, "Nowhere"]
        one_by_one = {one: found for one in wanted if (found := codes[1][package].get(one))}
        at_once = {one: found for one in wanted if (found := some_functions(codes[2][package], wanted).get(one))}
        assert one_by_one == at_once == searched == dict(codes[2][package]) == all_functions(codes[2][package])
        count += len(searched)
    assert count > 50
