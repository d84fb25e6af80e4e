"""The table of primitives: which function lowers which.

A rule has the signature `rule(scope, equation, *operands) -> Array | list[Array]`; its operands are arrays
(see `arrays`), `scope.code` is the builder.
"""

from __future__ import annotations

from collections.abc import Callable

TABLE: dict[str, Callable] = {}


def lowers(*primitives: str) -> Callable[[Callable], Callable]:
    """Register the decorated function as the rule of these primitives."""

    def register(rule: Callable) -> Callable:
        TABLE.update(dict.fromkeys(primitives, rule))
        return rule

    return register
