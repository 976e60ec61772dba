"""The baseline of `make bench` imports exactly what the run that it is compared with imports of others."""

from __future__ import annotations

import gc
import subprocess

import pytest

import gopluck
from fixtures.bench.__main__ import bare, imported
from fixtures.samples import archive


@pytest.mark.parametrize("format_", ["text", "json"])
@pytest.mark.parametrize("plugin", ["auth.so", "auth-trimpath.so"])
def test_the_bare_start_imports_what_the_run_imports(plugin: str, format_: str) -> None:
    folder = archive.unpack()
    words = ["check", str(folder / "gateway"), str(folder / plugin), "--format", format_]
    wanted = set(imported(words))
    python, option, text = bare(words)
    show = "import sys\nbefore = set(sys.modules)\n" + text + "print(*set(sys.modules) - before)"
    done = subprocess.run([python, option, show], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == wanted
    assert {"click", "elftools"} <= wanted
    assert ("rich.console" in wanted) == (format_ == "text")
    assert not any(name.startswith("gopluck") for name in wanted)


@pytest.mark.parametrize("plugin", ["auth.so", "auth-trimpath.so"])
def test_what_was_read_of_a_plugin_goes_with_its_result(plugin: str) -> None:
    """Nothing is left to the collector, which looks rarely: a directory of plugins would take a gigabyte."""
    folder = archive.unpack()
    gopluck.check(folder / "gateway", [folder / plugin])  # what is imported leaves some
    gc.collect()
    gc.disable()
    try:
        gopluck.check(folder / "gateway", [folder / plugin])
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        left = [type(one).__qualname__ for one in gc.garbage if type(one).__module__.startswith("gopluck.")]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
    assert left == []
