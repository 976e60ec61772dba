"""`gopluck completion SHELL`: what makes a shell complete gopluck's command lines."""

from __future__ import annotations

import click

SHELLS = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", metavar="SHELL", type=click.Choice(SHELLS))
def command(shell: str) -> int:
    """Print a script that lets SHELL (bash, zsh or fish) complete commands, options, files, rules and symbols.

    The first example needs the package bash-completion; without it, put the second into ~/.bashrc. For zsh, ~/.zfunc
    stands for a folder of $fpath.

    \b
    Examples:
      gopluck completion bash > ~/.local/share/bash-completion/completions/gopluck
      source <(gopluck completion bash)
      gopluck completion zsh > ~/.zfunc/_gopluck
      gopluck completion fish > ~/.config/fish/completions/gopluck.fish
    """
    from click.shell_completion import ShellComplete, get_completion_class

    from gopluck.cli import output as out
    from gopluck.cli.main import main

    kind = get_completion_class(shell)
    assert kind is not None
    # Not `kind.source`, which starts a bash to ask for its version.
    out.write(ShellComplete.source(kind(main, {}, "gopluck", "_GOPLUCK_COMPLETE")), None)
    return 0
