"""What `gopluck align` says when a module cannot be fetched, and when nothing is compiled."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import aligned
from fixtures.scenarios.kit import NEWEST
from test_layouts_live import GREET, Lab

CODE = 'package main\n\nimport _ "example.com/greet/polite"\n'


class Refusing(BaseHTTPRequestHandler):
    """A module proxy that has nothing to give: the path begins with the status that it answers with."""

    def do_GET(self) -> None:
        self.send_response(int(self.path.split("/")[1]))
        self.end_headers()
        self.wfile.write(b"blocked: ask the security team\nsecond line\n")

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    found = Lab(tmp_path_factory.mktemp("network"), NEWEST)
    found.plug(GREET, CODE)
    found.built("-trimpath", "-trimpath")
    return found


@pytest.fixture(scope="module")
def proxy() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def align(lab: Lab, *more: str, **environ: str) -> tuple[int, dict[str, Any], str]:
    """Status, JSON, and text of an alignment."""
    env = {**lab.environ, **environ}
    text = aligned.gopluck("align", "host", "plug", *more, cwd=lab.root, env=env)
    document = aligned.gopluck("align", "host", "plug", "--format", "json", *more, cwd=lab.root, env=env)
    assert text.returncode == document.returncode
    return text.returncode, json.loads(document.stdout), text.stdout


@pytest.mark.parametrize("status", ["403", "404", "410", "500", "off", "nobody"])
def test_a_module_that_cannot_be_fetched_says_nothing_about_the_fit(
    lab: Lab, proxy: str, tmp_path: Path, status: str
) -> None:
    address = {"off": "off", "nobody": "http://127.0.0.1:9"}.get(status, f"{proxy}/{status}")
    found, document, text = align(lab, GOPROXY=address, GOMODCACHE=str(tmp_path), GOFLAGS="-modcacherw")
    assert (found, document["verdict"]) == (3, "unknown")
    assert document["reason"].startswith("go list says: main.go:3:8: ")
    whole = " ".join(text.split())
    if status.isdigit():
        assert f"example.com/greet/@v/v1.0.0.zip: {status} " in whole
    assert "GOPROXY=off" in whole if status == "off" else "127.0.0.1" in whole
    assert "settles it" not in text


def test_the_line_that_refuses_is_shown_and_not_one_before_it(lab: Lab, proxy: str) -> None:
    main = lab.root / "plug/main.go"
    main.write_text(f'{CODE}import _ "example.com/nowhere"\n')
    try:
        found, document, _ = align(lab, GOPROXY=f"{proxy}/403", GOFLAGS="-mod=mod")
    finally:
        main.write_text(CODE)
    assert found == 3
    assert document["reason"].startswith("go list says: ")
    assert "finding module" not in document["reason"]
    assert "403 Forbidden" in document["reason"]


def test_an_edit_that_cannot_be_tried_is_not_one_that_does_not_help(lab: Lab, proxy: str, tmp_path: Path) -> None:
    """The plugin's own version is at hand, the host's is not."""
    cache = {"GOMODCACHE": str(tmp_path), "GOFLAGS": "-modcacherw"}
    go_mod = lab.root / "plug/go.mod"
    before = go_mod.read_text()
    environ = lab.environ
    try:
        lab.environ = environ | cache
        lab.plug(GREET.replace("v1.0.0", "v1.2.0"), CODE)
        lab.go("plug", "build", "-buildmode=plugin", "-o", "x.so")
        found, document, text = align(lab, GOPROXY=f"{proxy}/403")
    finally:
        lab.environ = environ
        lab.plug(before.partition("go 1.21\n\n")[2], CODE)
    assert (found, document["verdict"], document["remedy"]["possible"]) == (1, "differs", False)
    assert "403 Forbidden" in document["remedy"]["why_not"]
    assert "no edit of go.mod settles it" not in text
    assert "whether an edit of go.mod settles it is not known" in " ".join(text.split())


@pytest.mark.parametrize("flags", ["-trimpath '-gcflags=all=-N -l'", "-trimpath -gcflags=example.com/...=-l"])
def test_without_compiling_nothing_is_called_harmless_that_only_compiling_tells(lab: Lab, flags: str) -> None:
    found, document, text = align(lab, "--no-compile", "--flags", flags)
    assert (found, document["findings"]) == (3, [])
    assert "nothing was compiled; the host was compiled with no flags, the plugin with " in document["reason"]
    assert "no package that differs" not in text
    compiled, document, _ = align(lab, "--flags", flags)
    assert (compiled, document["verdict"]) == (1, "differs")


def test_what_fits_as_far_as_nothing_was_compiled(lab: Lab) -> None:
    found, _, text = align(lab, "--no-compile")
    assert found == 0
    assert "  but   nothing was compiled\n" in text
