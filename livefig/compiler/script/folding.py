"""Arithmetic at compile time, exactly as JavaScript would do it at run time.

Every simplification here holds for all numbers, also for -0, ±Infinity and NaN: x·1 is x, but x·0 and x + 0
stay.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

import numpy as np

from livefig.compiler.script.tree import Expression


class Maker(Protocol):
    """What makes expressions, and asks for their simplest form: the builder."""

    def constant(self, value: float | bool | np.generic) -> Expression: ...

    def apply(self, operator: str, *arguments: Expression) -> Expression: ...


COMPARISONS = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "===": np.equal}
COMPARISONS["!=="] = np.not_equal
LOGIC = {"&&", "||", "!"}
_INT32 = {"|", "&", "^", ">>", "Math.imul"}  # what gives a whole number of 32 bits
_PREDICATES = {"Boolean", "Number.isFinite", "runtime.less", "runtime.lessOrEqual"}


def _int32(x: float) -> int:
    """ToInt32 of the language: truncated, modulo 2³²; NaN and ±Infinity give 0."""
    return (int(x) + 2**31) % 2**32 - 2**31 if math.isfinite(x) else 0


def _bits(operation: Callable[[int, int], int]) -> Callable[[float, float], float]:
    return lambda a, b: float(_int32(operation(_int32(a), _int32(b))))


ARITHMETIC: dict[str, Callable[..., float]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "%": np.fmod,
    "negate": np.negative,
    "number": float,
    "|": _bits(lambda a, b: a | b),
    "&": _bits(lambda a, b: a & b),
    "^": _bits(lambda a, b: a ^ b),
    "<<": _bits(lambda a, b: a << b % 32),
    ">>": _bits(lambda a, b: a >> b % 32),
    ">>>": lambda a, b: float((_int32(a) % 2**32) >> (int(b) % 32)),
    "Number.isFinite": math.isfinite,
    "Math.imul": _bits(lambda a, b: a * b),
    "Math.fround": lambda x: float(np.float32(x)),
    "Math.max": lambda a, b: b if a == b == 0 and not np.signbit(b) else np.maximum(a, b),
    "Math.min": lambda a, b: b if a == b == 0 and np.signbit(b) else np.minimum(a, b),
    "Math.abs": np.abs,
    "Math.sign": np.sign,
    "Math.floor": np.floor,
    "Math.ceil": np.ceil,
    "Math.trunc": np.trunc,
    "Math.sqrt": np.sqrt,
    "Math.exp": np.exp,
    "Math.log": np.log,
    "Math.sin": np.sin,
    "Math.cos": np.cos,
}


def is_boolean(operator: str, arguments: tuple[Expression, ...]) -> bool:
    """Whether the result is a JavaScript boolean."""
    if operator == "?:":
        return arguments[1].boolean
    return operator in COMPARISONS or operator in LOGIC or operator in _PREDICATES


def simplify(code: Maker, operator: str, arguments: tuple[Expression, ...]) -> Expression | None:
    """A constant or an existing expression equal to `operator` applied to `arguments`, or None."""
    if all(a.constant for a in arguments):
        return _evaluate(code, operator, [a.value for a in arguments])
    if operator in LOGIC:
        return _simplify_logic(code, operator, arguments)
    if operator == "?:":
        return _simplify_choice(*arguments)
    if operator in COMPARISONS:
        return _simplify_comparison(code, operator, *arguments)
    if len(arguments) == 1:
        return _simplify_unary(code, operator, arguments[0])
    if len(arguments) == 2:
        return _simplify_signs(code, operator, *arguments) or _simplify_arithmetic(operator, *arguments)
    return None


def _evaluate(code: Maker, operator: str, values: list) -> Expression | None:
    if operator == "?:":
        return code.constant(values[1] if values[0] else values[2])
    if operator == "!":
        return code.constant(not values[0])
    if operator == "&&":
        return code.constant(values[0] and values[1])
    if operator == "||":
        return code.constant(values[0] or values[1])
    function = ARITHMETIC.get(operator) or COMPARISONS.get(operator)
    if function is None:
        return None
    if operator not in COMPARISONS and operator != "number":
        values = [np.float64(v) for v in values]
    with np.errstate(all="ignore"):
        return code.constant(function(*values))


def _simplify_logic(code: Maker, operator: str, arguments: tuple[Expression, ...]) -> Expression | None:
    if operator == "!":
        inner = arguments[0]
        return inner.arguments[0] if inner.operator == "!" else None
    for this, other in (arguments, arguments[::-1]):
        if this.constant:
            decided = this.value is (operator == "||")
            return this if decided else other
    return arguments[0] if arguments[0] is arguments[1] else None


def _simplify_choice(condition: Expression, then: Expression, otherwise: Expression) -> Expression | None:
    if condition.constant:
        return then if condition.value else otherwise
    if then is otherwise:
        return then
    same = then.constant and otherwise.constant and str(then.value) == str(otherwise.value)
    return then if same else None


def _simplify_comparison(code: Maker, operator: str, a: Expression, b: Expression) -> Expression | None:
    if a.operator == "number" and b.constant and b.value == 0:
        inner = a.arguments[0]  # a boolean as 0 or 1, compared with 0
        if operator in ("!==", ">"):
            return inner
        if operator == "===":
            return code.apply("!", inner)
    low, high = bounds(a), bounds(b)
    if low is None or high is None:
        return None
    outcomes = {bool(COMPARISONS[operator](x, y)) for x in low for y in high}
    if operator in ("===", "!=="):
        disjoint = low[1] < high[0] or high[1] < low[0]
        return code.constant(operator == "!==") if disjoint else None
    return code.constant(outcomes.pop()) if len(outcomes) == 1 else None


def _simplify_unary(code: Maker, operator: str, a: Expression) -> Expression | None:
    if operator == "negate" and a.operator == "negate":
        return a.arguments[0]
    if operator in ("Math.fround", "Math.abs") and a.operator == operator:
        return a
    if operator == "Math.abs" and a.operator == "negate":
        return code.apply(operator, *a.arguments)
    return None


def _simplify_signs(code: Maker, operator: str, a: Expression, b: Expression) -> Expression | None:
    """The same with fewer signs: a + -b is a - b, a · -1 is -a."""
    if operator in ("+", "-"):
        if (positive := _without_sign(code, b)) is not None:
            return code.apply("-" if operator == "+" else "+", a, positive)
        if operator == "+" and a.operator == "negate":
            return code.apply("-", b, a.arguments[0])
    if operator == "*":
        for this, other in ((a, b), (b, a)):
            if this.constant and this.value == -1:
                return code.apply("negate", other)
    return None


def _without_sign(code: Maker, expression: Expression) -> Expression | None:
    """The expression's negative, if it has a sign to lose."""
    if expression.operator == "negate":
        return expression.arguments[0]
    return code.constant(-expression.value) if expression.constant and expression.value < 0 else None


def _simplify_arithmetic(operator: str, a: Expression, b: Expression) -> Expression | None:
    if operator == "*":
        for this, other in ((a, b), (b, a)):
            if this.constant and this.value == 1:
                return other
    if not b.constant:
        return None
    if operator == "/" and b.value == 1:
        return a
    zero, negative = b.value == 0, math.copysign(1.0, b.value) < 0
    if (operator == "-" and zero and not negative) or (operator == "+" and zero and negative):
        return a
    if operator == "|" and zero:
        limits = bounds(a)
        if a.operator in _INT32 or (limits and limits[0] >= -(2**31) and limits[1] < 2**31):
            return a
    return None


def bounds(expression: Expression) -> tuple[float, float] | None:
    """The smallest and the largest value, for whole numbers made of loop indices and constants; else None."""
    if expression.constant:
        value = float(expression.value)
        return (value, value) if value.is_integer() else None
    if expression.operator == "cell":
        return expression.arguments[0].bounds
    if expression.operator not in ("+", "-", "*", "?:"):
        return None
    a, b = (bounds(argument) for argument in expression.arguments[-2:])
    if a is None or b is None:
        return None
    if expression.operator == "?:":
        return min(a[0], b[0]), max(a[1], b[1])
    ends = [float(ARITHMETIC[expression.operator](x, y)) for x in a for y in b]
    return min(ends), max(ends)
