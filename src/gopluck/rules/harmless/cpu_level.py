"""`cpu-level` where it is none: its rule is a risk, which is asked here, too."""

from gopluck.rules.risks.cpu_level import RULE

__all__ = ["RULE"]
