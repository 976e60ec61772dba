"""`gopluck check HOST PLUGIN…`: would these plugins load, in this order, in one process?"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from itertools import groupby
from os.path import isdir
from typing import TYPE_CHECKING, Any

import click

from gopluck.cli import complete
from gopluck.cli.options import (
    EXIT_STATUS,
    color_option,
    formats_option,
    opened_host,
    outputs_option,
    takes_images,
    verbosity,
)
from gopluck.record import NamedTuple
from gopluck.result.verdict import Verdict

if TYPE_CHECKING:
    from gopluck.images.image import Image
    from gopluck.result.check import Ignore, PluginResult, Report

STATUS = {Verdict.LOADS: 0, Verdict.FAILS: 1, Verdict.UNKNOWN: 3}
"""The exit status of a report's verdict."""

UNREADABLE = 2
"""The exit status where a file could not be read, whatever became of the others."""


class Target(NamedTuple):
    """A plugin to check. `alone`: in a process of its own, since a directory has no order."""

    path: str
    alone: bool


@click.command("check", epilog=EXIT_STATUS)
@click.argument("host", metavar="[HOST]", required=False, shell_complete=complete.files)
@click.argument("plugins", metavar="[PLUGIN]...", nargs=-1, shell_complete=complete.files)
@takes_images()
@click.option("--independent", is_flag=True, help="Each plugin in a fresh process, as if it were the only one.")
@click.option(
    "--as",
    "names",
    metavar="NAME",
    multiple=True,
    shell_complete=complete.files,
    help="The path that the host passes to plugin.Open, where it is not PLUGIN: it is part of Go's error text. "
    "Once for all plugins, or once for each, in order. Two files with one NAME lay there one after the other.",
)
@click.option(
    "--symbol",
    "symbols",
    metavar="NAME[:TYPE]",
    multiple=True,
    shell_complete=complete.symbols,
    help="A function or variable that Lookup has to find in each plugin, with the Go type that the host asserts, if "
    "one is given: 'New:func(example.com/api.Conf) error', or an interface. Can be repeated.",
)
@click.option(
    "--sysroot",
    metavar="DIR",
    shell_complete=complete.folders,
    help="The root of the container in which the host runs: its libraries count, not those of this machine.",
)
@click.option(
    "--library-path",
    metavar="DIRS",
    shell_complete=complete.folders,
    help="The LD_LIBRARY_PATH with which the host runs; the variable itself is not looked at.",
)
@click.option(
    "--baseline",
    type=click.Choice(["host", "plugin"]),
    default="host",
    show_default=True,
    help="The side that stays as it is: the commands that are printed are for the other.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["none", "risk"]),
    help="risk: exit with status 1 also when a plugin that would load has a risk. Nothing else changes.",
)
@click.option(
    "--ignore",
    metavar="RULE",
    multiple=True,
    shell_complete=complete.rules,
    help="Accept this risk: it is shown, and does not count for --fail-on. Can be repeated.",
)
@click.option(
    "--config",
    metavar="FILE",
    shell_complete=complete.files,
    help="Take this gopluck.toml, not the nearest one from here upwards (to a .git).",
)
@click.option("--no-config", "--isolated", is_flag=True, help="Take no gopluck.toml.")
@formats_option
@outputs_option
@click.option("-v", "--verbose", is_flag=True, help="Show every package, with hashes, and the evidence.")
@click.option("-q", "--quiet", is_flag=True, help="Show one line for each plugin that would not load, else nothing.")
@color_option
def command(
    host: str | None,
    host_path: str | None,
    platform: str | None,
    plugins: tuple[str, ...],
    independent: bool,
    names: tuple[str, ...],
    symbols: tuple[str, ...],
    sysroot: str | None,
    library_path: str | None,
    baseline: str,
    fail_on: str | None,
    ignore: tuple[str, ...],
    config: str | None,
    no_config: bool,
    format_: tuple[str, ...],
    output: tuple[str, ...],
    verbose: bool,
    quiet: bool,
    color: str,
) -> int:
    """Say whether plugin.Open would succeed for each PLUGIN in the Go host HOST, and with which error it would not.

    HOST is an executable (or the Go library of a C program), a manifest that `gopluck manifest` wrote, or a container
    image: an OCI layout folder, an archive (OCI, or of `docker save`), or - for one on standard input. The image's
    files are then the root of the host, and image:/PATH is a plugin in it. The plugins are loaded in this order into
    one process: one that fails can break those after it. A directory stands for its *.so files, each in a process of
    its own. Nothing is executed. A gopluck.toml says what is not said here (docs/configuration.md).

    \b
    Examples:
      gopluck check
      gopluck check ./gateway auth.so metrics.so
      gopluck check ./gateway plugins/ --format sarif -o out.sarif --format text
      gopluck check gateway.json auth.so --as /srv/plugins/auth.so
      gopluck check rootfs/srv/gateway rootfs/srv/auth.so --sysroot rootfs
      docker save gateway:2.9 | gopluck check - auth.so
      gopluck check image.tar image:/plugins/ --host-path /usr/bin/gateway
    """
    from gopluck.cli import output as out
    from gopluck.cli import settings

    shown = verbosity(verbose, quiet)
    file = settings.configuration(config, no_config)
    opened = opened_host(settings.host(file, host), host_path, platform)
    targets = expand(settings.plugins(file, plugins), opened)
    wanted = settings.documents(file, format_, output, [opened, *(target.path for target in targets)])
    options = settings.options(file, symbols, sysroot, library_path, ignore)
    # A single plugin that cannot be read leaves nothing to report on.
    options |= {"strict": len(targets) < 2, "baseline": baseline}
    risks = (fail_on or file.fail_on) == "risk"
    with out.progress(len(targets), quiet=quiet, color=color) as bar:
        report = run(opened, targets, spread(names, len(targets)), independent, {**options, "progress": bar})
    out.show_all("check", report, wanted, color, shown, risks=risks)
    return concluded(report, remarks=not quiet, whole=verbose or not plugins, risks=risks)


def concluded(report: Report, *, remarks: bool, whole: bool, risks: bool) -> int:
    """What goes to standard error beside a report, and the exit status."""
    from gopluck.cli import output as out
    from gopluck.cli import settings

    if remarks:
        settings.remark_unused(report, whole=whole)
    out.complain_of(report.unreadable)
    return status(report, risks=risks)


def status(report: Report, *, risks: bool = False) -> int:
    """The exit status of a report. `risks`: whether a plugin that would load fails when it has one."""
    from gopluck.result.check import risks as counted

    if report.unreadable:
        return UNREADABLE
    loading = [plugin for plugin in report.plugins if plugin.verdict == Verdict.LOADS]
    if risks and any(counted(plugin.findings) for plugin in loading):
        return STATUS[Verdict.FAILS]
    return STATUS[report.verdict]


def expand(plugins: Sequence[str], host: str | Image = "") -> list[Target]:
    """The plugins to check: files in the order given, a directory as its `*.so` in the order of their names."""
    targets: list[Target] = []
    for plugin in plugins:
        if not plugin:
            raise click.UsageError("a PLUGIN is an empty name.")
        found = listed(plugin, host)
        if found is None:
            targets.append(Target(plugin, alone=False))
            continue
        names = sorted(name for name in found if name.endswith(".so"))
        if not names:
            raise click.UsageError(f"{plugin}: there is no *.so in this directory.")
        folder = plugin if plugin.endswith("/") else plugin + "/"  # as it was written: pathlib would drop a `./`
        targets += [Target(folder + name, alone=True) for name in names]
    return targets


def listed(folder: str, host: str | Image) -> list[str] | None:
    """The files in a directory, of the host's image or of this machine; None when it is not one."""
    if not isinstance(host, str) and (inside := host.inside(folder)) is not None:
        return host.listed(inside)
    if not isdir(folder):  # noqa: PTH112 (pathlib costs time at every start)
        return None
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries if not entry.is_dir()]
    except OSError as error:
        raise click.UsageError(f"{folder}: cannot be listed: {error.strerror}") from None


def spread(names: Sequence[str], plugins: int) -> list[str] | None:
    """The `--as` name of each plugin, or None when the paths are the names."""
    if not names:
        return None
    if not all(names):
        raise click.UsageError("--as is an empty name: plugin.Open would not find it.")
    if len(names) == 1:
        return [names[0]] * plugins
    if len(names) != plugins:
        raise click.UsageError(f"--as is given {len(names)} times for {plugins} plugins: give one, or one for each.")
    return list(names)


def run(
    host: str | Image,
    targets: Sequence[Target],
    names: Sequence[str] | None,
    independent: bool,
    options: Mapping[str, Any],
) -> Report:
    """Check the targets; those of a directory apart from the rest. The result is in the order given.

    `options`: others of `gopluck.check`.
    """
    from gopluck.api import check

    alone = [independent or target.alone for target in targets]
    results: dict[int, PluginResult] = {}
    report: Report | None = None
    unused: tuple[Ignore, ...] | None = None
    for apart, indexes in groupby(sorted(range(len(targets)), key=alone.__getitem__), key=alone.__getitem__):
        chosen = list(indexes)
        report = check(
            host,
            [targets[index].path for index in chosen],
            independent=apart,
            names=None if names is None else [names[index] for index in chosen],
            **options,
        )
        results.update(zip(chosen, report.plugins, strict=True))
        unused = report.unused if unused is None else tuple(one for one in unused if one in report.unused)
    assert report is not None
    return report._replace(plugins=tuple(results[index] for index in range(len(targets))), unused=unused or ())
