"""What may stand in a recipe: ordinary values of real builds, and nothing that could carry more than a value."""

from __future__ import annotations

import pytest

from gopluck.remedy import grammar
from gopluck.remedy.flaglists import c_flags, definitions
from gopluck.remedy.grammar import refused
from gopluck.remedy.quote import Placeholder
from gopluck.result.recipe import Edit

ORDINARY = {
    "GOTOOLCHAIN": ("go1.25.5", "go1.15", "go1.27rc1", "go1.4beta1"),
    "GOEXPERIMENT": ("", "arenas", "noswissmap,aliastypeparams"),
    "GOFIPS140": ("off", "latest", "v1.0.0", "v1.0.0-c2097c7c"),
    "GOARCH": ("amd64", "s390x"),
    "GOMODCACHE": (
        "/root/go/pkg/mod",
        "/home/me/my go/pkg/mod",
        "/ö/pkg/mod",
        "/go/pkg/mod",
        "/gomod",
        "/usr/local/mod",
    ),
    "CGO_CFLAGS": (
        "",
        "-O2 -g -I/usr/include/foo",
        "-g -O2 -ffile-prefix-map=/build/x=. -fstack-protector-strong -Wformat -Werror=format-security",
        "-D_FORTIFY_SOURCE=2 -DNATIVE_WIDE -DX=1 -isystem /opt/include -march=x86-64-v3 -mno-avx",
        "'-I/with space' -std=c11 -pthread -fno-omit-frame-pointer -fsanitize=address",
    ),
    "CGO_LDFLAGS": (
        "-O2 -g -L/opt/lib -lfoo",
        "-Wl,-soname,libx.so.1 -Wl,--build-id=sha1,--undefined=main,--exclude-libs,ALL -Wl,-rpath-link=/x-y/z x.so.1",
        "-Wl,-z,relro,-z,now -Wl,-rpath,/opt/lib -Wl,--as-needed",
        "-Wl,-Bsymbolic-functions -flto=auto -static-libgcc /usr/lib/libx.a",
    ),
}
FLAGS = (
    "-trimpath",
    "-trimpath=false",
    "-race",
    "-tags=custom,goplugin",
    "-tags=",
    "-gcflags=all=-N -l",
    "-gcflags=all=",
    "-gcflags=example.com/lib/...=-l=4 -d=checkptr=0",
    "-gcflags=-N -l",
    "-gcflags=all=-spectre=all -lang=go1.20 -d=ssa/check_bce/debug=1",
    "-ldflags=-s -w -X main.version=1.2.3",
    "-ldflags=-s -w -X 'main.date=Mon Jan 2' -X=main.commit=abc",
    '-ldflags=-linkmode=external -extldflags "-Wl,-z,now -static-libgcc"',
    "-ldflags=all=-w",
    "-ldflags=",
    "-pgo=off",
    "-pgo=/srv/default.pgo",
    "-coverpkg=example.com/a,example.com/b+c",
    "-mod=mod",
)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in ORDINARY.items() for value in values])
def test_ordinary_values_may_stand_in_an_environment(name: str, value: str) -> None:
    assert grammar.variable(name, value)


@pytest.mark.parametrize("word", FLAGS)
def test_ordinary_flags_may_stand_in_a_command(word: str) -> None:
    assert grammar.flag(word)


CARRIERS = (
    "$(id)",
    "`id`",
    "$A",
    "$A$(id)",
    "a\nb",
    "a\rb",
    "a\0b",
    "a\\b",
    "a\x1b[2J",
    "a\u202eb",
    "\udcff",
    "a\tb:\n",
)
"""What no value may hold, wherever it stands."""


@pytest.mark.parametrize("carrier", CARRIERS)
def test_no_value_holds_what_a_shell_or_make_would_run(carrier: str) -> None:
    for name, values in ORDINARY.items():
        for value in values:
            assert not grammar.variable(name, value + carrier), (name, value + carrier)
            assert not grammar.variable(name, f"{value} '{carrier}'"), (name, value, carrier)
    for word in FLAGS:
        assert not grammar.flag(word + carrier), word + carrier
        assert not grammar.flag(f"{word} '{carrier}'"), (word, carrier)


REFUSED = {
    "CGO_CFLAGS": (
        "-wrapper /bin/sh,-c,id",
        "-fplugin=/tmp/x.so",
        "-B/tmp",
        "-specs=/tmp/specs",
        "@/tmp/flags",
        "-I@/tmp/flags",
        "-o /etc/passwd",
        "-MD -MF /etc/passwd",
        "-save-temps",
        "-gsplit-dwarf",
        "-dumpdir /tmp",
        "-fdump-tree-all",
        "-fprofile-generate=/tmp",
        "-Wa,--MD,/etc/passwd",
        "-Wl,-Map,/etc/passwd",
        "-Xassembler -o",
        "-x c",
        "-D",
        "-isystem -wrapper",
        "-include /etc/shadow",
        "-include /dev/zero",
        "-include /proc/self/environ",
        "-I/dev/fd/3",
        "-fmodules",
        "-I/x\u00a0-wrapper\u00a0/bin/sh,-c,id",
        "-I/x\u3000-wrapper\u3000/bin/sh,-c,id",
        "'-I/a",
        "-mllvm -load=/tmp/x.so",
        "-O2 ; id",
    ),
    "CGO_LDFLAGS": (
        "-Wl,-Map=/etc/passwd",
        "-Wl,-plugin,/tmp/x.so",
        "-Wl,-o,/etc/passwd",
        "-Wl,--dependency-file=/etc/passwd",
        "-fuse-ld=/tmp/ld",
        "-B/tmp",
        "-T /tmp/script",
        "-o x",
        "@/tmp/x",
        "-l @/tmp/x",
        "-Wl,@/tmp/x",
        "-specs=/tmp/x",
        # Each of these takes the next word, and leaves its value to be read as a flag.
        "-Wl,--undefined,-rpath,-o/etc/passwd",
        "-Wl,--undefined,-rpath,-plugin /tmp/x.so",
        "-Wl,--compress-debug-sections,-rpath,-o/etc/passwd",
        "-Wl,-unresolved-symbols,-o/etc/passwd",
        "-Wl,-sort-section,x",
        "-Wl,-rpath,-o/etc/passwd",
        "-Wl,--version-script=-o",
        "-Wl,-z,-o",
        "-Wl,-dynamic-linker,/tmp/x",
        # A file by its ending, a flag by its beginning.
        "-o/etc/x.so",
        "-B/tmp/x.so",
        "-T/tmp/x.a",
        "--sysroot=/tmp/x",
        "--sysroot /tmp/x",
    ),
    "GOTOOLCHAIN": ("path", "local", "go1.27.3-custom", "devel", "go1." + "9" * 50, "go1.25.5+path"),
    "GOEXPERIMENT": ("A", "a b", "a,,b", "-a"),
    "GOFIPS140": ("", "/tmp/fips.zip", "v1.0.0/../x"),
    "GOARCH": ("machine-7", "", "amd64 "),
    "GOMODCACHE": (
        *("/etc", "/etc/x/pkg/mod", "/usr/bin", "/usr/local", "/lib64/x", "/home", "/home/me", "/root", "/tmp", "/var"),
        *("/dev/shm/pkg/mod", "/proc/self/root/pkg/mod", "/a/\u3164/mod", "/a/##vso[x]/mod"),
        *("", "pkg/mod", "/a/../b", "/a//b", "/", "/a'b", '/a"b', "/a;b", "/a|b", "/a&b", "/a<b", "/a*b"),
    ),
    "CC": ("gcc -wrapper", "/tmp/cc", "cc;id"),
    "GOFLAGS": ("-trimpath",),
    "PATH": ("/tmp",),
    "LD_PRELOAD": ("/tmp/x.so",),
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in REFUSED.items() for value in values])
def test_what_runs_reads_or_writes_more_is_not_repeated(name: str, value: str) -> None:
    assert not grammar.variable(name, value)


@pytest.mark.parametrize(
    "word",
    [
        "-gcflags=all=-cpuprofile=/any/file",
        "-gcflags=all=-o=/any/file",
        "-gcflags=all=-json=0,/any",
        "-gcflags=all=-d=dumpinlfuncprops=1",
        "-gcflags=all=-d=ssa/all/dump=f",
        "-gcflags=all=-d=astdump=f",
        "-gcflags=all=-asmhdr /any/file",
        "-gcflags=all=-importcfg=/any",
        "-gcflags=--all=-N",
        "-ldflags=-extld=/tmp/ld",
        "-ldflags=-extld /tmp/ld",
        "-ldflags=-extldflags=-wrapper",
        "-ldflags=-extldflags '-Wl,-Map=/x'",
        "-ldflags=-tmpdir=/any",
        "-ldflags=-o=/any",
        "-ldflags=-cpuprofile=/any",
        "-ldflags=-X",
        "-ldflags=-X -tmpdir=/x",
        "-tags=a b",
        "-tags=-o",
        "-pgo=default.pgo",
        "-pgo=-",
        "-pgo=/proc/kcore",
        "-ldflags=-X 'a.b=##[error]c'",
        "-ldflags=-B -X -extld=/tmp/x",
        "-coverpkg=-x",
        "-coverpkg=../x",
        "-toolexec=/tmp/x",
        "-exec=/tmp/x",
        "-overlay=/tmp/x",
        "-modfile=/tmp/x",
        "-o=/x",
        "-trimpath=x",
        "-mod=x",
    ],
)
def test_flags_that_run_or_write_are_not_repeated(word: str) -> None:
    assert not grammar.flag(word)


@pytest.mark.parametrize(
    ("edit", "left_out"),
    [
        (Edit("require", "github.com/Acme/x.y/v2", "v1.2.3-0.20240101000000-abcdef123456"), []),
        (Edit("exclude", "gopkg.in/yaml.v3", "v3.0.0+incompatible"), []),
        (Edit("replace", "example.com/a", to="/home/me/a b"), []),
        (Edit("replace", "example.com/a", to="example.com/b@v1.0.0"), []),
        (Edit("replace", "example.com/a", to=Placeholder("$HOST_CHECKOUT/../b")), []),
        (Edit("use", "example.com/a", to=Placeholder("$HOST_CHECKOUT")), []),
        (Edit("go", version="1.25.5"), []),
        (Edit("require", "example.com/a", "v0.9.0';id;'"), ["the version of example.com/a"]),
        (Edit("require", "example.com/a", "v1.0.0+dirty"), ["the version of example.com/a"]),
        (Edit("require", "-x/a", "v1.0.0"), ["the path of a module"]),
        (Edit("require", "example.com/a b", "v1.0.0"), ["the path of a module"]),
        (Edit("replace", "example.com/a", to="../$(id)"), ["the replacement of example.com/a"]),
        (Edit("replace", "example.com/a", to="$HOST_CHECKOUT"), ["the replacement of example.com/a"]),
        (
            Edit("replace", "example.com/a", to=Placeholder("$HOST_CHECKOUT/$(id)")),
            ["the replacement of example.com/a"],
        ),
        (Edit("replace", "example.com/a", to="example.com/b@latest"), ["the replacement of example.com/a"]),
        (Edit("go", version="1.25.5-custom"), ["the go line"]),
    ],
)
def test_an_edit_is_made_only_of_words_that_go_takes(edit: Edit, left_out: list[str]) -> None:
    assert [one.setting for one in refused([edit])] == left_out


DEFINITIONS = {
    "": "",
    "-s -w -X a.b=c": "-s -w -X a.b=c",
    "-X a.b=c -s": "-X a.b=c -s",
    "-X=a.b=c -w": "-X=a.b=c -w",
    "--X a.b=c -pluginpath=p": "--X a.b=c",
    "-X 'a.b=c d' -s": "-X 'a.b=c d' -s",
    '-X "a.b=it\'s" -s': '-X "a.b=it\'s" -s',
    "-extldflags -s -w": "-w",
    "-extldflags=-s -w": "-w",
    "-extld cc -s": "-s",
    "-linkmode external -s": "-s",
    "-X": "-X",
    "all=-s -w": "-s -w",
    "-s 'no end": "",
    """-s -X 'a.b="' -X "c.d='" """: """-s -X 'a.b="' -X "c.d='\"""",
    """-s -X 'a.b="'"'" """: "",
}


@pytest.mark.parametrize("given", DEFINITIONS)
def test_what_names_nothing_that_is_linked_is_kept_of_the_flags_for_the_linker(given: str) -> None:
    assert definitions(given) == DEFINITIONS[given]


@pytest.mark.parametrize(
    ("known", "longest"),
    [
        (grammar.tags, "a," * 32767 + "aa"),
        (c_flags, "-v " * 21845 + " "),
        (grammar.module_path, "a" * 1024),
        (grammar.module_version, "v1.0.0-" + "a" * 249),
        (grammar.directory, "/" + "a" * 4095),
        (grammar.folder, "a" * 4096),
        (grammar.file_name, "a" * 255),
    ],
    ids=["tags", "C flags", "module path", "version", "directory", "folder", "file name"],
)
def test_the_longest_value_fits_and_no_longer_one(known: grammar.Grammar, longest: str) -> None:
    """64 KiB of a list, 1024 of a name, 256 of a version; of files what Linux takes."""
    assert (known(longest), known(f"{longest}a")) == (True, False)
