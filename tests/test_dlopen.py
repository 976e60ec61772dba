"""What `dlopen` says to small ELF files made here: recorded from glibc and musl, replayed, and compared live."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from fixtures.oracle import codec
from fixtures.oracle.asked import RecordedSystem, Recorder, from_json, to_json
from gopluck.elf.versions import VersionNeed
from gopluck.facts.model import Binary, Elf, Identity
from gopluck.facts.read import read
from gopluck.loader.answer import DlopenResult
from gopluck.loader.dlopen import dlopen
from gopluck.loader.libc import libc_of
from gopluck.loader.library import Absent, Found, Library, System, Unknown, Wanted, read_library
from gopluck.loader.search import LiveSystem
from gopluck.loader.sysroot import Directory

RECORDS = Path(__file__).with_name("dlopen_texts.json")

PROGRAM = """
#include <dlfcn.h>
#include <stdio.h>
int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    void *handle = dlopen(argv[i], RTLD_NOW | RTLD_GLOBAL);
    printf("%s\\n", handle ? "loaded" : dlerror());
    fflush(stdout);
  }
  return 0;
}
"""


# -- a linker that makes the smallest files ld.so looks at -------------------------------------------------------------

EHDR, PHDR, SYM, RELA, DYN = 64, 56, 24, 24, 16


@dataclass(frozen=True)
class Object:
    """An ELF file of one page or two. `undefined`: (name, version, file, weak); `defined`: (name, version, hidden)."""

    needed: tuple[str, ...] = ()
    undefined: tuple[tuple[str, str, str, bool], ...] = ()
    unreferenced: tuple[str, ...] = ()
    defined: tuple[tuple[str, str, bool], ...] = ()
    needs: tuple[tuple[str, str, bool], ...] = ()
    """Versions asked for without a symbol: (file, version, weak)."""
    verdefs: tuple[str, ...] = ()
    soname: str = ""
    runpath: str = ""
    flags_1: int = 0
    type: int = 3
    stack: int | None = None
    extra: tuple[tuple[int, int], ...] = ()
    """Further (tag, value) of the dynamic section."""
    bss: int = 0
    dynamic: str = "yes"
    """`yes`, `no`, `empty` (`p_filesz` 0)."""
    load: bool = True
    pad: int = 0
    """Bytes at the end of the loaded part that nothing uses."""
    patches: tuple[tuple[int, bytes], ...] = ()
    cut: int | None = None
    """Length of the file that is left."""

    def link(self) -> bytes:
        strings = bytearray(b"\0")

        def text(value: str) -> int:
            at = strings.find(b"\0" + value.encode() + b"\0")
            if at < 0:
                at = len(strings) - 1
                strings.extend(value.encode() + b"\0")
            return at + 1

        needs = {(file, version): weak for file, version, weak in self.needs}
        needs |= {(file, version): False for _, version, file, _ in self.undefined if version}
        indices = {need: number for number, need in enumerate(needs, 10)}
        verdefs = {name: number for number, name in enumerate(self.verdefs, 1)}
        symbols, versym = [bytes(SYM)], [0]
        for name, version, file, weak in self.undefined:
            symbols.append(struct.pack("<IBBHQQ", text(name), 0x20 if weak else 0x10, 0, 0, 0, 0))
            versym.append(indices[file, version] if version else 1)
        for name in self.unreferenced:
            symbols.append(struct.pack("<IBBHQQ", text(name), 0x10, 0, 0, 0, 0))
            versym.append(1)
        for name, version, hidden in self.defined:
            symbols.append(struct.pack("<IBBHQQ", text(name), 0x11, 0, 1, EHDR, 8))
            versym.append((verdefs[version] if version else 1) | (0x8000 if hidden else 0))
        verneed = b""
        files = list(dict.fromkeys(file for file, _ in needs))
        for file in files:
            asked = [(version, weak) for (owner, version), weak in needs.items() if owner == file]
            last = file == files[-1]
            verneed += struct.pack("<HHIII", 1, len(asked), text(file), 16, 0 if last else 16 + 16 * len(asked))
            for number, (version, weak) in enumerate(asked):
                following = 0 if number == len(asked) - 1 else 16
                flags = 2 if weak else 0
                row = struct.pack("<IHHII", sysv(version), flags, indices[file, version], text(version), following)
                verneed += row
        verdef = b""
        for name, number in verdefs.items():
            following = 0 if number == len(verdefs) else 28
            verdef += struct.pack("<HHHHIII", 1, int(number == 1), number, 1, sysv(name), 20, following)
            verdef += struct.pack("<II", text(name), 0)
        dynamic: list[tuple[int, int]] = [(1, text(name)) for name in self.needed]
        dynamic += [(14, text(self.soname))] if self.soname else []
        dynamic += [(29, text(self.runpath))] if self.runpath else []
        dynamic += [(0x6FFFFFFB, self.flags_1)] if self.flags_1 else []
        dynamic += list(self.extra)
        phnum = self.load + (self.dynamic != "no") + (self.stack is not None)
        rows = len(dynamic) + 9 + 2 * bool(verneed) + 2 * bool(verdef) + 1
        at = EHDR + PHDR * phnum
        parts: dict[str, tuple[int, bytes]] = {}

        def place(name: str, data: bytes) -> None:
            nonlocal at
            at = (at + 7) & ~7
            parts[name] = (at, data)
            at += len(data)

        place("dynamic", bytes(DYN * rows))
        chain = [0, *range(2, len(symbols)), 0][: len(symbols)]
        place("hash", struct.pack(f"<{3 + len(chain)}I", 1, len(chain), int(len(symbols) > 1), *chain))
        place("symbols", b"".join(symbols))
        place("versym", struct.pack(f"<{len(versym)}H", *versym))
        place("verneed", verneed)
        place("verdef", verdef)
        place("strings", bytes(strings))
        place("slots", bytes(8 * len(self.undefined)))
        slots = parts["slots"][0]
        relocations = b"".join(
            struct.pack("<QQq", slots + 8 * number, (number + 1) << 32 | 1, 0) for number in range(len(self.undefined))
        )
        place("relocations", relocations)
        place("pad", bytes(self.pad))
        dynamic += [(4, parts["hash"][0]), (5, parts["strings"][0]), (6, parts["symbols"][0]), (10, len(strings))]
        dynamic += [(11, SYM), (7, parts["relocations"][0]), (8, len(relocations)), (9, RELA)]
        if verneed or verdef:
            dynamic.append((0x6FFFFFF0, parts["versym"][0]))
        if verneed:
            dynamic += [(0x6FFFFFFE, parts["verneed"][0]), (0x6FFFFFFF, len(files))]
        if verdef:
            dynamic += [(0x6FFFFFFC, parts["verdef"][0]), (0x6FFFFFFD, len(verdefs))]
        dynamic.append((0, 0))
        image = bytearray(at)
        for offset, data in parts.values():
            image[offset : offset + len(data)] = data
        table = b"".join(struct.pack("<qQ", *row) for row in dynamic)
        where = parts["dynamic"][0]
        image[where : where + len(table)] = table
        headers = b""
        if self.load:
            headers += struct.pack("<IIQQQQQQ", 1, 6, 0, 0, 0, at, at + self.bss, 4096)
        if self.dynamic != "no":
            size = len(table) if self.dynamic == "yes" else 0
            headers += struct.pack("<IIQQQQQQ", 2, 6, where, where, where, size, size, 8)
        if self.stack is not None:
            headers += struct.pack("<IIQQQQQQ", 0x6474E551, self.stack, 0, 0, 0, 0, 0, 16)
        ident = b"\x7fELF\x02\x01\x01" + bytes(9)
        head = ident + struct.pack("<HHIQQQIHHHHHH", self.type, 62, 1, 0, EHDR, 0, 0, EHDR, PHDR, phnum, 64, 0, 0)
        image[: len(head) + len(headers)] = head + headers
        for offset, data in self.patches:
            image[offset : offset + len(data)] = data
        return bytes(image[: self.cut])


def sysv(name: str) -> int:
    """The hash of symbol versions (System V ABI)."""
    value = 0
    for byte in name.encode():
        value = (value << 4) + byte
        value ^= (value & 0xF0000000) >> 24
        value &= 0x0FFFFFFF
    return value


# -- the cases ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """Files to write into an empty directory, and the names that are opened in one process, in order."""

    files: Mapping[str, bytes | Object]
    open: tuple[str, ...] = ("p.so",)
    links: Mapping[str, str] = field(default_factory=dict)
    """Hard links: name to existing name."""


def header(offset: int, data: bytes) -> Object:
    return Object(patches=((offset, data),))


def plugin(**fields: object) -> Object:
    return Object(**{"runpath": "$ORIGIN", **fields})  # type: ignore[arg-type]


LOAD = EHDR
"""Where the first program header (`PT_LOAD`) lies, and the dynamic one after it."""

CASES: dict[str, Case] = {
    "loads": Case({"p.so": Object()}),
    # open_verify
    "empty": Case({"p.so": b""}),
    "one byte": Case({"p.so": b"\x7f"}),
    "63 bytes of ELF": Case({"p.so": Object(cut=63)}),
    "text": Case({"p.so": b"package main // a plugin, or so its name says, but really its own source\n" * 3}),
    "short text": Case({"p.so": b"not a plugin\n"}),
    "mach-o": Case({"p.so": bytes.fromhex("cffaedfe07000001") + bytes(200)}),
    "32-bit": Case({"p.so": header(4, b"\x01")}),
    "class 9": Case({"p.so": header(4, b"\x09")}),
    "big-endian": Case({"p.so": header(5, b"\x02")}),
    "byte order 0": Case({"p.so": header(5, b"\0")}),
    "EI_VERSION 2": Case({"p.so": header(6, b"\x02")}),
    "OSABI GNU": Case({"p.so": header(7, b"\x03")}),
    "OSABI FreeBSD": Case({"p.so": header(7, b"\x09")}),
    "ABI version 1": Case({"p.so": header(8, b"\x01")}),
    "OSABI GNU, ABI version 3": Case({"p.so": header(7, b"\x03\x03")}),
    "OSABI GNU, ABI version 4": Case({"p.so": header(7, b"\x03\x04")}),
    "padding": Case({"p.so": header(10, b"\x01")}),
    "e_version 0": Case({"p.so": header(20, bytes(4))}),
    "arm64": Case({"p.so": header(18, b"\xb7\0")}),
    "s390x": Case({"p.so": Object(patches=((5, b"\x02"), (16, b"\0\x03\0\x16")))}),
    "arm64, OSABI FreeBSD": Case({"p.so": Object(patches=((7, b"\x09"), (18, b"\xb7\0")))}),
    "arm64, e_version 0": Case({"p.so": Object(patches=((18, b"\xb7\0"), (20, bytes(4))))}),
    "ET_REL": Case({"p.so": Object(type=1)}),
    "ET_CORE": Case({"p.so": Object(type=4)}),
    "ET_EXEC": Case({"p.so": Object(type=2)}),
    "phentsize 32": Case({"p.so": header(54, b"\x20\0")}),
    "program headers beyond the end": Case({"p.so": header(32, b"\0\0\x10\0")}),
    "no program headers": Case({"p.so": header(56, b"\0\0")}),
    # _dl_map_object_from_fd
    "no loadable segments": Case({"p.so": Object(load=False)}),
    "no loadable segments, ET_EXEC": Case({"p.so": Object(load=False, type=2)}),
    "no dynamic section": Case({"p.so": Object(dynamic="no")}),
    "no dynamic section, ET_EXEC": Case({"p.so": Object(dynamic="no", type=2)}),
    "empty dynamic section": Case({"p.so": Object(dynamic="empty")}),
    "PIE": Case({"p.so": Object(flags_1=0x08000000)}),
    "PIE with a version that is not there": Case(
        {"p.so": Object(flags_1=0x08000000, needed=("libc.so.6",), needs=(("libc.so.6", "GLIBC_9.9", False),))}
    ),
    "more than the address space": Case({"p.so": header(LOAD + 40, b"\0" * 7 + b"\x10")}),
    "NOOPEN": Case({"p.so": Object(flags_1=0x40)}),
    "offset not aligned": Case({"p.so": header(LOAD + 8, b"\x08")}),
    "p_align 0": Case({"p.so": header(LOAD + 48, bytes(8))}),
    "p_align 3": Case({"p.so": header(LOAD + 48, b"\x03" + bytes(7))}),
    "executable stack": Case({"p.so": Object(stack=7)}),
    "stack not executable": Case({"p.so": Object(stack=6)}),
    # truncated
    "cut before the end, same page": Case({"p.so": Object(pad=64, cut=900)}),
    "cut in a page that nothing reads": Case({"p.so": Object(pad=12288, cut=8192)}),
    "cut before the page where bss starts": Case({"p.so": Object(pad=12288, bss=64, cut=8192)}),
    "cut before the page where bss starts on a page's edge": Case({"p.so": Object(pad=12288, bss=64, cut=4096)}),
    # needed libraries
    "needs libc": Case({"p.so": Object(needed=("libc.so.6",))}),
    "needs a missing library": Case({"p.so": plugin(needed=("libmissing.so.1",))}),
    "needs two missing libraries": Case({"p.so": plugin(needed=("libone.so.1", "libtwo.so.1"))}),
    "needs a path that is missing": Case({"p.so": plugin(needed=("/nonexistent/libx.so",))}),
    "needs a library beside it": Case({"p.so": plugin(needed=("libx.so",)), "libx.so": Object(soname="libx.so")}),
    "needs a library beside it, no runpath": Case(
        {"p.so": Object(needed=("libx.so",)), "libx.so": Object(soname="libx.so")}
    ),
    "needs a library that needs a missing one": Case(
        {"p.so": plugin(needed=("libx.so",)), "libx.so": Object(soname="libx.so", needed=("libmissing.so.1",))}
    ),
    "breadth first": Case(
        {
            "p.so": plugin(needed=("libx.so", "libsecond.so.1")),
            "libx.so": Object(soname="libx.so", needed=("libmissing.so.1",)),
        }
    ),
    "needs a text file": Case({"p.so": plugin(needed=("libx.so",)), "libx.so": b"/* GNU ld script */" * 9}),
    "needs a 32-bit library": Case({"p.so": plugin(needed=("libx.so",)), "libx.so": header(4, b"\x01")}),
    "needs an arm64 library": Case({"p.so": plugin(needed=("libx.so",)), "libx.so": header(18, b"\xb7\0")}),
    "needs an executable": Case({"p.so": plugin(needed=("libx.so",)), "libx.so": Object(type=2)}),
    "needs an empty library": Case({"p.so": plugin(needed=("libx.so",)), "libx.so": b""}),
    "needs what was loaded under its soname": Case(
        {"first.so": Object(soname="libfirst.so.1"), "p.so": Object(needed=("libfirst.so.1",))}, ("first.so", "p.so")
    ),
    "needs musl": Case({"p.so": Object(needed=("libc.musl-x86_64.so.1",))}),
    "needs ld.so": Case({"p.so": Object(needed=("libc.so.6", "ld-linux-x86-64.so.2"))}),
    # versions
    "version not in libc": Case({"p.so": Object(needed=("libc.so.6",), needs=(("libc.so.6", "GLIBC_9.9", False),))}),
    "weak version not in libc": Case(
        {"p.so": Object(needed=("libc.so.6",), needs=(("libc.so.6", "GLIBC_9.9", True),))}
    ),
    "two versions not in libc": Case(
        {
            "p.so": Object(
                needed=("libc.so.6",), needs=(("libc.so.6", "GLIBC_9.8", False), ("libc.so.6", "GLIBC_9.9", False))
            )
        }
    ),
    "version not in a library": Case(
        {
            "p.so": plugin(needed=("libx.so",), undefined=(("f", "X_2", "libx.so", False),)),
            "libx.so": Object(soname="libx.so", verdefs=("libx.so", "X_1"), defined=(("f", "X_1", False),)),
        }
    ),
    "version not in what a library needs": Case(
        {
            "p.so": plugin(needed=("libx.so",)),
            "libx.so": Object(soname="libx.so", needed=("libc.so.6",), needs=(("libc.so.6", "GLIBC_9.9", False),)),
        }
    ),
    "missing library before version": Case(
        {"p.so": plugin(needed=("libc.so.6", "libmissing.so.1"), needs=(("libc.so.6", "GLIBC_9.9", False),))}
    ),
    "version before undefined symbol": Case(
        {
            "p.so": Object(
                needed=("libc.so.6",),
                needs=(("libc.so.6", "GLIBC_9.9", False),),
                undefined=(("nowhere", "", "", False),),
            )
        }
    ),
    "versioned symbol, library without versions": Case(
        {
            "p.so": plugin(needed=("libx.so",), undefined=(("f", "X_1", "libx.so", False),)),
            "libx.so": Object(soname="libx.so", defined=(("f", "", False),)),
        }
    ),
    "RELR without its version": Case(
        {
            "p.so": Object(
                needed=("libc.so.6",), needs=(("libc.so.6", "GLIBC_2.2.5", False),), extra=((36, 0), (35, 0), (37, 8))
            )
        }
    ),
    # symbols
    "undefined symbol": Case({"p.so": Object(undefined=(("nowhere", "", "", False),))}),
    "weak undefined symbol": Case({"p.so": Object(undefined=(("nowhere", "", "", True),))}),
    "undefined symbol that nothing refers to": Case({"p.so": Object(unreferenced=("nowhere",))}),
    "two undefined symbols": Case({"p.so": Object(undefined=(("one", "", "", False), ("two", "", "", False)))}),
    "defined by libc": Case(
        {"p.so": Object(needed=("libc.so.6",), undefined=(("malloc", "GLIBC_2.2.5", "libc.so.6", False),))}
    ),
    "defined by libc, not needed": Case({"p.so": Object(undefined=(("malloc", "", "", False),))}),
    "not in libc under this version": Case(
        {"p.so": Object(needed=("libc.so.6",), undefined=(("malloc", "GLIBC_2.34", "libc.so.6", False),))}
    ),
    "no such symbol in libc": Case(
        {"p.so": Object(needed=("libc.so.6",), undefined=(("nowhere", "GLIBC_2.34", "libc.so.6", False),))}
    ),
    "defined by an earlier plugin": Case(
        {"first.so": Object(defined=(("f", "", False),)), "p.so": Object(undefined=(("f", "", "", False),))},
        ("first.so", "p.so"),
    ),
    "defined by an earlier file that failed": Case(
        {
            "first.so": Object(defined=(("f", "", False),), undefined=(("nowhere", "", "", False),)),
            "p.so": Object(undefined=(("f", "", "", False),)),
        },
        ("first.so", "p.so"),
    ),
    "hidden version for an unversioned reference": Case(
        {
            "p.so": plugin(needed=("libx.so",), undefined=(("f", "", "", False),)),
            "libx.so": Object(soname="libx.so", verdefs=("libx.so", "X_1", "X_2"), defined=(("f", "X_2", True),)),
        }
    ),
    "oldest hidden version for an unversioned reference": Case(
        {
            "p.so": plugin(needed=("libx.so",), undefined=(("f", "", "", False),)),
            "libx.so": Object(soname="libx.so", verdefs=("libx.so", "X_1"), defined=(("f", "X_1", True),)),
        }
    ),
    "default version for an unversioned reference": Case(
        {
            "p.so": plugin(needed=("libx.so",), undefined=(("f", "", "", False),)),
            "libx.so": Object(soname="libx.so", verdefs=("libx.so", "X_1", "X_2"), defined=(("f", "X_2", False),)),
        }
    ),
    "undefined in a library before the plugin": Case(
        {
            "p.so": plugin(needed=("libx.so",), undefined=(("mine", "", "", False),)),
            "libx.so": Object(soname="libx.so", undefined=(("theirs", "", "", False),)),
        }
    ),
    # the same file
    "twice": Case({"p.so": Object()}, ("p.so", "p.so")),
    "hard link": Case({"p.so": Object()}, ("p.so", "q.so"), links={"q.so": "p.so"}),
    "hard link of a file that failed": Case(
        {"p.so": Object(undefined=(("nowhere", "", "", False),))}, ("p.so", "q.so"), links={"q.so": "p.so"}
    ),
    "copy": Case({"p.so": Object(), "q.so": Object()}, ("p.so", "q.so")),
}


# -- real dlopen -------------------------------------------------------------------------------------------------------


def write(case: Case, directory: Path) -> list[str]:
    """Write a case's files; the paths that are opened."""
    for name, content in case.files.items():
        (directory / name).write_bytes(content.link() if isinstance(content, Object) else content)
    for name, target in case.links.items():
        (directory / name).hardlink_to(directory / target)
    return [str(directory / name) for name in case.open]


def really(program: Path, case: Case, directory: Path) -> list[str]:
    """What a real `dlopen` says to each; a last line `signal N` or `exit N` when the process dies."""
    done = subprocess.run([program, *write(case, directory)], capture_output=True, check=False, timeout=60)
    lines = done.stdout.decode("utf-8", "surrogateescape").replace(str(directory), "DIR").splitlines()
    if done.returncode:
        lines.append(f"signal {-done.returncode}" if done.returncode < 0 else f"exit {done.returncode}")
    return lines


def compile_program(compiler: str, directory: Path) -> Path:
    program = directory / f"dlopen-{compiler}"
    source = directory / "dlopen.c"
    source.write_text(PROGRAM)
    subprocess.run([compiler, "-o", program, source, "-ldl"], check=True, capture_output=True)
    return program


COMPILERS = {"glibc": "cc", "musl": "musl-gcc"}


# -- the replay --------------------------------------------------------------------------------------------------------


class Beside:
    """The libraries that lie beside the plugin, and those of another system."""

    def __init__(self, directory: Path, other: System) -> None:
        self.directory = directory
        self.other = other

    def find(self, wanted: Wanted) -> Found:
        path = self.directory / wanted.name
        if "/" in wanted.name or not path.exists():
            return self.other.find(wanted)
        if str(self.directory) in (*wanted.rpath, *wanted.runpath):
            library = read_library(str(path)).library
            elf = library.binary.elf
            if wanted.musl or elf is None:
                return library
            if elf.elf_class != wanted.host.elf_class or elf.machine != wanted.host.machine:
                return Absent(elf.elf_class != wanted.host.elf_class)
            return library
        return Absent()


def replayed(host: Binary, paths: list[str], system: System) -> list[DlopenResult]:
    """What gopluck says to each file, up to the one that ends the process."""
    out: list[DlopenResult] = []
    loaded: list[Binary] = []
    for path in paths:
        binary = read(path)
        result = dlopen(binary, host, loaded, system, libc_of(host))
        out.append(result)
        if result.status == "loaded":
            loaded.append(binary)
        if result.status == "abort":
            break
    return out


def as_lines(results: list[DlopenResult], directory: Path) -> list[str]:
    """The same form as `really`."""
    lines = []
    for result in results:
        text = (result.text or "").replace(str(directory), "DIR")
        died = "signal 7" if text.startswith("SIGBUS") else "exit 127" if text.startswith("Inconsist") else "exit 1"
        lines.append({"loaded": "loaded", "same": "loaded", "abort": died}.get(result.status, text))
    return lines


UNDECIDED = {
    ("glibc", "cut in a page that nothing reads"),
    ("musl", "cut in a page that nothing reads"),
    ("musl", "class 9"),
    ("musl", "byte order 0"),
    ("musl", "offset not aligned"),
}
"""What gopluck does not decide: which pages of a cut file are read; and what musl alone loads: a header whose layout
cannot be told, a segment whose offset does not fit its address.
"""

MUSL_LOADS = {
    "32-bit",
    "big-endian",
    "arm64",
    "arm64, OSABI FreeBSD",
    "arm64, e_version 0",
    "empty dynamic section",
    "needs a 32-bit library",
    "needs an arm64 library",
}
"""What musl loads only because these files lie: their code and tables are not of the machine that they name."""

DOCUMENT: Mapping[str, Any] = json.loads(RECORDS.read_text()) if RECORDS.exists() else {"texts": {}}
RECORDED = [(libc, name) for name in CASES for libc in COMPILERS if name in DOCUMENT["texts"]]


def decided(libc: str, name: str) -> bool:
    return (libc, name) not in UNDECIDED and not (libc == "musl" and name in MUSL_LOADS)


@pytest.mark.parametrize(("libc", "name"), RECORDED)
def test_the_replay_says_what_the_c_library_said(libc: str, name: str, tmp_path: Path) -> None:
    host = codec.from_json(Binary, DOCUMENT["hosts"][libc])
    system = Beside(tmp_path, from_json(DOCUMENT["systems"][libc]))
    results = replayed(host, write(CASES[name], tmp_path), system)
    if decided(libc, name):
        assert as_lines(results, tmp_path) == DOCUMENT["texts"][name][libc]
        assert all(result.exact for result in results if result.status == "error")
    elif name not in MUSL_LOADS:
        assert [result.status for result in results] == ["unknown"]


def test_every_case_is_recorded() -> None:
    assert DOCUMENT["texts"].keys() == CASES.keys()


@pytest.mark.parametrize("libc", COMPILERS)
def test_the_c_library_of_this_machine_still_says_it(libc: str, tmp_path: Path) -> None:
    if shutil.which(COMPILERS[libc]) is None:
        pytest.skip(f"no {COMPILERS[libc]}: the texts of {libc} cannot be compared with a real dlopen")
    program = compile_program(COMPILERS[libc], tmp_path)
    host = read(str(program))
    system = LiveSystem()
    if libc_of(host).kind != libc:
        pytest.skip(f"{COMPILERS[libc]} does not link with {libc}")
    wrong = {}
    for number, (name, case) in enumerate(CASES.items()):
        directory = tmp_path / str(number)
        directory.mkdir()
        real = really(program, case, directory)
        paths = [str(directory / opened) for opened in case.open]
        said = as_lines(replayed(host, paths, system), directory)
        if decided(libc, name) and said != real:
            wrong[name] = (said, real)
    assert wrong == {}


# -- where libraries are looked for ----------------------------------------------------------------------------------

INTERPRETER = "/lib64/ld-linux-x86-64.so.2"
HOST = Elf(b"", 64, "little", 62, 2, "amd64", interp=INTERPRETER, needed=("libc.so.6",))
LIBX = Object(soname="libx.so.1").link()


def root_with(root: Path, files: Mapping[str, bytes]) -> LiveSystem:
    for name, content in {INTERPRETER: LIBX, **files}.items():
        path = root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return LiveSystem(Directory(str(root)))


def found_at(system: System, wanted: Wanted) -> str | None:
    found = system.find(wanted)
    return found.binary.path if isinstance(found, Library) else None


WRONG_CLASS = header(4, b"\x01").link()
ARM64 = header(18, b"\xb7\0").link()
TEXT = b"INPUT(libx.so.2)\n" * 9


def cache_of(**paths: str) -> bytes:
    """An `ld.so.cache` with one entry for a library; `__` in a name stands for a dot."""
    strings, entries = b"", b""
    start = 48 + 24 * len(paths)
    for name, path in paths.items():
        key = start + len(strings)
        strings += name.replace("__", ".").encode() + b"\0"
        entries += struct.pack("<iIIIQ", 0x303, key, start + len(strings), 0, 0)
        strings += path.encode() + b"\0"
    head = b"glibc-ld.so.cache1.1" + struct.pack("<II5I", len(paths), len(strings), 2, 0, 0, 0, 0)
    return head + entries + strings


CACHE = cache_of(libx__so__1="/opt/x/libx.so.1")

SEARCHES: dict[str, tuple[Mapping[str, bytes], Mapping[str, Any], str | None]] = {
    "the default directories of Debian": (
        {"/lib/x86_64-linux-gnu/libx.so.1": LIBX, "/usr/lib/libx.so.1": LIBX},
        {},
        "/lib/x86_64-linux-gnu/libx.so.1",
    ),
    "the default directories of others": ({"/usr/lib64/libx.so.1": LIBX}, {}, "/usr/lib64/libx.so.1"),
    "what ldconfig has found comes first": (
        {"/etc/ld.so.cache": CACHE, "/opt/x/libx.so.1": LIBX, "/lib64/libx.so.1": LIBX},
        {},
        "/opt/x/libx.so.1",
    ),
    "after a table of the old form": (
        {"/etc/ld.so.cache": b"ld.so-1.7.0\0\0\0\0\0" + CACHE, "/opt/x/libx.so.1": LIBX},
        {},
        "/opt/x/libx.so.1",
    ),
    "what it has found and is gone": ({"/etc/ld.so.cache": CACHE, "/lib64/libx.so.1": LIBX}, {}, "/lib64/libx.so.1"),
    "a damaged cache": ({"/etc/ld.so.cache": CACHE[:60], "/lib64/libx.so.1": LIBX}, {}, "/lib64/libx.so.1"),
    "ld.so.conf is for ldconfig alone": (
        {"/etc/ld.so.conf": b"/opt/x\n", "/opt/x/libx.so.1": LIBX, "/lib64/libx.so.1": LIBX},
        {},
        "/lib64/libx.so.1",
    ),
    "the directories that are compiled into ld.so": (
        {INTERPRETER: LIBX + b"\0/a/lib/\0/b/lib64/\0", "/lib64/libx.so.1": LIBX, "/b/lib64/libx.so.1": LIBX},
        {},
        "/b/lib64/libx.so.1",
    ),
    "rpath before all": ({"/a/libx.so.1": LIBX, "/lib64/libx.so.1": LIBX}, {"rpath": ("/a",)}, "/a/libx.so.1"),
    "runpath": ({"/a/libx.so.1": LIBX, "/lib64/libx.so.1": LIBX}, {"runpath": ("/a",)}, "/a/libx.so.1"),
    "another class is passed": (
        {"/a/libx.so.1": WRONG_CLASS, "/lib64/libx.so.1": LIBX},
        {"runpath": ("/a",)},
        "/lib64/libx.so.1",
    ),
    "another machine is passed": (
        {"/a/libx.so.1": ARM64, "/lib64/libx.so.1": LIBX},
        {"runpath": ("/a",)},
        "/lib64/libx.so.1",
    ),
    "a text file stops the search": (
        {"/a/libx.so.1": TEXT, "/lib64/libx.so.1": LIBX},
        {"runpath": ("/a",)},
        "/a/libx.so.1",
    ),
    "a listed text file is passed": (
        {"/etc/ld.so.cache": CACHE, "/opt/x/libx.so.1": TEXT, "/lib64/libx.so.1": LIBX},
        {},
        "/lib64/libx.so.1",
    ),
    "a path": ({"/a/libx.so.1": LIBX}, {"name": "/a/libx.so.1"}, "/a/libx.so.1"),
    "nowhere": ({}, {}, None),
    "musl's default directories": (
        {"/usr/local/lib/libx.so.1": LIBX, "/usr/lib/libx.so.1": LIBX, "/lib64/libx.so.1": LIBX},
        {"musl": True},
        "/usr/local/lib/libx.so.1",
    ),
    "musl's path file": (
        {"/etc/ld-musl-x86_64.path": b"/m\n/lib\n", "/m/libx.so.1": LIBX, "/lib/libx.so.1": LIBX},
        {"musl": True},
        "/m/libx.so.1",
    ),
    "musl passes no file": (
        {"/lib/libx.so.1": WRONG_CLASS, "/usr/lib/libx.so.1": LIBX},
        {"musl": True},
        "/lib/libx.so.1",
    ),
}


@pytest.mark.parametrize("name", SEARCHES)
def test_a_library_is_found_where_the_loader_finds_it(name: str, tmp_path: Path) -> None:
    files, fields, expected = SEARCHES[name]
    wanted = Wanted(**{"name": "libx.so.1", "host": HOST, "musl": False, **fields})
    assert found_at(root_with(tmp_path, files), wanted) == expected


def test_links_of_a_root_stay_inside_it(tmp_path: Path) -> None:
    system = root_with(tmp_path, {"/real/libx.so.1": LIBX})
    (tmp_path / "usr/lib64").mkdir(parents=True)
    (tmp_path / "usr/lib64/libx.so.1").symlink_to("/real/libx.so.1")
    (tmp_path / "a").symlink_to("../../../../../../usr/lib64")
    assert found_at(system, Wanted("libx.so.1", HOST, False, runpath=("/a",))) == "/a/libx.so.1"
    (tmp_path / "usr/lib64/libx.so.1").unlink()
    (tmp_path / "usr/lib64/libx.so.1").symlink_to("libx.so.1")
    assert system.find(Wanted("libx.so.1", HOST._replace(goarch="amd64"), False, ("/b",))) == Absent()


def test_ld_library_path_counts_only_when_it_is_given(tmp_path: Path) -> None:
    root_with(tmp_path, {"/l/libx.so.1": LIBX})
    wanted = Wanted("libx.so.1", HOST, False)
    assert LiveSystem(Directory(str(tmp_path))).find(wanted) == Absent()
    assert found_at(LiveSystem(Directory(str(tmp_path)), ["/l"]), wanted) == "/l/libx.so.1"


def test_libraries_of_another_machine_are_unknown_and_not_missing(tmp_path: Path) -> None:
    arm64 = HOST._replace(machine=183, goarch="arm64", interp="/lib/ld-linux-aarch64.so.1")
    assert root_with(tmp_path, {}).find(Wanted("libx.so.1", arm64, False)) == Unknown(
        f"the libraries of arm64 are not known: /lib/ld-linux-aarch64.so.1 is not under {tmp_path}"
    )


FOREIGN = HOST._replace(version_needs=(VersionNeed("libc.so.6", "GLIBC_2.34", False),))
UNKNOWN_LIBRARIES: dict[str, tuple[Object, str]] = {
    "what the host has, too": (Object(needed=("libc.so.6",)), "loaded"),
    "an older version": (Object(needed=("libc.so.6",), needs=(("libc.so.6", "GLIBC_2.17", False),)), "loaded"),
    "a newer version": (Object(needed=("libc.so.6",), needs=(("libc.so.6", "GLIBC_2.38", False),)), "unknown"),
    "another library": (Object(needed=("libm.so.6",)), "unknown"),
    "a symbol with a version": (
        Object(needed=("libc.so.6",), undefined=(("malloc", "GLIBC_2.17", "libc.so.6", False),)),
        "loaded",
    ),
    "a symbol without one": (Object(needed=("libc.so.6",), undefined=(("nowhere", "", "", False),)), "unknown"),
    "an executable": (Object(type=2), "error"),
}


@pytest.mark.parametrize("name", UNKNOWN_LIBRARIES)
def test_what_is_said_when_the_libraries_are_not_known(name: str, tmp_path: Path) -> None:
    file, status = UNKNOWN_LIBRARIES[name]
    host = Binary("/host", 1, Identity("/host", "h"), "elf", FOREIGN)
    (result,) = replayed(host, write(Case({"p.so": file}), tmp_path), from_json({"schema_version": 1, "libraries": {}}))
    assert result.status == status


GLIBC_OF: dict[str, tuple[Object, tuple[int, int], str]] = {
    "PIE before 2.30": (Object(flags_1=0x08000000), (2, 29), "loaded"),
    "executable stack since 2.41": (
        Object(stack=7),
        (2, 41),
        "DIR/p.so: cannot enable executable stack as shared object requires: Invalid argument",
    ),
    "offset before 2.35": (
        header(LOAD + 8, b"\x08"),
        (2, 34),
        "DIR/p.so: ELF load command address/offset not properly aligned",
    ),
    "p_align before 2.35": (
        header(LOAD + 48, b"\x08\0"),
        (2, 34),
        "DIR/p.so: ELF load command alignment not page-aligned",
    ),
    "RELR before 2.36": (
        Object(needed=("libc.so.6",), needs=(("libc.so.6", "GLIBC_2.17", False),), extra=((36, 0), (35, 0), (37, 8))),
        (2, 35),
        "loaded",
    ),
}


@pytest.mark.parametrize("name", GLIBC_OF)
def test_other_releases_of_glibc_say_it_as_their_source_does(name: str, tmp_path: Path) -> None:
    file, version, expected = GLIBC_OF[name]
    elf = HOST._replace(
        type=3, soname="libc.so.6", version_definitions=("libc.so.6", "GLIBC_2.17", f"GLIBC_2.{version[1]}")
    )
    libc = Library(Binary("/lib64/libc.so.6", 1, Identity("/lib64/libc.so.6", "c"), "elf", elf), versioned=True)
    host = Binary("/host", 1, Identity("/host", "h"), "elf", HOST)
    results = replayed(host, write(Case({"p.so": file}), tmp_path), RecordedSystem({"libc.so.6": libc}))
    assert as_lines(results, tmp_path) == [expected]


def record(scratch: Path) -> None:
    """Write `dlopen_texts.json` from what the C libraries of this machine say."""
    texts: dict[str, dict[str, list[str]]] = {}
    hosts, systems = {}, {}
    for libc, compiler in COMPILERS.items():
        program = compile_program(compiler, scratch)
        host = read(str(program))
        asked = Recorder(LiveSystem())
        for number, (name, case) in enumerate(CASES.items()):
            directory = scratch / f"{libc}{number}"
            directory.mkdir()
            texts.setdefault(name, {})[libc] = really(program, case, directory)
            replayed(host, [str(directory / opened) for opened in case.open], asked)
        mine = {name for case in CASES.values() for name in case.files}
        symbols = {row[0] for case in CASES.values() for file in case.files.values() for row in undefined(file)}
        libraries = {name: found for name, found in asked.asked.items() if name not in mine}
        hosts[libc] = codec.to_json(slim(host))
        systems[libc] = to_json({name: slim_library(found) for name, found in libraries.items()}, symbols)
    rows = [f"{json.dumps(name)}: {json.dumps(texts[name])}" for name in texts]
    parts = [
        '"texts": {\n' + ",\n".join(rows) + "\n}",
        f'"hosts": {json.dumps(hosts)}',
        f'"systems": {json.dumps(systems)}',
    ]
    RECORDS.write_text("{" + ",\n".join(parts) + "}\n")


def slim(binary: Binary) -> Binary:
    """What the replay needs of a file that is in the process already."""
    elf = binary.elf and binary.elf._replace(head=b"", segments=(), sections=(), undefined=())
    return binary._replace(elf=elf, identity=binary.identity._replace(inode=f"recorded:{binary.identity.inode}"))


def slim_library(found: Found) -> Found:
    return found._replace(binary=slim(found.binary)) if isinstance(found, Library) else found


def undefined(file: bytes | Object) -> tuple[tuple[str, str, str, bool], ...]:
    return file.undefined if isinstance(file, Object) else ()


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as scratch:
        record(Path(scratch))
