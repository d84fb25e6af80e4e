"""Reading and writing at indices known only at run time: dynamic slices, gather and scatter.

An update writes into the array itself where nothing reads the old one any more (`Scope.writable`), which is
what makes a record that a loop fills cost one store a step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jax.extend import core
from jax.lax import GatherScatterMode

from livefig.compiler.graph.equations import Equation, Variable
from livefig.compiler.graph.from_jaxpr import from_jaxpr
from livefig.compiler.lower import arithmetic
from livefig.compiler.lower.arrays import UNROLL, Array, Index, Scalars, define, every_index, scalars, stored
from livefig.compiler.lower.scope import Scope
from livefig.compiler.registry import lowers
from livefig.compiler.script import folding
from livefig.compiler.script.builder import Builder
from livefig.compiler.script.tree import Expression

_COMBINE = {
    "scatter": lambda code, dtype, old, new: new,
    "scatter-add": arithmetic.add,
    "scatter-sub": arithmetic.subtract,
    "scatter-mul": arithmetic.multiply,
    "scatter-min": arithmetic.minimum,
    "scatter-max": arithmetic.maximum,
}
_WORK = 64  # a small array is updated by choosing elements if that takes no more comparisons


def clamped(code: Builder, index: Expression, high: int) -> Expression:
    """The index, moved into 0 … high."""
    limits = folding.bounds(index)
    if limits is None or limits[0] < 0:
        index = code.apply("Math.max", index, code.constant(0))
    if limits is None or limits[1] > high:
        index = code.apply("Math.min", index, code.constant(high))
    return index


def between(code: Builder, index: Expression, high: int) -> Expression:
    """Whether 0 ≤ index ≤ high."""
    above = code.apply(">=", index, code.constant(0))
    return code.apply("&&", above, code.apply("<=", index, code.constant(high)))


def _starts(code: Builder, operand: Array, sizes: Sequence[int], starts: Sequence[Array]) -> Index:
    """The starts of a window of these sizes, moved so that it lies inside."""
    room = (n - size for n, size in zip(operand.shape, sizes, strict=True))
    return tuple(clamped(code, start.at(code, ()), high) for start, high in zip(starts, room, strict=True))


def _sum(code: Builder, a: Index, b: Index) -> Index:
    """The index a + b."""
    return tuple(arithmetic.add(code, np.dtype("int64"), i, k) for i, k in zip(a, b, strict=True))


@lowers("dynamic_slice", functions="x[i], jax.lax.dynamic_slice")
def _dynamic_slice(scope: Scope, equation: Equation, operand: Array, *starts: Array) -> Array:
    code, shape = scope.code, equation.outputs[0].shape
    start = _starts(code, operand, shape, starts)

    def element(index: Index) -> Expression:
        return operand.at(code, _sum(code, start, index))

    return define(code, shape, operand.dtype, element, [operand], operand.cheap)


@lowers("dynamic_update_slice", functions="jax.lax.dynamic_update_slice, x.at[i].set")
def _dynamic_update_slice(
    scope: Scope, equation: Equation, operand: Array, update: Array, *starts: Array
) -> Array:
    code = scope.code
    start = (code.constant(True), _starts(code, operand, update.shape, starts))

    def value(row: Index, offset: Index) -> Expression:
        return update.at(code, offset)

    target = _Target(operand, lambda row: start, lambda offset: offset, lambda old, new: new)
    return target.update(scope, equation.inputs[0], (), update.shape, value)


@dataclass
class _Target:
    """An array to be updated, window by window.

    `start(row)` says whether and where row's window begins, `spread(offset)` is an index in the window on all
    axes of the array, `combine(old, new)` the element that results.
    """

    operand: Array
    start: Callable[[Index], tuple[Expression, Index]]
    spread: Callable[[Index], Index]
    combine: Callable[[Expression, Expression], Expression]

    def update(
        self,
        scope: Scope,
        variable: Variable,
        rows: tuple[int, ...],
        offsets: tuple[int, ...],
        value: Callable[[Index, Index], Expression],
    ) -> Array:
        """The array after `value(row, offset)` went into its place, for all rows and offsets in order."""
        code, count = scope.code, math.prod(rows) * math.prod(offsets)
        if isinstance(self.operand, Scalars) and count * self.operand.size <= _WORK:
            return self._choose(code, rows, offsets, value)
        target = scope.writable(variable)
        for row in code.each(rows, unroll=math.prod(rows) <= UNROLL):
            inside, start = self.start(row)
            with code.when(inside):
                for offset in code.each(offsets, unroll=math.prod(offsets) <= UNROLL):
                    index = _sum(code, start, self.spread(offset))
                    target.put(code, index, self.combine(target.at(code, index), value(row, offset)))
        return target

    def _choose(
        self, code: Builder, rows: tuple[int, ...], offsets: tuple[int, ...], value: Callable
    ) -> Scalars:
        """For a small array: each element is the new one where the index meets it."""
        elements = self.operand.elements.copy()
        for row in every_index(code, rows):
            inside, start = self.start(row)
            for offset in every_index(code, offsets):
                index, new = _sum(code, start, self.spread(offset)), value(row, offset)
                for place in np.ndindex(*elements.shape):
                    hit = inside
                    for i, k in zip(index, place, strict=True):
                        hit = code.apply("&&", hit, code.apply("===", i, code.constant(k)))
                    old = elements[place]
                    elements[place] = code.apply("?:", hit, self.combine(old, new), old)
        return scalars(code, self.operand.shape, self.operand.dtype, elements.flat)


class _Indices:
    """What gather and scatter share: the start of a window that each row of the array `indices` gives."""

    def __init__(
        self, code: Builder, numbers: Any, indices: Array, shape: Sequence[int], window: Sequence[int]
    ) -> None:
        is_gather = hasattr(numbers, "start_index_map")
        self.code, self.indices, self.shape, self.window = code, indices, shape, window
        self.axes = numbers.start_index_map if is_gather else numbers.scatter_dims_to_operand_dims
        own = numbers.start_indices_batching_dims if is_gather else numbers.scatter_indices_batching_dims
        self.batch = dict(zip(numbers.operand_batching_dims, own, strict=True))
        absent = numbers.collapsed_slice_dims if is_gather else numbers.inserted_window_dims
        self.kept = [a for a in range(len(shape)) if a not in absent and a not in self.batch]

    def start(self, row: Index, clamp: bool) -> tuple[Expression, Index]:
        """Whether the window that starts at row's index lies inside, and that start on all axes."""
        code = self.code
        inside, start = code.constant(True), [code.constant(0)] * len(self.shape)
        for axis, place in self.batch.items():
            start[axis] = row[place]
        for k, axis in enumerate(self.axes):
            index = self.indices.at(code, (*row, code.constant(k)))
            high = self.shape[axis] - self.window[axis]
            start[axis] = clamped(code, index, high) if clamp else index
            inside = inside if clamp else code.apply("&&", inside, between(code, index, high))
        return inside, tuple(start)

    def spread(self, offset: Index) -> Index:
        """The window's index on all axes of the operand."""
        full = [self.code.constant(0)] * len(self.shape)
        for axis, i in zip(self.kept, offset, strict=True):
            full[axis] = i
        return tuple(full)


@lowers("gather", functions="x[indices], jnp.take, x[i] under vmap")
def _gather(scope: Scope, equation: Equation, operand: Array, indices: Array) -> Array:
    """Windows of the operand that start where the rows of `indices` say."""
    code, output, numbers = scope.code, equation.outputs[0], equation.parameters["dimension_numbers"]
    if indices.size > 1 or output.size > operand.size:
        operand = operand if operand.cheap else stored(code, operand)
    rows = _Indices(code, numbers, indices, operand.shape, equation.parameters["slice_sizes"])
    offsets = [int(axis) for axis in numbers.offset_dims]
    fill = equation.parameters["mode"] == GatherScatterMode.FILL_OR_DROP
    missing = code.constant(_missing(equation.parameters["fill_value"], operand.dtype))

    def element(index: Index) -> Expression:
        row = tuple(i for axis, i in enumerate(index) if axis not in offsets)
        inside, start = rows.start(row, clamp=not fill)
        if inside.constant and not inside.value:
            return missing
        found = operand.at(code, _sum(code, start, rows.spread(tuple(index[axis] for axis in offsets))))
        return code.apply("?:", inside, found, missing)

    return define(code, output.shape, output.dtype, element, [operand, indices], operand.cheap)


def _missing(value: object, dtype: np.dtype) -> object:
    """What gather gives outside the array, unless told."""
    if value is not None:
        return np.asarray(value, dtype)[()]
    if dtype.kind == "f":
        return np.nan
    if dtype.kind == "b":
        return True
    return np.iinfo(dtype).min if dtype.kind == "i" else np.iinfo(dtype).max


def _function(scope: Scope, equation: Equation) -> Callable | None:
    """The combination that `x.at[i].apply(function)` makes; None for a plain scatter."""
    jaxpr = equation.parameters["update_jaxpr"]
    if equation.primitive != "scatter" or jaxpr is None:
        return None
    graph = from_jaxpr(core.ClosedJaxpr(jaxpr, equation.parameters["update_consts"]))

    def combine(code: Builder, dtype: np.dtype, *values: Expression) -> Expression:
        operands = [scalars(code, (), dtype, [value]) for value in values]
        (result,) = scope.inner("branch").run(graph, operands)
        return result.at(code, ())

    return combine


@lowers("scatter", functions="x.at[i].set, x.at[i].apply")
@lowers("scatter-add", functions="x.at[i].add, jnp.bincount, derivatives of x[i]")
@lowers("scatter-sub", functions="x.at[i].subtract")
@lowers("scatter-mul", functions="x.at[i].multiply")
@lowers("scatter-min", functions="x.at[i].min")
@lowers("scatter-max", functions="x.at[i].max")
def _scatter(scope: Scope, equation: Equation, operand: Array, indices: Array, updates: Array) -> Array:
    """Windows of `updates` go where the rows of `indices` say; what does not fit is left out, or moved."""
    code, numbers = scope.code, equation.parameters["dimension_numbers"]
    axes = [int(axis) for axis in numbers.update_window_dims]
    offset_shape = [updates.shape[axis] for axis in axes]
    window = [1] * len(operand.shape)
    rows = _Indices(code, numbers, indices, operand.shape, window)
    for axis, n in zip(rows.kept, offset_shape, strict=True):
        window[axis] = n
    clamp = equation.parameters["mode"] == GatherScatterMode.CLIP
    combine = _function(scope, equation) or _COMBINE[equation.primitive]

    def value(row: Index, offset: Index) -> Expression:
        row_parts, offset_parts = iter(row), iter(offset)
        index = (next(offset_parts if axis in axes else row_parts) for axis in range(len(updates.shape)))
        return updates.at(code, tuple(index))

    def combined(old: Expression, new: Expression) -> Expression:
        return combine(code, operand.dtype, old, new)

    target = _Target(operand, lambda row: rows.start(row, clamp), rows.spread, combined)
    return target.update(scope, equation.inputs[0], indices.shape[:-1], tuple(offset_shape), value)
