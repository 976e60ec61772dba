"""Damaged files, and a worker that checks them: `python tests/mutations.py SHARD SHARDS` prints the result as JSON.

What is done to them, and how, is `fixtures.fuzz.elffile`; the same damage comes up in every run.
"""

from __future__ import annotations

import json
import random
import re
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from fixtures import pace
from fixtures.fuzz.elffile import Copy, Damage, sample
from fixtures.fuzz.model import MEMORY, SECONDS
from fixtures.samples.archive import unpack

HOSTS = ("gateway", "gateway-pie", "gateway-386", "gateway-s390x")
PLUGINS = ("auth.so", "auth-relr.so", "auth-go1.26.6.so", "auth-386.so", "auth-s390x.so")
PARTNERS = {"gateway-386": "auth-386.so", "gateway-s390x": "auth-s390x.so"}
CASES = 510
"""For each sample, as what it is; a tenth of that in the other role."""

PATIENCE = 120
"""Seconds by the clock after which an input is given up; what counts is processor time."""

# -- the worker ----------------------------------------------------------------------------------------------------


def work(shard: int, shards: int) -> dict[str, object]:
    """Every `shards`-th case: how many, what went wrong, and the most memory that was needed."""
    from gopluck.errors import GopluckError

    wrong: list[str] = []
    done = refused = 0
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGALRM, _hang)
    with tempfile.TemporaryDirectory() as name:
        for index, (copy, case, check) in enumerate(_jobs(Path(name))):
            if index % shards != shard:
                continue
            copy.apply(case)
            started = time.process_time()
            signal.alarm(PATIENCE)
            try:
                check(index)
            except GopluckError as error:
                refused += 1
                line = str(error)
                if not line.startswith(f"{copy.path}: ") or "\n" in line:
                    wrong.append(f"{case.what}: not a line that names the file: {line!r}")
            except BaseException:
                wrong.append(f"{case.what}:\n{traceback.format_exc()[-1500:]}")
            signal.alarm(0)
            seconds = time.process_time() - started
            copy.restore(case)
            done += 1
            if seconds > SECONDS and seconds > pace.allowed(SECONDS):
                wrong.append(f"{case.what}: {seconds:.1f} s")
    return {"done": done, "refused": refused, "wrong": wrong, "peak": peak_memory()}


def peak_memory() -> int:
    """The most resident bytes of this process; `ru_maxrss` would start at those of the process that started it."""
    found = re.search(r"^VmHWM:\s*(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) << 10


def _hang(_number: int, _frame: FrameType | None) -> NoReturn:
    raise TimeoutError(f"no answer after {PATIENCE} s")


def cases(copy: Copy, count: int, role: str) -> Iterator[Damage]:
    """`count` cases of damage to a sample in a role."""
    name = copy.path.name.removeprefix("bad-")
    return (copy.draw(random.Random(f"{name}/{role}/{number}")) for number in range(count))


def _jobs(folder: Path) -> Iterator[tuple[Copy, Damage, Callable[[int], None]]]:
    """Every case of every sample in every role, with the function that checks it."""
    from gopluck.facts.read import read

    samples = unpack()
    for host in HOSTS:
        copy = Copy(sample(samples / host), folder)
        plugin = str(samples / PARTNERS.get(host, "auth.so"))
        for case in cases(copy, CASES, "host"):
            yield copy, case, lambda index, copy=copy, plugin=plugin: _check(copy.path, [plugin], index)  # type: ignore[misc]
        intact = str(samples / "gateway")
        for case in cases(copy, CASES // 10, "as plugin"):
            yield copy, case, lambda index, copy=copy, intact=intact: _check(intact, [copy.path], index)  # type: ignore[misc]
    for plugin in PLUGINS:
        copy = Copy(sample(samples / plugin), folder)
        partner = next((host for host, name in PARTNERS.items() if name == plugin), "gateway")
        facts = read(str(samples / partner))
        paths = [copy.path, samples / "auth.so"] if partner == "gateway" else [copy.path]
        for case in cases(copy, CASES, "plugin"):
            yield copy, case, lambda index, facts=facts, paths=paths: _check(facts, paths, index)  # type: ignore[misc]
        for case in cases(copy, CASES // 10, "as host"):
            yield copy, case, lambda index, copy=copy: _check(copy.path, [samples / "auth.so"], index)  # type: ignore[misc]


def _check(host: object, plugins: Sequence[object], index: int) -> None:
    """What a user does with a file: check it, read the result; now and then inspect it."""
    from gopluck import api
    from gopluck.report.interface import VERBOSE, View, renderer

    report = api.check(host, [str(plugin) for plugin in plugins])  # type: ignore[arg-type]
    for form in ("text", "json"):
        renderer("check", form)(report, View(verbosity=VERBOSE)).encode()
    assert {plugin.verdict for plugin in report.plugins} <= {"loads", "fails", "not-reached", "unknown"}
    if index % 4 == 0:
        damaged = next(str(path) for path in (host, *plugins) if isinstance(path, str | Path) and "bad-" in str(path))
        facts = api.read(damaged)
        for form in ("text", "json"):
            renderer("inspect", form)(facts, View()).encode()


def main() -> None:
    """Run one shard."""
    json.dump(work(int(sys.argv[1]), int(sys.argv[2])), sys.stdout)


if __name__ == "__main__":
    main()
