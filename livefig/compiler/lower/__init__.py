"""From the graph to JavaScript: a rule for each primitive, by subject, and the scope that applies them."""

from livefig.compiler.lower import (
    algebra,
    control,
    elementwise,
    indexing,
    reducing,
    shaping,
    sorting,
)
from livefig.compiler.lower.scope import Scope

__all__ = [
    "Scope",
    "algebra",
    "control",
    "elementwise",
    "indexing",
    "reducing",
    "shaping",
    "sorting",
]
