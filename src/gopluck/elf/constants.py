"""Numbers of the ELF format under the names of `elf.h`, and the relocation types that data pointers use."""

from __future__ import annotations

from typing import NamedTuple

ET_REL, ET_EXEC, ET_DYN, ET_CORE = 1, 2, 3, 4
PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_NOTE, PT_TLS, PT_GNU_STACK = 1, 2, 3, 4, 7, 0x6474E551
PF_X, PF_W, PF_R = 1, 2, 4
SHT_NOBITS = 8
SHF_COMPRESSED = 0x800
SHN_UNDEF = 0
STB_LOCAL, STB_GLOBAL, STB_WEAK = 0, 1, 2
STT_FUNC = 2
STT_TLS = 6

DT_NULL, DT_NEEDED, DT_PLTRELSZ, DT_HASH, DT_STRTAB, DT_SYMTAB = 0, 1, 2, 4, 5, 6
DT_RELA, DT_RELASZ, DT_RELAENT, DT_STRSZ, DT_SYMENT = 7, 8, 9, 10, 11
DT_SONAME, DT_RPATH, DT_REL, DT_RELSZ, DT_RELENT = 14, 15, 17, 18, 19
DT_PLTREL, DT_JMPREL, DT_RUNPATH, DT_FLAGS = 20, 23, 29, 30
DT_RELRSZ, DT_RELR, DT_RELRENT = 35, 36, 37
DT_GNU_HASH, DT_VERSYM, DT_FLAGS_1 = 0x6FFFFEF5, 0x6FFFFFF0, 0x6FFFFFFB
DT_VERDEF, DT_VERDEFNUM, DT_VERNEED, DT_VERNEEDNUM = 0x6FFFFFFC, 0x6FFFFFFD, 0x6FFFFFFE, 0x6FFFFFFF
DF_1_PIE, DF_1_NOOPEN = 0x08000000, 0x40

EM_386, EM_ARM, EM_X86_64, EM_AARCH64 = 3, 40, 62, 183
EM_PPC64, EM_S390, EM_RISCV, EM_LOONGARCH, EM_MIPS = 21, 22, 243, 258, 8


class RelocationTypes(NamedTuple):
    """The relocation types of one machine that store an address into data.

    `relative`: base + addend. `absolute`: symbol + addend. `glob_dat`: symbol.
    """

    relative: int
    absolute: int
    glob_dat: int


RELOCATION_TYPES = {
    EM_386: RelocationTypes(relative=8, absolute=1, glob_dat=6),
    EM_ARM: RelocationTypes(relative=23, absolute=2, glob_dat=21),
    EM_X86_64: RelocationTypes(relative=8, absolute=1, glob_dat=6),
    EM_AARCH64: RelocationTypes(relative=1027, absolute=257, glob_dat=1025),
    EM_PPC64: RelocationTypes(relative=22, absolute=38, glob_dat=20),
    EM_S390: RelocationTypes(relative=12, absolute=22, glob_dat=10),
    EM_RISCV: RelocationTypes(relative=3, absolute=2, glob_dat=2),
    EM_LOONGARCH: RelocationTypes(relative=3, absolute=2, glob_dat=2),
}
"""Processor supplements of the System V ABI, by `e_machine`."""

GOARCH = {
    (EM_386, 32, "<"): "386",
    (EM_ARM, 32, "<"): "arm",
    (EM_X86_64, 64, "<"): "amd64",
    (EM_AARCH64, 64, "<"): "arm64",
    (EM_AARCH64, 64, ">"): "arm64be",
    (EM_PPC64, 64, "<"): "ppc64le",
    (EM_PPC64, 64, ">"): "ppc64",
    (EM_S390, 64, ">"): "s390x",
    (EM_RISCV, 64, "<"): "riscv64",
    (EM_LOONGARCH, 64, "<"): "loong64",
    (EM_MIPS, 32, ">"): "mips",
    (EM_MIPS, 32, "<"): "mipsle",
    (EM_MIPS, 64, ">"): "mips64",
    (EM_MIPS, 64, "<"): "mips64le",
}
"""What Go calls a machine, by `e_machine`, class and byte order."""
