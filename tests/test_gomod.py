"""go.mod, go.work, go.sum and vendor/modules.txt, read without Go."""

from __future__ import annotations

import pytest

from gopluck.aligner.golines import go_line_edit, newer_than
from gopluck.aligner.gomod import (
    GoMod,
    GoWork,
    Replace,
    Require,
    Vendored,
    by_version,
    from_json,
    parse,
    parse_sum,
    parse_vendor,
    parse_work,
    replacement,
    stale,
)
from gopluck.errors import MalformedFile
from gopluck.golang.goobj import fingerprint
from gopluck.remedy.lines import edit_flags

WHOLE = """\
// A comment before all.
module example.com/auth // the plugin

go 1.21.3

toolchain go1.27.3

require example.com/one v1.0.0
require (
	example.com/two/v2 v2.3.0 // indirect
	"example.com/three" `v0.0.0-20240101000000-abcdefabcdef` // indirect; see there
	example.com/four v1.0.0 // indirectly
)

exclude example.com/one v1.1.0
exclude (
	example.com/one v1.2.0
)

replace example.com/one => ../one
replace (
	example.com/two/v2 v2.3.0 => example.com/fork/v2 v2.3.1
	example.com/three => "./with space"
)

retract [v1.0.0, v1.1.0] // bad
godebug default=go1.21
tool example.com/tool
ignore ./static
"""


def test_every_directive_is_read() -> None:
    assert parse(WHOLE, "go.mod") == GoMod(
        module="example.com/auth",
        go="1.21.3",
        toolchain="go1.27.3",
        requires=(
            Require("example.com/one", "v1.0.0"),
            Require("example.com/two/v2", "v2.3.0"),
            Require("example.com/three", "v0.0.0-20240101000000-abcdefabcdef"),
            Require("example.com/four", "v1.0.0"),
        ),
        replaces=(
            Replace("example.com/one", "", "../one"),
            Replace("example.com/two/v2", "v2.3.0", "example.com/fork/v2", "v2.3.1"),
            Replace("example.com/three", "", "./with space"),
        ),
        excludes=(Require("example.com/one", "v1.1.0"), Require("example.com/one", "v1.2.0")),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("module m", GoMod("m")),
        ("module m\n\ngo 1.27\n", GoMod("m", "1.27")),
        ("\ufeffmodule m\r\n\r\nrequire a v1 // indirect\r\n", GoMod("m", requires=(Require("a", "v1"),))),
        ("module (\n\tm\n)\n", GoMod("m")),
        ("require ()\nmodule m\n", GoMod("m")),
        ("module m\nrequire (a v1)\n", None),
        ("module m\nrequire(\n\ta v1\n)\n", GoMod("m", requires=(Require("a", "v1"),))),
    ],
)
def test_forms_of_the_same(text: str, expected: GoMod | None) -> None:
    if expected is None:
        with pytest.raises(MalformedFile):
            parse(text, "go.mod")
    else:
        assert parse(text, "go.mod") == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "go.mod: has no module line"),
        ("go 1.21\n", "go.mod: has no module line"),
        ("module m\nrequire example.com/one\n", "go.mod:2: require with 1 words"),
        ("module m\nreplace a b\n", "go.mod:2: replace without =>"),
        ("module m\nreplace a b c => d\n", "go.mod:2: replace wants: module [version] => module version, or a folder"),
        ("module m\nrequire (\n\ta v1\n", "go.mod: the block `require (` has no end"),
        ('module m\nrequire "a v1\n', "go.mod:2: 'require \"a v1' is not a line of a go.mod"),
        ("<html>\n", "go.mod: has no module line"),
    ],
)
def test_what_is_no_go_mod(text: str, message: str) -> None:
    with pytest.raises(MalformedFile) as caught:
        parse(text, "go.mod")
    assert str(caught.value) == message


def test_go_work() -> None:
    text = "go 1.22\ntoolchain go1.23.1\nuse ./a\nuse (\n\t./b // two\n)\nreplace x v1.0.0 => ./x\n"
    assert parse_work(text, "go.work") == GoWork("1.22", "go1.23.1", (Replace("x", "v1.0.0", "./x"),))


def test_what_go_mod_edit_prints_is_the_same_value() -> None:
    text = (
        '{"Module":{"Path":"m"},"Go":"1.21","Require":[{"Path":"a","Version":"v1.0.0","Indirect":true}],'
        '"Exclude":[{"Path":"a","Version":"v1.1.0"}],"Replace":[{"Old":{"Path":"a"},"New":{"Path":"../a"}}]}'
    )
    same = "module m\ngo 1.21\nrequire a v1.0.0 // indirect\nexclude a v1.1.0\nreplace a => ../a\n"
    assert from_json(text, "go.mod") == parse(same, "go.mod")
    for broken in ("", "[]", "{}", '{"Module":null}'):
        with pytest.raises(MalformedFile):
            from_json(broken, "go.mod")


def test_the_replacement_of_a_version_wins_over_that_of_all() -> None:
    known = by_version(parse("module m\nreplace a => b v1.0.0\nreplace a v1.5.0 => ../a\n", "go.mod").replaces)
    found = [replacement(known, "a", version) for version in ("v1.0.0", "v1.5.0")]
    assert found == [Replace("a", "", "b", "v1.0.0"), Replace("a", "v1.5.0", "../a")]
    assert replacement(known, "b", "v1.0.0") is None


def test_checksums_of_code() -> None:
    text = "a v1.0.0 h1:one=\na v1.0.0/go.mod h1:two=\n\nnonsense\nb v2.0.0 h1:three=\n"
    assert parse_sum(text) == {("a", "v1.0.0"): "h1:one=", ("b", "v2.0.0"): "h1:three="}


VENDOR = """\
## workspace
# a v1.0.0
## explicit; go 1.15
a/b
# c v1.2.0 => ./c
## explicit
c
# d v0.1.0
d
# e => ../e
"""


def test_vendor_modules() -> None:
    assert parse_vendor(VENDOR) == (
        Vendored("a", "v1.0.0", True),
        Vendored("c", "v1.2.0", True),
        Vendored("d", "v0.1.0", False),
    )


@pytest.mark.parametrize(
    ("requires", "expected"),
    [
        ("require a v1.0.0\nrequire c v1.2.0", None),
        ("require a v1.1.0\nrequire c v1.2.0", "a is v1.1.0 in go.mod, v1.0.0 in vendor/modules.txt"),
        ("require a v1.0.0", "c@v1.2.0 is marked in vendor/modules.txt, but not required in go.mod"),
        (
            "require a v1.0.0\nrequire c v1.2.0\nrequire d v0.1.0",
            "d@v0.1.0 is required in go.mod, but not marked in vendor/modules.txt",
        ),
    ],
)
def test_a_vendor_folder_has_to_agree_with_go_mod(requires: str, expected: str | None) -> None:
    assert stale(parse(f"module m\n{requires}\n", "go.mod"), parse_vendor(VENDOR)) == expected


@pytest.mark.parametrize(
    ("line", "release", "newer"),
    [
        ("1.21", "go1.27.3", False),
        ("1.27", "go1.27.3", False),
        ("1.27.3", "go1.27.3", False),
        ("1.27.4", "go1.27.3", True),
        ("1.28", "go1.27.3", True),
        ("1.28rc1", "go1.27.3", True),
        ("1.27", "go1.27rc1", False),
        ("1.27.0", "go1.27rc1", True),
        ("nonsense", "go1.27.3", False),
        ("1.28", "devel", False),
    ],
)
def test_a_go_line_that_asks_for_more_than_the_release(line: str, release: str, newer: bool) -> None:
    assert newer_than(line, release) is newer


@pytest.mark.parametrize(("release", "line"), [("go1.20.14", "1.20"), ("go1.26.6", "1.26.6"), ("go1.27.3", None)])
def test_the_go_line_is_lowered_to_what_the_release_reads(release: str, line: str | None) -> None:
    mod = parse("module example.com/plug\n\ngo 1.27\n", "go.mod")
    edit = go_line_edit(mod, release)
    assert (edit and edit.version) == line
    if edit is not None:
        assert edit_flags([edit], toolchain=False) == [f"-go={line}"]
        assert edit_flags([edit], toolchain=True) == [f"-go={line}", "-toolchain=none"]


def ar(*members: tuple[str, bytes]) -> bytes:
    """An archive as the compiler writes it."""
    out = b"!<arch>\n"
    for name, data in members:
        out += f"{name:<16}{0:<12}{0:<6}{0:<6}{'644':<8}{len(data):<10}`\n".encode() + data + b"\n" * (len(data) % 2)
    return out


OBJECT = b'go object linux amd64 go1.27.3 X:a\nbuild id "x"\n\n!\n\x00go120ld\x01\x23\x45\x67\x89\xab\xcd\xefrest'


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (ar(("__.PKGDEF", b"odd"), ("_go_.o", OBJECT)), "0123456789abcdef"),
        (ar(("_go_.o", OBJECT)), "0123456789abcdef"),
        (ar(("__.PKGDEF", b"export data")), None),
        (ar(("_go_.o", OBJECT[:-10])), None),
        (ar(("_go_.o", OBJECT.replace(b"go120ld", b"go999ld"))), None),
        (ar(("__.PKGDEF", b"x" * 9))[:-4].replace(b"9 ", b"9999999999"), None),
        (b"!<arch>\n", None),
        (b"\x7fELF", None),
        (b"", None),
    ],
)
def test_the_fingerprint_of_a_compiled_package(tmp_path: object, content: bytes, expected: str | None) -> None:
    from pathlib import Path

    path = Path(str(tmp_path), "x.a")
    path.write_bytes(content)
    assert fingerprint(str(path)) == expected
    assert fingerprint(str(path.parent / "missing")) is None
