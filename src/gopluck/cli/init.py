"""`gopluck init HOST DIR`: a plugin project that fits a host at once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gopluck.cli.options import takes_images

if TYPE_CHECKING:
    from gopluck.images.image import Image

EXIT_STATUS = """\b
Exit status:
  0  written
  2  wrong usage, an unreadable file, or files that are in the way
"""


@click.command("init", epilog=EXIT_STATUS)
@click.argument("host", metavar="HOST")
@click.argument("folder", metavar="DIR")
@takes_images("host")
@click.option("--module", metavar="PATH", help="The plugin's module path (default: example.com/ and the name of DIR).")
@click.option(
    "--symbol",
    "symbols",
    metavar="NAME:TYPE",
    multiple=True,
    help="An entry point that the host looks up, with its Go type; repeatable. Import paths stand before the dot: "
    "'Serve:func(*net/http.Request) error'.",
)
@click.option("--force", is_flag=True, help="Replace files that are there already.")
def command(host: str | Image, folder: str, module: str | None, symbols: tuple[str, ...], force: bool) -> int:
    """Write a new plugin project into DIR, pinned to HOST: its Go release, flags, environment and module versions.

    HOST is an executable, a manifest that `gopluck manifest` wrote, or a container image on disk; the project holds
    its manifest. Written are go.mod, go.sum, main.go, Makefile, Dockerfile, a workflow for GitHub Actions that ends
    in `gopluck check`, .gitignore and README.md. Nothing that is there is replaced without --force.

    \b
    Examples:
      gopluck init ./gateway auth
      gopluck init gateway.json auth --module example.com/acme/auth
      gopluck init ./gateway auth --symbol 'Allow:func(string) bool'
    """
    from gopluck.api import read_host
    from gopluck.cli import output as out
    from gopluck.errors import Usage
    from gopluck.scaffold import project as scaffold
    from gopluck.scaffold.entry import symbol

    facts = read_host(host)
    files = scaffold.project(facts, module or default_module(folder), [symbol(one) for one in symbols])
    path = replaced(host, folder, files)
    # A project may be written anew from its own manifest.
    if path is not None and (path != scaffold.HOST or facts.format != "manifest"):
        raise Usage(f"{folder}: {path} is HOST itself; nothing is written")
    scaffold.write(folder, files, force=force)
    out.write(summary(folder, list(files)), None)
    return 0


def replaced(host: str | Image, folder: str, paths: Iterable[str]) -> str | None:
    """Which of the files to be written into a folder is the host's."""
    for path in paths:
        with suppress(OSError):
            if Path(folder, path).samefile(host if isinstance(host, str) else host.name):
                return path
    return None


def default_module(folder: str) -> str:
    """A module path from the name of the folder."""
    name = re.sub(r"[^a-z0-9._-]+", "-", Path(folder).resolve().name.lower()).strip("-._")
    return f"example.com/{name or 'plugin'}"


def summary(folder: str, files: list[str]) -> str:
    """What was written, and what to type next."""
    import shlex

    from gopluck.clean import clean

    listed = "".join(f"  {path}\n" for path in files)
    return f"written into {clean(folder)}:\n{listed}\nnext:\n  cd {clean(shlex.quote(folder))} && make build check\n"
