"""The commands in README and docs, as readers see them: code blocks, what they need, what they show.

A block that cannot be run with the sample files begins with `# Needs …`. In a `console` block without that line, what
stands below `$ gopluck …` is the real output; `PYTHONPATH=.:tests python tests/documented.py` writes it anew. A comment
`# 2:` behind a command is its exit status.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import click
from markdown_it import MarkdownIt
from markdown_it.token import Token

from fixtures.samples.archive import unpack
from gopluck.cli.main import COMMANDS
from gopluck.cli.main import main as gopluck

ROOT = Path(__file__).parent.parent
PAGES = (
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "fixtures/README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
)
TESTED_ELSEWHERE = ("docs/field-reports.md", "docs/how-go-loads-plugins.md")
"""Pages whose output is compared by `test_field_reports` and `test_tour`."""

SHOWN = re.compile(r"^\$ gopluck (.*)\n((?:(?!\$ |```).*\n)*)", re.MULTILINE)
NEEDS = re.compile(r"# Needs (.*)\.\n")
ELSE = re.compile(r"^(?:\$ )?(?:go|docker|jq|[A-Z_]+=\S+ go) ", re.MULTILINE)
"""Commands of other programs, which a block has to say that it needs."""


class Block(NamedTuple):
    """A code block of a page."""

    page: str
    line: int
    language: str
    text: str

    @property
    def needs(self) -> str:
        """What it needs besides the sample files."""
        found = NEEDS.match(self.text)
        return found[1] if found else ""


class Command(NamedTuple):
    """A gopluck command that a page names."""

    page: str
    line: int
    words: tuple[str, ...]
    status: int | None
    """The exit status that a comment behind it gives."""
    block: Block | None

    @property
    def synopsis(self) -> bool:
        """Whether it only says how such commands look: `check HOST PLUGIN...`."""
        return any(re.search(r"\.\.\.|…|^\$|^\[?[A-Z]{2,}", word) for word in self.words[1:])


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@cache
def tokens(page: Path) -> tuple[Token, ...]:
    return tuple(MarkdownIt("commonmark").enable("table").parse(page.read_text("utf-8")))


def blocks(page: Path) -> Iterator[Block]:
    for token in tokens(page):
        if token.type in ("fence", "code_block"):
            assert token.map is not None
            yield Block(name_of(page), token.map[0] + 1, token.info.strip(), token.content)


def commands(page: Path) -> Iterator[Command]:
    """Every gopluck command of a page, in blocks and in the text."""
    for block in blocks(page):
        text = block.text.replace("\\\n", " " * 2)
        for number, line in enumerate(text.splitlines()):
            yield from _commands(line, block.page, block.line + number, block)
    for token in tokens(page):
        for child in token.children or ():
            if child.type == "code_inline":
                assert token.map is not None
                yield from _commands(child.content, name_of(page), token.map[0] + 1, None)


def _commands(line: str, page: str, at: int, block: Block | None) -> Iterator[Command]:
    for found in re.finditer(rf"(?<![\w./:`-])gopluck (?=(?:{'|'.join(COMMANDS)})\b)", line):
        before = line[: found.start()]
        if before.count('"') % 2 or before.lstrip().startswith("#"):  # what an `echo` or a comment says
            continue
        lexer = shlex.shlex(line[found.end() :], posix=True, punctuation_chars=True)
        lexer.wordchars += ":"
        words = []
        for word in lexer:
            if set(word) <= set("();<>|&"):
                break
            words.append(word)
        status = re.search(r"# (\d):", line)
        yield Command(page, at, tuple(words), int(status[1]) if status else None, block)


def wrong_options(command: Command) -> str:
    """What click says of the options; empty when all exist and have values that they take."""
    found = gopluck.get_command(click.Context(gopluck), command.words[0])
    assert found is not None
    words = [word.strip("[]").removesuffix("...") for word in command.words[1:]]
    try:
        parser = found.make_parser(click.Context(found, info_name=command.words[0], **gopluck.context_settings))
        given, _, _ = parser.parse_args([word for word in words if word and word != "…"])
    except click.UsageError as error:
        return error.format_message()
    for option in found.params:
        if isinstance(option.type, click.Choice) and option.name in given:
            values = given[option.name] if option.multiple else [given[option.name]]
            wrong = [
                value
                for value in values
                if isinstance(value, str) and value not in option.type.choices and not value.isupper()
            ]
            if wrong:
                return f"{option.opts[0]} {wrong[0]}"
    return ""


def shown(block: Block) -> list[tuple[str, str]]:
    """(arguments, output) of each command of a block that shows what comes out."""
    return SHOWN.findall(block.text) if block.page not in TESTED_ELSEWHERE and not block.needs else []


def output(arguments: str) -> str:
    """What the command prints in a pipe, in the folder of the samples."""
    environment = {**os.environ, "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-m", "gopluck", *shlex.split(arguments)]
    done = subprocess.run(command, cwd=unpack(), env=environment, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.stdout


def _renewed(found: re.Match[str]) -> str:
    text = found[2]
    return f"$ gopluck {found[1]}\n{output(found[1]).rstrip()}{text[len(text.rstrip()) :]}"


if __name__ == "__main__":
    for page in PAGES:
        text = page.read_text("utf-8")
        for block in blocks(page):
            if shown(block):
                text = text.replace(block.text, SHOWN.sub(_renewed, block.text))
        page.write_text(text, "utf-8")
