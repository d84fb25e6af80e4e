"""Primitives that combine many elements into one: reductions, products, running sums."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial, reduce
from itertools import accumulate

import numpy as np

from livefig.compiler.graph.equations import Equation, Variable
from livefig.compiler.lower import arithmetic
from livefig.compiler.lower.arithmetic import ElementRule
from livefig.compiler.lower.arrays import (
    LIMIT,
    UNROLL,
    Array,
    Index,
    Scalars,
    define,
    every_index,
    new,
    scalars,
    unless_cheap,
)
from livefig.compiler.lower.scope import Scope
from livefig.compiler.registry import lowers
from livefig.compiler.script.builder import Builder
from livefig.compiler.script.tree import Expression


def _log_add_exp(code: Builder, dtype: np.dtype, a: Expression, b: Expression) -> Expression:
    return arithmetic.wrap(code, dtype, code.apply("runtime.logAddExp", a, b))


COMBINE: dict[str, ElementRule] = {
    "sum": arithmetic.add,
    "prod": arithmetic.multiply,
    "max": arithmetic.maximum,
    "min": arithmetic.minimum,
    "and": arithmetic.bitwise("&&", "&", "runtime.and"),
    "or": arithmetic.bitwise("||", "|", "runtime.or"),
    "xor": arithmetic.bitwise("!==", "^", "runtime.xor"),
    "logsumexp": _log_add_exp,
}


def start(kind: str, dtype: np.dtype) -> float | bool:
    """What the empty reduction gives."""
    if dtype.kind == "b":
        return kind in ("prod", "min", "and")
    low, high = (-math.inf, math.inf) if dtype.kind == "f" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    ones = -1 if dtype.kind == "i" else high  # all bits set
    return {"prod": 1, "max": low, "min": high, "logsumexp": low, "and": ones}.get(kind, 0)


def reduced(
    scope: Scope,
    output: Variable,
    extent: tuple[int, ...],
    kind: str,
    term: Callable[[Index, Index], Expression],
    operands: list[Array],
) -> Array:
    """The array of reductions of term(index, k) over all k of `extent`."""
    code, dtype = scope.code, output.dtype
    first = code.constant(start(kind, dtype))
    unroll = all(isinstance(operand, Scalars) for operand in operands)

    def combine(a: Expression, b: Expression) -> Expression:
        return COMBINE[kind](code, dtype, a, b)

    def at(points: list[Index]) -> list[Expression]:
        return _accumulate(code, points, extent, term, combine, first, unroll)

    if output.size <= LIMIT:
        return scalars(code, output.shape, dtype, at(list(every_index(code, output.shape))))
    return define(code, output.shape, dtype, lambda index: at([index])[0], operands)


def _accumulate(
    code: Builder,
    points: Sequence[Index],
    extent: tuple[int, ...],
    term: Callable[[Index, Index], Expression],
    combine: Callable[[Expression, Expression], Expression],
    start: Expression,
    unroll: bool,
) -> list[Expression]:
    """Reduce `term(point, k)` over all k of `extent`, for each point; in one loop unless it is short."""
    count = math.prod(extent)
    if count <= UNROLL or unroll:
        terms = [[term(point, k) for k in every_index(code, extent)] for point in points]
        return [reduce(combine, each) if each else start for each in terms]
    cells = [code.declare("s", start) for _ in points]
    with code.loops(extent) as k:
        for cell, point in zip(cells, points, strict=True):
            code.assign(cell, combine(code.read(cell, start.boolean), term(point, k)))
    return [code.read(cell, start.boolean) for cell in cells]


@lowers("reduce_sum", functions="jnp.sum, jnp.mean, jnp.var, jnp.trace")
@lowers("reduce_prod", functions="jnp.prod")
@lowers("reduce_max", functions="jnp.max, jax.scipy.special.logsumexp")
@lowers("reduce_min", functions="jnp.min")
@lowers("reduce_and", functions="jnp.all")
@lowers("reduce_or", functions="jnp.any; jax.lax.while_loop under vmap")
@lowers("reduce_xor", functions="jnp.bitwise_xor.reduce")
def _reduce(scope: Scope, equation: Equation, operand: Array) -> Array:
    code, axes = scope.code, [int(axis) for axis in equation.parameters["axes"]]
    if not axes:
        return operand
    kept = [axis for axis in range(len(operand.shape)) if axis not in axes]

    def term(index: Index, k: Index) -> Expression:
        full = dict(zip((*kept, *axes), (*index, *k), strict=True))
        return operand.at(code, tuple(full[axis] for axis in range(len(operand.shape))))

    extent, kind = tuple(operand.shape[axis] for axis in axes), equation.primitive.removeprefix("reduce_")
    return reduced(scope, equation.outputs[0], extent, kind, term, [operand])


@lowers("dot_general", functions="x @ y, jnp.dot, jnp.einsum, jnp.tensordot")
def _dot_general(scope: Scope, equation: Equation, left: Array, right: Array) -> Array:
    code, output = scope.code, equation.outputs[0]
    (left_sum, right_sum), (left_batch, right_batch) = equation.parameters["dimension_numbers"]
    left_free = [a for a in range(len(left.shape)) if a not in (*left_sum, *left_batch)]
    right_free = [a for a in range(len(right.shape)) if a not in (*right_sum, *right_batch)]
    if math.prod(right.shape[a] for a in right_free) > 1:
        left = unless_cheap(code, left)
    if math.prod(left.shape[a] for a in left_free) > 1:
        right = unless_cheap(code, right)
    batch, rows = len(left_batch), len(left_batch) + len(left_free)

    def operand_at(operand: Array, axes: dict[int, Expression]) -> Expression:
        element = operand.at(code, tuple(axes[axis] for axis in range(len(operand.shape))))
        return arithmetic.convert(code, operand.dtype, element, output.dtype)

    def term(index: Index, k: Index) -> Expression:
        shared, of_left, of_right = index[:batch], index[batch:rows], index[rows:]
        a = dict(zip((*left_batch, *left_free, *left_sum), (*shared, *of_left, *k), strict=True))
        b = dict(zip((*right_batch, *right_free, *right_sum), (*shared, *of_right, *k), strict=True))
        return arithmetic.multiply(code, output.dtype, operand_at(left, a), operand_at(right, b))

    extent = tuple(left.shape[axis] for axis in left_sum)
    return reduced(scope, output, extent, "sum", term, [left, right])


@lowers("argmax", functions="jnp.argmax")
@lowers("argmin", functions="jnp.argmin")
def _extreme(scope: Scope, equation: Equation, operand: Array) -> Array:
    """The first index of the largest (smallest) element; NaN counts as more extreme than all."""
    code, output, axis = scope.code, equation.outputs[0], int(equation.parameters["axes"][0])
    better = ">" if equation.primitive == "argmax" else "<"
    unroll = operand.shape[axis] <= UNROLL or isinstance(operand, Scalars)

    def wins(value: Expression, best: Expression) -> Expression:
        larger = code.apply(better, value, best)
        if operand.dtype.kind != "f":
            return larger
        missing = code.apply("&&", code.apply("!==", value, value), code.apply("===", best, best))
        return code.apply("||", larger, missing)

    def element(index: Index) -> Expression:
        def value(k: Expression) -> Expression:
            found = operand.at(code, (*index[:axis], k, *index[axis:]))
            return code.apply("number", found) if found.boolean else found

        if not unroll:
            return _search(scope, operand.shape[axis], value, wins)
        best, where = value(code.constant(0)), code.constant(0)
        for k in map(code.constant, range(1, operand.shape[axis])):
            won = wins(value(k), best)
            best, where = code.apply("?:", won, value(k), best), code.apply("?:", won, k, where)
        return where

    return define(code, output.shape, output.dtype, element, [operand])


def _search(scope: Scope, length: int, value: Callable, wins: Callable) -> Expression:
    """The first k below `length` whose value wins over all others, found in a loop."""
    code = scope.code
    best, where = code.declare("s", value(code.constant(0))), code.declare("s", code.constant(0))
    with code.loop(length) as k:
        candidate = value(k)
        with code.when(wins(candidate, code.read(best))):
            code.assign(best, candidate)
            code.assign(where, k)
    return code.read(where)


@lowers("cumsum", functions="jnp.cumsum")
@lowers("cumprod", functions="jnp.cumprod")
@lowers("cummax", functions="jax.lax.cummax, jnp.maximum.accumulate")
@lowers("cummin", functions="jax.lax.cummin, jnp.minimum.accumulate")
@lowers("cumlogsumexp", functions="jax.lax.cumlogsumexp")
def _cumulative(scope: Scope, equation: Equation, operand: Array) -> Array:
    code, axis, reverse = scope.code, equation.parameters["axis"], equation.parameters["reverse"]
    kind, length, dtype = equation.primitive.removeprefix("cum"), operand.shape[axis], operand.dtype
    combine, first = COMBINE[kind], code.constant(start(kind, dtype))
    others = tuple(1 if a == axis else n for a, n in enumerate(operand.shape))
    if isinstance(operand, Scalars):
        elements, step = np.empty(operand.shape, object), -1 if reverse else 1
        for index in np.ndindex(*others):
            line = (*index[:axis], slice(None, None, step), *index[axis + 1 :])
            elements[line] = list(accumulate(operand.elements[line], partial(combine, code, dtype)))
        return scalars(code, operand.shape, dtype, elements.flat)
    target = new(code, operand.shape, dtype)
    with code.loops(others) as index:
        total = code.declare("s", first)
        with code.loop(length) as k:
            k = code.apply("-", code.constant(length - 1), k) if reverse else k
            here = (*index[:axis], k, *index[axis + 1 :])
            running = code.read(total, first.boolean)
            code.assign(total, combine(code, dtype, running, operand.at(code, here)))
            target.put(code, here, code.read(total, first.boolean))
    return target
