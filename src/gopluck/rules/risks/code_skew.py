"""`code-skew`: a shared package has other code in the plugin, although its hash is the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gopluck.builds.build import Build
from gopluck.builds.flags import CPU
from gopluck.clean import first_of
from gopluck.facts.model import Binary
from gopluck.golang.records import FunctionCode
from gopluck.rules.model import Evidence, Rule, Told, go_source, told

COMPILED = ("-gcflags", "-race", "-msan", "-asan", "-cover", "-pgo", "GOEXPERIMENT", *CPU)
"""Build settings that can change which lines of a function have code of their own."""


def _wanted(one: Build, two: Build) -> frozenset[str]:
    """The shared packages whose files no checksum pins on both sides.

    Not those of the standard library: what differs between two patch releases under one hash moves no line that can be
    compared, and functions that the runtime lends to other packages would mislead (measured with 1.25.0, .4 and .5).
    """
    host, plugin = one.binary.go, two.binary.go
    pinned = all(use.sum for build in (one, two) for use in build.modules.values() if not use.is_main)
    if host is None or plugin is None or (pinned and not _same_main(one, two)):
        return frozenset()
    shared = (package.path for package in plugin.pkghashes if package.path in host.link_hashes)
    return frozenset(path for path in shared if _unpinned(one, two, path))


def _same_main(one: Build, two: Build) -> bool:
    """Whether packages of a main module can be shared: those of the host's, with a plugin that has them, too."""
    mains = [build.main_module for build in (one, two)]
    return any(main in build.modules for main, build in zip(mains, (two, one), strict=True) if main)


def _unpinned(one: Build, two: Build, path: str) -> bool:
    """Whether no checksum says that both were compiled from the same files."""
    here = one.use(path)
    there = two.use(path) if here is not None else None
    if here is None or there is None or (here.is_main and there.is_main and _same_commit(one, two)):
        return False
    return not here.checksum or here.checksum != there.checksum


def _same_commit(one: Build, two: Build) -> bool:
    """Whether the go command saw one commit without local changes when it built the two."""
    stamp, other = ((build.setting("vcs.revision"), build.setting("vcs.modified")) for build in (one, two))
    return stamp == other and bool(stamp[0]) and stamp[1] == "false"


def risks(evidence: Evidence) -> Iterator[Told]:
    """By where the functions that both files have begin and end in their source (`golang.code`)."""
    host, plugin = evidence.builds
    yield from _between(host, plugin, ())
    before = [host.binary]
    for opened in evidence.mapped():
        yield from _between(Build(opened, opened.path), plugin, before)
        before.append(opened)


def _between(one: Build, plugin: Build, before: Sequence[Binary]) -> Iterator[Told]:
    """What the plugin has otherwise than the file that had the packages first. `before`: the files before that one."""
    ends = one.release == plugin.release and all(one.setting(key) == plugin.setting(key) for key in COMPILED)
    groups: dict[str, list[tuple[str, str]]] = {}
    hashes = [other.go.link_hashes for other in before if other.go is not None]
    wanted = [path for path in sorted(_wanted(one, plugin)) if not any(path in known for known in hashes)]
    plugin.ask_code(wanted)
    for path in wanted:
        found = _difference(path, one, plugin, ends)
        use = one.use(path)
        if found and use is not None:
            groups.setdefault(use.path, []).append((path, found))
    for module, members in groups.items():
        yield _finding(one, plugin, module, [path for path, _ in members], members[0][1])


def _difference(path: str, one: Build, plugin: Build, ends: bool) -> str | None:
    """A function that begins or ends elsewhere in its file, in words. `ends`: whether ends can be compared."""
    package = path.rpartition("/")[2]
    shared = {name: (here, there) for name, here, there in one.shared_code(path, plugin)}
    for name, (here, there) in shared.items():
        if (here.file, here.start) != (there.file, there.start):
            places = f"{here.file}:{here.start} in {one.name}, at {there.file}:{there.start} in the plugin"
            return f"{package}.{name} is at {places}"
    for name in _last_of_each_file({name: one for name, (one, _) in shared.items()}) if ends else ():
        here, there = shared[name]
        if here.lines and there.lines and max(here.lines) != max(there.lines):
            last = [max(function.lines) + function.start for function in (here, there)]
            places = f"{here.file}:{last[0]} in {one.name}, at {there.file}:{last[1]} in the plugin"
            return f"{package}.{name} ends at {places}"
    return None


def _last_of_each_file(functions: Mapping[str, FunctionCode]) -> Iterator[str]:
    """A function that is longer moves those behind it, so only the last one's own length has to be looked at."""
    last: dict[str, str] = {}
    for name, one in functions.items():
        if one.file not in last or functions[last[one.file]].start < one.start:
            last[one.file] = name
    yield from sorted(last.values())


def _finding(one: Build, plugin: Build, module: str, packages: Sequence[str], shown: str) -> Told:
    sides = {"host": _from(one, module), "plugin": _from(plugin, module)}
    message = f"{first_of(packages)} has other code in the plugin, although the hash is the same: {shown}"
    both = "host and plugin" if one.name == "the host" else f"{one.name} and the plugin"
    return told(message, f"Build {both} with the same code of {module}.", packages, **sides)


def _from(build: Build, module: str) -> str:
    use = build.modules.get(module)
    return f"{use.described} {use.sum}".strip() if use else module


RULE = Rule(
    slug="code-skew",
    rank=30,
    title="A shared package has other code in the plugin, although its hash is the same.",
    meaning="No checksum says that a shared package was compiled from the same files in the plugin and in the file "
    "that brought it first, the host or an earlier plugin (a checkout, a replaced or a vendored module), and a "
    "function of it that both files have begins or ends at another line. So the code differs, and the hash does not: "
    "two codes run side by side. What is not linked into both files cannot be compared; an edit that moves no line, C "
    "code, and the standard library of two patch releases are not seen: without this finding the code may differ all "
    "the same.",
    why="The link hash covers what the compiler tells other packages: declarations, types, positions, the bodies of "
    "functions that can be inlined. It does not cover the other bodies. Each file runs its own copy of a function.",
    example="Host and plugin replace a module by a folder, and a line was added to a function's body between the two "
    "builds. (Package mime of Go 1.25.5 takes `{` in a file name, that of 1.25.4 does not, under one hash: this is not "
    "seen, and named only as a difference of releases that is harmless for loading.)",
    fix="Build both from the same files: the same commit and version of every module, without local edits.",
    links=(go_source("cmd/link/internal/ld/lib.go, genhash"), go_source("cmd/compile/internal/noder/unified.go")),
    risks=risks,
)
