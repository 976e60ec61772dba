"""Results made by hand, one for each way a load can end; the tests of the renderers share them."""

from __future__ import annotations

from gopluck.remedy.lines import run
from gopluck.result.check import Finding, HostSummary, MismatchedPackage, Packages, PluginResult, Report
from gopluck.result.recipe import Edit, Recipe
from gopluck.result.verdict import Effect, Role, Stage, Verdict

HOST = HostSummary("./gateway", "exe", "go1.25.5", "linux", "amd64", "example.com/gateway")
GOROOT = "/usr/local/go/src/"
CODEC = "github.com/acme/codec"
REMEDY = Recipe(
    True,
    "plugin",
    go="go1.25.5",
    env={"GOTOOLCHAIN": "go1.25.5", "CGO_ENABLED": "1"},
    flags=("-trimpath", "-mod=mod"),
    go_mod=(Edit("require", CODEC, "v1.2.0"), Edit("exclude", CODEC, "v1.3.1")),
    build=("go", "build", "-buildmode=plugin", "-trimpath", "-mod=mod", "-o", "auth.so", "."),
)
BUILD = "\n".join(run(REMEDY))


def std(path: str, *, recorded: bool = True) -> MismatchedPackage:
    """A package of the standard library that a trimmed host has and an untrimmed plugin expects otherwise."""
    host_dir, plugin_dir = (path, GOROOT + path) if recorded else (None, None)
    return MismatchedPackage(
        path, "94fae1c203b5d711", "1d2ba3ffb3b5d711", "./gateway", "std", host_dir, plugin_dir, ("trimpath",)
    )


def codec(path: str) -> MismatchedPackage:
    """A package of a module that differs in version, too."""
    return MismatchedPackage(
        CODEC + path,
        "0a1b2c3d4e5f6071",
        "71605f4e3d2c1b0a",
        "./gateway",
        CODEC,
        f"{CODEC}@v1.2.0{path}",
        f"/home/dev/go/pkg/mod/{CODEC}@v1.3.1{path}",
        ("trimpath", "module-version"),
    )


MISMATCHED = (
    std("internal/goarch", recorded=False),
    std("internal/cpu"),
    std("internal/abi"),
    std("internal/bytealg"),
    std("runtime"),
    codec(""),
    codec("/json"),
    codec("/internal/wire"),
)

TRIMPATH = Finding(
    "trimpath",
    Role.CAUSE,
    "the host was built with -trimpath, the plugin without",
    tuple(package.path for package in MISMATCHED),
    {"host": "-trimpath=true", "plugin": None},
    BUILD,
)
MODULE_VERSION = Finding(
    "module-version",
    Role.CAUSE,
    f"{CODEC} is v1.2.0 in the host, v1.3.1 in the plugin",
    tuple(package.path for package in MISMATCHED[-3:]),
    {"host": "v1.2.0", "plugin": "v1.3.1"},
    BUILD,
)
CODE_SKEW = Finding(
    "code-skew",
    Role.RISK,
    "mime has other code in the plugin under the same hash: both run side by side",
    ("mime",),
    {"host": "go1.25.5", "plugin": "go1.25.4"},
    "Build the plugin with go1.25.5.",
)
HARMLESS = Finding(
    "module-version", Role.HARMLESS, "golang.org/x/text is v0.1.0 and v0.2.0; no shared package is of it"
)


def loads(path: str = "metrics.so", position: int = 1, **more: object) -> PluginResult:
    """A plugin that loads."""
    return PluginResult(
        path,
        position,
        Verdict.LOADS,
        None,
        None,
        None,
        True,
        Packages(103),
        **more,  # type: ignore[arg-type]
    )


def fails(
    path: str, stage: Stage, effect: Effect, error: str | None, *findings: Finding, exact: bool = True
) -> PluginResult:
    """A plugin that does not, before any package was compared."""
    return PluginResult(path, 1, Verdict.FAILS, stage, effect, error, exact, Packages(), findings)


DIFFERENT = PluginResult(
    "auth.so",
    1,
    Verdict.FAILS,
    Stage.RUNTIME,
    Effect.ERROR,
    'plugin.Open("auth"): plugin was built with a different version of package internal/goarch',
    True,
    Packages(87, MISMATCHED, True),
    (TRIMPATH, MODULE_VERSION, HARMLESS),
    remedy=REMEDY,
)
ONE_DIFFERS = PluginResult(
    "auth.so",
    2,
    Verdict.FAILS,
    Stage.RUNTIME,
    Effect.ERROR,
    f'plugin.Open("auth"): plugin was built with a different version of package {CODEC}',
    True,
    Packages(
        87,
        (
            MismatchedPackage(
                CODEC,
                "0a1b2c3d4e5f6071",
                "71605f4e3d2c1b0a",
                "plugins/metrics.so",
                CODEC,
                f"{CODEC}@v1.2.0",
                f"{CODEC}@v1.2.0",
                ("unexplained",),
            ),
        ),
        True,
    ),
    (Finding("unexplained", Role.CAUSE, "nothing that was compared explains why the package differs", (CODEC,)),),
)
ALREADY = PluginResult(
    "copy.so",
    2,
    Verdict.FAILS,
    Stage.RUNTIME,
    Effect.ERROR,
    'plugin.Open("copy"): plugin already loaded',
    True,
    Packages(87),
    (
        Finding(
            "already-loaded",
            Role.CAUSE,
            "auth.so has the same pluginpath, example.com/auth",
            fix="Give one of them another pluginpath: build it in another module.",
        ),
    ),
)
FATAL = fails(
    "libz.so",
    Stage.RUNTIME,
    Effect.FATAL,
    "fatal error: runtime: no plugin module data",
    Finding(
        "not-go",
        Role.CAUSE,
        "libz.so is a C library: it has no Go module data",
        fix="Open only what go build -buildmode=plugin made: no host survives anything else.",
    ),
)
FOREIGN = PluginResult(
    "new.so",
    1,
    Verdict.FAILS,
    Stage.RUNTIME,
    Effect.FATAL,
    "fatal error: runtime: no plugin module data",
    True,
    Packages(5, MISMATCHED[:5]),
    (Finding("go-version", Role.CAUSE, "the host was built with go1.25.5, the plugin with go1.26.6"),),
)
PANIC = fails(
    "old.so",
    Stage.RUNTIME,
    Effect.PANIC,
    "panic: runtime error: index out of range [1] with length 1",
)
HANG = fails("again.so", Stage.REALPATH, Effect.HANG, None)
SYMBOLS = fails(
    "named.so", Stage.SYMBOLS, Effect.ERROR, 'plugin.Open("named"): could not find symbol Greet: undefined symbol'
)
MUSL = fails(
    "alpine.so",
    Stage.DLOPEN,
    Effect.ERROR,
    'plugin.Open("alpine.so"): Error loading shared library alpine.so: Exec format error',
    exact=False,
)
NOT_REACHED = PluginResult(
    "late.so", 3, Verdict.NOT_REACHED, None, None, None, True, note="libz.so has ended the process before."
)
UNKNOWN = PluginResult(
    "future.so",
    1,
    Verdict.UNKNOWN,
    None,
    None,
    None,
    True,
    Packages(),
    (
        Finding(
            "unsupported-format",
            Role.CAUSE,
            "the layout of moduledata in go1.99 is not in this release",
            fix="Use a newer gopluck.",
        ),
    ),
    note="go1.99 was not tested with this gopluck.",
)
UNREADABLE = PluginResult(
    "missing.so",
    1,
    Verdict.UNKNOWN,
    None,
    None,
    None,
    True,
    note="no such file",
    unreadable="no such file",
)
MANY = PluginResult(
    "big.so",
    1,
    Verdict.FAILS,
    Stage.RUNTIME,
    Effect.ERROR,
    'plugin.Open("big"): plugin was built with a different version of package example.com/m0/p0',
    True,
    Packages(
        412,
        tuple(
            MismatchedPackage(f"example.com/m{m}/p{p}", "00", "11", "./gateway", f"example.com/m{m}")
            for m in range(7)
            for p in range(m + 1)
        ),
        True,
    ),
    tuple(
        Finding("module-version", Role.CAUSE, f"example.com/m{m} is v1.0.0 in the host, v1.1.0 in the plugin")
        for m in range(7)
    ),
)


def report(*plugins: PluginResult) -> Report:
    """These plugins in one process of the host."""
    return Report(HOST, plugins)


EVERYTHING = report(
    DIFFERENT,
    ONE_DIFFERS,
    ALREADY,
    FATAL,
    PANIC,
    HANG,
    SYMBOLS,
    MUSL,
    NOT_REACHED,
    UNKNOWN,
    UNREADABLE,
    loads(findings=(CODE_SKEW,)),
)
