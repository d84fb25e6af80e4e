"""Sorting: a helper finds the order, the operands are then read in it."""

from __future__ import annotations

import math

import numpy as np

from livefig.compiler.graph.equations import Equation
from livefig.compiler.lower.arrays import Array, Index, Scalars, Stored, define, new, stored, unless_cheap
from livefig.compiler.lower.scope import Scope
from livefig.compiler.registry import lowers
from livefig.compiler.script.tree import Expression


@lowers("sort", functions="jnp.sort, jnp.argsort, jnp.lexsort, jnp.median, jnp.quantile")
def _sort(scope: Scope, equation: Equation, *operands: Array) -> list[Array]:
    """All operands in the order of the first `num_keys`, NaN last; equal keys keep their order."""
    axis = equation.parameters["dimension"]
    order = _order(scope, list(operands[: equation.parameters["num_keys"]]), axis, "ascending")
    return [_taken(scope, operand, order, axis, operand.shape) for operand in operands]


@lowers("top_k", functions="jax.lax.top_k, jnp.partition, jnp.argpartition")
def _top_k(scope: Scope, equation: Equation, operand: Array) -> list[Array]:
    """The largest elements, NaN first (or last), and where they are; the first of equal ones comes first."""
    axis, shape = equation.parameters["axis"], equation.outputs[0].shape
    order = _order(scope, [operand], axis, "nan last" if equation.parameters["nan_last"] else "descending")
    places = define(scope.code, shape, order.dtype, lambda i: order.at(scope.code, i), [order], cheap=True)
    return [_taken(scope, operand, order, axis, shape), places]


def _order(scope: Scope, keys: list[Array], axis: int, which: str) -> Stored:
    """Along the axis, the index of the element that comes first, second, …; `which` is "ascending",
    "descending", or "nan last", which is descending too."""
    code, shape = scope.code, keys[0].shape
    order = new(code, shape, np.dtype("int32"))
    sizes = math.prod(shape[:axis]), shape[axis], math.prod(shape[axis + 1 :])
    buffers = [stored(code, key).buffer for key in keys]
    way = ("ascending", "descending", "nan last").index(which)
    code.call("runtime.order", order.buffer, *sizes, way, *buffers, writes=(order.buffer,))
    return order


def _taken(scope: Scope, operand: Array, order: Stored, axis: int, shape: tuple[int, ...]) -> Array:
    """The operand's elements in that order."""
    code, operand = scope.code, unless_cheap(scope.code, operand)
    if isinstance(operand, Scalars):
        operand.stored(code)

    def element(index: Index) -> Expression:
        return operand.at(code, (*index[:axis], order.at(code, index), *index[axis + 1 :]))

    return define(code, shape, operand.dtype, element, [operand, order], cheap=True)
