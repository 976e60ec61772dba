"""Why a plugin does not load: one file for each rule, and the engine that weighs the evidence."""

from gopluck.rules.registry import registry, rule

__all__ = ["registry", "rule"]
