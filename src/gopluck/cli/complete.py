"""What a shell completes: files and directories, rules, and the symbols of the plugins on the line.

Each is called by click with the line so far; only then something is imported.
"""

from __future__ import annotations

from contextlib import suppress

import click

files = click.Path(readable=False).shell_complete
"""Names of files: the shell knows them."""

folders = click.Path(file_okay=False).shell_complete
"""Names of directories."""


def rules(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Names of rules."""
    from gopluck.documents import rule_names

    return [name for name in rule_names() if name.startswith(incomplete)]


def symbols(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """What `Lookup` finds in the plugins that stand before; a file that cannot be read has none.

    A name out of a file is completed only if it is an identifier: a shell would act on others.
    """
    from gopluck.api import read
    from gopluck.errors import GopluckError

    found: set[str] = set()
    # An option that waits for its value leaves the words before it unsorted: HOST PLUGIN...
    for plugin in context.params.get("plugins") or context.args[1:]:
        with suppress(GopluckError, OSError):
            binary = read(plugin)
            found.update(symbol.name for symbol in binary.go.exported) if binary.go else None
    return sorted(name for name in found if name.isidentifier() and name.isascii() and name.startswith(incomplete))
