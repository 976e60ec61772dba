"""`gopluck init HOST DIR`: a plugin project that fits a host at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from gopluck.cli import complete
from gopluck.cli.options import takes_images

if TYPE_CHECKING:
    from gopluck.images.image import Image

EXIT_STATUS = """\b
Exit status:
  0  written
  2  wrong usage, an unreadable file, or files that are in the way
"""


@click.command("init", epilog=EXIT_STATUS)
@click.argument("host", metavar="HOST", shell_complete=complete.files)
@click.argument("folder", metavar="DIR", shell_complete=complete.folders)
@takes_images("host")
@click.option("--module", metavar="PATH", help="The plugin's module path (default: example.com/ and the name of DIR).")
@click.option(
    "--symbol",
    "symbols",
    metavar="NAME:TYPE",
    multiple=True,
    help="An entry point that the host looks up, with its Go type; repeatable. Import paths stand before the dot: "
    "'Serve:func(*net/http.Request) error'. Default: what the host's own code looks up.",
)
@click.option(
    "--host-source",
    metavar="DIR",
    shell_complete=complete.folders,
    help="The checkout that HOST was built from, for a plugin that imports a package of the host's own module.",
)
@click.option("--force", is_flag=True, help="Replace files that are there already.")
def command(
    host: str | Image,
    folder: str,
    module: str | None,
    symbols: tuple[str, ...],
    host_source: str | None,
    force: bool,
) -> int:
    """Write a new plugin project into DIR, pinned to HOST: its Go release, flags, environment and module versions.

    HOST is an executable, a manifest that `gopluck manifest` wrote, or a container image on disk; the project holds
    its manifest. Written are go.mod, go.sum, main.go, Makefile, Dockerfile, a workflow for GitHub Actions that ends
    in `gopluck check`, .gitignore and README.md. Nothing that is there is replaced without --force.

    \b
    Examples:
      gopluck init ./gateway auth
      gopluck init gateway.json auth --module example.com/acme/auth
      gopluck init ./gateway auth --symbol 'Allow:func(string) bool'
      gopluck init ./gateway auth --host-source ./src
    """
    from gopluck.cli import output as out
    from gopluck.projects import init

    lacking: list[str] = []
    written = init(
        host,
        folder,
        module=module,
        symbols=symbols,
        host_source=host_source,
        force=force,
        notify=lacking.append,
    )
    out.write(summary(folder, written, lacking), None)
    return 0


def summary(folder: str, files: Sequence[str], lacking: Sequence[str] = ()) -> str:
    """What was written, and what to type next. `lacking`: what has to be filled in before."""
    import shlex

    from gopluck.clean import clean

    listed = "".join(f"  {path}\n" for path in files)
    if lacking:
        told = "".join(f"  {clean(one)}\n" for one in lacking)
        again = "  the same command with --force --host-source and the folder of that checkout, or as README.md says\n"
        return f"written into {clean(folder)}:\n{listed}\nto be filled in:\n{told}\nnext:\n{again}"
    return f"written into {clean(folder)}:\n{listed}\nnext:\n  cd {clean(shlex.quote(folder))} && make build check\n"
