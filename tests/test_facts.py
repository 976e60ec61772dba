"""Facts are read when they are asked for: each file is opened once, and who else asks changes no answer."""

from __future__ import annotations

import builtins
import io
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from fixtures.samples import archive
from gopluck.api import check, read
from gopluck.builds.build import Build
from gopluck.elf import image
from gopluck.facts import manifest
from gopluck.golang import code, linkhash, pclntab
from gopluck.result.check import PluginResult

HOSTS = ("gateway", "gateway-debug", "gateway-s390x")


@pytest.fixture(scope="module")
def samples() -> Path:
    return archive.unpack()


def plugins(samples: Path) -> list[str]:
    """The plugins that are checked, damaged ones left out."""
    return [str(path) for path in sorted(samples.glob("*.so")) if path.read_bytes()[:4] == b"\x7fELF"]


def hosts(samples: Path) -> list[str]:
    return [str(samples / name) for name in HOSTS]


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each file is opened, and each pclntab searched for."""
    counts: Counter[str] = Counter()

    def opening(call: Any) -> Any:
        def counting(path: Any, *arguments: Any, **more: Any) -> Any:
            counts[os.path.realpath(os.fsdecode(path)) if isinstance(path, str | bytes | os.PathLike) else "?"] += 1
            return call(path, *arguments, **more)

        return counting

    def finding(found: Any) -> Any:
        def counting(of: image.Image) -> Any:
            counts[f"pclntab of {os.path.realpath(of.path)}"] += 1
            return found(of)

        return counting

    for module, name in ((os, "open"), (builtins, "open"), (io, "open")):
        monkeypatch.setattr(module, name, opening(getattr(module, name)))
    monkeypatch.setattr(pclntab, "find_pclntabs", finding(pclntab.find_pclntabs))
    return counts


def test_a_check_opens_each_file_once_and_finds_its_pclntab_once(samples: Path, counted: Counter[str]) -> None:
    for host in hosts(samples):
        for plugin in plugins(samples):
            counted.clear()
            try:
                report = check(host, [plugin])
            except Exception:
                continue
            assert report.plugins
            files = {os.path.realpath(path) for path in (host, plugin)}
            assert {name: counted[name] for name in files} == dict.fromkeys(files, 1)
            assert all(counted[f"pclntab of {name}"] <= 1 for name in files)
            assert counted[f"pclntab of {os.path.realpath(host)}"] == 1


def test_many_plugins_open_each_file_once(samples: Path, counted: Counter[str]) -> None:
    host = str(samples / "gateway")
    paths = [path for path in plugins(samples) if readable(host, path)]
    counted.clear()
    check(host, paths, independent=True)
    assert {path: counted[os.path.realpath(path)] for path in (host, *paths)} == dict.fromkeys((host, *paths), 1)


def readable(host: str, plugin: str) -> bool:
    try:
        check(host, [plugin])
    except Exception:
        return False
    return True


def without_place(result: PluginResult) -> PluginResult:
    return result._replace(position=1)


@pytest.mark.parametrize("name", HOSTS)
def test_a_result_is_the_same_alone_in_a_directory_and_in_any_order(samples: Path, name: str) -> None:
    host = str(samples / name)
    paths = [path for path in plugins(samples) if readable(host, path)]
    alone = [check(host, [path]).plugins[0] for path in paths]
    assert [without_place(one) for one in check(host, paths, independent=True).plugins] == alone
    assert [without_place(one) for one in check(host, paths[::-1], independent=True).plugins] == alone[::-1]
    whole = read(host)
    assert [check(whole, [path]).plugins[0] for path in paths] == alone
    assert len(paths) > 10


@pytest.mark.parametrize("name", HOSTS)
def test_a_manifest_gives_the_result_that_its_host_gives(samples: Path, tmp_path: Path, name: str) -> None:
    host = str(samples / name)
    (tmp_path / name).write_text(manifest.dumps(read(host)))
    wrong = {}
    for path in plugins(samples):
        if not readable(host, path):
            continue
        one, two = (check(file, [path]).plugins[0] for file in (host, str(tmp_path / name)))
        found = [
            (
                *(x.verdict, x.stage, x.effect, x.error, x.packages.compared, {f.rule for f in x.findings}),
                [package._replace(provider="") for package in x.packages.mismatched],
            )
            for x in (one, two)
        ]
        if found[0] != found[1]:
            wrong[path] = found
    assert wrong == {}


def test_a_function_is_looked_up_and_no_package_is_gone_through(samples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code, "_names", lambda *_: pytest.fail("a package was gone through"))
    host = Build(read(samples / "gateway"), "the host")
    found = {package: host.code(package).get(name) for package, (name, _) in SOME.items()}
    assert {package: function and function.file for package, function in found.items()} == {
        package: file for package, (_, file) in SOME.items()
    }


@pytest.mark.parametrize("cache", [True, False])
@pytest.mark.parametrize("plugin", ["auth.so", "auth-trimpath.so", "auth-vendor.so", "auth-go1.26.6.so"])
def test_the_packages_of_a_host_are_looked_up_and_not_gone_through(
    samples: Path, monkeypatch: pytest.MonkeyPatch, plugin: str, cache: bool
) -> None:
    monkeypatch.setattr(linkhash, "read_link_hashes", lambda *_: pytest.fail("all packages were read"))
    if not cache:  # as of a host whose modules are all replaced by folders
        monkeypatch.setattr(Build, "cache", None)
    assert check(samples / "gateway", [samples / plugin]).plugins[0].findings


SOME = {
    "example.com/letters": ("Count", "letters.go"),
    "internal/abi": ("(*RegArgs).Dump", "abi.go"),
    "os": ("(*File).Readdir", "dir.go"),
}
"""A function of some packages, and its file."""
