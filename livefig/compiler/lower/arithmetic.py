"""Arithmetic on single elements: for each operation and dtype the expression that computes what XLA does.

float32 is rounded after every operation, whole numbers of up to 32 bits wrap, int64 lives in doubles (exact
up to 2^53, and a product that passes it is NaN; `+ 0` keeps -0 out), booleans are JavaScript's own.
`Math.max`, `Math.min` and comparisons treat NaN and -0 as XLA does; `Math.pow` and `Math.round` do not, so
these are runtime helpers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from livefig.compiler.script.builder import Builder
from livefig.compiler.script.folding import bounds
from livefig.compiler.script.tree import Expression

ElementRule = Callable[..., "Expression"]  # rule(code, dtype, *arguments), dtype that of the first argument


def bits(dtype: np.dtype) -> int:
    """The width of a whole number."""
    return 8 * dtype.itemsize


def wrap(code: Builder, dtype: np.dtype, value: Expression) -> Expression:
    """The value as `dtype` holds it: rounded, or modulo its range."""
    match dtype.name:
        case "float32":
            return code.apply("Math.fround", value)
        case "int32":
            return code.apply("|", value, code.constant(0))
        case "uint32":
            return code.apply(">>>", value, code.constant(0))
        case "uint8" | "uint16":
            return code.apply("&", value, code.constant(2 ** bits(dtype) - 1))
        case "int8" | "int16":
            spare = code.constant(32 - bits(dtype))
            return code.apply(">>", code.apply("<<", value, spare), spare)
    return value


def add(code: Builder, dtype: np.dtype, a: Expression, b: Expression) -> Expression:
    if dtype.kind == "b":
        return code.apply("||", a, b)
    for this, other in ((a, b), (b, a)):
        if this.constant and this.value == 0:
            return other  # so does XLA, though -0 + 0 is 0
    return wrap(code, dtype, code.apply("+", a, b))


def subtract(code: Builder, dtype: np.dtype, a: Expression, b: Expression) -> Expression:
    if b.constant and b.value == 0:
        return a
    return wrap(code, dtype, code.apply("-", a, b))


def multiply(code: Builder, dtype: np.dtype, a: Expression, b: Expression) -> Expression:
    if dtype.kind == "b":
        return code.apply("&&", a, b)
    if dtype.kind in "iu" and dtype.itemsize <= 4:
        return wrap(code, dtype, code.apply("Math.imul", a, b))
    if dtype.name == "int64":
        return _multiply_wide(code, a, b)
    return wrap(code, dtype, code.apply("*", a, b))


def _multiply_wide(code: Builder, a: Expression, b: Expression) -> Expression:
    """The product of int64, without a check where it is known to be exact."""
    for this, other in ((a, b), (b, a)):
        if this.constant and this.value == 1:
            return other
    ends = [bounds(a), bounds(b)]
    if None in ends or math.prod(max(map(abs, pair)) for pair in ends) > 2**53:
        return code.apply("runtime.product", a, b)
    return code.apply("+", code.apply("*", a, b), code.constant(0))


def square(code: Builder, dtype: np.dtype, a: Expression) -> Expression:
    return multiply(code, dtype, a, a)


def divide(code: Builder, dtype: np.dtype, a: Expression, b: Expression) -> Expression:
    if dtype.kind == "f":
        return wrap(code, dtype, code.apply("/", a, b))
    return wrap(code, dtype, code.apply("runtime.quotient", a, b))


def remainder(code: Builder, dtype: np.dtype, a: Expression, b: Expression) -> Expression:
    return code.apply("%" if dtype.kind == "f" else "runtime.remainder", a, b)


def negate(code: Builder, dtype: np.dtype, a: Expression) -> Expression:
    if dtype.kind == "f":
        return code.apply("negate", a)
    return subtract(code, dtype, code.constant(0), a)


def maximum(code: Builder, dtype: np.dtype, a: Expression, b: Expression) -> Expression:
    return code.apply("||", a, b) if dtype.kind == "b" else code.apply("Math.max", a, b)


def minimum(code: Builder, dtype: np.dtype, a: Expression, b: Expression) -> Expression:
    return code.apply("&&", a, b) if dtype.kind == "b" else code.apply("Math.min", a, b)


def clamp(code: Builder, dtype: np.dtype, low: Expression, a: Expression, high: Expression) -> Expression:
    return code.apply("Math.min", code.apply("Math.max", a, low), high)


def power(code: Builder, dtype: np.dtype, a: Expression, b: Expression) -> Expression:
    if b.constant and b.value in (0, 1):
        return code.constant(1) if b.value == 0 else a
    safe = (a.constant and abs(a.value) != 1) or (b.constant and math.isfinite(b.value))
    return wrap(code, dtype, code.apply("Math.pow" if safe else "runtime.power", a, b))


def integer_power(code: Builder, dtype: np.dtype, a: Expression, exponent: int) -> Expression:
    """By repeated squaring, in the order in which JAX multiplies."""
    one, result, remaining = code.constant(1), None, abs(exponent)
    while remaining:
        if remaining & 1:
            result = a if result is None else multiply(code, dtype, result, a)
        remaining >>= 1
        if remaining:
            a = multiply(code, dtype, a, a)
    result = one if result is None else result
    return divide(code, dtype, one, result) if exponent < 0 else result


def binary_logarithm(code: Builder, dtype: np.dtype, a: Expression) -> Expression:
    """As XLA has it: Math.log2 would be another number in the last place."""
    scale = code.constant(dtype.type(1 / math.log(2)))
    return multiply(code, dtype, wrap(code, dtype, code.apply("Math.log", a)), scale)


def one_minus_square(code: Builder, dtype: np.dtype, a: Expression) -> Expression:
    one = code.constant(1)
    return multiply(code, dtype, add(code, dtype, one, a), subtract(code, dtype, one, a))


def polynomial(code: Builder, dtype: np.dtype, a: Expression, *coefficients: Expression) -> Expression:
    """By Horner's rule; `coefficients` in ascending order of their powers."""
    result = coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        result = add(code, dtype, multiply(code, dtype, result, a), coefficient)
    return result


def logistic(code: Builder, dtype: np.dtype, a: Expression) -> Expression:
    one = code.constant(1)
    below = code.apply("+", one, code.apply("Math.exp", code.apply("negate", a)))
    return wrap(code, dtype, code.apply("/", one, below))


def inverse_root(code: Builder, dtype: np.dtype, a: Expression) -> Expression:
    return wrap(code, dtype, code.apply("/", code.constant(1), code.apply("Math.sqrt", a)))


def next_after(code: Builder, dtype: np.dtype, a: Expression, b: Expression) -> Expression:
    return code.apply("runtime.nextAfter", a, b, code.constant(dtype.itemsize == 4))


def convert(code: Builder, old: np.dtype, value: Expression, new: np.dtype) -> Expression:
    """The value as another dtype: towards zero and into the range for whole numbers, NaN becomes 0."""
    if old == new:
        return value
    if new.kind == "b":
        return code.apply("!==", value, code.constant(0))
    if old.kind == "b":
        return code.apply("number", value)
    if old.kind == "f" and new.kind in "iu":
        limits = np.iinfo(new)
        return code.apply("runtime.saturate", value, code.constant(limits.min), code.constant(limits.max))
    if new.name in ("int64", "float64"):
        return value
    return wrap(code, new, value)


def choose(code: Builder, which: Expression, cases: Sequence[Expression]) -> Expression:
    """cases[which]; `which` may be a boolean."""
    if which.boolean:
        return code.apply("?:", which, cases[1], cases[0])
    result = cases[-1]
    for k in reversed(range(len(cases) - 1)):
        result = code.apply("?:", code.apply("===", which, code.constant(k)), cases[k], result)
    return result


# Bits. Whole numbers of 64 bits are doubles here: their halves are worked on by the runtime.


def bitwise(logical: str, operator: str, wide: str) -> ElementRule:
    """The rule of and, or, xor: for booleans, for up to 32 bits, for int64."""

    def rule(code: Builder, dtype: np.dtype, a: Expression, b: Expression) -> Expression:
        if dtype.kind == "b":
            return code.apply(logical, a, b)
        if dtype.itemsize == 8:
            return code.apply(wide, a, b)
        value = code.apply(operator, a, b)  # of signed numbers in their range: in the range
        return wrap(code, dtype, value) if dtype.name == "uint32" else value

    return rule


def invert(code: Builder, dtype: np.dtype, a: Expression) -> Expression:
    if dtype.kind == "b":
        return code.apply("!", a)
    return wrap(code, dtype, code.apply("-", code.constant(-1), a))


def shift(helper: str) -> ElementRule:
    """The rule of a shift, which may be by more than the width."""

    def rule(code: Builder, dtype: np.dtype, a: Expression, b: Expression) -> Expression:
        if helper == "runtime.shiftRight" and dtype.kind == "u":  # the first bit counts as a sign
            a = wrap(code, np.dtype(f"int{bits(dtype)}"), a)
        return wrap(code, dtype, code.apply(helper, a, b, code.constant(bits(dtype))))

    return rule


def population_count(code: Builder, dtype: np.dtype, a: Expression) -> Expression:
    return code.apply("runtime.populationCount", a, code.constant(bits(dtype)))


def leading_zeros(code: Builder, dtype: np.dtype, a: Expression) -> Expression:
    return code.apply("runtime.leadingZeros", a, code.constant(bits(dtype)))
