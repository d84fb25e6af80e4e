"""Primitives that move elements without computing: broadcasts, reshapes, slices, concatenation, padding."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from livefig.compiler.graph.equations import Equation, Variable
from livefig.compiler.lower.arrays import (
    LIMIT,
    Array,
    Index,
    Lazy,
    Stored,
    define,
    filled,
    new,
    stored,
    unless_cheap,
    write,
)
from livefig.compiler.lower.scope import Scope
from livefig.compiler.registry import lowers
from livefig.compiler.script.builder import Builder
from livefig.compiler.script.tree import Expression


@lowers("broadcast_in_dim", functions="jnp.broadcast_to, x[:, None], mixed shapes")
def _broadcast(scope: Scope, equation: Equation, operand: Array, *sizes: Array) -> Array:
    code, output = scope.code, equation.outputs[0]
    axes = equation.parameters["broadcast_dimensions"]
    if operand.size == 1:
        return filled(code, output.shape, output.dtype, operand.flat(code, code.constant(0)))
    if operand.size == output.size:
        return reshape(scope, operand, output.shape)
    operand = unless_cheap(code, operand)

    def element(index: Index) -> Expression:
        own = zip(operand.shape, (index[axis] for axis in axes), strict=True)
        return operand.at(code, tuple(code.constant(0) if n == 1 else i for n, i in own))

    return define(code, output.shape, output.dtype, element, [operand], cheap=True)


@lowers("reshape", functions="jnp.reshape, jnp.ravel")
@lowers("squeeze", functions="jnp.squeeze, x[0]")
def _reshape(scope: Scope, equation: Equation, operand: Array) -> Array:
    return reshape(scope, operand, equation.outputs[0].shape)


def reshape(scope: Scope, operand: Array, shape: tuple[int, ...]) -> Array:
    """The same elements in row-major order under another shape."""
    code = scope.code
    if isinstance(operand, Stored):
        return Stored(shape, operand.dtype, operand.buffer)
    if isinstance(operand, Lazy) and operand.uniform is not None:
        return filled(code, shape, operand.dtype, operand.uniform)
    axes = [axis for axis, n in enumerate(shape) if n > 1]
    old = [axis for axis, n in enumerate(operand.shape) if n > 1]
    if [shape[axis] for axis in axes] != [operand.shape[axis] for axis in old]:
        if isinstance(operand, Lazy):
            return reshape(scope, stored(code, operand), shape)
        return define(code, shape, operand.dtype, _row_major(scope, operand, shape), [operand])

    def element(index: Index) -> Expression:
        own = [code.constant(0)] * len(operand.shape)
        for axis, source in zip(axes, old, strict=True):
            own[source] = index[axis]
        return operand.at(code, tuple(own))

    flat = (lambda position: operand.flat(code, position)) if operand.linear else None
    return define(code, shape, operand.dtype, element, [operand], cheap=operand.cheap, flat=flat)


def _row_major(scope: Scope, operand: Array, shape: tuple[int, ...]) -> Callable[[Index], Expression]:
    """The rule for the elements of a reshaped small array."""
    code = scope.code

    def element(index: Index) -> Expression:
        position = np.ravel_multi_index([int(i.value) for i in index], shape) if shape else 0
        return operand.flat(code, code.constant(position))

    return element


@lowers("transpose", functions="x.T, jnp.swapaxes, jnp.moveaxis")
def _transpose(scope: Scope, equation: Equation, operand: Array) -> Array:
    code, order = scope.code, equation.parameters["permutation"]
    back = sorted(range(len(order)), key=lambda axis: order[axis])
    shape = tuple(operand.shape[axis] for axis in order)

    def element(index: Index) -> Expression:
        return operand.at(code, tuple(index[axis] for axis in back))

    return define(code, shape, operand.dtype, element, [operand], cheap=True)


@lowers("rev", functions="jnp.flip, x[::-1]")
def _rev(scope: Scope, equation: Equation, operand: Array) -> Array:
    code, axes = scope.code, equation.parameters["dimensions"]

    def element(index: Index) -> Expression:
        own = list(index)
        for axis in axes:
            own[axis] = code.apply("-", code.constant(operand.shape[axis] - 1), index[axis])
        return operand.at(code, tuple(own))

    return define(code, operand.shape, operand.dtype, element, [operand], cheap=True)


@lowers("slice", functions="x[1:5:2], jax.lax.slice")
def _slice(scope: Scope, equation: Equation, operand: Array) -> Array:
    starts = equation.parameters["start_indices"]
    return strided(scope, operand, equation.outputs[0].shape, starts, equation.parameters["strides"])


def strided(
    scope: Scope,
    operand: Array,
    shape: tuple[int, ...],
    starts: Sequence[int],
    strides: Sequence[int] | None = None,
) -> Array:
    """The elements starts + strides · index."""
    code, steps = scope.code, list(zip(starts, strides or (1,) * len(shape), strict=True))
    return define(
        code,
        shape,
        operand.dtype,
        lambda index: operand.at(code, _moved(code, index, steps)),
        [operand],
        cheap=True,
    )


def _moved(code: Builder, index: Index, steps: Sequence[tuple[int, int]]) -> Index:
    """start + stride · i, for (start, stride) of each axis."""
    moved = []
    for i, (start, stride) in zip(index, steps, strict=True):
        scaled = code.apply("*", i, code.constant(stride))
        moved.append(code.apply("+", scaled, code.constant(start)) if start else scaled)
    return tuple(moved)


@lowers("split", functions="jnp.split, jnp.array_split")
def _split(scope: Scope, equation: Equation, operand: Array) -> list[Array]:
    axis, start, parts = equation.parameters["axis"], 0, []
    for output in equation.outputs:
        starts = [0] * len(operand.shape)
        starts[axis], start = start, start + output.shape[axis]
        parts.append(strided(scope, operand, output.shape, starts))
    return parts


@lowers("unstack", functions="jnp.unstack, unpacking an array")
def _unstack(scope: Scope, equation: Equation, operand: Array) -> list[Array]:
    axis, rows = equation.parameters["axis"], []
    for k, output in enumerate(equation.outputs):
        starts = [k if a == axis else 0 for a in range(len(operand.shape))]
        shape = (*operand.shape[:axis], 1, *operand.shape[axis + 1 :])
        rows.append(reshape(scope, strided(scope, operand, shape, starts), output.shape))
    return rows


@lowers("tile", functions="jnp.tile")
def _tile(scope: Scope, equation: Equation, operand: Array) -> Array:
    code, output = scope.code, equation.outputs[0]
    operand = unless_cheap(code, operand)

    def element(index: Index) -> Expression:
        lengths = zip(index, operand.shape, strict=True)
        return operand.at(code, tuple(code.apply("%", i, code.constant(n)) for i, n in lengths))

    return define(code, output.shape, output.dtype, element, [operand], cheap=True)


@lowers("iota", functions="jnp.arange, jnp.linspace, jnp.eye")
def _iota(scope: Scope, equation: Equation, *sizes: Array) -> Array:
    code, output, axis = scope.code, equation.outputs[0], equation.parameters["dimension"]
    flat = (lambda position: position) if len(output.shape) == 1 else None
    return define(code, output.shape, output.dtype, lambda index: index[axis], cheap=True, flat=flat)


@lowers("empty2", functions="derivatives through jax.lax.cond")
def _empty(scope: Scope, equation: Equation) -> Array:
    """What a derivative through `cond` keeps for the branches not taken: nobody reads it."""
    output = equation.outputs[0]
    return filled(scope.code, output.shape, output.dtype, scope.code.constant(0))


@lowers("concatenate", functions="jnp.concatenate, jnp.append, jnp.roll")
def _concatenate(scope: Scope, equation: Equation, *operands: Array) -> Array:
    return join(scope, equation.outputs[0], equation.parameters["dimension"], list(operands))


@lowers("stack", functions="jnp.stack, jnp.array of several arrays")
def _stack(scope: Scope, equation: Equation, *operands: Array) -> Array:
    axis = equation.parameters["axis"]
    parts = [reshape(scope, o, (*o.shape[:axis], 1, *o.shape[axis:])) for o in operands]
    return join(scope, equation.outputs[0], axis, parts)


def join(scope: Scope, output: Variable, axis: int, parts: list[Array]) -> Array:
    """The parts one after another along an axis."""
    code = scope.code
    if output.size <= LIMIT:
        owners = [(part, k) for part in parts for k in range(part.shape[axis])]

        def element(index: Index) -> Expression:
            part, k = owners[int(index[axis].value)]
            return part.at(code, (*index[:axis], code.constant(k), *index[axis + 1 :]))

        return define(code, output.shape, output.dtype, element)
    target, start = new(code, output.shape, output.dtype), 0
    for part in parts:
        steps = [(0, 1)] * len(output.shape)
        steps[axis], start = (start, 1), start + part.shape[axis]
        write_at(scope, part, target, steps)
    return target


def write_at(scope: Scope, part: Array, target: Stored, steps: Sequence[tuple[int, int]]) -> None:
    """Write element i of `part` to start + stride · i of `target`; `steps` are (start, stride) per axis."""
    code = scope.code
    first = [-(start // stride) if start < 0 else 0 for start, stride in steps]
    last = [(n - 1 - start) // stride + 1 for n, (start, stride) in zip(target.shape, steps, strict=True)]
    extent = tuple(max(0, min(n, end) - begin) for n, begin, end in zip(part.shape, first, last, strict=True))
    for index in code.each(extent, unroll=part.size <= LIMIT):
        source = _moved(code, index, [(begin, 1) for begin in first])
        target.put(code, _moved(code, source, steps), part.at(code, source))


@lowers("pad", functions="jnp.pad, jax.lax.pad, the derivative of slices")
def _pad(scope: Scope, equation: Equation, operand: Array, value: Array) -> Array:
    """With (before, after, between) elements of padding along each axis; negative ones cut."""
    code, shape = scope.code, equation.outputs[0].shape
    padding = value.flat(code, code.constant(0))
    steps = [(int(low), int(inner) + 1) for low, _, inner in equation.parameters["padding_config"]]
    if math.prod(shape) > LIMIT:
        target = new(code, shape, operand.dtype)
        write(code, filled(code, shape, operand.dtype, padding), target)
        write_at(scope, operand, target, steps)
        return target

    def element(index: Index) -> Expression:
        own = [divmod(int(i.value) - start, stride) for i, (start, stride) in zip(index, steps, strict=True)]
        inside = all(rest == 0 and 0 <= i < n for (i, rest), n in zip(own, operand.shape, strict=True))
        return operand.at(code, tuple(code.constant(i) for i, _ in own)) if inside else padding

    return define(code, shape, operand.dtype, element)
