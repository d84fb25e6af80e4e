"""Primitives that move elements without computing: broadcasts, reshapes, slices, concatenation, padding."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from curvlib.live.compiler.arrays import (
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
from curvlib.live.compiler.rules import lowers

if TYPE_CHECKING:
    from curvlib.live.compiler.code import Expression
    from curvlib.live.compiler.graph import Equation, Variable
    from curvlib.live.compiler.lowering import Scope


@lowers("broadcast_in_dim")
def _broadcast(scope: Scope, equation: Equation, operand: Array, *sizes: Array) -> Array:
    code, output = scope.code, equation.outputs[0]
    axes = equation.parameters["broadcast_dimensions"]
    if operand.size == 1:
        return filled(code, output.shape, output.dtype, operand.flat(code, code.constant(0)))
    if operand.size == math.prod(output.shape):
        return reshape(scope, operand, output.shape)
    operand = unless_cheap(code, operand)

    def element(index: Index) -> Expression:
        own = (index[axis] for axis in axes)
        return operand.at(
            code, tuple(code.constant(0) if n == 1 else i for n, i in zip(operand.shape, own, strict=True))
        )

    return define(code, output.shape, output.dtype, element, [operand], cheap=True)


@lowers("reshape", "squeeze", "expand_dims")
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


def _row_major(scope: Scope, operand: Array, shape: tuple[int, ...]):
    """The element rule of a reshaped small array."""
    strides = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
    constant = scope.code.constant
    return lambda index: operand.flat(
        scope.code, constant(sum(int(i.value) * stride for i, stride in zip(index, strides, strict=True)))
    )


@lowers("transpose")
def _transpose(scope: Scope, equation: Equation, operand: Array) -> Array:
    code, order = scope.code, equation.parameters["permutation"]
    back = sorted(range(len(order)), key=lambda axis: order[axis])
    shape = tuple(operand.shape[axis] for axis in order)
    return define(
        code,
        shape,
        operand.dtype,
        lambda index: operand.at(code, tuple(index[axis] for axis in back)),
        [operand],
        cheap=True,
    )


@lowers("rev")
def _rev(scope: Scope, equation: Equation, operand: Array) -> Array:
    code, axes = scope.code, equation.parameters["dimensions"]

    def element(index: Index) -> Expression:
        own = list(index)
        for axis in axes:
            own[axis] = code.apply("-", code.constant(operand.shape[axis] - 1), index[axis])
        return operand.at(code, tuple(own))

    return define(code, operand.shape, operand.dtype, element, [operand], cheap=True)


@lowers("slice")
def _slice(scope: Scope, equation: Equation, operand: Array) -> Array:
    starts = equation.parameters["start_indices"]
    return strided(scope, operand, equation.outputs[0].shape, starts, equation.parameters["strides"])


def strided(scope: Scope, operand: Array, shape: tuple[int, ...], starts, strides=None) -> Array:
    """The elements starts + strides · index."""
    code, strides = scope.code, strides or (1,) * len(shape)

    def element(index: Index) -> Expression:
        own = (code.apply("*", i, code.constant(stride)) for i, stride in zip(index, strides, strict=True))
        return operand.at(
            code,
            tuple(code.apply("+", code.constant(start), i) for start, i in zip(starts, own, strict=True)),
        )

    return define(code, shape, operand.dtype, element, [operand], cheap=operand.cheap)


@lowers("split")
def _split(scope: Scope, equation: Equation, operand: Array) -> list[Array]:
    axis, start, parts = equation.parameters["axis"], 0, []
    for output in equation.outputs:
        starts = [0] * len(operand.shape)
        starts[axis], start = start, start + output.shape[axis]
        parts.append(strided(scope, operand, output.shape, starts))
    return parts


@lowers("tile")
def _tile(scope: Scope, equation: Equation, operand: Array) -> Array:
    code, output = scope.code, equation.outputs[0]
    operand = unless_cheap(code, operand)

    def element(index: Index) -> Expression:
        lengths = zip(index, operand.shape, strict=True)
        return operand.at(code, tuple(code.apply("%", i, code.constant(n)) for i, n in lengths))

    return define(code, output.shape, output.dtype, element, [operand], cheap=True)


@lowers("iota")
def _iota(scope: Scope, equation: Equation, *sizes: Array) -> Array:
    code, output, axis = scope.code, equation.outputs[0], equation.parameters["dimension"]
    return define(
        code,
        output.shape,
        output.dtype,
        lambda index: index[axis],
        cheap=True,
        flat=(lambda position: position) if len(output.shape) == 1 else None,
    )


@lowers("concatenate")
def _concatenate(scope: Scope, equation: Equation, *operands: Array) -> Array:
    return join(scope, equation.outputs[0], equation.parameters["dimension"], list(operands))


@lowers("stack")
def _stack(scope: Scope, equation: Equation, *operands: Array) -> Array:
    axis = equation.parameters["axis"]
    parts = [reshape(scope, o, (*o.shape[:axis], 1, *o.shape[axis:])) for o in operands]
    return join(scope, equation.outputs[0], axis, parts)


def join(scope: Scope, output, axis: int, parts: list[Array]) -> Array:
    """The parts one after another along an axis."""
    code = scope.code
    if math.prod(output.shape) <= LIMIT:
        owners = [(part, k) for part in parts for k in range(part.shape[axis])]

        def element(index: Index) -> Expression:
            part, k = owners[int(index[axis].value)]
            return part.at(code, (*index[:axis], code.constant(k), *index[axis + 1 :]))

        return define(code, output.shape, output.dtype, element)
    target, start = new(code, output.shape, output.dtype), 0
    for part in parts:
        place = [(0, 1)] * len(output.shape)
        place[axis], start = (start, 1), start + part.shape[axis]
        write_at(scope, part, target, place)
    return target


def write_at(scope: Scope, part: Array, target: Stored, place: list[tuple[int, int]]) -> None:
    """Write element i of `part` to start + stride · i of `target`, (start, stride) per axis; cut off the rest."""
    code = scope.code
    first = [-(start // stride) if start < 0 else 0 for start, stride in place]
    last = [(n - 1 - start) // stride + 1 for n, (start, stride) in zip(target.shape, place, strict=True)]
    extent = tuple(max(0, min(n, end) - begin) for n, begin, end in zip(part.shape, first, last, strict=True))

    def at(index: Index) -> tuple[Index, Index]:
        source = [code.apply("+", i, code.constant(k)) if k else i for i, k in zip(index, first, strict=True)]
        scaled = [
            code.apply("*", i, code.constant(stride)) for i, (_, stride) in zip(source, place, strict=True)
        ]
        moved = [
            code.apply("+", i, code.constant(start)) if start else i
            for i, (start, _) in zip(scaled, place, strict=True)
        ]
        return tuple(source), tuple(moved)

    for index in code.each(extent, unroll=part.size <= LIMIT):
        source, moved = at(index)
        target.put(code, moved, part.at(code, source))


@lowers("pad")
def _pad(scope: Scope, equation: Equation, operand: Array, value: Array) -> Array:
    code, output = scope.code, equation.outputs[0]
    place = [(int(low), int(inner) + 1) for low, _, inner in equation.parameters["padding_config"]]
    padding = value.flat(code, code.constant(0))
    if math.prod(output.shape) > LIMIT:
        target = write(
            code, filled(code, output.shape, output.dtype, padding), new(code, output.shape, output.dtype)
        )
        write_at(scope, operand, target, place)
        return target

    def element(index: Index) -> Expression:
        own = [divmod(int(i.value) - start, stride) for i, (start, stride) in zip(index, place, strict=True)]
        inside = all(rest == 0 and 0 <= i < n for (i, rest), n in zip(own, operand.shape, strict=True))
        return operand.at(code, tuple(code.constant(i) for i, _ in own)) if inside else padding

    return define(code, output.shape, output.dtype, element)
