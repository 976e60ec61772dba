"""Quoting: what a shell, make, YAML and Markdown read back is the value, whatever it holds."""

from __future__ import annotations

import subprocess

import pytest

from gopluck.remedy.quote import Placeholder, dockerfile, make, make_word, markdown, sh, yaml

VALUES = (
    "plain",
    "",
    "two words",
    "it's",
    "'",
    "$HOME",
    "$(id)",
    "`id`",
    "a;b",
    "a&&b",
    'say "hi"',
    "back\\slash",
    "#x",
    "a#b",
    "*",
    "~",
    "!x",
    "-n",
    "ünï",
    "a=b",
    "{a,b}",
    "%d",
    "$$",
    "$(shell id)",
    "${x}",
)


@pytest.mark.parametrize("shell", ["sh", "bash"])
@pytest.mark.parametrize("value", VALUES)
def test_a_shell_reads_the_value_back(shell: str, value: str) -> None:
    done = subprocess.run([shell, "-c", f"printf '%s\\n' x{sh(value)}"], capture_output=True, text=True, check=True)
    assert done.stdout == f"x{value}\n"


@pytest.mark.parametrize("value", VALUES)
def test_make_hands_the_value_on(value: str) -> None:
    text = f"V := x{make(value)}\nexport V\nF := x{make_word(value)}\nall:\n\t@printf '%s|%s\\n' \"$$V\" $(F)\n"
    done = subprocess.run(["make", "-f", "-"], input=text, capture_output=True, text=True, check=True)
    assert done.stdout == f"x{value}|x{value}\n"


@pytest.mark.parametrize("value", VALUES)
def test_a_placeholder_is_the_only_variable(value: str) -> None:
    word = (
        sh(Placeholder(f"-x={value}=$HOST_CHECKOUT/{value}")) if "$" not in value else sh(Placeholder("$HOST_CHECKOUT"))
    )
    done = subprocess.run(
        ["sh", "-c", f"HOST_CHECKOUT='/my checkout'; printf '%s' {word}"], capture_output=True, text=True, check=True
    )
    assert done.stdout == (f"-x={value}=/my checkout/{value}" if "$" not in value else "/my checkout")


def test_what_is_behind_the_variable_is_quoted_as_every_word() -> None:
    word = Placeholder("-x=$HOST_CHECKOUT/$(touch canary)$B")
    assert sh(word) == """-x="$HOST_CHECKOUT"'/$(touch canary)$B'"""
    assert make_word(word) == """-x="$(HOST_CHECKOUT)"'/$$(touch canary)$$B'"""


@pytest.mark.parametrize("quote", [sh, make, make_word, yaml, dockerfile, markdown])
@pytest.mark.parametrize("control", ["\n", "\r", "\0", "\x1b", "\x7f", "\x85", "\u2028", "\udcff"])
def test_what_ends_a_line_is_refused(quote: object, control: str) -> None:
    assert callable(quote)
    with pytest.raises(ValueError, match="cannot be quoted"):
        quote(f"a{control}b")


def test_markdown_sees_no_markup() -> None:
    assert markdown("`x` [a](b) <b> *c* #d") == r"\`x\` \[a\](b) \<b\> \*c\* \#d"
