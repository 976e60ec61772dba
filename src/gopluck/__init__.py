"""gopluck reads a Go host and Go plugins, without running them, and says whether the plugins load, and if not, why."""

TYPE_CHECKING = False
"""As in `typing`, whose import takes longer than everything else before `gopluck` can look after Ctrl-C."""

if TYPE_CHECKING:
    from gopluck.api import check, diff, open_image, read
    from gopluck.documents import explain, rule_names, to_dict, to_json
    from gopluck.errors import GopluckError, MalformedFile, UnreadableFile, Usage
    from gopluck.facts.model import Binary
    from gopluck.projects import align, build, init, manifest
    from gopluck.result.align import Alignment
    from gopluck.result.build import Built
    from gopluck.result.check import Finding, Ignore, PluginResult, Report, RulePage
    from gopluck.result.diff import HostDiff
    from gopluck.result.recipe import Recipe
    from gopluck.result.verdict import Effect, Fit, Role, Stage, Verdict

__version__ = "0.1.0"
__all__ = [
    "Alignment",
    "Binary",
    "Built",
    "Effect",
    "Finding",
    "Fit",
    "GopluckError",
    "HostDiff",
    "Ignore",
    "MalformedFile",
    "PluginResult",
    "Recipe",
    "Report",
    "Role",
    "RulePage",
    "Stage",
    "UnreadableFile",
    "Usage",
    "Verdict",
    "__version__",
    "align",
    "build",
    "check",
    "diff",
    "explain",
    "init",
    "manifest",
    "open_image",
    "read",
    "rule_names",
    "to_dict",
    "to_json",
]

_MODULES = {
    "api": ("check", "diff", "open_image", "read"),
    "documents": ("explain", "rule_names", "to_dict", "to_json"),
    "errors": ("GopluckError", "MalformedFile", "UnreadableFile", "Usage"),
    "facts.model": ("Binary",),
    "projects": ("align", "build", "init", "manifest"),
    "result.align": ("Alignment",),
    "result.build": ("Built",),
    "result.check": ("Finding", "Ignore", "PluginResult", "Report", "RulePage"),
    "result.diff": ("HostDiff",),
    "result.recipe": ("Recipe",),
    "result.verdict": ("Effect", "Fit", "Role", "Stage", "Verdict"),
}
"""Where each name is: imported when it is used, so that `gopluck --help` does not pay for all."""


def __getattr__(name: str) -> object:
    """A name of the Python API."""
    from importlib import import_module

    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f"gopluck.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
