"""Three stories of docs/howto, typed as they stand there, with a real Go and a real host.

A line exits with 1 where the comment behind it says so; every other one has to succeed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from fixtures.oracle import build, proxy, trees
from fixtures.oracle.model import GoBuild
from fixtures.scenarios import kit
from fixtures.scenarios.kit import GREET, NEWEST

HOWTO = Path(__file__).parent.parent / "docs" / "howto"
STORIES = {
    "My plugin does not load": ("plugin-does-not-load.md", "## By hand"),
    "Check it in CI": ("gate-before-merge.md", "## In the plugin's repository"),
    "Hot reload": ("hot-reload.md", "## If you have to reload"),
    "I publish a host": ("publish-a-host.md", "## Publish a manifest with each release"),
}
"""By title: the page, and the heading above the lines."""


def story(title: str) -> list[str]:
    """The lines of the block under a heading, those that end in a backslash joined."""
    page, heading = STORIES[title]
    found = re.search(
        rf"^{heading}$.*?^```sh\n# Needs Go\.\n(.*?)^```", (HOWTO / page).read_text(), re.MULTILINE | re.DOTALL
    )
    assert found is not None, title
    return re.sub(r"\\\n\s*", "", found[1]).splitlines()


def host(version: str) -> GoBuild:
    return kit.both(kit.flags("-trimpath"), kit.require(GREET, version))(kit.host(NEWEST))


class Shop:
    """A folder with a host, its next build, and the checkout of a plugin that somebody has updated."""

    def __init__(self, root: Path) -> None:
        self.root = root
        proxy.publish()
        shutil.copy(build.build(host("v1.0.0")), root / "gateway")
        shutil.copy(build.build(host("v1.1.0")), root / "gateway-next")
        plugin = kit.require(GREET, "v1.1.0")(kit.plugin(NEWEST))
        for name, content in trees.render(plugin.tree).items():
            (root / "auth" / name).parent.mkdir(parents=True, exist_ok=True)
            (root / "auth" / name).write_bytes(content)
        self.environment: Mapping[str, str] = build.go_environment(plugin)
        self.run("CGO_ENABLED=1 go build -buildmode=plugin -o auth.so .", "auth")
        self.run("gopluck manifest gateway --output gateway.json")

    def run(self, line: str, folder: str = ".") -> subprocess.CompletedProcess[str]:
        """Type one line."""
        path = f"{Path(sys.executable).parent}:{self.environment['PATH']}"
        return subprocess.run(
            ["bash", "-euc", line],
            cwd=self.root / folder,
            env={**self.environment, "PATH": path},
            capture_output=True,
            text=True,
        )


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    if shutil.which("cc") is None:
        pytest.skip("no C compiler (cc) here: cgo cannot build plugins")
    return Shop(tmp_path_factory.mktemp("shop"))


def typed(shop: Shop, title: str) -> list[tuple[str, int, str]]:
    """(line, status, output) of each line of a story; `cd` counts for those after it."""
    folder, out = ".", []
    for line in story(title):
        if line.startswith("cd "):
            folder = line.split()[1]
            continue
        done = shop.run(line, folder)
        out.append((line, done.returncode, done.stdout + done.stderr))
        assert done.returncode == (1 if "# 1:" in line else 0), (line, done.stdout, done.stderr)
    return out


def test_my_plugin_does_not_load(shop: Shop) -> None:
    told = shop.run("gopluck check ../gateway auth.so --format json", "auth").stdout
    recipe = json.loads(told)["plugins"][0]["remedy"]
    steps = typed(shop, "My plugin does not load")
    assert [re.sub(r" +#.*", "", line) for line, _, _ in steps[1:-1]] == recipe["run"]
    assert steps[-1][2].startswith("✓ auth.so will load into ../gateway")
    plugin = shop.root / "auth" / "auth.so"
    assert really_loads(host("v1.0.0"), plugin)


def test_check_it_in_ci(shop: Shop) -> None:
    steps = typed(shop, "Check it in CI")
    assert "fits" in steps[0][2]
    assert steps[-1][2].startswith("✓ auth/auth.so will load into gateway.json")


def test_i_publish_a_host(shop: Shop) -> None:
    steps = typed(shop, "I publish a host")
    assert "auth/auth.so" in steps[-1][2]
    assert "rebuil" in steps[-1][2]
    assert not really_loads(host("v1.1.0"), shop.root / "auth" / "auth.so")


def test_hot_reload(shop: Shop) -> None:
    shop.run("gopluck build gateway auth -o auth.so")
    steps = typed(shop, "Hot reload")
    assert steps[-1][2].endswith("2 of 2 plugins will load into gateway.\n")
    opened = subprocess.run(
        [build.build(host("v1.0.0")), "auth.so", "auth-2.so"], cwd=shop.root, capture_output=True, text=True
    )
    assert [json.loads(line)["result"] for line in opened.stdout.splitlines()] == ["ok", "ok"]


def really_loads(host: GoBuild, plugin: Path) -> bool:
    """Whether the host's own plugin.Open takes the file."""
    done = subprocess.run(
        [build.build(host), plugin.name], cwd=plugin.parent, capture_output=True, text=True, env=dict(os.environ)
    )
    result: str = json.loads(done.stdout.splitlines()[0])["result"]
    return result == "ok"
