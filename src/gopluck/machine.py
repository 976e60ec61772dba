"""The machines that Go builds plugins for, in one row for each: a new machine is a new row."""

from __future__ import annotations

from collections.abc import Mapping

from gopluck.record import NamedTuple


class RelocationTypes(NamedTuple):
    """The relocation types that store an address into data (processor supplements of the System V ABI).

    `relative`: base + addend. `absolute`: symbol + addend. `glob_dat`: symbol.
    """

    relative: int
    absolute: int
    glob_dat: int


class Machine(NamedTuple):
    """One row."""

    goarch: str
    """What Go calls it."""
    em: int
    """`e_machine`."""
    elf_class: int
    """32 or 64."""
    byte_order: str
    """`<` or `>`, as `struct` spells it."""
    relocations: RelocationTypes
    tpoff: tuple[int, ...]
    """The relocation types of initial-exec TLS (musl's `REL_TPOFF`, `REL_TPOFF_NEG` in `arch/*/reloc.h`)."""
    tlsdesc: int
    """That of TLS descriptors (musl's `REL_TLSDESC`), which glibc makes static where there is room; 0: it has none."""
    quanta: tuple[int, ...]
    """Bytes that the length of every instruction is a multiple of: `sys.Arch.MinLC`, in some releases another."""
    page: int
    """Bytes of the smallest page that its kernels have."""
    hash_entry: int
    """Bytes of an entry of `.hash` (`Elf_Symndx`; 8 in glibc's `sysdeps/s390/s390-64`)."""
    osabis: tuple[int, ...]
    """What glibc takes in `EI_OSABI` (`VALID_ELF_OSABI`): System V, GNU, and on ARM `ELFOSABI_ARM_AEABI`."""
    libc_abi: int
    """glibc's `LIBC_ABI_MAX` (`libc-abis`): 4 where `IFUNC` counts, else 3."""
    multiarch: str
    """Debian's directory of its libraries (`dpkg-architecture -q DEB_HOST_MULTIARCH`)."""
    musl: str
    """`LDSO_ARCH` of musl's `configure`."""
    cc: str
    """Debian's C compiler for it on other machines."""
    loader: str
    """glibc's dynamic linker (`shlib-versions`, `rtlddir`): the interpreter of its programs."""


MACHINES = (
    Machine("386", 3, 32, "<", RelocationTypes(8, 1, 6), (14, 37), 41, (1,), 4096, 4, (0, 3), 4,
            "i386-linux-gnu", "i386", "i686-linux-gnu-gcc", "/lib/ld-linux.so.2"),
    Machine("amd64", 62, 64, "<", RelocationTypes(8, 1, 6), (18,), 36, (1,), 4096, 4, (0, 3), 4,
            "x86_64-linux-gnu", "x86_64", "x86_64-linux-gnu-gcc", "/lib64/ld-linux-x86-64.so.2"),
    Machine("arm", 40, 32, "<", RelocationTypes(23, 2, 21), (19,), 13, (4,), 4096, 4, (0, 3, 64), 3,
            "arm-linux-gnueabihf", "armhf", "arm-linux-gnueabihf-gcc", "/lib/ld-linux-armhf.so.3"),
    Machine("arm64", 183, 64, "<", RelocationTypes(1027, 257, 1025), (1030,), 1031, (4,), 4096, 4, (0, 3), 3,
            "aarch64-linux-gnu", "aarch64", "aarch64-linux-gnu-gcc", "/lib/ld-linux-aarch64.so.1"),
    Machine("loong64", 258, 64, "<", RelocationTypes(3, 2, 2), (11,), 14, (4,), 4096, 4, (0, 3), 3,
            "loongarch64-linux-gnu", "loongarch64", "loongarch64-linux-gnu-gcc",
            "/lib64/ld-linux-loongarch-lp64d.so.1"),
    Machine("ppc64", 21, 64, ">", RelocationTypes(22, 38, 20), (73,), 0, (4,), 4096, 4, (0, 3), 4,
            "powerpc64-linux-gnu", "powerpc64", "powerpc64-linux-gnu-gcc", "/lib64/ld64.so.1"),
    Machine("ppc64le", 21, 64, "<", RelocationTypes(22, 38, 20), (73,), 0, (4,), 4096, 4, (0, 3), 4,
            "powerpc64le-linux-gnu", "powerpc64le", "powerpc64le-linux-gnu-gcc", "/lib64/ld64.so.2"),
    Machine("riscv64", 243, 64, "<", RelocationTypes(3, 2, 2), (11,), 12, (2, 4), 4096, 4, (0, 3), 4,
            "riscv64-linux-gnu", "riscv64", "riscv64-linux-gnu-gcc", "/lib/ld-linux-riscv64-lp64d.so.1"),
    Machine("s390x", 22, 64, ">", RelocationTypes(12, 22, 10), (56,), 0, (2,), 4096, 8, (0, 3), 3,
            "s390x-linux-gnu", "s390x", "s390x-linux-gnu-gcc", "/lib/ld64.so.1"),
)  # fmt: skip
"""By name; the columns in the order of `Machine`."""

MIPS = 8
"""`e_machine` of MIPS, whose dynamic linker binds symbols by their places in the table, not by relocations."""

NAMED: Mapping[tuple[int, int, str], str] = {
    (MIPS, 32, ">"): "mips",
    (MIPS, 32, "<"): "mipsle",
    (MIPS, 64, ">"): "mips64",
    (MIPS, 64, "<"): "mips64le",
    (183, 64, ">"): "arm64be",
}
"""What Go calls the machines that it builds no plugins for; no more of them has to be known."""

SMALLEST_PAGE = min(machine.page for machine in MACHINES)

_BY_FORM = {(machine.em, machine.elf_class, machine.byte_order): machine for machine in MACHINES}
_BY_NAME = {machine.goarch: machine for machine in MACHINES}
_BY_EM = {machine.em: machine for machine in MACHINES}

GOARCHES = frozenset({*_BY_NAME, *NAMED.values()})


def find(em: int, elf_class: int, byte_order: str) -> Machine | None:
    """The machine of a file, by `e_machine`, class (32 or 64) and byte order (`<` or `>`)."""
    return _BY_FORM.get((em, elf_class, byte_order))


def named(goarch: str) -> Machine | None:
    """The machine that Go calls so."""
    return _BY_NAME.get(goarch)


def by_em(em: int) -> Machine | None:
    """A machine with this `e_machine`: what glibc knows of it before it looks at the rest of the header."""
    return _BY_EM.get(em)


def goarch_of(em: int, elf_class: int, byte_order: str) -> str:
    """What Go calls the machine of a file; `machine-N` for one that it has no name for."""
    form = (em, elf_class, byte_order)
    known = _BY_FORM.get(form)
    return known.goarch if known is not None else NAMED.get(form, f"machine-{em}")
