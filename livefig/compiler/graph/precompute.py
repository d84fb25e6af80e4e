"""What depends on no argument: computed by JAX while compiling, where a page would do it again and again.

An equation all whose operands are known can be computed now. It is if it has no JavaScript, or is more work
than its result is worth: a factorization, a loop, a sum, random numbers from a known key, and what follows
from these. What is as quick as reading it (a range, a broadcast, arithmetic) stays a rule: as data it would
only make the program longer. JAX computes it by the same operations as in a kernel.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from jax.extend import core

from livefig.compiler.graph.equations import TYPED_ARRAYS, Constant, Variable
from livefig.compiler.graph.versions import bind
from livefig.compiler.registry import TABLE

LIMIT = 10_000  # elements of a result
SMALL = 16  # elements of operands, up to which sums are no work
_QUICK = ("elementwise", "shaping", "indexing")  # modules of rules for what costs no more than a load or two


class Recipe:
    """How to compute what an equation gives, of operands that are known; it is done once."""

    __slots__ = ("equation", "operands", "results")

    def __init__(self, equation: core.JaxprEqn, operands: Sequence[Variable]) -> None:
        self.equation, self.operands = equation, operands
        self.results: list[Any] | None = None

    def compute(self) -> list[Any]:
        """The values of all that the equation gives."""
        if self.results is None:
            self.results = bind(self.equation, [_value(operand) for operand in self.operands])
        return self.results


def recipe(equation: core.JaxprEqn, operands: Sequence[Variable]) -> Recipe | None:
    """How to compute an equation, if all its operands are known and it does nothing else."""
    for variable in operands:
        if variable.recipe is None and not isinstance(variable, Constant):
            return None
    return None if equation.effects else Recipe(equation, operands)


def is_work(equation: core.JaxprEqn, operands: Sequence[Variable]) -> bool:
    """Whether the equation is better computed now, and its result small enough to travel."""
    module, results = _module(equation.primitive.name), [v.aval for v in equation.outvars]
    if module is None or not all(v.dtype in TYPED_ARRAYS for v in (*operands, *results)):
        return True
    if module in _QUICK:
        return any(getattr(v, "computed", False) for v in operands) and (
            max(v.size for v in results) <= max(v.size for v in operands)
        )
    if sum(v.size for v in results) > LIMIT:
        return False
    return module != "reducing" or sum(v.size for v in operands) > SMALL


@functools.cache
def _module(primitive: str) -> str | None:
    """The module of the rule of a primitive, if it has one."""
    return TABLE[primitive].module if primitive in TABLE else None


def _value(variable: Variable) -> Any:
    if isinstance(variable, Constant):
        return variable.value
    known, place = variable.recipe
    return known.compute()[place]
