"""Damaged files, and a worker that checks them: `python tests/mutations.py SHARD SHARDS` prints the result as JSON.

Each case is a sample with some bytes overwritten, or cut; the same cases come up in every run. The worker keeps one
copy of each sample and patches it in place, so that a case costs little more than the check itself.
"""

from __future__ import annotations

import json
import os
import random
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Literal, NoReturn

from elftools.elf.elffile import ELFFile

from fixtures.samples.archive import unpack

HOSTS = ("gateway", "gateway-pie", "gateway-386", "gateway-s390x")
PLUGINS = ("auth.so", "auth-relr.so", "auth-go1.26.6.so", "auth-386.so", "auth-s390x.so")
PARTNERS = {"gateway-386": "auth-386.so", "gateway-s390x": "auth-s390x.so"}
CASES = 510
"""For each sample, as what it is; a tenth of that in the other role."""

SECONDS = 2.0
MEMORY = 256 << 20


@dataclass(frozen=True)
class Region:
    """A piece of a file that a decoder reads, as a table of entries with fields of some widths."""

    name: str
    offset: int
    size: int
    fields: tuple[int, ...]
    """Widths of the fields of one entry, in bytes."""


@dataclass(frozen=True)
class Case:
    """What is done to a sample: bytes overwritten at offsets, then the file cut to a size (None: not cut)."""

    name: str
    patches: tuple[tuple[int, bytes], ...] = ()
    size: int | None = None


# -- what to damage ------------------------------------------------------------------------------------------------


def regions(path: Path) -> list[Region]:
    """The structures of a sample, found by pyelftools; `moduledata` and what hangs on it by gopluck itself."""
    with path.open("rb") as stream:
        elf = ELFFile(stream)
        word = elf.elfclass // 8
        wide = word == 8
        header = (4, 1, 1, 1, 1, 8, 2, 2, 4, word, word, word, 4, 2, 2, 2, 2, 2, 2)
        segment = (4, 4, *[8] * 6) if wide else (4,) * 8
        section = (4, 4, *[8] * 4, 4, 4, 8, 8) if wide else (4,) * 10
        symbol = (4, 1, 1, 2, 8, 8) if wide else (4, 4, 4, 1, 1, 2)
        out = [
            Region("header", 0, elf.header["e_ehsize"], header),
            Region("segments", elf["e_phoff"], elf["e_phnum"] * elf["e_phentsize"], segment),
            Region("sections", elf["e_shoff"], elf["e_shnum"] * elf["e_shentsize"], section),
        ]
        kinds: dict[str, tuple[int, ...]] = {
            ".dynamic": (word, word),
            ".dynsym": symbol,
            ".dynstr": (1,),
            ".hash": (4,),
            ".gnu.hash": (4,),
            ".gnu.version": (2,),
            ".gnu.version_r": (2, 2, 4, 4, 4),
            ".rela.dyn": (word, word, word),
            ".rel.dyn": (word, word),
            ".relr.dyn": (word,),
            ".go.buildinfo": (1,),
            ".go.module": (word,),
            ".gopclntab": (word,),
            ".shstrtab": (1,),
            ".interp": (1,),
        }
        for one in elf.iter_sections():
            if one.name in kinds and one["sh_size"]:
                # The start of a table is what is read most.
                size = min(one["sh_size"], 96 if one.name == ".gopclntab" else 1 << 16)
                out.append(Region(one.name, one["sh_offset"], size, kinds[one.name]))
    return out + _moduledata(path, word)


def _moduledata(path: Path, word: int) -> list[Region]:
    from gopluck.elf.image import open_image
    from gopluck.facts.read import read

    facts = read(str(path)).go
    if facts is None or facts.moduledata is None:
        return []
    out = []
    with open_image(str(path)) as image:
        order: Literal["little", "big"] = "little" if image.header.byte_order == "<" else "big"
        memory = facts.moduledata.memory[0]
        wanted = [("moduledata", facts.moduledata.address, len(memory.data))]
        for offset in memory.pointers:
            # What moduledata points at: pkghashes, ptab, types, pluginpath, …
            wanted.append((f"moduledata[{offset}]", int.from_bytes(memory.data[offset : offset + word], order), 160))
        for name, address, size in wanted:
            segment = image.segment_of(address)
            if segment is not None and address - segment.vaddr < segment.filesz:
                out.append(Region(name, segment.offset + address - segment.vaddr, size, (word,)))
    return out


def cases(path: Path, count: int, seed: str) -> Iterator[Case]:
    """`count` cases of a sample: a fifth cut, the rest changed, most of them where a decoder looks."""
    chance = random.Random(f"{path.name}/{seed}")
    size = path.stat().st_size
    data = path.read_bytes()
    found = regions(path)
    order: Literal["little", "big"] = "little" if data[5] == 1 else "big"
    no_sections = (40, bytes(8)) if data[4] == 2 else (32, bytes(4))
    edges = sorted({edge for region in found for edge in (region.offset, region.offset + region.size)})
    for number in range(count):
        if number % 5 == 0:
            cut = chance.choice([chance.randrange(200), chance.randrange(size), chance.choice(edges)])
            cut = min(max(0, cut + chance.choice([-1, 0, 0, 1])), size - 1)
            yield Case(f"cut to {cut}", (), cut)
            continue
        patches: list[tuple[int, bytes]] = []
        words: list[str] = []
        for _ in range(chance.choice([1, 1, 1, 2, 4])):
            name, offset, old = _place(chance, found, data)
            new = _value(chance, old, size, order)
            patches.append((offset, new))
            words.append(f"{name}+{offset:#x}: {old.hex()} -> {new.hex()}")
        if chance.random() < 0.2:
            # Without sections everything has to be found another way.
            patches.insert(0, no_sections)
            words.append("without sections")
        yield Case("; ".join(words), tuple(patches))


def _place(chance: random.Random, found: Sequence[Region], data: bytes) -> tuple[str, int, bytes]:
    """(name, offset, bytes) of a field to change."""
    if chance.random() < 0.08:
        offset = chance.randrange(len(data) - 16)
        return "anywhere", offset, data[offset : offset + chance.choice([1, 2, 4, 8, 16])]
    region = chance.choice(found)
    stride = sum(region.fields)
    rows = max(1, region.size // stride)
    row = chance.choice([0, 1, 2, chance.randrange(rows), chance.randrange(rows)]) % rows
    field = chance.randrange(len(region.fields))
    offset = region.offset + row * stride + sum(region.fields[:field])
    return region.name, offset, data[offset : offset + region.fields[field]]


def _value(chance: random.Random, old: bytes, size: int, order: Literal["little", "big"]) -> bytes:
    """Other bytes of the same length: a number at a limit, near the old one or near the file's size, or noise."""
    width = len(old)
    if width > 8 or chance.random() < 0.15:
        return chance.randbytes(width)
    number = int.from_bytes(old, order)
    top = 1 << 8 * width
    numbers = [
        0,
        1,
        2,
        3,
        7,
        8,
        0x7F,
        0x80,
        0xFF,
        0xFFFF,
        1 << 20,
        1 << 24,
        1 << 28,
        1 << 31,
        1 << 32,
        1 << 40,
        1 << 60,
    ]
    numbers += [top - 1, top - 2, top - 8, top // 2, top // 2 - 1, size, size - 1, size + 1, chance.randrange(size)]
    near = [number + 1, number - 1, number + 8, number * 2, number // 2, number ^ 1 << chance.randrange(8 * width)]
    return (chance.choice(chance.choice([numbers, near])) % top).to_bytes(width, order)


# -- the worker ----------------------------------------------------------------------------------------------------


class Patched:
    """A copy of a sample that a case is done to, and undone again."""

    def __init__(self, sample: Path, folder: Path) -> None:
        self.path = folder / f"bad-{sample.name}"
        shutil.copy(sample, self.path)
        self.data = sample.read_bytes()
        self.fd = os.open(self.path, os.O_RDWR)

    def apply(self, case: Case) -> None:
        """Damage the copy."""
        for offset, new in case.patches:
            os.pwrite(self.fd, new, offset)
        if case.size is not None:
            os.ftruncate(self.fd, case.size)

    def restore(self, case: Case) -> None:
        """Make it whole."""
        if case.size is not None:
            os.pwrite(self.fd, self.data[case.size :], case.size)
        for offset, new in case.patches:
            os.pwrite(self.fd, self.data[offset : offset + len(new)], offset)
        os.ftruncate(self.fd, len(self.data))


def work(shard: int, shards: int) -> dict[str, object]:
    """Every `shards`-th case: how many, what went wrong, and how much time and memory was needed at the most."""
    from gopluck.errors import GopluckError

    wrong: list[str] = []
    slowest = 0.0
    done = refused = 0
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGALRM, _hang)
    with tempfile.TemporaryDirectory() as name:
        for index, (copy, case, check) in enumerate(_jobs(Path(name))):
            if index % shards != shard:
                continue
            copy.apply(case)
            started = time.process_time()
            signal.alarm(30)
            try:
                check(index)
            except GopluckError as error:
                refused += 1
                line = str(error)
                if not line.startswith(f"{copy.path}: ") or "\n" in line:
                    wrong.append(f"{copy.path.name}: {case.name}: not a line that names the file: {line!r}")
            except BaseException:
                wrong.append(f"{copy.path.name}: {case.name}:\n{traceback.format_exc()[-1500:]}")
            signal.alarm(0)
            seconds = time.process_time() - started
            copy.restore(case)
            done += 1
            slowest = max(slowest, seconds)
            if seconds > SECONDS:
                wrong.append(f"{copy.path.name}: {case.name}: {seconds:.1f} s")
    return {"done": done, "refused": refused, "wrong": wrong, "slowest": slowest, "peak": peak_memory()}


def peak_memory() -> int:
    """The most resident bytes of this process; `ru_maxrss` would start at those of the process that started it."""
    found = re.search(r"^VmHWM:\s*(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) << 10


def _hang(_number: int, _frame: FrameType | None) -> NoReturn:
    raise TimeoutError("no answer after 30 s")


def _jobs(folder: Path) -> Iterator[tuple[Patched, Case, Callable[[int], None]]]:
    """Every case of every sample in every role, with the function that checks it."""
    from gopluck.facts.read import read

    samples = unpack()
    for host in HOSTS:
        copy = Patched(samples / host, folder)
        plugin = str(samples / PARTNERS.get(host, "auth.so"))
        for case in cases(samples / host, CASES, "host"):
            yield copy, case, lambda index, copy=copy, plugin=plugin: _check(copy.path, [plugin], index)  # type: ignore[misc]
        intact = str(samples / "gateway")
        for case in cases(samples / host, CASES // 10, "as plugin"):
            yield copy, case, lambda index, copy=copy, intact=intact: _check(intact, [copy.path], index)  # type: ignore[misc]
    for plugin in PLUGINS:
        copy = Patched(samples / plugin, folder)
        partner = next((host for host, name in PARTNERS.items() if name == plugin), "gateway")
        facts = read(str(samples / partner), evidence=False)
        paths = [copy.path, samples / "auth.so"] if partner == "gateway" else [copy.path]
        for case in cases(samples / plugin, CASES, "plugin"):
            yield copy, case, lambda index, facts=facts, paths=paths: _check(facts, paths, index)  # type: ignore[misc]
        for case in cases(samples / plugin, CASES // 10, "as host"):
            yield copy, case, lambda index, copy=copy: _check(copy.path, [samples / "auth.so"], index)  # type: ignore[misc]


def _check(host: object, plugins: Sequence[object], index: int) -> None:
    """What a user does with a file: check it, read the result; now and then inspect it."""
    from gopluck import api
    from gopluck.report.interface import VERBOSE, View, binary_renderer, report_renderer

    report = api.check(host, [str(plugin) for plugin in plugins])  # type: ignore[arg-type]
    for form in ("text", "json"):
        report_renderer(form)(report, View(verbosity=VERBOSE)).encode()
    assert {plugin.verdict for plugin in report.plugins} <= {"loads", "fails", "not-reached", "unknown"}
    if index % 4 == 0:
        damaged = next(str(path) for path in (host, *plugins) if isinstance(path, str | Path) and "bad-" in str(path))
        facts = api.read(damaged)
        for form in ("text", "json"):
            binary_renderer(form)(facts, View()).encode()


def main() -> None:
    """Run one shard."""
    json.dump(work(int(sys.argv[1]), int(sys.argv[2])), sys.stdout)


if __name__ == "__main__":
    main()
