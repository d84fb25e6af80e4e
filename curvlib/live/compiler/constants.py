"""What depends on no argument: computed by JAX while compiling, where a page would do it again and again.

An equation all whose operands are known can be computed now. It is if it has no JavaScript, or is more work
than its result is worth: a factorization, a loop, a sum, random numbers from a known key, and what follows
from these. What is as quick as reading it (a range, a broadcast, arithmetic) stays a rule: as data it would
only make the program longer. JAX computes it by the same operations as in a kernel.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from jax.extend import core

from curvlib.live.compiler.graph import KINDS, Constant, Variable
from curvlib.live.compiler.rules import TABLE

LIMIT = 10_000  # elements of a result
SMALL = 16  # elements of operands, up to which sums are no work
_QUICK = ("elementwise", "shaping", "indexing")  # modules of rules for what costs no more than a load or two

Recipe = Callable[[], list[Any]]


def recipe(equation: core.JaxprEqn, operands: Sequence[Variable]) -> Recipe | None:
    """How to compute an equation, if all its operands are known and it does nothing else."""
    if equation.effects or not all(isinstance(v, Constant) or v.recipe for v in operands):
        return None

    @functools.cache
    def compute() -> list[Any]:
        primitive = equation.primitive
        bound = primitive.get_bind_params(equation.params)
        functions, parameters = bound if isinstance(bound, tuple) else ((), bound)  # before JAX 0.10: a pair
        with equation.ctx.manager:
            results = primitive.bind(*functions, *map(_value, operands), **parameters)
        return list(results) if primitive.multiple_results else [results]

    return compute


def is_work(equation: core.JaxprEqn, operands: Sequence[Variable]) -> bool:
    """Whether the equation is better computed now, and its result small enough to travel."""
    results = [v.aval for v in equation.outvars]
    if not _has_javascript(equation, operands):
        return True
    if sum(v.size for v in results) > LIMIT:
        return False
    module = TABLE[equation.primitive.name].module
    if module in _QUICK:
        largest = max((v.size for v in operands), default=0)
        return any(getattr(v, "computed", False) for v in operands) and largest >= max(
            v.size for v in results
        )
    return module != "reducing" or sum(v.size for v in operands) > SMALL


def _has_javascript(equation: core.JaxprEqn, operands: Sequence[Variable]) -> bool:
    kinds = [v.dtype for v in operands] + [getattr(v.aval, "dtype", None) for v in equation.outvars]
    return equation.primitive.name in TABLE and all(str(dtype) in KINDS for dtype in kinds)


def _value(variable: Variable) -> Any:
    return variable.value if isinstance(variable, Constant) else variable.recipe()
