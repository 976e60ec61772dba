"""What a file is that is not ELF, from its first bytes."""

from __future__ import annotations

_MAGIC = (
    (b"\x7fELF", "elf"),
    (b"\xfe\xed\xfa\xce", "mach-o"),
    (b"\xfe\xed\xfa\xcf", "mach-o"),
    (b"\xce\xfa\xed\xfe", "mach-o"),
    (b"\xcf\xfa\xed\xfe", "mach-o"),
    (b"\xca\xfe\xba\xbe", "mach-o"),
    (b"\xca\xfe\xba\xbf", "mach-o"),
    (b"MZ", "pe"),
    (b"!<arch>\n", "ar"),
    (b"!<thin>\n", "ar"),
)
"""`mach-o/loader.h`, `mach-o/fat.h`, PE's DOS stub, `ar.h`."""

_CONTROL = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b") | {127})


def sniff(head: bytes, size: int) -> str:
    """The format of a file: `elf`, `mach-o`, `pe`, `ar`, `empty`, `text` or `data`.

    `head` are its first bytes (64 are enough; more make `text` surer), `size` is its length in bytes. `elf` only says
    that the magic number is there.
    """
    if size == 0 or not head:
        return "empty"
    for magic, name in _MAGIC:
        if head.startswith(magic):
            # A Java class file shares the magic of a fat Mach-O; its version stands where a fat file counts its parts.
            if magic[:3] == b"\xca\xfe\xba" and int.from_bytes(head[4:8], "big") > 30:
                return "data"
            return name
    if head.translate(None, _CONTROL) != head:
        return "data"
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        # A character may be cut where the head ends.
        return "text" if error.start >= len(head) - 3 and len(head) < size else "data"
    return "text"
