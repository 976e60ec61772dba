"""`registers-twice`: a package of the plugin is a copy of one in the process, and both register the same names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gopluck.builds.build import Build
from gopluck.builds.source import is_std
from gopluck.golang.records import FunctionCode
from gopluck.rules.model import Evidence, Rule, Told, go_source, told

REGISTRIES: Mapping[str, str] = {
    "database/sql": "sql.Register",
    "expvar": "expvar.Publish",
    "flag": "flag.Var",
    "google.golang.org/protobuf/reflect/protoregistry": "protoregistry",
    "github.com/prometheus/client_golang/prometheus": "prometheus.MustRegister",
}
"""Packages that panic when a name is registered for the second time, by what registers."""

INIT = "init.0"
"""The first init function of a package, as the compiler calls it."""


def risks(evidence: Evidence) -> Iterator[Told]:
    """By init functions of packages with two import paths that are the same lines of the same file."""
    plugin = evidence.builds[1]
    before = [Build(evidence.host, "the host"), *(Build(one, one.path) for one in evidence.mapped())]
    packages = [one.path for one in plugin.binary.go.pkghashes] if plugin.binary.go else []
    known = frozenset(path for path in REGISTRIES if path in packages)
    own = [path for path in packages if not is_std(path) and not plugin.is_main(path)] if known else []
    for path in own:
        if any(path in one.link_hashes for one in before) or (init := plugin.code(path).get(INIT)) is None:
            continue
        for one in before:
            other = _copy(one, path, init)
            shared = [REGISTRIES[registry] for registry in sorted(known) if registry in one.link_hashes]
            if other is not None and shared:
                yield told(
                    f"{path} of the plugin is a copy of {other} in {one.name}: an init function of both, "
                    f"{init.file}:{init.start}, runs in one process, and panics where it registers a name for the "
                    f"second time ({' or '.join(shared)})",
                    f"Import {other} in the plugin, so that the two share it.",
                    (path,),
                    host=other,
                    plugin=path,
                )
                break


def _copy(build: Build, path: str, init: FunctionCode) -> str | None:
    """A package of the same name with the same init function: file, first line and length."""
    name = path.rpartition("/")[2]
    for other in build.link_hashes:
        if other != path and other.rpartition("/")[2] == name and not is_std(other):
            found = build.code(other).get(INIT)
            if found is not None and (found.file, found.start, _end(found)) == (init.file, init.start, _end(init)):
                return other
    return None


def _end(code: FunctionCode) -> int | None:
    return max(code.lines, default=None)


RULE = Rule(
    slug="registers-twice",
    rank=45,
    title="A copy of a package that registers names in its init function is in the process already.",
    meaning="The plugin has a package under one import path, and the host or an earlier plugin has the same code under "
    "another (a fork, a copy inside a repository): an init function of both begins and ends at the same lines of a "
    "file of the same name. Both files have a package that keeps names in one table and panics when one is registered "
    "again: expvar, flag, database/sql, protobuf's registry, the Prometheus client. Whether that function registers "
    "one cannot be seen in the files.",
    why="Packages with one import path are shared, and their init functions run once. Two import paths are two "
    "packages with two init functions, which meet in the tables of what they share. The panic comes out of "
    "plugin.Open; a host that recovers it must not open that path again, because that never returns.",
    example="The host uses github.com/lib/pq, the plugin a fork of it: `panic: sql: Register called twice for driver "
    "postgres`. Two plugins that register the same name in their own package main panic in the same way; that is not "
    "seen.",
    fix="Use one import path on both sides; a fork can stand behind it by a `replace` in both go.mod files.",
    links=(
        go_source("database/sql/sql.go, Register"),
        go_source("expvar/expvar.go, Publish"),
        go_source("flag/flag.go, Var"),
    ),
    risks=risks,
)
