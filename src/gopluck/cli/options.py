"""The options that several commands share, and their help."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from os.path import isdir, isfile, lexists
from typing import TYPE_CHECKING, Any

import click

from gopluck.cli import complete
from gopluck.report.interface import FORMATS

if TYPE_CHECKING:
    from gopluck.images.image import Image

EXIT_STATUS = """\b
Exit status:
  0  everything would load
  1  something would not load
  2  wrong usage, or a file that does not exist or cannot be read
  3  something cannot be determined
(the first of 2, 1, 3 that applies)
"""


def format_option(*more: str, told: str = "What to write.") -> Callable[[Callable[..., int]], Callable[..., int]]:
    """The `--format` of a command that writes one document: text, JSON, and what there is `more`."""
    words = click.Choice(["text", "json", *more])
    return click.option("--format", "format_", type=words, default="text", show_default=True, help=told)


output_option = click.option(
    "--output",
    "-o",
    metavar="FILE",
    shell_complete=complete.files,
    help="Write to FILE instead of standard output; an existing file is replaced.",
)
formats_option = click.option(
    "--format",
    "format_",
    type=click.Choice(FORMATS),
    multiple=True,
    help="text (default) or json; concise: a line for each plugin; github, gitlab, junit, sarif for CI; markdown, html "
    "for people. Can be repeated, with an --output for each.",
)
outputs_option = click.option(
    "--output",
    "-o",
    metavar="FILE",
    multiple=True,
    shell_complete=complete.files,
    help="Write to FILE instead of standard output; an existing file is replaced. The first --output is for the first "
    "--format, and so on.",
)
color_option = click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Colours. auto: on a terminal, unless NO_COLOR is set.",
)


def verbosity(verbose: bool, quiet: bool) -> int:
    """What `-v` and `-q` ask for, as `report.interface` counts it. Raises `click.UsageError` for both."""
    from gopluck.report.interface import NORMAL, QUIET, VERBOSE

    if verbose and quiet:
        raise click.UsageError("-v and -q exclude each other.")
    return VERBOSE if verbose else QUIET if quiet else NORMAL


# -- container images --------------------------------------------------------------------------------------------------


def takes_images(*hosts: str) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Let these arguments of a command be container images, too: it gets each as a path or as an `Image`.

    Without arguments the command gets the options, and opens its host itself (`opened_host`).
    """

    def decorated(command: Callable[..., int]) -> Callable[..., int]:
        @click.option(
            "--host-path",
            metavar="PATH",
            help="The path of the host in the container image HOST (default: what the image starts).",
        )
        @click.option(
            "--platform",
            metavar="OS/ARCH",
            help="Which image is meant, where HOST holds several (default: the one for this machine).",
        )
        @wraps(command)
        def run(host_path: str | None, platform: str | None, **given: Any) -> int:
            if not hosts:
                return command(host_path=host_path, platform=platform, **given)
            opened = {name: opened_host(given[name], host_path, platform) for name in hosts}
            return command(**{**given, **opened})

        return run

    return decorated


def opened_host(host: str, host_path: str | None, platform: str | None) -> str | Image:
    """A host: a path as it was given, or the image that is there. `IMAGE:/PATH` names a file in it."""
    path, colon, inside = host, "", ""
    if ":/" in host and not lexists(host):
        path, colon, inside = host.partition(":/")
    if not _is_image(path):
        if host_path is not None or platform is not None:
            raise click.UsageError(f"--host-path and --platform are for container images, which {host} is not.")
        return host
    if colon and host_path is not None:
        raise click.UsageError(f"{host} names the host; --host-path is not needed.")
    from gopluck.images.image import Image

    return Image(path, f"/{inside}" if colon else host_path, platform)


COMPRESSED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ\0")
"""How what gzip, zstd, bzip2 and xz wrote begins."""


def _is_image(path: str) -> bool:
    """Whether a path is taken for an image: `-`, a layout folder, an archive, or something compressed."""
    if path == "-":
        return True
    if isdir(path):  # noqa: PTH112 (pathlib costs time at every start)
        return lexists(f"{path}/oci-layout") or lexists(f"{path}/index.json")
    try:
        if not isfile(path):  # noqa: PTH113
            return False
        with open(path, "rb", buffering=0) as file:
            head = file.read(512)
    except (OSError, ValueError):
        return False
    return head.startswith(COMPRESSED) or head[257:262] == b"ustar"
