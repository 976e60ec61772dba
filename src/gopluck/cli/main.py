"""`gopluck`: the group of commands, and the one place that turns errors into a line and an exit status."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any, NoReturn

import click

from gopluck import __version__
from gopluck.cli import STATUS_INTERRUPTED

COMMANDS = {
    "check": ("gopluck.cli.check", "Would these plugins load into this host?"),
    "inspect": ("gopluck.cli.inspect", "What is in a host or a plugin?"),
    "build": ("gopluck.cli.build", "Build a plugin that a host loads, and prove it."),
    "align": ("gopluck.cli.align", "Make a plugin's module fit a host, before anything is built."),
    "init": ("gopluck.cli.init", "A new plugin project that fits a host."),
    "diff": ("gopluck.cli.diff", "Which plugins must be rebuilt for the next build of a host?"),
    "manifest": ("gopluck.cli.manifest", "Write the small file that stands in for a host."),
    "explain": ("gopluck.cli.explain", "What does a rule mean, and what helps?"),
    "completion": ("gopluck.cli.completion", "Let your shell complete files, options, rules and symbols."),
}
"""By name: the module that defines it as `command`, and the line that `gopluck --help` shows."""

STATUS_USAGE = 2


class Commands(click.Group):
    """A group that imports a command when it is used, and reports every error the same way."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(COMMANDS[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing one."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def main(self, *args: Any, **given: Any) -> NoReturn:
        """Run, and exit with the command's status."""
        try:
            status = super().main(*args, **{"prog_name": "gopluck", **given, "standalone_mode": False})
        except Exception as error:
            status = report(error)
        except KeyboardInterrupt:
            status = STATUS_INTERRUPTED
        sys.exit(status if isinstance(status, int) else 0)


def report(error: Exception) -> int:
    """Tell the user about an error in one line on stderr; the exit status."""
    from gopluck.errors import GopluckError

    if isinstance(error, BrokenPipeError):
        quiet_stdout()
        return 0
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, click.Abort):
        return STATUS_INTERRUPTED
    hint = ""
    if isinstance(error, GopluckError):
        message = str(error)
    elif isinstance(error, click.ClickException):
        message = error.format_message()
        context = error.ctx if isinstance(error, click.UsageError) else None
        if context is not None:
            hint = f"Try: {context.command_path} --help"
    elif isinstance(error, OSError) and error.strerror:
        message = f"{error.filename or 'standard output'}: {error.strerror}"
        quiet_stdout()
    else:
        message = (
            f"this is a bug in gopluck {__version__}, please report it: {type(error).__name__}: {error}"
            " (GOPLUCK_DEBUG=1 shows where)"
        )
    if os.environ.get("GOPLUCK_DEBUG") and not isinstance(error, GopluckError | click.ClickException):
        from traceback import format_exception

        to_stderr("".join(format_exception(error)))
    complain(message, hint)
    return STATUS_USAGE


def complain(message: str, hint: str = "") -> None:
    """`gopluck: error: …` on stderr; a hint on a line of its own."""
    tell(f"error: {message}", hint)


def tell(message: str, hint: str = "") -> None:
    """`gopluck: …` on stderr, in one line, whatever the message holds; a hint on a line of its own."""
    from gopluck.clean import clean

    to_stderr(f"gopluck: {clean(message)}\n" + (f"{hint}\n" if hint else ""))


def to_stderr(text: str) -> None:
    """Write what standard error can show of a text, and what nothing acts on."""
    from gopluck.clean import inert

    stream = sys.stderr
    if stream is not None:
        encoding = stream.encoding or "ascii"
        with suppress(OSError):  # there is nowhere else to say it
            stream.write(inert(text).encode(encoding, "backslashreplace").decode(encoding))
            stream.flush()


def quiet_stdout() -> None:
    """Let what is still to be written go nowhere: the reader has left."""
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
    except (OSError, ValueError, AttributeError):
        pass


@click.group(
    cls=Commands,
    invoke_without_command=True,
    subcommand_metavar="COMMAND [ARGS]...",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit status: 0 all would load, 1 something would not, 2 wrong usage or unreadable file, "
    "3 something cannot be determined.",
)
@click.version_option(__version__, prog_name="gopluck", message="%(prog)s %(version)s")
@click.pass_context
def main(context: click.Context) -> None:
    """Say whether Go plugins will load into a Go host, and why not, without running either.

    \b
    Examples:
      gopluck check ./gateway auth.so metrics.so
      gopluck check ./gateway plugins/
      gopluck inspect auth.so
      gopluck manifest ./gateway --output gateway.json
      gopluck explain trimpath
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        context.exit(STATUS_USAGE)
