"""The table of primitives: what lowers each, which JAX functions lead to it, and where its limits are.

A rule has the signature `rule(scope, equation, *operands) -> Array | list[Array]`; its operands are arrays
(see `arrays`), `scope.code` is the builder. `docs/primitives.md` is this table, written by `reference`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """How a primitive is lowered; `functions` says who needs it, `limits` what is refused or differs."""

    lower: Callable
    functions: str
    limits: str = ""

    @property
    def module(self) -> str:
        """The last part of the name of the module that defines it."""
        return self.lower.__module__.rpartition(".")[2]


TABLE: dict[str, Rule] = {}


def lowers(*primitives: str, functions: str, limits: str = "") -> Callable[[Callable], Callable]:
    """Register the decorated function as the rule of these primitives."""

    def register(lower: Callable) -> Callable:
        TABLE.update(dict.fromkeys(primitives, Rule(lower, functions, limits)))
        return lower

    return register
