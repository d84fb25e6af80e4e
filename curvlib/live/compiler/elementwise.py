"""Elementwise primitives: each is an expression, for each dtype the one that computes what XLA does.

float32 is rounded after every operation, int32 wraps, int64 lives in doubles (exact up to 2^53; `+ 0` keeps
-0 out), booleans are JavaScript's own. `Math.max`, `Math.min` and comparisons treat NaN and -0 as XLA does;
`Math.pow` and `Math.round` do not, so these are runtime helpers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from curvlib.live.compiler.arrays import LIMIT, Array, Scalars, define, scalars, unless_cheap
from curvlib.live.compiler.errors import Unsupported
from curvlib.live.compiler.rules import lowers

if TYPE_CHECKING:
    from curvlib.live.compiler.code import Builder, Expression
    from curvlib.live.compiler.graph import Equation
    from curvlib.live.compiler.lowering import Scope

Rule = Callable[..., "Expression"]  # rule(code, dtype, *arguments), dtype that of the first argument

_RANGES = {
    "int32": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint32": (0, 2**32 - 1),
    "uint8": (0, 255),
}


def wrap(code: Builder, dtype: np.dtype, value: Expression) -> Expression:
    """The value as `dtype` holds it: rounded, or modulo its range."""
    match dtype.name:
        case "float32":
            return code.apply("Math.fround", value)
        case "int32":
            return code.apply("|", value, code.constant(0))
        case "uint32":
            return code.apply(">>>", value, code.constant(0))
        case "uint8":
            return code.apply("&", value, code.constant(255))
    return value


# Arithmetic. The dtype is that of the arguments.


def add(code: Builder, dtype: np.dtype, a: Expression, b: Expression) -> Expression:
    if dtype.kind == "b":
        return code.apply("||", a, b)
    if dtype.kind in "iu":  # x + 0 is x for whole numbers, which have no -0
        for this, other in ((a, b), (b, a)):
            if this.constant and this.value == 0:
                return other
    return wrap(code, dtype, code.apply("+", a, b))


def subtract(code: Builder, dtype: np.dtype, a: Expression, b: Expression) -> Expression:
    return wrap(code, dtype, code.apply("-", a, b))


def multiply(code: Builder, dtype: np.dtype, a: Expression, b: Expression) -> Expression:
    if dtype.kind == "b":
        return code.apply("&&", a, b)
    if dtype.name in ("int32", "uint32"):
        return wrap(code, dtype, code.apply("Math.imul", a, b))
    product = code.apply("*", a, b)
    return code.apply("+", product, code.constant(0)) if dtype.name == "int64" else wrap(code, dtype, product)


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


def convert(code: Builder, old: np.dtype, value: Expression, new: np.dtype) -> Expression:
    """The value as another dtype: towards zero and into the range for whole numbers, NaN becomes 0."""
    if old == new:
        return value
    if new.kind == "b":
        return code.apply("!==", value, code.constant(0))
    if old.kind == "b":
        return code.apply("number", value)
    if old.kind == "f" and new.kind in "iu":
        low, high = (code.constant(limit) for limit in _RANGES[new.name])
        return code.apply("runtime.saturate", value, low, high)
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


def _function(name: str) -> Rule:
    return lambda code, dtype, *arguments: wrap(code, dtype, code.apply(name, *arguments))


def _comparison(operator: str) -> Rule:
    return lambda code, dtype, a, b: code.apply(operator, a, b)


def _bitwise(logical: str, bits: str) -> Rule:
    def rule(code: Builder, dtype: np.dtype, *arguments: Expression) -> Expression:
        if dtype.kind == "b":
            return code.apply(logical, *arguments)
        if dtype.name == "int64":
            raise Unsupported("bit operations on int64")
        return wrap(code, dtype, code.apply(bits, *arguments))

    return rule


def _logistic(code: Builder, dtype: np.dtype, a: Expression) -> Expression:
    one = code.constant(1)
    below = code.apply("+", one, code.apply("Math.exp", code.apply("negate", a)))
    return wrap(code, dtype, code.apply("/", one, below))


def _rsqrt(code: Builder, dtype: np.dtype, a: Expression) -> Expression:
    return wrap(code, dtype, code.apply("/", code.constant(1), code.apply("Math.sqrt", a)))


def _clamp(code: Builder, dtype: np.dtype, low: Expression, a: Expression, high: Expression) -> Expression:
    return code.apply("Math.min", code.apply("Math.max", a, low), high)


RULES: dict[str, Rule] = {
    "add": add,
    "add_any": add,
    "sub": subtract,
    "mul": multiply,
    "div": divide,
    "rem": remainder,
    "neg": negate,
    "max": maximum,
    "min": minimum,
    "pow": power,
    "square": lambda code, dtype, a: multiply(code, dtype, a, a),
    "abs": _function("Math.abs"),
    "sign": lambda code, dtype, a: code.apply("Math.sign", a),
    "floor": lambda code, dtype, a: code.apply("Math.floor", a),
    "ceil": lambda code, dtype, a: code.apply("Math.ceil", a),
    "is_finite": lambda code, dtype, a: code.apply("Number.isFinite", a),
    "logistic": _logistic,
    "rsqrt": _rsqrt,
    "clamp": _clamp,
    "exp2": lambda code, dtype, a: power(code, dtype, code.constant(2), a),
    "erf": _function("runtime.erf"),
    "erfc": _function("runtime.erfc"),
    "and": _bitwise("&&", "&"),
    "or": _bitwise("||", "|"),
    "xor": _bitwise("!==", "^"),
    "not": _bitwise("!", "~"),
    "eq": _comparison("==="),
    "ne": _comparison("!=="),
    "lt": _comparison("<"),
    "le": _comparison("<="),
    "gt": _comparison(">"),
    "ge": _comparison(">="),
}
_MATH = "exp log log1p expm1 sqrt cbrt sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh"
RULES |= {name: _function(f"Math.{name}") for name in _MATH.split()}


def elementwise(
    scope: Scope, shape: tuple[int, ...], dtype: np.dtype, rule: Callable, *operands: Array
) -> Array:
    """rule(*elements) for operands that broadcast to `shape` as NumPy's do."""
    code = scope.code
    if all(isinstance(operand, Scalars) for operand in operands) and math.prod(shape) <= LIMIT:
        spread = [np.broadcast_to(operand.elements, shape).flat for operand in operands]
        return scalars(code, shape, dtype, map(rule, *spread))
    operands = [o if o.shape == shape else unless_cheap(code, o) for o in operands]

    def element(index: tuple[Expression, ...]) -> Expression:
        return rule(*(operand.at(code, _own_index(code, operand.shape, index)) for operand in operands))

    def flat(position: Expression) -> Expression:
        zero = code.constant(0)
        return rule(*(operand.flat(code, zero if operand.size == 1 else position) for operand in operands))

    linear = all(operand.linear and (operand.shape == shape or operand.size == 1) for operand in operands)
    return define(code, shape, dtype, element, operands, flat=flat if linear else None)


def _own_index(
    code: Builder, shape: tuple[int, ...], index: tuple[Expression, ...]
) -> tuple[Expression, ...]:
    """The index of a broadcast operand: 0 along its axes of length one."""
    own = index[len(index) - len(shape) :]
    return tuple(code.constant(0) if length == 1 else i for length, i in zip(shape, own, strict=True))


@lowers(*RULES)
def _elementwise(scope: Scope, equation: Equation, *operands: Array) -> Array:
    rule, dtype, output = RULES[equation.primitive], operands[0].dtype, equation.outputs[0]
    return elementwise(scope, output.shape, output.dtype, lambda *x: rule(scope.code, dtype, *x), *operands)


@lowers("integer_pow")
def _integer_pow(scope: Scope, equation: Equation, operand: Array) -> Array:
    exponent, dtype = int(equation.parameters["y"]), operand.dtype

    def rule(x: Expression) -> Expression:
        return integer_power(scope.code, dtype, x, exponent)

    return elementwise(scope, operand.shape, dtype, rule, operand)


@lowers("round")
def _round(scope: Scope, equation: Equation, operand: Array) -> Array:
    even = int(equation.parameters["rounding_method"]) == 1
    name = "runtime.roundToEven" if even else "runtime.roundFromZero"
    return elementwise(scope, operand.shape, operand.dtype, lambda x: scope.code.apply(name, x), operand)


@lowers("convert_element_type", "reduce_precision")
def _convert(scope: Scope, equation: Equation, operand: Array) -> Array:
    new = equation.outputs[0].dtype
    bits = equation.parameters.get("mantissa_bits")
    if bits is not None and bits < np.finfo(new).nmant:
        raise Unsupported("reduce_precision to fewer bits")
    if operand.dtype == new:
        return operand

    def rule(x: Expression) -> Expression:
        return convert(scope.code, operand.dtype, x, new)

    return elementwise(scope, operand.shape, new, rule, operand)


@lowers("select_n")
def _select(scope: Scope, equation: Equation, which: Array, *cases: Array) -> Array:
    output = equation.outputs[0]

    def rule(which: Expression, *cases: Expression) -> Expression:
        return choose(scope.code, which, cases)

    return elementwise(scope, output.shape, output.dtype, rule, which, *cases)
