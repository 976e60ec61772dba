"""README and docs: commands run, output is real, links lead somewhere, generated pages are current, the site builds."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

import documented
import ociwriter
from documented import PAGES, ROOT, Block, Command, blocks, commands, name_of, shown, tokens
from fixtures import site
from fixtures.reference.__main__ import FOLDER, pages
from fixtures.reference.documents import DOCUMENTS
from fixtures.samples.archive import unpack
from gopluck.cli.main import main as gopluck
from gopluck.site import SITE

BLOCKS = [block for page in PAGES for block in blocks(page)]
COMMANDS = [command for page in PAGES for command in commands(page)]
OUTPUTS = [(block.page, *one) for block in BLOCKS for one in shown(block)]


# -- commands ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("page", "arguments", "text"), OUTPUTS, ids=[f"{page}: {one}" for page, one, _ in OUTPUTS])
def test_output_is_real(page: str, arguments: str, text: str) -> None:
    assert documented.output(arguments).strip() == text.strip(), "run: PYTHONPATH=.:tests python tests/documented.py"


def test_readme_and_docs_show_output() -> None:
    assert len(OUTPUTS) >= 10
    assert len([one for one in OUTPUTS if one[0] == "README.md"]) >= 2


def test_every_option_exists() -> None:
    assert len(COMMANDS) > 150
    wrong = {f"{one.page}:{one.line}": documented.wrong_options(one) for one in COMMANDS}
    assert {place: what for place, what in wrong.items() if what} == {}


def test_an_option_that_is_not_there_is_found() -> None:
    for words in (("check", "--nothing", "a"), ("check", "--format", "nothing", "a"), ("align", "--check=1")):
        assert documented.wrong_options(Command("", 0, words, None, None)) != ""


def test_what_needs_more_than_the_samples_says_so() -> None:
    """And this prints what is not run for that reason."""
    hand = [one for one in BLOCKS if one.page not in documented.TESTED_ELSEWHERE and "/rules/" not in one.page]
    hidden = [f"{one.page}:{one.line}" for one in hand if documented.ELSE.search(_typed(one)) and not one.needs]
    assert hidden == []
    marked = {f"{one.page}:{one.line}": one.needs for one in BLOCKS if one.needs}
    print("\n".join(f"{place} needs {needs}" for place, needs in marked.items()))
    assert len(marked) >= 10


def _typed(block: Block) -> str:
    """A block without the output that it shows."""
    return documented.SHOWN.sub("", block.text)


HOSTS = [
    "gateway-1.4",
    "gateway-1.5",
    "gateway-next",
    "golangci-lint",
    "tyk",
    "telegraf",
    "nakama",
    "containerd",
    *("server", "hidden", "app", "loader", "libgo.so"),  # C programs: test_c_host tries real ones
    "krakend-2.11",
    "krakend-2.12",
    "nakama-3.24",
    "nakama-3.25",
    "rootfs/srv/gateway",
    "rootfs/usr/bin/krakend",
    "rootfs/nakama/nakama",
]
PLUGINS = [
    "auth-2.so",
    "metrics.so",
    "plugins/auth.so",
    "auth/auth.so",
    "rootfs/srv/auth.so",
    "example.so",
    "bad.so",
    "other.so",
    "myplugin.so",
    "plugin.so",
    "plugin-1.so",
    "plugin-2.so",
    "first.so",
    "second.so",
    "my-plugin.so",
    "a.so",
    "b.so",
    "backend.so",
]
MODULES = [".", "auth", "auth-2", "plugins/auth", "plugin", "my-plugin", "backend", "myplugin"]
OUTPUT = ("-o", "--output")
MANIFESTS = ["gateway.json", "gateway-1.4.json", "released.json", "host.json"]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the pages name, under their names: the samples."""
    folder = tmp_path_factory.mktemp("docs") / "shop"
    shutil.copytree(unpack(), folder)  # no links: others write beside the samples, and gopluck counts a file's names
    for sample, names in (("gateway", HOSTS), ("auth.so", PLUGINS)):
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            os.link(folder / sample, folder / name)
    for name in MODULES:
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "go.mod").write_text("module example.com/auth\n\ngo 1.21\n")
        (folder / name / "main.go").write_text("package main\n\nfunc main() {}\n")
    _images(folder)
    (folder / "gopluck.toml").write_text('host = "gateway"\nplugins = ["auth.so"]\n')
    (folder / "go.sum").write_text("example.com/greet v1.0.0 h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n")
    text = CliRunner().invoke(gopluck, ["manifest", str(folder / "gateway")]).stdout
    for name in MANIFESTS:
        (folder / name).write_text(text)
    return folder


def _images(folder: Path) -> None:
    """The container images that the pages name."""
    host, plugin = ((folder / name).read_bytes() for name in ("gateway", "auth.so"))
    paths = {"srv/gateway": host, "usr/bin/gateway": host, "usr/bin/krakend": host}
    paths |= dict.fromkeys(("opt/krakend/plugins/a.so", "opt/a.so", "plugins/auth.so"), plugin)
    layer = ociwriter.tar([ociwriter.Item(path, data) for path, data in paths.items()])
    images = [ociwriter.Written([layer], platform=platform) for platform in ("linux/amd64", "linux/arm64")]
    ociwriter.layout(folder / "layout", *images)
    for name in ("image.tar", "krakend.tar"):
        ociwriter.docker(folder / name, images[0])


ELSEWHERE = {"-", "--host-source"}
"""`-` is an image on standard input: `test_images` pipes them. `test_init_layouts_live` has hosts' checkouts."""
RUN = [
    one
    for one in COMMANDS
    if one.block
    and not one.synopsis
    and one.page not in documented.TESTED_ELSEWHERE
    and not ELSEWHERE.intersection(one.words)
]
WITH_GO = list({one.words: one for one in RUN if one.words[0] == "build" or "--write" in one.words}.values())
WITHOUT_GO = list({one.words: one for one in RUN if one.words not in {with_go.words for with_go in WITH_GO}}.values())


def run(
    command: Command, folder: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> tuple[int, str]:
    """The status of a command, in a copy of the shop, and what it said."""
    inside = folder / "auth" if any(word.startswith("../") for word in command.words) else folder
    if command.words[0] == "init":
        shutil.rmtree(inside / command.words[2], ignore_errors=True)
    written = [word for option, word in zip(command.words, command.words[1:], strict=False) if option in OUTPUT]
    for name in (*written, *(inside.glob("*.so") if command.words[0] == "build" else ())):
        (inside / name).unlink(missing_ok=True)  # gopluck replaces no file that has another name (hard link)
    monkeypatch.chdir(inside)
    done = CliRunner(env=environment).invoke(gopluck, command.words, prog_name="gopluck")
    return done.exit_code, done.output


@pytest.mark.parametrize("command", WITHOUT_GO, ids=[f"{one.page}: {' '.join(one.words)}" for one in WITHOUT_GO])
def test_commands_run(command: Command, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = shutil.copytree(shop, tmp_path / "shop", copy_function=os.link)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    status, said = run(command, folder, {"PATH": ""}, monkeypatch)
    assert status in ((command.status,) if command.status == 2 else (0, 1, 3)), said


def test_commands_that_need_go_run(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from fixtures.oracle import build, proxy
    from fixtures.scenarios import kit

    if shutil.which("cc") is None:
        pytest.skip("no C compiler (cc) here: cgo cannot build plugins")
    assert len(WITH_GO) >= 5
    proxy.publish()
    plugin = kit.plugin(kit.NEWEST)
    build.build(kit.host(kit.NEWEST))
    environment = {**build.go_environment(plugin)}
    for number, command in enumerate(WITH_GO):
        folder = shutil.copytree(shop, tmp_path / str(number), copy_function=os.link)
        status, said = run(command, folder, environment, monkeypatch)
        assert status == 0, (command.words, said)


def test_other_programs_of_this_repository_are_there() -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = "\n".join(block.text for block in BLOCKS)
    inline = [child.content for page in PAGES for token in tokens(page) for child in token.children or ()]
    text = "\n".join([text, *inline])
    made = set(re.findall(r"^ *make ([a-z-]+)", text, re.MULTILINE))
    modules = set(re.findall(r"python3? -m (fixtures[\w.]*|gopluck[\w.]*)", text))
    assert len(made) >= 5
    assert made - targets <= {"build", "align", "check"}, "these are targets of a project that init writes"
    assert len(modules) >= 8
    assert {name for name in modules if importlib.util.find_spec(name) is None} == set()


# -- links -------------------------------------------------------------------------------------------------------------


def links(page: Path) -> list[str]:
    return [
        str(child.attrs["href"])
        for token in tokens(page)
        for child in token.children or ()
        if child.type == "link_open"
    ]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them, and MkDocs as it is set up here."""
    out: list[str] = []
    every = tokens(page)
    for opening, inline in pairwise(every):
        if opening.type == "heading_open":
            text = "".join(child.content for child in inline.children or ())
            slug = re.sub(r"[^\w\- ]", "", text.lower()).strip().replace(" ", "-")
            out.append(f"{slug}-{out.count(slug)}" if slug in out else slug)
    return set(out)


def test_links_lead_somewhere() -> None:
    broken, count = [], 0
    for page in (*PAGES, ROOT / "CHANGELOG.md"):
        for link in links(page):
            if re.match(r"https?:|mailto:", link):
                continue
            count += 1
            path, _, anchor = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            if not target.exists() or (anchor and anchor not in anchors(target)):
                broken.append(f"{name_of(page)}: {link}")
    assert broken == []
    assert count > 200


# -- generated pages, and the site -------------------------------------------------------------------------------------


def test_the_reference_is_current() -> None:
    written = {page.name: page.read_text() for page in FOLDER.glob("*.md")}
    assert written == dict(pages()), "run: python -m fixtures.reference"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_reference_has_every_field(name: str) -> None:
    schema = json.loads(files(DOCUMENTS[name][0]).joinpath(f"schema/{name}-v1.json").read_text("utf-8"))
    text = (FOLDER / f"json-{name}.md").read_text()
    assert {field for field in fields(schema) if f"| `{field}` |" not in text} == set()


def fields(schema: Any) -> set[str]:
    """The names of all fields that a schema describes."""
    if isinstance(schema, list):
        return set().union(*map(fields, schema))
    if not isinstance(schema, dict):
        return set()
    return set(schema.get("properties", {})).union(*map(fields, schema.values()))


class Loader(yaml.SafeLoader):
    """Reads mkdocs.yml without what its tags would import."""


Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)


def test_every_page_is_in_the_navigation() -> None:
    config = site.on_config(yaml.load((ROOT / "mkdocs.yml").read_text(), Loader))

    def named(entry: Any) -> list[str]:
        if isinstance(entry, str):
            return [entry]
        return [name for value in (entry.values() if isinstance(entry, dict) else entry) for name in named(value)]

    there = {page.relative_to(ROOT / "docs").as_posix() for page in (ROOT / "docs").rglob("*.md")}
    assert sorted(named(config["nav"])) == sorted({*there, *site.OUTSIDE.values()})


LINKS: dict[str, tuple[str, str]] = {
    "of docs to a file outside": ("robustness.md", "[a](../SECURITY.md)|[a](SECURITY.md)"),
    "of docs to a folder without a page": ("how-go-loads-plugins.md", "[a](../fixtures/tour/src)|a"),
    "of a file outside to docs": ("CONTRIBUTING.md", "[a](docs/architecture.md)|[a](architecture.md)"),
    "of a file in a folder outside": ("oracle.md", "[a](../docs/json.md#examples)|[a](json.md#examples)"),
    "that shows a file's name": ("howto/tyk.md", "[json.md](../json.md#examples)|[JSON](../json.md#examples)"),
    "between pages": ("howto/tyk.md", "[a](../rules/trimpath.md)|[a](../rules/trimpath.md)"),
    "to another site": ("json.md", "[a](https://go.dev/x.md)|[a](https://go.dev/x.md)"),
}


@pytest.mark.parametrize("case", LINKS)
def test_links_become_those_of_the_site(case: str) -> None:
    page, texts = LINKS[case]
    before, after = texts.split("|")
    assert site.with_links(before, page) == after


def test_the_site_builds(tmp_path: Path) -> None:
    if importlib.util.find_spec("mkdocs") is None or importlib.util.find_spec("material") is None:
        pytest.skip("MkDocs is not installed here: `make docs` installs it")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    html = "\n".join(page.read_text("utf-8") for page in (tmp_path / "site").rglob("*.html"))
    outside = re.findall(r'<(?:script|link|img)[^>]*(?:src|href)="(https?:[^"]*)"', html)
    assert [address for address in outside if not address.startswith(f"{SITE}/")] == []
