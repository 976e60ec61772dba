"""Hostile values, and the places of a host, a plugin and a module in which each of them is put.

Every string that facts can hold is found by walking the records and the manifest, so that a new field is tried without
being named here.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import hostile
from gopluck.facts.model import Binary
from gopluck.golang.records import BuildInfo, Module

CANARY = "{canary}"
"""Stands for the file that must never appear, and must not be replaced."""

CONTENTS: Mapping[str, str] = {
    "substitution": "$(touch {canary})",
    "backticks": "`touch {canary}`",
    "variable and substitution": "$A$(touch {canary})",
    "placeholder": "$HOST_CHECKOUT$(touch {canary})",
    "semicolon": "x;touch {canary};",
    "and": "x&&touch {canary}",
    "pipe": "x|touch {canary}",
    "redirection": "x>{canary}",
    "single quote": "v1.0.0';touch {canary};'",
    "double quote": 'x";touch {canary};"',
    "both quotes": "'\"';touch {canary};'\"'",
    "newline": "x\ntouch {canary}\n",
    "return": "x\rtouch {canary}\r",
    "nul": "x\0touch {canary}",
    "backslash": "x\\\ntouch {canary}",
    "trailing backslash": "x\\",
    "flag": "-o={canary}",
    "long flag": "--output={canary}",
    "wrapper": "-wrapper /bin/sh,-c,touch${IFS}{canary}",
    "plain wrapper": "-wrapper /bin/sh,-c,touch\t{canary}",
    "profile": "all=-cpuprofile={canary}",
    "toolexec": "-toolexec=touch {canary}",
    "response file": "@{canary}",
    "comment": "# x\ntouch {canary}",
    "make function": "$(shell touch {canary})",
    "make recipe": "x\n\ttouch {canary}\nall:\n\ttouch {canary}\n",
    "make include": "x\ninclude {canary}\n$(eval $(shell touch {canary}))",
    "yaml": "x: y\n- run: touch {canary}\n",
    "yaml string": '"\n      - run: touch {canary}\n',
    "actions expression": "${{ touch {canary} }}",
    "template": "{{ cycler.__init__.__globals__.os.system('touch {canary}') }}",
    "template block": "{% for x in ().__class__.__base__.__subclasses__() %}{% endfor %}",
    "go comment": "x */ func init() { panic(1) } /*",
    "go string": 'x")\nfunc init() { os.WriteFile("{canary}", nil, 0) }',
    "go directive": "x\n//go:generate touch {canary}\n",
    "go.mod": "x\n)\nreplace example.com/greet => {canary}\n",
    "arrow": "example.com/x => {canary}",
    "dockerfile": "x\nRUN touch {canary}",
    "workflow command": "::error::x",
    "blank and workflow command": "x   \n   ::set-output name=x::y",
    "pipeline command": "##[error]x ##vso[task.setvariable]y ##teamcity[x]",
    "terminal": "\x1b[2J\x1b]0;x\x07\x9b31m",
    "bidi": "x\u202ey\u2066",
    "invisible": "x\u3164\u115fy\ufe0f",
    "surrogate": "x\udcffy",
    "path": "../../../../../../{canary}",
    "absolute path": "/tmp/../{canary}",
    "markdown": "[x](javascript:x) <script>x</script> `x`",
    "arithmetic": "$((a[$(>{canary})]))",
    "process substitution": "<(touch {canary})",
    "here-document": "<<E\nE\n>{canary}",
    "history and globs": "!!*?[a](e:touch {canary}:)",
    "tilde and braces": "~root/{a,b}>{canary}",
    "assignment": "PATH=/tmp BASH_ENV={canary}",
    "output of the linker": "-O2 -Wl,--undefined,-rpath,-o{canary}",
    "output like a library": "-O2 -o{canary}.so",
    "map of the linker": "-lm -Wl,-Map={canary}",
    "quoted flags": "-DX='a b' '-I;>{canary}'",
    "device": "/dev/fd/../../{canary}",
    "yaml tags": "&a [*a, !!python/object/apply:os.system ['touch {canary}']]",
    "dockerfile escape": '"\\\n RUN touch {canary}\n',
    "cgo directive": "x\n// #cgo LDFLAGS: -o{canary}\n",
    "go.sum": "h1:{canary}=\nexample.com/x v1.0.0 h1:",
    "other spaces": "-I/x\u00a0-wrapper\u00a0/bin/sh,-c,>{canary}\u2028>{canary}\u0085>{canary}",
    "bytes": "\udcff\udc80$(>{canary})",
    "percent": "%s%n%x%(>{canary})",
    "many": "$(>{canary})" * 40,
    "long": "a" * 5000,
    "digits": "v1." + "9" * 3000 + ".0",
}


def contents(canary: str) -> dict[str, str]:
    """The hostile values, which would touch this file."""
    return {name: value.replace(CANARY, canary) for name, value in CONTENTS.items()}


# -- records -----------------------------------------------------------------------------------------------------------

Put = Callable[[str], Any]
"""Gives the whole with a value in one place."""

SETTINGS = (
    *("-buildmode", "-compiler", "-gcflags", "-ldflags", "-tags", "-trimpath", "-race", "-msan", "-asan", "-cover"),
    *("-pgo", "CGO_ENABLED", "CGO_CFLAGS", "CGO_CPPFLAGS", "CGO_CXXFLAGS", "CGO_LDFLAGS", "GOARCH", "GOOS", "GOAMD64"),
    *("GOEXPERIMENT", "GOFIPS140", "DefaultGODEBUG", "vcs", "vcs.revision", "vcs.time", "vcs.modified", "unknown"),
)
"""Build settings, those that recipes repeat among them."""


def _itself(value: str) -> Any:
    return value


def _around(put: Put, wrap: Callable[[Any], Any]) -> Put:
    return lambda value: wrap(put(value))


def places(record: Any, name: str = "") -> Iterator[tuple[str, Put]]:
    """Every string of a record, by its path; of a list or mapping one entry."""
    if isinstance(record, str):
        yield name, _itself
    elif isinstance(record, tuple) and hasattr(record, "_fields"):
        for field in record._fields:
            for path, put in places(getattr(record, field), f"{name}.{field}"):
                yield path, _around(put, partial(_with_field, record, field))
    elif isinstance(record, tuple) and record:
        for path, put in places(record[-1], f"{name}[]"):
            yield path, _around(put, lambda last: (*record[:-1], last))
    elif isinstance(record, frozenset):
        yield f"{name}[]", lambda value: record | {value}
    elif isinstance(record, Mapping) and record:
        first = next(iter(record))
        yield f"{name}{{key}}", lambda value: {**record, value: record[first]}
        for path, put in places(record[first], f"{name}{{}}"):
            yield path, _around(put, lambda entry: {**record, first: entry})


def _with_field(record: Any, field: str, value: Any) -> Any:
    return record._replace(**{field: value})


OURS = frozenset({".go.moduledata.layout"})
"""Words of our own tables: no file says them, and a manifest may only hold those that there are."""


def binary_places(binary: Binary) -> Iterator[tuple[str, Put]]:
    """Every string of a file's facts; each build setting, and each part of a module, by its name."""
    yield from ((name, put) for name, put in places(binary) if name not in OURS)
    go = binary.go
    info = go.build_info if go else None
    if go is None or info is None:
        return
    with_info = partial(_with_info, binary)
    for key in SETTINGS:
        others = tuple(pair for pair in info.settings if pair[0] != key)
        yield f"setting {key}", _around(_itself, partial(_with_setting, with_info, info, others, key))
    for index, dep in enumerate(info.deps):
        rest = (*info.deps[:index], *info.deps[index + 1 :])
        with_dep = partial(_with_dep, with_info, info, rest)
        for what, changed in MODULES.items():
            yield f"module {index} {what}", _around(partial(changed, dep), with_dep)


def _with_info(binary: Binary, info: BuildInfo) -> Binary:
    assert binary.go is not None
    return binary._replace(go=binary.go._replace(build_info=info))


def _with_setting(
    with_info: Callable[[BuildInfo], Binary],
    info: BuildInfo,
    others: tuple[tuple[str, str], ...],
    key: str,
    value: str,
) -> Binary:
    return with_info(info._replace(settings=(*others, (key, value))))


def _with_dep(
    with_info: Callable[[BuildInfo], Binary], info: BuildInfo, rest: tuple[Module, ...], dep: Module
) -> Binary:
    return with_info(info._replace(deps=(*rest, dep)))


MODULES: Mapping[str, Callable[[Module, str], Module]] = {
    "path": lambda dep, value: dep._replace(path=value),
    "version": lambda dep, value: dep._replace(version=value),
    "sum": lambda dep, value: dep._replace(sum=value),
    "folder": lambda dep, value: dep._replace(replace=Module(value, "")),
    "fork": lambda dep, value: dep._replace(replace=Module("example.com/x", value)),
    "fork's path": lambda dep, value: dep._replace(replace=Module(value, "v1.0.0")),
}
"""The parts of a module, and what puts a value there."""


# -- documents ---------------------------------------------------------------------------------------------------------


def document_places(document: Any, name: str = "") -> Iterator[tuple[str, Put]]:
    """Every string of a JSON document, by its path; of a list or object of many entries one."""
    if isinstance(document, str):
        yield name, _itself
    elif isinstance(document, list) and document:
        for path, put in document_places(document[-1], f"{name}[]"):
            yield path, _around(put, lambda last: [*document[:-1], last])
    elif isinstance(document, dict) and document:
        for key in document if len(document) < 30 else [next(iter(document))]:
            for path, put in document_places(document[key], f"{name}.{key}"):
                yield path, _around(put, partial(_with_key, document, key))


def _with_key(document: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    return {**document, key: value}


def manifest_places(document: dict[str, Any]) -> Iterator[tuple[str, Put]]:
    """Every string of a manifest, and each build setting."""
    yield from document_places(document)
    build = document["build"]
    for key in SETTINGS:
        others = [pair for pair in build["settings"] if pair[0] != key]
        yield f"setting {key}", _around(_itself, partial(_with_entry, document, others, key))


def _with_entry(document: dict[str, Any], others: list[list[str]], key: str, value: str) -> dict[str, Any]:
    return {**document, "build": {**document["build"], "settings": [*others, [key, value]]}}


# -- files -------------------------------------------------------------------------------------------------------------

START, END = bytes.fromhex("3077af0c9274080241e1c107e6d618e6"), bytes.fromhex("f932433186182072008242104116d8f2")
"""What stands around the module information (`cmd/go/internal/modload/build.go`, `infoStart` and `infoEnd`)."""


def with_build_info(elf: hostile.Elf, version: str, lines: str) -> None:
    """Give an ELF file this build info, whatever its length, in a segment of its own."""
    texts = (version.encode("utf-8", "surrogateescape"), START + lines.encode("utf-8", "surrogateescape") + END)
    blob = b"\xff Go buildinf:" + bytes([8, 2]) + bytes(16) + b"".join(_varint(len(text)) + text for text in texts)
    address = elf.graft(blob)
    shoff, (count, names) = elf.u64(40), struct.unpack_from("<HH", elf.data, 60)
    strings = elf.u64(shoff + 64 * names + 24)
    for row in range(shoff, shoff + 64 * count, 64):
        at = strings + struct.unpack_from("<I", elf.data, row)[0]
        if elf.data[at : elf.data.index(0, at)] == b".go.buildinfo":
            elf.put(row + 16, "QQQ", address, len(elf.data) - len(blob), len(blob))


def _varint(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def build_info_lines(info: BuildInfo) -> str:
    """The module information as the go command writes it: keys and values that need it are quoted."""
    lines = [f"path\t{info.path}"]
    for what, module in (("mod", info.main), *(("dep", dep) for dep in info.deps)):
        if module is not None:
            lines.append(f"{what}\t{module.path}\t{module.version}\t{module.sum}")
            if module.replace is not None:
                lines.append(f"=>\t{module.replace.path}\t{module.replace.version}\t{module.replace.sum}")
    lines += [f"build\t{key}={_quoted(value)}" for key, value in info.settings]
    return "".join(f"{line}\n" for line in lines)


def _quoted(value: str) -> str:
    """As `strconv.Quote`, where `debug.BuildInfo.String` quotes."""
    if not any(one in value for one in ' \t\r\n"`') and value.isprintable():
        return value
    return json.dumps(value)


# -- what is seen ------------------------------------------------------------------------------------------------------

_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\u115f\ufe0f\ud800-\udfff]"
)
_COMMAND = re.compile(r"(?m)^\s*::|##\w*\[")


def acts(text: str) -> str:
    """What of a printed document a terminal or a CI system would take for more than text; empty when there is nothing.

    A document here is without colours, so that no escape sequence is our own.
    """
    found = _CONTROL.search(text) or _COMMAND.search(text)
    return repr(text[max(found.start() - 40, 0) : found.end() + 40]) if found else ""
