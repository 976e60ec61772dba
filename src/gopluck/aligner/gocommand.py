"""The user's own `go`, made to be the release that a host was built with, or the reason why it cannot be.

Everything comes from the caller's environment (`PATH`, proxies, `go env -w`), as for a build by hand; only
`GOTOOLCHAIN` is set, to the host's release: a go command since 1.21 then fetches or finds that release, or fails, and
an older one is what it is. Another release is never taken for it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

from gopluck.errors import GopluckError
from gopluck.record import NamedTuple
from gopluck.remedy import grammar


class GoFailed(GopluckError):
    """The go command refused; the text is what it said."""


class Done(NamedTuple):
    """How a go command ended."""

    status: int
    stdout: str
    stderr: str

    @property
    def said(self) -> str:
        """What it said on standard error, without progress."""
        return "\n".join(line for line in self.stderr.splitlines() if line.strip() and not ON_ITS_WAY.match(line))


ON_ITS_WAY = re.compile(r"go: (downloading|finding module for|found|added|upgraded|downgraded) ")
"""Lines that say how far the go command is, before the one that says what it refuses."""


class GoCommand(NamedTuple):
    """A go command in a folder, with the environment in which it runs."""

    program: str
    folder: str
    environ: Mapping[str, str]

    def run(self, *arguments: str) -> Done:
        """Run it; the exit status is not judged."""
        import subprocess

        try:
            done = subprocess.run(
                [self.program, *arguments],
                cwd=self.folder,
                env=dict(self.environ),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
            )
        except OSError as error:
            return Done(127, "", f"{self.program}: {error.strerror or error}")
        return Done(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))

    def ask(self, *arguments: str) -> str:
        """What it prints. Raises `GoFailed`."""
        done = self.run(*arguments)
        if done.status:
            raise GoFailed(done.said or f"go {arguments[0]} ended with status {done.status}")
        return done.stdout

    def which(self, program: str) -> str | None:
        """The path of a program that it would run, in its PATH."""
        from shutil import which

        return which(program, path=self.environ.get("PATH", os.defpath))

    def with_environ(self, **values: str) -> GoCommand:
        """The same command with more variables set."""
        return self._replace(environ={**self.environ, **values})


def find(release: str, folder: str, environ: Mapping[str, str]) -> GoCommand | str:
    """The go command of a release (`go1.25.5`), run in `folder` with `environ` and the GOTOOLCHAIN that names it.

    Where there is none, the reason in a sentence without its full stop.
    """
    from shutil import which

    if not grammar.release(release):
        return f"the host was built with {release or 'a release that it does not record'}, no release of Go's own"
    path = _absolute(environ.get("PATH", os.defpath))
    program = which("go", path=path)
    if program is None:
        return "there is no go command in PATH"
    go = GoCommand(program, folder, {**environ, "PATH": path, "GOTOOLCHAIN": release, "PWD": folder})
    done = go.run("version")
    if done.status:
        return f"GOTOOLCHAIN={release} go version says: {last_line(done.said)}"
    words = done.stdout.split()
    found = re.split(r"[ -]X:", words[2])[0] if len(words) > 2 else done.stdout.strip()
    if found != release:
        return f"the go command is {found}, which cannot become the host's {release}"
    return go


def _absolute(path: str) -> str:
    """PATH without relative folders: the commands run in the plugin's folder, and must not come from there."""
    return os.pathsep.join(one for one in path.split(os.pathsep) if one.startswith("/"))


def last_line(text: str) -> str:
    """The last line of what a command said: Go puts the reason there."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "nothing"


def settings(go: GoCommand, *names: str) -> Mapping[str, str]:
    """`go env` of some variables; what an older release does not know is empty. Raises `GoFailed`."""
    value = json.loads(go.ask("env", "-json", *names))
    return {name: str(value.get(name) or "") for name in names}


def documents(text: str) -> Iterator[dict[str, Any]]:
    """The JSON values that `go list -json` prints one after the other. Raises `GoFailed` for something else."""
    decoder = json.JSONDecoder()
    at = 0
    while text[at:].strip():
        at = len(text) - len(text[at:].lstrip())
        try:
            value, at = decoder.raw_decode(text, at)
        except ValueError as error:
            raise GoFailed(f"go list printed no JSON: {error}") from None
        if isinstance(value, dict):
            yield value
