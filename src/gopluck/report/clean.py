"""Text out of binaries and file names, made safe for a terminal or a log: control characters become visible escapes."""

from __future__ import annotations

import re

UNSAFE = re.compile(
    "["
    "\x00-\x1f\x7f"  # C0 with ESC, tab and newline, DEL
    "\x80-\x9f"  # C1: 0x9b alone starts an escape sequence
    "\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"  # invisible, line separators, bidi marks and overrides
    "\ufff9-\ufffb\U000e0000-\U000e007f"  # interlinear and tag characters
    "\ud800-\udfff"  # surrogates: bytes that are not UTF-8
    "]"
)
SURROGATE = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """One line without characters that act on a terminal; each becomes an escape such as `\\x1b` or `\\u202e`."""
    return UNSAFE.sub(_escape, text)


def clean_lines(text: str) -> list[str]:
    """The lines of a text of our own that may hold names from binaries, each cleaned; none are empty."""
    return [clean(line.rstrip()) for line in text.split("\n") if line.strip()]


def without_surrogates(text: str) -> str:
    """A text that UTF-8 and strict JSON readers accept; everything else stays as it is."""
    return SURROGATE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xDC80 <= code <= 0xDCFF:  # `surrogateescape`: the byte itself
        code -= 0xDC00
    if code <= 0xFF:
        return {9: r"\t", 10: r"\n", 13: r"\r"}.get(code, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
