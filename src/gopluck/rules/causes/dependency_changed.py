"""`dependency-changed`: nothing of the package itself is known to differ, but packages that it may import do."""

from __future__ import annotations

from gopluck.rules.model import Rule, Trait, go_source

RULE = Rule(
    slug="dependency-changed",
    rank=180,
    title="The package differs because of one that it imports.",
    meaning="No difference of the package itself is known, but packages before it in link order differ; `via` names "
    "the candidates. It is no reason of its own: when theirs goes, so does this one.",
    why="What the compiler exports of a package holds the types and inlinable bodies that it takes from its imports, "
    "so a change there goes on into its hash. Link order puts imports first; which package imports which is not "
    "recorded.",
    example="A new version of a module changes its package words; greet, which inlines words.New, differs, too.",
    fix="Remove the cause of the packages named in `via`.",
    links=(go_source("cmd/compile/internal/noder/linker.go"),),
    traits=frozenset({Trait.FOLLOWS}),
)
