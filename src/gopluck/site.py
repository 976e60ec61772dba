"""Where the documentation is read: the one address, which `mkdocs.yml` and `pyproject.toml` name as well."""

from __future__ import annotations

SITE = "https://gopluck.github.io/gopluck"
RULES = f"{SITE}/rules"


def rule_address(slug: str, pages: str = RULES) -> str:
    """The address of the page about a rule. `pages`: the folder; in a checkout the pages are Markdown files."""
    return f"{pages}/{slug}{'.md' if pages.startswith('file:') else '.html'}"
