"""The course of one build: align, build, check; only a plugin that loads becomes the file that was asked for."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from gopluck import files
from gopluck.aligner.align import align
from gopluck.aligner.apply import write
from gopluck.aligner.gocommand import GoCommand
from gopluck.builder.compile import Builder, refusal
from gopluck.errors import GopluckError, Usage
from gopluck.facts.model import Binary
from gopluck.facts.read import sniff
from gopluck.result.align import Alignment
from gopluck.result.build import Built, Step
from gopluck.result.check import PluginResult
from gopluck.result.verdict import Verdict

Check = Callable[[Binary, str], PluginResult]
Progress = Callable[[str], object]


def make(
    host: Binary,
    folder: str,
    output: str,
    environ: Mapping[str, str],
    check: Check,
    *,
    keep: bool,
    progress: Progress,
) -> Built:
    """Build the plugin in a folder for a host. Raises as `api.build`."""
    refuse(output, host)
    name = Path(output).name
    progress(f"comparing {folder} with {host.path}")
    alignment = align(host, folder, environ, here=True, progress=progress)
    if (refused := refusal(alignment)) is not None:
        return Built(alignment, output, refused.verdict, Step.ALIGN, reason=refused.reason)
    kept = keep and write(alignment)
    builder = Builder.of(alignment, environ)
    with tempfile.TemporaryDirectory(prefix="gopluck-") as place:
        target = Path(place, name)
        while True:
            progress(f"building {name} with {alignment.release}")
            compiled = builder.compile(target, kept=keep)
            alignment, command = builder.alignment, compiled.command
            if compiled.status or not target.is_file():
                said = compiled.said or "no file"
                return Built(alignment, output, compiled.verdict, Step.COMPILE, command, said, kept)
            progress(f"checking {name}")
            result = check(host, str(target))
            if not (compiler := _other_compiler(result, builder.go)):
                break
            builder = builder.with_environ(CC=compiler)
        checked = result._replace(path=output)
        verdict, why = result.verdict, ""
        if verdict == Verdict.FAILS and alignment.basis != "hashes":
            verdict, why = Verdict.UNKNOWN, alignment.reason  # what could not be compared was not searched, either
        if result.verdict == Verdict.LOADS:
            files.write(output, target.read_bytes(), output)
    return Built(alignment, output, verdict, Step.CHECK, command, why, kept, checked)


def _other_compiler(result: PluginResult, go: GoCommand) -> str:
    """The C compiler for the host's C library, where another one was used and this one is here; else nothing."""
    compiler = result.remedy.env.get("CC", "") if result.remedy is not None and result.remedy.possible else ""
    here = compiler != go.environ.get("CC") and go.which(compiler)
    return compiler if compiler and here else ""


def refuse(output: str, host: Binary) -> None:
    """Raise `Usage` for an output that would replace something else than an earlier build of a plugin."""
    if reason := files.refusal(output):
        raise Usage(f"{output}: {reason}")
    path = Path(output)
    if path.is_dir():
        raise Usage(f"{output}: is a directory: name the file to write with -o")
    if not path.exists():
        return
    if Path(host.path).exists() and path.samefile(host.path):
        raise Usage(f"{output}: is the host; name another file with -o")
    try:
        with path.open("rb") as file:
            head = file.read(64)
    except OSError as error:
        raise GopluckError(f"{output}: cannot be read: {error.strerror or error}") from None
    if head and sniff(head, len(head)) != "elf":
        raise Usage(f"{output}: is there, and is not a plugin; remove it, or name another file with -o")


def script(alignment: Alignment, environ: Mapping[str, str], output: str) -> str:
    """What `make` would run for an alignment, as a script. Raises `GopluckError` where nothing can be built."""
    if (refused := refusal(alignment)) is not None:
        raise GopluckError(f"nothing to run: {refused.reason}")
    host = str(Path(alignment.host).absolute())
    return Builder.of(alignment, environ).script(host, str(Path(output).absolute()))
