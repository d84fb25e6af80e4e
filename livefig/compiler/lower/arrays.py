"""Array values of the emitted program, in three forms that answer one question: what is element i?

- `Scalars`: up to LIMIT elements, each an expression of its own. Most of a figure's arithmetic is here.
- `Stored`: the elements lie in a typed array, row-major.
- `Lazy`: a larger array that exists only as a rule, element by element. Elementwise chains, transposes,
  slices and products compose as rules and become one loop when the result is stored or summed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from livefig.compiler.graph.equations import TYPED_ARRAYS
from livefig.compiler.script.builder import Builder
from livefig.compiler.script.tree import Block, Buffer, Expression

LIMIT = 8  # arrays of more elements become loops
DEEPEST = 32  # rules that ask each other in turn, before one is worked out: each takes Python's stack
UNROLL = 4  # sums of at most so many terms are written out even if the array is large

Index = tuple[Expression, ...]


@dataclass(eq=False)
class Array:
    """What the three forms share."""

    shape: tuple[int, ...]
    dtype: np.dtype

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def reads(self) -> frozenset[Buffer]:
        """The buffers whose content the elements depend on, when they are asked for later."""
        return frozenset()

    @property
    def cheap(self) -> bool:
        """Whether an element costs no more than a load, so that asking twice does no harm."""
        return True

    def at(self, code: Builder, index: Index) -> Expression:
        """The element at an index of expressions."""
        raise NotImplementedError

    @property
    def linear(self) -> bool:
        """Whether `flat` is as simple as `at`."""
        return True

    def flat(self, code: Builder, position: Expression) -> Expression:
        """The element at a row-major position."""
        raise NotImplementedError


@dataclass(eq=False)
class Scalars(Array):
    """Each element an expression: `elements` is an object array of the value's shape."""

    elements: np.ndarray
    home: Block
    copy: Stored | None = None

    def at(self, code: Builder, index: Index) -> Expression:
        if all(i.constant for i in index):
            return self.elements[tuple(int(i.value) for i in index)]
        return self.stored(code).at(code, index)

    def flat(self, code: Builder, position: Expression) -> Expression:
        if position.constant:
            return self.elements.flat[int(position.value)]
        return self.stored(code).flat(code, position)

    def stored(self, code: Builder) -> Stored:
        """The elements in a buffer, written once, in the block they belong to."""
        if self.copy is None:
            if all(element.constant for element in self.elements.flat):
                values = np.array([float(element.value) for element in self.elements.flat])
                self.copy = Stored(self.shape, self.dtype, data(self.dtype, values))
            else:
                with code.inside(self.home):
                    self.copy = write(code, self, new(code, self.shape, self.dtype))
        return self.copy


@dataclass(eq=False)
class Stored(Array):
    """Row-major in a buffer."""

    buffer: Buffer

    @property
    def reads(self) -> frozenset[Buffer]:
        return frozenset() if self.buffer.fixed else frozenset((self.buffer,))

    def at(self, code: Builder, index: Index) -> Expression:
        return self.flat(code, row_major(code, self.shape, index))

    def flat(self, code: Builder, position: Expression) -> Expression:
        number = code.load(self.buffer, position)
        return code.apply("!==", number, code.constant(0)) if self.dtype.kind == "b" else number

    def put(self, code: Builder, index: Index, value: Expression) -> None:
        """Overwrite an element."""
        code.store(self.buffer, row_major(code, self.shape, index), value)


@dataclass(eq=False)
class Lazy(Array):
    """A rule for each element."""

    element: Callable[[Index], Expression]
    element_flat: (
        Callable[[Expression], Expression] | None
    )  # the same by row-major position, where that is simple
    depends: frozenset[Buffer]
    simple: bool
    uniform: Expression | None = None  # the value of all elements, if they have one
    depth: int = 0  # how many rules ask each other in turn

    @property
    def reads(self) -> frozenset[Buffer]:
        return self.depends

    @property
    def cheap(self) -> bool:
        return self.simple

    @property
    def linear(self) -> bool:
        return self.element_flat is not None

    def at(self, code: Builder, index: Index) -> Expression:
        return self.element(index)

    def flat(self, code: Builder, position: Expression) -> Expression:
        return self.element_flat(position)


def row_major(code: Builder, shape: Sequence[int], index: Index) -> Expression:
    """The row-major position of an index."""
    result = code.constant(0)
    for length, i in zip(shape, index, strict=True):
        if length == 1:
            continue
        scaled = code.apply("*", result, code.constant(length)) if not _is_zero(result) else result
        result = i if _is_zero(scaled) else scaled if _is_zero(i) else code.apply("+", scaled, i)
    return result


def _is_zero(expression: Expression) -> bool:
    return expression.constant and expression.value == 0


def every_index(code: Builder, shape: tuple[int, ...]) -> Iterable[Index]:
    """All indices of a small shape, in row-major order."""
    return code.each(shape, unroll=True)


def scalars(code: Builder, shape: tuple[int, ...], dtype: np.dtype, values: Iterable[Expression]) -> Scalars:
    """A small array of the given elements in row-major order."""
    return Scalars(shape, dtype, np.fromiter(values, object).reshape(shape), code.block)


def settled(code: Builder, array: Array) -> Array:
    """A small array as scalars; they remember where they are stored."""
    if array.size > LIMIT or isinstance(array, Scalars):
        return array
    values = scalars(
        code, array.shape, array.dtype, (array.at(code, i) for i in every_index(code, array.shape))
    )
    values.copy = array if isinstance(array, Stored) else None
    return values


def define(
    code: Builder,
    shape: tuple[int, ...],
    dtype: np.dtype,
    element: Callable[[Index], Expression],
    operands: Sequence[Array] = (),
    cheap: bool = False,
    flat: Callable[[Expression], Expression] | None = None,
) -> Array:
    """The array with the given elements: at once if it is small, else lazily. `element` reads `operands`."""
    if math.prod(shape) <= LIMIT:
        return scalars(code, shape, dtype, (element(index) for index in every_index(code, shape)))
    for operand in operands:
        if isinstance(operand, Scalars) and operand.size > 1:
            operand.stored(code)  # a loop will index it: let it be stored before the loop
    reads = frozenset().union(*(operand.reads for operand in operands))
    depth = 1 + max((operand.depth for operand in operands if isinstance(operand, Lazy)), default=0)
    cheap = cheap and all(operand.cheap for operand in operands)
    rule = Lazy(shape, dtype, element, flat, reads, cheap, depth=depth)
    return rule if depth < DEEPEST else stored(code, rule)


def new(code: Builder, shape: tuple[int, ...], dtype: np.dtype) -> Stored:
    """An array whose elements are still to be written."""
    return Stored(shape, dtype, Buffer(TYPED_ARRAYS[dtype], math.prod(shape), home=code.block))


def known(code: Builder, value: np.ndarray) -> Array:
    """An array known at compile time."""
    if value.size <= LIMIT:
        return scalars(code, value.shape, value.dtype, (code.constant(v) for v in value.flat))
    values = np.ascontiguousarray(value).ravel()
    if values.tobytes() == values[:1].tobytes() * values.size:
        return filled(code, value.shape, value.dtype, code.constant(values[0]))
    return Stored(value.shape, value.dtype, data(value.dtype, values))


def data(dtype: np.dtype, values: np.ndarray) -> Buffer:
    """A buffer of known values."""
    return Buffer(TYPED_ARRAYS[dtype], values.size, "d", values, fixed=True)


def filled(code: Builder, shape: tuple[int, ...], dtype: np.dtype, value: Expression) -> Array:
    """An array with one value everywhere."""
    array = define(code, shape, dtype, lambda index: value, cheap=True, flat=lambda position: value)
    if isinstance(array, Lazy):
        array.uniform = value
    return array


def stored(code: Builder, array: Array) -> Stored:
    """The array in a buffer."""
    if isinstance(array, Scalars):
        return array.stored(code)
    return array if isinstance(array, Stored) else write(code, array, new(code, array.shape, array.dtype))


def write(code: Builder, array: Array, target: Stored) -> Stored:
    """Write all elements of `array` into `target`, on which no element depends."""
    buffer = target.buffer
    if isinstance(array, Stored):
        code.call(".set", buffer, array.buffer, writes=(buffer,))
    elif isinstance(array, Scalars):
        for k, element in enumerate(array.elements.flat):
            code.store(buffer, code.constant(k), element)
    elif array.uniform is not None:
        code.call(".fill", buffer, array.uniform, writes=(buffer,))
    elif array.linear:
        with code.loop(array.size) as i:
            code.store(buffer, i, array.flat(code, i))
    else:
        with code.loops(array.shape) as index:
            target.put(code, index, array.at(code, index))
    return target


def unless_cheap(code: Builder, array: Array) -> Array:
    """The array, stored if its elements should not be computed more than once."""
    return array if array.cheap else stored(code, array)
