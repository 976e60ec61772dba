"""What `gopluck inspect` shows: whole documents, as text and as JSON."""

from __future__ import annotations

import json

import pytest

from gopluck import __version__
from gopluck.elf.versions import VersionNeed
from gopluck.facts.model import Binary, Elf, Go, Identity
from gopluck.golang.records import AssertedType, BuildInfo, ExportedSymbol, LookedUp, Module, PackageHash
from gopluck.report import inspect_json, inspect_text
from gopluck.report.interface import VERBOSE, View

HERE = Identity("/srv/auth.so", "1:2")
ELF = Elf(
    b"\x7fELF",
    64,
    "little",
    62,
    3,
    "amd64",
    dynamic=True,
    needed=("libc.so.6",),
    version_needs=(VersionNeed("libc.so.6", "GLIBC_2.2.5", False), VersionNeed("libc.so.6", "GLIBC_2.34", False)),
)
INFO = BuildInfo(
    "go1.27.3",
    "example.com/auth",
    Module("example.com/auth", "(devel)"),
    (
        Module("github.com/acme/codec", "v1.3.1", "h1:abc=", Module("../codec", "")),
        Module("golang.org/x/text", "v0.2.0", "h1:def="),
    ),
    (("-buildmode", "plugin"), ("CGO_ENABLED", "1"), ("GOARCH", "amd64"), ("GOOS", "linux")),
)
PLUGIN = Binary(
    "auth.so",
    4096,
    HERE,
    "elf",
    ELF,
    Go(
        kind="plugin",
        version="go1.27.3",
        build_info=INFO,
        plugin_support="none",
        exports_moduledata=False,
        joins_module_list=True,
        pluginpath="example.com/auth",
        pkghashes=(PackageHash("internal/goarch", "94fae1c203b5d711"), PackageHash("runtime", "1d2ba3ffb3b5d711")),
        link_hashes={"runtime": "1d2ba3ffb3b5d711"},
        exported=(
            ExportedSymbol("Greet", "func", "func(string) greet.Greeting"),
            ExportedSymbol("Verbose", "var", "bool"),
            ExportedSymbol("Odd", "var", None),
        ),
        missing_symbols=("Odd",),
        sources={"runtime": "/usr/local/go/src/runtime"},
        compile_flags={"runtime": "-N -l"},
    ),
)
HOST = Binary(
    "./gateway",
    8192,
    HERE,
    "elf",
    Elf(b"\x7fELF", 32, "big", 2, 2, "s390x", interp="/lib/ld64.so.1", dynamic=True),
    Go(
        kind="exe",
        version="go1.15.15",
        build_info=None,
        plugin_support="dlopen",
        exports_moduledata=True,
        joins_module_list=False,
        pluginpath="",
        pkghashes=(),
        link_hashes={f"example.com/p{number:02}": f"{number:016x}" for number in range(12)},
        sources={f"example.com/p{number:02}": f"example.com/p{number:02}" for number in range(12)},
    ),
)

assert HOST.go is not None
LOOKING = HOST._replace(
    elf=ELF,
    go=HOST.go._replace(
        version="go1.27.3",
        link_hashes={},
        sources={},
        lookups=(
            LookedUp(
                "Hooks",
                "example.com/gw/plug.(*Loader).open",
                (AssertedType("example.com/gw/api.Hooks", "interface { Stop() }"), AssertedType("func()")),
            ),
            LookedUp("New", "main.main"),
            LookedUp("", "main.all"),
        ),
    ),
)

DOCUMENTS = {
    "a plugin": (
        PLUGIN,
        View(),
        """\
auth.so: Go plugin
  go         go1.27.3 linux/amd64
  main       example.com/auth
  module     example.com/auth (devel)
  pluginpath example.com/auth
  settings   -buildmode=plugin
             CGO_ENABLED=1
             GOARCH=amd64
             GOOS=linux
  modules    github.com/acme/codec v1.3.1 => ../codec
             golang.org/x/text v0.2.0
  symbols    func Greet(string) greet.Greeting
             var Verbose bool
             var Odd (type not decoded)
  not found  Odd
  packages   2 expected of the host
             94fae1c203b5d711  internal/goarch
             1d2ba3ffb3b5d711  runtime
                               from /usr/local/go/src/runtime
  machine    amd64, 64-bit, little-endian
  loader     dynamic, no interpreter
  libraries  libc.so.6 (GLIBC_2.2.5, GLIBC_2.34)
""",
    ),
    "a host without build info, and with many packages": (
        HOST,
        View(),
        """\
./gateway: Go executable
  go         go1.15.15 s390x
  plugins    can be opened (package plugin, with cgo)
  packages   12 with a link hash
             0000000000000000  example.com/p00
             0000000000000001  example.com/p01
             0000000000000002  example.com/p02
             0000000000000003  example.com/p03
             0000000000000004  example.com/p04
             0000000000000005  example.com/p05
             0000000000000006  example.com/p06
             0000000000000007  example.com/p07
             and 4 more (-v shows all)
  machine    s390x, 32-bit, big-endian
  loader     /lib/ld64.so.1
""",
    ),
    "a host that looks up symbols": (
        LOOKING,
        View(),
        """\
./gateway: Go executable
  go         go1.27.3 amd64
  plugins    can be opened (package plugin, with cgo)
  looks up   Hooks as example.com/gw/api.Hooks or func(), in plug.(*Loader).open
             New, in main.main
             and names that its code does not tell, in main.all
  packages   none has a link hash
  machine    amd64, 64-bit, little-endian
  loader     dynamic, no interpreter
  libraries  libc.so.6 (GLIBC_2.2.5, GLIBC_2.34)
""",
    ),
    "no ELF file": (Binary("a.txt", 3, HERE, "text"), View(), "a.txt: a text file\n"),
}


@pytest.mark.parametrize(("binary", "view", "document"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_document(binary: Binary, view: View, document: str) -> None:
    assert inspect_text.render(binary, view) == document


def test_verbose_shows_every_package_and_its_flags() -> None:
    assert "-v shows all" not in inspect_text.render(HOST, View(verbosity=VERBOSE))
    assert "flags -N -l\n" in inspect_text.render(PLUGIN, View(verbosity=VERBOSE))


def test_settings_that_say_nothing_or_too_much_are_cut() -> None:
    info = BuildInfo("go1.27.3", settings=(("CGO_CFLAGS", ""), ("DefaultGODEBUG", "panicnil=1," * 20)))
    assert PLUGIN.go is not None
    binary = PLUGIN._replace(go=PLUGIN.go._replace(build_info=info))
    lines = inspect_text.render(binary, View()).splitlines()
    assert lines[3] == "  settings   DefaultGODEBUG=panicnil=1,panicnil=1,panicnil=1... (-v shows all)"
    assert "CGO_CFLAGS=\n" in inspect_text.render(binary, View(verbosity=VERBOSE))


def test_names_from_files_cannot_act_on_the_terminal() -> None:
    evil = "a\x1b[2J\nb"
    go = Go(
        kind=evil,
        version=evil,
        build_info=BuildInfo(evil, evil, Module(evil, evil), (Module(evil, evil),), ((evil, evil),)),
        plugin_support=evil,
        exports_moduledata=True,
        joins_module_list=True,
        pluginpath=evil,
        pkghashes=(PackageHash(evil, evil),),
        link_hashes={evil: evil},
        exported=(ExportedSymbol(evil, evil, evil),),
        missing_symbols=(evil,),
        sources={evil: evil + "x"},
        compile_flags={evil: evil},
        lookups=(LookedUp(evil, evil, (AssertedType(evil, evil),)), LookedUp("", evil)),
    )
    elf = Elf(
        b"", 64, "little", 1, 1, evil, interp=evil, needed=(evil,), version_needs=(VersionNeed(evil, evil, True),)
    )
    text = inspect_text.render(Binary(evil, 1, HERE, evil, elf, go, evil), View(verbosity=VERBOSE))
    assert [char for char in text if char != "\n" and not char.isprintable()] == []


def test_json_of_a_plugin() -> None:
    assert json.loads(inspect_json.render(PLUGIN, View())) == {
        "schema_version": 1,
        "tool": {"name": "gopluck", "version": __version__},
        "path": "auth.so",
        "image": None,
        "library": None,
        "size": 4096,
        "format": "elf",
        "damage": None,
        "elf": {
            "class": 64,
            "byte_order": "little",
            "machine": 62,
            "goarch": "amd64",
            "interpreter": None,
            "dynamic": True,
            "soname": None,
            "rpath": None,
            "runpath": None,
            "libraries": [{"name": "libc.so.6", "versions": ["GLIBC_2.2.5", "GLIBC_2.34"]}],
        },
        "go": {
            "kind": "plugin",
            "version": "go1.27.3",
            "plugin_support": "none",
            "exports_moduledata": False,
            "joins_module_list": True,
            "moduledata_layout": None,
            "pluginpath": "example.com/auth",
            "main_package": "example.com/auth",
            "main_module": {"path": "example.com/auth", "version": "(devel)", "sum": "", "replace": None},
            "modules": [
                {
                    "path": "github.com/acme/codec",
                    "version": "v1.3.1",
                    "sum": "h1:abc=",
                    "replace": {"path": "../codec", "version": "", "sum": "", "replace": None},
                },
                {"path": "golang.org/x/text", "version": "v0.2.0", "sum": "h1:def=", "replace": None},
            ],
            "settings": {"-buildmode": "plugin", "CGO_ENABLED": "1", "GOARCH": "amd64", "GOOS": "linux"},
            "packages": [
                {"path": "internal/goarch", "hash": "94fae1c203b5d711", "dir": None, "compile_flags": None},
                {
                    "path": "runtime",
                    "hash": "1d2ba3ffb3b5d711",
                    "dir": "/usr/local/go/src/runtime",
                    "compile_flags": "-N -l",
                },
            ],
            "symbols": [
                {"name": "Greet", "kind": "func", "type": "func(string) greet.Greeting"},
                {"name": "Verbose", "kind": "var", "type": "bool"},
                {"name": "Odd", "kind": "var", "type": None},
            ],
            "missing_symbols": ["Odd"],
            "lookups": None,
        },
    }


def test_json_of_what_a_host_looks_up() -> None:
    go = json.loads(inspect_json.render(LOOKING, View()))["go"]
    assert go["lookups"] == {
        "complete": False,
        "symbols": [
            {
                "name": "Hooks",
                "function": "example.com/gw/plug.(*Loader).open",
                "types": ["example.com/gw/api.Hooks", "func()"],
            },
            {"name": "New", "function": "main.main", "types": []},
        ],
        "computed_in": ["main.all"],
    }


def test_json_of_what_is_no_elf_file() -> None:
    document = json.loads(inspect_json.render(Binary("a.txt", 3, HERE, "text"), View()))
    assert (document["format"], document["elf"], document["go"]) == ("text", None, None)
