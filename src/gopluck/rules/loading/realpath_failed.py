"""`realpath-failed`: the name that the host passes to plugin.Open leads to no file."""

from __future__ import annotations

from collections.abc import Iterator

from gopluck.replay.ends import End
from gopluck.rules.model import Evidence, Rule, Told, go_source, told


def ends(evidence: Evidence) -> Iterator[Told]:
    """By the name, and the file that is not there."""
    if evidence.outcome.why == End.REALPATH:
        name = evidence.plugin.path
        where = "" if name.startswith("/") else " in the working directory of the host's process, where Go looks for it"
        yield told(
            f"there is no file {name}{where}",
            "Pass an absolute path to plugin.Open, or one that begins at the directory in which the host is started; a "
            "symbolic link has to lead to a file.",
            plugin=name,
        )._replace(headline="there is no file of this name where the host looks for it")


RULE = Rule(
    slug="realpath-failed",
    rank=5,
    title="The name that the host passes to plugin.Open leads to no file.",
    meaning="Go says `realpath failed` before it looks at any file: nothing lies at the path, a symbolic link on the "
    "way leads nowhere, or a directory of it is closed to the host's user. A name without a leading `/` begins at the "
    "working directory of the host's process: not where the host's binary lies, not at its source, and not in "
    "LD_LIBRARY_PATH. `gopluck check` reads the file that you name; what the host passes is told by `--as`.",
    why="`plugin.Open` calls the C library's `realpath` with the name, and keeps plugins by what that gives. The error "
    "is not kept: when the file is there later, the next Open works.",
    example="A service is started by systemd with the working directory `/`, and opens `plugins/auth.so`; a release "
    "directory was removed, and the link `current` still leads to it.",
    fix="Pass an absolute path, for instance one made from `os.Executable()` with `filepath.Join(filepath.Dir(exe), "
    '"plugins", "auth.so")`; or set the working directory (`WorkingDirectory=` of systemd, `WORKDIR` of a Dockerfile).',
    links=(go_source("plugin/plugin_dlopen.go, open"),),
    ends=ends,
    explains=frozenset({End.REALPATH}),
)
