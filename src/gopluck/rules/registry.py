"""The one table of rules, in the order in which causes are named: the strongest first."""

from __future__ import annotations

from collections.abc import Mapping

from gopluck.rules import (
    already_loaded,
    broken_by_earlier_plugin,
    build_tags,
    cgo_flags,
    compiler_flags,
    conflicts_with_loaded_plugin,
    dependency_changed,
    experiment,
    fips,
    go_version,
    host_main_module,
    host_not_exporting,
    host_without_cgo,
    host_without_plugin_support,
    instrumentation,
    libc_mismatch,
    libc_too_old,
    machine_mismatch,
    main_module_path,
    missing_library,
    module_cache_path,
    module_content,
    module_replaced,
    module_version,
    not_a_plugin,
    not_elf,
    not_go,
    pgo,
    pluginpath_override,
    sanitizer_runtime,
    static_host,
    test_variant,
    trimpath,
    undefined_symbol,
    unexplained,
    unsupported_format,
    vendor_path,
)
from gopluck.rules.model import Rule

LOADING: tuple[Rule, ...] = (
    not_elf.RULE,
    not_go.RULE,
    not_a_plugin.RULE,
    unsupported_format.RULE,
    machine_mismatch.RULE,
    host_without_plugin_support.RULE,
    host_without_cgo.RULE,
    host_not_exporting.RULE,
    static_host.RULE,
    missing_library.RULE,
    undefined_symbol.RULE,
    libc_too_old.RULE,
    libc_mismatch.RULE,
    sanitizer_runtime.RULE,
    already_loaded.RULE,
    conflicts_with_loaded_plugin.RULE,
    broken_by_earlier_plugin.RULE,
    pluginpath_override.RULE,
)

CAUSES: tuple[Rule, ...] = (
    go_version.RULE,
    experiment.RULE,
    fips.RULE,
    compiler_flags.RULE,
    instrumentation.RULE,
    test_variant.RULE,
    pgo.RULE,
    trimpath.RULE,
    build_tags.RULE,
    cgo_flags.RULE,
    module_version.RULE,
    module_replaced.RULE,
    module_content.RULE,
    vendor_path.RULE,
    module_cache_path.RULE,
    main_module_path.RULE,
    host_main_module.RULE,
    dependency_changed.RULE,
    unexplained.RULE,
)


def registry() -> Mapping[str, Rule]:
    """Every rule by its slug."""
    return {rule.slug: rule for rule in (*LOADING, *CAUSES)}
