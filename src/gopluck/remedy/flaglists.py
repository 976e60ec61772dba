"""The flags of compilers and linkers that a recipe may repeat: those that shape code, and run and write nothing.

An allow-list, as the go command has one for what `#cgo` lines ask for (`cmd/go/internal/work/security.go`); for Go's
own compiler and linker the flags of `cmd/compile/internal/base/flag.go` and `cmd/link/internal/ld/main.go` without
those that write profiles, objects and headers, or name another program.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

LONGEST_LIST = 64 << 10
"""Letters of a list of flags or packages: half of what Linux passes in one argument (`MAX_ARG_STRLEN`)."""

_NEVER = r"\x00-\x1f\x7f-\x9f$`\\"
"""What no word holds, not even between quotes."""
_VALUE = rf"(?!/(?:dev|proc|sys)/)[^ @'\"{_NEVER}-](?:[^ '\"{_NEVER}]| (?![ @-]))*"
"""The value of a flag. It begins neither with `-` nor with `@`, behind which compilers read more flags; nor does what
stands behind a blank in it: releases before 1.18 end a word there, quotes or not. Devices are no files to read."""
_WORD = r"[\w/.:+][\w/.:+-]*"
"""The value of a linker flag: a path or a name."""
_HEADER = rf"(?=.*\.(?:h|hh|hpp|hxx|inc)$|\w+$){_VALUE}"
"""What may be included: a compiler shows lines of a file that is no C in its errors."""
_TEXT = rf"[^'\"{_NEVER}]*"

_QUOTED = (
    rf"(?P<blank>[ \t]+)|\"(?P<double>[^\"{_NEVER}]*)\"(?=[ \t]|$)|'(?P<single>[^'{_NEVER}]*)'(?=[ \t]|$)"
    rf"|(?P<bare>[^ '\"{_NEVER}][^ {_NEVER}]*)"
)

_C_TOGGLES = (
    *("asynchronous-unwind-tables", "blocks", r"builtin(-\w+)?", "common", r"cf-protection(=\w+)?", "data-sections"),
    *("delete-null-pointer-checks", "eliminate-unused-debug-types", "exceptions", "fast-math", "fat-lto-objects"),
    *("function-sections", "gnu-unique", "ident", r"inline(-functions)?", r"lto(=\w+)?", "math-errno"),
    *("merge-all-constants", "objc-arc", "omit-frame-pointer", r"openmp(-simd)?", "permissive", "pic", "PIC", "pie"),
    *("PIE", "plt", "rtti", "semantic-interposition", "short-enums", "signed-char", "split-stack"),
    *("stack-clash-protection", r"stack-protector(-all|-strong|-explicit)?", "strict-aliasing", "strict-overflow"),
    *("trampolines", "trapping-math", "tree-vectorize", "unroll-loops", "unsigned-char", "unwind-tables"),
    *("var-tracking", "var-tracking-assignments", "visibility-inlines-hidden", "wrapv", "zero-initialized-in-bss"),
)
"""What stands behind `-f` or `-fno-`."""

_C_BOTH = (
    *(
        r"-O\w*",
        r"-g(no-)?(\w*(-[0-9])?|record-gcc-switches)",
        r"-m(?!llvm)[\w.-]+(=[\w.,+-]+)?",
        r"-fsanitize(-recover)?=[\w,-]+",
        r"-v",
    ),
    *(rf"-f(debug|file|macro)-prefix-map={_VALUE}", r"-pthread", r"-stdlib=[\w+]+"),
)
"""What C compilers and linkers both take."""

_C = (
    *_C_BOTH,
    rf"-[DU][A-Za-z_]\w*(=({_VALUE})?)?",
    rf"-I{_VALUE}",
    rf"--sysroot={_VALUE}",
    r"-W(?![abclp],)[\w+-]+(=[\w-]+)?",  # -Wall, not -Wa,-flag
    r"-Wp,-[DU][A-Za-z_]\w*(=\w*)?",
    r"-(ansi|pedantic(-errors)?|pipe|w)",
    rf"-f(no-)?({'|'.join(_C_TOGGLES)})",
    r"-f(visibility|tls-model|diagnostics-color|excess-precision|fp-contract|message-length)=[\w-]+",
    r"-std=[\w+:]+",
)
_C_WITH_VALUE = {
    **dict.fromkeys(("-I", "-isystem", "-iquote", "-idirafter", "-D", "-U", "-isysroot", "--sysroot"), _VALUE),
    "-include": _HEADER,
}
"""Flags whose value is the next word, and what that may be."""

_LINKED = (
    r"--(no-)?(as-needed|export-dynamic|allow-multiple-definition|allow-shlib-undefined|gc-sections|relax"
    r"|whole-archive)",
    r"--(no-undefined|push-state|pop-state|start-group|end-group)|-export-dynamic",
    r"-(s|S|E|Bstatic|Bdynamic|Bsymbolic|Bsymbolic-functions|O[0-9]+)",
    r"-z,?[a-z][a-z-]*(=\w+)?",
    r"--build-id(=(none|sha1|md5|uuid|0x[0-9a-fA-F]+))?",
    r"--(hash-style=(sysv|gnu|both)|icf=(none|safe|all)|emit-relocs)",
    r"-T(text|data|bss|text-segment)=\w+",
    rf"--(version-script|dynamic-list)={_WORD}",
    r"--(enable|disable)-new-dtags",
    r"--compress-debug-sections=\w+",
    r"--default-symver",
    rf"(--?(rpath|rpath-link|soname)|-h|-R|--(wrap|unresolved-symbols|sort-section|exclude-libs|undefined))[=,]{_WORD}",
)
"""What `-Wl,` hands to the linker, between commas. Each flag takes the value that it has here, and no other: else the
next word would be its value, and that one's value a flag."""

_C_LINKER = (
    *_C_BOTH,
    rf"-[lL]{_VALUE}",
    r"-(rdynamic|shared|static(-[a-z]+)?|pie|no-pie|s|nostdlib)",
    r"-f(no-)?(pic|PIC|pie|PIE|openmp|lto(=\w+)?|fat-lto-objects)",
    r"-fuse-ld=(bfd|gold|lld|mold)",
    rf"-Wl(,({'|'.join(_LINKED)}))+",
    r"(?!-)/?([\w.+-]+/)*\w[\w.+-]*\.(a|o|so(\.[0-9]+)*)",
)
_C_LINKER_WITH_VALUE = dict.fromkeys(("-L", "-l"), _VALUE)
"""Not `--sysroot`: below it clang looks for the linker to run."""

_DEBUG = r"(?!ast|dump|gossa)[a-z]\w*(=-?[0-9]+)?"
"""A setting of `-d`; those that are left out write files (`cmd/compile/internal/base/debug.go`)."""

_GO = (
    r"-(\+|B|C|E|K|N|S|W|complete|dynlink|e|h|j|live|msan|race|asan|r|smallframes|shared|std|t|v|w|wb)(=\w+)?",
    r"-(c|l|m|dwarf|dwarflocationlists|dwarfbasentries|compressdwarf|memprofilerate|nolocalimports)(=\w+)?",
    rf"-d={_DEBUG}(,{_DEBUG})*",
    r"-d=ssa/[\w~]+/(on|off|debug|stats|time|mem)(=[0-9]+)?",
    r"-lang=go1\.[0-9]{1,3}",
    r"-spectre=[a-z,]+",
    rf"-trimpath={_VALUE}",
)

_GO_LINKER = (
    r"--?(s|w|v|a|c|d|f|g|h|n|race|msan|asan|linkshared|aslr|compressdwarf|debugtramp|dumpdep|bindnow|checklinkname"
    r"|strictdups|funcalign|debugtextsize|R|T|B|buildid)(=[\w/.:+-]*)?",
    r"--?linkmode=(auto|internal|external)",
    r"--?pluginpath=[\w/.~+-]*",
)

_PATTERN = r"all|std|cmd|main|\.|(\./)?(?!-)([\w.~+-]+/)*[\w.~+-]+"
"""The packages that flags are for: `all`, `example.com/lib/...`, `./internal/...`."""


def split(text: str) -> list[str] | None:
    """The words of a list of flags, with quotes as the go command reads them (`cmd/internal/quoted`, Split).

    None when a quote has no end, or a character is in it that no word may hold.
    """
    if len(text) > LONGEST_LIST:
        return None
    words: list[str] = []
    at = 0
    while at < len(text):
        match = re.compile(_QUOTED).match(text, at)
        if match is None:
            return None
        at = match.end()
        if match["blank"] is None:
            words.append(match[str(match.lastgroup)])
    return words


def _known(flags: Collection[str], with_value: Mapping[str, str], words: list[str] | None) -> bool:
    """Whether each word is one of the flags, or the value of the word before it."""
    if words is None:
        return False
    pattern = re.compile("|".join(f"(?:{one})" for one in flags))
    value = ""
    for word in words:
        if not re.fullmatch(value or pattern, word):
            if value or word not in with_value:
                return False
            value = with_value[word]
        else:
            value = ""
    return not value


def c_flags(text: str) -> bool:
    """CGO_CFLAGS, CGO_CPPFLAGS and CGO_CXXFLAGS: `-O2 -g -I/usr/include/foo`."""
    return _known(_C, _C_WITH_VALUE, split(text))


def c_linker_flags(text: str) -> bool:
    """CGO_LDFLAGS, and what `-extldflags` holds: `-L/opt/lib -lfoo -Wl,-rpath,/opt/lib`."""
    return _known(_C_LINKER, _C_LINKER_WITH_VALUE, split(text))


def gcflags(text: str) -> bool:
    """`-gcflags`: `all=-N -l`, `example.com/lib/...=-l`, `-N -l`."""
    return _known(_GO, {}, split(_without_pattern(text)))


def ldflags(text: str) -> bool:
    """`-ldflags`: `-s -w -X main.version=1.2.3 -extldflags "-Wl,-z,now"`."""
    words = split(_without_pattern(text))
    if words is None:
        return False
    rest: list[str] = []
    at = 0
    while at < len(words):
        name, equals, value = words[at].removeprefix("-").partition("=")
        if name not in ("X", "extldflags", "-X", "-extldflags") or not words[at].startswith("-"):
            rest.append(words[at])
        else:
            if not equals:
                at += 1
                if at == len(words):
                    return False
                value = words[at]
            fits = _definition(value) if name.endswith("X") else c_linker_flags(value)
            if not fits:
                return False
        at += 1
    return _known(_GO_LINKER, {}, rest)


def definitions(text: str) -> str:
    """Of `-ldflags`, what names nothing that is linked: its `-X`, `-s` and `-w`, quoted as the go command reads them.

    Empty where there are none, or where the list cannot be taken apart (`cmd/internal/quoted`, `Split`).
    """
    words = list(split(_without_pattern(text)) or ())
    kept: list[str] = []
    while words:
        word = words.pop(0)
        name, equals, _ = word.lstrip("-").partition("=")
        if name == "X" and word.startswith("-"):
            kept += [word] if equals else [word, *words[:1]]
        elif word.lstrip("-") in ("s", "w"):
            kept.append(word)
        if name in ("X", "extldflags", "extld") and not equals:
            words = words[1:]
    return "" if any("'" in word and '"' in word for word in kept) else " ".join(map(_quoted, kept))


def _quoted(word: str) -> str:
    if re.fullmatch(r"[^\s'\"]+", word):
        return word
    return f'"{word}"' if "'" in word else f"'{word}'"


def _definition(text: str) -> bool:
    """What `-X` sets: `importpath.name=value`."""
    return re.fullmatch(rf"(?!-)[\w./~+%-]+={_TEXT}", text) is not None


def _without_pattern(text: str) -> str:
    """The flags of `PATTERN=FLAGS`, or of `FLAGS`."""
    pattern, equals, words = text.partition("=")
    return words if equals and not text.startswith("-") and re.fullmatch(_PATTERN, pattern) else text
